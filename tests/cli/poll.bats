#!/usr/bin/env bats
# The examples of shmcast-stream(5), as they are there: waiting in a poll loop.
# bg reads stdin: shellcheck can't see that.
# shellcheck disable=SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

program() { # NAME
    display "file: $1" | sed "s,/dev/shm/view,/dev/shm/$S," >"$BATS_TEST_TMPDIR/$1"
    [ -s "$BATS_TEST_TMPDIR/$1" ]
}

example() { # starts it; output in $OUT, pid in $reader
    program poll.py
    OUT=$BATS_TEST_TMPDIR/polled.$BG_COUNT
    : >"$OUT"
    bg python3 "$BATS_TEST_TMPDIR/poll.py" >"$OUT" </dev/null
    reader=$BG
}

last() {
    [ "$(tail -n 1 "$OUT")" = "$1" ]
}

put() { # [COUNT]
    frame-gen -s 64x48 -r 0 -n "${1:-1}" -o "$S"
}

armed() { # notify of the frame ring has a reader's time
    python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "rb") as f:
    f.seek(112)
    f.seek(struct.unpack("<Q", f.read(8))[0] + 40)
    sys.exit(struct.unpack("<Q", f.read(8))[0] == 0)' "$S"
}

@test "the newest frame's number and size" {
    clean_run shm-create -s 64x48 "$S"
    put 7
    program newest.py
    chmod 444 "/dev/shm/$S"
    run -0 --separate-stderr python3 "$BATS_TEST_TMPDIR/newest.py"
    [ "$output" = "7 64 48" ]
    [ "$stderr" = "" ]
}

@test "every frame is noticed, one at a time and in bursts; nothing wakes it meanwhile" {
    clean_run shm-create -s 64x48 "$S"
    example
    for n in {1..8}; do
        wait_until 10 armed
        wait_until 10 blocked "$reader"
        put
        wait_until 10 last "$n"
    done
    [ "$(wc -l <"$OUT")" = 8 ]
    wait_until 10 blocked "$reader"
    before=$(switches "$reader")
    event-inject "$S" key_down key=a # another wake word
    shm-ls "$S" >/dev/null
    [ "$(switches "$reader")" = "$before" ]
    for n in 1008 2008 3008; do
        put 1000
        wait_until 10 last "$n"
    done
    sort -n -c "$OUT"
    [ -z "$(ls "/proc/$reader/task" | tail -n +2)" ] # no thread
    clean_run shm-rm -f "$S"
    ends 0 "$reader"
}

@test "replacement and removal end it" {
    clean_run shm-create -s 64x48 "$S"
    example
    put
    wait_until 10 last 1
    wait_until 10 blocked "$reader"
    clean_run shm-create --replace "$S"
    ends 0 "$reader"
    example
    wait_until 10 armed
    clean_run shm-rm -f "$S"
    ends 0 "$reader"
}

@test "a writer changes the times only for a reader that polls, once for a killed one" {
    skip_missing strace
    clean_run shm-create -s 64x48 "$S"
    times() { # COMMAND…: number of such calls
        strace -f -o "$BATS_TEST_TMPDIR/calls" -e trace=utimensat "$@"
        grep -c utimensat "$BATS_TEST_TMPDIR/calls" || true
    }
    frames=(frame-gen -s 64x48 -r 0 -n 50 -o "$S")
    [ "$(times "${frames[@]}")" = 0 ]
    [ "$(times event-inject "$S" key_down key=a)" = 0 ]
    example
    wait_until 10 armed
    [ "$(times "${frames[@]}")" -ge 1 ]
    wait_until 10 last 100
    wait_until 10 armed
    kill -KILL "$reader"
    ends 137 "$reader"
    [ "$(times "${frames[@]}")" = 1 ]
    [ "$(times "${frames[@]}")" = 0 ]
    [ "$(times shm-rm -f "$S")" = 1 ] # the end is always announced
}

@test "two of them, and a writer killed at any time: none misses a frame" {
    clean_run shm-create -s 64x48 "$S"
    example
    one=$OUT
    example
    before=
    for i in {1..5}; do
        bg frame-gen -s 64x48 -r 0 -o "$S"
        wait_until 10 eval '[ "$(tail -n 1 "$OUT")" != "$before" ]'
        kill -KILL "$BG"
        ends 137 "$BG"
        before=$(tail -n 1 "$OUT")
    done
    put
    newest=$(shm-ls -j "$S" | grep -o '"frames":{"published":[0-9]*' | grep -o '[0-9]*$')
    wait_until 10 last "$newest"
    OUT=$one
    wait_until 10 last "$newest"
}
