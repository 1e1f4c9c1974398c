#!/usr/bin/env bats
# rtc-serve's signalling, and its viewers' roles, control and limits. For the video itself see
# rtc-media.bats and rtc-page.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server
load ../support/helper

SERVER_PROGRAM=rtc-serve
VIEW=only-for-the-eyes-0001
CONTROL=hands+on/everything=0002

client() {
    "$TESTS/server/rtc-client.py" "$@"
}

setup() {
    common_setup
    AS=() # prefix of commands that act on the server as its user
    HEAD=$BATS_TEST_TMPDIR/head
    BODY=$BATS_TEST_TMPDIR/body
}

# Serves stream $S, with frames that keep coming.
scene() {
    shm-create -s 64x48 "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 20 -o "$S"
    serve "$@" "$S"
    SERVER=$BG
    SERVER_ERR=$BG_ERR
}

# Writes both tokens to the file $T.
tokens() {
    T=$BATS_TEST_TMPDIR/tokens
    (umask 077 && printf 'view %s\ncontrol %s\n' "$VIEW" "$CONTROL" >"$T")
}

offer() {
    cat "$TESTS/server/rtc-offer.sdp"
}

# POSTs standard input to $URL/PATH as TYPE. Prints the status; saves the headers in $HEAD, the body in $BODY.
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

stat_is() {
    [ "$(stat_of "$1")" = "$2" ]
}

# The server's usage: descriptors, threads, kilobytes.
descriptors() {
    ls "/proc/$SERVER/fd" | wc -l
}

threads() {
    ls "/proc/$SERVER/task" | wc -l
}

memory() {
    awk '/^VmRSS/ { print $2 }' "/proc/$SERVER/status"
}

# Saves the usage without viewers. While GStreamer starts it varies by two descriptors; a peer has more
# than that.
save_usage() {
    FILES=$(descriptors)
    THREADS=$(threads)
}

as_before() {
    stat_is 's["viewers"], s["webrtc"]["peers"]' '(0, 0)' && [ "$(descriptors)" -le $((FILES + 2)) ] &&
        [ "$(threads)" -le $((THREADS + WORKERS)) ]
}

no_warnings() {
    [ ! -s "$SERVER_ERR" ]
}

# Waits until all viewers and their resources are gone. A few idle worker threads of GLib may remain.
usage_restored() {
    WORKERS=4
    ! sanitized || WORKERS=5 # plus the leak checker's
    wait_until 20 as_before || {
        echo "$(descriptors) descriptors, $FILES before; $(threads) threads, $THREADS before"
        return 1
    }
}

@test "missing plugins of GStreamer are named in one line, with their Debian packages" {
    shm-create -s 64x48 "$S"
    plugins=$(pkg-config --variable=pluginsdir gstreamer-1.0)
    # A registry of its own: GStreamer remembers where it has seen plugins.
    export GST_REGISTRY=$BATS_TEST_TMPDIR/registry GST_PLUGIN_SYSTEM_PATH_1_0=$BATS_TEST_TMPDIR/plugins
    mkdir "$GST_PLUGIN_SYSTEM_PATH_1_0"
    fails 3 rtc-serve -p 0 "$S"
    [ "$stderr" = "rtc-serve: GStreamer has no vp8enc rtpvp8pay; apt-get install gstreamer1.0-plugins-good" ]
    for library in vpx rtp; do
        ln -s "$plugins/libgst$library.so" "$GST_PLUGIN_SYSTEM_PATH_1_0"
    done
    fails 3 rtc-serve -p 0 --codec h264 "$S"
    [ "$stderr" = "rtc-serve: GStreamer has no openh264enc; apt-get install gstreamer1.0-plugins-bad" ]
}

