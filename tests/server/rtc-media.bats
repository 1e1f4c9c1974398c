#!/usr/bin/env bats
# rtc-serve's video: frames of all formats and sizes, keyframes, bitrate, and writers and viewers that
# disappear. The viewers use aiortc (rtc-client.py).
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

SERVER_PROGRAM=rtc-serve

client() {
    "$TESTS/server/rtc-client.py" "$URL/" "$@"
}

# Starts a viewer in the background; its output goes to $BG_OUT.
viewer() {
    BG_OUT=$BATS_TEST_TMPDIR/viewer.$BG_COUNT
    bg "$TESTS/server/rtc-client.py" "$URL/" "$@" >"$BG_OUT"
}

printed() { # FILE PART
    grep -q "$2" "$1"
}

# Serves stream $S, with a moving scene.
scene() { # SIZE RATE OPTION…
    shm-create -s "$1" "$S"
    bg frame-gen -s "$1" -r "$2" -o "$S"
    WRITER=$BG
    serve "${@:3}" "$S"
}

stat_of() {
    curl -sS -m 20 "$URL/stats" | python3 -c 'import json, sys; print(eval(sys.argv[1], {"s": json.load(sys.stdin)}))' "$1"
}

stat_is() {
    [ "$(stat_of "$1")" = "$2" ]
}

# Adds words for the client: a frame of this kind is written, and arrives.
picture() { # SIZE FORMAT top-down|bottom-up
    local file=$BATS_TEST_TMPDIR/$1-$2-$3
    "$TESTS/support/pattern.py" "$1" "$2" "$3" "$file.raw" "$file.pnm"
    [[ $3 != bottom-up ]] || set -- "$@" --bottom-up
    WORDS+=("do=shm-write -s $1 -f $2 ${4-} $S <$file.raw" "like=$file.pnm")
}

# Serves stream $S, with one frame and room for every size.
still() { # OPTION…
    WORDS=()
    shm-create -s 4096x2160 -f rgba "$S"
    frame-gen -s 64x48 -n 1 -o "$S"
    serve --bitrate 20000-20000 "$@" "$S"
}

