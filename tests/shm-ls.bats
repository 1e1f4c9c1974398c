#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
load helper

json() { # EXPRESSION over the first object o
    shm-ls -j "$S" | python3 -c 'import json, sys
o = json.load(sys.stdin)[0]
print(eval(sys.argv[1]))' "$1"
}

@test "a line tells name, kind, size, geometry, state, frames, age and holders" {
    shm-create -s 640x480 -f rgb24 "$S"
    frame-gen -n 3 -r 0 -o "$S"
    run -0 --separate-stderr shm-ls "$S"
    [ "$stderr" = "" ]
    [[ ${lines[0]} =~ ^NAME\ +KIND\ +SIZE\ +GEOMETRY\ +STATE\ +FRAMES\ +AGE\ +HOLDERS$ ]]
    [[ ${lines[1]} =~ ^$S\ +stream\ +9\.6M\ +640x480\ rgb24\ +idle\ +3\ +[0-9.]+s\ +-$ ]]
    [ "${#lines[1]}" -le 80 ]
}

@test "holders are named by command and pid, and vanish when they die" {
    shm-create -s 64x64 "$S"
    bg frame-gen -r 20 -o "$S"
    writer=$BG
    bg shm-read -n 100000 "$S" >/dev/null
    reader=$BG
    wait_until 5 eval 'shm-ls "$S" | grep -q "frame-gen:$writer,shm-read:$reader"'
    [ "$(json "[(h['role'], h['pid']) for h in o['holders']]")" = \
        "[('frames', $writer), ('frames-reader', $reader)]" ]
    [ "$(json "o['state']")" = live ]
    run -0 shm-ls -l "$S"
    [[ $output == *"frames "*"pid $writer (frame-gen), for "* ]]
    kill -KILL "$writer" "$reader"
    wait_until 5 eval '[ "$(json "o[\"state\"]")" = idle ]'
    [ "$(json "o['holders']")" = "[]" ]
}

@test "json has it all, whatever the name" {
    name="$S \"quo\\ted"
    shm-create -s 64x64 -e 64 "$name"
    event-inject "$name" key_down key=a
    S=$name
    [ "$(json "o['name']")" = "$name" ]
    [ "$(json "o['events']")" = "{'written': 1, 'room': 64}" ]
    [ "$(json "o['frames']['published'], o['packets']['slots'], o['width'], o['format']")" = \
        "(0, 4, 64, 'rgb24')" ]
    shm-rm "$name"
    run -0 shm-ls -j
    python3 -m json.tool <<<"$output" >/dev/null
}

@test "what is no stream shows with --all or by name; a broken stream always" {
    echo foreign >"/dev/shm/$S"
    run -0 shm-ls
    [[ $output != *"$S"* ]]
    run -0 shm-ls --all
    [[ $output == *"$S "*foreign* ]]
    run -0 shm-ls "$S"
    [[ $output == *foreign* ]]
    shm-create -s 8x8 "$S2"
    truncate -s 5000 "/dev/shm/$S2"
    run -0 shm-ls
    [[ $output == *"$S2 "*corrupt* ]]
    : >"/dev/shm/$S3"
    run -0 shm-ls
    [[ $output == *"$S3 "*half-created* ]]
    rm "/dev/shm/$S" "/dev/shm/$S2" "/dev/shm/$S3"
}

@test "--check lists only leaks and exits 1 when there is one" {
    shm-create -s 8x8 "$S"
    run -0 shm-ls --check "$S"
    [ "$output" = "" ]
    bg shm-create -s 8x8 "$S2" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    run -0 shm-ls --check "$S" "$S2"
    kill -KILL "$BG"
    wait_until 5 eval '! shm-ls --check "$S2"'
    run -1 shm-ls --check "$S" "$S2"
    [[ $output == *"$S2 "*orphan* && $output != *"$S "* ]]
    run -1 shm-ls -j --check "$S2"
    python3 -m json.tool <<<"$output" >/dev/null
}

@test "it is seen by nobody: a stream looked at can be removed" {
    shm-create -s 8x8 "$S"
    bg shm-ls -w "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 5 grep -q "$S" "$BATS_TEST_TMPDIR/out"
    clean_run shm-rm "$S"
    kill -TERM "$BG"
    ends 143 "$BG"
}

@test "no such stream, bad options, a full disk" {
    fails 3 shm-ls "$S"
    [ "$stderr" = "shm-ls: $S: no such stream" ]
    fails 2 shm-ls -j -l
    fails 2 shm-ls a/b
    shm-create -s 8x8 "$S"
    fails 3 shm-ls "$S" >/dev/full
}

@test "one that may not be read is unknown, to those who may not" {
    [ "$(id -u)" = 0 ] || skip "needs root to be somebody else"
    shm-create -s 8x8 "$S"
    run -0 setpriv --reuid=65534 --regid=65534 --clear-groups shm-ls "$S"
    [[ $output == *"$S "*unknown* ]]
}
