#!/usr/bin/env bats
# The recipes of README.md and the manual pages, run unchanged but for the stream's name and the port.
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

# The fenced block after "<!-- KIND: NAME -->" in README.md, or the display after '.\" KIND: NAME' in a
# manual page.
block() {
    awk -v mark="<!-- $1: $2 -->" '
        $0 == mark { wanted = 1; next }
        wanted && /^```/ { if (inside) exit; inside = 1; next }
        wanted && inside' "$ROOT/README.md"
    display "$1: $2"
}

recipe() {
    block recipe "$1" | sed "s/\<view\>/$S/g; s/ net / $S2 /g; s/8080/$PORT/g" | tee "$BATS_TEST_TMPDIR/$1.sh"
    [ -s "$BATS_TEST_TMPDIR/$1.sh" ]
}

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
    PATH=$BUILD:/usr/bin:/bin
    PORT=$(free_port)
    URL=http://127.0.0.1:$PORT
}

snapshot() {
    curl -sSf -o now.jpg "$URL/snapshot.jpg"
}

reader_there() {
    shm-ls -l "$S" | grep -q event-read
}

# Removing the stream ends all programs of a recipe.
all_end() {
    clean_run shm-rm -f "$S"
    ends "${1:-0}" "$BG"
    wait_until 10 group_gone "$BG"
}

@test "every recipe is tested here" {
    run grep -ohE '^(<!--|\.\\") recipe: [a-z0-9]+' "$ROOT/README.md" "$ROOT"/man/*.[1-8]
    for name in $(sed 's/.*: //' <<<"$output"); do
        echo "$name"
        grep -qE "^ *recipe $name\b" "$BATS_TEST_FILENAME"
    done
    [ "${#lines[@]}" -ge 9 ]
    # and each only once
    [ -z "$(sed 's/.*: //' <<<"$output" | sort | uniq -d)" ]
}

@test "recipe: a video file" {
    "$TESTS/support/pattern.py" 1280x720 rgb24 top-down raw source.ppm
    ffmpeg -v error -nostdin -loop 1 -i source.ppm -r 10 -t 4 -c:v mpeg4 -q:v 2 clip.mp4
    recipe video
    bg bash -e video.sh >out
    wait_until 20 snapshot
    djpeg -outfile now.ppm now.jpg
    db=$(/usr/bin/python3 "$TESTS/support/psnr.py" source.ppm now.ppm)
    echo "$db dB"
    awk -v db="$db" 'BEGIN { exit !(db >= 33) }'
    wait_until 10 reader_there
    event-inject "$S" pointer_down x=0.25 y=0.75 button=1
    wait_until 10 grep -q '^pointer_down x=0.25 y=0.75 button=1' out
    all_end
}

@test "recipe: an X display" {
    start_x 320x200
    bg xlogo -geometry 160x200+0+0 -bg red -fg blue
    wait_until 10 xwd -silent -name xlogo -out window.xwd
    recipe x11
    bg bash -e x11.sh >out
    wait_until 20 snapshot
    djpeg -outfile now.ppm now.jpg
    # The upper left corner of the logo's window is red.
    pamcut -left 8 -top 8 -width 1 -height 1 now.ppm | tail -c 3 | od -An -tu1 >corner
    read -r r g b <corner
    echo "$r $g $b"
    ((r > 240 && g < 15 && b < 15))
    all_end
}

# bats test_tags=quick
@test "recipe: a renderer in Python" {
    block file renderer.py >renderer.py
    recipe python
    bg bash -e python.sh >out
    wait_until 20 snapshot
    colour() { # at 1/4 3/4
        shm-read "$S" | pamcut -left 160 -top 270 -width 1 -height 1 | tail -c 3 | od -An -tx1 | tr -d ' '
    }
    colour_is() {
        [ "$(colour)" = "$1" ]
    }
    [ "$(colour)" = 3fbf3c ] # only the gradient
    event-inject "$S" pointer_move x=0.25 y=0.75
    wait_until 10 colour_is 0000ff
    event-inject "$S" pointer_down x=0.25 y=0.75 button=1 buttons=1
    wait_until 10 colour_is ffffff
    event-inject "$S" pointer_up x=0.25 y=0.75 button=1
    wait_until 10 colour_is 0000ff
    # A frame has the number of the last event that it shows, which its JPEG keeps.
    event-inject "$S" key_down key=ü
    answered() { shm-read -f jpg "$S" | rdjpgcom | grep -q "^shmcast .* event=$1 "; }
    wait_until 10 answered 4
    # One frame answers all events that arrive together.
    frames() { shm-ls -j "$S" | grep -o '"published":[0-9]*' | head -n 1 | cut -d : -f 2; }
    before=$(frames)
    for i in $(seq 100 199); do
        echo "pointer_move x=0.$i y=0.5 pointer=$i"
    done >moves
    event-inject "$S" <moves
    wait_until 10 answered 104
    (($(frames) - before < 10)) # the pipe may pass on the lines in a few pieces
    event-inject "$S" pointer_move x=0.9 y=0.1
    wait_until 10 colour_is 3fbf3c
    all_end
}

@test "recipe: a renderer that runs only while somebody watches" {
    recipe viewers
    bg bash -e viewers.sh
    drawing() { pgrep -g "$BG" frame-gen; }
    resting() { ! drawing; }
    wait_until 20 snapshot
    wait_until 20 resting
    bg curl -sN -o /dev/null "$URL/stream.mjpg"
    viewer=$BG BG=${BG_PIDS[0]}
    wait_until 20 drawing
    kill "$viewer"
    wait_until 20 resting
    bg curl -sN -o /dev/null "$URL/stream.mjpg"
    BG=${BG_PIDS[0]}
    wait_until 20 drawing
    all_end
}

@test "recipe: netpbm" {
    recipe netpbm
    bg bash -e netpbm.sh >out
    wait_until 20 snapshot
    shm-read "$S" | ppmhist -noheader | awk '{ print $1, $2, $3 }' | sort >colours
    diff colours <(printf '0 0 255\n255 255 0\n')
    all_end
}

@test "recipe: record and replay" {
    clean_run shm-create -s 64x48 "$S"
    recipe replay
    bg bash -e replay.sh
    wait_until 10 reader_there
    for i in $(seq 100); do
        echo "pointer_move x=0.$i y=0.5"
    done | event-inject "$S"
    ends 0 "$BG"
    clean_run event-read --from start -n 200 "$S" | sed 's/ t=.*//' >events
    [ "$(wc -l <events)" -eq 200 ]
    cmp <(head -n 100 events) <(tail -n 100 events)
}

@test "recipe: a stream that exists as long as a command runs" {
    ls /dev/shm >before
    recipe owned
    clean_run bash -e owned.sh
    [ "$(head -c 2 frame.ppm)" = P6 ]
    # Other objects may come and go meanwhile; shm-create's generated names have this prefix.
    run -1 grep -q '^shmcast-' <(comm -13 <(sort before) <(ls /dev/shm | sort))
}

@test "recipe: a ladder" {
    ffmpeg -v error -nostdin -f lavfi -i testsrc=s=1280x720:r=10 -t 4 -c:v mpeg4 -q:v 2 clip.mp4
    recipe ladder
    bg bash -e ladder.sh >out
    wait_until 20 snapshot
    wait_until 20 curl -sSf -o low.jpg "$URL/$S-low/snapshot.jpg"
    [ "$(djpeg now.jpg | head -c 15 | tr '\n' ' ')" = "$(djpeg low.jpg | head -c 15 | tr '\n' ' ')" ]
    [ "$(wc -c <low.jpg)" -lt "$(wc -c <now.jpg)" ]
    clean_run shm-rm -f "$S-low"
    all_end
}

@test "recipe: on a network" {
    shm-create -s 64x48 "$S"
    bg shm-encode "$S"
    frame-gen -s 64x48 -f yuv420p -n 1 -o "$S"
    recipe network >/dev/null # "view" is also a role there
    block recipe network | sed "s/ view\$/ $S/; s/-b 0.0.0.0/-b 127.0.0.1 -p $PORT/" >network.sh
    grep -q -- "--token-file tokens $S\$" network.sh
    # ws-serve(1) has the same lines.
    diff -b <(block recipe network | sed 's/^ *//') <(mandoc "$ROOT/man/ws-serve.1" | sed 's/.\x08//g; s/^ *//' |
        sed -n '/^openssl req/,/^ws-serve -b 0/p')
    bg bash -e network.sh >out
    wait_until 20 grep -q "^https://127.0.0.1:$PORT/" out
    [ "$(stat -c %a tokens key.pem | xargs)" = "600 600" ]
    for role in control view; do
        token=$(sed -n "s/^$role //p" tokens)
        [ ${#token} = 24 ]
        curl -fsk -o now.jpg "https://127.0.0.1:$PORT/snapshot.jpg?token=$token"
        djpeg now.jpg | head -c 2 | grep -qx P6
        curl -fsk -H "Authorization: Bearer $token" "https://127.0.0.1:$PORT/stats" | grep -q '^{"name"'
        curl -fskL -c jar -o page "https://127.0.0.1:$PORT/?token=$token"
        cmp page "$ROOT/lib/server/web/index.html"
    done
    [ "$(curl -sk -o /dev/null -w '%{http_code}' "https://127.0.0.1:$PORT/snapshot.jpg")" = 401 ]
}

@test "recipe: a group that sees, wants and sends, and writes nothing" {
    [ "$(id -u)" = 0 ] || skip "needs root to become other users"
    dir=$(mktemp -d)
    chmod 711 "$dir"
    cd "$dir"
    cp "$BUILD/shm-read" "$BUILD/event-inject" .
    recipe group
    sed "s/viewers/65534/" "$BATS_TEST_TMPDIR/group.sh" >group.sh
    bg bash -e group.sh
    wait_until 20 test -S room/socket
    frame-gen -n 1 -o "$S"
    member=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    see() { "$@" curl -sSf --unix-socket room/socket http://localhost/snapshot.jpg; }
    wait_until 20 eval 'see "${member[@]}" >now.jpg'
    [ "$(djpeg now.jpg | head -c 15 | xargs)" = "P6 1280 720 255" ]
    run -7 --separate-stderr see setpriv --reuid=65533 --regid=65533 --clear-groups
    bg "${member[@]}" /usr/bin/python3 -c 'import signal, socket
s = socket.socket(socket.AF_UNIX)
s.connect("room/socket")
s.sendall(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n")
assert s.recv(12) == b"HTTP/1.1 101"
text = b"""{"type":"key_down","key":"q"}"""
s.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
signal.pause()' </dev/null
    run -0 timeout 100 event-read --from start -n 1 "$S"
    [[ $output == "key_down key=q"*" viewer=1"* ]]
    fails 3 "${member[@]}" ./shm-read "$S"
    fails 3 "${member[@]}" ./event-inject "$S" key_down key=q
    clean_run shm-rm -f "$S"
    cd /
    rm -r "$dir"
}

nodes_are() {
    [[ $(shm-ls -j "$S2") =~ \"newest\":\{\"width\":2,\"height\":$1, ]]
}

@test "recipe: a network that grows" {
    printf '%s\n' 'a b' 'b c' 'c a' >edges.txt
    recipe growing
    bg bash -e growing.sh
    wait_until 20 nodes_are 3
    wait_until 20 snapshot
    [[ $(djpeg now.jpg | sed -n 2p) = "1920 1080" ]]
    echo 'c d' >>edges.txt
    wait_until 20 nodes_are 4
    clean_run shm-rm -f "$S2"
    echo 'd e' >>edges.txt # tail notices the closed pipe only when it writes
    all_end
}

@test "recipe: containers" {
    unshare -rpf --mount-proc true || skip "no user namespaces"
    # In place of podman: a container with a /dev/shm and processes of its own, or one that shares /dev/shm.
    mkdir bin
    cat >bin/podman <<'EOF'
#!/bin/bash
set -e
detached='' enter=(unshare --user --map-root-user --ipc)
[[ $1 == run ]] && shift
while [[ $1 == -* ]]; do
    case $1 in
    -d) detached=1 && shift && continue ;;
    --name) name=$2 ;;
    --shm-size) size=$2 ;;
    --ipc) [[ $2 == shareable ]] || enter=(nsenter -t "$(cat "${2#container:}.pid")" --user --preserve-credentials --mount --ipc) ;;
    --network) [[ $2 == host ]] ;;
    *) exit 9 ;;
    esac
    shift 2
done
[[ $1 == shmcast ]] && shift
export size
run=("${enter[@]}" unshare --mount --pid --fork --kill-child --mount-proc sh -c '"$@"' sh "$@")
# The namespaces must be those of a process that others can enter.
if [[ -n ${size-} ]]; then
    run=("${enter[@]}" --mount sh -c 'mount -t tmpfs -o "size=$size" shm /dev/shm && "$@"' sh
        unshare --pid --fork --kill-child --mount-proc "$@")
fi
[[ -n $detached ]] || exec "${run[@]}"
"${run[@]}" &
[[ -n ${name-} ]] || exit 0
echo $! >"$name.pid"
until nsenter -t $! --user --preserve-credentials --mount shm-ls "$name" 2>/dev/null | grep -q live; do sleep 0.1; done
EOF
    chmod +x bin/podman
    PATH=$PWD/bin:$PATH
    second=$(free_port)
    recipe containers
    sed -i "s/8081/$second/" containers.sh
    bg bash -e containers.sh >out
    wait_until 20 snapshot
    [ "$(djpeg now.jpg | head -c 15 | xargs)" = "P6 1280 720 255" ]
    wait_until 20 curl -sSf -o /dev/null "http://127.0.0.1:$second/snapshot.jpg"
    enter=(nsenter -t "$(cat "$S.pid")" --user --preserve-credentials --mount)
    [ ! -e "/dev/shm/$S" ]
    [ "$("${enter[@]}" df -B 1M --output=size /dev/shm | tail -n 1 | xargs)" = 256 ]
    clean_run "${enter[@]}" shm-rm -f "$S"
    ends 0 "$BG"
    wait_until 20 group_gone "$BG"
}