@test "an offer to whep: 201, an answer with candidates, and the headers of WHEP" {
    scene
    [ "$(offer | whep)" = 201 ]
    [ "$(head_of content-type)" = application/sdp ]
    [[ $(head_of location) =~ ^whep/[0-9a-f]{32}$ ]]
    [[ $(head_of etag) =~ ^\"[0-9a-f]{16}\"$ ]]
    grep -q '^m=video [1-9].* UDP/TLS/RTP/SAVPF 96' "$BODY"
    grep -q '^a=sendonly' "$BODY"
    grep -q '^a=msid:shmcast video' "$BODY"
    grep -q '^a=candidate:.*typ host' "$BODY"
    grep -q '^m=application [1-9]' "$BODY"
    stat_is 's["viewers"], s["viewer_list"][0]["transport"]' "(1, 'webrtc')"
    curl -sS "$URL/metrics" | grep -q "^shmcast_viewers{stream=\"$S\",transport=\"webrtc\"} 1$"
    where=$(head_of location)
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    stat_is 's["viewers"]' 0
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 404 ]
    [ "$(offer | sed 's/^a=rtcp-mux/a=rtcp-mux-only/' | whep)" = 201 ]
    grep -q '^a=rtcp-mux.$' "$BODY"
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$(head_of location)")" = 200 ]
    # the same under the stream's name
    [ "$(offer | post "$S/whep" application/sdp)" = 201 ]
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$S/$(head_of location)")" = 200 ]
    kill "$SERVER"
    ends 143 "$SERVER"
    [ ! -s "$SERVER_ERR" ]
}

@test "an offer by FURY: JSON in both directions, audio rejected" {
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
    stat_is 's["viewers"]' 1
}

@test "a client that answers the server's offer plays the video and has control" {
    scene
    clean_run client "$URL/" counter frames=3 open '{"type":"hello"}' 'text="type":"state"' 'text="type":"frame"' go
    wait_until 10 stat_is 's["viewers"]' 0
}

@test "a page that speaks the FURY protocol plays WebRTC and has control" {
    scenario www "a page that speaks the FURY protocol plays WebRTC and has control"
}

