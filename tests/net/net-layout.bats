#!/usr/bin/env bats
# net-layout: reads networks and publishes positions; neither side blocks the other.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

# TSan waits a second at the end of each program otherwise.
export TSAN_OPTIONS=${TSAN_OPTIONS-}:atexit_sleep_ms=0

net() { # STREAM QUERY
    "$TESTS/net/net.py" "$@"
}

# Starts a layout and waits until it is published.
lay_out() { # ARGS… STREAM
    bg net-layout "$@"
    wait_until 20 net "${!#}" shape
}

# Sends an event, and waits for a newer frame.
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

# A ring of n nodes: one component with one shape.
ring() { # NODES
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "n" i, "n" (i + 1) % n }'
}

@test "an edge list gives a network and positions" {
    cd "$BATS_TEST_TMPDIR"
    printf '# a list\n\na b\nb c 2.5\n%% more\r\n  c\td\te\n' >bad
    fails 3 net-layout bad "$S"
    [ "$stderr" = "net-layout: bad: line 6: the third word is not a weight; use a number from 0 to 1e30" ]
    printf '# a list\n\na b\nb c 2.5\n%% more\r\n  c\ta \nalone\nä ö 0\r\nc d' >list
    lay_out list "$S"
    [ "$(net "$S" edges)" = "a b 1.0
b c 2.5
a c 1.0
ä ö 0.0
c d 1.0" ]
    [ "$(net "$S" nodes | cut -d ' ' -f 1,2 | xargs)" = "a 2 b 2 c 3 alone 0 ä 1 ö 1 d 1" ]
    [ "$(net "$S" positions | wc -lw | xargs)" = "7 14" ]
    [ "$(shm-read -f raw "$S" | wc -c)" -eq $((7 * 2 * 4)) ]
    lay_out -d 3 list "$S2"
    [ "$(net "$S2" positions | wc -lw | xargs)" = "7 21" ]
}

@test "killed or stopped readers do not disturb the layout" {
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

@test "the next layout replaces the stream of a killed one, and readers follow" {
    ring 100 >"$BATS_TEST_TMPDIR/list"
    lay_out "$BATS_TEST_TMPDIR/list" "$S"
    local killed=$BG reader generation
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    reader=$BG
    kill -KILL "$killed"
    ends 137 "$killed"
    [ -e "/dev/shm/$S" ]
    ring 200 >"$BATS_TEST_TMPDIR/list"
    bg net-layout "$BATS_TEST_TMPDIR/list" "$S"
    wait_until 10 shape "200 2 200"
    wait_until 10 reads "$S"
    kill "$BG"
    ends 143 "$BG"
    ends 0 "$reader"
    [ ! -e "/dev/shm/$S" ]
}

@test "input that is not a network is refused in one line" {
    cd "$BATS_TEST_TMPDIR"
    : >empty
    fails 3 net-layout empty "$S"
    [ "$stderr" = "net-layout: empty: contains no nodes" ]
    fails 3 net-layout "$S" <<<'# nothing'
    [ "$stderr" = "net-layout: standard input: contains no nodes" ]
    fails 3 net-layout missing "$S"
    [ "$stderr" = "net-layout: missing: No such file or directory" ]
    fails 3 net-layout . "$S"
    [ "$stderr" = "net-layout: .: Is a directory" ]
    printf 'a b\na b c d\n' >words
    fails 3 net-layout words "$S"
    [ "$stderr" = "net-layout: words: line 2: not an edge; use NODE NODE [WEIGHT]" ]
    printf 'a \xff\n' >bytes
    fails 3 net-layout bytes "$S"
    [ "$stderr" = "net-layout: bytes: line 1: a name is not UTF-8; convert the file with iconv -t UTF-8" ]
    for weight in nan NaN inf -inf 1e31 x 1x; do
        echo "a b $weight" >list
        fails 3 net-layout list "$S"
        [ "$stderr" = "net-layout: list: line 1: the third word is not a weight; use a number from 0 to 1e30" ]
    done
    echo "a b -1" >list
    fails 3 net-layout list "$S"
    [ "$stderr" = "net-layout: list: line 1: the weight is negative; use --negative=abs or --negative=skip" ]
    for format in ncol graphml gml pajek; do
        head -c 1000 "$BUILD/net-layout" >"junk.$format"
        fails 3 net-layout -f "$format" "junk.$format" "$S"
        [[ $stderr == "net-layout: junk.$format: "* ]]
    done
    [ ! -e "/dev/shm/$S" ]
}

@test "bad options and stream names are refused" {
    cd "$BATS_TEST_TMPDIR"
    for bad in "-d 1" "-d 4" "-a x" "-f dot" "-i -1" "-j 0" "-j 65" "--seed -1" "--seed x"; do
        fails 2 net-layout $bad "$S"
    done
    fails_usage net-layout
    fails_usage net-layout a b c
    fails 2 net-layout a/b
    fails 2 net-layout file a/b
}

# Writes the same network of four nodes in every format.
formats() {
    cat >a.list <<'END'
a b 2
b c 1
c a 0.5
d
END
    cat >a.ncol <<'END'
a b 2
b c 1
c a 0.5
END
    cat >a.graphml <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="n" for="node" attr.name="name" attr.type="string"/>
  <key id="w" for="edge" attr.name="weight" attr.type="double"/>
  <graph edgedefault="undirected">
    <node id="1"><data key="n">a</data></node>
    <node id="2"><data key="n">b</data></node>
    <node id="3"><data key="n">c</data></node>
    <node id="4"><data key="n">d</data></node>
    <edge source="1" target="2"><data key="w">2</data></edge>
    <edge source="2" target="3"><data key="w">1</data></edge>
    <edge source="3" target="1"><data key="w">0.5</data></edge>
  </graph>
</graphml>
END
    cat >a.gml <<'END'
graph [
  node [ id 1 label "a" ]
  node [ id 2 label "b" ]
  node [ id 3 label "c" ]
  node [ id 4 label "d" ]
  edge [ source 1 target 2 weight 2 ]
  edge [ source 2 target 3 weight 1 ]
  edge [ source 3 target 1 weight 0.5 ]
]
END
    printf '*Vertices 4\n1 "a"\n2 "b"\n3 "c"\n4 "d"\n*Edges\n1 2 2\n2 3 1\n3 1 0.5\n' >a.pajek
}

@test "GraphML, GML, Pajek and NCOL are detected, or given with -f" {
    cd "$BATS_TEST_TMPDIR"
    formats
    for how in a.list a.graphml a.gml a.pajek a.ncol "-f ncol a.ncol" "-f gml a.gml"; do
        lay_out $how "$S"
        [ "$(net "$S" edges | xargs)" = "a b 2.0 b c 1.0 a c 0.5" ]
        [[ $how == *ncol || $(net "$S" nodes) == *$'\nd 0 1' ]]
        kill "$BG"
        ends 143 "$BG"
    done
    lay_out - "$S" <a.gml
    [ "$(net "$S" edges | xargs)" = "a b 2.0 b c 1.0 a c 0.5" ]
}

@test "invalid weights are refused in every format" {
    cd "$BATS_TEST_TMPDIR"
    formats
    for file in a.graphml a.gml a.pajek a.ncol; do
        for weight in NaN -0.5 1e31; do
            sed "s/0\.5/$weight/" "$file" >bad
            fails 3 net-layout -f "${file#*.}" bad "$S"
            use="a number from 0 to 1e30"
            [ "$weight" != -0.5 ] || use="--negative=abs or --negative=skip"
            [[ $stderr == "net-layout: bad: edge 3 has the weight "*"; use $use" ]]
        done
    done
    sed 's/0\.5/"heavy"/' a.gml >bad
    fails 3 net-layout bad "$S"
    [ "$stderr" = "net-layout: bad: the edge weights are text; use numbers" ]
    sed 's/0\.5/heavy/' a.graphml >bad
    fails 3 net-layout bad "$S"
    [ "$stderr" = 'net-layout: bad: edge 3 has the weight "heavy"; use a number from 0 to 1e30' ]
}

# Lays out one of tests/net/cases, and compares its edges, names and messages.
reads_case() { # FILE EDGES NODES [MESSAGE [ARGS…]]
    local file=$TESTS/net/cases/$1 edges=$2 nodes=$3 message=${4-}
    shift $(($# > 4 ? 4 : $#))
    timeout 300 net-layout "$@" --once --record "$file" "$S" >steps.npy 2>err
    [ "$(sed "s,^net-layout: $TESTS/net/cases/[^:]*: ,," err)" = "$message" ]
    last_step <steps.npy | wc -l | grep -qx " *$(wc -w <<<"$nodes")"
    lay_out "$@" "$file" "$S"
    [ "$(net "$S" edges | xargs)" = "$edges" ]
    [ "$(net "$S" nodes | cut -d ' ' -f 1 | xargs)" = "$nodes" ]
    kill "$BG"
    ends 143 "$BG"
}

@test "edge lists: byte order mark, header, times, attributes of networkx, CSV" {
    cd "$BATS_TEST_TMPDIR"
    reads_case bom-edges.txt "a b b c a c a d" "a b c d"
    reads_case header-line.txt "a b b c" "a b c" \
        "edge list with a header, 3 nodes, 2 edges, 1 component"
    reads_case four-columns.txt "1 2 1.0 2 3 1.0" "1 2 3" \
        "edge list, 3 nodes, 2 edges, 1 component; left out: other columns"
    reads_case networkx-edgelist.txt "a b 1.0 b c 3.0" "a b c"
    reads_case csv-space-after-comma.csv "a b b c a c" "a b c"
    reads_case csv-edges.csv "a b 2.0 b c 1.0" "a b c"
}

# Lays out a text, and compares its edges.
reads_edges() { # TEXT EDGES [ARGS…]
    printf '%b' "$1" >list
    lay_out "${@:3}" list "$S"
    if [ "$(net "$S" edges | xargs)" != "$2" ]; then
        net "$S" edges
        false
    fi
    kill "$BG"
    ends 143 "$BG"
}

@test "CSV as spreadsheets, Gephi and pandas write it, in any encoding and with any line ends" {
    cd "$BATS_TEST_TMPDIR"
    reads_edges 'a,b\nb,c\n' "a b b c"
    reads_edges 'a;b;0,5\nb;c;1,5\n' "a b 0.5 b c 1.5"
    reads_edges 'a;b;2\r\nb;c;3\r\n' "a b 2.0 b c 3.0"
    reads_edges 'a b\rb c\r' "a b b c"
    reads_edges ',Source,Target\n0,x,y\n1,y,z\n' "x y y z"
    reads_edges 'from\tto\tweight\nx\ty\t2\n' "x y 2.0"
    reads_edges 'Target,Weight,Source\ny,2,x\n' "x y 2.0"
    reads_edges '"Smith, J.",b\n"Smith, J.",c\n' "Smith, J. b Smith, J. c"
    reads_edges 'New York\tBoston\nBoston\tSan Jose\n' "New York Boston Boston San Jose"
    reads_edges '"New York" Boston 2\n' "New York Boston 2.0"
    reads_edges 'Smith,J Doe,A\nDoe,A Roe,B\n' "Smith,J Doe,A Doe,A Roe,B"
    reads_edges '\xef\xbb\xbfSource,Target\na,b\n' "a b"
    printf 'Source;Target\nZürich;Bern\n' | iconv -f UTF-8 -t UTF-16 >list
    lay_out list "$S"
    [ "$(net "$S" edges)" = "Zürich Bern" ]
    printf 'a b\nb c\n' | gzip >list.gz
    lay_out list.gz "$S2"
    [ "$(net "$S2" edges | xargs)" = "a b b c" ]
    head -c 20 list.gz >cut.gz
    fails 3 net-layout cut.gz "$S3"
    [ "$stderr" = "net-layout: cut.gz: damaged, or not compressed by gzip" ]
}

@test "--negative: the absolute value of a negative weight, or no edge, in every format" {
    cd "$BATS_TEST_TMPDIR"
    fails 3 net-layout "$TESTS/net/cases/negative-weight.txt" "$S"
    [[ $stderr == *"line 2: the weight is negative; use --negative=abs or --negative=skip" ]]
    reads_case negative-weight.txt "a b 1.0 b c 1.0 a c 0.5" "a b c" "" --negative=abs
    reads_case negative-weight.txt "a b 1.0 a c 0.5" "a b c" \
        "edge list, 3 nodes, 2 edges, 1 component; left out: 1 edge of negative weight" --negative skip
    formats
    for file in a.list a.graphml a.gml a.pajek; do
        sed -i 's/0\.5/-0.5/' "$file"
        reads_edges "$(<"$file")" "a b 2.0 b c 1.0 a c 0.5" --negative abs
        reads_edges "$(<"$file")" "a b 2.0 b c 1.0" --negative skip
    done
    fails 2 net-layout --negative x list "$S"
}

@test "GraphML, GEXF, GML and Pajek as other programs write them" {
    cd "$BATS_TEST_TMPDIR"
    reads_case gexf.gexf "a b" "a b"
    reads_case gml-entities.gml "Zürich Bern" "Zürich Bern"
    reads_case graphml-amp-id.graphml "AT&T b" "AT&T b"
    reads_case graphml-nested.graphml "n0::n0 n0::n1 n0::n0 n1" "n0 n0::n0 n0::n1 n1"
    reads_case some-labels.graphml "Alice b" "Alice b"
    reads_case some-weights.graphml "a b 2.0 b c 1.0" "a b c"
    reads_case pajek-long-comment.net "a b" "a b"
    reads_case pajek-numbers.net "1 2 2 3" "1 2 3"
    reads_case pajek-project.paj "a b" "a b"
    reads_edges '*Vertices 3\n1 "New York" 0.1 0.2 ic Red\n*Arcs :1 "knows"\n1 2 2 c Blue\n*Edgeslist\n3 1 2\n' \
        "New York 2 2.0 New York 3 1.0 2 3 1.0"
    reads_edges '*Vertices 2\n*Matrix\n0 2\n0 0\n' "1 2 2.0"
    reads_edges 'graph [ node [ id 7 ] node [ id 8 label "x" ] edge [ source 7 target 8 ] ]\n' "7 x"
    reads_edges '<graphml><key id="w" for="edge" attr.name="weight" attr.type="unknown"><default>4</default></key>
        <graph><node id="a"><port name="p"/></node><node id="b"/><edge source="a" target="b"/></graph></graphml>' "a b 4.0"
    reads_edges '<graphml xmlns:y="y"><key id="d" yfiles.type="nodegraphics"/><graph><node id="a"><data key="d">
        <y:ShapeNode><y:NodeLabel>Anna</y:NodeLabel></y:ShapeNode></data></node><node id="b"/>
        <edge source="b" target="a"/></graph></graphml>' "Anna b"
    echo '<graphml><graph><node id="a"/><edge source="a" target="b"/></graph></graphml>' >list
    fails 3 net-layout list "$S3"
    [ "$stderr" = 'net-layout: list: an edge refers to the node "b", which is missing' ]
    echo '<svg/>' >list
    fails 3 net-layout list "$S3"
    [ "$stderr" = "net-layout: list: this is XML, but neither GraphML nor GEXF" ]
}

# Lays out a text, and compares its attributes.
reads_attributes() { # TEXT ATTRIBUTES
    printf '%b' "$1" >list
    lay_out list "$S"
    has_attributes "$2" || {
        net "$S" attributes
        false
    }
    kill "$BG"
    ends 143 "$BG"
}

has_attributes() { # ATTRIBUTES
    [ "$(net "$S" attributes)" = "$1" ]
}

@test "attributes in GraphML, GEXF, GML, Pajek and CSV reach the stream" {
    cd "$BATS_TEST_TMPDIR"
    reads_attributes 'source,target,kind,weight,km\na,b,road,2,1.5\nb,c,,1,\na,b,rail,1,7\nb,b,x,1,9\n' \
        "edges kind rail -
edges km 7 nan"
    reads_attributes 'graph [ node [ id 1 label "a" party "left &amp; green" n 2 ] node [ id 2 label "b" n 3.5 ]
        edge [ source 1 target 2 kind "kin" value 4 ] ]' "nodes party left & green -
nodes n 2 3.5
edges kind kin"
    reads_attributes '*Vertices 3\n1 "a" 0.1 0.2 ic Red\n2 "b" 0.3 0.4\n3 "c"\n*Edges\n1 2\n
*Partition sex of dolphins\n*Vertices 3\n1\n2\n1\n*Vector\n*Vertices 3\n.5\n1e3\n-2\n' "nodes x 0.1 0.3 nan
nodes y 0.2 0.4 nan
nodes color Red - -
nodes sex of dolphins 1 2 1
nodes Vector 0.5 1000 -2"
    reads_attributes '<graphml xmlns:y="y"><key id="p" for="node" attr.name="party"><default>none</default></key>
        <key id="s" for="all" attr.name="since" attr.type="int"/><key id="g"/>
        <graph><node id="a"><data key="p">left</data><data key="g"><y:Fill color="#FFCC00"/></data></node><node id="b"/>
        <edge source="b" target="a"><data key="s">1990</data></edge><edge source="b" target="b"><data key="s">1</data></edge>
        </graph></graphml>' "nodes party left none
nodes since nan nan
edges since 1990
nodes color #FFCC00 -"
    reads_attributes '<gexf xmlns:viz="v"><graph><attributes class="node"><attribute id="0" title="url"/></attributes>
        <attributes class="edge"><attribute id="0" title="year"/></attributes>
        <nodes><node id="a"><attvalues><attvalue for="0" value="u"/></attvalues><viz:color r="255" g="16" b="0"/>
        <viz:size value="3"/><viz:position x="1" y="2"/></node><node id="b"/></nodes>
        <edges><edge source="a" target="b"><attvalues><attvalue for="0" value="9"/></attvalues></edge></edges>
        </graph></gexf>' "nodes url u -
edges year 9
nodes color #ff1000 -
nodes size 3 nan
nodes x 1 nan
nodes y 2 nan"
    # more than 64, and texts that cannot be printed
    { printf 'from,to' && printf ',c%d' {1..62} && printf '\na,b' && printf ',\1\377%d' {1..62} && echo; } >list
    lay_out list "$S"
    [ "$(net "$S" attributes | sed -n '$p')" = "edges c62 ??62" ]
    { echo '<graphml>' && printf '<key id="%d" for="node" attr.name="k%d"/>' {1..70}{,} &&
        echo '<graph><node id="a"><data key="70">x</data></node></graph></graphml>'; } >list
    lay_out list "$S2"
    [[ $(<"$BG_ERR") == *"left out: attributes after the first 64" ]]
    [ "$(net "$S2" attributes | wc -l)" -eq 64 ]
}

@test "--attributes reads a table of nodes or edges; rows in a FIFO replace values" {
    cd "$BATS_TEST_TMPDIR"
    printf 'a b\nb c\n' >list
    printf '\xef\xbb\xbfId;party;load\r\nb;left;2\r\na;"far; right";0.5\r\nzz;x;1\r\nyy;x;1\r\n' >nodes.csv
    lay_out --attributes nodes.csv list "$S"
    wait_until 20 has_attributes "nodes party far; right left -
nodes load 0.5 2 nan"
    wait_until 20 grep -q more "$BG_ERR"
    [ "$(<"$BG_ERR")" = "net-layout: nodes.csv: line 4: no such node in the network; left out
net-layout: nodes.csv: 1 more rows left out" ]
    kill "$BG"
    ends 143 "$BG"
    mkfifo values
    lay_out --attributes values list "$S"
    echo $'target,kind,source\nc,road,b' >values
    wait_until 20 has_attributes "edges kind - road"
    echo a,rail,b >values
    wait_until 20 has_attributes "edges kind rail road"
    for i in {1..200}; do echo "c,$i,b"; done >values
    wait_until 20 has_attributes "edges kind rail 200"
    echo a,7,b >values
    wait_until 20 has_attributes "edges kind 7 200"
    kill "$BG"
    ends 143 "$BG"
    : >empty
    fails 3 net-layout --attributes empty list "$S3"
    [ "$stderr" = "net-layout: empty: no header; use NODE,ATTRIBUTE,… or SOURCE,TARGET,ATTRIBUTE,…" ]
    echo party >one
    fails 3 net-layout --attributes one list "$S3"
    [ "$stderr" = "net-layout: one: line 1: not the header of a table; use NODE,ATTRIBUTE,… or SOURCE,TARGET,ATTRIBUTE,…" ]
    fails 3 net-layout --attributes missing list "$S3"
    [ "$stderr" = "net-layout: missing: No such file or directory" ]
}

@test "--once waits for the end of the table of attributes" {
    cd "$BATS_TEST_TMPDIR"
    echo 'a b' >list
    { echo name,v && yes 'a,1' | head -n 6000000 && echo zz,1; } >long.csv
    run -0 --separate-stderr net-layout --once -i 0 --attributes long.csv list "$S"
    [ "$stderr" = "net-layout: long.csv: line 6000002: no such node in the network; left out" ]
}

@test "formats that cannot be read are named, with how to convert them" {
    cd "$BATS_TEST_TMPDIR"
    fails 3 net-layout "$TESTS/net/cases/dot.dot" "$S"
    [[ $stderr == *": this is DOT, the language of Graphviz; convert it with: gv2gml -o net.gml FILE" ]]
    named() { # TEXT FORMAT
        printf '%b' "$1" >list
        fails 3 net-layout list "$S"
        [[ $stderr == "net-layout: list: this is $2"* ]]
    }
    named '// comment\n/* more */ strict digraph "my net" {\n' DOT
    named 'digraph{a->b}' DOT
    named '{"nodes": []}' JSON
    named '%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n2 1\n' "a Matrix Market file"
    sed '/^%/d' list | sed 1d >converted
    reads_edges "$(<converted)" "2 1"
    named 'PK\x03\x04abc' "a zip archive"
    named 'dl n=3\n' "a DL file"
    printf 'Id,Label\n1,a\n2,b\n' >list
    fails 3 net-layout list "$S"
    [ "$stderr" = "net-layout: list: line 1: this is a table of nodes; use the table of edges" ]
    printf '*Vertices 1\n1 "Z\xfcrich"\n' >list
    fails 3 net-layout list "$S"
    [ "$stderr" = "net-layout: list: not UTF-8; convert it, for example with iconv -f LATIN1 -t UTF-8" ]
    printf 'graph of\nthe graph\n' >list # words are not DOT
    lay_out list "$S"
}

@test "truncated and corrupted files give a layout or a one-line error" {
    cd "$BATS_TEST_TMPDIR"
    formats
    for file in a.graphml a.gml a.pajek a.ncol; do
        /usr/bin/python3 - "$file" 24 <<'END'
import random, sys
text = open(sys.argv[1], "rb").read()
rng = random.Random(7)
for i in range(int(sys.argv[2])):
    bad = bytearray(text[:rng.randrange(len(text))] if i % 2 else text)
    for _ in range(rng.randrange(1, 4)):
        bad[rng.randrange(len(bad))] = rng.randrange(256)
    open(f"bad{i}", "wb").write(bad)
END
        for i in {0..23}; do
            got=0
            net-layout --once -i 3 -f "${file#*.}" "bad$i" "$S" 2>err || got=$?
            ((got == 0 || got == 3)) && (($(wc -l <err) == (got != 0))) && continue
            od -c "bad$i"
            echo "$file: $got"
            cat err
            false
        done
    done
}

@test "loops are skipped, and weights of parallel edges add up" {
    cd "$BATS_TEST_TMPDIR"
    printf 'a a\na b\nb a\nb c 2\nc b 3\nc c 9\n' >list
    lay_out list "$S"
    [ "$(net "$S" edges)" = "a b 1.0
b c 5.0" ]
    [ "$(net "$S" nodes | cut -d ' ' -f 1,2 | xargs)" = "a 1 b 2 c 1" ]
    printf 'a a\n' >loop
    clean_run net-layout --once loop "$S2"
    formats
    sed 's/^3 1 0.5/1 1 4/' a.pajek >loop
    lay_out loop "$S2"
    [ "$(net "$S2" edges | xargs)" = "a b 2.0 b c 1.0" ]
    echo '*Vertices 16777217' >many
    fails 3 net-layout many "$S3"
    [ "$stderr" = "net-layout: many: more nodes or edges than a stream can hold (2^24 and 2^28)" ]
}

@test "a million isolated nodes fill a disk evenly" {
    sanitized && nodes=100000 || nodes=1000000
    echo "*Vertices $nodes" >"$BATS_TEST_TMPDIR/many"
    clean_run net-layout --once -i 1 --record "$BATS_TEST_TMPDIR/many" "$S" >"$BATS_TEST_TMPDIR/out"
    /usr/bin/python3 - "$nodes" "$BATS_TEST_TMPDIR/out" <<'END'
import sys
import numpy as np
at = np.load(open(sys.argv[2], "rb"))
n = int(sys.argv[1])
assert at.shape == (n, 2) and np.isfinite(at).all()
# spread over a disk: each cell of a grid has a similar number of nodes
far = np.hypot(*at.T).max()
full = np.histogram2d(*at.T, bins=64, range=[[-far / 2, far / 2]] * 2)[0]
assert full.min() > 0.3 * full.mean() and full.max() < 3 * full.mean(), (full.min(), full.max())
END
}

@test "many components, isolated nodes and cliques come to rest" {
    cd "$BATS_TEST_TMPDIR"
    sanitized && size=100 || size=600
    seq 1000 >isolated
    awk -v n="$size" 'BEGIN { for (i = 0; i < n; i++) for (j = 0; j < i; j++) print i, j }' >clique
    { cat clique && seq -f s%.0f 500; } >clique-and-isolated
    awk 'BEGIN { srand(5); for (c = 0; c < 300; c++) { k = 2 + int(-6 * log(1 - rand()))
        for (i = 1; i < k; i++) print c "." i, c "." int(rand() * i) } }' >components
    seq 100000 >many
    for file in "$TESTS/net/cases/never-settles.txt" isolated clique clique-and-isolated components many; do
        clean_run timeout 300 net-layout --once --record "$file" "$S" >steps.npy
        last_step <steps.npy >positions
        awk '{ for (i = 1; i <= NF; i++) if (!($i > -1e6 && $i < 1e6)) exit 1 }' positions
    done
}

# Prints the positions of the last step that --record has written, one node per line.
last_step() {
    /usr/bin/python3 -c 'import sys, numpy
while sys.stdin.buffer.peek(1):
    step = numpy.load(sys.stdin.buffer)
numpy.savetxt(sys.stdout, step)'
}

@test "edges of weight 0 attract nothing: they neither join components nor hold leaves" {
    cd "$BATS_TEST_TMPDIR"
    printf 'a b 0\nb c 0\n' >zeros
    printf 'a b 1e-30\nb c 1e30\nc d 1e-30\nd e 1\n' >extremes
    for file in "$TESTS/net/cases/zero-weight-bridge.txt" zeros extremes; do
        for d in 2 3; do
            clean_run timeout 300 net-layout -d "$d" --once --record "$file" "$S" >steps.npy
            last_step <steps.npy >positions
            awk '{ for (i = 1; i <= NF; i++) if (!($i > -20 && $i < 20)) exit 1 }' positions
        done
    done
    # The edge is still part of the network.
    lay_out "$TESTS/net/cases/zero-weight-bridge.txt" "$S"
    [ "$(net "$S" edges | xargs)" = "a b 0.0 b c 1.0" ]
}

@test "positions that are not finite end the layout with a message" {
    cd "$BATS_TEST_TMPDIR"
    ! sanitized || return 0 # its runtime must be loaded first
    # The layout is scaled by a root.
    echo 'double pow(double x, double y) { return x * y * (0.0 / 0.0); }' | cc -shared -fPIC -o nan.so -x c -
    ring 100 >list
    fails 3 env LD_PRELOAD="$PWD/nan.so" net-layout --once list "$S"
    [ "$stderr" = "net-layout: positions are no longer finite numbers; use less extreme weights" ]
    [ ! -e "/dev/shm/$S" ]
}

@test "a signal ends the set-up of a large network: reading, placement and packing" {
    cd "$BATS_TEST_TMPDIR"
    ! sanitized || return 0 # its runtime must be loaded first
    # Raises the signal in the first call of a function that a phase calls for each line or component,
    # and reports if many more calls follow.
    cc -shared -fPIC -o stop.so -x c - <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void *__libc_malloc(size_t bytes);
static void visit(const char *phase)
{
    static int calls;
    if (strcmp(getenv("PHASE"), phase) != 0)
        return;
    calls++;
    if (calls == 1 && write(2, "signal\n", 7) == 7)
        raise(SIGTERM);
    if (calls == 40 && write(2, "went on\n", 8) != 8)
        abort();
}
void *memchr(const void *text, int c, size_t bytes)
{
    const char *at = text;
    if (c == '\n' && bytes > 1000)
        visit("reading");
    while (bytes && *at != c)
        at++, bytes--;
    return bytes ? (void *)at : NULL;
}
void *malloc(size_t bytes)
{
    if (bytes == 1237 * sizeof(int)) /* a number for each node of a component */
        visit("placement");
    return __libc_malloc(bytes);
}
double cos(double x)
{
    visit("packing");
    return ((double (*)(double))dlsym(RTLD_NEXT, "cos"))(x);
}
void sincos(double x, double *sine, double *cosine) /* compilers merge sin and cos into it */
{
    visit("packing");
    ((void (*)(double, double *, double *))dlsym(RTLD_NEXT, "sincos"))(x, sine, cosine);
}
END
    awk 'BEGIN { for (c = 0; c < 50; c++) for (i = 1; i < 1237; i++) print c "." i - 1, c "." i }' >list
    awk 'BEGIN { print "*Vertices 2000\n*Edges"; for (i = 1; i < 2000; i++) print i, i + 1 }' >pajek
    for run in "reading list" "reading pajek" "placement list" "packing list"; do
        fails 143 env LD_PRELOAD="$PWD/stop.so" PHASE="${run% *}" net-layout --once -i 1 "${run#* }" "$S"
        [ "$stderr" = signal ]
        [ ! -e "/dev/shm/$S" ]
    done
}

@test "standard input may grow: nodes keep their numbers, and the stream grows" {
    cd "$BATS_TEST_TMPDIR"
    mkfifo list
    exec 8<>list
    bg net-layout - "$S" <list
    local layout=$BG
    printf 'a b\nb c\nc' >&8
    wait_until 10 shape "2 1\|3 2 2"
    printf ' d\n' >&8
    wait_until 10 shape "4 2 3"
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    local reader=$BG
    wait_until 10 reads "$S"
    ring 20000 >&8
    wait_until 20 shape "20004 2 20003"
    [ "$(net "$S" nodes | head -n 5 | cut -d ' ' -f 1 | xargs)" = "a b c d n0" ]
    wait_until 10 reads "$S" # without help
    kill -0 "$reader"
    printf 'n0 a b c\nd n0\n' >&8
    wait_until 10 grep -q . "$BATS_TEST_TMPDIR/bg.0.err"
    wait_until 20 shape "20004 2 20004"
    [ "$(cat "$BATS_TEST_TMPDIR/bg.0.err")" = \
        "net-layout: standard input: line 20004: not an edge; use NODE NODE [WEIGHT]; left out" ]
    kill -0 "$layout"
    kill "$layout"
    ends 143 "$layout"
    exec 8>&-
    # At the end of the list it ends, with an exit status that reports the skipped line.
    fails 3 net-layout --once "$S2" <<<$'a b\nx y z\nb c'
    [ "$stderr" = "net-layout: standard input: line 2: the third word is not a weight; use a number from 0 to 1e30; left out" ]
}

shape() { # PATTERN
    net "$S" shape | grep -qx "\(${1}\) [0-9]*"
}

# A random sparse network, the same each time.
network() { # NODES
    awk -v n="$1" 'BEGIN { srand(3); for (i = 1; i < n; i++) { print i, int(rand() * i)
        if (i % 3 == 0) print i, int(rand() * i) } }'
}

@test "--record writes each step as an array; the same seed gives the same positions for any -j" {
    cd "$BATS_TEST_TMPDIR"
    network 6000 >list
    for options in "-j 1" "-j 1" "-j 2" "-j 5" "-j 2 --seed 2" "-j 2 -d 3" "-j 3 -d 3"; do
        clean_run net-layout --once -i 7 --record $options list "$S" >"${options// /}${n:=0}.npy"
        n=$((n + 1))
    done
    cmp -- -j10.npy -j11.npy
    cmp -- -j10.npy -j22.npy
    cmp -- -j10.npy -j53.npy
    run -1 cmp -s -- -j10.npy -j2--seed24.npy
    cmp -- -j2-d35.npy -j3-d36.npy
    /usr/bin/python3 - -j10.npy 2 -j2-d35.npy 3 <<'END'
import sys
import numpy as np
for name, d in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    steps = []
    with open(name, "rb") as file:
        while file.peek(1):
            steps.append(np.load(file))
    assert len(steps) == 7 and all(s.shape == (6000, d) and s.dtype == "<f4" for s in steps)
    assert all((a != b).any(axis=1).mean() > 0.9 for a, b in zip(steps, steps[1:]))
    assert (np.abs(steps[-1]).max(axis=0) > 1).all()
END
}

@test "-a igraph-fr runs igraph's layout, which cools down and settles" {
    cd "$BATS_TEST_TMPDIR"
    network 200 >list
    for dimensions in 2 3; do
        for try in a b; do
            clean_run net-layout -a igraph-fr -d "$dimensions" -i 20 --once --record list "$S" >"$try"
        done
        cmp a b
        [ "$(grep -c NUMPY -a a)" -eq 20 ]
    done
    clean_run net-layout -a igraph-fr --once --record list "$S" >a
    [ "$(grep -c NUMPY -a a)" -eq 500 ]
    lay_out -a igraph-fr list "$S"
    event-inject "$S" node_drag node=3 x=50 y=-7
    wait_until 20 at "$S" 3 "50.0 -7.0"
}

at() { # STREAM NODE POSITION
    [ "$(net "$1" positions | sed -n "$(($2 + 1))p")" = "$3" ]
}

@test "eight readers, and a stopped one: every frame is a complete step" {
    cd "$BATS_TEST_TMPDIR"
    network 2000 >list
    clean_run shm-create -s 2x2000 -f f32 "$S"
    local readers=() i
    for i in {1..8}; do
        bg shm-read -f raw -n 60 "$S" >"read.$i"
        readers+=("$BG")
    done
    bg shm-read -f raw -n 1000000 "$S" >/dev/null
    local stopped=$BG
    bg net-layout --record list "$S" >all.npy
    wait_until 10 net "$S" shape
    kill -STOP "$stopped"
    for ((i = 0; ; i++)); do # keeps the layout moving until all have read 60 frames
        event-inject "$S" node_drag "node=$((i % 60 + 1))" x=40 "y=$((i % 60 + 1))"
        all_done "${readers[@]}" && ((i >= 60)) && break
    done
    kill "$BG"
    ends 143 "$BG"
    /usr/bin/python3 - <<'END'
import numpy as np
rows = 2000 * 2 * 4
known = {}
with open("all.npy", "rb") as file:
    while file.peek(1):
        try:
            known.setdefault(np.load(file).tobytes(), len(known))
        except ValueError:  # truncated by the signal
            break
moved, first = 0, set()
for i in range(1, 9):
    text = open(f"read.{i}", "rb").read()
    assert len(text) == 60 * rows, (i, len(text))
    frames = [text[at:at + rows] for at in range(0, len(text), rows)]
    first |= {f for f in frames if f not in known}  # before the first step, or moved by an event alone
    order = [known[f] for f in frames if f in known]
    assert order == sorted(order), "a frame went backwards"
    moved += len(set(order))
assert moved > 8 * 20, moved
assert len(first) <= 1, f"{len(first)} frames that are not steps"
END
}

all_done() { # PID…
    local pid
    for pid; do
        [[ ! -e /proc/$pid ]] || pid_gone "$pid" || return 1
    done
}

@test "a dragged node stays in place and its neighbours follow, until it is dropped" {
    cd "$BATS_TEST_TMPDIR"
    ring 12 >list
    lay_out list "$S"
    event-inject "$S" node_drag node=0 x=30 y=4.5
    wait_until 10 at "$S" 0 "30.0 4.5"
    follows() { # NODE DISTANCE: the node is nearer to the dragged one than that
        net "$S" positions | awk -v row="$1" -v far="$2" 'NR == row + 1 {
            exit !(($1 - 30) ^ 2 + ($2 - 4.5) ^ 2 < far ^ 2) }'
    }
    wait_until 10 follows 1 5
    wait_until 10 follows 11 5
    at "$S" 0 "30.0 4.5"
    event-inject "$S" node_drop node=0
    let_go() {
        ! at "$S" 0 "30.0 4.5"
    }
    wait_until 10 let_go
    # Events for nodes that do not exist are ignored.
    event-inject "$S" node_drag node=12 x=1 y=1
    event-inject "$S" node_drag node=4294967295 x=1 y=1
    event-inject "$S" node_drop node=99
    event-inject "$S" node_drag node=11 x=-3 y=2
    wait_until 10 at "$S" 11 "-3.0 2.0"
    lay_out -d 3 list "$S2"
    event-inject "$S2" node_drag node=5 x=1 y=2 z=3
    wait_until 10 at "$S2" 5 "1.0 2.0 3.0"
}

