#!/usr/bin/env bats
# ws-serve with existing programs: curl, ffmpeg, ffplay, OpenCV, Prometheus; Unix sockets; shared ports.
# Tests recognize images by the number that frame-gen draws and `frame-gen --read` reads.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

SIZE=320x240

# Serves a stream with frame-gen's moving image.
moving() {
    shm-create -s $SIZE "$S"
    bg shm-encode -s 0 -q 90 "$S"
    bg frame-gen -s $SIZE -r 50 -o "$S"
    serve "$@" "$S"
}

# Writes frames 1 to COUNT, and no more; the stream's newest packet shows COUNT.
standing() { # COUNT ws-serve-options…
    shm-create -s $SIZE "$S"
    bg shm-encode -s 0 -q 90 "$S"
    frame-gen -s $SIZE -r 0 -n "$1" -o "$S"
    serve "${@:2}" "$S"
    wait_until 10 shows "$1"
}

shows() {
    [ "$(snapshot_number "$URL/$S/snapshot.jpg")" = "$1" ]
}

snapshot_number() {
    curl -sSf "$@" | djpeg | frame-gen --read
}

# FILE has at least COUNT numbers of whole images, in ascending order.
rising() {
    cat "$1"
    [ "$(wc -l <"$1")" -ge "$2" ]
    [ "$(grep -cvE '^[0-9]+$' "$1")" = 0 ]
    sort -n -u -c "$1"
}

status_of() {
    curl -s -o /dev/null -w '%{http_code}' "$@"
}

# NAME CURL-ARGS…: prints one header of the answer.
header_of() {
    curl -s -o /dev/null -D - "${@:2}" | tr -d '\r' | sed -n "s/^$1: //Ip"
}