@test "an invalid or unanswerable offer gets its own status and leaves nothing behind" {
    scene
    save_usage
    for bad in 'v=0' 'GET /' '{"sdp":"v=0"}' $'v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n' \
        "$(yes 'a=candidate:x' | head -n 500)"; do
        echo "$bad"
        [ "$(printf %s "$bad" | whep)" = 400 ]
        [ "$(wc -l <"$BODY")" = 1 ]
    done
    [ "$(head -c 60000 /dev/urandom | whep)" = 400 ]
    # no common codec, truncated before the codecs, empty m=video lines, no video, send-only video, no bundle:
    # an offer of the server
    for change in 's/VP8/XYZ/' '9,$d' 's/^m=.*/m=video/' '/^m=video/,/^a=fmtp/d;s/^a=group.*/a=group:BUNDLE 1/' \
        's/a=recvonly/a=sendonly/' '/^a=rtcp-mux/d'; do
        [ "$(offer | sed "$change" | whep)" = 406 ]
        [ "$(head_of content-type)" = application/sdp ]
        grep -q '^a=sendonly' "$BODY"
        grep -q '^a=setup:actpass' "$BODY"
        grep -q '^a=rtcp-mux-only' "$BODY"
        where=$(head_of location)
        # which only an answer to it accepts, once
        [ "$(echo v=0 | post "$where" application/sdp -X PATCH)" = 400 ]
        [ "$(offer | post "$where" application/trickle-ice-sdpfrag -X PATCH)" = 415 ]
        [ "$(head_of accept-patch)" = application/sdp ]
        [ "$(offer | sed 's/actpass/passive/' | post "$where" application/sdp -X PATCH)" = 204 ]
        stat_is 's["viewers"]' 1
        [ "$(offer | post "$where" application/sdp -X PATCH)" = 409 ]
        [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    done
    # wrong type, too long, length missing, empty
    [ "$(offer | post whep text/plain)" = 415 ]
    [ "$(head_of accept-post)" = application/sdp ]
    [ "$(offer | post whep application/sdpx)" = 415 ]
    [ "$(head -c 65537 /dev/zero | whep)" = 413 ]
    [ "$(head -c 5000000 /dev/zero | whep -H 'Expect:')" = 413 ]
    [ "$(offer | whep -H 'Transfer-Encoding: chunked')" = 411 ]
    [ "$(: | whep)" = 400 ]
    [ "$(: | whep -H 'Content-Length:')" = 411 ]
    # other methods and paths
    for method in PUT PATCH DELETE; do
        [ "$(: | whep -X $method)" = 405 ]
        [ "$(head_of allow)" = "GET, HEAD, POST, OPTIONS" ]
    done
    for method in POST PUT; do
        [ "$(: | post whep/0123456789abcdef0123456789abcdef application/sdp -X $method)" = 405 ]
        [ "$(head_of allow)" = "GET, HEAD, PATCH, DELETE, OPTIONS" ]
    done
    [ "$(offer | post whep/0123456789abcdef0123456789abcdef application/sdp -X PATCH)" = 404 ]
    [ "$(offer | whep)" = 201 ]
    where=$(head_of location)
    [ "$(offer | post "$where" application/sdp -X PATCH)" = 409 ]
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    for method in '' -I; do
        # shellcheck disable=SC2086
        [ "$(curl -sS $method -o /dev/null -w '%{http_code} %{size_download} %{content_type}' "$URL/whep")" = "200 0 application/sdp" ]
        # shellcheck disable=SC2086
        [ "$(curl -sS $method -o /dev/null -w '%{http_code} %{size_download}' "$URL/whep/0123456789abcdef0123456789abcdef")" = "204 0" ]
    done
    for id in 0123456789abcdef0123456789abcdef x ''; do
        [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/whep/$id")" = 404 ]
    done
    [ "$(offer | post other/whep application/sdp)" = 405 ]
    usage_restored
    # the server still works
    [ "$(offer | whep)" = 201 ]
}

# Sends 100 offers at once. The answers are in $BATS_TEST_TMPDIR/all, lines of status, location and
# Retry-After.
offer_100() {
    offer >"$BATS_TEST_TMPDIR/offer"
    curl -sS -Z --parallel-max 100 -m 30 -o /dev/null -w '%{http_code} %header{location}%header{retry-after}\n' \
        -H 'Content-Type: application/sdp' --data-binary "@$BATS_TEST_TMPDIR/offer" "$@" "$URL/whep?[1-100]" \
        >"$BATS_TEST_TMPDIR/all"
    sort "$BATS_TEST_TMPDIR/all" | cut -c 1-8 | uniq -c
    [ "$(wc -l <"$BATS_TEST_TMPDIR/all")" = 100 ]
}

end_answered() {
    while read -r _ where; do
        [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$where")" = 200 ]
    done < <(grep ^201 "$BATS_TEST_TMPDIR/all")
}

@test "a hundred offers at once: 24 are answered, the others get Retry-After, all can be ended" {
    scene
    save_usage
    offer_100
    answered=$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")
    [ "$answered" = 24 ]
    [ "$(grep -cx '429 1' "$BATS_TEST_TMPDIR/all")" = 76 ]
    [ "$(stat_of 's["viewers"]')" = 24 ]
    end_answered
    usage_restored
    no_warnings
}

@test "an address that makes many offers leaves room for others" {
    scene --max-per-address 200
    save_usage
    offer_100 --interface 127.0.0.9
    [ "$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")" = 8 ]
    [ "$(grep -cx '429 1' "$BATS_TEST_TMPDIR/all")" = 92 ]
    [ "$(offer | whep --interface 127.0.0.9)" = 429 ]
    grep -qx 'too many offers from this address at a time' "$BODY"
    [ "$(offer | whep)" = 201 ]
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$(head_of location)")" = 200 ]
    end_answered
    usage_restored
    no_warnings
}

