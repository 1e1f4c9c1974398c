#!/usr/bin/env bats
# Encoding on demand: nothing is encoded without viewers, and viewers see the newest frame.
# bg reads stdin, and wait_until calls functions: shellcheck can't see that.
# shellcheck disable=SC2154,SC2217,SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

# Reads a stream's numbers from shm-ls into variables; without Python, as it is called often.
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

is() { # EXPRESSION [STREAM]: over those variables
    look "${2-}"
    (($1))
}

# The encoder sleeps, and there is no demand.
asleep() {
    is 'asleep && wanted == 0' "$@"
}

# At least $1 more frames are published.
frames_pass() {
    look "${2-}"
    wait_until 20 is "frames >= $((frames + $1))" "${2-}"
}

# At least $1 more packets are published.
packets_pass() {
    look "${2-}"
    wait_until 20 is "packets >= $((packets + $1))" "${2-}"
}

# The encoder sleeps through 60 frames: no packet, no wake-up.
sleeps_through() { # PID [STREAM of packets]
    local before encoded_before
    wait_until 20 asleep "${2-}"
    wait_until 20 blocked "$1" # it reports that it sleeps a moment before it does
    look "${2-}"
    before=$(switches "$1") encoded_before=$packets
    frames_pass 60
    look "${2-}"
    echo "switches $before → $(switches "$1"), packets $encoded_before → $packets"
    [ "$(switches "$1")" = "$before" ] || sanitized
    ((packets == encoded_before))
}

com() { # KEY: its value in the comment of the JPEG on stdin
    rdjpgcom | sed -n "s/^shmcast .*\<$1=\([0-9.]*\).*/\1/p"
}

# One frame, then a static scene.
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
    bg shm-encode -s 0 "$@" "$S"
    encoder=$BG
}

viewer() { # a WebSocket viewer that stays: pid in $viewer, output in $OUT
    OUT=$BATS_TEST_TMPDIR/viewer.$BG_COUNT
    bg "$TESTS/server/ws-client.py" --stay --restarts --repeats "ws://127.0.0.1:$PORT/ws" >"$OUT"
    viewer=$BG
}

# Four ways to get an image; each prints the number of its frame.
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

# WAY shows the newest frame. Waits for the encoder are limited, so on a busy machine it is repeated.
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

