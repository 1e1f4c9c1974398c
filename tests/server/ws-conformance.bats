#!/usr/bin/env bats
# RFC 6455 section by section, by ws-conformance.py; each check also sees to it that another viewer
# of the stream goes on. (The Autobahn suite wants a server that echoes, which ours is not.)
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

# Only the listener, and a connection that waits for one more request.
nobody_left() {
    (($(find "/proc/$1/fd" -lname 'socket:*' | wc -l) <= 2))
}

# conforms SECTION CHECKS [ws-serve's options]: so many checks of a section, all well, on a server
# that lives on and says nothing.
conforms() {
    local section=$1 checks=$2
    shift 2
    shm-create -s 64x48 "$S"
    bg shm-encode "$S"
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

@test "RFC 6455, 9.1: no extension is negotiated, none is used" {
    conforms 9.1 6
}

@test "RFC 6455, 10.4: limits" {
    conforms 10.4 3
}

@test "TCP is a stream: however it is cut, it means the same" {
    conforms tcp 6
}

@test "TLS cuts it too: fragments, closing, segments" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
        -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" 2>/dev/null
    local section
    for section in '5.4 7' '5.5 12' '7 32' 'tcp 6'; do
        # shellcheck disable=SC2086
        conforms $section --tls-cert "$BATS_TEST_TMPDIR/cert" --tls-key "$BATS_TEST_TMPDIR/key"
        shm-rm -f "$S"
    done
}