@test "an offer that arrives byte by byte is cut off after 10 seconds" {
    scene
    clean_run python3 - "$PORT" <<'END'
import socket, sys, time
began = time.monotonic()
socks = []
for path, kind in ((b"whep", b"application/sdp"), (b"offer", b"application/json"), (b"whep", b"text/plain")):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
    s.sendall(b"POST /" + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + kind +
              b"\r\nContent-Length: 5000\r\n\r\nv=0")
    s.setblocking(False)
    socks.append(s)
while socks:
    assert time.monotonic() - began < 120, f"{len(socks)} are still open"
    time.sleep(0.5)
    for s in list(socks):
        try:
            s.send(b"x")
            if s.recv(1000) == b"":
                socks.remove(s)
        except BlockingIOError:
            pass
        except OSError:
            socks.remove(s)
assert time.monotonic() - began > 9
END
    no_warnings
}

@test "a low --max-viewers leaves descriptors for every peer" {
    scene --max-viewers 40
    save_usage
    offer_100
    [ "$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")" = 24 ]
    end_answered
    usage_restored
    no_warnings
}

# Offers exhaust a limit of the server: some are answered, the others get 503, and it serves on.
exhaust() {
    save_usage
    for _ in 1 2 3; do
        offer_100
        [ "$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")" -ge 1 ]
        [ "$(grep -c '^503 1' "$BATS_TEST_TMPDIR/all")" -ge 1 ]
        run ! grep -Evq '^(201 whep/|503 1|429 1)' "$BATS_TEST_TMPDIR/all"
        end_answered
        usage_restored
    done
    clean_run client "$URL/" frames=2 go
    no_warnings
}

@test "too few descriptors for another peer: 503, and the others continue" {
    ulimit -n 300
    scene --max-viewers 40
    exhaust
}

# Serves as a user without privileges: root's threads have no limit.
scene_unprivileged() {
    SERVER_PROGRAM=$BATS_TEST_TMPDIR/unprivileged
    ((EUID)) || AS=(setpriv --reuid=64999 --regid=64999 --clear-groups)
    printf '#!/bin/sh\nexec %s rtc-serve "$@"\n' "${AS[*]}" >"$SERVER_PROGRAM"
    chmod 755 "$SERVER_PROGRAM" "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 "$S"
    ((EUID)) || chown 64999 "/dev/shm/$S"
    bg frame-gen -s 64x48 -f yuv420p -r 20 -o "$S"
    serve "$S"
    SERVER=$BG
    SERVER_ERR=$BG_ERR
}

# While a resource of the server is limited, offers get 503, with a line about the resource; then they are
# answered again, and the viewer from before has continued.
limited() { # RESOURCE LIMIT LINE
    viewer stays open '{"type":"hello"}' all
    connected 1
    local hard
    hard=$("${AS[@]}" prlimit --pid "$SERVER" "--$1" -o HARD --noheadings)
    "${AS[@]}" prlimit --pid "$SERVER" "--$1=$2:"
    [ "$(offer | whep)" = 503 ]
    [[ $(<"$BODY") == "$3"* ]]
    wait_until 20 seen stays $(($(grep -c '"type":"frame"' "$BATS_TEST_TMPDIR/stays") + 20))
    "${AS[@]}" prlimit --pid "$SERVER" "--$1=${hard// /}:"
    [ "$(offer | whep)" = 201 ]
    no_warnings
}

@test "too few threads: 503, and the others continue" {
    scene_unprivileged
    limited nproc "$(threads)" "too few threads"
}

@test "too little memory: 503, and the others continue" {
    ! sanitized || skip "sanitizers reserve more address space than any limit"
    scene
    limited as $(($(awk '/^VmSize/ { print $2 }' "/proc/$SERVER/status") * 1024 + 10000000)) "too little memory"
    limited data $(($(awk '/^VmData/ { print $2 }' "/proc/$SERVER/status") * 1024 + 10000000)) "too little memory"
}

