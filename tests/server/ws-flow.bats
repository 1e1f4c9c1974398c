#!/usr/bin/env bats
# ws-serve and fast viewers, slow viewers, and viewers that never read: ws-viewers.py is all of them.
# SHMCAST_FLOW_SECONDS sets the duration of the long run.
# shellcheck disable=SC2030,SC2031
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

viewers() {
    local scene=$1
    shift
    "$TESTS/server/ws-viewers.py" "$scene" --url "ws://127.0.0.1:$PORT/$S/ws" --pid "$SERVER" "$@"
}

# Noise, which makes large JPEGs of small images: WxH, RATE per second.
noise() {
    local size=$1 rate=$2 file=$BATS_TEST_TMPDIR/noise
    head -c $((4 * ${size%x*} * ${size#*x})) /dev/urandom >"$file"
    # shellcheck disable=SC2016
    bg bash -c 'exec shm-write -s "$2" -f gray8 -r "$3" "$4" < <(while cat "$1"; do :; done)' - \
        "$file" "$size" "$rate" "${3:-$S}"
    WRITER=$BG
}

# Number of packets sent to viewers.
sent() {
    curl -fsS "$URL/$S/stats" | python3 -c 'import json, sys; print(json.load(sys.stdin)["sent"]["pictures"])'
}

crowded() { # WxH RATE: a moving stream, encoded and served
    shm-create -s "$1" "$S"
    bg shm-encode -s 0 "$S"
    serve --max-viewers 2000 "$S"
    SERVER=$BG
    noise "$1" "$2"
}

@test "14 viewers are not affected by one that never reads and two with 1 MB/s, which get fresh packets" {
    crowded 400x300 30
    san=()
    ! sanitized || san=(--sanitized)
    clean_run viewers crowd --seconds "${SHMCAST_FLOW_SECONDS:-10}" --writer "$WRITER" "${san[@]}"
}

@test "a long path opens the window; silent viewers get probes; viewers that never acknowledge get all packets" {
    crowded 64x48 20
    local scene pids=()
    for scene in far longer silent plain; do
        bg "$TESTS/server/ws-viewers.py" "$scene" --url "ws://127.0.0.1:$PORT/$S/ws"
        pids+=("$BG")
    done
    for scene in "${pids[@]}"; do
        ends 0 "$scene" 60
    done
}

ladder() { # options of ws-serve
    shm-create -s 400x300 "$S"
    shm-create -s 400x300 "$S2"
    bg shm-encode -s 0 "$S"
    serve "$@"
    SERVER=$BG
    noise 400x300 30
}

@test "--ladder: a slow viewer is shown the lower stream, and the upper one again when it has recovered" {
    ladder --ladder "$S,$S2"
    bg shm-encode -s 0 -q 10 -r 10 -o "$S2" "$S"
    clean_run viewers ladder --encoder "$BG"
    # its input on the lower rung went to the stream that it requested
    event-read --from start -n 1 -t 1 "$S" | grep -q '^key_down key=below viewer=1 '
    [ ! -s "$BATS_TEST_TMPDIR/bg.1.err" ]
}

@test "--ladder: a stream without a writer is skipped" {
    ladder --ladder "$S,$S2" "$S" "$S2"
    clean_run viewers rung --lower "$S2" ${SHMCAST_FLOW_SECONDS:+--times 3}
}

@test "--ladder: names" {
    local many=$S
    fails 3 ws-serve --ladder "$S,$S2"
    shm-create -s 64x48 "$S"
    fails 3 ws-serve --ladder "$S,$S2"
    shm-create -s 64x48 "$S2"
    for bad in "$S" "" "," "${S}," ",$S" "$S,,$S2" "$S,$S" "$S,$S2,$S" "$S,a/b" "$S,$(printf %300s x)"; do
        echo "$bad"
        fails 2 ws-serve -p 0 --ladder "$bad" "$S"
    done
    for _ in 2 3 4 5 6 7 8 9; do many+=,$S2; S2+=x; done
    fails 2 ws-serve -p 0 --ladder "$many" "$S"
    S2=${S2%xxxxxxxx}
    fails 2 ws-serve -p 0 --ladder "$S,$S2" --ladder "$S2,$S" "$S"
    [[ $stderr = *"named twice"* ]]
    # a stream that is only a rung isn't listed, but is served
    serve --ladder "/$S,$S2"
    for path in / /stats "/$S/" "/$S2/stats"; do
        [ "$(curl -s -o /dev/null -w '%{http_code}' "$URL$path")" = 200 ]
    done
    [ "$(curl -s "$URL/stats")" = "$(curl -s "$URL/$S/stats")" ]
    shm-create -s 64x48 "$S3"
    serve --ladder "$S,$S2" "$S3"
    curl -s "$URL/" >"$BATS_TEST_TMPDIR/list"
    grep -q "$S/" "$BATS_TEST_TMPDIR/list"
    grep -q "$S3/" "$BATS_TEST_TMPDIR/list"
    run -1 grep -q "$S2/" "$BATS_TEST_TMPDIR/list"
    serve --ladder "$S,$S2" "$S3" "$S2"
    curl -s "$URL/" | grep -q "$S2/"
}

@test "1,000 idle viewers: at most 48 KiB each" {
    crowded 64x48 20
    san=()
    ! sanitized || san=(--sanitized)
    clean_run viewers idle --viewers 1000 --writer "$WRITER" "${san[@]}"
}

@test "64 viewers: one send call for each packet and viewer, and no other call for each" {
    skip_missing strace
    strace -o /dev/null true || skip "no ptrace here"
    crowded 320x240 10
    mkfifo "$BATS_TEST_TMPDIR/out"
    exec 5<>"$BATS_TEST_TMPDIR/out"
    bg "$TESTS/server/ws-viewers.py" many --url "ws://127.0.0.1:$PORT/$S/ws" --seconds 6 >"$BATS_TEST_TMPDIR/out"
    local client=$BG calls=$BATS_TEST_TMPDIR/calls line before after sends
    read -r -t 60 line <&5
    [ "$line" = ready ]
    bg strace -f -q -e trace=network,write,writev -p "$SERVER" -o "$calls"
    wait_until 10 grep -q sendto "$calls"
    before=$(sent)
    : >"$calls"
    read -r -t 60 line <&5
    echo "$line"
    after=$(sent)
    sends=$(grep -ac "sendto(" "$calls")
    echo "$((after - before)) pictures to viewers, $sends calls to send"
    [ $((after - before)) -gt 300 ]
    [ "$sends" -le $(((after - before) * 11 / 10)) ]
    exec 5>&-
    ends 0 "$client" 30
}
