#!/usr/bin/env bats
# bg reads stdin, fails sets stderr, and wait_until calls functions: shellcheck can't see that.
# shellcheck disable=SC2154,SC2217,SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

PYTHON=/usr/bin/python3 # has numpy and Pillow

# A picture for $1 (WxH) that differs with $2, as PPM on stdout.
picture() {
    python3 -c 'import sys
w, h = map(int, sys.argv[1].split("x"))
n = int(sys.argv[2])
sys.stdout.buffer.write(b"P6 %d %d 255\n" % (w, h) + bytes(
    v for y in range(h) for x in range(w)
    for v in (200 * x // w, (40 * n + 150 * y // h) % 256, 220 - 100 * x * y // (w * h))))' "$1" "${2-0}"
}

# Incompressible bytes.
noise() {
    python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(1).randbytes(int(sys.argv[1])))' "$1"
}

put() { # PPM on stdin
    clean_run shm-write "$S"
}

jpg() { # the newest packet of a stream, on stdout
    shm-read -f jpg -t 60 "${1:-$S}"
}

com() { # KEY: its value in the comment of the JPEG on stdin
    rdjpgcom | sed -n "s/^shmcast .*\<$1=\([0-9.]*\).*/\1/p"
}

shows() { # FRAME [STREAM]: the newest packet is that frame
    [ "$(jpg "${2:-$S}" | com frame)" = "$1" ]
}

stat_of() { # EXPRESSION [STREAM]: over the object o of shm-ls -j
    shm-ls -j "${2:-$S}" | python3 -c 'import json, sys
o = json.load(sys.stdin)["objects"][0]
print(eval(sys.argv[1]))' "$1"
}

# frame, event, captured, published of the newest packet's record, by shmcast-stream(5).
slot() {
    python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "rb") as f:
    at, = struct.unpack_from("<Q", f.read(4096), 120)
    f.seek(at)
    newest, = struct.unpack("<Q", f.read(8))
    f.seek(at + 64 + 64 * 64 + 128 * (newest & 0xff))
    frame, event, captured, published = struct.unpack_from("<4Q", f.read(128), 32)
print(frame, event, *("%d.%09d" % divmod(t, 10**9) for t in (captured, published)))' "$S"
}

# PSNR of two image files, the second converted to the first's mode (L, RGB); uses its own codec.
db() {
    "$PYTHON" -c 'import sys
import numpy as np
from PIL import Image
a, b = (Image.open(f) for f in sys.argv[1:])
assert a.size == b.size, (a.size, b.size)
d = np.asarray(a).astype(float) - np.asarray(b.convert(a.mode))
print(a.mode, int(10 * np.log10(255 ** 2 / max(np.mean(d ** 2), 1e-9))))' "$1" "$2"
}

raw_db() { # PSNR of two files of samples
    python3 -c 'import math, sys
a, b = (open(f, "rb").read() for f in sys.argv[1:])
assert len(a) == len(b) > 0
print(int(10 * math.log10(255 ** 2 / max(1e-9, sum((x - y) ** 2 for x, y in zip(a, b)) / len(a)))))' "$1" "$2"
}

sleeps() { # PID: it waits
    grep -q '^State:.S' "/proc/$1/status"
}

images() { # FILE: number of JPEGs from shm-encode in it
    grep -ao 'shmcast seq=' "$1" | wc -l
}

has_images() {
    [ "$(images "$1")" -ge "$2" ]
}

@test "every format, size and row order, with 1, 2 and 3 threads, in three decoders" {
    for name in "$S" "$S2" "$S3"; do
        clean_run shm-create -s 1920x1080 -f bgra "$name"
    done
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    bg shm-encode -s 0 -q 90 -S 444 -j 2 -o "$S2" "$S"
    bg shm-encode -s 0 -q 90 -S 444 -j 3 -o "$S3" "$S"
    "$PYTHON" "$TESTS/cli/encode-matrix.py" "$S" "$S2" "$S3"
}

@test "an existing frame is encoded at once, and its packet has all numbers" {
    clean_run shm-create -s 64x48 "$S"
    picture 64x48 1 | put
    picture 64x48 2 | put
    bg shm-encode -s 0 "$S"
    wait_until 10 shows 2
    jpg >"$BATS_TEST_TMPDIR/a.jpg"
    run -0 rdjpgcom "$BATS_TEST_TMPDIR/a.jpg"
    [[ $output =~ ^shmcast\ seq=1\ frame=2\ event=0\ captured=([0-9]+\.[0-9]{9})\ published=([0-9]+\.[0-9]{9})\ clock=([0-9a-f]{8})$ ]]
    [ "${BASH_REMATCH[3]}" = "$(head -c 8 /proc/sys/kernel/random/boot_id)" ]
    python3 -c 'import sys, time
captured, published = map(float, sys.argv[1:])
assert captured < published < time.monotonic() < captured + 600' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    # right after JFIF's APP0
    [ "$(head -c 22 "$BATS_TEST_TMPDIR/a.jpg" | od -An -tx1 | tr -d ' \n')" = \
        ffd8ffe000104a46494600010100000100010000fffe ]
    [ "$(stat_of 'o["packets"]["newest"]["width"], o["packets"]["newest"]["height"]')" = "(64, 48)" ]
    [ ! -s "$BG_ERR" ]
}

@test "the packet has the frame's event number" {
    clean_run shm-create -s 8x8 "$S"
    { printf 'P6\n# event=77\n8 8\n255\n'; head -c 192 /dev/zero; } | put
    bg shm-encode -s 0 "$S"
    wait_until 10 shows 1
    [ "$(jpg | com event)" = 77 ]
    read -r frame event captured _ < <(slot)
    [ "$frame $event $captured" = "1 77 $(jpg | com captured)" ]
}

@test "published is the time when the JPEG was complete, not when encoding began" {
    clean_run shm-create -s 1920x1080 -p 10000000 "$S"
    bg shm-encode -s 0 -q 98 -S 444 "$S"
    number=0
    close() { # to the end of an encoding: nearer than a quarter of the time since the capture
        head -c 6220800 /dev/urandom >"$BATS_TEST_TMPDIR/raw"
        clean_run shm-write "$S" <"$BATS_TEST_TMPDIR/raw"
        number=$((number + 1))
        wait_until 10 shows "$number"
        read -r _ _ _ published < <(slot)
        awk -v slot="$published" -v com="$(jpg | com published)" -v captured="$(jpg | com captured)" \
            'BEGIN { exit !(com <= slot && slot - com < (com - captured) / 4) }'
    }
    wait_until 5 close # repeated because of busy machines
}

@test "4:2:0, 4:2:2, 4:4:4 and gray, from packed pixels and from planes" {
    clean_run shm-create -s 64x48 "$S"
    picture 64x48 1 >"$BATS_TEST_TMPDIR/source.ppm"
    factors() { # of the newest JPEG: each component's sampling
        "$PYTHON" -c 'import io, sys
from PIL import Image
image = Image.open(io.BytesIO(sys.stdin.buffer.read()))
print(*(f"{c[1]}x{c[2]}" for c in image.layer))'
    }
    frame=0
    while read -r sampling format want; do
        ffmpeg -v error -nostdin -y -i "$BATS_TEST_TMPDIR/source.ppm" -f rawvideo -pix_fmt "$format" \
            "$BATS_TEST_TMPDIR/raw"
        clean_run shm-write -s 64x48 -f "$format" "$S" <"$BATS_TEST_TMPDIR/raw"
        frame=$((frame + 1))
        bg shm-encode -s 0 -q 90 -S "$sampling" "$S"
        wait_until 10 shows "$frame"
        jpg >"$BATS_TEST_TMPDIR/out.jpg"
        got=$(factors <"$BATS_TEST_TMPDIR/out.jpg")
        echo "-S $sampling $format: $got"
        [ "$got" = "$want" ]
        run -0 db "$BATS_TEST_TMPDIR/out.jpg" "$BATS_TEST_TMPDIR/source.ppm"
        echo "$output"
        [[ $sampling$output == gray"L "* || $sampling$output == 4??"RGB "* ]]
        [ "${output#* }" -ge 32 ]
        kill -TERM "$BG"
        ends 143 "$BG"
    done <<'TABLE'
420 rgb24 2x2 1x1 1x1
422 bgra 2x1 1x1 1x1
444 rgba 1x1 1x1 1x1
gray bgr24 1x1
gray yuv420p 1x1
gray yuv444p 1x1
444 yuv420p 2x2 1x1 1x1
420 yuv422p 2x1 1x1 1x1
420 yuv444p 1x1 1x1 1x1
TABLE
}

@test "limited and full range both have the right contrast" {
    clean_run shm-create -s 64x48 "$S"
    picture 64x48 1 >"$BATS_TEST_TMPDIR/source.ppm"
    bg shm-encode -s 0 -q 95 "$S"
    frame=0
    while read -r written option low high; do
        ffmpeg -v error -nostdin -y -i "$BATS_TEST_TMPDIR/source.ppm" -f rawvideo \
            -pix_fmt "$written" "$BATS_TEST_TMPDIR/raw" 2>/dev/null
        options=()
        [ "$option" = - ] || options=("$option")
        clean_run shm-write -s 64x48 -f yuv444p "${options[@]}" "$S" <"$BATS_TEST_TMPDIR/raw"
        frame=$((frame + 1))
        wait_until 10 shows "$frame"
        jpg >"$BATS_TEST_TMPDIR/out.jpg"
        run -0 db "$BATS_TEST_TMPDIR/out.jpg" "$BATS_TEST_TMPDIR/source.ppm"
        echo "$written $option: $output"
        [ "${output#* }" -ge "$low" ]
        [ "${output#* }" -lt "$high" ]
    done <<TABLE
yuv444p - 38 99
yuvj444p --full-range 38 99
yuv444p --full-range 0 30
yuvj444p - 0 30
TABLE
    # gray has a range only where YUV4MPEG2 says so: luma 16 is black, 235 white
    { printf 'YUV4MPEG2 W64 H48 F1:1 Ip Cmono XCOLORRANGE=LIMITED\nFRAME\n'
        printf '\020%.0s' {1..1536}
        printf '\353%.0s' {1..1536}; } | clean_run shm-write "$S"
    wait_until 10 shows $((frame + 1))
    jpg | djpeg -pnm >"$BATS_TEST_TMPDIR/gray.pgm"
    [ "$(tail -c 3072 "$BATS_TEST_TMPDIR/gray.pgm" | od -A n -v -t u1 -w1 | sort -n | sed -n '1p;$p' | tr -d ' \n')" = 0255 ]
}

@test "BT.709 and BT.2020 become JPEG's BT.601, as ffmpeg converts them" {
    cd "$BATS_TEST_TMPDIR"
    clean_run shm-create -s 126x93 -f yuv444p "$S"
    # saturated, so that another matrix is visible; smooth, so that chroma resolution is not
    python3 -c 'import sys
w, h = 126, 93
sys.stdout.buffer.write(b"P6 %d %d 255\n" % (w, h) + bytes(
    v for y in range(h) for x in range(w) for v in (250 * x // w, 250 * y // h, 200 - 180 * x * y // (w * h))))' >source.ppm
    bg shm-encode -s 0 -q 97 "$S"
    frame=0
    while read -r matrix range name format; do
        options=(--matrix "$matrix")
        [ "$range" = limited ] || options+=(--full-range)
        ffmpeg -v error -nostdin -y -i source.ppm -vf "scale=out_color_matrix=$name:out_range=$range:flags=accurate_rnd" \
            -f rawvideo -pix_fmt "$format" raw
        ffmpeg -v error -nostdin -y -f rawvideo -s 126x93 -pix_fmt "$format" -i raw \
            -vf "scale=in_color_matrix=$name:in_range=$range:out_color_matrix=bt601:out_range=full:flags=accurate_rnd+full_chroma_int" \
            -f rawvideo -pix_fmt yuvj444p want
        clean_run shm-write -s 126x93 -f "$format" "${options[@]}" "$S" <raw
        frame=$((frame + 1))
        wait_until 60 shows "$frame"
        jpg >out.jpg
        ffmpeg -v error -nostdin -y -i out.jpg -vf scale=flags=accurate_rnd -f rawvideo -pix_fmt yuvj444p got
        echo "$matrix $range $format: $(raw_db got want) dB from ffmpeg's, $(db out.jpg source.ppm)"
        [ "$(raw_db got want)" -ge 46 ]
        run -0 db out.jpg source.ppm
        [ "${output#RGB }" -ge 41 ]
    done <<'TABLE'
bt601 limited bt601 yuv420p
bt709 limited bt709 yuv420p
bt709 full bt709 yuv444p
bt709 limited bt709 yuv422p
bt2020 limited bt2020 yuv420p
bt2020 full bt2020 yuv444p
TABLE
    # Counter-check: without a matrix the same bytes look different.
    clean_run shm-write -s 126x93 -f yuv444p --full-range "$S" <raw
    wait_until 60 shows $((frame + 1))
    jpg >out.jpg
    run -0 db out.jpg source.ppm
    echo "$output"
    [ "${output#RGB }" -lt 36 ]
    kill "$BG"
    ends 143 "$BG"
    # With another matrix they are another frame for -u.
    bg shm-encode -s 0 -u "$S"
    for matrix in bt709 bt709 bt2020; do
        clean_run shm-write -s 126x93 -f yuv444p --full-range --matrix "$matrix" "$S" <raw
    done
    wait_until 60 shows $((frame + 4))
}

@test "pixels that aren't square: in the JFIF header, the comment and the packet; ffmpeg reads it" {
    cd "$BATS_TEST_TMPDIR"
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -j 2 "$S"
    picture 64x48 1 >source.ppm
    tail -c 9216 source.ppm | clean_run shm-write -s 64x48 --aspect 32:22 "$S"
    wait_until 60 shows 1
    jpg >out.jpg
    [ "$(ffprobe -v error -show_entries stream=sample_aspect_ratio -of csv=p=0 out.jpg)" = 16:11 ]
    rdjpgcom out.jpg | grep -q ' published=[0-9.]* clock=[0-9a-f]* aspect=16:11$'
    [ "$(stat_of 'o["packets"]["newest"]["aspect"], o["frames"]["newest"]["aspect"]')" = "([16, 11], [16, 11])" ]
    put <source.ppm
    wait_until 60 shows 2
    run -1 grep -q aspect= <(jpg | rdjpgcom)
    [ "$(stat_of 'o["packets"]["newest"]["aspect"]')" = "[1, 1]" ]
}

@test "-o - writes concatenated JPEGs, which ffmpeg reads" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -o - "$S" >"$BATS_TEST_TMPDIR/out"
    encoder=$BG
    for n in 1 2 3 4 5; do
        picture 64x48 "$n" | put
        wait_until 10 has_images "$BATS_TEST_TMPDIR/out" "$n"
    done
    [ "$(stat_of 'o["packets"]["published"], [h["role"] for h in o["holders"]]')" = \
        "(0, ['frames-reader'])" ]
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
    [ ! -s "$BATS_TEST_TMPDIR/bg.0.err" ]
    ffmpeg -v error -xerror -nostdin -f mjpeg -i "$BATS_TEST_TMPDIR/out" -f framehash - |
        grep -v '^#' >"$BATS_TEST_TMPDIR/frames"
    [ "$(awk '{ print $NF }' "$BATS_TEST_TMPDIR/frames" | sort -u | wc -l)" -eq 5 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/frames")" -eq 5 ]
    # shellcheck disable=SC2002 # a pipe is what is tested
    cat "$BATS_TEST_TMPDIR/out" | ffmpeg -v error -xerror -f image2pipe -c:v mjpeg -i - -f framehash - |
        grep -v '^#' | cmp - "$BATS_TEST_TMPDIR/frames"
}

@test "-o - to a stopped consumer costs the writer no frame" {
    clean_run shm-create -s 640x480 -n 2 "$S" # a frame held by the encoder would leave no free slot
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 8<>"$BATS_TEST_TMPDIR/fifo"
    bg shm-encode -s 0 -q 100 -S 444 -o - "$S" >&8
    stuck() { grep -q pipe_write "/proc/$BG/wchan" || grep -q '^1 ' "/proc/$BG/syscall"; }
    noise 921600 >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 640x480 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 stuck
    for _ in 1 2 3; do
        clean_run shm-write -s 640x480 "$S" <"$BATS_TEST_TMPDIR/raw"
    done
    [ "$(stat_of 'o["frames"]["published"], o["frames"]["dropped"]')" = "(4, 0)" ]
    kill -TERM "$BG"
    ends 143 "$BG"
    exec 8>&-
}

@test "-o STREAM writes to another stream, and not to the packets of the first" {
    clean_run shm-create -s 64x48 "$S"
    clean_run shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 -q 90 "$S"
    bg shm-encode -s 0 -q 10 -o "/$S2" "/$S"
    picture 64x48 1 | put
    wait_until 10 shows 1
    wait_until 10 shows 1 "$S2"
    [ "$(jpg "$S" | wc -c)" -gt "$(jpg "$S2" | wc -c)" ]
    [ "$(stat_of 'o["frames"]["published"], o["packets"]["published"]' "$S2")" = "(0, 1)" ]
    [ "$(stat_of 'o["packets"]["published"]')" = 1 ]
}

@test "-u skips unchanged frames, and only those" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -a -u "$S"
    skipped() { [ "$(stat_of 'o["packets"]["skipped"]')" = "$1" ]; }
    picture 64x48 1 | put
    wait_until 10 shows 1
    picture 64x48 1 | put
    wait_until 10 skipped 1
    picture 64x48 2 | put
    wait_until 10 shows 3
    # The same bytes in another shape, format or row order are another frame.
    head -c 9216 /dev/zero >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 64x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 4
    clean_run shm-write -s 48x64 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 5
    clean_run shm-write -s 48x64 -f bgr24 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 6
    clean_run shm-write -s 48x64 -f bgr24 --bottom-up "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 7
    clean_run shm-write -s 48x64 -f bgr24 --bottom-up "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 skipped 2
    [ "$(stat_of 'o["packets"]["published"]')" = 6 ]
    # Without -u each frame is encoded.
    kill -TERM "$BG"
    ends 143 "$BG"
    bg shm-encode -s 0 "$S"
    wait_until 10 shows 8
    clean_run shm-write -s 48x64 -f bgr24 --bottom-up "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 9
}

@test "-r limits the frames per second" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -r 20 -o - "$S" >"$BATS_TEST_TMPDIR/out"
    for n in 1 2 3 4 5 6 7 8; do picture 64x48 "$n"; done >"$BATS_TEST_TMPDIR/loop.ppm"
    feed() { while cat "$BATS_TEST_TMPDIR/loop.ppm"; do :; done 2>/dev/null; }
    bg shm-write -r 200 "$S" < <(feed)
    wait_until 20 has_images "$BATS_TEST_TMPDIR/out" 12
    times() { # CHECK, of 12 packets each
        grep -ao 'captured=[0-9.]* published=[0-9.]*' "$BATS_TEST_TMPDIR/out" | tr -c '0-9.\n' ' ' |
            python3 -c 'import sys
times = [tuple(map(float, line.split())) for line in sys.stdin][:-1]
assert eval(sys.argv[1] + " for w in (times[i : i + 12] for i in range(max(1, len(times) - 11))))"), times' "$1"
    }
    # A packet may be published late, but its frame is older than its encode.
    times "all(w[-1][1] - w[0][0] > (len(w) - 1) / 20 - 0.02"
    # The newest frame was encoded, not the next: at 200 fps it is recent, unless the machine was busy.
    wait_until 20 times "any(sorted(p - c for c, p in w)[len(w) // 2] < 0.04"
}

@test "-v reports frames per second, size and time" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -a -v -r 50 "$S"
    for n in 1 2 3 4 5 6 7 8; do picture 64x48 "$n"; done >"$BATS_TEST_TMPDIR/loop.ppm"
    feed() { while cat "$BATS_TEST_TMPDIR/loop.ppm"; do :; done 2>/dev/null; }
    err=$BG_ERR
    bg shm-write -r 100 "$S" < <(feed)
    two_lines() { [ "$(wc -l <"$err")" -ge 2 ]; }
    wait_until 20 two_lines
    head -n 2 "$err" >"$BATS_TEST_TMPDIR/lines"
    cat "$BATS_TEST_TMPDIR/lines"
    [ "$(grep -cE "^shm-encode: $S: [0-9.]+ fps, [0-9.]+ KB per frame, [0-9.]+ ms to encode, 0 unchanged, 0 dropped\$" \
        "$BATS_TEST_TMPDIR/lines")" -eq 2 ]
    fps=$(sed -n '2s/.*: \([0-9]*\)[.0-9]* fps.*/\1/p' "$BATS_TEST_TMPDIR/lines")
    ((fps > 0 && fps <= 52))
}

