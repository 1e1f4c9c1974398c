#!/usr/bin/env bats
# rtc-serve behind a firewall that passes only its HTTP port: a TURN relay carries the video.
#
# Three unnamed network namespaces, which end with the processes in them:
#   view (10.8.1.2) ── router (10.8.1.1, 10.8.2.1; coturn) ── server (10.8.2.2)
# shellcheck disable=SC2016,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper
load ../support/namespaces

setup() {
    common_setup
    be_root
    namespace VIEW
    namespace ROUTER
    namespace SERVER
    cable "$ROUTER" 10.8.1.1 "$VIEW" 10.8.1.2
    cable "$ROUTER" 10.8.2.1 "$SERVER" 10.8.2.2
    at "$VIEW" ip route add default via 10.8.1.1
    at "$SERVER" ip route add default via 10.8.2.1
    at "$ROUTER" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    at "$ROUTER" nft -f - <<'END'
table ip nat_for_test {
    counter dropped { }
    counter relayed { }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established accept
        ip daddr 10.8.2.2 tcp dport 8080 accept
        counter name dropped
    }
    chain output {
        type filter hook output priority 0;
        ip daddr 10.8.1.2 meta l4proto udp counter name relayed
    }
}
END
    # Without a route, every test below would fail for the wrong reason.
    at "$VIEW" ip route get 10.8.2.2
}

# Packets counted so far: dropped by the firewall, or relayed to the viewer.
packets() { # COUNTER
    at "$ROUTER" nft list counter ip nat_for_test "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# Starts coturn, for both sides.
relay() {
    bg_at "$ROUTER" turnserver -n --listening-ip=10.8.1.1 --listening-ip=10.8.2.1 \
        --relay-ip=10.8.2.1 --lt-cred-mech --user=some:secret --realm=test --no-tls --no-dtls --no-cli \
        --userdb="$BATS_TEST_TMPDIR/turndb" --pidfile="$BATS_TEST_TMPDIR/turn.pid" \
        --log-file=stdout --simple-log >"$BATS_TEST_TMPDIR/turn.log"
    wait_until 20 eval '[ "$(at "$ROUTER" ss -Hlun | grep -c "10.8.[12].1:3478")" -ge 2 ]' || {
        cat "$BATS_TEST_TMPDIR/turn.log"
        return 1
    }
}

# serve_far ARGS…: starts rtc-serve in its namespace, with a moving scene
serve_far() {
    shm-create -s 320x240 "$S"
    bg frame-gen -s 320x240 -r 20 -o "$S"
    bg shm-encode "$S"
    bg_at "$SERVER" rtc-serve -b 10.8.2.2 "$@" "$S" >"$BATS_TEST_TMPDIR/serve.out"
    if ! wait_until 10 grep -q '^http://10.8.2.2:8080/' "$BATS_TEST_TMPDIR/serve.out"; then
        cat "$BG_ERR"
        return 1
    fi
    export URL=http://10.8.2.2:8080/$S/
}

# scenario runs node in the viewer's namespace.
node() {
    at "$VIEW" env node "$@"
}

@test "without a direct path the video plays through the relay, and events come back" {
    relay
    (umask 077 && echo 'turn://some:secret@10.8.1.1:3478?transport=udp' >"$BATS_TEST_TMPDIR/turn")
    serve_far --turn-file "$BATS_TEST_TMPDIR/turn"
    run ! grep -qa secret "/proc/$BG/cmdline"
    scenario rtc-far "through the relay"
    [ "$(packets dropped)" -gt 0 ]
    [ "$(packets relayed)" -gt 50 ]
}

@test "without a relay the same page uses the WebSocket" {
    serve_far
    scenario rtc-far "without a relay: WebSocket"
    [ "$(packets dropped)" -gt 0 ]
    [ "$(packets relayed)" = 0 ]
}

@test "a relay that rejects the credentials counts as none" {
    relay
    serve_far --turn 'turn://some:wrong@10.8.1.1:3478?transport=udp'
    scenario rtc-far "without a relay: WebSocket"
}
