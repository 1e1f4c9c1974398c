#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
load helper

hold() { # a program that has $1 attached: a reader with nothing to read
    bg shm-read "$1" >/dev/null
    holder=$BG
    wait_until 5 is_state "$1" live
}

is_state() {
    shm-ls -j "$1" | grep -q "\"state\":\"$2\""
}

@test "removes what is named, silently or with -v" {
    shm-create -s 8x8 "$S"
    shm-create -s 8x8 "$S2"
    run -0 --separate-stderr shm-rm "$S" "/$S2"
    [ "$output$stderr" = "" ]
    [ ! -e "/dev/shm/$S" ] && [ ! -e "/dev/shm/$S2" ]
    shm-create -s 8x8 "$S"
    run -0 shm-rm -v "$S"
    [ "$output" = "removed $S" ]
}

@test "a name that isn't there is said, and the others are removed" {
    shm-create -s 8x8 "$S2"
    fails 3 shm-rm "$S" "$S2"
    [ "$stderr" = "shm-rm: $S: no such stream" ]
    [ ! -e "/dev/shm/$S2" ]
    fails_usage shm-rm
    fails_usage shm-rm --orphans "$S"
    fails 2 shm-rm ../etc
}

@test "a stream in use is refused; with -f its programs see the end" {
    shm-create -s 8x8 "$S"
    hold "$S"
    fails 3 shm-rm "$S"
    [[ $stderr == "shm-rm: $S: in use"*"-f"* ]]
    [ -e "/dev/shm/$S" ]
    run -3 shm-rm -n "$S"
    run -0 shm-rm -nf "$S"
    [ "$output" = "would remove $S" ]
    [ -e "/dev/shm/$S" ]
    clean_run shm-rm -f "$S"
    ends 1 "$holder"
    [ ! -e "/dev/shm/$S" ]
}

@test "a reader that was killed holds nothing" {
    shm-create -s 8x8 "$S"
    hold "$S"
    kill -KILL "$holder"
    ends 137 "$holder"
    clean_run shm-rm "$S"
}

@test "-n removes nothing" {
    shm-create -s 8x8 "$S"
    run -0 shm-rm -n "$S"
    [ "$output" = "would remove $S" ]
    [ -e "/dev/shm/$S" ]
}

@test "what is no stream, or a broken one, goes only with -f" {
    echo foreign >"/dev/shm/$S"
    shm-create -s 8x8 "$S2"
    truncate -s 5000 "/dev/shm/$S2"
    for name in "$S" "$S2"; do
        fails 3 shm-rm "$name"
        [[ $stderr == *-f* ]]
        [ -e "/dev/shm/$name" ]
        clean_run shm-rm -f "$name"
        [ ! -e "/dev/shm/$name" ]
    done
}

@test "somebody else's stream is refused" {
    [ "$(id -u)" = 0 ] || skip "needs root to be somebody else"
    shm-create -s 8x8 -m 0666 "$S"
    fails 3 setpriv --reuid=65534 --regid=65534 --clear-groups shm-rm "$S"
    [[ $stderr == *"belongs to somebody else"* ]]
    fails 3 setpriv --reuid=65534 --regid=65534 --clear-groups shm-rm -f "$S"
    clean_run shm-ls "$S" >/dev/null
    # and it goes on living
    frame-gen -s 8x8 -n 1 -o "$S"
}

@test "--orphans removes exactly the orphans" {
    shm-create -s 8x8 "$S"
    bg shm-create -s 8x8 "$S2" -- sleep 1000
    bg shm-create -s 8x8 "$S3" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    kill -KILL "$BG"
    wait_until 5 is_state "$S3" orphan
    run -0 shm-rm --orphans -n
    [ "$output" = "would remove $S3" ]
    run -0 shm-rm --orphans -v
    [ "$output" = "removed $S3" ]
    [ -e "/dev/shm/$S" ] && [ -e "/dev/shm/$S2" ] && [ ! -e "/dev/shm/$S3" ]
    run -0 shm-rm --orphans -v
    [ "$output" = "" ]
}