@test "a paused layout shows dragged nodes, and nothing else moves" {
    cd "$BATS_TEST_TMPDIR"
    ring 50 >list
    lay_out list "$S"
    event-inject "$S" layout_pause on=1
    event-inject "$S" node_drag node=0 x=30 y=4.5
    wait_until 10 at "$S" 0 "30.0 4.5"
    net "$S" positions >before
    event-inject "$S" node_drag node=0 x=31 y=4.5
    wait_until 10 at "$S" 0 "31.0 4.5"
    net "$S" positions >after
    cmp <(tail -n +2 before) <(tail -n +2 after)
    answers "$S" layout_pause on=0
    moved() {
        ! cmp -s <(net "$S" positions | tail -n +2) <(tail -n +2 before)
    }
    wait_until 10 moved
}

@test "communities: cliques in a ring, ordered by size" {
    cd "$BATS_TEST_TMPDIR"
    awk 'BEGIN { n = 0; for (c = 0; c < 4; c++) { s = n; k = 8 + 2 * c
        for (i = 0; i < k; i++) for (j = 0; j < i; j++) print s + i, s + j
        n += k; print s, c < 3 ? n : 0 } }' >list
    lay_out list "$S"
    four() {
        [ "$(net "$S" nodes | sort -n | awk '{ print $3 }' | uniq -c | xargs)" = "8 3 10 2 12 1 14 0" ]
    }
    wait_until 10 four
    [ "$(net "$S" shape | cut -d ' ' -f 4)" = 4 ]
    # degrees match the edges
    net "$S" edges | awk '{ d[$1]++; d[$2]++ } END { for (i in d) print i, d[i] }' | sort -n >want
    net "$S" nodes | cut -d ' ' -f 1,2 | sort -n | cmp - want
}

