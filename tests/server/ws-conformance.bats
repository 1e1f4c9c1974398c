#!/usr/bin/env bats
# RFC 6455 section by section, by ws-conformance.py; each check also makes sure that another viewer
# of the stream is not affected. (The Autobahn suite requires an echo server, which ws-serve is not.)
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

# Only the listening socket, and a connection kept alive for another request.
nobody_left() {
    (($(count_sockets "$1") <= 2))
}

# conforms SECTION CHECKS [ws-serve's options]: that number of checks of a section, all successful, on
# a server that survives and prints nothing.
conforms() {
    local section=$1 checks=$2
    shift 2
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 60 -o "$S"
    serve "$@" "$S"
    local server=$BG err=$BG_ERR
    "$TESTS/server/ws-conformance.py" --section "$section" "$URL/$S/" | tee "$BATS_TEST_TMPDIR/checks"
    ((PIPESTATUS[0] == 0))
    (($(grep -c '^ok ' "$BATS_TEST_TMPDIR/checks") == checks))
    wait_until 10 nobody_left "$server"
    kill "$server"
    ends 143 "$server"
    [ ! -s "$err" ]
}

@test "RFC 6455, 4: the opening handshake" {
    conforms 4 39
}

@test "RFC 6455, 5.1: masking" {
    conforms 5.1 6
}

@test "RFC 6455, 5.2: reserved bits, opcodes, lengths" {
    conforms 5.2 22
}

@test "RFC 6455, 5.4: fragments" {
    conforms 5.4 7
}

@test "RFC 6455, 5.5: close, ping, pong" {
    conforms 5.5 12
}

@test "RFC 6455, 7: closing, and close codes" {
    conforms 7 32
}

@test "RFC 6455, 8.1: text is UTF-8" {
    conforms 8.1 22
}

@test "RFC 6455, 9.1: no extension is negotiated or used" {
    conforms 9.1 6
}

@test "RFC 6455, 10.4: limits" {
    conforms 10.4 3
}

@test "TCP is a byte stream: segmentation makes no difference" {
    conforms tcp 6
}

@test "the same over TLS: fragments, closing, segments" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
        -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" 2>/dev/null
    local section
    for section in '5.4 7' '5.5 12' '7 32' 'tcp 6'; do
        # shellcheck disable=SC2086
        conforms $section --tls-cert "$BATS_TEST_TMPDIR/cert" --tls-key "$BATS_TEST_TMPDIR/key"
        shm-rm -f "$S"
    done
}
