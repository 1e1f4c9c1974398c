#!/usr/bin/env bats
# Standard input, output and error may be non-blocking, which any process that shares them can cause:
# programs wait for them as for others.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
}

nonblocking() {
    clean_run python3 "$TESTS/support/nonblocking.py" "$@"
}

@test "event-inject waits for events on a non-blocking standard input" {
    shm-create -s 4x4 "$S"
    for ((i = 0; i < 300; i++)); do echo "wheel dy=$i"; done | nonblocking event-inject "$S"
    [ "$(event-read -n 300 -t 60 --from start "$S" | tail -n 1 | grep -c dy=299)" = 1 ]
}

@test "shm-write waits for frames on a non-blocking standard input" {
    shm-create -s 400x300 -f gray8 "$S"
    yes | head -c 480000 | nonblocking shm-write "$S"
    [ "$(shm-ls -j "$S" | grep -o '"published":[0-9]*' | head -n 1)" = '"published":4' ]
}

@test "frame-gen waits for a non-blocking standard output, and reads and prints numbers" {
    nonblocking frame-gen -n 3 >out </dev/null
    frame-gen -n 3 >want
    cmp out want
    frame-gen -s 480x64 -n 3 -r 0 | nonblocking frame-gen --read >numbers
    [ "$(<numbers)" = "$(seq 3)" ]
}

@test "shm-read waits for a non-blocking standard output" {
    shm-create -s 400x300 "$S"
    frame-gen -n 1 -o "$S"
    nonblocking shm-read "$S" >out </dev/null
    shm-read "$S" >want
    cmp out want
}

@test "shm-encode waits for a non-blocking standard output" {
    shm-create -s 1280x720 "$S"
    bg frame-gen -r 60 -o "$S"
    bg python3 "$TESTS/support/nonblocking.py" shm-encode -q 100 -o - "$S" >out </dev/null
    encoder=$BG err=$BG_ERR
    # more than the pipe holds
    wait_until 20 eval '(($(stat -c %s out) > 3000000))'
    shm-rm -f "$S"
    ends 0 "$encoder"
    [ ! -s "$err" ]
}

@test "event-read waits for a non-blocking standard output" {
    shm-create -s 4x4 "$S"
    for ((i = 0; i < 300; i++)); do echo "wheel dy=$i"; done | event-inject "$S"
    nonblocking event-read --from start -n 300 "$S" >out </dev/null
    event-read --from start -n 300 "$S" >want
    cmp out want
}

@test "output through stdio waits for a non-blocking standard output" {
    nonblocking ws-serve --help >help </dev/null
    ws-serve --help | cmp - help
    nonblocking event-inject -l >list </dev/null
    event-inject -l | cmp - list
}

@test "messages wait for a non-blocking standard error" {
    shm-create -s 4x4 "$S"
    run -3 --separate-stderr python3 "$TESTS/support/nonblocking.py" shm-write "$S" <<<x
    [ "$stderr" = "shm-write: standard input: cut off: got 2 of 48 bytes of frame 1" ]
}

@test "a stop signal ends a program that waits for a non-blocking descriptor" {
    shm-create -s 400x300 "$S"
    frame-gen -n 1 -o "$S"
    cat >stop.py <<'EOF'
import os, select, signal, subprocess, sys, time
for sort in ("out", "in"):
    r, w = os.pipe()
    os.set_blocking(r, False)
    os.set_blocking(w, False)
    if sort == "out":
        p = subprocess.Popen(["shm-read", sys.argv[1]], stdout=w)
        while select.select([], [w], [], 0)[1]:
            time.sleep(0.01)
    else:
        p = subprocess.Popen(["event-inject", sys.argv[1]], stdin=r)
    time.sleep(0.2)
    assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    assert p.wait(60) == -signal.SIGTERM
EOF
    clean_run python3 stop.py "$S"
}

@test "net-layout waits for a non-blocking standard input and output" {
    skip_missing net-layout
    for ((i = 0; i < 50; i++)); do echo "$i $(((i + 1) % 50))"; done >edges
    nonblocking net-layout -f edges -i 20 --once --record "$S" <edges >out
    net-layout -f edges -i 20 --once --record "$S" <edges >want
    [ -s want ]
    cmp out want
}