@test "packets too small: lower quality and one warning; quality rises when frames fit again" {
    clean_run shm-create -s 128x128 -p 16384 "$S"
    bg shm-encode -s 0 -q 95 -S 444 "$S"
    noise 49152 >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 128x128 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 1
    jpg >"$BATS_TEST_TMPDIR/noise.jpg"
    [ "$(wc -c <"$BATS_TEST_TMPDIR/noise.jpg")" -le 16384 ]
    djpeg -outfile /dev/null "$BATS_TEST_TMPDIR/noise.jpg"
    clean_run shm-write -s 128x128 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 shows 2
    cat "$BG_ERR"
    [ "$(wc -l <"$BG_ERR")" -eq 1 ]
    [[ $(<"$BG_ERR") == "shm-encode: $S: "*"quality lowered"*"shm-create --replace -s 128x128 -f rgb24 -p BYTES $S"* ]]
    # Quality rises by one step per frame.
    picture 128x128 1 >"$BATS_TEST_TMPDIR/source.ppm"
    for frame in 3 4 5 6 7 8 9; do
        put <"$BATS_TEST_TMPDIR/source.ppm"
        wait_until 10 shows "$frame"
    done
    jpg >"$BATS_TEST_TMPDIR/last.jpg"
    encoder=$BG
    bg shm-encode -s 0 -q 95 -S 444 -o - "$S" >"$BATS_TEST_TMPDIR/wanted.jpg"
    wait_until 10 cmp <(djpeg "$BATS_TEST_TMPDIR/last.jpg") <(djpeg "$BATS_TEST_TMPDIR/wanted.jpg")
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
}

