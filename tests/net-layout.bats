#!/usr/bin/env bats
# net-layout: networks in, positions out, and nobody waits for anybody.
bats_require_minimum_version 1.5.0
load helper

net() { # STREAM WHAT
    "$TESTS/net.py" "$@"
}

# A layout of this network that has been published.
lay_out() { # ARGS… STREAM
    bg net-layout "$@"
    wait_until 20 net "${!#}" shape
}

# After this event there are frames newer than the newest was.
answers() { # STREAM EVENT…
    local frame
    frame=$(net "$1" frame)
    event-inject "$@"
    wait_until 20 newer "$1" "$frame"
}

newer() { # STREAM FRAME
    (($(net "$1" frame) > $2))
}

reads() { # STREAM
    shm-ls -l "$1" | grep -q shm-read
}

# So many nodes in a ring: one part, one shape.
ring() { # NODES
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "n" i, "n" (i + 1) % n }'
}

@test "an edge list: the network, and where its nodes are" {
    cd "$BATS_TEST_TMPDIR"
    printf '# a list\n\na b\nb c 2.5\n%% more\r\n  c\td\te\n' >bad
    fails 3 net-layout bad "$S"
    [ "$stderr" = "net-layout: bad: line 6: the third word is no weight: a number from 0 to 1e30" ]
    printf '# a list\n\na b\nb c 2.5\n%% more\r\n  c\ta \nalone\nä ö 0\r\nc d' >list
    lay_out list "$S"
    [ "$(net "$S" edges)" = "a b 1.0
b c 2.5
a c 1.0
ä ö 0.0
c d 1.0" ]
    [ "$(net "$S" nodes | cut -d ' ' -f 1,2 | xargs)" = "a 2 b 2 c 3 alone 0 ä 1 ö 1 d 1" ]
    [ "$(net "$S" places | wc -lw | xargs)" = "7 14" ]
    [ "$(shm-read -f raw "$S" | wc -c)" -eq $((7 * 2 * 4)) ]
    lay_out -d 3 list "$S2"
    [ "$(net "$S2" places | wc -lw | xargs)" = "7 21" ]
}

@test "a reader that is killed, or stopped, is not noticed" {
    ring 500 >"$BATS_TEST_TMPDIR/list"
    lay_out "$BATS_TEST_TMPDIR/list" "$S"
    local layout=$BG reader
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    reader=$BG
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    kill -STOP "$BG"
    answers "$S" node_drag node=0 x=1000 y=0
    kill -KILL "$reader"
    answers "$S" node_drop node=0
    kill "$layout"
    ends 143 "$layout"
    [ ! -e "/dev/shm/$S" ]
}

@test "killed with its stream left behind, the next one takes it over, readers and all" {
    ring 100 >"$BATS_TEST_TMPDIR/list"
    lay_out "$BATS_TEST_TMPDIR/list" "$S"
    local killed=$BG reader generation
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    reader=$BG
    kill -KILL "$killed"
    ends 137 "$killed"
    [ -e "/dev/shm/$S" ]
    ring 200 >"$BATS_TEST_TMPDIR/list"
    lay_out "$BATS_TEST_TMPDIR/list" "$S"
    [[ $(net "$S" shape) == "200 2 200 "* ]]
    wait_until 10 reads "$S"
    kill "$BG"
    ends 143 "$BG"
    ends 0 "$reader"
    [ ! -e "/dev/shm/$S" ]
}

@test "what is no network is refused in one line" {
    cd "$BATS_TEST_TMPDIR"
    : >empty
    fails 3 net-layout empty "$S"
    [ "$stderr" = "net-layout: empty: no node in it" ]
    fails 3 net-layout "$S" <<<'# nothing'
    [ "$stderr" = "net-layout: standard input: no node in it" ]
    fails 3 net-layout missing "$S"
    [ "$stderr" = "net-layout: missing: No such file or directory" ]
    fails 3 net-layout . "$S"
    [ "$stderr" = "net-layout: .: Is a directory" ]
    printf 'a b\na b c d\n' >words
    fails 3 net-layout words "$S"
    [ "$stderr" = "net-layout: words: line 2: not an edge: NODE NODE [WEIGHT]" ]
    printf 'a \xff\n' >bytes
    fails 3 net-layout bytes "$S"
    [ "$stderr" = "net-layout: bytes: line 1: a name that is not UTF-8" ]
    for weight in nan NaN inf -1 -inf 1e31 x 1x; do
        echo "a b $weight" >list
        fails 3 net-layout list "$S"
        [ "$stderr" = "net-layout: list: line 1: the third word is no weight: a number from 0 to 1e30" ]
    done
    for format in ncol graphml gml pajek; do
        head -c 1000 "$BUILD/net-layout" >"junk.$format"
        fails 3 net-layout -f "$format" "junk.$format" "$S"
        [[ $stderr == "net-layout: junk.$format: "* ]]
    done
    [ ! -e "/dev/shm/$S" ]
}

@test "bad options, and names" {
    cd "$BATS_TEST_TMPDIR"
    for bad in "-d 1" "-d 4" "-a x" "-f dot" "-i 0" "-j 0" "-j 65" "--seed -1" "--seed x"; do
        fails 2 net-layout $bad "$S"
    done
    fails_usage net-layout
    fails_usage net-layout a b c
    fails 2 net-layout a/b
    fails 2 net-layout file a/b
}