@test "a viewer costs no thread, a descriptor and one for each address, and little memory" {
    export MALLOC_ARENA_MAX=1
    scene
    [ "$(offer | whep)" = 201 ]
    addresses=$(grep -c '^a=candidate:.*typ host' "$BODY")
    [ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$URL/$(head_of location)")" = 200 ]
    wait_until 20 stat_is 's["viewers"], s["webrtc"]["peers"]' '(0, 0)'
    save_usage
    before=$(memory)
    offer_100
    answered=$(grep -c '^201 whep/' "$BATS_TEST_TMPDIR/all")
    [ "$answered" = 24 ]
    echo "$answered viewers: $(($(threads) - THREADS)) threads, $(($(descriptors) - FILES)) descriptors, $(($(memory) - before)) kB"
    [ "$(threads)" -le $((THREADS + 1)) ]
    [ "$(descriptors)" -le $((FILES + answered * (addresses + 1) + 4)) ]
    sanitized || [ $(($(memory) - before)) -lt $((answered * 400)) ]
}

@test "two hundred viewers join and leave, and nothing remains" {
    export MALLOC_ARENA_MAX=1 # otherwise memory depends on which threads allocated at once
    scene
    save_usage
    clean_run client --crowd 40 "$URL/"
    usage_restored
    before=$(memory)
    clean_run client --crowd 200 "$URL/"
    usage_restored
    echo "$before kB before, $(memory) kB after"
    sanitized || [ "$(memory)" -lt $((before + 4000)) ]
    stat_is 's["webrtc"]["width"], s["webrtc"]["height"]' '(64, 48)'
    no_warnings
}

# Starts a viewer in the background: its output goes to OUT, its pid to $VIEWER.
viewer() { # OUT WORD...
    local out=$BATS_TEST_TMPDIR/$1
    shift
    : >"$out"
    bg "$TESTS/server/rtc-client.py" "$URL/" "$@" >"$out"
    VIEWER=$BG
}

# Waits until the viewer has printed a line with PART.
wait_printed() { # OUT PART
    wait_until 20 grep -qF -- "$2" "$BATS_TEST_TMPDIR/$1"
}

connected() { # COUNT
    wait_until 20 stat_is 's["webrtc"]["peers"]' "$1"
}

@test "events over the data channel: the roles, tokens and limits of the WebSocket" {
    tokens
    scene --token-file "$T" --max-events 20
    bg event-read -f json "$S" >"$BATS_TEST_TMPDIR/events"
    run -1 client "$URL/" open
    [[ $output == 401\ * ]]
    TOKEN=nonsense-nonsense-no run -1 client "$URL/" open
    [[ $output == 401\ * ]]
    export TOKEN=$CONTROL
    viewer controls open '{"type":"hello"}' 'text="type":"state"' \
        '{"type":"pointer_down","x":0.25,"y":0.75,"button":1}' '{"type":"pointer_move","x":0.5,"y":0.5,"buttons":[1]}' \
        '{"type":"ping","t":17}' 'text="type":"pong"' 'text="type":"frame"' frames=2 stay
    controller=$VIEWER
    wait_printed controls '"t":17'
    wait_printed controls '"type":"frame"'
    grep -q '"role":"control","control":"any","steering":true' "$BATS_TEST_TMPDIR/controls"
    grep -q '{"type":"frame","seq":[0-9]*,"event":[0-9]*,"t":[0-9.]*,"rtp":[0-9]*}' "$BATS_TEST_TMPDIR/controls"
    wait_until 10 grep -q '"pointer_move"' "$BATS_TEST_TMPDIR/events"
    grep -q '"pointer_down".*"x":0.25,"y":0.75' "$BATS_TEST_TMPDIR/events"
    # a viewer without control learns its role, and its input is refused
    TOKEN=$VIEW viewer watches open '{"type":"hello"}' 'text="type":"state"' '{"type":"key_down","key":"x"}' \
        '{"type":"ping","t":18}' 'text="type":"pong"' stats stay
    wait_printed watches '"viewer_list"'
    grep -q '"role":"view"' "$BATS_TEST_TMPDIR/watches"
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/watches" | python3 -c 'import json, sys
print([(v["role"], v["refused"], v["events"]) for v in json.load(sys.stdin)["viewer_list"] if v["role"] == "view"])')" = "[('view', 1, 0)]" ]
    run ! grep -q key_down "$BATS_TEST_TMPDIR/events"
    # moves above the limit are dropped, presses never
    burst=()
    for ((i = 0; i < 200; i++)); do
        burst+=('{"type":"pointer_move","x":0.1,"y":0.'$((i + 100))'}')
    done
    viewer hasty open "${burst[@]}" '{"type":"key_down","key":"q"}' '{"type":"ping","t":19}' 'text="type":"pong"' stats go
    wait_printed hasty '"viewer_list"'
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/hasty" | python3 -c 'import json, sys
last = json.load(sys.stdin)["viewer_list"][0]
print(last["limited"] > 100, 1 < last["events"] < 100, last["limited"] + last["events"])')" = "True True 201" ]
    wait_until 10 grep -q '"key_down".*"q"' "$BATS_TEST_TMPDIR/events"
    # it left: the key that it held is released
    wait_until 20 grep -q '"key_up".*"q"' "$BATS_TEST_TMPDIR/events"
    run ! grep -q '"pointer_up"' "$BATS_TEST_TMPDIR/events"
    # the same for a killed viewer
    kill -9 "$controller"
    wait_until 30 grep -q '"pointer_up"' "$BATS_TEST_TMPDIR/events"
    ends 137 "$controller"
}

