#!/usr/bin/env bats
# rtc-serve behind a firewall that passes only its HTTP port: a TURN relay carries the video.
#
# Three unnamed network namespaces, which end with the processes in them:
#   view (10.8.1.2) ── router (10.8.1.1, 10.8.2.1; coturn) ── server (10.8.2.2)
# shellcheck disable=SC2016,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

# Enters a user namespace unless run by root; it then owns the network namespaces.
ENTER=()
be_root() {
    ((EUID)) || return 0
    bg unshare --user --map-root-user sleep 300
    wait_until 10 other_namespace user "$BG" || {
        cat "$BG_ERR"
        return 1
    }
    ENTER=(nsenter --preserve-credentials --user="/proc/$BG/ns/user")
}

# Creates a network namespace and sets NAME to the pid of its first process, which ends even if this
# test is killed. It has no IPv6: each link's IPv6 address is complete a second or two after the link is up,
# and then Chromium drops requests in progress (ERR_NETWORK_CHANGED), those for the page's scripts too.
namespace() { # NAME
    bg "${ENTER[@]}" unshare --net sleep 300
    wait_until 10 other_namespace net "$BG" || {
        cat "$BG_ERR"
        return 1
    }
    printf -v "$1" %s "$BG"
    at "$BG" sh -c 'for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$all" ] || echo 1 >"$all"; done'
    at "$BG" ip link set lo up
}

other_namespace() { # KIND PID
    [[ -e /proc/$2/ns/$1 && $(readlink "/proc/$2/ns/$1") != $(readlink "/proc/self/ns/$1") ]]
}

# at NAMESPACE CMD…
at() {
    "${ENTER[@]}" nsenter --net="/proc/$1/ns/net" "${@:2}"
}

bg_at() {
    bg "${ENTER[@]}" nsenter --net="/proc/$1/ns/net" "${@:2}"
}

# cable A ADDRESS B ADDRESS
cable() {
    at "$1" ip link add "to$3" type veth peer name "to$1" netns "$3"
    at "$1" ip address add "$2/24" dev "to$3"
    at "$1" ip link set "to$3" up
    at "$3" ip address add "$4/24" dev "to$1"
    at "$3" ip link set "to$1" up
}

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
