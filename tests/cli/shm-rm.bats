#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

hold() { # a program that has $1 attached: a reader without input
    bg shm-read "$1" >/dev/null
    holder=$BG
    wait_until 5 is_state "$1" live
}

is_state() {
    shm-ls -j "$1" | grep -q "\"state\":\"$2\""
}

@test "removes the names given, silently or with -v" {
    shm-create -s 8x8 "$S"
    shm-create -s 8x8 "$S2"
    run -0 --separate-stderr shm-rm "$S" "/$S2"
    [ "$output$stderr" = "" ]
    [ ! -e "/dev/shm/$S" ]
    [ ! -e "/dev/shm/$S2" ]
    shm-create -s 8x8 "$S"
    run -0 shm-rm -v "$S"
    [ "$output" = "removed $S" ]
}

@test "a missing name is reported, and the others are removed" {
    shm-create -s 8x8 "$S2"
    fails 3 shm-rm "$S" "$S2"
    [ "$stderr" = "shm-rm: $S: no such stream" ]
    [ ! -e "/dev/shm/$S2" ]
    fails_usage shm-rm
    fails_usage shm-rm --orphans "$S"
    fails 2 shm-rm ../etc
}

@test "a stream in use is refused; with -f its programs end" {
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

@test "a killed reader holds nothing" {
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

@test "foreign objects and corrupt streams are only removed with -f" {
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

@test "another user's stream is refused" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    shm-create -s 8x8 -m 0666 "$S"
    fails 3 setpriv --reuid=65534 --regid=65534 --clear-groups shm-rm "$S"
    [[ $stderr == *"belongs to another user"* ]]
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
    [ -e "/dev/shm/$S" ]
    [ -e "/dev/shm/$S2" ]
    [ ! -e "/dev/shm/$S3" ]
    run -0 shm-rm --orphans -v
    [ "$output" = "" ]
}

@test "the owner killed alone: its stream is an orphan although programs use it, and they end" {
    bg shm-create -s 8x8 "$S" -- sh -c 'frame-gen -s 8x8 -r 20 -o "$SHMCAST_STREAM"; true'
    owner=$BG
    wait_until 10 eval 'shm-ls -j "$S" | grep -q "\"role\":\"frames\""'
    writer=$(pgrep -g "$owner" -x frame-gen)
    bg shm-read -n 100000 "$S" >/dev/null
    wait_until 10 eval 'shm-ls -j "$S" | grep -q "\"role\":\"frames-reader\""'
    run -0 shm-ls --check "$S"
    run -0 shm-rm --orphans -v
    [ "$output" = "" ]
    kill -KILL "$owner"
    wait_until 10 is_state "$S" orphan
    run -1 shm-ls --check "$S"
    [[ $(tr -s ' \n' ' ' <<<"$output") == *" its owner is dead, but "*" still uses it; shm-rm --orphans removes it, and its programs end"* ]]
    # it is in use, so that without -f only --orphans removes it
    fails 3 shm-rm "$S"
    run -0 shm-rm --orphans -n
    [ "$output" = "would remove $S" ]
    run -0 shm-rm --orphans -v
    [ "$output" = "removed $S" ]
    ends 0 "$BG"
    wait_until 10 pid_gone "$writer"
}

@test "--orphans skips the streams of other users, with a line, and removes its own" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    bg shm-create -s 8x8 -m 0666 "$S" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    kill -KILL "$BG"
    wait_until 5 is_state "$S" orphan
    bg "${nobody[@]}" "$BUILD/shm-create" -s 8x8 -m 0644 "$S2" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    kill -KILL "$BG"
    wait_until 5 is_state "$S2" orphan
    for option in -n -v; do
        run -0 --separate-stderr "${nobody[@]}" "$BUILD/shm-rm" --orphans $option
        [ "$stderr" = "shm-rm: $S: skipped: it belongs to root" ]
        [[ $output == *"remove"*" $S2" ]]
    done
    [ -e "/dev/shm/$S" ]
    [ ! -e "/dev/shm/$S2" ]
    # root may remove all
    run -0 shm-rm --orphans -v
    [ "$output" = "removed $S" ]
}

# Removes /dev/shm/$S with these options, but changes the name's object between shm-rm's two checks.
exchanged_meanwhile() { # COMMAND that gives the name to another object, OPTIONS…
    local exchange=$1 log=$BATS_TEST_TMPDIR/trace third=3
    shift
    # Under the thread sanitizer the check of the descriptor in between is another system call.
    ! strace -P "/dev/shm/$S" -e trace=fstat shm-ls "$S" 2>&1 | grep '^fstat(' || third=2
    rm -f "$log"
    # The leak checker does not work under strace; and bg would wait for it, as it ignores SIGINT.
    bg bash -c 'ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace "$@"; exit $?' bash -o "$log" \
        -P "/dev/shm/$S" -e trace=newfstatat,unlink \
        -e inject=newfstatat:delay_enter=3000000:when="$third" shm-rm "$@" "$S"
    wait_until 10 eval '[ "$(grep -c "^newfstatat" "$log")" = '"$third"' ]'
    eval "$exchange"
    ends 3 "$BG"
    run -1 grep unlink "$log"
}

@test "an object that got the name after the check is not removed" {
    skip_missing strace
    shm-create -s 8x8 "$S"
    exchanged_meanwhile 'shm-create --replace -s 16x16 "$S"'
    grep -q "another object has the name now" "$BG_ERR"
    clean_run shm-ls "$S" | grep -q 16x16
    # not even with -f
    exchanged_meanwhile 'shm-create --replace -s 24x24 "$S"' -f
    clean_run shm-ls "$S" | grep -q 24x24
    shm-rm "$S"
    echo foreign >"/dev/shm/$S"
    exchanged_meanwhile 'mv "/dev/shm/$S" "/dev/shm/$S2"; shm-create -s 8x8 "$S"' -f
    grep -q "another object has the name now" "$BG_ERR"
    clean_run shm-ls "$S" | grep -q 8x8
    rm "/dev/shm/$S2"
}

@test "the message names the holder of a foreign object" {
    head -c 4096 /dev/zero >"/dev/shm/psm_$S"
    bg sleep 1000 <"/dev/shm/psm_$S"
    fails 3 shm-rm "psm_$S"
    [ "$stderr" = "shm-rm: psm_$S: not a shmcast stream; sleep:$BG has it; -f removes it anyway" ]
    clean_run shm-rm --orphans
    [ -e "/dev/shm/psm_$S" ]
    clean_run shm-rm -f "psm_$S"
    [ ! -e "/dev/shm/psm_$S" ]
}

@test "after SIGKILL of all programs exactly the orphan is found and removed" {
    shm-create -s 64x64 "$S2"
    bg shm-create -s 64x64 "$S" -- sh -c '
        frame-gen -s 64x64 -r 20 -o "$SHMCAST_STREAM" &
        shm-encode "$SHMCAST_STREAM" &
        exec event-read "$SHMCAST_STREAM"'
    count() { shm-ls -j "$S" | grep -o "$1" | wc -l; }
    wait_until 10 eval '[ "$(count \"role\")" = 4 ] && [ "$(count "\"mapped\":true")" = 4 ]'
    kill -KILL -- "-$BG"
    ends 137 "$BG"
    wait_until 5 is_state "$S" orphan
    run -1 shm-ls --check "$S" "$S2"
    [[ ${lines[1]} =~ ^$S\ +orphan ]]
    [[ $output != *"$S2"* ]]
    run -0 shm-rm --orphans -v
    [ "$output" = "removed $S" ]
    run -0 shm-ls --check "$S2"
    [ -e "/dev/shm/$S2" ]
}

@test "a killed shm-create --replace: the old stream is removed, its programs attach the new one" {
    side=.shmcast-0123456789abcdef
    shm-create -s 8x8 "$S"
    hold "$S"
    # the state after a kill right after the exchange of names
    mv "/dev/shm/$S" "/dev/shm/$side"
    shm-create -s 8x8 "$S"
    run -1 shm-ls --check "$side"
    [[ $output == *superseded*"shm-read:$holder"* ]]
    run -0 shm-rm --orphans -v
    [ "$output" = "removed $side" ]
    wait_until 5 is_state "$S" live
    frame-gen -s 8x8 -n 1 -o "$S"
    ends 0 "$holder"
}
