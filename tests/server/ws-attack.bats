#!/usr/bin/env bats
# Attacks by ws-attack.py, each while another viewer is connected, which must not be affected.
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

# Serves a moving stream S, with a viewer.
scene() {
    WATCHED=$BATS_TEST_TMPDIR/watched
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
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

# The first viewer is still connected, and the server ends normally.
unnoticed() {
    wait_until 20 more_pictures $(($(grep -c '^picture' "$WATCHED") + 5))
    run -1 grep -v -e '^picture' -e '^open' "$WATCHED"
    kill "$SERVER"
    ends 143 "$SERVER"
    [ ! -s "$SERVER_ERR" ]
}

@test "200 requests sent byte by byte are cut off in bounded time; others are served meanwhile" {
    scene
    attack slowloris
    unnoticed
}

@test "100 unfinished messages of 60 KB occupy bounded memory, which is freed" {
    scene
    attack halfframes
    unnoticed
}

@test "requests that are too large, broken, smuggled or odd; and valid ones" {
    scene
    attack requests
    unnoticed
}

@test "10,000 rapid connections leak no descriptor and no memory" {
    scene
    attack connects
    unnoticed
}

@test "more connections than the limit" {
    scene --max-viewers 4
    attack crowd
    unnoticed
}

@test "viewers that read nothing are cut off, over MJPEG and WebSocket; a slow one stays" {
    scene
    attack stalled
    unnoticed
}

@test "pings at full speed from a viewer that never reads: no backlog" {
    scene
    attack pings
    unnoticed
}

@test "64 messages of 64 events at once: bounded, and all logged events can be read" {
    scene
    attack flood
    event-read --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/read" 2>"$BATS_TEST_TMPDIR/lost"
    [ ! -s "$BATS_TEST_TMPDIR/lost" ]
    wc -l <"$BATS_TEST_TMPDIR/read"
    # --max-events is 1,000 per second, and as many more in a burst
    (($(wc -l <"$BATS_TEST_TMPDIR/read") >= 1000))
    (($(wc -l <"$BATS_TEST_TMPDIR/read") <= 4096))
    unnoticed
}

@test "1,000 random inputs, of the printed seed" {
    scene
    attack garbage
    unnoticed
}

@test "1,000 random TLS handshakes, of the printed seed" {
    tls_scene
    attack records
    unnoticed
}

@test "over TLS too a viewer with queued events delays no other viewer" {
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
