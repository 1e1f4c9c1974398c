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
    block recipe "$1" | sed "s/\<view\>/$S/g; s/ net\( \|\$\)/ $S2\1/g; s/8080/$PORT/g" | tee "$BATS_TEST_TMPDIR/$1.sh"
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

# A scene that a test moves by hand: `put N` publishes picture N, 1 to 9, through shm-write, and adds the
# time of its capture to the file "captured".
scene() {
    frame-gen -s 320x240 -f rgb24 -r 0 -n 9 >raw
    clean_run shm-create -s 320x240 "$S"
    mkfifo in
    exec 8<>in
    bg shm-write "$S" <in 8>&-
}

put() {
    dd if=raw bs=230400 skip=$(($1 - 1)) count=1 status=none >&8
    wait_until 20 is_newest "$1"
    sed -n "2s/.* captured=/$1 /p" newest.ppm >>captured
}

is_newest() {
    shm-read "$S" >newest.ppm && [ "$(frame-gen --read <newest.ppm)" = "$1" ]
}

# The numbers of the pictures of a film, one per line.
numbers() { # FILE or URL, with ffmpeg's options before it
    ffmpeg -v error "${@:1:$#-1}" -i "${*: -1}" -fps_mode passthrough -f yuv4mpegpipe - | frame-gen --read
}

# The times of a film's pictures follow those of the captures, to within a picture; 0.1 s is for a writer
# that is late between capture and publication.
times_follow() { # FILE
    paste -d ' ' <(numbers "$1") <(ffprobe -v error -show_entries frame=pts_time -of csv=p=0 "$1" |
        grep -oE '^[0-9.]+') >film
    python3 -c 'first = {}
for number, time in (line.split() for line in open("film")):
    first.setdefault(number, float(time))
captured = dict(line.split() for line in open("captured"))
print(first, captured)
assert set(first) == set(captured)
del first["1"] # captured before the start
begin = [float(captured[number]) - time for number, time in first.items()]
assert max(begin) - min(begin) <= 1 / 30 + 0.002 + 0.1, begin'
}

# A scene that pauses for a second and for two, recorded by a script.
is_recorded() { # SCRIPT
    put 1
    bg bash -e -o pipefail "$1"
    recorder=$BG
    wait_until 60 eval 'shm-ls -l "$S" | grep -q shm-read' # it has started
    for picture in 2 3 4 5; do
        sleep 1
        put $picture
    done
    sleep 2
    put 6
    sleep 0.3
    exec 8>&-
    clean_run shm-rm -f "$S"
    ends 0 "$recorder" 60
    cat "$BATS_TEST_TMPDIR"/bg.*.err
    [ -z "$(cat "$BATS_TEST_TMPDIR"/bg.*.err)" ]
    times_follow record.mkv
}

@test "recipe: a recording has the times of the captures, also of a scene that pauses" {
    scene
    recipe record
    is_recorded record.sh
    [ "$(ffprobe -v error -show_entries stream=codec_name -of csv=p=0 record.mkv)" = h264 ]
}

@test "recipe: JPEGs are recorded as they are, with the times of the captures" {
    scene
    bg shm-encode -S 444 "$S"
    recipe copy
    is_recorded copy.sh
    [ "$(ffprobe -v error -show_entries stream=codec_name -of csv=p=0 record.mkv)" = mjpeg ]
    ffmpeg -v error -i record.mkv -c copy -f mjpeg - | rdjpgcom | grep -q '^shmcast seq='
}

@test "recipe: HLS, playable while it is written" {
    scene
    put 1
    recipe hls
    bg bash -e -o pipefail hls.sh
    hls=$BG
    pieces() { [ "$(grep -c '\.ts$' hls/live.m3u8)" -ge "$1" ]; }
    wait_until 60 pieces 2
    [ "$(numbers -t 1 hls/live.m3u8 | sort -u)" = 1 ]
    put 2
    plays() { numbers -live_start_index -1 -t 1 hls/live.m3u8 | grep -qx "$1"; }
    wait_until 60 plays 2
    exec 8>&-
    clean_run shm-rm -f "$S"
    ends 0 "$hls" 60
    grep -qx '#EXT-X-ENDLIST' hls/live.m3u8
    [ "$(grep -A 1 '^#EXTINF:2\.0' hls/live.m3u8 | grep -c '\.ts$')" -ge 2 ]
}

