#!/usr/bin/env bats
# ws-serve to viewers that follow, that can't, and that never read: ws-viewers.py is all of them.
# SHMCAST_FLOW_SECONDS makes the long run as long as you like.
# shellcheck disable=SC2030,SC2031
bats_require_minimum_version 1.5.0
load helper

viewers() {
    local scene=$1
    shift
    "$TESTS/ws-viewers.py" "$scene" --url "ws://127.0.0.1:$PORT/$S/ws" --pid "$SERVER" "$@"
}

sanitized() {
    ldd "$(command -v ws-serve)" | grep -qE 'lib[a-z]*san'
}

# Noise, which makes large JPEGs of small pictures: WxH, so many a second.
noise() {
    local size=$1 rate=$2 file=$BATS_TEST_TMPDIR/noise
    head -c $((4 * ${size%x*} * ${size#*x})) /dev/urandom >"$file"
    # shellcheck disable=SC2016
    bg bash -c 'exec shm-write -s "$2" -f gray8 -r "$3" "$4" < <(while cat "$1"; do :; done)' - \
        "$file" "$size" "$rate" "${3:-$S}"
    WRITER=$BG
}

crowded() { # WxH RATE: moving, encoded and served
    shm-create -s "$1" "$S"
    bg shm-encode "$S"
    serve --max-viewers 2000 "$S"
    SERVER=$BG
    noise "$1" "$2"
}

@test "14 viewers don't notice one that never reads and one that reads 1 MB/s, whose pictures are fresh" {
    crowded 400x300 30
    san=()
    ! sanitized || san=(--sanitized)
    clean_run viewers crowd --seconds "${SHMCAST_FLOW_SECONDS:-10}" --writer "$WRITER" "${san[@]}"
}

@test "a long way: the window opens as far as it takes" {
    crowded 64x48 20
    clean_run viewers far --seconds 3
}

@test "one that stops to acknowledge gets no more than its window and a probe now and then" {
    crowded 64x48 20
    clean_run viewers silent
}

@test "one that never acknowledges gets what its connection takes" {
    crowded 64x48 20
    clean_run viewers plain
}

@test "1,000 idle viewers: 48 KiB each at most" {
    crowded 64x48 20
    san=()
    ! sanitized || san=(--sanitized)
    clean_run viewers idle --viewers 1000 --writer "$WRITER" "${san[@]}"
}
