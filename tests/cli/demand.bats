#!/usr/bin/env bats
# Nothing is encoded while nobody watches, and whoever watches sees what is newest.
# bg reads stdin, and wait_until calls functions: shellcheck can't see that.
# shellcheck disable=SC2154,SC2217,SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

# What shm-ls tells of a stream, into these. No Python: it is asked all the time.
look() { # [STREAM]
    local text ring='"published":([0-9]+),"dropped":[0-9]+,"skipped":([0-9]+)'
    text=$(shm-ls -j "${1:-$S}")
    [[ $text =~ \"frames\":\{$ring ]]
    frames=${BASH_REMATCH[1]}
    [[ $text =~ \"packets\":\{$ring ]]
    packets=${BASH_REMATCH[1]} skipped=${BASH_REMATCH[2]}
    [[ $text =~ \"wanted\":([0-9]+),\"asleep\":([a-z]+) ]]
    wanted=${BASH_REMATCH[1]} asleep=0
    [[ ${BASH_REMATCH[2]} == false ]] || asleep=1
    readers=$(grep -o 'reader","pid"' <<<"$text" | wc -l)
    encoded=$(grep -c '"role":"packets","pid"' <<<"$text") || true
}

is() { # EXPRESSION [STREAM]: over those
    look "${2-}"
    (($1))
}

# The encoder sleeps, and nobody wants it awake.
asleep() {
    is 'asleep && wanted == 0' "$@"
}

# FRAMES more frames have come.
frames_pass() {
    look "${2-}"
    wait_until 20 is "frames >= $((frames + $1))" "${2-}"
}

# So many packets more come.
packets_pass() {
    look "${2-}"
    wait_until 20 is "packets >= $((packets + $1))" "${2-}"
}

switches() { # PID: how often its threads slept, or were put aside
    cat "/proc/$1/task/"*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

# It sleeps through 60 frames: no packet, and it isn't even woken.
sleeps_through() { # PID [STREAM of packets]
    local before encoded_before
    wait_until 20 asleep "${2-}"
    look "${2-}"
    before=$(switches "$1") encoded_before=$packets
    frames_pass 60
    look "${2-}"
    echo "switches $before → $(switches "$1"), packets $encoded_before → $packets"
    [ "$(switches "$1")" = "$before" ] || sanitized
    ((packets == encoded_before))
}

com() { # KEY: that value of the comment of the JPEG on stdin
    rdjpgcom | sed -n "s/^shmcast .*\<$1=\([0-9.]*\).*/\1/p"
}

# A frame of its own, then the stream stands still.
put() {
    frame-gen -s 64x48 -n 1 -o "$S"
}

moving() {
    bg frame-gen -s 64x48 -r 200 -o "$S"
    writer=$BG
}

scene() { # OPTIONS of shm-encode
    clean_run shm-create -s 64x48 "$S"
    moving
    bg shm-encode "$@" "$S"
    encoder=$BG
}

viewer() { # a WebSocket viewer that stays, in $viewer, what it sees in $OUT
    OUT=$BATS_TEST_TMPDIR/viewer.$BG_COUNT
    bg "$TESTS/server/ws-client.py" --stay --restarts --repeats "ws://127.0.0.1:$PORT/ws" >"$OUT"
    viewer=$BG
}

# Four ways to see a picture; each prints the number of the frame that it shows.
snapshot() {
    curl -sSf "$URL/snapshot.jpg" | com frame
}

first_of() { # PATH
    "$TESTS/server/ws-client.py" --count 1 "$1" | sed -n 's/^picture .* frame=\([0-9]*\).*/\1/p'
}

by_websocket() {
    first_of "ws://127.0.0.1:$PORT/ws"
}

by_mjpeg() {
    first_of "$URL/stream.mjpg"
}

by_reader() {
    shm-read -f jpg "$S" | com frame
}

# What WAY shows is no older than the newest frame now. Waiting for the encoder has its end, on a
# machine that is too busy; then it comes again.
shows_newest() { # WAY
    local newest shown began
    for _ in {1..20}; do
        look
        newest=$frames
        began=${EPOCHREALTIME/[.,]/}
        shown=$("$1")
        ((shown < newest)) || return 0
        echo "$1: frame $shown, newest $newest, after $((${EPOCHREALTIME/[.,]/} - began)) us"
        ((${EPOCHREALTIME/[.,]/} - began > 250000)) || return 1
        asleep || [ -z "$(group_alive "$writer")" ] || wait_until 10 asleep
    done
    return 1
}

@test "asleep while frames flow, after the first; a viewer wakes it; when it leaves all sleeps again" {
    scene -j 2
    wait_until 10 is 'packets == 1'
    sleeps_through "$encoder"
    is 'packets == 1'
    run -0 shm-ls -l "$S"
    [[ $output == *"packets "*"; wanted by nobody, the encoder sleeps"* ]]
    serve "$S"
    sleeps_through "$encoder" # a server alone wants nothing
    viewer
    packets_pass 30
    is 'wanted == 1 && !asleep'
    run -0 shm-ls -l "$S"
    [[ $output == *"packets "*"; wanted by 1"* ]]
    bg "$TESTS/server/ws-client.py" --stay --quiet "$URL/stream.mjpg"
    mjpeg=$BG
    kill "$viewer"
    packets_pass 30
    kill "$mjpeg"
    sleeps_through "$encoder"
    for way in by_websocket by_mjpeg by_reader snapshot; do
        wait_until 10 asleep
        shows_newest "$way"
    done
    sleeps_through "$encoder"
    kill "$encoder"
    ends 143 "$encoder"
}

@test "two servers, a reader: awake until the last has left; the 65th and who may only read aren't heard" {
    scene
    serve "$S"
    first=$URL
    serve "$S"
    bg curl -sN -o /dev/null "$first/stream.mjpg"
    one=$BG
    bg curl -sN -o /dev/null "$URL/stream.mjpg"
    two=$BG
    bg shm-read -f jpg -n 1000000 "$S" >/dev/null
    three=$BG
    wait_until 10 is 'wanted == 3'
    kill "$one"
    wait_until 10 is 'wanted == 2'
    packets_pass 10
    kill "$two"
    wait_until 10 is 'wanted == 1'
    packets_pass 10
    kill "$three"
    ends 143 "$three"
    sleeps_through "$encoder"
    for _ in {1..64}; do
        bg event-read "$S"
    done
    wait_until 20 is 'readers == 64'
    run -1 timeout 20 shm-read -t 1 -n 2 -f jpg "$S" # no bit is left for it: it copies
    asleep
}

@test "the scene stands still: who comes sees the last frame at once, and nothing older" {
    clean_run shm-create -s 64x48 "$S"
    put
    bg shm-encode "$S"
    serve "$S"
    wait_until 10 is 'packets == 1'
    for _ in 1 2 3; do put; done # unseen
    wait_until 10 asleep
    is 'packets == 1'
    for way in by_websocket by_mjpeg by_reader snapshot; do
        shows_newest "$way"
        put
        wait_until 10 asleep
    done
    is 'frames == 8 && packets == 5'
    shows_newest by_websocket
    # There is nothing new: nothing is encoded.
    for way in by_websocket by_mjpeg by_reader snapshot; do
        [ "$("$way")" = 8 ]
    done
    is 'packets == 6'
    wait_until 10 is 'wanted == 0'
}

@test "ws-serve is killed with viewers: within a second the encoder sleeps again" {
    scene
    serve "$S"
    server=$BG
    viewer
    packets_pass 10
    kill -KILL "$server"
    ends 137 "$server"
    sleeps_through "$encoder"
    # Its successor has the same place in the ring.
    serve "$S"
    viewer
    packets_pass 10
}

@test "shm-encode is killed, awake or asleep: its successor does what is wanted" {
    scene
    serve "$S"
    wait_until 10 asleep
    kill -KILL "$encoder"
    ends 137 "$encoder"
    snapshot # of the dead one's picture, with no wait for a new one
    bg shm-encode "$S"
    encoder=$BG
    sleeps_through "$encoder"
    viewer
    packets_pass 10
    kill -KILL "$encoder"
    ends 137 "$encoder"
    bg shm-encode "$S"
    encoder=$BG
    packets_pass 10
    kill "$viewer"
    sleeps_through "$encoder"
}

@test "--replace, asleep and awake, by turns" {
    scene
    serve "$S"
    sleeps_through "$encoder"
    clean_run shm-create --replace -s 64x48 "$S"
    wait_until 10 is 'packets == 1'
    sleeps_through "$encoder"
    viewer
    packets_pass 10
    clean_run shm-create --replace -s 64x48 "$S"
    packets_pass 10
    is 'wanted == 1'
    kill "$viewer"
    sleeps_through "$encoder"
    clean_run shm-create --replace -s 64x48 "$S"
    wait_until 10 is 'packets == 1'
    [ "$(snapshot)" -gt 0 ]
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
}

# -o: frames in S, packets in S2.
second_scene() {
    clean_run shm-create -s 64x48 "$S2"
    scene "$@" -o "$S2"
}

@test "-o STREAM: asleep and awake by those who watch that one; the end of either wakes it" {
    second_scene
    sleeps_through "$encoder" "$S2"
    serve "$S2"
    viewer
    packets_pass 10 "$S2"
    kill "$viewer"
    sleeps_through "$encoder" "$S2"
    shows_newest snapshot # look() is of S, where the frames are
    # Replaced while it sleeps, the one and the other, with no frame that could wake it.
    wait_until 10 asleep "$S2"
    kill "$writer"
    ends 143 "$writer"
    clean_run shm-create --replace -s 64x48 "$S2"
    wait_until 10 is 'packets == 1' "$S2" # the frame that is there
    wait_until 10 is 'encoded' "$S2"
    clean_run shm-create --replace -s 64x48 "$S"
    wait_until 10 is 'readers == 1' "$S"
    put
    wait_until 10 is 'packets == 2' "$S2"
    put
    wait_until 10 asleep "$S2"
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
    clean_run shm-rm -f "$S2"
    second_scene
    wait_until 10 asleep "$S2"
    kill "$writer"
    ends 143 "$writer"
    clean_run shm-rm -f "$S2"
    ends 0 "$encoder"
}

@test "-o STREAM on a kernel that can't wait for two: woken as ever, and the end of either is seen" {
    clean_run shm-create -s 64x48 "$S"
    for gone in "$S" "$S2"; do
        [ -e "/dev/shm/$S" ] || clean_run shm-create -s 64x48 "$S"
        clean_run shm-create -s 64x48 "$S2"
        put
        bg strace -o "$BATS_TEST_TMPDIR/trace" -e trace=futex_waitv,futex -e inject=futex_waitv:error=ENOSYS \
            shm-encode -o "$S2" "$S"
        encoder=$BG
        wait_until 10 is 'packets == 1' "$S2"
        put
        wait_until 10 asleep "$S2"
        grep -q 'futex_waitv.*ENOSYS' "$BATS_TEST_TMPDIR/trace"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/trace")" -lt 300 ] # once a second, no more
        [ "$(shm-read -f jpg -n 1 "$S2" | com frame)" -gt 1 ]
        put
        wait_until 10 asleep "$S2"
        clean_run shm-rm -f "$gone"
        ends 0 "$encoder"
        rm -f "/dev/shm/$S2"
    done
}

@test "snapshots are fresh, one after the other and many at once; HEAD, ETag" {
    scene
    serve "$S"
    for _ in 1 2 3 4 5; do
        sleeps_through "$encoder" # in between
        shows_newest snapshot
    done
    wait_until 10 asleep
    curl -sSf --parallel --parallel-immediate -o "$BATS_TEST_TMPDIR/#1.jpg" "$URL/snapshot.jpg?[1-20]"
    for n in {1..20}; do
        djpeg "$BATS_TEST_TMPDIR/$n.jpg" >/dev/null
    done
    wait_until 10 asleep
    etag_of() {
        tr -d '\r' | sed -n 's/^etag: //Ip'
    }
    curl -sSf -I "$URL/snapshot.jpg" "$URL/snapshot.jpg" | etag_of >"$BATS_TEST_TMPDIR/etags" # one connection
    [ "$(wc -l <"$BATS_TEST_TMPDIR/etags")" = 2 ]
    # The same frame is the same picture, and a new one is not.
    kill "$writer"
    ends 143 "$writer"
    shows_newest snapshot
    etag=$(curl -sSf -I "$URL/snapshot.jpg" | etag_of)
    status() {
        curl -s -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" "$URL/snapshot.jpg"
    }
    [ "$(status)" = 304 ]
    wait_until 10 is 'wanted == 0'
    look
    before=$packets
    put
    wait_until 10 asleep
    run -0 status
    wait_until 10 eval '[ "$(status)" = 200 ]' # for the first only where the encoder was slow
    is "packets == $before + 1"
    etag=$(curl -sSf -I "$URL/snapshot.jpg" | etag_of)
    put
    wait_until 10 asleep
    kill -STOP "$encoder"
    [ "$(status)" = 304 ] # the answer that had to wait knows what was asked
    kill -CONT "$encoder"
}

@test "a stopped encoder: the snapshot that there is; who hangs up meanwhile leaves nothing" {
    scene
    serve "$S"
    server=$BG
    wait_until 10 asleep
    sockets() { find "/proc/$server/fd" -lname 'socket:*' | wc -l; }
    local own # of an idle server: the listener, and from libwebsockets 4.3 on one for netlink
    own=$(sockets)
    look
    before=$packets
    kill -STOP "$encoder"
    frames_pass 5
    curl -sSf -D "$BATS_TEST_TMPDIR/head" -o "$BATS_TEST_TMPDIR/old.jpg" "$URL/snapshot.jpg"
    grep -q "^etag: \"[0-9a-f]*-$before\"" <(tr -d '\r' <"$BATS_TEST_TMPDIR/head")
    # shm-read too, and a viewer.
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/old.jpg"
    "$TESTS/server/ws-client.py" --count 1 "ws://127.0.0.1:$PORT/ws" | grep -q "^picture .* seq=$before "
    # A second request behind the first ends the connection, as with any answer that isn't out yet.
    for _ in {1..5}; do
        "$TESTS/server/ws-client.py" "$URL/" >"$BATS_TEST_TMPDIR/answers" --bytes 'GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n'
        run -1 grep -a HTTP "$BATS_TEST_TMPDIR/answers"
    done
    python3 - "$PORT" <<'PYTHON'
import socket, sys
for _ in range(100): # gone before there is an answer
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    s.close()
PYTHON
    only_own() { [ "$(sockets)" = "$own" ]; }
    wait_until 10 only_own
    # What it was asked for stays wanted for a while, so that a slow encoder comes to it, and no longer.
    wait_until 10 is 'wanted == 0'
    kill -CONT "$encoder"
    shows_newest snapshot
    sleeps_through "$encoder"
    clean_run shm-rm -f "$S"
    ends 0 "$server"
}

@test "a snapshot is waited for when the stream is replaced, and when it is removed" {
    clean_run shm-create -s 64x48 "$S"
    clean_run shm-create -s 64x48 "$S2"
    put
    bg shm-encode "$S"
    encoder=$BG
    serve "$S" "$S2"
    put
    wait_until 10 asleep
    kill -STOP "$encoder"
    bg curl -s -o /dev/null -w '%{http_code}' "$URL/$S/snapshot.jpg" >"$BATS_TEST_TMPDIR/code"
    wait_until 10 is 'wanted == 1'
    clean_run shm-create --replace -s 64x48 "$S"
    ends 0 "$BG"
    [ "$(<"$BATS_TEST_TMPDIR/code")" = 503 ] || [ "$(<"$BATS_TEST_TMPDIR/code")" = 200 ]
    kill -CONT "$encoder"
    put
    put
    wait_until 10 asleep
    kill -STOP "$encoder"
    bg curl -s -o /dev/null -w '%{http_code}' "$URL/$S/snapshot.jpg" >"$BATS_TEST_TMPDIR/code"
    wait_until 10 is 'wanted == 1'
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
    [ "$(<"$BATS_TEST_TMPDIR/code")" = 410 ] || [ "$(<"$BATS_TEST_TMPDIR/code")" = 200 ]
    kill -CONT "$encoder"
    ends 0 "$encoder"
}

@test "--always encodes for nobody; -u and -r sleep too" {
    scene --always
    packets_pass 30
    is 'wanted == 0 && !asleep'
    kill "$encoder"
    ends 143 "$encoder"
    for option in "-u" "-r 30"; do
        # shellcheck disable=SC2086
        bg shm-encode $option "$S"
        encoder=$BG
        sleeps_through "$encoder"
        shows_newest by_reader
        kill "$encoder"
        ends 143 "$encoder"
    done
}

@test "a frame left out as unchanged is no reason to wait for one" {
    clean_run shm-create -s 64x48 "$S"
    head -c 9216 /dev/zero >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 64x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    bg shm-encode -u "$S"
    wait_until 10 is 'packets == 1'
    clean_run shm-write -s 64x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 asleep
    bg shm-read -f jpg -n 2 "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 10 is 'skipped == 1'
    kill "$BG"
    ends 143 "$BG"
    wait_until 10 is 'wanted == 0 && !asleep' # it has looked, and no frame has come since
}