@test "encoder: sleeps after the first frame, wakes for a viewer, sleeps after it leaves" {
    scene -j 2
    wait_until 10 is 'packets == 1'
    sleeps_through "$encoder"
    is 'packets == 1'
    run -0 shm-ls -l "$S"
    [[ $output == *"packets "*"; wanted by nobody, the encoder sleeps"* ]]
    serve "$S"
    sleeps_through "$encoder" # a server without viewers has no demand
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

@test "two servers and a reader: awake until the last leaves; the 65th reader has demand too" {
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
    bg python3 -c 'import fcntl, signal, struct, sys
stream = open("/dev/shm/" + sys.argv[1], "r+b")
stream.seek(104)
claims = int.from_bytes(stream.read(8), "little")
for claim in range(8, 72):
    try:
        lock = struct.pack("hhqqi", fcntl.F_WRLCK, 0, claims + claim * 64, 1, 0)
        fcntl.fcntl(stream, fcntl.F_OFD_SETLK, lock)
    except BlockingIOError:
        pass
signal.pause()' "$S" </dev/null
    wait_until 20 is 'readers == 64'
    clean_run shm-read -n 2 -f jpg "$S" >/dev/null # no reader slot is left: it copies
    bg shm-read -n 1000000 -f jpg "$S" >/dev/null
    copying=$BG
    packets_pass 10
    is 'wanted == 1 && !asleep'
    kill -KILL "$copying"
    ends 137 "$copying"
    sleeps_through "$encoder"
}

@test "readers without write permission: the encoder wakes for them, and sleeps after they leave" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    skip_missing setpriv
    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    dir=$(mktemp -d)
    cp "$(command -v shm-read)" "$(command -v ws-serve)" "$dir"
    chmod -R a+rX "$dir"
    clean_run shm-create -s 64x48 -m 0644 "$S"
    moving
    bg shm-encode -s 0 "$S"
    encoder=$BG
    sleeps_through "$encoder"
    bg "${nobody[@]}" "$dir/shm-read" -n 1000000 -f jpg "$S" >/dev/null
    reader=$BG
    packets_pass 30
    is 'wanted == 1 && !asleep && readers == 1' # the encoder's
    kill -KILL "$reader"
    ends 137 "$reader"
    sleeps_through "$encoder"
    # a server
    : >"$dir/out"
    bg "${nobody[@]}" "$dir/ws-serve" -p 0 "$S" >"$dir/out"
    server=$BG
    wait_until 10 grep -q http "$dir/out"
    URL=$(sed 's,/$,,' "$dir/out") PORT=${URL##*:}
    sleeps_through "$encoder"
    viewer
    packets_pass 30
    kill "$viewer"
    sleeps_through "$encoder"
    by_nobody() { "${nobody[@]}" "$dir/shm-read" -f jpg "$S" | com frame; }
    for way in by_websocket by_mjpeg by_nobody snapshot; do
        wait_until 10 asleep
        shows_newest "$way"
    done
    # demand outlives the encoder and the stream
    viewer
    packets_pass 10
    kill -KILL "$encoder"
    ends 137 "$encoder"
    bg shm-encode -s 0 "$S"
    encoder=$BG
    packets_pass 10
    clean_run shm-create --replace "$S"
    packets_pass 10
    kill "$viewer"
    sleeps_through "$encoder"
    clean_run shm-rm -f "$S"
    ends 0 "$server"
    rm -r "$dir"
}

event_readers() { # of the stream, as shm-ls shows them
    shm-ls -j "$S" | grep -o '"pid":[0-9]*,"mapped":true,"open":true,"command":"event-read"' | wc -l
}

@test "readers of events take no claim from readers of images" {
    clean_run shm-create -s 64x48 "$S"
    put
    bg shm-encode -s 0 "$S"
    bg bash -c 'for _ in {1..70}; do event-read "$1" >/dev/null & done; wait' - "$S" </dev/null
    wait_until 30 eval '[ "$(event_readers)" = 70 ]'
    wait_until 20 asleep
    is 'readers == 1' # the encoder
    bg shm-read -n 2 -f jpg "$S" </dev/null >/dev/null
    reader=$BG
    wait_until 20 is 'wanted == 1'
    look
    before=$packets
    put
    wait_until 20 is "packets == before + 1"
    put
    ends 0 "$reader"
}

shown() { # LINES of event-read --viewers, without times
    [ "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/shown" | xargs)" = "$*" ]
}

@test "event-read --viewers follows the encoder: a viewer, also without frames; the first frame" {
    clean_run shm-create -s 64x48 "$S"
    bg event-read --viewers "$S" </dev/null >"$BATS_TEST_TMPDIR/shown"
    events=$BG
    wait_until 10 shown hide
    bg shm-encode "$S"
    encoder=$BG
    wait_until 10 shown hide show
    put
    wait_until 10 shown hide show hide
    serve "$S"
    viewer
    wait_until 10 shown hide show hide show
    put
    # No frame comes after this one, and its end of demand is noticed all the same.
    kill "$viewer"
    wait_until 10 shown hide show hide show hide
    wait_until 10 asleep
    kill "$encoder"
    ends 143 "$encoder"
    bg shm-encode --always "$S"
    wait_until 10 shown hide show hide show hide show
    kill "$BG"
    ends 143 "$BG"
    wait_until 10 shown hide show hide show hide show hide
    # Demand of a killed encoder ends when its successor has started.
    bg shm-encode --always "$S"
    wait_until 10 shown hide show hide show hide show hide show
    kill -KILL "$BG"
    ends 137 "$BG"
    bg shm-encode "$S"
    wait_until 10 shown hide show hide show hide show hide show hide
    kill "$events"
    ends 143 "$events"
}

@test "static scene: a new viewer gets the last frame at once, and nothing older" {
    clean_run shm-create -s 64x48 "$S"
    put
    bg shm-encode -s 0 "$S"
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
    # Nothing is encoded without a new frame.
    for way in by_websocket by_mjpeg by_reader snapshot; do
        [ "$("$way")" = 8 ]
    done
    is 'packets == 6'
    wait_until 10 is 'wanted == 0'
}

@test "ws-serve killed with viewers: the encoder sleeps again" {
    scene
    serve "$S"
    server=$BG
    viewer
    packets_pass 10
    kill -KILL "$server"
    ends 137 "$server"
    sleeps_through "$encoder"
    # Its successor gets the same slot for readers.
    serve "$S"
    viewer
    packets_pass 10
}

@test "shm-encode killed, awake or asleep: its successor serves the demand" {
    scene
    serve "$S"
    wait_until 10 asleep
    kill -KILL "$encoder"
    ends 137 "$encoder"
    snapshot # the dead encoder's packet, without a wait for a new one
    bg shm-encode -s 0 "$S"
    encoder=$BG
    sleeps_through "$encoder"
    viewer
    packets_pass 10
    kill -KILL "$encoder"
    ends 137 "$encoder"
    bg shm-encode -s 0 "$S"
    encoder=$BG
    packets_pass 10
    kill "$viewer"
    sleeps_through "$encoder"
}

@test "--replace, alternately asleep and awake" {
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

@test "-o STREAM: demand comes from the output stream; the end of either stream wakes the encoder" {
    second_scene
    sleeps_through "$encoder" "$S2"
    serve "$S2"
    viewer
    packets_pass 10 "$S2"
    kill "$viewer"
    sleeps_through "$encoder" "$S2"
    shows_newest snapshot # look() reads S, which has the frames
    # Each stream is replaced while the encoder sleeps, without a frame that would wake it.
    wait_until 10 asleep "$S2"
    kill "$writer"
    ends 143 "$writer"
    clean_run shm-create --replace -s 64x48 "$S2"
    wait_until 10 is 'packets == 1' "$S2" # the existing frame
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

@test "-o STREAM without futex_waitv, or with a seccomp filter that refuses it: still woken, and the end of either stream is noticed" {
    clean_run shm-create -s 64x48 "$S"
    for pair in "ENOSYS $S" "ENOSYS $S2" "EPERM $S"; do
        error=${pair% *} gone=${pair#* }
        [ -e "/dev/shm/$S" ] || clean_run shm-create -s 64x48 "$S"
        clean_run shm-create -s 64x48 "$S2"
        put
        began=$SECONDS
        bg strace -o "$BATS_TEST_TMPDIR/trace" -e trace=futex_waitv,futex -e "inject=futex_waitv:error=$error" \
            shm-encode -o "$S2" "$S"
        encoder=$BG
        wait_until 10 is 'packets == 1' "$S2"
        put
        wait_until 10 asleep "$S2"
        grep -q "futex_waitv.*$error" "$BATS_TEST_TMPDIR/trace"
        # at most once per second
        [ "$(wc -l <"$BATS_TEST_TMPDIR/trace")" -lt $((300 + 10 * (SECONDS - began))) ]
        [ "$(shm-read -f jpg -n 1 "$S2" | com frame)" -gt 1 ]
        put
        wait_until 10 asleep "$S2"
        clean_run shm-rm -f "$gone"
        ends 0 "$encoder"
        rm -f "/dev/shm/$S2"
    done
}

@test "snapshots are fresh, in sequence and in parallel; HEAD, ETag" {
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
    # The ETag changes only with a new frame.
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
    wait_until 10 eval '[ "$(status)" = 200 ]' # at the first attempt unless the encoder was slow
    is "packets == $before + 1"
    etag=$(curl -sSf -I "$URL/snapshot.jpg" | etag_of)
    put
    wait_until 10 asleep
    kill -STOP "$encoder"
    [ "$(status)" = 304 ] # a delayed answer remembers If-None-Match
    kill -CONT "$encoder"
}

@test "stopped encoder: the existing snapshot is served; a client that disconnects leaves nothing" {
    scene
    serve "$S"
    server=$BG
    wait_until 10 asleep
    look
    before=$packets
    kill -STOP "$encoder"
    frames_pass 5
    curl -sSf -D "$BATS_TEST_TMPDIR/head" -o "$BATS_TEST_TMPDIR/old.jpg" "$URL/snapshot.jpg"
    grep -q "^etag: \"[0-9a-f]*-$before\"" <(tr -d '\r' <"$BATS_TEST_TMPDIR/head")
    # shm-read gets it too, and a viewer.
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/old.jpg"
    "$TESTS/server/ws-client.py" --count 1 "ws://127.0.0.1:$PORT/ws" | grep -q "^picture .* seq=$before "
    # A pipelined second request ends the connection, as with any pending answer.
    for _ in {1..5}; do
        "$TESTS/server/ws-client.py" "$URL/" >"$BATS_TEST_TMPDIR/answers" --bytes 'GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n'
        run -1 grep -a HTTP "$BATS_TEST_TMPDIR/answers"
    done
    python3 - "$PORT" <<'PYTHON'
import socket, sys
for _ in range(100): # disconnected before the answer
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    s.close()
PYTHON
    wait_until 10 has_sockets "$server" 1
    # The demand remains for a while, so that a slow encoder serves it, but not longer.
    wait_until 10 is 'wanted == 0'
    kill -CONT "$encoder"
    shows_newest snapshot
    sleeps_through "$encoder"
    clean_run shm-rm -f "$S"
    ends 0 "$server"
}

@test "a pending snapshot when the stream is replaced, and when it is removed" {
    clean_run shm-create -s 64x48 "$S"
    clean_run shm-create -s 64x48 "$S2"
    put
    bg shm-encode -s 0 "$S"
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

@test "--always encodes without demand; -u and -r sleep too" {
    scene --always
    packets_pass 30
    is 'wanted == 0 && !asleep'
    kill "$encoder"
    ends 143 "$encoder"
    for option in "-u" "-r 30"; do
        # shellcheck disable=SC2086
        bg shm-encode -s 0 $option "$S"
        encoder=$BG
        sleeps_through "$encoder"
        shows_newest by_reader
        kill "$encoder"
        ends 143 "$encoder"
    done
}

@test "a frame skipped as unchanged ends the wait for a fresh one" {
    clean_run shm-create -s 64x48 "$S"
    head -c 9216 /dev/zero >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 64x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    bg shm-encode -s 0 -u "$S"
    wait_until 10 is 'packets == 1'
    clean_run shm-write -s 64x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 asleep
    bg shm-read -f jpg -n 2 "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 10 is 'skipped == 1'
    kill "$BG"
    ends 143 "$BG"
    wait_until 10 asleep # the end of demand is noticed, although no frame has come since
}