# True if the server printed PART COUNT times.
warned() { # PART COUNT
    [ "$(grep -cF -- "$1" "$SERVER_ERR")" = "$2" ]
}

@test "an invalid message ends its sender and no other viewer" {
    scene -v
    viewer stays open frames=1 stay
    connected 1
    ended=0
    for bad in '{' '{"type":"nonsense","x":1' '{"type":"pointer_move","x":"a"}'; do
        viewer bad open "$bad" stay
        wait_until 20 warned " over WebRTC was closed: " $((++ended))
        stat_is 's["viewers"]' 1
        ends 0 "$VIEWER"
    done
    printf -v bad '{%65536s' '' # one byte too long
    viewer bad open "$bad" stay
    wait_until 20 warned "a message over 64 KiB" 1
    stat_is 's["viewers"]' 1
    ends 0 "$VIEWER"
    connected 1
}

@test "three viewers cost one encode" {
    scene
    viewer a frames=200000
    viewer b frames=200000
    viewer c frames=200000
    connected 3
    read -r made sent < <(stat_of '"%d %d" % (s["webrtc"]["pictures"], s["webrtc"]["packets"])')
    wait_until 20 stat_is "s['webrtc']['pictures'] >= $made + 60" True
    read -r made2 sent2 < <(stat_of '"%d %d" % (s["webrtc"]["pictures"], s["webrtc"]["packets"])')
    echo "$((made2 - made)) frames, $((sent2 - sent)) packets to three viewers, one per frame"
    [ $((sent2 - sent)) -ge $((3 * (made2 - made) - 6)) ]
}

# True if the viewer of OUT has printed COUNT frame messages, one per line.
seen() { # OUT COUNT
    [ "$(grep -c '"type":"frame"' "$BATS_TEST_TMPDIR/$1")" -ge "$2" ]
}