# Number of context switches of its threads; sanitizers run threads of their own.
wakes() { # PID
    sanitized && echo 0 ||
        cat /proc/"$1"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

settled() { # PID: of the writer of $S
    local before
    before="$(wakes "$1") $(net "$S" frame)"
    blocked "$1" || return 1
    sleep 0.3
    blocked "$1" && [ "$before" = "$(wakes "$1") $(net "$S" frame)" ]
}

@test "a settled layout sleeps until an event arrives" {
    cd "$BATS_TEST_TMPDIR"
    { network 3000 && seq -f s%.0f 300 && seq 300 | sed 's/.*/t& u&/'; } >list
    lay_out -j 2 list "$S"
    layout=$BG
    wait_until 60 settled "$layout"
    before=$(wakes "$layout") frame=$(net "$S" frame)
    sleep 2 # the period without wake-ups
    [ "$(wakes "$layout")" = "$before" ]
    [ "$(net "$S" frame)" = "$frame" ]
    answers "$S" node_drag node=0 x=10 y=10
}

@test "without a free slot the layout goes on, and publishes as soon as one is free" {
    cd "$BATS_TEST_TMPDIR"
    ring 100 >list
    clean_run shm-create -n 2 -s 2x100 -f f32 "$S"
    lay_out list "$S"
    layout=$BG
    wait_until 60 settled "$layout"
    bg pin-hold "$S" >pinned
    wait_until 10 [ -s pinned ]
    event-inject "$S" node_drag node=0 x=40 y=5
    event-inject "$S" node_drop node=0
    at_rest() { # the number of dropped frames stays the same
        local before
        before=$(dropped) && sleep 0.2 && [ "$before" = "$(dropped)" ]
    }
    wait_until 20 at_rest
    event-inject "$S" node_drag node=0 x=41 y=6
    wait_until 20 at_rest
    before=$(wakes "$layout") began=${EPOCHREALTIME/[.,]/}
    sleep 1
    now=$(wakes "$layout")
    (((now - before) * 1000000 <= 30 * (${EPOCHREALTIME/[.,]/} - began))) # a few retries per second
    kill -KILL "$BG"
    wait_until 10 at "$S" 0 "41.0 6.0"
    wait_until 10 settled "$layout"
}

dropped() {
    shm-ls -l "$S" | sed -n 's/.*frames .* published, \([0-9]*\) dropped.*/\1/p'
}

@test "progress is shown on a terminal only" {
    cd "$BATS_TEST_TMPDIR"
    network 500 >list
    clean_run net-layout --once -i 300 list "$S"
    /usr/bin/python3 - "$S" >shown <<'END'
import os, pty, sys
def read(fd):
    text = os.read(fd, 4096)
    return text
code = os.waitstatus_to_exitcode(pty.spawn(["net-layout", "--once", "-i", "300", "list", sys.argv[1]], read))
sys.exit(code)
END
    tr '\r' '\n' <shown | grep -E "^$S: 500 nodes, [0-9]+ edges, step 300, energy [0-9.e+-]+, moved [0-9.e+-]+, [0-9.e+]+ nodes/s"
}

@test "an existing stream is used unchanged, or refused in one line" {
    cd "$BATS_TEST_TMPDIR"
    ring 100 >list
    clean_run shm-create -s 2x100 -f f32 "$S"
    lay_out list "$S"
    fails 3 net-layout list "$S"
    [ "$stderr" = "net-layout: $S: already written by pid $BG (net-layout)" ]
    kill "$BG"
    ends 143 "$BG"
    [ -e "/dev/shm/$S" ]
    # The stream existed before, so it remains for the next layout.
    lay_out list "$S"
    ring 2000 >large
    fails 3 net-layout large "$S"
    kill "$BG"
    ends 143 "$BG"
    fails 3 net-layout large "$S"
    [[ $stderr == "net-layout: $S: too small for 2000 nodes, which take 16000 bytes, and "* ]]
    clean_run shm-create -s 64x48 "$S2"
    bg frame-gen -o "$S2"
    wait_until 10 eval 'shm-ls -l "$S2" | grep -q frame-gen'
    fails 3 net-layout list "$S2"
    [ "$stderr" = "net-layout: $S2: already written by pid $BG (frame-gen)" ]
}

@test "the layout follows a replaced stream and ends with a removed one, active or settled" {
    cd "$BATS_TEST_TMPDIR"
    ring 100 >list
    lay_out list "$S"
    layout=$BG
    wait_until 60 settled "$layout"
    clean_run shm-create --replace -s 2x200 -f f32 "$S"
    wait_until 10 net "$S" shape
    wait_until 10 settled "$layout"
    answers "$S" node_drag node=0 x=10 y=10
    clean_run shm-rm -f "$S"
    ends 0 "$layout"
    network 20000 >list
    lay_out list "$S"
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
}

@test "a failure of standard output ends the layout" {
    cd "$BATS_TEST_TMPDIR"
    ring 100 >list
    fails 3 net-layout --record list "$S" >/dev/full
    [[ $stderr == "net-layout: standard output: "* ]]
    [ ! -e "/dev/shm/$S" ]
    fails 3 net-layout --record list "$S" > >(:)
    [ ! -e "/dev/shm/$S" ]
}

@test "at rest, distances and neighbours resemble those of the network" {
    # Network, stress at most, near neighbours at least; sfdp has 0.098 0.63, 0.020 0.97, 0.22 0.35.
    while read -r network stress near; do
        [[ $network == grid20 ]] || ! sanitized || continue
        "$TESTS/net/net-quality.py" -l net-layout "$network" >"$BATS_TEST_TMPDIR/quality"
        echo "$network: $(cat "$BATS_TEST_TMPDIR/quality")"
        awk -v stress="$stress" -v near="$near" '{ exit !($3 <= stress && $4 >= near) }' \
            "$BATS_TEST_TMPDIR/quality"
    done <<'END'
zachary 0.085 0.6
grid20 0.016 0.99
cycle500 0.018 1
random-tree500 0.17 0.5
END
}

# Prints the box of each component from the places of its nodes in a file, where component C has nodes
# C.0, C.1 …, and other nodes are alone.
boxes() { # POSITIONS NAMES
    paste -d ' ' "$2" "$1" | awk '{ split($1, part, "."); c = part[1]
        if (!(c in n) || $2 < low_x[c]) low_x[c] = $2
        if (!(c in n) || $2 > high_x[c]) high_x[c] = $2
        if (!(c in n) || $3 < low_y[c]) low_y[c] = $3
        if (!(c in n) || $3 > high_y[c]) high_y[c] = $3
        n[c]++ }
        END { for (c in n) print low_x[c], high_x[c], low_y[c], high_y[c], n[c] }' | sort -k 5,5nr
}