@test "a frame that does not fit at any quality is dropped and counted, the others continue" {
    clean_run shm-create -s 1024x1024 -p 4096 "$S"
    bg shm-encode -s 0 -a -j 2 "$S"
    noise 3145728 >"$BATS_TEST_TMPDIR/raw"
    dropped() { [ "$(stat_of 'o["packets"]["dropped"]')" = "$1" ]; }
    clean_run shm-write -s 1024x1024 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 dropped 1
    clean_run shm-write -s 1024x1024 "$S" <"$BATS_TEST_TMPDIR/raw"
    wait_until 10 dropped 2
    cat "$BG_ERR"
    [ "$(wc -l <"$BG_ERR")" -eq 2 ] # lowered and dropped, once each
    [[ $(<"$BG_ERR") == *"quality lowered"*"dropped, it does not fit at any quality"* ]]
    picture 32x32 1 | put
    wait_until 10 shows 3
    clean_run shm-rm -f "$S"
    ends 3 "$BG"
}

@test "a second encoder is refused with the first one's pid; after its death another may start" {
    clean_run shm-create -s 64x48 "$S"
    clean_run shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 "$S"
    wait_until 10 sleeps "$BG"
    fails 3 timeout 60 shm-encode "$S"
    [[ $stderr == "shm-encode: $S: "*"pid $BG (shm-encode)"* ]]
    fails 3 timeout 60 shm-encode -o "$S" "$S2"
    [[ $stderr == "shm-encode: $S: "*"pid $BG (shm-encode)"* ]]
    picture 64x48 1 | put
    wait_until 10 shows 1
    kill -KILL "$BG"
    ends 137 "$BG"
    bg shm-encode -s 0 "$S"
    picture 64x48 1 | put
    wait_until 10 shows 2
}

