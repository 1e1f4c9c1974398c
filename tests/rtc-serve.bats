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

# What the server has: descriptors, threads, kilobytes.
descriptors() {
    ls "/proc/$SERVER/fd" | wc -l
}

threads() {
    ls "/proc/$SERVER/task" | wc -l
}

memory() {
    awk '/^VmRSS/ { print $2 }' "/proc/$SERVER/status"
}

# Remembers it, while nobody looks.
note_usage() {
    FILES=$(descriptors)
    THREADS=$(threads)
}

as_before() {
    says 's["viewers"], s["webrtc"]["peers"]' '(0, 0)' && [ "$(descriptors)" = "$FILES" ] &&
        [ "$(threads)" -le $((THREADS + WORKERS)) ]
}

# Nobody is left, nor anything of theirs, but a few workers of GLib's that wait for more work.
nothing_kept() {
    WORKERS=4
    ! sanitized || WORKERS=5 # and one that looks for leaks
    wait_until 20 as_before || {
        echo "$(descriptors) descriptors, $FILES before; $(threads) threads, $THREADS before"
        return 1
    }
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

@test "what is no offer, or can't be answered, gets a status of its own, and nothing is kept" {
    scene
    note_usage
    for bad in 'v=0' 'GET /' '{"sdp":"v=0"}' $'v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n' \
        "$(yes 'a=candidate:x' | head -n 500)"; do
        echo "$bad"
        [ "$(printf %s "$bad" | whep)" = 400 ]
        [ "$(wc -l <"$BODY")" = 1 ]
    done
    [ "$(head -c 60000 /dev/urandom | whep)" = 400 ]
    # no codec in common, or cut off before them, nothing told of the video, none, video that is only sent
    [ "$(offer | sed 's/VP8/XYZ/' | whep)" = 406 ]
    [ "$(offer | head -c 300 | whep)" = 406 ]
    [ "$(offer | sed 's/^m=.*/m=video/' | whep)" = 406 ]
    [ "$(offer | sed '/^m=video/,/^a=fmtp/d;s/^a=group.*/a=group:BUNDLE 1/' | whep)" = 406 ]
    [ "$(offer | sed 's/a=recvonly/a=sendonly/' | whep)" = 406 ]
    # of another type, too long, of no length, nothing
    [ "$(offer | post whep text/plain)" = 415 ]
    [ "$(head_of accept-post)" = application/sdp ]
    [ "$(offer | post whep application/sdpx)" = 415 ]
    [ "$(head -c 65537 /dev/zero | whep)" = 413 ]
    [ "$(head -c 5000000 /dev/zero | whep -H 'Expect:')" = 413 ]
    [ "$(offer | whep -H 'Transfer-Encoding: chunked')" = 411 ]
    [ "$(: | whep)" = 400 ]
    [ "$(: | whep -H 'Content-Length:')" = 411 ]
    # other methods, other places
    for method in GET PUT PATCH DELETE; do
        [ "$(: | whep -X $method)" = 405 ]
        [ "$(head_of allow)" = "POST, OPTIONS" ]
    done
    for method in GET POST PATCH; do
        [ "$(: | post whep/0123456789abcdef0123456789abcdef application/sdp -X $method)" = 405 ]
        [ "$(head_of allow)" = "DELETE, OPTIONS" ]
    done
    for id in 0123456789abcdef0123456789abcdef x ''; do
        [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/whep/$id")" = 404 ]
    done
    [ "$(offer | post other/whep application/sdp)" = 405 ]
    nothing_kept
    # it goes on
    [ "$(offer | whep)" = 201 ]
}

@test "a hundred offers at once: some are answered, the others told to come again, all can be ended" {
    scene
    note_usage
    offer >"$BATS_TEST_TMPDIR/offer"
    curl -sS -Z --parallel-max 100 -m 30 -o /dev/null -w '%{http_code} %header{location}%header{retry-after}\n' \
        -H 'Content-Type: application/sdp' --data-binary "@$BATS_TEST_TMPDIR/offer" "$URL/whep?[1-100]" \
        >"$BATS_TEST_TMPDIR/all"
    sort "$BATS_TEST_TMPDIR/all" | cut -c 1-8 | uniq -c
    [ "$(wc -l <"$BATS_TEST_TMPDIR/all")" = 100 ]
    answered=$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")
    [ "$answered" = 32 ]
    [ "$(grep -cx '429 1' "$BATS_TEST_TMPDIR/all")" = 68 ]
    [ "$(stat_of 's["viewers"]')" = 32 ]
    while read -r _ where; do
        [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    done < <(grep ^201 "$BATS_TEST_TMPDIR/all")
    nothing_kept
    [ ! -s "$SERVER_ERR" ]
}

@test "two hundred viewers come and go, and leave nothing behind" {
    export MALLOC_ARENA_MAX=1 # or what there is depends on which threads met
    scene
    note_usage
    clean_run client --crowd 40 "$URL/"
    nothing_kept
    before=$(memory)
    clean_run client --crowd 200 "$URL/"
    nothing_kept
    echo "$before kB before, $(memory) kB after"
    sanitized || [ "$(memory)" -lt $((before + 4000)) ]
    says 's["webrtc"]["width"], s["webrtc"]["height"]' '(64, 48)'
    [ ! -s "$SERVER_ERR" ]
}
