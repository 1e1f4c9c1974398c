#!/usr/bin/env bats
# Attacks by ws-attack.py, each while somebody watches, who must not notice.
bats_require_minimum_version 1.5.0
load helper

# attack NAME [ws-serve's options]
attack() {
    local name=$1 extra=() server err watched seen
    shift
    shm-create -s 64x48 "$S"
    bg shm-encode "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 25 -o "$S"
    serve "$@" "$S"
    server=$BG err=$BG_ERR
    watched=$BATS_TEST_TMPDIR/watched
    bg "$TESTS/ws-client.py" "ws://127.0.0.1:$PORT/$S/ws" --stay >"$watched"
    wait_until 20 grep -q '^picture' "$watched"
    # Sanitizers keep freed memory.
    ! ldd "$(command -v ws-serve)" | grep -qE 'lib[a-z]*san' || extra=(--no-memory)
    "$TESTS/ws-attack.py" "$name" --pid "$server" "${extra[@]}" "$URL/$S/"
    seen=$(grep -c '^picture' "$watched")
    wait_until 20 more_than "$((seen + 5))" "$watched"
    run -1 grep -v -e '^picture' -e '^open' "$watched"
    kill "$server"
    ends 143 "$server"
    [ ! -s "$err" ]
}

more_than() {
    (($(grep -c '^picture' "$2") > $1))
}

@test "200 half-open requests that drip are cut off in bounded time; others get in meanwhile" {
    attack slowloris
}

@test "100 half-open messages of 60 KB hold bounded memory, and give it back" {
    attack halfframes
}

@test "requests that are too large, broken, smuggled or odd; and those that are right" {
    attack requests
}

@test "10,000 rapid connections: no descriptor and no memory stays behind" {
    attack connects
}

@test "more connections than there is room for" {
    attack crowd --max-viewers 4
}

@test "pings at full speed from one that never reads: nothing piles up" {
    attack pings
}

@test "64 messages of 64 events at once: bounded, and what is logged can be read, none of it lost" {
    attack flood
    event-read --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/read" 2>"$BATS_TEST_TMPDIR/lost"
    [ ! -s "$BATS_TEST_TMPDIR/lost" ]
    wc -l <"$BATS_TEST_TMPDIR/read"
    # --max-events is 1,000 a second, and as many more at once
    (($(wc -l <"$BATS_TEST_TMPDIR/read") >= 1000))
    (($(wc -l <"$BATS_TEST_TMPDIR/read") <= 4096))
}

@test "1,000 inputs of garbage, of the seed printed" {
    attack garbage
}