@test "frames are wanted while video is sent" {
    scene
    bg event-read --viewers "$S" </dev/null >"$BATS_TEST_TMPDIR/shown"
    shown() { [ "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/shown" | xargs)" = "$*" ]; }
    wait_until 20 shown hide
    viewer a open frames=2 stay
    wait_until 20 shown hide show
    connected 1
    kill "$VIEWER"
    wait_until 60 shown hide show hide
}

@test "a stopped viewer, an absent one and a killed one are removed, and delay nobody" {
    scene
    save_usage
    [ "$(offer | whep)" = 201 ] # never connects
    # clients that disconnect before their answer, at any moment
    for ((i = 1; i <= 20; i++)); do
        offer | curl -sS -o /dev/null -m "0.0$((i / 4))$((i % 4 + 1))" -H 'Content-Type: application/sdp' \
            --data-binary @- "$URL/whep" 2>/dev/null || true
    done
    viewer stops frames=1000000
    stops=$VIEWER
    viewer killed frames=1000000
    killed=$VIEWER
    viewer stays open '{"type":"hello"}' all
    connected 3
    kill -STOP "$stops"
    kill -9 "$killed"
    ends 137 "$killed"
    many=$(grep -c '"type":"frame"' "$BATS_TEST_TMPDIR/stays")
    wait_until 20 seen stays $((many + 60))
    wait_until 30 stat_is 's["viewers"], s["webrtc"]["peers"]' '(1, 1)'
    many=$(grep -c '"type":"frame"' "$BATS_TEST_TMPDIR/stays")
    wait_until 20 seen stays $((many + 20))
    kill -KILL "$stops" "$VIEWER"
    usage_restored
    no_warnings
}

@test "kill -9 of the writer and of the server: the others continue" {
    shm-create -s 64x48 "$S"
    bg frame-gen -s 64x48 -f yuv420p -r 20 -o "$S"
    writer=$BG
    serve "$S"
    SERVER=$BG
    SERVER_ERR=$BG_ERR
    bg event-read "$S" >"$BATS_TEST_TMPDIR/events"
    viewer a open '{"type":"hello"}' '{"type":"pointer_down","x":0.5,"y":0.5,"button":1}' all
    wait_until 20 seen a 5
    kill -9 "$writer"
    ends 137 "$writer"
    bg frame-gen -s 48x32 -f rgb24 -r 20 -o "$S"
    wait_until 20 stat_is 's["webrtc"]["peers"]' 1
    many=$(grep -c '"type":"frame"' "$BATS_TEST_TMPDIR/a")
    wait_until 20 seen a $((many + 20))
    stat_is 's["webrtc"]["width"], s["webrtc"]["height"]' '(48, 32)'
    kill -9 "$SERVER"
    ends 137 "$SERVER"
    serve "$S"
    SERVER=$BG
    clean_run client "$URL/" open frames=2 '{"type":"key_down","key":"z"}' '{"type":"ping","t":1}' \
        'text="type":"pong"' go
    wait_until 10 grep -q '^key_up.*key=z' "$BATS_TEST_TMPDIR/events"
    [ "$(shm-ls | grep -cw -- "$S")" = 1 ]
}

@test "a viewer that begins the DTLS handshake, and one without a data channel" {
    scene
    clean_run client "$URL/" active open frames=2 '{"type":"ping","t":5}' 'text="type":"pong"' go
    clean_run client "$URL/" nochannel frames=2 go
}

@test "the server ends: its viewers notice at once" {
    scene
    viewer stays frames=2 open '{"type":"hello"}' 'text="type":"state"' stay
    local stays=$VIEWER
    wait_printed stays '"type":"state"'
    viewer watches nochannel frames=2 stats stay
    wait_printed watches '"peers"'
    kill "$SERVER"
    ends 143 "$SERVER"
    ends 0 "$VIEWER"
    ends 0 "$stays"
    no_warnings
}

@test "pages of other sites: CORS as for images, control only with --origin" {
    scene --cors https://see.example --origin https://control.example
    for path in whep whep/0123456789abcdef0123456789abcdef; do
        [ "$(curl -sS -D "$HEAD" -o "$BODY" -w '%{http_code}' -X OPTIONS -H 'Origin: https://see.example' \
            -H 'Access-Control-Request-Method: POST' "$URL/$path")" = 204 ]
        [ "$(head_of access-control-allow-origin)" = https://see.example ]
        [[ $(head_of access-control-allow-methods) == *POST* && $(head_of access-control-allow-methods) == *DELETE* ]]
        [[ ${path#whep} || $(head_of accept-post) == application/sdp ]]
    done
    [ "$(offer | whep -H 'Origin: https://see.example')" = 201 ]
    [ "$(head_of access-control-allow-origin)" = https://see.example ]
    [[ $(head_of access-control-expose-headers) =~ [Ll]ocation ]]
    stat_is 's["viewer_list"][0]["role"]' view
    [ "$(offer | whep -H 'Origin: https://control.example')" = 201 ]
    stat_is 's["viewer_list"][0]["role"]' control
    [ "$(offer | whep -H 'Origin: https://evil.example')" = 403 ]
    [ "$(offer | whep -H 'Host: evil.example')" = 421 ]
    stat_is 's["viewers"]' 2
}

@test "the stream is removed: the viewers end, the server ends, and nothing leaks" {
    export ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0 # otherwise the leak checker cannot attribute GLib's leaks
    export LSAN_OPTIONS=$LSAN_OPTIONS:suppressions=$TESTS/server/glib.supp:print_suppressions=0
    scene --www "$TESTS/server" # the leak checker reads the file in the confined server
    clean_run client --crowd 4 "$URL/"
    [ "$(offer | whep)" = 201 ]
    viewer a frames=1000000
    connected 1
    clean_run shm-rm -f "$S"
    ends 0 "$SERVER" 20
    no_warnings
}

@test "--turn-file: a URL in a file of this user alone" {
    shm-create -s 64x48 "$S"
    file=$BATS_TEST_TMPDIR/turn
    (umask 077 && echo 'turn://me:se%2fcret@turn.example:3478?transport=udp' >"$file")
    serve --turn-file "$file" "$S"
    stat_is 's["iceServers"]' \
        "[{'urls': 'turn:turn.example:3478?transport=udp', 'username': 'me', 'credential': 'se/cret'}]"
    fails 3 rtc-serve -p 0 --turn-file "$file.none" "$S"
    [ "$stderr" = "rtc-serve: $file.none: No such file or directory" ]
    chmod 644 "$file"
    fails 3 rtc-serve -p 0 --turn-file "$file" "$S"
    [ "$stderr" = "rtc-serve: $file: other users can read or write it; run chmod go= $file" ]
    chmod 600 "$file"
    for bad in '' 'stun://turn.example' 'turn://turn.example' $'turn://a:b@c\nmore'; do
        printf %s "$bad" >"$file"
        fails 2 rtc-serve -p 0 --turn-file "$file" "$S"
        [[ $stderr != *a:b* ]]
    done
}

# Prints the Nth example of the man page, with $S and $PORT.
example() {
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$ROOT/man/rtc-serve.1" |
        awk -v n="$1" '/^\.Ed/ { inside = 0 } inside && block == n; /^\.Bd/ { block++; inside = 1 }' |
        sed "s/\\bview\\b/$S/g; s/8080/$PORT/; s/\\\\e\$/\\\\/"
}

@test "the man page's examples run" {
    PORT=$(free_port)
    URL=http://127.0.0.1:$PORT
    example 1 >"$BATS_TEST_TMPDIR/1"
    example 2 >"$BATS_TEST_TMPDIR/2"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/1")" = 3 ]
    bg bash "$BATS_TEST_TMPDIR/1" >"$BATS_TEST_TMPDIR/out"
    wait_listen "$PORT"
    bg bash -c "$(<"$BATS_TEST_TMPDIR/2") wait"
    clean_run client "$URL/" frames=2 go
    clean_run curl -sS -m 20 -o "$BODY" "$URL/snapshot.jpg"
    [ "$(head -c 2 "$BODY" | od -An -tx1 | tr -d ' ')" = ffd8 ]
    clean_run bash -c "$(example 4)" | grep -q '"transports":\["webrtc","ws","mjpeg"\]'
    # for other machines: the server accepts the options
    T=$BATS_TEST_TMPDIR
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
    tokens
    (umask 077 && echo 'turn://user:password@turn.example:3478?transport=udp' >"$BATS_TEST_TMPDIR/turn")
    bg bash -c 'cd "$BATS_TEST_TMPDIR" && eval "exec $0"' "$(example 3 | sed 's/-b 0.0.0.0/-p 0/')" >"$BATS_TEST_TMPDIR/out3"
    wait_until 20 grep -q '^https://' "$BATS_TEST_TMPDIR/out3"
}