@test "components are packed around the largest, and keep apart" {
    cd "$BATS_TEST_TMPDIR"
    # Complete graphs, whose boxes are nearly their shapes, and nodes without edges.
    awk 'BEGIN { for (c = 0; c < 60; c++) for (i = 0; i < 40 - c / 2; i++) for (j = 0; j < i; j++)
        print "c" c "." i, "c" c "." j; for (i = 0; i < 300; i++) print "s" i }' >list
    for options in "-a bh" "-a fr"; do
        clean_run net-layout $options --once --record list "$S" >steps.npy
        last_step <steps.npy >positions
        awk '{ for (i = 1; i <= NF; i++) if (!($i in seen)) { seen[$i]; print $i } }' list >names
        boxes positions names | awk '
            NR == 1 { x = ($1 + $2) / 2; y = ($3 + $4) / 2; far = $2 - $1 }
            { for (k in low_x) if ($1 < high_x[k] && low_x[k] < $2 && $3 < high_y[k] && low_y[k] < $4) {
                print "overlap of", $5, "and", n[k], "nodes"; bad = 1 }
              low_x[NR] = $1 + ($2 - $1) * 0.1; high_x[NR] = $2 - ($2 - $1) * 0.1
              low_y[NR] = $3 + ($4 - $3) * 0.1; high_y[NR] = $4 - ($4 - $3) * 0.1; n[NR] = $5
              if (NR == 1 || $1 < left) left = $1; if (NR == 1 || $2 > right) right = $2
              if (NR == 1 || $3 < bottom) bottom = $3; if (NR == 1 || $4 > top) top = $4 }
            END { dx = (left + right) / 2 - x; dy = (bottom + top) / 2 - y
                print dx, dy, right - left, top - bottom, far
                exit bad || dx * dx + dy * dy > (right - left) ^ 2 / 100 || NR != 360 ||
                    (right - left) / (top - bottom) > 1.3 || (top - bottom) / (right - left) > 1.3 }'
    done
}

@test "--nice sets the priority" {
    cd "$BATS_TEST_TMPDIR"
    ring 10 >list
    nice_of() { # PID
        sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 17
    }
    before=$(nice_of $$)
    lay_out --nice 0 list "$S"
    [ "$(nice_of "$BG")" = "$before" ]
    lay_out list "$S2"
    [ "$(nice_of "$BG")" -eq $((before + 19 > 19 ? 19 : before + 19)) ]
    for bad in -1 20 x; do
        fails 2 net-layout --nice "$bad" list "$S3"
    done
}

@test "the example of shmcast-net(5)" {
    cd "$BATS_TEST_TMPDIR"
    printf 'a b\n' >list
    lay_out list "$S"
    wait_until 10 settled "$BG"
    sed -n '/^import mmap/,/^\.Ed/{/^\.Ed/!p}' "$ROOT/man/shmcast-net.5" |
        sed "s,/dev/shm/net,/dev/shm/$S,; s,\\\\e,\\\\,g" >mean.py
    clean_run /usr/bin/python3 mean.py >mean
    awk '{ exit !($1 > 0.8 && $1 < 1.25) }' mean # a single edge has a length of about 1
}