@test "packet numbers continue after a restart of the encoder" {
    clean_run shm-create -s 64x48 "$S"
    picture 64x48 1 | put
    for n in 1 2 3; do
        bg shm-encode -s 0 "$S"
        published() { [ "$(stat_of 'o["packets"]["published"]')" = "$n" ]; }
        wait_until 10 published
        [ "$(jpg | com seq)" = "$n" ]
        [ "$(jpg | com frame)" = 1 ]
        kill -TERM "$BG"
        ends 143 "$BG"
    done
}

@test "stop signals end it by that signal, idle or busy" {
    clean_run shm-create -s 640x480 "$S"
    limit=3
    # The thread sanitizer delays a signal's handler until the sleep is over.
    ! grep -q __tsan_init "$BUILD/shm-encode" || limit=20
    for pair in TERM:143 INT:130 HUP:129; do
        for work in idle busy slow; do
            options=()
            [ "$work" != slow ] || options=(-r 0.1)
            bg shm-encode -s 0 "${options[@]}" -j 2 "$S"
            encoder=$BG
            if [ "$work" = busy ]; then
                bg shm-write -s 640x480 "$S" </dev/zero
                writer=$BG
            fi
            wait_until 10 sleeps "$encoder"
            kill -"${pair%:*}" "$encoder"
            ends "${pair#*:}" "$encoder" "$limit"
            if [ "$work" = busy ]; then
                kill -TERM "$writer"
                ends 143 "$writer"
            fi
        done
    done
    [ -z "$(cat "$BATS_TEST_TMPDIR"/bg.*.err)" ]
    [ "$(stat_of 'o["holders"]')" = "[]" ]
}