@test "recipe: RTMP, to nginx" {
    module=$(find /usr/lib/nginx/modules /usr/share/nginx/modules -name ngx_rtmp_module.so 2>/dev/null | head -n 1)
    [ -n "$module" ]
    rtmp=$(free_port)
    printf 'load_module %s;\npid %s/pid;\nerror_log %s/log;\ndaemon off;\nevents {}\nrtmp { server { listen 127.0.0.1:%s; application live { live on; } } }\n' \
        "$module" "$PWD" "$PWD" "$rtmp" >nginx.conf
    bg /usr/sbin/nginx -c "$PWD/nginx.conf" -e "$PWD/log"
    wait_listen "$rtmp"
    scene
    put 1
    recipe rtmp
    sed -i "s,rtmp://server/,rtmp://127.0.0.1:$rtmp/," rtmp.sh
    bg bash -e -o pipefail rtmp.sh
    push=$BG
    plays() { [ "$(numbers -t 1 "rtmp://127.0.0.1:$rtmp/live/$S" | tail -n 1)" = "$1" ]; }
    wait_until 60 plays 1
    put 2
    wait_until 60 plays 2
    exec 8>&-
    clean_run shm-rm -f "$S"
    ends 0 "$push" 60
}

@test "recipe: SRT, to a receiver that listens" {
    srt=$(free_port)
    bg srt-live-transmit -q "srt://127.0.0.1:$srt?mode=listener" file://con >got.ts
    wait_until 20 eval 'ss -Huln "sport = :$srt" | grep -q .'
    scene
    put 1
    recipe srt
    sed -i "s,srt://server:9000,srt://127.0.0.1:$srt," srt.sh
    bg bash -e -o pipefail srt.sh
    push=$BG
    has_bytes() { (($(stat -c %s got.ts) >= $1)); }
    wait_until 60 has_bytes 1
    put 2
    plays() { numbers got.ts 2>/dev/null | grep -qx "$1"; }
    wait_until 60 plays 2
    exec 8>&-
    clean_run shm-rm -f "$S"
    ends 0 "$push" 60
}

@test "recipe: a camera of other programs, by v4l2loopback" {
    scene
    put 1
    recipe loopback
    bg bash -e -o pipefail loopback.sh
    if [ -c /dev/video9 ]; then
        plays() { [ "$(numbers -f v4l2 -t 1 /dev/video9 | tail -n 1)" = 1 ]; }
        wait_until 60 plays
        clean_run shm-rm -f "$S"
        ends 0 "$BG" 60
    else # all but the device is there
        wait_until 60 pid_gone "$BG"
        grep -q "open V4L2 device '/dev/video9'" "$BG_ERR"
        run -1 grep -iq 'unknown\|unrecognized\|invalid' "$BG_ERR"
    fi
}

@test "recipe: a webcam that makes JPEGs" {
    # In place of the device, a film at its own speed: the same packets, from ffmpeg too.
    frame-gen -s 320x240 -f yuv420p -r 0 -n 60 | ffmpeg -v error -f yuv4mpegpipe -i - -q:v 2 -f mjpeg camera.mjpg
    recipe webcam
    grep -q -- '-f v4l2 -input_format mjpeg -video_size 1920x1080 -i /dev/video0' webcam.sh
    sed -i 's,-f v4l2 -input_format mjpeg -video_size 1920x1080 -i /dev/video0,-stream_loop -1 -re -f mjpeg -i camera.mjpg,' webcam.sh
    bg bash -e webcam.sh >out
    wait_until 60 snapshot
    djpeg now.jpg | frame-gen --read | grep -qE '^[0-9]+$'
    shm-ls -l "$S" | grep -q ' (shm-write), for'
    run ! pgrep -g "$BG" shm-encode
    all_end
}

@test "recipe: a network camera, which goes away and comes back" {
    frame-gen -s 320x240 -f yuv420p -r 0 -n 60 | ffmpeg -v error -f yuv4mpegpipe -i - -q:v 2 -f mjpeg camera.mjpg
    camera=$(free_port)
    films() { # a camera's server, of ffmpeg
        bg ffmpeg -v error -stream_loop -1 -re -f mjpeg -i camera.mjpg -c copy -f mpjpeg \
            -listen 1 "http://127.0.0.1:$camera/stream.mjpg"
    }
    recipe ipcamera
    sed -i "s,http://camera/,http://127.0.0.1:$camera/,; s/sleep 1/sleep 0.1/" ipcamera.sh
    bg bash -e ipcamera.sh >out
    main=$BG
    films
    wait_until 60 snapshot
    published() { shm-ls -j "$S" | grep -o '"published":[0-9]*' | tail -n 1 | cut -d : -f 2; }
    kill -KILL "$BG"
    ends 137 "$BG"
    before=$(published)
    films
    wait_until 60 eval '(($(published) > before + 10))'
    snapshot
    djpeg now.jpg | frame-gen --read | grep -qE '^[0-9]+$'
    BG=$main
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

@test "recipe: a layout by another program" {
    printf '%s\n' 'a b' 'b c' 'c a' 'c d' >edges.txt
    block file own.py >own.py
    recipe layout
    bg bash -e layout.sh
    main=$BG
    wait_until 20 snapshot
    [[ $(djpeg now.jpg | sed -n 2p) = "1280 720" ]]
    # The last positions of the script, which net-draw shows.
    own() { net-read "$S2" | awk -F , '$1 == "c" && $2 ^ 2 + $3 ^ 2 < 1e-6 || $1 == "d" && $2 ^ 2 < 1e-6 && ($3 - 0.75) ^ 2 < 1e-6' | wc -l | grep -qx 2; }
    wait_until 20 own
    clean_run shm-rm -f "$S2"
    BG=$main
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