@test "frames of every format and row order arrive unchanged in the video" {
    still
    for format in gray8 rgb24 bgr24 rgba bgra yuv420p yuv422p yuv444p; do
        picture 326x241 $format top-down
        picture 317x203 $format bottom-up
    done
    # full range becomes limited range
    picture 200x150 rgb24 top-down
    file=$BATS_TEST_TMPDIR/200x150-rgb24-top-down
    ffmpeg -nostdin -v error -i "$file.pnm" -pix_fmt yuvj420p -f rawvideo "$file.yuv"
    picture 64x48 gray8 top-down
    WORDS+=("do=shm-write -s 200x150 -f yuv420p --full-range $S <$file.yuv" "like=$file.pnm")
    clean_run client "${WORDS[@]}"
    kill "$BG"
    ends 143 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "other matrices and padded rows arrive right in the video" {
    still
    local file=$BATS_TEST_TMPDIR/f
    for case in bt709:yuv420p:top-down bt709:yuv444p:bottom-up bt2020:yuv422p:top-down; do
        IFS=: read -r matrix format order <<<"$case"
        "$TESTS/support/pattern.py" 326x241 "$format" "$order" "$file.$matrix.$format" "$file.$matrix.$format.pnm" "$matrix"
        [[ $order == top-down ]] || order="--bottom-up"
        WORDS+=("do=shm-write -s 326x241 -f $format --matrix $matrix ${order#top-down} $S <$file.$matrix.$format"
            "like=$file.$matrix.$format.pnm")
    done
    "$TESTS/support/pattern.py" 200x150 rgb24 top-down "$file.rgb" "$file.rgb.pnm"
    python3 -c 'import sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(b"".join(data[i:i + 600] + b"\xff\0" * 20 for i in range(0, len(data), 600)))' \
        "$file.rgb" "$file.padded"
    WORDS+=("do=shm-write -s 200x150 -f rgb24 --stride 640 $S <$file.padded" "like=$file.rgb.pnm")
    clean_run client "${WORDS[@]}"
    shm-ls -j "$S" | grep -q '"stride":\[640,0,0\]'
}

@test "any size, and changes of size while a viewer watches" {
    still
    for size in 1x1 2x1 1x3 17x15 3x2000 641x479 4096x2160 16x16; do
        picture $size rgb24 top-down
    done
    clean_run client "${WORDS[@]}"
    stat_is 's["webrtc"]["width"], s["webrtc"]["height"]' '(16, 16)'
}

@test "H.264: any size; odd and tiny frames are padded" {
    still --codec h264
    for size in 64x48 1x1 17x15 641x479 16x16; do
        picture $size rgb24 top-down
    done
    picture 33x17 yuv422p bottom-up
    PADDED=1 clean_run client "${WORDS[@]}"
}

@test "three viewers cost one encoder" {
    scene 320x240 20
    viewer frames=5 stay
    first=$BG
    viewer frames=5 stay
    second=$BG
    client frames=60 stats >"$BATS_TEST_TMPDIR/stats"
    # Each frame is encoded once, and perhaps once more for a viewer that joins.
    python3 -c 'import json, sys
s, frames = json.load(sys.stdin)["webrtc"], int(sys.argv[1])
assert s["peers"] == 3, s
assert 60 <= s["pictures"] <= frames + s["keyframes"] <= frames + 7, (s, frames)' \
        "$(shm-ls -j "$S" | python3 -c 'import json, sys; print(json.load(sys.stdin)["objects"][0]["frames"]["published"])')" \
        <"$BATS_TEST_TMPDIR/stats"
    kill -KILL "$first" "$second"
}

@test "a still scene appears at once, at full quality" {
    still
    picture 640x480 rgb24 top-down
    clean_run client "${WORDS[@]}"
    # No further frame was written; and the last one is not encoded forever.
    for _ in 1 2; do
        clean_run client "${WORDS[1]}"
    done
    stat_is 's["webrtc"]["keyframes"] >= 3' True
    stat_is 's["webrtc"]["pictures"] <= 60' True
}

@test "a keyframe on request; a flood of requests yields few" {
    scene 320x240 50
    clean_run client frames=20 stats pli=1 frames=60 stats pli=500 frames=100 stats >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys
a, b, c = (json.loads(line)["webrtc"] for line in sys.stdin)
def grown(a, b, key):
    return b[key] - a[key]
# On a busy machine pictures may be left out, and the next one of each viewer is a keyframe.
assert grown(a, b, "asked") > 0, (a, b)
assert 1 <= grown(a, b, "keyframes") <= 1 + grown(a, b, "left_out"), (a, b)
# 50 frames per second, and at least 300 ms between keyframes
most = grown(b, c, "pictures") / 15 + 2 + grown(b, c, "left_out")
assert 1 <= grown(b, c, "keyframes") <= most, (b, c)
' <"$BATS_TEST_TMPDIR/stats"
}

@test "a viewer that invents senders of RTCP: only the first ones count" {
    scene 320x240 20
    clean_run client frames=5 pli=1 stats sources=1000 pli=1 frames=20 stats go >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys
before, after = (json.loads(line)["webrtc"]["asked"] for line in sys.stdin)
assert before < after <= before + 50, (before, after)
' <"$BATS_TEST_TMPDIR/stats"
}

@test "lost packets are sent again" {
    scene 320x240 20
    clean_run client frames=5 lose=5 again=20 frames=20 go
}

@test "the bitrate is that of the slowest viewer, within the bounds" {
    scene 320x240 20 --bitrate 100-4000
    until_there() {
        echo "do=until [ -e $BATS_TEST_TMPDIR/$1 ]; do sleep 0.05; done"
    }
    viewer frames=5 remb=200 "$(until_there go)" remb=10 "$(until_there end)" go
    wait_until 20 stat_is 's["webrtc"]["bitrate"]' 200
    viewer frames=5 remb=9999999 stay
    other=$BG
    wait_until 20 stat_is 's["webrtc"]["peers"]' 2
    stat_is 's["webrtc"]["bitrate"]' 200
    touch "$BATS_TEST_TMPDIR/go"
    wait_until 20 stat_is 's["webrtc"]["bitrate"]' 100
    touch "$BATS_TEST_TMPDIR/end"
    wait_until 20 stat_is 's["webrtc"]["bitrate"]' 4000
    kill -KILL "$other"
}

@test "the stream is replaced by one of another size: the viewer continues" {
    scene 320x240 20
    WORDS=(frames=10 "do=kill $WRITER" "do=shm-create --replace -s 640x480 -f rgba $S")
    picture 640x480 rgba bottom-up
    clean_run client "${WORDS[@]}" stats >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys
s = json.load(sys.stdin)
assert s["webrtc"]["peers"] == 1, s' <"$BATS_TEST_TMPDIR/stats"
}

@test "the writer is killed and another one starts: the viewer continues" {
    scene 320x240 20
    WORDS=(frames=10 "do=kill -9 $WRITER; while shm-ls -l $S | grep -q frame-gen; do sleep 0.05; done")
    picture 320x240 rgb24 top-down
    client "${WORDS[@]}"
    ends 137 "$WRITER"
}

@test "a stopped or killed viewer delays nobody, and is removed after 10 seconds" {
    scene 320x240 20
    viewer open frames=5 stats stay
    stopped=$BG
    wait_until 20 printed "$BG_OUT" webrtc
    viewer open frames=5 stats stay
    wait_until 20 printed "$BG_OUT" webrtc
    kill -KILL "$BG"
    kill -STOP "$stopped"
    client frames=60 go
    wait_until 20 stat_is 's["viewers"]' 0
    kill -KILL "$stopped"
}

# Milliseconds that the threads of a process have run, or waited for a processor.
runnable_ms() {
    cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 + $2 } END { printf "%d\n", sum / 1000000 }'
}

@test "--rtp with frames that are not images: the server idles, and sends the next image" {
    shm-create -s 64x48 -f rgba "$S"
    head -c 4096 /dev/zero | shm-write -s 64x16 -f f32 "$S"
    serve --rtp 127.0.0.1:"$(free_port)" "$S"
    wait_until 20 stat_is 's["webrtc"]["peers"]' 1
    idles() { # first GStreamer loads its plugins
        local before
        before=$(runnable_ms "$BG")
        sleep 2
        [ $(($(runnable_ms "$BG") - before)) -lt 1000 ]
    }
    wait_until 60 idles
    frame-gen -s 64x48 -n 1 -o "$S"
    wait_until 20 stat_is 's["webrtc"]["pictures"] > 0' True
}

@test "offers with a missing, doubled or broken line: an answer, or 400 or 406" {
    scene 320x240 20
    python3 "$TESTS/server/rtc-offers.py" "$URL/" "$TESTS/server/rtc-offer.sdp"
    stat_is 's["viewers"]' 0
    clean_run client frames=3 go
}
