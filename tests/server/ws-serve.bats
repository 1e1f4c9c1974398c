#!/usr/bin/env bats
# ws-serve over real sockets: curl, ffmpeg, and ws-client.py, which implements RFC 6455 itself.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize,threads
load ../support/helper

client() {
    "$TESTS/server/ws-client.py" "$@"
}

# Serves a stream S, 64x48, with an encoder.
scene() {
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -a "$S"
    serve "$@" "$S"
    WS=ws://127.0.0.1:$PORT/ws
}

# Writes COUNT frames, each after the one before was encoded: packet N shows frame N.
pictures() {
    local n
    for ((n = 0; n < $1; n++)); do
        shown=$(stat_of 's["pictures"]')
        ffmpeg -v error -f lavfi -i "testsrc=s=${2:-64x48}" -frames:v 1 -pix_fmt yuv420p \
            -f yuv4mpegpipe - | shm-write "${3:-$S}"
        wait_until 10 stat_is 's["pictures"] > '"$shown"
    done
}

frames() { # number of frames published
    shm-ls -j "$S" | grep -o '"published":[0-9]*' | sed -n '1s/.*://p'
}

packets_past() {
    [ "$(shm-ls -j "$S" | grep -o '"published":[0-9]*' | sed -n '2s/.*://p')" -gt "$1" ]
}

# Writes frames until the test ends.
moving() {
    bg bash -c "exec frame-gen -s ${2:-64x48} -f yuv420p -r ${3:-50} -o ${1:-$S}"
}

stat_of() {
    curl -fsS "$URL/${2:-$S}/stats" | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"
}

stat_is() {
    [ "$(stat_of "$1" "${2-}")" = True ]
}

status_of() {
    rm -f "$BATS_TEST_TMPDIR/body"
    curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "$@"
}

header_of() {
    curl -s -o /dev/null -D - "$2" | tr -d '\r' | sed -n "s/^$1: //Ip"
}

# Starts a client in the background, its output in $OUT.
bg_client() {
    OUT=$BATS_TEST_TMPDIR/client.$BG_COUNT
    : >"$OUT"
    bg "$TESTS/server/ws-client.py" "$@" >"$OUT"
}

events() {
    event-read --from start -n "$1" -t 5 "${2:-$S}" | sed 's/ t=.*//'
}

# --- starting and ending ---

