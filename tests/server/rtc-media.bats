#!/usr/bin/env bats
# What rtc-serve's viewers see, and when: the encoder, its keyframes, its bitrate, pictures of all
# kinds, writers and viewers that go away. The viewers are aiortc's (rtc-client.py).
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

SERVER_PROGRAM=rtc-serve

client() {
    "$TESTS/server/rtc-client.py" "$URL/" "$@"
}

# In the background; $BG_OUT is what it prints.
viewer() {
    BG_OUT=$BATS_TEST_TMPDIR/viewer.$BG_COUNT
    bg "$TESTS/server/rtc-client.py" "$URL/" "$@" >"$BG_OUT"
}

printed() { # FILE PART
    grep -q "$2" "$1"
}

# A stream of S with a picture in motion, served.
scene() { # SIZE RATE OPTION…
    shm-create -s "$1" "$S"
    bg frame-gen -s "$1" -r "$2" -o "$S"
    WRITER=$BG
    serve "${@:3}" "$S"
}

stat_of() {
    curl -sS -m 20 "$URL/stats" | python3 -c 'import json, sys; print(eval(sys.argv[1], {"s": json.load(sys.stdin)}))' "$1"
}

says() {
    [ "$(stat_of "$1")" = "$2" ]
}

# Words for the client: a picture of this kind is written, and comes.
picture() { # SIZE FORMAT top-down|bottom-up
    local file=$BATS_TEST_TMPDIR/$1-$2-$3
    "$TESTS/support/pattern.py" "$1" "$2" "$3" "$file.raw" "$file.pnm"
    [[ $3 != bottom-up ]] || set -- "$@" --bottom-up
    WORDS+=("do=shm-write -s $1 -f $2 ${4-} $S <$file.raw" "like=$file.pnm")
}

# A stream that any of them fits into, with a picture, served.
still() { # OPTION…
    WORDS=()
    shm-create -s 4096x2160 -f rgba "$S"
    frame-gen -s 64x48 -n 1 -o "$S"
    serve --bitrate 20000-20000 "$@" "$S"
}

@test "frames of every format, top and bottom first, become the video's" {
    still
    for format in gray8 rgb24 bgr24 rgba bgra yuv420p yuv422p yuv444p; do
        picture 326x241 $format top-down
        picture 317x203 $format bottom-up
    done
    # full range becomes what video has
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

@test "any size, and from one to the next while a viewer looks" {
    still
    for size in 1x1 2x1 1x3 17x15 3x2000 641x479 4096x2160 16x16; do
        picture $size rgb24 top-down
    done
    clean_run client "${WORDS[@]}"
    says 's["webrtc"]["width"], s["webrtc"]["height"]' '(16, 16)'
}

@test "H.264: any size; odd ones and tiny ones are filled up" {
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
    # One of each frame that there was; a viewer's coming may have one of them encoded again.
    python3 -c 'import json, sys
s, frames = json.load(sys.stdin)["webrtc"], int(sys.argv[1])
assert s["peers"] == 3, s
assert 60 <= s["pictures"] <= frames + s["keyframes"] <= frames + 7, (s, frames)' \
        "$(shm-ls -j "$S" | python3 -c 'import json, sys; print(json.load(sys.stdin)["objects"][0]["frames"]["published"])')" \
        <"$BATS_TEST_TMPDIR/stats"
    kill -KILL "$first" "$second"
}

@test "a viewer of a scene that stands still sees it at once, as sharp as it gets" {
    still
    picture 640x480 rgb24 top-down
    clean_run client "${WORDS[@]}"
    # That one made no other frame; and it isn't encoded for ever.
    for _ in 1 2; do
        clean_run client "${WORDS[1]}"
    done
    says 's["webrtc"]["keyframes"] >= 3' True
    says 's["webrtc"]["pictures"] <= 60' True
}

@test "a keyframe when a viewer has lost track; a flood of such wishes is a few" {
    scene 320x240 50
    clean_run client frames=20 stats pli=1 frames=60 stats pli=500 frames=100 stats >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys
a, b, c = (json.loads(line)["webrtc"] for line in sys.stdin)
assert b["asked"] > a["asked"] and b["keyframes"] == a["keyframes"] + 1, (a, b)
# 50 frames a second, and no two keyframes within 300 ms
assert b["keyframes"] < c["keyframes"] <= b["keyframes"] + (c["pictures"] - b["pictures"]) / 15 + 2, (b, c)
' <"$BATS_TEST_TMPDIR/stats"
}

@test "the bitrate is what the slowest viewer can take, within the bounds" {
    scene 320x240 20 --bitrate 100-4000
    until_there() {
        echo "do=until [ -e $BATS_TEST_TMPDIR/$1 ]; do sleep 0.05; done"
    }
    viewer frames=5 remb=200 "$(until_there go)" remb=10 "$(until_there end)" go
    wait_until 20 says 's["webrtc"]["bitrate"]' 200
    viewer frames=5 remb=9999999 stay
    other=$BG
    wait_until 20 says 's["webrtc"]["peers"]' 2
    says 's["webrtc"]["bitrate"]' 200
    touch "$BATS_TEST_TMPDIR/go"
    wait_until 20 says 's["webrtc"]["bitrate"]' 100
    touch "$BATS_TEST_TMPDIR/end"
    wait_until 20 says 's["webrtc"]["bitrate"]' 4000
    kill -KILL "$other"
}

@test "the stream is replaced by one of another size: the viewer goes on" {
    scene 320x240 20
    WORDS=(frames=10 "do=kill $WRITER" "do=shm-create --replace -s 640x480 -f rgba $S")
    picture 640x480 rgba bottom-up
    clean_run client "${WORDS[@]}" stats >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys
s = json.load(sys.stdin)
assert s["webrtc"]["peers"] == 1, s' <"$BATS_TEST_TMPDIR/stats"
}

@test "the writer is killed and another one comes: the viewer goes on" {
    scene 320x240 20
    WORDS=(frames=10 "do=kill -9 $WRITER; while shm-ls -l $S | grep -q frame-gen; do sleep 0.05; done")
    picture 320x240 rgb24 top-down
    client "${WORDS[@]}"
    ends 137 "$WRITER"
}

@test "who is stopped or killed holds up nobody, and is released after 10 seconds" {
    scene 320x240 20
    viewer open frames=5 stats stay
    stopped=$BG
    wait_until 20 printed "$BG_OUT" webrtc
    viewer open frames=5 stats stay
    wait_until 20 printed "$BG_OUT" webrtc
    kill -KILL "$BG"
    kill -STOP "$stopped"
    client frames=60 go
    wait_until 20 says 's["viewers"]' 0
    kill -KILL "$stopped"
}

@test "offers with a line missing, twice or broken: an answer, or 400 or 406" {
    scene 320x240 20
    python3 "$TESTS/server/rtc-offers.py" "$URL/" "$TESTS/server/rtc-offer.sdp"
    says 's["viewers"]' 0
    clean_run client frames=3 go
}
