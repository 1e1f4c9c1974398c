#!/usr/bin/env bats
# Attacks by ws-attack.py, each while somebody watches, who must not notice.
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

# A moving stream of S, served, with a viewer.
scene() {
    WATCHED=$BATS_TEST_TMPDIR/watched
    shm-create -s 64x48 "$S"
    bg shm-encode "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 25 -o "$S"
    serve "$@" "$S"
    SERVER=$BG SERVER_ERR=$BG_ERR
    bg "$TESTS/server/ws-client.py" "ws${URL#http}/$S/ws" --stay >"$WATCHED"
    wait_until 20 more_pictures 0
}

tls_scene() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
        -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" 2>/dev/null
    scene --tls-cert "$BATS_TEST_TMPDIR/cert" --tls-key "$BATS_TEST_TMPDIR/key" "$@"
}

more_pictures() {
    (($(grep -c '^picture' "$WATCHED") > $1))
}

attack() {
    local extra=()
    # Sanitizers keep freed memory.
    ! ldd "$(command -v ws-serve)" | grep -qE 'lib[a-z]*san' || extra=(--no-memory)
    "$TESTS/server/ws-attack.py" "$1" --pid "$SERVER" "${extra[@]}" "$URL/$S/"
}

# The viewer from the beginning is still there, and the server ends as it does.
unnoticed() {
    wait_until 20 more_pictures $(($(grep -c '^picture' "$WATCHED") + 5))
    run -1 grep -v -e '^picture' -e '^open' "$WATCHED"
    kill "$SERVER"
    ends 143 "$SERVER"
    [ ! -s "$SERVER_ERR" ]
}

@test "200 half-open requests that drip are cut off in bounded time; others get in meanwhile" {
    scene
    attack slowloris
    unnoticed
}

@test "100 half-open messages of 60 KB hold bounded memory, and give it back" {
    scene
    attack halfframes
    unnoticed
}

@test "requests that are too large, broken, smuggled or odd; and those that are right" {
    scene
    attack requests
    unnoticed
}

@test "10,000 rapid connections: no descriptor and no memory stays behind" {
    scene
    attack connects
    unnoticed
}

@test "more connections than there is room for" {
    scene --max-viewers 4
    attack crowd
    unnoticed
}

@test "pings at full speed from one that never reads: nothing piles up" {
    scene
    attack pings
    unnoticed
}

@test "64 messages of 64 events at once: bounded, and what is logged can be read, none of it lost" {
    scene
    attack flood
    event-read --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/read" 2>"$BATS_TEST_TMPDIR/lost"
    [ ! -s "$BATS_TEST_TMPDIR/lost" ]
    wc -l <"$BATS_TEST_TMPDIR/read"
    # --max-events is 1,000 a second, and as many more at once
    (($(wc -l <"$BATS_TEST_TMPDIR/read") >= 1000))
    (($(wc -l <"$BATS_TEST_TMPDIR/read") <= 4096))
    unnoticed
}

@test "1,000 inputs of garbage, of the seed printed" {
    scene
    attack garbage
    unnoticed
}

@test "1,000 TLS greetings of garbage, of the seed printed" {
    tls_scene
    attack records
    unnoticed
}

@test "over TLS too a viewer whose events have to wait holds up nobody" {
    tls_scene --max-events 1000000
    bg claim-hold "$S" >"$BATS_TEST_TMPDIR/hold"
    local holder=$BG
    wait_until 10 grep -q held "$BATS_TEST_TMPDIR/hold"
    attack waits
    wait_until 10 stopped "$holder"
    kill -CONT "$holder"
    ends 0 "$holder"
    unnoticed
}

stopped() {
    [ -n "$(group_in "$1" T)" ]
}