@test "stdout full, closed, or its reader gone" {
    clean_run shm-create -s 64x48 "$S"
    picture 64x48 1 | put
    fails 3 timeout 60 shm-encode -o - "$S" >/dev/full
    [[ $stderr == "shm-encode: standard output: No space left on device" ]]
    fails 3 timeout 60 shm-encode -o - "$S" >&-
    [[ $stderr == "shm-encode: standard output: "* ]]
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 8<>"$BATS_TEST_TMPDIR/fifo"
    bg shm-encode -s 0 -o - "$S" >"$BATS_TEST_TMPDIR/fifo" 8>&-
    wait_until 10 sleeps "$BG"
    exec 8>&-
    picture 64x48 2 | put
    ends 141 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "--replace is followed repeatedly, and nothing leaks" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
    attached() { [ "$(stat_of 'sorted(h["role"] for h in o["holders"])')" = "['frames-reader', 'packets']" ]; }
    wait_until 10 attached
    before=$(find "/proc/$BG/fd" -type l | wc -l)
    maps=$(grep -c "$S" "/proc/$BG/maps")
    for n in 1 2 3 4 5 6 7 8; do
        picture 64x48 "$n" | put
        wait_until 10 shows 1
        clean_run shm-create --replace -s $((n * 100))x50 "$S"
        wait_until 10 attached
    done
    picture 800x50 1 | put # larger than the first stream was
    wait_until 10 shows 1
    [ "$(find "/proc/$BG/fd" -type l | wc -l)" = "$before" ]
    [ "$(grep -c "$S" "/proc/$BG/maps")" = "$maps" ]
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "--replace of the -o stream is followed, with the existing frame" {
    clean_run shm-create -s 64x48 "$S"
    clean_run shm-create -s 64x48 "$S2"
    bg shm-encode -s 0 -u -o "$S2" "$S"
    picture 64x48 1 | put
    wait_until 10 shows 1 "$S2"
    clean_run shm-create --replace -s 64x48 "$S2"
    wait_until 10 shows 1 "$S2" # the new stream does not have this frame
    clean_run shm-create --replace -s 64x48 "$S2"
    picture 64x48 2 | put
    wait_until 10 shows 2 "$S2"
    clean_run shm-create --replace -s 64x48 "$S"
    picture 64x48 3 | put
    wait_until 10 shows 1 "$S2"
    clean_run shm-rm -f "$S2"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "shm-rm -f ends it with 0, and shm-rm without is refused" {
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -j 3 "$S"
    wait_until 10 sleeps "$BG"
    fails 3 shm-rm "$S"
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "every slot for packets in use: dropped and counted" {
    clean_run shm-create -s 64x48 -n 2 "$S"
    bg shm-encode -s 0 -a "$S"
    encoder=$BG
    picture 64x48 1 | put
    wait_until 10 shows 1
    # A stopped reader: its claim and pin, by shmcast-stream(5).
    cat >"$BATS_TEST_TMPDIR/pin.py" <<'PYTHON'
import fcntl, os, signal, struct, sys
fd = os.open("/dev/shm/" + sys.argv[1], os.O_RDWR)
head = os.pread(fd, 4096, 0)
claims_at, packets_at = struct.unpack_from("<Q", head, 104)[0], struct.unpack_from("<Q", head, 120)[0]
reader = 63
F_OFD_SETLK = 37
fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, claims_at + (8 + reader) * 64, 1, 0))
newest = struct.unpack("<Q", os.pread(fd, 8, packets_at))[0]
os.pwrite(fd, struct.pack("<I", (newest & 0xff) + 1), packets_at + 64 + 64 * reader)
print("pinned", flush=True)
signal.pause()
PYTHON
    bg python3 "$BATS_TEST_TMPDIR/pin.py" "$S" >"$BATS_TEST_TMPDIR/pinned"
    wait_until 10 grep -q pinned "$BATS_TEST_TMPDIR/pinned"
    picture 64x48 2 | put
    wait_until 10 shows 2
    picture 64x48 3 | put
    dropped() { [ "$(stat_of 'o["packets"]["dropped"]')" = "$1" ]; }
    wait_until 10 dropped 1
    shows 2
    kill -KILL "$BG"
    ends 137 "$BG"
    picture 64x48 4 | put # the dead reader's pin blocks no writer
    wait_until 10 shows 4
    [ "$(stat_of 'o["packets"]["dropped"]')" = 1 ]
    kill -TERM "$encoder"
    ends 143 "$encoder"
}

table() { # the table of tiles of the newest packet: flags, first, the numbers in which tiles changed
    python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "rb") as f:
    head = f.read(4096)
    at, = struct.unpack_from("<Q", head, 120)
    data, = struct.unpack_from("<Q", head, 144)
    room, = struct.unpack_from("<Q", head, 96)
    f.seek(at)
    slot = struct.unpack("<Q", f.read(8))[0] & 0xff
    f.seek(at + 64 + 64 * 64 + 128 * slot)
    record = f.read(128)
    size, extra = struct.unpack_from("<Q", record, 8)[0], struct.unpack_from("<I", record, 88)[0]
    f.seek(data + room * slot + (size + 7) // 8 * 8)
    extra = f.read(extra)
if extra:
    magic, flags, width, height, columns, rows, first = struct.unpack_from("<4s5IQ", extra)
    assert magic == b"tile" and len(extra) == 40 + 16 * columns * rows
    print(flags, first, *(struct.unpack_from("<Q", extra, at)[0] for at in range(40, len(extra), 16)))' "${1:-$S}"
}

has_table() { # TABLE
    [ "$(table)" = "$1" ]
}

@test "only tiles that differ change; the packet's table has their numbers, and decoders the picture" {
    clean_run shm-create -s 640x48 "$S"
    picture 640x48 1 >"$BATS_TEST_TMPDIR/a.ppm"
    # One pixel in the third tile of the second row, and one in the first and last tile.
    "$PYTHON" -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
head = len(data) - 640 * 48 * 3
for x, y in eval(sys.argv[2]):
    data[head + (y * 640 + x) * 3] ^= 128
sys.stdout.buffer.write(data)' "$BATS_TEST_TMPDIR/a.ppm" "[(400, 20)]" >"$BATS_TEST_TMPDIR/b.ppm"
    bg shm-encode -s 0 -q 90 -S 444 -j 2 "$S"
    put <"$BATS_TEST_TMPDIR/a.ppm"
    wait_until 10 shows 1
    # 4:4:4: tiles of 160x8
    [ "$(table)" = "0 1$(printf ' 1%.0s' {1..24})" ]
    put <"$BATS_TEST_TMPDIR/b.ppm"
    wait_until 10 shows 2
    [ "$(table)" = "0 1$(printf ' 1%.0s' {1..10}) 2$(printf ' 1%.0s' {1..13})" ]
    jpg >"$BATS_TEST_TMPDIR/b.jpg"
    run -0 db "$BATS_TEST_TMPDIR/b.jpg" "$BATS_TEST_TMPDIR/b.ppm"
    [ "${output#RGB }" -ge 40 ]
    # ffmpeg's own decoder, djpeg and OpenCV take the joined JPEG, without a warning.
    ffmpeg -v error -xerror -err_detect explode -i "$BATS_TEST_TMPDIR/b.jpg" -f null - 2>"$BATS_TEST_TMPDIR/err"
    [ ! -s "$BATS_TEST_TMPDIR/err" ]
    djpeg -pnm "$BATS_TEST_TMPDIR/b.jpg" >"$BATS_TEST_TMPDIR/djpeg.ppm" 2>"$BATS_TEST_TMPDIR/err"
    [ ! -s "$BATS_TEST_TMPDIR/err" ]
    [ "$(db "$BATS_TEST_TMPDIR/djpeg.ppm" "$BATS_TEST_TMPDIR/b.jpg")" = "RGB 138" ]
    if "$PYTHON" -c 'import cv2' 2>/dev/null; then
        "$PYTHON" -c 'import cv2, sys
assert cv2.imread(sys.argv[1]).shape == (48, 640, 3)' "$BATS_TEST_TMPDIR/b.jpg"
    fi
    # An encoder that starts anew encodes all tiles, to the same bytes.
    kill -TERM "$BG"
    ends 143 "$BG"
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    wait_until 10 has_table "0 3$(printf ' 3%.0s' {1..24})"
    jpg | djpeg -pnm | cmp - "$BATS_TEST_TMPDIR/djpeg.ppm"
    # Equal frames are packets in which no tile changes.
    put <"$BATS_TEST_TMPDIR/b.ppm"
    wait_until 10 shows 3
    has_table "0 3$(printf ' 3%.0s' {1..24})"
}

@test "in full motion pictures are encoded whole, without a table, and then as tiles again" {
    clean_run shm-create -s 640x48 "$S"
    bg shm-encode -a -s 0 "$S"
    for n in 1 2 3 4 5 6; do
        noise $((n * 92160)) | tail -c 92160 >"$BATS_TEST_TMPDIR/raw"
        clean_run shm-write -s 640x48 "$S" <"$BATS_TEST_TMPDIR/raw"
        wait_until 10 shows "$n"
    done
    [ -z "$(table)" ]
    # The same frame again and again.
    for n in {7..14}; do
        clean_run shm-write -s 640x48 "$S" <"$BATS_TEST_TMPDIR/raw"
        wait_until 10 shows "$n"
    done
    [[ "$(table)" =~ ^0\ ([0-9]+)(\ [0-9]+){12}$ ]]
    [ "${BASH_REMATCH[1]}" -ge 7 ]
}

sharp() { # [STREAM]: its newest packet, which a reader wants, is sharpened
    jpg "${1:-$S}" >/dev/null
    [[ "$(table "${1:-$S}")" == "1 "* ]]
}

packets() { # EXPRESSION: over the object of the packet ring
    [ "$(stat_of "(lambda p: $1)(o['packets'])")" = True ]
}

@test "an unchanged picture is sharpened once, for readers that want packets" {
    clean_run shm-create -s 640x48 "$S"
    bg shm-encode -s 0.2 -q 30 "$S"
    picture 640x48 1 >"$BATS_TEST_TMPDIR/source.ppm"
    put <"$BATS_TEST_TMPDIR/source.ppm"
    # Nobody wants packets: the encoder sleeps. A snapshot does, and gets the sharpened picture.
    wait_until 10 packets 'p["published"] == 1 and p["asleep"]'
    [ "$(table)" = "0 1$(printf ' 1%.0s' {1..12})" ]
    wait_until 10 sharp
    jpg >"$BATS_TEST_TMPDIR/sharp.jpg"
    [ "$(com seq <"$BATS_TEST_TMPDIR/sharp.jpg")" = 2 ]
    [ "$(com frame <"$BATS_TEST_TMPDIR/sharp.jpg")" = 1 ]
    run -0 db "$BATS_TEST_TMPDIR/sharp.jpg" "$BATS_TEST_TMPDIR/source.ppm"
    [ "${output#RGB }" -ge 42 ]
    # Nothing more comes while there is demand; an equal frame keeps it.
    bg shm-read -f jpg -n 3 "$S" >"$BATS_TEST_TMPDIR/three"
    wait_until 10 packets 'p["wanted"] == 1'
    put <"$BATS_TEST_TMPDIR/source.ppm"
    wait_until 10 packets 'p["published"] == 3'
    [ "$(table)" = "1 1$(printf ' 1%.0s' {1..24})" ]
    [ "$(jpg | com frame)" = 2 ]
    # A change, and another standstill.
    picture 640x48 2 | put
    wait_until 10 packets 'p["published"] == 5'
    [ "$(table)" = "1 1$(printf ' 4%.0s' {1..24})" ]
    [ "$(jpg | com frame)" = 3 ]
    ends 0 "$BG"
    [ "$(images "$BATS_TEST_TMPDIR/three")" = 3 ]
}

@test "no picture is sharpened where that is of no use: off, finer as it is, no room" {
    clean_run shm-create -s 640x48 -p 24576 "$S"
    clean_run shm-create -s 640x48 -p 131072 "$S2"
    noise 92160 >"$BATS_TEST_TMPDIR/raw"
    clean_run shm-write -s 640x48 "$S" <"$BATS_TEST_TMPDIR/raw"
    bg shm-encode -s 0.1 -q 10 -o "$S2" "$S" # shows when the time of the others is over
    clock=$BG
    for options in "-s 0 -q 10" "-s 0.01,10 -q 10" "-s 0.01,10,420 -q 10" "-s 0.01,9 -q 10" \
        "-s 0.01,10 -q 10 -S gray" "-s 0.01 -q 10"; do
        # shellcheck disable=SC2086 # several options
        bg shm-encode $options "$S"
        case $options in
        "-s 0.01,10 -q 10") wait_until 10 sharp ;; # 4:4:4 is finer than 4:2:0
        *)
            wait_until 10 shows "$(stat_of 'o["frames"]["published"]')"
            wait_until 10 sharp "$S2"
            [[ "$(table)" == "0 "* ]]
            ;;
        esac
        [ ! -s "$BG_ERR" ]
        kill -TERM "$BG"
        ends 143 "$BG"
        noise $((RANDOM + 92160)) | tail -c 92160 | clean_run shm-write -s 640x48 "$S"
    done
    kill -TERM "$clock"
    ends 143 "$clock"
}

@test "bad options are exit 2 with one line" {
    for bad in "-q 0" "-q 101" "-q x" "-q -1" "-q 4294967376" "-S 411" "-r 0" "-r nan" "-r -5" \
        "-r 2000" "-j 0" "-j 65" "-j 1.5" "-o a/b" "-o ."; do
        fails 2 shm-encode "${bad% *}" "${bad#* }" "$S"
        [[ $stderr == "shm-encode: "*"${bad#* }"* ]]
    done
    for bad in x -1 0.3,101 1,95,411 1,,444 ,95; do
        fails 2 shm-encode -s "$bad" "$S"
        [[ $stderr == "shm-encode: -s "*": must be "* ]]
    done
    fails 2 shm-encode -o "" "$S"
    fails_usage shm-encode
    fails_usage shm-encode "$S" "$S2"
    fails_usage shm-encode "$S" -S
}

@test "a missing second stream is exit 3, with its name" {
    clean_run shm-create -s 64x48 "$S"
    fails 3 shm-encode -o "$S2" "$S"
    [[ $stderr == "shm-encode: $S2: no such stream"* ]]
    fails 3 shm-encode -o "$S" "$S2"
    [[ $stderr == "shm-encode: $S2: no such stream"* ]]
}