@test "one line on stdout: the address; SIGTERM, SIGINT and SIGHUP end it with their status" {
    shm-create -s 64x48 "$S"
    for signal in TERM:143 INT:130 HUP:129; do
        serve "$S"
        [[ $(cat "$BATS_TEST_TMPDIR"/serve.*.out | tail -n 1) =~ ^http://127\.0\.0\.1:[0-9]+/$ ]]
        [ "$(status_of "$URL/")" = 200 ]
        kill -"${signal%:*}" "$BG"
        ends "${signal#*:}" "$BG"
        [ ! -s "$BG_ERR" ]
    done
    [ "$(cat "$BATS_TEST_TMPDIR"/serve.*.out | wc -l)" = 3 ]
}

@test "bad options and names: exit 2" {
    fails_usage ws-serve
    fails 2 ws-serve a/b
    fails 2 ws-serve -p 65536 "$S"
    fails 2 ws-serve -p -1 "$S"
    fails 2 ws-serve -p http "$S"
    fails 2 ws-serve --max-viewers 0 "$S"
    fails 2 ws-serve "$S" "/$S"
    [[ $stderr = *"named twice"* ]]
    for origin in example.com http:// 'http://a b' 'http://a/' 'http://a,http://b'; do
        fails 2 ws-serve --origin "$origin" "$S"
    done
    shm-create -s 64x48 "$S"
    fails 2 ws-serve -b no.such.host.invalid "$S"
}

@test "no such stream, port in use, an address of another machine, stdout closed: exit 3" {
    fails 3 ws-serve "$S"
    [[ $stderr = "ws-serve: $S: no such stream"* ]]
    shm-create -s 64x48 "$S"
    fails 3 ws-serve "$S" "$S2"
    [[ $stderr = "ws-serve: $S2: no such stream"* ]]
    serve "$S"
    fails 3 ws-serve -p "$PORT" "$S"
    [[ $stderr = "ws-serve: 127.0.0.1 port $PORT: Address already in use; choose another"* ]]
    fails 3 ws-serve -p 0 -b 192.0.2.1 "$S"
    fails 3 ws-serve -p 0 "$S" >&-
    fails 3 ws-serve -p 0 "$S" >/dev/full
}

@test "an address beyond loopback: one warning" {
    shm-create -s 64x48 "$S"
    serve -b 0.0.0.0 "$S"
    [ "$(wc -l <"$BG_ERR")" = 1 ]
    grep -q 'reached from other machines' "$BG_ERR"
    serve -b 127.0.0.2 "$S"
    [ ! -s "$BG_ERR" ]
    [ "$URL" = "http://127.0.0.2:$PORT" ]
    [ "$(status_of "$URL/")" = 200 ]
}

@test "IPv6" {
    skip_without_ipv6
    shm-create -s 64x48 "$S"
    serve -b ::1 "$S"
    [ "$URL" = "http://[::1]:$PORT" ]
    [ ! -s "$BG_ERR" ]
    [ "$(status_of -g "$URL/")" = 200 ]
}

@test "-v: a line for each viewer that joins or leaves" {
    scene -v
    pictures 1
    client "$WS" --count 1 --quiet
    wait_until 5 grep -q "viewer 1 left: 1 packets sent, 0 skipped" "$BG_ERR"
    grep -q "^ws-serve: $S: viewer 1 joined: WebSocket from 127.0.0.1$" "$BG_ERR"
    [ "$(wc -l <"$BG_ERR")" = 2 ]
}

# --- paths ---

@test "the page and its files, at / and in the stream's folder" {
    scene
    for folder in "$URL/" "$URL/$S/"; do
        for file in :text/html page.css:text/css icon.svg:image/svg+xml \
            $(cd "$ROOT/lib/server/web" && printf '%s:text/javascript ' *.js); do
            name=${file%%:*}
            type=${file#*:}
            [ "$(status_of "$folder$name")" = 200 ]
            cmp "$BATS_TEST_TMPDIR/body" "$ROOT/lib/server/web/${name:-index.html}"
            [ "$(header_of content-type "$folder$name" | sed 's/;.*//')" = "$type" ]
            [ "$(header_of x-content-type-options "$folder$name")" = nosniff ]
            [ "$(header_of cache-control "$folder$name")" = no-cache ]
            [[ $(header_of content-security-policy "$folder$name") = "default-src 'self'; "* ]]
        done
    done
    [ "$(status_of "$URL/$S")" = 308 ]
    [ "$(header_of location "$URL/$S")" = "$S/" ]
}

@test "404, 405, 400, 426" {
    scene
    for path in nothing "$S/nothing" "$S/page.css/" "$S/ws/x" index.html page/index.html \
        ..%2f..%2fetc/passwd %2e%2e/%2e%2e/etc/passwd "$S/../../../../etc/passwd" "$S/%2e%2e/x" \
        ws/ "${S}x/" "${S%?}/"; do
        echo "$path"
        [ "$(status_of --path-as-is "$URL/$path")" = 404 ]
    done
    for method in POST PUT DELETE PATCH OPTIONS BREW; do
        [ "$(status_of -X $method "$URL/stats")" = 405 ]
        curl -s -X $method -D - "$URL/" -o /dev/null | grep -iq '^allow: GET, HEAD'
    done
    [ "$(status_of -d body "$URL/")" = 405 ]
    [ "$(status_of "$URL/ws")" = 426 ]
    for bytes in 'hello\r\n\r\n' '\x16\x03\x01\x02\0\x01\0\r\n' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'; do
        client "$URL/" --bytes "$bytes" | grep -q '^HTTP/1.1 400 Bad Request'
    done
    # libwebsockets before 4.3 has an answer; later ones hang up.
    answer=$(client "$URL/" --bytes 'GET /%00x HTTP/1.0\r\n\r\n')
    [[ $answer == end || $answer == "HTTP/1.0 400"* ]]
    client "$URL/" --bytes 'CONNECT a:80 HTTP/1.1\r\n\r\n' | grep -q '^HTTP/1.1 405'
    # two requests at once, and one after an unwanted body
    [ "$(curl -s -d body "$URL/" "$URL/" -o /dev/null -o /dev/null -w '%{http_code}.')" = 405.405. ]
    [ "$(client "$URL/" --bytes "GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" | grep -c '^{"name"')" = 2 ]
}

@test "HEAD has the headers of GET and no body" {
    scene
    pictures 1
    for path in "" page.js snapshot.jpg stats nothing; do
        curl -s -I "$URL/$path" | grep -iv '^age' >"$BATS_TEST_TMPDIR/head"
        curl -s -D - -o "$BATS_TEST_TMPDIR/body" "$URL/$path" >"$BATS_TEST_TMPDIR/get"
        [ "$path" = stats ] || diff "$BATS_TEST_TMPDIR/head" "$BATS_TEST_TMPDIR/get"
        size=$(tr -d '\r' <"$BATS_TEST_TMPDIR/get" | sed -n 's/^content-length: //Ip')
        [ "$size" = "$(stat -c %s "$BATS_TEST_TMPDIR/body")" ]
    done
    # on one connection: a body after HEAD would be taken for the next header
    [ "$(client "$URL/" --bytes 'HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' | grep -c '^HTTP/1.1 200 OK')" = 2 ]
    curl -s -I "$URL/stream.mjpg" | grep -q '^content-type: multipart/x-mixed-replace; boundary=shmcast'
    stat_is 's["viewers"] == 0'
}

@test "several streams: a list with their names escaped, nothing else at the root" {
    odd="$S<b>&+ %41\"é"
    shm-create -s 64x48 "$odd"
    shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 -a "$S2"
    serve "$odd" "$S2"
    [ "$(status_of "$URL/")" = 200 ]
    grep -qF "<li><a href=\"$S2/\">" "$BATS_TEST_TMPDIR/body"
    grep -qF "<span class=\"name\">$S2</span>" "$BATS_TEST_TMPDIR/body"
    code="$S%3Cb%3E%26%2B%20%2541%22%C3%A9"
    grep -qF "<li><a href=\"$code/\">" "$BATS_TEST_TMPDIR/body"
    grep -qF "<span class=\"name\">$S&lt;b&gt;&amp;+ %41\"é</span>" "$BATS_TEST_TMPDIR/body"
    [ "$(status_of "$URL/$code/")" = 200 ]
    [ "$(header_of location "$URL/$code")" = "$code/" ]
    [ "$(stat_of 's["name"]' "$code")" = "$odd" ]
    for path in ws stream.mjpg snapshot.jpg stats video/mjpeg; do
        [ "$(status_of "$URL/$path")" = 404 ]
    done
    [ "$(status_of "$URL/page.css")" = 200 ]
    [ "$(status_of "$URL/$code/snapshot.jpg")" = 503 ]
    ffmpeg -v error -f lavfi -i testsrc=s=64x48 -frames:v 1 -pix_fmt yuv420p -f yuv4mpegpipe - |
        shm-write "$S2"
    client "ws://127.0.0.1:$PORT/$S2/ws" --count 1 --quiet
    [ "$(status_of "$URL/$code/snapshot.jpg")" = 503 ]
    shm-rm -f "$odd"
}

@test "stats" {
    scene
    [ "$(stat_of 's["newest"]')" = None ]
    pictures 2
    bg_client "$WS" --stay --ack --send '{"type":"pointer_move","x":0,"y":1}'
    wait_until 5 stat_is 's["events"] == 1 and s["viewer_list"][0]["acked"] == 1 and s["viewer_list"][0]["sent"] == 1'
    stat_of 's' >"$BATS_TEST_TMPDIR/stats"
    shm-ls -j "$S" >"$BATS_TEST_TMPDIR/ls" || true
    bytes=$(curl -s "$URL/snapshot.jpg" | wc -c)
    stat_is 's["name"] == "'"$S"'" and len(s["generation"]) == 16'
    stat_is 's["pictures"] == 2 and s["dropped"] == 0 and s["viewers"] == 1'
    stat_is 's["newest"] | {"age_ms": 0} == {"seq": 2, "frame": 2, "event": 0, "width": 64, "height": 48, "bytes": '"$bytes"', "age_ms": 0}'
    stat_is '0 < s["newest"]["age_ms"] < 60000'
    stat_is 's["sent"] == {"pictures": 1, "parts": 0, "bytes": '"$bytes"'}'
    stat_is 'len(s["viewer_list"]) == 1 and s["viewer_list"][0].items() >= {"id": 1, "transport": "websocket", "sent": 1, "skipped": 0, "acked": 1, "bytes": '"$bytes"', "window": 2, "in_flight": 0, "ignored": 0}.items()'
    stat_is '0 < s["viewer_list"][0]["srtt_ms"] < 60000'
}

@test "stats and streams: whether the writers are live, stopped or gone" {
    writers() { # FRAMES PACKETS
        stat_is '[s["writers"][k] for k in ("frames", "packets")] == '"[$1, $2]" &&
            curl -fsS "$URL/streams" | python3 -c 'import json, sys
assert json.load(sys.stdin)[0]["writers"] == {"frames": '"$1"', "packets": '"$2"'}'
    }
    shm-create -s 64x48 "$S"
    serve "$S"
    writers None None
    bg shm-encode -s 0 -a "$S"
    local encoder=$BG
    wait_until 10 writers None '"live"'
    pictures 1
    writers '"gone"' '"live"'
    moving
    wait_until 10 writers '"live"' '"live"'
    kill -STOP "$BG" "$encoder"
    wait_until 10 writers '"stopped"' '"stopped"'
    kill -CONT "$BG" "$encoder"
    wait_until 10 writers '"live"' '"live"'
    kill "$encoder"
    ends 143 "$encoder"
    writers '"live"' '"gone"'
}

# --- snapshot ---

@test "snapshot: the newest picture, ETag, 304; 503 before there is one" {
    scene
    [ "$(status_of "$URL/snapshot.jpg")" = 503 ]
    [ "$(cat "$BATS_TEST_TMPDIR/body")" = "no picture yet" ]
    pictures 1
    [ "$(status_of "$URL/snapshot.jpg")" = 200 ]
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/body"
    etag=$(header_of etag "$URL/snapshot.jpg")
    [ "$etag" = "\"$(stat_of 's["generation"]')-1\"" ]
    [ "$(status_of -H "If-None-Match: $etag" "$URL/snapshot.jpg")" = 304 ]
    [ ! -e "$BATS_TEST_TMPDIR/body" ]
    [ "$(status_of -H "If-None-Match: \"other\", W/$etag" "$URL/snapshot.jpg")" = 304 ]
    [ "$(status_of -H 'If-None-Match: "other"' "$URL/snapshot.jpg")" = 200 ]
    pictures 1
    [ "$(status_of -H "If-None-Match: $etag" "$URL/snapshot.jpg")" = 200 ]
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/body"
    [ "$(status_of "$URL/$S/snapshot.jpg")" = 200 ]
}

@test "a snapshot larger than any socket buffer arrives whole, slow readers and quitters affect no other client" {
    shm-create -s 1920x1080 "$S"
    ffmpeg -v error -f lavfi -i "color=gray:s=1920x1080,noise=alls=100" -frames:v 1 -pix_fmt yuv444p \
        -f rawvideo - | shm-write -s 1920x1080 -f yuv444p "$S" || true
    shm-create --replace -s 1920x1080 -f yuv444p -p 20000000 "$S"
    ffmpeg -v error -f lavfi -i "color=gray:s=1920x1080,noise=alls=100" -frames:v 1 -pix_fmt yuv444p \
        -f rawvideo - | shm-write -s 1920x1080 -f yuv444p "$S"
    bg shm-encode -s 0 -a -q 100 "$S"
    serve "$S"
    wait_until 20 stat_is 's["pictures"] == 1'
    bg curl -s --limit-rate 1000 -o /dev/null "$URL/snapshot.jpg"
    for _ in 1 2 3 4 5; do
        client "$URL/" --bytes 'GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n' --half-close >/dev/null
    done
    curl -s -o "$BATS_TEST_TMPDIR/a" "$URL/snapshot.jpg"
    shm-read -f jpg "$S" >"$BATS_TEST_TMPDIR/b"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/b")" -gt 5000000 ]
    cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

# --- packets over WebSocket and MJPEG ---

@test "WebSocket: whole packets, in order; the newest at once for a viewer that joins later" {
    scene
    moving
    client "$WS" --count 20 | grep -c '^picture' | grep -qx 20
    kill "$BG"
    ends 143 "$BG"
    client "$WS" --count 1 --quiet
    newest=$(stat_of 's["newest"]["seq"]')
    [ "$(client "ws://127.0.0.1:$PORT/$S/ws" --count 1 | sed -n 's/.* seq=\([0-9]*\) .*/\1/p')" = "$newest" ]
}

@test "a packet larger than 64 KiB over WebSocket is the one that shm-read reads" {
    shm-create -s 1280x720 "$S"
    bg shm-encode -s 0 -a -q 95 "$S"
    serve "$S"
    ffmpeg -v error -f lavfi -i "color=gray:s=1280x720,noise=alls=60" -frames:v 1 -pix_fmt yuv420p \
        -f yuv4mpegpipe - | shm-write "$S"
    wait_until 10 stat_is 's["pictures"] == 1'
    client "ws://127.0.0.1:$PORT/ws" --count 1 --save "$BATS_TEST_TMPDIR" --quiet
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/000001.jpg")" -gt 300000 ]
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/000001.jpg"
    client "$URL/video/mjpeg" --count 1 --save "$BATS_TEST_TMPDIR" --quiet
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/000001.jpg"
}

@test "MJPEG: ffmpeg reads it; parts are whole and in order" {
    scene
    moving
    for path in stream.mjpg "$S/stream.mjpg" video/mjpeg; do
        clean_run timeout 100 ffmpeg -v error -f mpjpeg -i "$URL/$path" -frames:v 3 -y "$BATS_TEST_TMPDIR/%d.png"
        [ "$(file -b --mime-type "$BATS_TEST_TMPDIR/3.png" 2>/dev/null || echo image/png)" = image/png ]
        rm "$BATS_TEST_TMPDIR"/[123].png
    done
    client "$URL/stream.mjpg" --count 20 | grep -c '^picture' | grep -qx 20
    wait_until 5 stat_is 's["viewers"] == 0'
}

@test "MJPEG: the last part is repeated once when none follows" {
    scene
    pictures 1
    [ "$(client "$URL/stream.mjpg" --count 2 | sed -n 's/.* seq=\([0-9]*\) .*/\1/p' | xargs)" = "1 1" ]
    # a viewer that joins an idle stream
    [ "$(client "$URL/stream.mjpg" --count 2 | sed -n 's/.* seq=\([0-9]*\) .*/\1/p' | xargs)" = "1 1" ]
    bg_client "$URL/stream.mjpg" --stay
    wait_until 5 eval '[ "$(grep -c seq=1 "$OUT")" = 2 ]'
    sleep 1 # time for a third
    [ "$(grep -c '^picture' "$OUT")" = 2 ]
    pictures 1
    wait_until 5 eval '[ "$(grep -c seq=2 "$OUT")" = 2 ]'
    [ "$(grep -c seq=1 "$OUT")" = 2 ]
    [ "$(stat_of 's["viewer_list"][0]["sent"]')" = 2 ]
}

@test "a viewer that leaves is noticed, even while nothing is sent" {
    scene
    pictures 1
    for kind in "$WS" "$URL/stream.mjpg"; do
        for how in "" --abort; do
            bg_client "$kind" --stay --repeats
            wait_until 5 stat_is 's["viewers"] == 1 and s["viewer_list"][0]["sent"] >= 1'
            kill -KILL "$BG"
            ends 137 "$BG"
            wait_until 5 stat_is 's["viewers"] == 0'
            client "$kind" --count 1 --repeats --quiet ${how:+"$how"}
            wait_until 5 stat_is 's["viewers"] == 0'
        done
    done
}

@test "64 viewers at once: each gets whole packets in order, encoded once" {
    scene
    moving "$S" 64x48 25
    written=$(frames)
    encoded=$(stat_of 's["pictures"]')
    client "$WS" --viewers 64 --count 20 --quiet >"$BATS_TEST_TMPDIR/out"
    [ "$(grep -cE ' ok 2[0-9] ' "$BATS_TEST_TMPDIR/out")" = 64 ]
    sent=$(stat_of 's["sent"]["pictures"]')
    encoded=$(($(stat_of 's["pictures"]') - encoded))
    written=$(($(frames) - written))
    echo "sent $sent encoded $encoded of $written"
    [ "$sent" -ge 1280 ]
    [ "$encoded" -le $((written + 2)) ] # those that were being encoded at first
    wait_until 5 stat_is 's["viewers"] == 0'
}

@test "a slow viewer skips packets, has no backlog, and delays no other viewer" {
    shm-create -s 1280x720 "$S"
    bg shm-encode -s 0 -a -q 95 "$S"
    bg bash -c "ffmpeg -v error -re -f lavfi -i 'color=gray:s=1280x720:r=15,noise=alls=100:allf=t' \
        -pix_fmt yuv420p -f yuv4mpegpipe - | shm-write $S"
    serve "$S"
    server=$BG
    mkfifo "$BATS_TEST_TMPDIR/go"
    exec 5<>"$BATS_TEST_TMPDIR/go"
    bg_client "ws://127.0.0.1:$PORT/ws" --wait --receive-buffer 20000 --count 30 <&5
    slow=$BG
    before=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
    wait_until 5 stat_is 's["viewers"] == 1'
    client "ws://127.0.0.1:$PORT/ws" --count 60 --quiet
    stat_is '[v["sent"] < 30 for v in s["viewer_list"]] == [True]'
    after=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
    echo "memory $before → $after KiB"
    sanitized || [ $((after - before)) -lt 12000 ]
    # packets in flight, then the newest
    echo >&5
    ends 0 "$slow"
    exec 5>&-
    sed -n 's/.* seq=\([0-9]*\) .*/\1/p' "$OUT" |
        awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { print "gap", gap; exit gap < 20 }'
}

@test "a viewer that doesn't read is cut off soon after its stream is removed" {
    shm-create -s 1280x720 "$S"
    shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 -a -q 95 "$S"
    bg bash -c "ffmpeg -v error -re -f lavfi -i 'color=gray:s=1280x720:r=15,noise=alls=100:allf=t' \
        -pix_fmt yuv420p -f yuv4mpegpipe - | shm-write $S"
    serve "$S" "$S2"
    server=$BG
    mkfifo "$BATS_TEST_TMPDIR/go"
    exec 5<>"$BATS_TEST_TMPDIR/go"
    bg_client "ws://127.0.0.1:$PORT/$S/ws" --wait --receive-buffer 20000 --stay <&5
    exec 5>&-
    # its buffers are full when packets are skipped
    wait_until 20 stat_is '[v["sent"] < s["pictures"] - 30 for v in s["viewer_list"]] == [True]'
    shm-rm -f "$S"
    wait_until 4 has_sockets "$server" 1
    [ "$(status_of "$URL/$S2/stats")" = 200 ]
}

@test "without a viewer the server's loop is not woken; with one a packet costs one poll and no memory" {
    skip_missing strace
    strace -o /dev/null true || skip "no ptrace here"
    scene
    server=$BG
    moving
    # the same after the last one has left
    client "$WS" --count 5 --quiet
    wait_until 5 stat_is 's["viewers"] == 0'
    wait_until 15 has_sockets "$server" 1
    bg strace -p "$server" -o "$BATS_TEST_TMPDIR/idle"
    wait_until 10 grep -q attached "$BG_ERR"
    pictures_before=$(shm-ls -j "$S" | grep -o '"published":[0-9]*' | sed -n '2s/.*://p')
    wait_until 10 packets_past $((pictures_before + 60))
    kill "$BG"
    wait_until 10 pid_gone "$BG"
    grep -v restart_syscall "$BATS_TEST_TMPDIR/idle" | grep -vc '^poll.*<\(unfinished\|detached\) ...>$' |
        grep -qx 0 || { cat "$BATS_TEST_TMPDIR/idle"; false; }
    bg_client "$WS" --stay --quiet
    wait_until 5 stat_is 's["viewers"] == 1 and s["sent"]["pictures"] > 20'
    bg strace -f -q -p "$server" -o "$BATS_TEST_TMPDIR/busy"
    has_sends() { [ "$(grep -c 'sendto(' "$BATS_TEST_TMPDIR/busy")" -gt 60 ]; }
    wait_until 10 has_sends
    kill "$BG"
    wait_until 10 pid_gone "$BG"
    sends=$(grep -c 'sendto(' "$BATS_TEST_TMPDIR/busy") polls=$(grep -c 'poll(' "$BATS_TEST_TMPDIR/busy")
    echo "$sends sends, $polls polls"
    [ "$sends" -gt 50 ]
    [ "$polls" -lt $((sends * 3 / 2)) ]
    [ "$(grep -cE 'brk|mmap|munmap|mremap|clone' "$BATS_TEST_TMPDIR/busy")" = 0 ]
}

@test "an idle server makes no system call" {
    skip_missing strace
    # all threads except the sanitizer's own
    follow=(-f)
    ! sanitized || follow=()
    strace -o /dev/null true || skip "no ptrace here"
    scene
    server=$BG
    pictures 1
    bg_client "$WS" --stay --quiet
    wait_until 5 stat_is 's["viewers"] == 1 and s["sent"]["pictures"] == 1'
    # wait until only the viewer's connection is left
    wait_until 15 has_sockets "$server" 2
    # and its closing has ended
    quiet() {
        local before
        before=$(cat "/proc/$server/task/"*/status | grep ctxt)
        sleep 1
        blocked "$server" && [ "$(cat "/proc/$server/task/"*/status | grep ctxt)" = "$before" ]
    }
    sanitized || wait_until 10 quiet
    # libwebsockets has a timer of 30 seconds: one call may fall into these five
    timeout 5 strace "${follow[@]}" -q -p "$server" -o "$BATS_TEST_TMPDIR/calls" || true
    cat "$BATS_TEST_TMPDIR/calls"
    [ "$(grep -vcE 'resumed|unfinished|detached' "$BATS_TEST_TMPDIR/calls")" -le 1 ]
}

# --- input ---

@test "ping is answered with pong, the same t, and the server's clock" {
    scene
    client "$WS" --texts 3 --send '{"type":"ping","t":12.50}' --send '[{"type":"ping","t":1e3},{"type":"ping","t":-1}]' |
        grep '^text' >"$BATS_TEST_TMPDIR/out"
    cat "$BATS_TEST_TMPDIR/out"
    sed 's/"now":[0-9]*\.[0-9]\{9\},/"now":N,/' "$BATS_TEST_TMPDIR/out" | diff - <(
        echo 'text {"type":"pong","t":12.50,"now":N,"event":0}'
        echo 'text {"type":"pong","t":1e3,"now":N,"event":0}'
        echo 'text {"type":"pong","t":-1,"now":N,"event":0}'
    )
    python3 -c 'import json, sys, time
now = json.loads(sys.argv[1][5:])["now"]
assert 0 <= time.clock_gettime(time.CLOCK_MONOTONIC) - now < 600, now' "$(head -n 1 "$BATS_TEST_TMPDIR/out")"
}

@test "events are logged unchanged, with the viewer's number, in order" {
    scene
    pictures 1
    client "$WS" --count 1 --quiet
    client "$WS" --texts 1 --quiet --send '{"type":"pointer_down","x":0.25,"y":0.75,"button":1,"buttons":1,"modifiers":["ctrl","shift"],"pointer":0}' \
        --send '[{"type":"pointer_move","x":0.5,"y":0.75,"buttons":1},{"type":"pointer_up","x":0.5,"y":0.75,"button":1,"buttons":0}]' \
        --send '{"type":"wheel","x":0.5,"y":0.5,"dx":0,"dy":-120}' \
        --send '{"type":"key_down","key":"é"}' --send '{"type":"key_up","key":"é"}' \
        --send '{"type":"resize","width":800,"height":600,"ratio":2}' --send '{"type":"ping","t":0}'
    events 7 | diff - <(
        echo 'pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=shift,ctrl viewer=2'
        echo 'pointer_move x=0.5 y=0.75 buttons=1 viewer=2'
        echo 'pointer_up x=0.5 y=0.75 button=1 viewer=2'
        echo 'wheel x=0.5 y=0.5 dy=-120 viewer=2'
        echo 'key_down key=é viewer=2'
        echo 'key_up key=é viewer=2'
        echo 'resize width=800 height=600 ratio=2 viewer=2'
    )
    # a sender's time and viewer are ignored
    client "$WS" --texts 1 --quiet --send '{"type":"pointer_move","x":1,"y":1,"viewer":77,"t":1.5}' --send '{"type":"ping","t":0}' || true
    event-read --from start -n 8 -t 1 "$S" >"$BATS_TEST_TMPDIR/all" || true
    run -1 grep -e viewer=77 -e 't=1\.5' "$BATS_TEST_TMPDIR/all"
}

@test "fragmented messages, with control frames between, are one message" {
    scene
    client "$WS" --texts 1 --quiet --fragment 5 --ping-between \
        --send '{"type":"pointer_move","x":0.125,"y":1}' --send '{"type":"ping","t":1}'
    [ "$(events 1)" = "pointer_move x=0.125 y=1 viewer=1" ]
}

@test "64 KiB are accepted; a byte more is not, sent, announced or in fragments" {
    scene
    message=$(printf '%-65535s}' '{"type":"pointer_move","x":0.5,"y":0.5')
    [ ${#message} = 65536 ]
    client "$WS" --texts 1 --quiet --send-bytes "$message" --send '{"type":"ping","t":1}'
    [ "$(events 1)" = "pointer_move x=0.5 y=0.5 viewer=1" ]
    client "$WS" --texts 1 --quiet --fragment 1000 --send "$message" --send '{"type":"ping","t":1}'
    [ "$(event-read --from start -n 2 -t 5 "$S" | wc -l)" = 2 ]
    for how in "" --fragment=1000; do
        client "$WS" --until-closed --send "$message " ${how:+"$how"} | grep -qx 'closed 1009 more than 64 KiB'
    done
    for length in 7fffffffffffffff 0000000100000000 0000000000010001; do
        client "$WS" --until-closed --raw "81ff${length}0000000061616161" | grep -q '^closed 1009'
    done
    client "$WS" --until-closed --raw "81ffffffffffffffffff0000000061616161" | grep -qx end
    stat_is 's["viewers"] == 0'
}

@test "invalid messages close that connection, each with its code, and have no effect" {
    scene
    moving
    bg_client "$WS" --stay
    other=$BG
    bad() {
        local code=$1
        shift
        client "$WS" --until-closed "$@" >"$BATS_TEST_TMPDIR/bad"
        grep "^closed" "$BATS_TEST_TMPDIR/bad"
        grep -q "^closed $code" "$BATS_TEST_TMPDIR/bad"
    }
    bad 1003 --send-binary '{"type":"ping","t":1}'
    bad 1007 --send-bytes '{"type":"key_down","key":"\xff"}'
    bad 1007 --send-bytes '{"type":"key_down","key":"\xc3"}'
    for text in '' '{' 'null' '7' '"x"' '{"type":"explode"}' '{"type":"pointer_move","x":0.5}' \
        '{"type":"pointer_move","x":NaN,"y":0}' '{"type":"pointer_move","x":1e999,"y":0}' \
        '{"type":"pointer_move","x":"0","y":0}' '{"x":1}' '[{"type":"pointer_move","x":0,"y":0},{}]' \
        '{"type":"pointer_move","x":0,"y":0}}' '{"type":"key_down"}'; do
        echo "$text"
        bad 1008 --send "$text"
    done
    # framing: reserved bits, a continuation of nothing, an unknown opcode, a fragmented ping
    bad 1002 --raw c18000000000
    bad 1002 --raw 808000000000
    bad 1002 --raw 838000000000
    bad 1002 --raw 098000000000
    # a control frame that is too long ends it without a close frame
    client "$WS" --until-closed --raw 89fe008000000000 | grep -qx end
    [ "$(stat_of 's["events"]')" = 0 ]
    seen=$(grep -c '^picture' "$OUT")
    wait_until 5 eval '[ "$(grep -c "^picture" "$OUT")" -gt $((seen + 5)) ]'
    kill -0 "$other"
    run -1 grep -q closed "$OUT"
}

@test "buttons and keys are released when their viewer leaves, for whatever reason; each viewer's own" {
    scene
    hold='[{"type":"pointer_down","x":0.25,"y":0.5,"button":1,"buttons":1},{"type":"pointer_down","x":0.5,"y":0.5,"button":3,"buttons":5},
        {"type":"pointer_down","x":0.1,"y":0.1,"button":1,"buttons":1,"pointer":7},{"type":"key_down","key":"a"},{"type":"key_down","key":"a"},
        {"type":"key_down","key":"Shift"},{"type":"key_down","key":"b"},{"type":"key_up","key":"b"},{"type":"pointer_move","x":0.75,"y":1,"buttons":5}]'
    bg_client "$WS" --texts 1 --stay --send '{"type":"key_down","key":"mine"}' --send '{"type":"ping","t":1}'
    wait_until 5 grep -q pong "$OUT"
    n=1
    for how in --texts=1 --abort --send-binary=x; do
        end=--texts=1
        [ "$how" != --send-binary=x ] || end=--until-closed
        client "$WS" --quiet --send "$hold" --send '{"type":"ping","t":1}' "$how" "$end"
        events $((n + 14)) >"$BATS_TEST_TMPDIR/events"
        tail -n +$((n + 10)) "$BATS_TEST_TMPDIR/events" | sed 's/ viewer=[0-9]*$//' | diff - <(
            echo 'pointer_up x=0.75 y=1 button=1 buttons=4'
            echo 'pointer_up x=0.75 y=1 button=3'
            echo 'pointer_up x=0.1 y=0.1 button=1 pointer=7'
            echo 'key_up key=a'
            echo 'key_up key=Shift'
        )
        n=$((n + 14))
    done
    [ "$(tail -n 5 "$BATS_TEST_TMPDIR/events" | grep -c ' viewer=4$')" = 5 ]
    kill "$BG"
    [ "$(events $((n + 1)) | tail -n 1)" = "key_up key=mine viewer=1" ]
}

@test "more pointers and keys than can be held: the oldest are released, none stays down" {
    scene
    python3 - >"$BATS_TEST_TMPDIR/messages" <<'END'
import json
print(json.dumps([dict(type="pointer_down", x=0, y=0, button=1, buttons=1, pointer=p) for p in range(20)]))
print(json.dumps([dict(type="key_down", key=f"k{k}") for k in range(40)]))
END
    mapfile -t messages <"$BATS_TEST_TMPDIR/messages"
    client "$WS" --texts 1 --quiet --send "${messages[0]}" --send "${messages[1]}" --send '{"type":"ping","t":1}'
    events 120 >"$BATS_TEST_TMPDIR/events"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/events")" = 120 ]
    python3 - "$BATS_TEST_TMPDIR/events" <<'END'
import sys
held = set()
most = 0
for line in open(sys.argv[1]):
    name, *words = line.split()
    words = dict(w.split("=") for w in words)
    what = words.get("key") or words.get("pointer", "0")
    if name.endswith("_down"):
        assert what not in held
        held.add(what)
    else:
        held.remove(what)
    most = max(most, len(held))
assert not held and most == 48, (held, most)
END
    # as many releases as one message can cause: 16 pointers with all buttons, then 64 others
    python3 - >"$BATS_TEST_TMPDIR/messages" <<'END'
import json
downs = [dict(type="pointer_down", x=0, y=0, button=b, buttons=0, pointer=p) for p in range(16) for b in range(1, 6)]
print(json.dumps(downs[:64]))
print(json.dumps(downs[64:]))
print(json.dumps([dict(type="pointer_down", x=0, y=0, button=1, buttons=1, pointer=p) for p in range(100, 164)]))
END
    mapfile -t messages <"$BATS_TEST_TMPDIR/messages"
    client "$WS" --texts 1 --quiet --send "${messages[0]}" --send "${messages[1]}" --send "${messages[2]}" --send '{"type":"ping","t":1}'
    wait_until 5 stat_is 's["viewers"] == 0'
    [ "$(stat_of 's["events"]')" = $((120 + 2 * 80 + 2 * 64)) ]
    [ "$(events 408 | tail -n 288 | grep -c ^pointer_down)" = 144 ]
    [ "$(events 408 | tail -n 288 | grep -c ^pointer_up)" = 144 ]
}

@test "FURY's messages are accepted, buttons filled in" {
    scene
    client "$WS" --texts 1 --quiet \
        --send '{"type":"mouseLeftClick","on":1,"mouseButton":0,"x":0.25,"y":0.5,"ctrlKey":1,"shiftKey":0,"timestampInMs":1}' \
        --send '{"type":"mouseMove","x":0.5,"y":0.5,"ctrlKey":0,"shiftKey":1,"timestampInMs":2}' \
        --send '{"type":"weel","deltaY":10,"timestampInMs":3}' \
        --send '{"type":"mouseLeftClick","on":1,"mouseButton":2,"x":0.5,"y":0.5,"ctrlKey":0,"shiftKey":0,"timestampInMs":1}' \
        --send '{"type":"mouseLeftClick","on":0,"mouseButton":0,"x":0.5,"y":0.5,"ctrlKey":0,"shiftKey":0,"timestampInMs":1}' \
        --send '{"type":"ping","t":1}'
    events 6 >"$BATS_TEST_TMPDIR/events"
    cat "$BATS_TEST_TMPDIR/events"
    diff "$BATS_TEST_TMPDIR/events" - <<'END'
pointer_down x=0.25 y=0.5 button=1 buttons=1 modifiers=ctrl viewer=1
pointer_move x=0.5 y=0.5 buttons=1 modifiers=shift viewer=1
wheel dy=10 buttons=1 viewer=1
pointer_down x=0.5 y=0.5 button=2 buttons=3 viewer=1
pointer_up x=0.5 y=0.5 button=1 buttons=2 viewer=1
pointer_up x=0.5 y=0.5 button=2 viewer=1
END
}

@test "a read-only stream is shown, input is dropped" {
    [ "$(id -u)" = 0 ] || skip "needs root, to be somebody else"
    skip_missing setpriv
    shm-create -s 64x48 -m 0644 "$S"
    bg shm-encode -s 0 -a "$S"
    OUT=$BATS_TEST_TMPDIR/nobody
    : >"$OUT"
    dir=$(mktemp -d)
    cp "$(command -v ws-serve)" "$dir"
    chmod -R a+rX "$dir"
    bg setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/ws-serve" -p 0 "$S" >"$OUT"
    wait_until 10 grep -q http "$OUT"
    rm -r "$dir"
    URL=$(sed 's,/$,,' "$OUT")
    PORT=${URL##*:}
    pictures 2
    client "ws://127.0.0.1:$PORT/ws" --count 1 --texts 1 --quiet --send '{"type":"key_down","key":"a"}' --send '{"type":"ping","t":1}'
    [ "$(stat_of 's["events"]')" = 0 ]
    run -1 event-read --from start -t 0.1 "$S"
    # it ends normally, though it cannot write to the futex word
    kill -TERM "$BG"
    ends 143 "$BG"
}

# --- authorization ---

@test "Origin: exactly the server's own, or allowed, or absent; else 403" {
    scene --origin https://lab.example:8443 --origin null
    pictures 1
    host=127.0.0.1:$PORT
    for origin in "http://$host" "https://$host" https://lab.example:8443 null; do
        client "$WS" --count 1 --quiet --origin "$origin"
    done
    client "$WS" --count 1 --quiet
    client "$WS" --count 1 --quiet --host "localhost:$PORT" --origin "http://localhost:$PORT"
    for origin in http://evil.example "http://$host.evil.example" "http://evil.example/$host" \
        "http://127.0.0.1" "http://localhost:$PORT" "ftp://$host" "$host" https://lab.example \
        https://lab.example:84430 "http://$host/" "http://$host,http://$host" "HTTP://x" file://; do
        echo "$origin"
        run -1 --separate-stderr client "$WS" --count 1 --origin "$origin"
        [ "$output" = "status 403" ]
    done
    run -1 --separate-stderr client "$WS" --count 1 --origin "http://$host" --header "Origin: http://evil.example"
    [ "$output" = "status 403" ]
    stat_is 's["viewers"] == 0'
}

@test "invalid handshakes are answered and refused" {
    scene
    try() {
        client "$URL/" --bytes "GET ${2:-/ws} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n$1\r\n" | head -n 1 | cut -d ' ' -f 2
    }
    key='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    up='Connection: Upgrade\r\n'
    [ "$(try "$up${key}Sec-WebSocket-Version: 8\r\n")" = 426 ]
    [ "$(try "$up$key")" = 426 ]
    [ "$(try "${up}Sec-WebSocket-Version: 13\r\n")" = 400 ]
    [ "$(try "${key}Sec-WebSocket-Version: 13\r\n")" = 400 ]
    [ "$(try "$up${key}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: shmcast\r\n")" = 400 ]
    [ "$(try "$up${key}Sec-WebSocket-Version: 13\r\n" /stats)" = 404 ]
    [ "$(try "$up${key}Sec-WebSocket-Version: 13\r\n" /nothing/ws)" = 404 ]
    client "$URL/" --bytes "POST /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n$up${key}Sec-WebSocket-Version: 13\r\n\r\n" | grep -q '^HTTP/1.. 400'
    client "$URL/" --bytes "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n$up\r\n" | grep -q '^HTTP/1.. 400'
    client "$URL/" --bytes "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: teapot\r\n$up\r\n" | grep -q '^HTTP/1.. 403'
    stat_is 's["viewers"] == 0'
}

@test "--max-viewers, over both transports; a place that becomes free is used again" {
    scene --max-viewers 2
    pictures 1
    bg_client "$WS" --stay
    first=$BG
    bg_client "$URL/stream.mjpg" --stay
    wait_until 5 stat_is 's["viewers"] == 2'
    run -1 --separate-stderr client "$WS" --count 1
    [ "$output" = "status 503" ]
    run -1 --separate-stderr client "$URL/stream.mjpg" --count 1
    [ "$output" = "status 503" ]
    [ "$(status_of "$URL/snapshot.jpg")" = 200 ]
    kill "$first"
    wait_until 5 stat_is 's["viewers"] == 1'
    client "$WS" --count 1 --quiet
}

# --- replaced and removed streams ---

@test "--replace is followed: viewers stay, packets and input go on in the new stream" {
    scene
    pictures 3
    bg_client "$WS" --stay --restarts --wait --send '{"type":"key_down","key":"new"}' < <(
        wait_until 10 test -e "$BATS_TEST_TMPDIR/replaced" && echo
    )
    ws=$OUT
    wait_until 5 stat_is 's["viewers"] == 1'
    bg_client "$URL/stream.mjpg" --stay --restarts
    mjpeg=$OUT
    wait_until 5 grep -q seq=3 "$mjpeg"
    generation=$(stat_of 's["generation"]')
    shm-create --replace -s 128x96 "$S"
    wait_until 5 stat_is 's["generation"] != "'"$generation"'"'
    [ "$(status_of "$URL/snapshot.jpg")" = 503 ]
    : >"$BATS_TEST_TMPDIR/replaced"
    pictures 1 128x96
    stat_is 's["viewers"] == 2 and s["newest"]["width"] == 128'
    wait_until 5 grep -q seq=1 "$ws"
    [ "$(events 1)" = "key_down key=new viewer=1" ]
    wait_until 5 eval 'tail -n 1 "$mjpeg" | grep -q " seq=1 "'
    run -1 grep -q -e closed -e end "$ws" "$mjpeg"
}

@test "a removed stream: its viewers get 1001, its paths 410; other streams are not affected" {
    shm-create -s 64x48 "$S"
    shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 -a "$S2"
    serve "$S" "$S2"
    server=$BG err=$BG_ERR
    bg_client "ws://127.0.0.1:$PORT/$S/ws" --until-closed
    gone=$BG gone_out=$OUT
    bg_client "$URL/$S/stream.mjpg" --until-closed
    gone_mjpeg=$BG
    wait_until 5 stat_is 's["viewers"] == 2'
    bg_client "ws://127.0.0.1:$PORT/$S2/ws" --until-closed
    stay=$BG stay_out=$OUT
    wait_until 5 stat_is 's["viewers"] == 1' "$S2"
    shm-rm -f "$S"
    ends 0 "$gone"
    grep -qx 'closed 1001 ' "$gone_out"
    ends 0 "$gone_mjpeg"
    for path in "$S/" "$S" "$S/ws" "$S/stats" "$S/snapshot.jpg" "$S/stream.mjpg"; do
        [ "$(status_of "$URL/$path")" = 410 ]
    done
    run -1 --separate-stderr client "ws://127.0.0.1:$PORT/$S/ws" --count 1
    [ "$output" = "status 410" ]
    curl -s "$URL/" >"$BATS_TEST_TMPDIR/list"
    run -1 grep -q "$S" "$BATS_TEST_TMPDIR/list"
    grep -q "$S2" "$BATS_TEST_TMPDIR/list"
    kill -0 "$stay"
    run -1 grep -q closed "$stay_out"
    # the last one: the server ends
    shm-rm -f "$S2"
    ends 0 "$stay"
    grep -qx 'closed 1001 ' "$stay_out"
    ends 0 "$server"
    [ ! -s "$err" ]
}

@test "on a stop signal viewers get 1001, even if one of them doesn't read" {
    scene
    server=$BG err=$BG_ERR
    pictures 1
    bg_client "$WS" --until-closed
    reader=$BG out=$OUT
    bg_client "$WS" --stay
    wait_until 5 stat_is 's["viewers"] == 2 and s["sent"]["pictures"] == 2'
    kill -STOP "$BG"
    kill -TERM "$server"
    ends 143 "$server" 4
    kill -CONT "$BG"
    ends 0 "$reader"
    grep -qx 'closed 1001 ' "$out"
    [ ! -s "$err" ]
}

# --- hostile input ---

@test "oversized and unfinished requests: the server survives, others are served" {
    scene --max-viewers 4
    server=$BG
    cookie=$(printf 'c%.0s' {1..12000})
    [ "$(status_of -H "Cookie: $cookie" "$URL/")" = 200 ]
    client "$URL/" --bytes "GET /$(printf 'x%.0s' {1..20000}) HTTP/1.1\r\n\r\n" >/dev/null
    client "$URL/" --bytes 'GET / HTTP/1.1\r\n' --bytes 'X-Filler: abcdefghijklmnopqrstuvwxyz\r\n' --times 1000 >/dev/null
    client "$URL/" --bytes '\0' --times 100000 >/dev/null
    # half a request each, held open: more than the limit
    python3 - "$PORT" <<'END'
import socket, sys, time, urllib.request
port = int(sys.argv[1])
held = []
for _ in range(100):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"GET /stats HTTP/1.1\r\nHost:")
    held.append(s)
assert urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=100).status == 200
for _ in range(500):  # beyond all limits: refused, and the server neither spins nor dies
    held.append(socket.create_connection(("127.0.0.1", port)))
for s in held:
    s.close()
deadline = time.monotonic() + 60
while True:
    try:
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=100).status == 200
        break
    except OSError:  # reset: the server has not seen all of them close yet
        assert time.monotonic() < deadline
        time.sleep(0.05)
END
    pictures 1
    client "$WS" --count 1 --quiet
    # no descriptor leaks
    wait_until 10 eval '(($(count_sockets "$server") <= 2))'
}

@test "random bytes on 300 connections: the server survives, others are not affected" {
    scene
    server=$BG
    moving
    bg_client "$WS" --stay
    wait_until 5 grep -q picture "$OUT"
    descriptors=$(find "/proc/$server/fd" -type l | wc -l)
    client "$WS" --fuzz 300 --timeout 0.2
    seen=$(grep -c '^picture' "$OUT")
    wait_until 5 eval '[ "$(grep -c "^picture" "$OUT")" -gt $((seen + 5)) ]'
    run -1 grep -q closed "$OUT"
    kill -0 "$server"
    wait_until 30 eval '[ "$(find "/proc/$server/fd" -type l | wc -l)" -le "$descriptors" ]'
    wait_until 5 stat_is 's["viewers"] == 1'
}
