# Loaded by tests with several network namespaces, after helper.bash. The namespaces have no names, and end
# with the processes in them.
# shellcheck disable=SC2034

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

# cable A ADDRESS B ADDRESS: connects two namespaces.
cable() {
    at "$1" ip link add "to$3" type veth peer name "to$1" netns "$3"
    at "$1" ip address add "$2/24" dev "to$3"
    at "$1" ip link set "to$3" up
    at "$3" ip address add "$4/24" dev "to$1"
    at "$3" ip link set "to$1" up
}

# wire MILLISECONDS A ADDRESS B ADDRESS: the same with this delay in each direction.
wire() {
    bg "${ENTER[@]}" "$TESTS/support/wire.py" "$@" >"$BATS_TEST_TMPDIR/wire.$BG_COUNT"
    wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/wire.$((BG_COUNT - 1))" || {
        cat "$BG_ERR"
        return 1
    }
}
