#!/usr/bin/env bats
# net-read: the network of a stream as tables, GraphML and SVG.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

# Puts a network into the stream $S: three nodes, a fourth alone.
network() { # LINE…
    clean_run shm-create -s 3x1000 -f f32 -p 100000 "$S"
    mkfifo "$BATS_TEST_TMPDIR/put"
    exec 8<>"$BATS_TEST_TMPDIR/put" # opening a single end would block
    bg net-put "$S" <"$BATS_TEST_TMPDIR/put" 8>&- >"$BATS_TEST_TMPDIR/shown"
    printf '%s\n' 'node -1 0 0 0 a,b' 'node 1 0.5 0 0 "<&>"' 'node 0 1 0 1' 'node 3 3 3 2 #d' \
        'edge 0 1' 'edge 0 2' "$@" show >&8
    wait_until 20 test -s "$BATS_TEST_TMPDIR/shown"
}

@test "tables of nodes and edges, with attributes" {
    network 'attribute texts party left right, 3 -' 'attribute numbers load 1 0.25 nan 1e9' \
        'attribute numbers degree 1 1 1 1' 'attribute edge-texts kind road rail'
    run -0 --separate-stderr net-read "$S"
    [ -z "$stderr" ]
    [ "$output" = 'name,x,y,z,degree,community,part,party,load
"a,b",-1,0,0,2,1,1,left,1
"""<&>""",1,0.5,0,1,1,1,"right,",0.25
2,0,1,0,1,2,1,3,
"#d",3,3,3,0,3,2,-,1000000000' ]
    run -0 net-read -f edges "$S"
    [ "$output" = 'source,target,weight,kind
"a,b","""<&>""",1,road
"a,b",2,1,rail' ]
}

@test "-x leaves out nodes with their edges, and edges" {
    network 'attribute edge-texts kind road rail'
    [ "$(net-read -x 'degree<1' -x community=1 "$S" | cut -d , -f 1 | xargs)" = "name 2" ]
    [ "$(net-read -f edges -x 'degree<1' -x community=2 "$S" | wc -l)" -eq 2 ]
    [ "$(net-read -f edges -x kind=road "$S" | sed 's/.*,//' | xargs)" = "kind rail" ]
    [ "$(net-read -x kind=road -x part!=1 "$S" | wc -l)" -eq 4 ]
    run -3 --separate-stderr net-read -x 'party=left' "$S"
    [ "$stderr" = "net-read: $S: party=left: no such attribute" ]
    run -3 --separate-stderr net-read -x "$(printf '%064d' 1)<2" "$S"
    [ "$stderr" = "net-read: $S: $(printf '%064d' 1)<2: no such attribute" ]
}

@test "GraphML and SVG are well-formed and complete" {
    network 'attribute texts party left right <3 -' 'attribute edge-numbers km 1.5 2.5'
    net-read -f graphml "$S" >"$BATS_TEST_TMPDIR/net.graphml"
    net-read -f svg -m colour=party -m edge-colour=km -m edge-width=km -m label=party -m size=degree "$S" \
        >"$BATS_TEST_TMPDIR/net.svg"
    /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

g = {"g": "http://graphml.graphdrawing.org/xmlns"}
root = tree.parse(sys.argv[1] + "/net.graphml").getroot()
keys = {k.get("id"): k.get("attr.name") for k in root.findall("g:key", g)}
nodes = {n.get("id"): {keys[d.get("key")]: d.text for d in n.findall("g:data", g)}
         for n in root.findall(".//g:node", g)}
assert [n["name"] for n in nodes.values()] == ["a,b", '"<&>"', "2", "#d"], nodes
assert nodes["n1"]["x"] == "1" and nodes["n1"]["y"] == "0.5" and nodes["n2"]["party"] == "<3"
edges = [(e.get("source"), e.get("target"), {keys[d.get("key")]: d.text for d in e})
         for e in root.findall(".//g:edge", g)]
assert edges == [("n0", "n1", {"weight": "1", "km": "1.5"}), ("n0", "n2", {"weight": "1", "km": "2.5"})], edges

s = {"s": "http://www.w3.org/2000/svg"}
root = tree.parse(sys.argv[1] + "/net.svg").getroot()
circles = {c[0].text: c for c in root.findall(".//s:circle", s)}
at = {name: (float(c.get("cx")), float(c.get("cy"))) for name, c in circles.items()}
assert at["a,b"][0] < at["2"][0] < at['"<&>"'][0] < at["#d"][0]
assert at["#d"][1] < at["2"][1] < at['"<&>"'][1] < at["a,b"][1]
assert len({c.get("fill") for c in circles.values()}) == 4
lines = root.findall(".//s:line", s)
assert [l.get("stroke-width") for l in lines] == ["1.00", "6.00"]
texts = [t.text for t in root.findall(".//s:text", s)]
assert {"left", "<3", "party", "edges: km", "left (1)", "2.5"} <= set(texts), texts
PYTHON
}

@test "characters that XML does not have, and numbers close together, leave GraphML and SVG valid" {
    network $'node 2 2 2 0 \xef\xbf\xbf\xef\xbf\xbe\xef\xbf\xbd\xf0\x9f\x98\x80' 'attribute edge-numbers w 0 5e-324' \
        'attribute numbers size 0 5e-324 0 0 0' $'attribute edge-texts \xef\xbf\xbf \xef\xbf\xbe -'
    net-read -f graphml "$S" >"$BATS_TEST_TMPDIR/net.graphml"
    net-read -f svg -m size=size -m edge-width=w -m edge-colour=$'\xef\xbf\xbf' "$S" >"$BATS_TEST_TMPDIR/net.svg"
    /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

for name in "net.graphml", "net.svg":
    texts = [e.text for e in tree.parse(sys.argv[1] + "/" + name).iter()]
    assert "\ufffd\ufffd\ufffd\U0001f600" in texts, texts
text = open(sys.argv[1] + "/net.svg").read()
assert '"nan"' not in text and '"-nan"' not in text, text
PYTHON
}

@test "net-layout reads what net-read prints, and --start keeps the places" {
    [ -x "$BUILD/net-layout" ] || skip "no net-layout here"
    cd "$BATS_TEST_TMPDIR"
    network 'attribute texts party left right "q" -'
    net-read "$S" >nodes.csv
    net-read -f edges "$S" >edges.csv
    net-read -f graphml "$S" >net.graphml
    bg net-layout -d 3 --start -i 0 --attributes nodes.csv net.graphml "$S2"
    wait_until 20 same_nodes
    run -3 --separate-stderr timeout 60 net-layout --start edges.csv "$S3"
    [ "$stderr" = "net-layout: --start: not every node has the attributes x and y" ]
}

same_nodes() { # but for the communities, which net-layout finds itself
    diff <(net-read -t 20 "$S2" | without_communities) <(without_communities <nodes.csv)
}

without_communities() {
    /usr/bin/python3 -c 'import csv, sys
for row in csv.reader(sys.stdin):
    print(row[:5] + row[6:])'
}

@test "waits for the network, up to -t; other streams are refused in one line" {
    clean_run shm-create -s 3x1000 -f f32 -p 100000 "$S"
    run -1 --separate-stderr net-read -t 0 "$S"
    [ "$stderr" = "net-read: $S: no network before the time-out" ]
    bg net-read "$S"
    wait_until 20 blocked "$BG"
    shm-rm -f "$S"
    ends 1 "$BG"
    [ "$(<"$BG_ERR")" = "net-read: $S: removed before there was a network" ]
    clean_run shm-create -s 8x8 -f gray8 "$S2"
    head -c 64 /dev/zero | shm-write -f gray8 "$S2"
    run -3 --separate-stderr net-read -t 5 "$S2"
    [ "${#stderr_lines[@]}" -eq 1 ]
    run -2 --separate-stderr net-read -f pdf "$S"
    [ "$stderr" = "net-read: -f pdf: must be one of csv edges graphml svg" ]
    run -2 --separate-stderr net-read -m party "$S"
    run -2 --separate-stderr net-read -x party "$S"
}