metric() {
    curl -sSf "$URL/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}

metric_is() {
    [ "$(metric "$1")" = "$2" ]
}

# --- programs that show images ---

@test "curl: a snapshot, and a stream that ffmpeg decodes from a pipe" {
    moving
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    snapshot_number --retry 20 --retry-delay 1 "$URL/snapshot.jpg" | grep -qE '^[0-9]+$'
    bg curl -sS -N -o "$BATS_TEST_TMPDIR/pipe" "$URL/stream.mjpg"
    clean_run ffmpeg -v error -f mpjpeg -i "$BATS_TEST_TMPDIR/pipe" -frames:v 10 -fps_mode passthrough \
        -f image2pipe -c:v ppm - | frame-gen --read >"$BATS_TEST_TMPDIR/numbers"
    rising "$BATS_TEST_TMPDIR/numbers" 10
}

@test "ffmpeg reads stream.mjpg" {
    moving
    for path in stream.mjpg "$S/stream.mjpg" video/mjpeg; do
        clean_run ffmpeg -v error -nostdin -f mpjpeg -i "$URL/$path" -frames:v 10 \
            -fps_mode passthrough -f image2pipe -c:v ppm - | frame-gen --read >"$BATS_TEST_TMPDIR/numbers"
        rising "$BATS_TEST_TMPDIR/numbers" 10
    done
}

on_screen() {
    import_screen | frame-gen --read >>"$BATS_TEST_TMPDIR/numbers"
    sort -n -u "$BATS_TEST_TMPDIR/numbers" | grep -cxE '[0-9]+' | grep -qxE '[5-9]|..+'
}

import_screen() {
    xwd -silent -root | xwdtopnm 2>/dev/null
}

@test "ffplay shows stream.mjpg on a real X display" {
    moving
    bg Xvfb -noreset -displayfd 1 -screen 0 ${SIZE}x24 -nolisten tcp >"$BATS_TEST_TMPDIR/display"
    wait_until 20 test -s "$BATS_TEST_TMPDIR/display"
    DISPLAY=:$(<"$BATS_TEST_TMPDIR/display")
    export DISPLAY SDL_VIDEODRIVER=x11 SDL_AUDIODRIVER=dummy SDL_RENDER_DRIVER=software
    bg ffplay -v error -noborder -left 0 -top 0 -f mpjpeg "$URL/stream.mjpg"
    # before the first image the screen has no number
    wait_until 30 on_screen
    grep -xE '[0-9]+' "$BATS_TEST_TMPDIR/numbers" >"$BATS_TEST_TMPDIR/shown"
    sort -n -c "$BATS_TEST_TMPDIR/shown"
    # It was alive; ffplay may ignore SIGTERM.
    kill -KILL "$BG"
    ends 137 "$BG"
}

@test "mjpg-streamer's addresses: /?action=stream and /?action=snapshot, for OctoPrint and others" {
    cd "$BATS_TEST_TMPDIR"
    moving
    wait_until 10 curl -sSf -o now.jpg "$URL/?action=snapshot"
    [ "$(header_of content-type "$URL/?action=snapshot")" = image/jpeg ]
    [ "$(header_of content-type "$URL/$S/?x=1&action=snapshot")" = image/jpeg ]
    # A HEAD request: the stream itself has no end.
    [ "$(header_of content-type -I "$URL/?action=stream")" = 'multipart/x-mixed-replace; boundary=shmcast' ]
    ffmpeg -v error -f mpjpeg -i "$URL/?action=stream" -frames:v 3 -f image2 at%d.ppm
    for n in 1 2 3; do frame-gen --read <at$n.ppm; done >numbers
    rising numbers 3
    # Any other action, and other paths, are what they were.
    [ "$(header_of content-type "$URL/?action=streams")" = 'text/html; charset=utf-8' ]
    [ "$(header_of content-type "$URL/?action=")" = 'text/html; charset=utf-8' ]
    [ "$(header_of content-type "$URL/page.css?action=stream")" = 'text/css; charset=utf-8' ]
    # Also beside a page of --www.
    mkdir www
    echo mine >www/index.html
    serve --www www "$S"
    [ "$(curl -sS "$URL/")" = mine ]
    [ "$(header_of content-type "$URL/?action=snapshot")" = image/jpeg ]
    clean_run shm-rm -f "$S"
}

@test "OpenCV: cv2.VideoCapture, as in the man page" {
    moving
    mandoc -T ascii "$ROOT/man/shmcast-web.7" | sed 's/.\x08//g' |
        awk '/^ *import cv2$/ { on = 1 } on && /^$/ { exit } on' |
        sed "s/^ *//; s,http://127.0.0.1:8080,$URL," >"$BATS_TEST_TMPDIR/first.py"
    cat >>"$BATS_TEST_TMPDIR/first.py" <<'END'
import sys
for _ in range(10):
    assert ok
    head = b"P6\n%d %d\n255\n" % (picture.shape[1], picture.shape[0])
    sys.stdout.buffer.write(head + picture[:, :, ::-1].tobytes())
    ok, picture = video.read()
END
    cat "$BATS_TEST_TMPDIR/first.py"
    clean_run /usr/bin/python3 "$BATS_TEST_TMPDIR/first.py" >"$BATS_TEST_TMPDIR/pictures"
    frame-gen --read <"$BATS_TEST_TMPDIR/pictures" >"$BATS_TEST_TMPDIR/numbers"
    rising "$BATS_TEST_TMPDIR/numbers" 10
}

@test "snapshot: If-None-Match with one tag, weak, in a list, *, and others" {
    standing 3
    url=$URL/snapshot.jpg
    tag=$(header_of etag "$url")
    [[ $tag =~ ^\"[0-9a-f]{16}-[0-9]+\"$ ]]
    for known in "$tag" "W/$tag" "\"a\", $tag" "$tag,W/\"b\"" "\"a\" , W/$tag , \"c\"" '*'; do
        echo "$known"
        [ "$(status_of -H "If-None-Match: $known" "$url")" = 304 ]
        [ "$(header_of etag -H "If-None-Match: $known" "$url")" = "$tag" ]
        [ "$(header_of content-length -H "If-None-Match: $known" "$url")" = "" ]
    done
    bare=${tag//\"/}
    for known in '"a"' "$bare" "\"$bare-1\"" "\"x$bare\"" "\"${bare%?}\"" '"*"' "*, \"a\"" "\"$(printf 'x%.0s' {1..2000})\""; do
        echo "$known"
        [ "$(status_of -H "If-None-Match: $known" "$url")" = 200 ]
    done
    # the next packet has another tag
    frame-gen -s $SIZE -r 0 -n 5 -o "$S"
    wait_until 10 shows 5
    [ "$(status_of -H "If-None-Match: $tag" "$url")" = 200 ]
    [ "$(snapshot_number -H "If-None-Match: $tag" "$url")" = 5 ]
}

# --- pages of other sites ---

@test "without --cors scripts of other sites can read nothing" {
    standing 1
    for path in snapshot.jpg stats stream.mjpg streams; do
        curl -s -D - -o /dev/null -m 1 -H 'Origin: http://a.example' "$URL/$path" >"$BATS_TEST_TMPDIR/head" || true
        grep -q '^HTTP/1.1 403' "$BATS_TEST_TMPDIR/head"
        run -1 grep -iE '^(access-control|vary)' "$BATS_TEST_TMPDIR/head"
        [ "$(status_of -X OPTIONS -H 'Origin: http://a.example' "$URL/$path")" = 405 ]
    done
}

@test "--cors: the named origins, on all readable paths, errors and preflight included" {
    standing 1 --cors https://a.example:8443 --cors http://b.example
    allow=access-control-allow-origin
    for path in snapshot.jpg stats "$S/stats" streams; do
        for origin in https://a.example:8443 http://b.example; do
            [ "$(header_of $allow -H "Origin: $origin" "$URL/$path")" = "$origin" ]
            [ "$(header_of access-control-expose-headers -H "Origin: $origin" "$URL/$path")" = etag ]
            [ "$(header_of vary -H "Origin: $origin" "$URL/$path")" = origin ]
            [ "$(status_of -X OPTIONS -H "Origin: $origin" "$URL/$path")" = 204 ]
            [ "$(header_of $allow -X OPTIONS -H "Origin: $origin" "$URL/$path")" = "$origin" ]
            [ "$(header_of access-control-allow-methods -X OPTIONS -H "Origin: $origin" "$URL/$path")" = "GET, HEAD" ]
            [[ $(header_of access-control-allow-headers -X OPTIONS -H "Origin: $origin" "$URL/$path") = *authorization* ]]
        done
        for origin in http://a.example:8443 https://a.example https://a.example:84430 null \
            http://b.example.evil.example "http://$(printf 'b%.0s' {1..2000}).example"; do
            for how in GET OPTIONS; do
                [ "$(header_of $allow -X $how -H "Origin: $origin" "$URL/$path")" = "" ]
                [ "$(header_of vary -X $how -H "Origin: $origin" "$URL/$path")" = origin ]
            done
        done
    done
    # two on one connection, and then a GET: 204 has no body
    [ "$("$TESTS/server/ws-client.py" "$URL/" --bytes "OPTIONS /stats HTTP/1.1\r\nHost: 127.0.0.1:$PORT\r\nOrigin: http://b.example\r\n\r\nGET /stats HTTP/1.1\r\nHost: 127.0.0.1:$PORT\r\nConnection: close\r\n\r\n" | grep -cE '^HTTP/1.1 20[04]|^\{"name"')" = 3 ]
    [ "$(header_of $allow -H "Origin: http://b.example" -H "If-None-Match: *" "$URL/snapshot.jpg")" = http://b.example ]
    [ "$(header_of $allow -m 1 -H "Origin: http://b.example" "$URL/stream.mjpg")" = http://b.example ]
    # neither the page nor the metrics
    for path in "" page.js metrics healthz; do
        [ "$(header_of $allow -H "Origin: http://b.example" "$URL/$path")" = "" ]
        [ "$(status_of -X OPTIONS -H "Origin: http://b.example" "$URL/$path")" = 405 ]
    done
    # WebSockets are not allowed
    run -1 --separate-stderr "$TESTS/server/ws-client.py" "ws://127.0.0.1:$PORT/ws" --count 1 --origin http://b.example
    [ "$output" = "status 403" ]
    clean_run shm-create --replace -s $SIZE "$S"
    wait_until 10 eval '[ "$(status_of "$URL/snapshot.jpg")" = 503 ]'
    [ "$(header_of $allow -H "Origin: http://b.example" "$URL/snapshot.jpg")" = http://b.example ]
}

@test "--cors '*'; bad origins are exit 2" {
    standing 1 --cors '*'
    [ "$(header_of access-control-allow-origin -H "Origin: http://b.example" "$URL/stats")" = '*' ]
    [ "$(header_of access-control-allow-origin "$URL/stats")" = '*' ]
    for origin in '' example.com http://a/ 'http://a http://b' '**'; do
        fails 2 ws-serve --cors "$origin" "$S"
        [[ $stderr = "ws-serve: --cors $origin: must be like https://host.example:8443" ]]
    done
}

@test "the script of another site reads nothing unless --cors allows it" {
    scenario cors "the script of another site reads nothing unless --cors allows it"
}

# --- Prometheus ---

@test "metrics are valid for Prometheus, and correct" {
    odd="$S2\"\\q é" worse=$S3$'\xff'
    shm-create -s 64x48 "$odd"
    shm-create -s 64x48 "$worse"
    standing 4 "$odd" "$worse"
    label="{stream=\"$S\"}"
    bg "$TESTS/server/ws-client.py" --stay --send '{"type":"key_down","key":"a"}' --send '{"type":"key_up","key":"a"}' "ws://127.0.0.1:$PORT/$S/ws" >/dev/null
    ws=$BG
    bg curl -sS -N -o /dev/null "$URL/$S/stream.mjpg"
    mjpeg=$BG
    wait_until 10 metric_is "shmcast_viewers{stream=\"$S\",transport=\"websocket\"}" 1
    wait_until 10 metric_is "shmcast_viewers{stream=\"$S\",transport=\"mjpeg\"}" 1
    wait_until 10 metric_is "shmcast_events_total$label" 2
    wait_until 10 metric_is "shmcast_sent_total$label" 2
    [ "$(header_of content-type "$URL/metrics")" = "text/plain; version=0.0.4; charset=utf-8" ]
    curl -sSf "$URL/metrics" >"$BATS_TEST_TMPDIR/metrics"
    cat "$BATS_TEST_TMPDIR/metrics"
    clean_run promtool check metrics <"$BATS_TEST_TMPDIR/metrics" >"$BATS_TEST_TMPDIR/found"
    [ ! -s "$BATS_TEST_TMPDIR/found" ]
    grep -qxF "shmcast_pictures_total{stream=\"$S2\\\"\\\\q é\"} 0" "$BATS_TEST_TMPDIR/metrics"
    grep -qxF "shmcast_pictures_total{stream=\"$S3ÿ\"} 0" "$BATS_TEST_TMPDIR/metrics"
    bytes=$(curl -sSf "$URL/$S/snapshot.jpg" | wc -c)
    sent=$(metric "shmcast_sent_bytes_total$label")
    ((sent >= 2 * bytes && sent % bytes == 0))
    [ "$(metric "shmcast_dropped_total$label")" = 0 ]
    [ "$(metric "shmcast_skipped_total$label")" = 0 ]
    [ "$(metric shmcast_streams)" = 3 ]
    [ "$(metric "shmcast_build_info{version=\"$(ws-serve --version | sed 's/.* //')\"}")" = 1 ]
    [ "$(metric "shmcast_pictures_total$label")" = "$(curl -sSf "$URL/$S/stats" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pictures"])')" ]
    metric "shmcast_newest_picture_age_seconds$label" | grep -qE '^[0-9]+\.[0-9]{3}$'
    [ "$(metric shmcast_connections)" = 3 ] # including the one of this request
    kill "$ws" "$mjpeg"
    wait_until 10 metric_is "shmcast_viewers{stream=\"$S\",transport=\"websocket\"}" 0
    wait_until 10 metric_is "shmcast_viewers{stream=\"$S\",transport=\"mjpeg\"}" 0
    [ "$(metric "shmcast_sent_total$label")" -ge 2 ]
    # those of a removed stream are gone
    clean_run shm-rm -f "$odd" "$worse"
    wait_until 10 metric_is shmcast_streams 1
    [ "$(curl -sSf "$URL/metrics" | grep -c "$S2")" = 0 ]
}

@test "the man page lists every name of /metrics" {
    standing 1
    page=$(mandoc -T ascii "$ROOT/man/shmcast-web.7" | sed 's/.\x08//g')
    names=$(curl -sSf "$URL/metrics" | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p')
    [ "$(wc -w <<<"$names")" -ge 10 ]
    for name in $names; do
        grep -qwF -- "$name" <<<"$page"
    done
}

scraped() {
    curl -sSfG "http://127.0.0.1:$prometheus/api/v1/query" --data-urlencode "query=$1" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["result"][0]["value"][1])'
}

@test "a real Prometheus scrapes it, as the man page configures it" {
    standing 4
    {
        printf 'global:\n  scrape_interval: 1s\n'
        mandoc -T ascii "$ROOT/man/shmcast-web.7" | sed 's/.\x08//g' |
            awk '/^ *scrape_configs:$/ { on = 1 } on && /^$/ { exit } on' |
            sed "s/^           //; s/127.0.0.1:8080/127.0.0.1:$PORT/"
    } >"$BATS_TEST_TMPDIR/prometheus.yml"
    cat "$BATS_TEST_TMPDIR/prometheus.yml"
    prometheus=$(free_port)
    bg prometheus --log.level=error --config.file="$BATS_TEST_TMPDIR/prometheus.yml" \
        --storage.tsdb.path="$BATS_TEST_TMPDIR/tsdb" --web.listen-address="127.0.0.1:$prometheus"
    wait_until 30 eval '[ "$(scraped "shmcast_streams")" = 1 ]'
    [ "$(scraped "shmcast_viewers{stream=\"$S\",transport=\"websocket\"}")" = 0 ]
    [ "$(scraped "up{job=\"shmcast\"}")" = 1 ]
}

@test "healthz" {
    shm-create -s 64x48 "$S"
    serve "$S"
    [ "$(curl -sSf "$URL/healthz")" = ok ]
    [ "$(status_of -I "$URL/healthz")" = 200 ]
    [ "$(status_of "$URL/$S/healthz")" = 404 ]
}

# --- a socket in the file system ---

# In a folder with a short path, for SOCKET.
serve_unix() {
    SOCKET=${SOCKET:-$BATS_TEST_TMPDIR/s}
    : >"$BATS_TEST_TMPDIR/unix.out"
    bg ws-serve -b "unix:$SOCKET" "$@" >"$BATS_TEST_TMPDIR/unix.out"
    wait_until 10 test -s "$BATS_TEST_TMPDIR/unix.out"
}

local_status() {
    status_of --unix-socket "$SOCKET" "http://localhost/${1-}"
}

@test "-b unix:PATH: one line on stdout, mode 0660, MJPEG and WebSocket, removed at the end" {
    shm-create -s $SIZE "$S"
    bg shm-encode -s 0 -q 90 "$S"
    frame-gen -s $SIZE -r 0 -n 6 -o "$S"
    for signal in TERM:143 INT:130; do
        serve_unix -v "$S"
        [ "$(<"$BATS_TEST_TMPDIR/unix.out")" = "unix:$SOCKET" ]
        [ "$(stat -c '%a %F' "$SOCKET")" = "660 socket" ]
        for path in "" stats healthz; do
            [ "$(local_status "$path")" = 200 ]
        done
        wait_until 10 eval '[ "$(snapshot_number --unix-socket "$SOCKET" http://localhost/snapshot.jpg)" = 6 ]'
        curl -s -m 1 --unix-socket "$SOCKET" -o /dev/null http://localhost/stream.mjpg || true
        grep -qx "ws-serve: $S: viewer 1 joined: MJPEG from a Unix socket" "$BG_ERR"
        kill -"${signal%:*}" "$BG"
        ends "${signal#*:}" "$BG"
        [ ! -e "$SOCKET" ]
    done
    serve_unix "$S"
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -e "$SOCKET" ]
}

@test "-b unix:PATH: a killed server's socket is replaced; a live server's, or any other file, is not" {
    shm-create -s 64x48 "$S"
    serve_unix "$S"
    fails 3 ws-serve -b "unix:$SOCKET" "$S"
    [[ $stderr = "ws-serve: -b unix:$SOCKET: Address already in use: another server listens there" ]]
    [ "$(local_status)" = 200 ]
    kill -KILL "$BG"
    ends 137 "$BG"
    [ -S "$SOCKET" ]
    serve_unix "$S"
    [ "$(local_status)" = 200 ]
    # a server that doesn't answer is not dead
    kill -STOP "$BG"
    fails 3 ws-serve -b "unix:$SOCKET" "$S"
    kill -CONT "$BG"
    [ "$(local_status)" = 200 ]
    # a server whose socket was replaced does not remove the new file
    rm "$SOCKET"
    echo mine >"$SOCKET"
    kill "$BG"
    ends 143 "$BG"
    [ "$(<"$SOCKET")" = mine ]
    fails 3 ws-serve -b "unix:$SOCKET" "$S"
    [[ $stderr = *"exists and is not a socket" ]]
    [ "$(<"$SOCKET")" = mine ]
    rm "$SOCKET"
    ln -s /nonexistent "$SOCKET"
    fails 3 ws-serve -b "unix:$SOCKET" "$S"
    [ -L "$SOCKET" ]
    rm "$SOCKET"
    mkfifo "$SOCKET"
    fails 3 ws-serve -b "unix:$SOCKET" "$S"
    [ -p "$SOCKET" ]
}

@test "-b unix:PATH: a bad path is exit 2, a missing or unwritable folder 3" {
    shm-create -s 64x48 "$S"
    cd "$BATS_TEST_TMPDIR"
    fails 2 ws-serve -b unix: "$S"
    long=$(printf 'x%.0s' {1..108})
    fails 2 ws-serve -b "unix:$long" "$S"
    [[ $stderr = *"must be a path of 1 to 107 bytes" ]]
    SOCKET=${long%?}
    serve_unix "$S"
    [ "$(local_status)" = 200 ]
    kill "$BG"
    ends 143 "$BG"
    [ ! -e "$SOCKET" ]
    fails 3 ws-serve -b unix:no/such/folder "$S"
    fails 3 ws-serve -b unix:/proc/nothing "$S"
    fails 2 ws-serve -b unix:x --share-port "$S"
    # a server that fails later leaves no socket
    fails 3 ws-serve -b unix:x "$S" >/dev/full
    [ ! -e x ]
}

@test "-b unix:PATH: of ten servers that start at once on a dead one's socket, one serves" {
    shm-create -s 64x48 "$S"
    serve_unix "$S"
    kill -KILL "$BG"
    ends 137 "$BG"
    bg bash -c 'for n in {1..10}; do ws-serve -b "unix:$0" "$1" 2>"$0.err.$n" & done; wait' "$SOCKET" "$S" >"$BATS_TEST_TMPDIR/out"
    lost() {
        [ "$(grep -l 'Address already in use' "$SOCKET".err.* | wc -l)" = 9 ]
    }
    wait_until 20 lost
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = "unix:$SOCKET" ]
    [ "$(local_status)" = 200 ]
}

test_fails() {
    ! "$@"
}

# A process waits for the lock on this file or folder. In a container this is visible only while the
# lock's owner lives.
waits_for() {
    grep -qE "^[0-9]+: -> FLOCK .*:$(stat -c %i "$1") " /proc/locks
}

@test "-b unix:PATH: a server waits for another that is just starting on the same path" {
    shm-create -s 64x48 "$S"
    SOCKET=$BATS_TEST_TMPDIR/folder/s
    mkdir "$BATS_TEST_TMPDIR/folder"
    bg flock "$BATS_TEST_TMPDIR/folder" sleep 1000
    local holder=$BG
    wait_until 10 test_fails flock -n "$BATS_TEST_TMPDIR/folder" true
    bg ws-serve -b "unix:$SOCKET" "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 10 waits_for "$BATS_TEST_TMPDIR/folder"
    [ ! -e "$SOCKET" ]
    kill -TERM -- "-$holder"
    ends 143 "$holder"
    wait_until 10 test -s "$BATS_TEST_TMPDIR/out"
    [ "$(local_status)" = 200 ]
    # and releases the lock once it listens
    flock -n "$BATS_TEST_TMPDIR/folder" true
}

# --- several servers on one port ---

@test "without --share-port a port has one server, whatever the other's options" {
    shm-create -s 64x48 "$S"
    serve "$S"
    fails 3 ws-serve -p "$PORT" "$S"
    fails 3 ws-serve -p "$PORT" --share-port "$S"
    [[ $stderr = *"Address already in use"* ]]
    serve --share-port "$S"
    fails 3 ws-serve -p "$PORT" "$S"
    [[ $stderr = *"Address already in use"* ]]
}

came() {
    grep -c ' joined: ' "$1"
}

# Starts a viewer in the background; CLIENTS lists the outputs.
viewer() {
    local out=$BATS_TEST_TMPDIR/viewer.$BG_COUNT
    : >"$out"
    bg "$TESTS/server/ws-client.py" --stay "ws://127.0.0.1:$PORT/ws" >"$out"
    CLIENTS+=("$out")
    PIDS+=("$BG")
    wait_until 10 grep -q '^picture' "$out"
}

goes_on() {
    [ "$(grep -c '^picture' "$1")" -gt "$2" ]
}

@test "--share-port: two servers, one killed: the other's viewers are not affected, new ones reach it" {
    shm-create -s $SIZE "$S"
    bg shm-encode -s 0 "$S"
    bg frame-gen -s $SIZE -r 50 -o "$S"
    serve -v --share-port "$S"
    first=$BG first_err=$BG_ERR
    bg ws-serve -v --share-port -p "$PORT" "$S" >"$BATS_TEST_TMPDIR/second"
    second=$BG second_err=$BG_ERR
    wait_until 10 grep -qx "$URL/" "$BATS_TEST_TMPDIR/second"
    CLIENTS=() PIDS=() OF=()
    # the kernel chooses; repeat until each has two viewers, and find out which are whose
    for _ in {1..40}; do
        before=$(came "$second_err" || true)
        viewer
        OF+=("$([ "$(came "$second_err" || true)" -gt "$before" ] && echo second || echo first)")
        [ "$(came "$first_err" || true)" -ge 2 ] && [ "$(came "$second_err" || true)" -ge 2 ] && break
    done
    [ "$(came "$first_err")" -ge 2 ]
    [ "$(came "$second_err")" -ge 2 ]
    kill -KILL "$first"
    ends 137 "$first"
    for i in "${!CLIENTS[@]}"; do
        if [ "${OF[i]}" = first ]; then
            wait_until 10 pid_gone "${PIDS[i]}"
            continue
        fi
        wait_until 10 goes_on "${CLIENTS[i]}" $(($(grep -c '^picture' "${CLIENTS[i]}") + 20))
        [ "$(grep -c '^open' "${CLIENTS[i]}")" = 1 ]
        run -1 grep -E '^(closed|end)' "${CLIENTS[i]}"
    done
    before=$(came "$second_err")
    for _ in {1..10}; do
        clean_run "$TESTS/server/ws-client.py" --quiet --count 2 "ws://127.0.0.1:$PORT/ws"
    done
    [ "$(came "$second_err")" = $((before + 10)) ]
    run -1 grep ' left: ' <(head -n "$before" "$second_err")
    # a third server replaces the first
    bg ws-serve -v --share-port -p "$PORT" "$S" >"$BATS_TEST_TMPDIR/third"
    wait_until 10 grep -qx "$URL/" "$BATS_TEST_TMPDIR/third"
    for _ in {1..60}; do
        clean_run "$TESTS/server/ws-client.py" --quiet --count 1 "ws://127.0.0.1:$PORT/ws"
        [ "$(came "$BG_ERR" || true)" = 0 ] || break
    done
    [ "$(came "$BG_ERR")" -ge 1 ]
}
