#!/usr/bin/env bats
# Who may do what with ws-serve: roles, tokens, TLS, Host and Origin, limits.
# The helpers set stderr, URL and PORT in each test's own shell; what eval gets is for later.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load helper

client() {
    "$TESTS/ws-client.py" "$@"
}

# A stream of S with one picture in it, served.
scene() {
    shm-create -s 64x48 "$S"
    bg shm-encode "$S"
    frame-gen -s 64x48 -f yuv420p -n 1 -o "$S"
    serve "$@" "$S"
    wait_until 10 curl -fs -o /dev/null "$URL/snapshot.jpg"
    WS=ws://127.0.0.1:$PORT/ws
}

# --- roles ---

@test "--view-only: events are dropped, the viewer stays and sees" {
    scene --view-only
    client "$WS" --count 1 --texts 1 --quiet --send '{"type":"pointer_down","x":0.5,"y":0.5,"button":1,"buttons":1}' \
        --send '{"type":"key_down","key":"a"}' --send '{"type":"ping","t":1}'
    run -1 event-read --from start -n 1 -t 0 "$S"
    [ -z "$output" ]
}
