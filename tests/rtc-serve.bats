#!/usr/bin/env bats
# rtc-serve's signalling, and its viewers as viewers: roles, control, limits. What they see is in
# rtc-page.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load helper

SERVER_PROGRAM=rtc-serve
VIEW=only-for-the-eyes-0001
CONTROL=hands+on/everything=0002

client() {
    "$TESTS/rtc-client.py" "$@"
}

setup() {
    common_setup
    HEAD=$BATS_TEST_TMPDIR/head
    BODY=$BATS_TEST_TMPDIR/body
}

# A stream of S with pictures that go on, served.
scene() {
    shm-create -s 64x48 "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 20 -o "$S"
    serve "$@" "$S"
    SERVER=$BG
    SERVER_ERR=$BG_ERR
}

# The file $T with both tokens.
tokens() {
    T=$BATS_TEST_TMPDIR/tokens
    (umask 077 && printf 'view %s\ncontrol %s\n' "$VIEW" "$CONTROL" >"$T")
}

offer() {
    cat "$TESTS/rtc-offer.sdp"
}

# POSTs standard input to $URL/PATH as TYPE; prints the status. The head is in $HEAD, the body in $BODY.
post() {
    local path=$1 type=$2
    shift 2
    curl -sS -m 20 -D "$HEAD" -o "$BODY" -w '%{http_code}' --data-binary @- -H "Content-Type: $type" \
        "$@" "$URL/$path"
}

whep() {
    post whep application/sdp "$@"
}

head_of() {
    tr -d '\r' <"$BATS_TEST_TMPDIR/head" | sed -n "s/^$1: //Ip"
}

stat_of() {
    curl -sS -m 20 "$URL/stats" | python3 -c 'import json, sys; print(eval(sys.argv[1], {"s": json.load(sys.stdin)}))' "$1"
}

says() {
    [ "$(stat_of "$1")" = "$2" ]
}

descriptors() {
    ls "/proc/$SERVER/fd" | wc -l
}

threads() {
    ls "/proc/$SERVER/task" | wc -l
}

@test "an offer to whep: 201, an answer with candidates, and what WHEP says of headers" {
    scene
    [ "$(offer | whep)" = 201 ]
    [ "$(head_of content-type)" = application/sdp ]
    [[ $(head_of location) =~ ^whep/[0-9a-f]{32}$ ]]
    [[ $(head_of etag) =~ ^\"[0-9a-f]{16}\"$ ]]
    grep -q '^m=video [1-9].* UDP/TLS/RTP/SAVPF 96' "$BODY"
    grep -q '^a=sendonly' "$BODY"
    grep -q '^a=candidate:.*typ host' "$BODY"
    grep -q '^m=application [1-9]' "$BODY"
    says 's["viewers"], s["viewer_list"][0]["transport"]' "(1, 'webrtc')"
    curl -sS "$URL/metrics" | grep -q "^shmcast_viewers{stream=\"$S\",transport=\"webrtc\"} 1$"
    where=$(head_of location)
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    says 's["viewers"]' 0
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 404 ]
    # and below the stream's name
    [ "$(offer | post "$S/whep" application/sdp)" = 201 ]
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$S/$(head_of location)")" = 200 ]
    kill "$SERVER"
    ends 143 "$SERVER"
    [ ! -s "$SERVER_ERR" ]
}

@test "FURY's offer: JSON both ways, its audio rejected" {
    scene
    {
        offer | sed '/^m=application/,$d'
        printf 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n'
        offer | grep -a -m 1 ice-ufrag
        offer | grep -a -m 1 ice-pwd
        offer | grep -a -m 1 fingerprint
        printf 'a=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n'
    } >"$BATS_TEST_TMPDIR/sdp"
    python3 -c 'import json, sys; print(json.dumps({"sdp": sys.stdin.buffer.read().decode(), "type": "offer", "video_transform": "none"}))' \
        <"$BATS_TEST_TMPDIR/sdp" >"$BATS_TEST_TMPDIR/json"
    [ "$(post offer application/json <"$BATS_TEST_TMPDIR/json")" = 200 ]
    [ "$(head_of content-type)" = application/json ]
    python3 -c 'import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["type"] == "answer" and set(answer) == {"sdp", "type"}
lines = answer["sdp"].split("\r\n")
assert any(line.startswith("m=audio 0 ") for line in lines), lines
assert any(line.startswith("m=video 9 ") for line in lines), lines' "$BODY"
    for bad in '' '{' '[]' '{"type":"offer"}' '{"sdp":"v=0"}' '{"sdp":"","type":"offer"}' '{"sdp":1,"type":"offer"}' \
        '{"sdp":"v=0","type":"answer"}' '{"sdp":"v=0","sdp":"v=0","type":"offer"}' '{"sdp":"v=0\u0000","type":"offer"}' \
        '{"sdp":"v=0\q","type":"offer"}' '{"sdp":"\ud800","type":"offer"}' '{"sdp":"v=0","type":"offer"} x' \
        '{"sdp":"v=0","type":"offer","a":{}}' '{"sdp":"v=0","type":"offer"' $'{"sdp":"\xff","type":"offer"}'; do
        echo "$bad"
        [ "$(printf %s "$bad" | post offer application/json)" = 400 ]
    done
    [ "$(post offer text/plain <"$BATS_TEST_TMPDIR/json")" = 415 ]
    says 's["viewers"]' 1
}

@test "a page that speaks as FURY does plays by WebRTC and steers" {
    scenario www "a page that speaks as FURY does plays by WebRTC and steers"
}
