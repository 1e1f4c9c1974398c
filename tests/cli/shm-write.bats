#!/usr/bin/env bats
# shm-write: the stream has the images from stdin.
# shellcheck disable=SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

PACKED="gray8 rgb24 bgr24 rgba bgra"
PLANAR="yuv420p yuv422p yuv444p"

# Bytes of a WxH frame of a format, computed independently of the programs.
bytes_of() {
    local w=${2%x*} h=${2#*x}
    local cw=$(((w + 1) / 2)) ch=$(((h + 1) / 2))
    case $1 in
    gray8) echo $((w * h)) ;;
    rgb24 | bgr24 | yuv444p) echo $((w * h * 3)) ;;
    rgba | bgra) echo $((w * h * 4)) ;;
    yuv422p) echo $((w * h + 2 * cw * h)) ;;
    yuv420p) echo $((w * h + 2 * cw * ch)) ;;
    esac
}

noise() {
    head -c "$1" /dev/urandom
}

published() {
    shm-ls -j | /usr/bin/python3 -c 'import json, sys
name, key = sys.argv[1:]
for s in json.load(sys.stdin)["objects"]:
    if s["name"] == name:
        print(s["frames"][key])' "$S" "${1:-published}"
}

has_published() {
    [ "$(published)" -ge "$1" ]
}

@test "raw frames of every format and odd size are unchanged in the stream" {
    cd "$BATS_TEST_TMPDIR"
    for size in 1x1 17x31 1919x1079; do
        for format in $PACKED $PLANAR; do
            echo "$size $format"
            shm-create --replace -n 2 -s "$size" -f "$format" "$S"
            bytes=$(bytes_of "$format" "$size")
            noise $((2 * bytes)) >in
            clean_run shm-write "$S" <in
            clean_run shm-read -f raw "$S" >out
            cmp out <(tail -c "$bytes" in)
            [ "$(shm-read "$S" | head -c 40 | sed -n 2p | cut -d ' ' -f 2)" = frame=2 ]
        done
    done
}

@test "packed pixels have the right red, green, blue and alpha" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 2x1 -f rgba "$S"
    for order in rgb24:1,2,3 bgr24:3,2,1 rgba:1,2,3,9 bgra:3,2,1,9; do
        IFS=, read -r -a values <<<"${order#*:}"
        for n in 1 2; do
            for v in "${values[@]}"; do printf '%b' "\\x0$v"; done
        done >in
        shm-write -s 2x1 -f "${order%:*}" "$S" <in
        shm-read "$S" | tail -c 6 | cmp - <(printf '\1\2\3\1\2\3')
        shm-read -f pam "$S" >out.pam
        case $order in
        *a:*) tail -c 8 out.pam | cmp - <(printf '\1\2\3\11\1\2\3\11') ;;
        *) tail -c 6 out.pam | cmp - <(printf '\1\2\3\1\2\3') ;;
        esac
    done
    printf '\7\10' | shm-write -f gray8 "$S"
    shm-read "$S" >out.pgm
    head -c 2 out.pgm | grep -q P5
    tail -c 2 out.pgm | cmp - <(printf '\7\10')
}

@test "--bottom-up: the last row in memory is the top one" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 17x31 -f rgba "$S"
    for format in $PACKED $PLANAR; do
        bytes=$(bytes_of "$format" 17x31)
        noise "$bytes" >in
        shm-write -f "$format" --bottom-up "$S" <in
        shm-read -f raw "$S" >out
        /usr/bin/python3 - "$format" in out <<'EOF'
import sys
name, a, b = sys.argv[1], open(sys.argv[2], "rb").read(), open(sys.argv[3], "rb").read()
channels = {"gray8": 1, "rgb24": 3, "bgr24": 3, "rgba": 4, "bgra": 4}
if name in channels:
    planes = [(17 * channels[name], 31)]
else:
    planes = [(17, 31)] + 2 * [{"yuv420p": (9, 16), "yuv422p": (9, 31), "yuv444p": (17, 31)}[name]]
want, at = b"", 0
for stride, rows in planes:
    want += b"".join(a[at + y * stride:at + (y + 1) * stride] for y in reversed(range(rows)))
    at += stride * rows
assert want == b and a != b, name
EOF
    done
    # And likewise for PNM and y4m.
    pgmramp -tb 4 3 >ramp.pgm
    shm-write --bottom-up "$S" <ramp.pgm
    shm-read "$S" | tail -c 12 | cmp - <(pamflip -tb ramp.pgm | tail -c 12)
}

@test "ffmpeg's y4m, 4:2:0 to gray, limited and full range, has the same colours as in ffmpeg" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 322x242 "$S"
    for format in yuv420p yuv422p yuv444p gray yuvj420p yuvj422p yuvj444p; do
        ffmpeg -v error -y -f lavfi -i mandelbrot=size=322x242 -frames:v 2 -pix_fmt "$format" \
            -strict -1 -f yuv4mpegpipe a.y4m
        ffmpeg -v error -y -i a.y4m -pix_fmt rgb24 -update 1 -frames:v 2 want.ppm
        clean_run shm-write "$S" <a.y4m
        clean_run shm-read "$S" >got.ppm
        echo "$format"
        close_to 40 want.ppm got.ppm
    done
}

# swscale scales the chroma of odd sizes slightly, so these are compared with the arithmetic.
@test "y4m of odd sizes has the colours of BT.601" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x64 "$S"
    for format in yuv420p yuv422p yuv444p gray yuvj420p yuvj422p yuvj444p; do
        for size in 1x1 17x31 31x2; do
            ffmpeg -v error -y -f lavfi -i "mandelbrot=size=64x64" -frames:v 1 \
                -vf "scale=$size:flags=neighbor,setsar=1" -pix_fmt "$format" -strict -1 -f yuv4mpegpipe a.y4m
            /usr/bin/python3 - a.y4m want.ppm <<'EOF'
import re, sys
import numpy as np
from PIL import Image
data = open(sys.argv[1], "rb").read()
line, _, rest = data.partition(b"\n")
frame = rest[rest.index(b"\n") + 1:]
w, h = (int(re.search(rb" %c(\d+)" % c, line)[1]) for c in b"WH")
kind = re.search(rb" C(420|422|444|mono)", line)[1]
across, down = {b"420": (2, 2), b"422": (2, 1), b"444": (1, 1), b"mono": (1, 1)}[kind]
cw, ch = -(-w // across), -(-h // down)
at = w * h
y = np.frombuffer(frame[:at], np.uint8).reshape(h, w).astype(float)
if kind == b"mono":
    cb = cr = np.full((h, w), 128.0)
else:
    def chroma(n):
        plane = np.frombuffer(frame[at + n * cw * ch:at + (n + 1) * cw * ch], np.uint8)
        return plane.reshape(ch, cw).astype(float).repeat(down, 0).repeat(across, 1)[:h, :w]
    cb, cr = chroma(0), chroma(1)
if kind != b"mono" and b"XCOLORRANGE=FULL" not in line or b"XCOLORRANGE=LIMITED" in line:
    y, cb, cr = (y - 16) * 255 / 219, (cb - 128) * 255 / 224, (cr - 128) * 255 / 224
else:
    cb, cr = cb - 128, cr - 128
kr, kg, kb = 0.299, 0.587, 0.114
r, b = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
g = (y - kr * r - kb * b) / kg
rgb = np.stack([r, g, b], 2).round().clip(0, 255).astype(np.uint8)
Image.fromarray(rgb).save(sys.argv[2])
EOF
            clean_run shm-write "$S" <a.y4m
            clean_run shm-read "$S" >got.ppm
            echo "$format $size"
            close_to 50 want.ppm got.ppm
        done
    done
}

@test "a channel swap, a flip or a wrong range would be detected" {
    cd "$BATS_TEST_TMPDIR"
    frame-gen -s 320x240 -n 1 >want.ppm
    shm-create -s 320x240 "$S"
    ffmpeg -v error -y -i want.ppm -pix_fmt bgr24 -f rawvideo bgr
    shm-write -f bgr24 "$S" <bgr
    shm-read "$S" >got.ppm
    [ "$(psnr want.ppm got.ppm)" = inf ]
    shm-write -f rgb24 "$S" <bgr
    shm-read "$S" >got.ppm
    run -1 close_to 25 want.ppm got.ppm
    shm-write -f bgr24 --bottom-up "$S" <bgr
    shm-read "$S" >got.ppm
    run -1 close_to 25 want.ppm got.ppm
    ffmpeg -v error -y -i want.ppm -pix_fmt yuv444p -f rawvideo yuv
    shm-write -f yuv444p "$S" <yuv
    shm-read "$S" >got.ppm
    close_to 40 want.ppm got.ppm
    shm-write -f yuv444p --full-range "$S" <yuv
    shm-read "$S" >got.ppm
    run -1 close_to 35 want.ppm got.ppm
}

@test "raw YUV is limited-range unless --full-range, which does not affect y4m" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 1x1 -f yuv444p "$S"
    printf '\353\200\200' >white # 235
    shm-write "$S" <white
    shm-read "$S" | tail -c 3 | cmp - <(printf '\377\377\377')
    shm-write --full-range "$S" <white
    shm-read "$S" | tail -c 3 | cmp - <(printf '\353\353\353')
    { printf 'YUV4MPEG2 W1 H1 C444\nFRAME\n' && cat white; } | shm-write --full-range "$S"
    shm-read "$S" | tail -c 3 | cmp - <(printf '\377\377\377')
    { printf 'YUV4MPEG2 W1 H1 C444 XCOLORRANGE=FULL\nFRAME\n' && cat white; } | shm-write "$S"
    shm-read "$S" | tail -c 3 | cmp - <(printf '\353\353\353')
}

@test "netpbm's images, each of another size" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 200x200 "$S"
    ppmmake red 17 31 >1.ppm
    pgmramp -ellipse 199 101 >2.pgm
    ppmpat -gingham2 -randomseed=1 64 48 >3.ppm
    { ppmmake -maxval 255 blue 5 4 | pamdepth 255; } >4.ppm
    for p in 1.ppm 2.pgm 3.ppm 4.ppm; do
        clean_run shm-write "$S" <$p
        shm-read "$S" >got
        [ "$(psnr $p got)" = inf ]
    done
    cat 1.ppm 2.pgm 3.ppm 4.ppm 2.pgm | clean_run shm-write "$S"
    [ "$(published)" = 9 ]
    shm-read "$S" >got
    [ "$(psnr 2.pgm got)" = inf ]
}

@test "PAM: gray, colour and colour with alpha" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x64 -f rgba "$S"
    pgmramp -lr 9 7 >gray.pgm
    ppmpat -gingham2 -randomseed=1 9 7 >colour.ppm
    pamtopam <gray.pgm >gray.pam
    pamtopam <colour.ppm >colour.pam
    pamstack -tupletype=RGB_ALPHA colour.ppm gray.pgm >alpha.pam
    for p in gray colour alpha; do
        clean_run shm-write "$S" <$p.pam
        shm-read -f pam "$S" | pamtopam >got.pam
        cmp $p.pam got.pam
    done
    shm-read -f raw "$S" | cmp - <(tail -c 252 alpha.pam)
}

@test "comments: anywhere in a header, and event=N is the event number" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 8x8 "$S"
    event_of() { shm-read "$S" | sed -n '2s/.* event=\([0-9]*\) .*/\1/p'; }
    printf 'P5\n# made by hand\n# frame=3 event=41 more\n2 # wide\n1\n255\nab' | clean_run shm-write "$S"
    [ "$(event_of)" = 41 ]
    printf 'P5 2 1 255 ab' | clean_run shm-write "$S"
    [ "$(event_of)" = 0 ]
    printf 'P7\n#event=42\nWIDTH 2\n# x\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\nab' | clean_run shm-write "$S"
    [ "$(event_of)" = 42 ]
    printf 'YUV4MPEG2 W2 H1 Cmono\nFRAME Ip XEVENT=43 XA=1\nabFRAME\nab' >two.y4m
    head -c 48 two.y4m | clean_run shm-write "$S"
    [ "$(event_of)" = 43 ]
    clean_run shm-write "$S" <two.y4m
    [ "$(event_of)" = 0 ]
    # Words that are not numbers, and too large numbers, are plain comments.
    for odd in event=x event= event=5x preevent=5 event=99999999999999999999; do
        printf 'P5\n# %s\n2 1\n255\nab' "$odd" | clean_run shm-write "$S"
        [ "$(event_of)" = 0 ]
    done
}

@test "shm-write reads the output of shm-read, with the event number" {
    shm-create -s 64x48 "$S"
    shm-create -s 64x48 "$S2"
    printf 'P6\n# event=7\n3 2\n255\nabcdefghijklmnopqr' | shm-write "$S"
    for format in ppm pam; do
        shm-read -f $format "$S" | clean_run shm-write "$S2"
        shm-read -f pam "$S2" | sed -n '2s/.* \(event=[0-9]*\) .*/\1/p' | grep -qx event=7
        cmp <(shm-read -f raw "$S") <(shm-read -f raw "$S2")
    done
    shm-read -f y4m "$S" | clean_run shm-write "$S2"
    [ "$(shm-read "$S2" | sed -n '2s/.* \(event=[0-9]*\) .*/\1/p')" = event=7 ]
}

@test "with -s or -f input is raw, whatever its first bytes, except y4m" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f gray8 "$S"
    printf 'P5\n2 2 255\nabcde' >in # 16 bytes
    clean_run shm-write -s 4x4 "$S" <in
    shm-read -f raw "$S" | cmp - in
    clean_run shm-write -f gray8 "$S" <in
    shm-read -f raw "$S" | cmp - in
    fails 3 shm-write "$S" <in
    printf 'YUV4MPEG2 W1 H1 Cmono\nFRAME\na' | clean_run shm-write -s 4x4 -f gray8 "$S"
    [ "$(shm-read -f raw "$S")" = a ]
}

@test "a pipe that delivers pieces of any size" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -n 2 -s 7x5 -f gray8 "$S"
    ppmpat -gingham2 -randomseed=1 7 5 | tee a.ppm b.ppm >c.ppm
    cat a.ppm b.ppm c.ppm >in
    for step in 1 2 3 10 17 100; do
        dd if=in bs=$step status=none | clean_run shm-write "$S"
        shm-read "$S" >got
        [ "$(psnr a.ppm got)" = inf ]
    done
    [ "$(published)" = 18 ]
    printf 'YUV4MPEG2 W1 H1 Cmono\nFRAME\naFRAME\nbFRAME\nc' | dd bs=1 status=none | clean_run shm-write "$S"
    [ "$(shm-read -f raw "$S")" = c ]
    yes | head -c 35000 | clean_run shm-write "$S"
    [ "$(published)" = 1021 ]
}

@test "a non-blocking standard input works" {
    shm-create -s 4x4 -f gray8 "$S"
    /usr/bin/python3 - "$S" <<'EOF'
import os, subprocess, sys
r, w = os.pipe()
os.set_blocking(r, False)
p = subprocess.Popen(["shm-write", sys.argv[1]], stdin=r)
os.close(r)
for part in (b"0123", b"456789abcdef"):
    import time
    time.sleep(0.1)  # so that the pipe is empty at first
    os.write(w, part)
os.close(w)
assert p.wait(60) == 0
EOF
    [ "$(shm-read -f raw "$S")" = 0123456789abcdef ]
}

@test "truncated input: the frames before it are published, and the place is reported" {
    shm-create -s 4x4 -f gray8 "$S"
    fails 3 shm-write "$S" < <(yes | head -c 41)
    [[ $stderr == *"standard input: cut off: got 9 of 16 bytes of frame 3" ]]
    [ "$(published)" = 2 ]
    fails 3 shm-write "$S" < <(printf 'P5 2 2 255 abc')
    [[ $stderr == *"cut off: got 3 of 4 bytes of frame 1" ]]
    fails 3 shm-write "$S" < <(printf 'P5 1 1 255 aP5 2')
    [[ $stderr == *"cut off: ends after 16 bytes, in the header of frame 2" ]]
    [ "$(published)" = 3 ]
    fails 3 shm-write "$S" < <(printf 'YUV4MPEG2 W1 H1 Cmono\nFRAME\naFRA')
    [[ $stderr == *"in the header of frame 2" ]]
    fails 3 shm-write "$S" < <(printf 'YUV4MPEG2 W1 H1 Cmono\nFRAME\n')
    [[ $stderr == *"cut off: got 0 of 1 bytes of frame 1" ]]
    fails 3 shm-write "$S" < <(printf 'YUV4MPEG2 W1 H1 ')
    [[ $stderr == *"in the header of frame 1" ]]
    fails 3 shm-write "$S" < <(printf P6) # too short to be PNM
    [[ $stderr == *"got 2 of 16 bytes of frame 1" ]]
    [ "$(published)" = 4 ]
}

@test "empty input, or a header alone, is a normal end" {
    shm-create -s 4x4 "$S"
    run -0 --separate-stderr shm-write "$S" </dev/null
    [ "$stderr" = "shm-write: standard input: empty" ]
    run -0 --separate-stderr shm-write "$S" < <(printf 'YUV4MPEG2 W1 H1\n')
    [ "$stderr" = "shm-write: standard input: a header, but no frames" ]
    [ "$(published)" = 0 ]
}

# The input is refused with this message: `refuses PATTERN FORMAT-FOR-PRINTF`.
refuses() {
    # shellcheck disable=SC2059
    fails 3 shm-write "$S" < <(printf "$2")
    echo "$stderr"
    [[ $stderr == *"standard input: "*$1* ]]
}

@test "bad PNM" {
    shm-create -s 4x4 -f gray8 "$S"
    refuses "byte 12: no PNM image where frame 2 should begin" 'P5 1 1 255 ax5 1 1 255 b'
    refuses "byte 13: no PNM image" 'P5 1 1 255 a\nx'
    refuses "byte 12: no PNM image" 'P5 1 1 255 aP9 1 1 255 a'
    [ "$(published)" = 3 ]
    refuses "width 0" 'P5 0 1 255 a'
    refuses "height 0" 'P6 1 0 255 a'
    refuses "width 65501" 'P6 65501 1 255 a'
    refuses "width 2147483648" 'P6 2147483648 2147483648 255 a'
    refuses "width 4294967297" 'P6 4294967297 1 255 a'
    refuses "width 18446744073709551617" 'P6 18446744073709551617 1 255 a'
    refuses "is malformed" 'P6 -1 1 255 a'
    refuses "is malformed" 'P6 1.5 1 255 a'
    refuses "is malformed" 'P6 000000000000000000000000000000001 1 255 a'
    refuses "maxval 65536" 'P6 1 1 65536 aaaaaa'
    refuses "maxval 0" 'P5 1 1 0 a'
    refuses "cut off: got 1 of 3 samples of frame 1" 'P3 1 1 255 1 '
    refuses "byte 13: not a sample of PNM frame 1" 'P3 1 1 255 1 x2 3'
    refuses "byte 15: not a sample" 'P2\n1 1 255 65536'
    refuses "byte 11: not a sample" 'P2 1 1 255 -1'
    refuses "byte 8: not a sample" 'P1\n2 1\n12'
    refuses "cut off: got 0 of 1 samples" 'P1\n1 1\n#1'
    refuses "depth 2, type RGB" \
        'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\naa'
    refuses "depth 4, type CMYK" 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\naaaa'
    refuses "has no size" 'P7\nWIDTH 1\nDEPTH 1\nMAXVAL 255\nENDHDR\na'
    refuses "maxval " 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\na'
    refuses "depth ?" 'P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\na'
    refuses "height -1" 'P7\nWIDTH 1\nHEIGHT -1\nDEPTH 1\nMAXVAL 255\nENDHDR\na'
    refuses "width  of" 'P7\nWIDTH\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\na'
    { printf 'P5\n' && yes '# no end' | head -c 100000; } >"$BATS_TEST_TMPDIR/long"
    fails 3 shm-write "$S" <"$BATS_TEST_TMPDIR/long"
    [[ $stderr == *"the header of frame 1 has no end" ]]
    { printf 'P5 #' && head -c 3000 /dev/zero | tr '\0' x; } >"$BATS_TEST_TMPDIR/long"
    fails 3 shm-write "$S" <"$BATS_TEST_TMPDIR/long"
    [[ $stderr == *"cut off: ends after 3004 bytes, in the header of frame 1" ]]
    { printf 'P7\nTUPLTYPE ' && head -c 3000 /dev/zero | tr '\0' x; } >"$BATS_TEST_TMPDIR/long"
    fails 3 shm-write "$S" <"$BATS_TEST_TMPDIR/long"
    [[ $stderr == *"not a header line" ]]
    [ "$(published)" = 3 ]
}

@test "bad y4m" {
    shm-create -s 4x4 -f gray8 "$S"
    refuses "byte 29: no FRAME where frame 2 should begin" 'YUV4MPEG2 W1 H1 Cmono\nFRAME\naframe\na'
    refuses "byte 29: no FRAME where frame 2" 'YUV4MPEG2 W1 H1 Cmono\nFRAME\naFRAMES\na'
    refuses "byte 22: no FRAME where frame 1" 'YUV4MPEG2 W1 H1 Cmono\nab'
    refuses "width 0" 'YUV4MPEG2 W0 H1\nFRAME\n'
    refuses "width -5" 'YUV4MPEG2 W-5 H1\nFRAME\n'
    refuses "width 2147483648" 'YUV4MPEG2 W2147483648 H2147483648\nFRAME\n'
    refuses "height 99999999999999999999 of" 'YUV4MPEG2 W1 H99999999999999999999999\nFRAME\n'
    refuses "has no size" 'YUV4MPEG2 W1\nFRAME\n'
    for colours in C42 C4 C C420p C420p1 C420p8 C420p17 C420p10x C410 Cmono8 Cmono17 C444alpha10 Cx; do
        refuses "y4m colours $colours: must be" "YUV4MPEG2 W1 H1 $colours\\nFRAME\\n"
    done
    # The longest header line, which ends with a short word.
    { printf 'YUV4MPEG2 W1 H1 X' && head -c 500 /dev/zero | tr '\0' x && printf ' C42\n'; } >"$BATS_TEST_TMPDIR/long"
    [ "$(wc -c <"$BATS_TEST_TMPDIR/long")" = 522 ] # 10 of Y4M_MAGIC, 511 of the line, and a newline
    fails 3 shm-write "$S" <"$BATS_TEST_TMPDIR/long"
    [[ $stderr == *"y4m colours C42: must be"* ]]
    refuses "not a header line" 'YUV4MPEG2 W1 H1\0 Cmono\nFRAME\na'
    [ "$(published)" = 2 ]
}

@test "PNM as text equals binary PNM" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 "$S"
    ppmpat -gingham2 -randomseed=1 17 31 >3.ppm
    pgmramp -ellipse 17 31 >2.pgm
    pgmtopbm -threshold 2.pgm >1.pbm
    for p in 3.ppm 2.pgm 1.pbm; do
        pnmtoplainpnm $p >plain
        head -c 2 plain | grep -q "P${p%.*}"
        clean_run shm-write "$S" <plain
        shm-read "$S" >got
        [ "$(psnr $p got)" = inf ]
    done
    # Several, comments among the samples, and no space between the pixels of a bitmap.
    printf 'P2 2 1 9 # nine\n9 #0\n0\n\nP1\n3 1\n101P3 1 1 255 1\n2\n3' | clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf '\1\2\3')
    printf 'P2 2 1 9 9 #0\n0' | clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf '\377\0')
    printf 'P1\n# event=9\n3 1\n101' | clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf '\0\377\0')
    shm-read "$S" | sed -n 2p | grep -q ' event=9 '
    [ "$(published)" = 8 ]
}

@test "bitmaps, and PNM of any maxval, equal what pamdepth makes of them" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 "$S"
    pgmramp -ellipse -maxval 65535 23 31 >deep.pgm
    ppmpat -gingham2 -randomseed=1 23 31 | pamdepth 65535 >deep.ppm
    for p in deep.pgm deep.ppm; do
        for maxval in 1 2 15 100 254 256 1000 1023 4095 65535; do
            pamdepth $maxval <$p >in 2>/dev/null
            pamdepth 255 <in >want 2>/dev/null
            clean_run shm-write "$S" <in
            shm-read "$S" >got
            [ "$(psnr want got)" = inf ]
            pamtopam <in >in.pam
            clean_run shm-write "$S" <in.pam
            shm-read "$S" >got
            [ "$(psnr want got)" = inf ]
        done
    done
    pgmtopbm -threshold deep.pgm >in
    pamdepth 255 <in >want
    clean_run shm-write "$S" <in
    shm-read "$S" >got
    [ "$(psnr want got)" = inf ]
    pamtopam <in >in.pam
    grep -qa 'TUPLTYPE BLACKANDWHITE' in.pam
    cat in in.pam in in.pam | clean_run shm-write "$S"
    shm-read "$S" >got
    [ "$(psnr want got)" = inf ]
    # 65535 of 1000 is white.
    printf 'P5 1 1 1000 \377\377' | clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf '\377')
}

@test "PAM with gray and alpha" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 -f rgba "$S"
    pgmramp -lr 9 7 >gray.pgm
    pgmramp -tb 9 7 >alpha.pgm
    ppmtoppm <gray.pgm | pamstack -tupletype=RGB_ALPHA - alpha.pgm >want.pam
    pamstack -tupletype=GRAYSCALE_ALPHA gray.pgm alpha.pgm >8.pam
    pamdepth 65535 <8.pam >16.pam
    for p in 8 16; do
        clean_run shm-write "$S" <$p.pam
        shm-read -f pam "$S" | pamtopam | cmp - want.pam
    done
    printf 'P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE_ALPHA\nENDHDR\n\1\0\0\1' |
        clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf '\377\377\377\0\0\0\0\377')
}

@test "blanks between PNM images, and comments of any length" {
    shm-create -s 8x8 "$S"
    printf 'P5 1 1 255 a\n\n P5 1 1 255 b\r\n' | clean_run shm-write "$S"
    [ "$(published)" = 2 ]
    [ "$(shm-read -f raw "$S")" = b ]
    long=$(head -c 20000 /dev/zero | tr '\0' x)
    printf 'P5\n# event=5 %s\n1 1\n255\nc' "$long" | clean_run shm-write "$S"
    shm-read "$S" | sed -n 2p | grep -q ' event=5 '
    printf 'P7\n# event=6 %s\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\nd' "$long" | clean_run shm-write "$S"
    shm-read "$S" | sed -n 2p | grep -q ' event=6 '
    # A number that is cut with its comment is none.
    printf 'P5\n# %s event=123456\n1 1\n255\ne' "${long:0:500}" | clean_run shm-write "$S"
    shm-read "$S" | sed -n 2p | grep -q ' event=0 '
}

@test "y4m of 9 to 16 bits and C444alpha have the colours that ffmpeg gives them, C411 its samples" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 322x242 -f rgba "$S"
    for format in yuv420p9 yuv420p10 yuv420p12 yuv420p14 yuv420p16 yuv422p9 yuv422p10 yuv422p12 \
        yuv422p14 yuv422p16 yuv444p9 yuv444p10 yuv444p12 yuv444p14 yuv444p16 gray9 gray10 gray12 gray16; do
        ffmpeg -v error -y -f lavfi -i mandelbrot=size=322x242 -frames:v 2 -pix_fmt "$format" \
            -strict -1 -f yuv4mpegpipe a.y4m
        # In two steps: the first changes the depth alone.
        ffmpeg -v error -y -i a.y4m -pix_fmt "$(sed -E 's/(gray|yuv4..p).*/\1/' <<<"$format")" -f yuv4mpegpipe 8.y4m
        ffmpeg -v error -y -i 8.y4m -pix_fmt rgb24 -update 1 -frames:v 2 want.ppm
        clean_run shm-write "$S" <a.y4m
        clean_run shm-read "$S" >got.ppm
        echo "$format"
        close_to 40 want.ppm got.ppm
    done
    # Full range reaches white; samples beyond the depth are the largest.
    for white in '\377\3\0\2\0\2' '\377\177\0\2\0\2'; do
        # shellcheck disable=SC2059
        printf "YUV4MPEG2 W1 H1 C444p10 XCOLORRANGE=FULL\nFRAME\n$white" | clean_run shm-write "$S"
        shm-read "$S" | tail -c 3 | cmp - <(printf '\377\377\377')
    done
    printf 'YUV4MPEG2 W5 H2 C411\nFRAME\nabcdefghijUVuvWXwx' | clean_run shm-write "$S"
    shm-read -f raw "$S" | cmp - <(printf 'abcdefghijUUVuuvWWXwwx')
    ffmpeg -v error -y -f lavfi -i testsrc2=size=322x242 -frames:v 1 -pix_fmt yuv411p -strict -1 -f yuv4mpegpipe a.y4m
    clean_run shm-write "$S" <a.y4m
    ffmpeg -v error -y -i a.y4m -pix_fmt rgb24 want.ppm
    clean_run shm-read "$S" >got.ppm
    close_to 25 want.ppm got.ppm
    ffmpeg -v error -y -f lavfi -i 'mandelbrot=size=322x242,format=yuva444p,geq=lum=p(X\,Y):a=X/2' -frames:v 2 \
        -strict -1 -f yuv4mpegpipe a.y4m
    head -1 a.y4m | grep -q C444alpha
    ffmpeg -v error -y -i a.y4m -pix_fmt rgb24 -update 1 -frames:v 2 want.ppm
    clean_run shm-write "$S" <a.y4m
    clean_run shm-read "$S" >got.ppm
    close_to 40 want.ppm got.ppm
    ffmpeg -v error -y -i a.y4m -vf extractplanes=a -f rawvideo alpha
    shm-read -f raw "$S" | /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[3::4])' |
        cmp - <(tail -c $((322 * 242)) alpha)
}

@test "y4m with CRLF line ends" {
    shm-create -s 8x8 "$S"
    printf 'YUV4MPEG2 W2 H1 Cmono\r\nFRAME XEVENT=43\r\nab' | clean_run shm-write "$S"
    [ "$(shm-read -f raw "$S")" = ab ]
    shm-read "$S" | sed -n 2p | grep -q ' event=43 '
}

newest() { # MEMBER...: of the newest frame, as JSON
    local json member
    json=$(shm-ls -j "$S")
    json=${json#*\"frames\":} json=${json%%\"packets\":*}
    for member; do
        [[ $json =~ \"$member\":(\[[^]]*\]|[^,}]*) ]]
        printf '%s ' "${BASH_REMATCH[1]}"
    done
}

@test "y4m with pixels that aren't square keeps their aspect" {
    shm-create -s 64x48 "$S"
    while read -r aspect want; do
        ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=64x48 -frames:v 2 -vf "setsar=$aspect" -pix_fmt yuv420p \
            -f yuv4mpegpipe - | clean_run shm-write "$S"
        echo "$aspect: $(newest aspect)"
        [ "$(newest aspect)" = "$want " ]
    done <<'TABLE'
16/11 [16,11]
1/1 [1,1]
0 [1,1]
TABLE
    # Also of numbers that a stream cannot have; nonsense is as nothing.
    while read -r aspect want; do
        printf 'YUV4MPEG2 W1 H1 A%s Cmono\nFRAME\na' "$aspect" | clean_run shm-write "$S"
        echo "$aspect: $(newest aspect)"
        [ "$(newest aspect)" = "$want " ]
    done <<'TABLE'
32:22 [16,11]
131072:3 [32768,1]
262144:131072 [2,1]
7:7 [1,1]
3:0 [1,1]
-3:2 [1,1]
3:-2 [1,1]
: [1,1]
3:2x [1,1]
4294967297:2 [1,1]
TABLE
}

@test "--aspect, --matrix and --alpha are in the slot, and refused where they are nonsense" {
    shm-create -s 2x2 "$S"
    for matrix in bt601 bt709 bt2020; do
        printf 'abcdUV' | clean_run shm-write -f yuv420p --matrix $matrix --aspect 4:6 "$S"
        [ "$(newest matrix aspect limited)" = "\"$matrix\" [2,3] true " ]
        printf 'YUV4MPEG2 W2 H2 C420\nFRAME\nabcdUV' | clean_run shm-write --matrix $matrix "$S"
        [ "$(newest matrix aspect)" = "\"$matrix\" [1,1] " ]
    done
    # The header's matrix counts more; RGB and gray have none.
    printf 'YUV4MPEG2 W2 H2 C420 XMATRIX=BT709\nFRAME\nabcdUV' | clean_run shm-write --matrix bt2020 "$S"
    [ "$(newest matrix)" = '"bt709" ' ]
    printf 'YUV4MPEG2 W2 H2 C420 XMATRIX=BT470\nFRAME\nabcdUV' | clean_run shm-write "$S"
    [ "$(newest matrix)" = '"unspecified" ' ]
    printf 'abcd' | clean_run shm-write -f gray8 --matrix bt709 "$S"
    [ "$(newest matrix)" = '"unspecified" ' ]
    for alpha in straight premultiplied ignored; do
        printf 'abcdefghijklmnop' | clean_run shm-write -f rgba --alpha $alpha "$S"
        [ "$(newest alpha)" = "\"$alpha\" " ]
    done
    printf 'abcdefghijkl' | clean_run shm-write -f rgb24 --alpha ignored "$S"
    [ "$(newest alpha)" = '"straight" ' ]
    for bad in "--matrix bt470" "--matrix unspecified" "--matrix 1" "--alpha none" "--aspect 16" "--aspect 0:1" \
        "--aspect 1:0" "--aspect 65536:1" "--aspect 1:1:1" "--aspect 123456:1" "--aspect x:1" "--aspect -1:-1"; do
        # shellcheck disable=SC2086
        fails 2 shm-write $bad "$S" </dev/null
        [ "$(wc -l <<<"$stderr")" = 1 ]
    done
}

@test "raw nv12, nv21, yuyv422 and uyvy422 equal ffmpeg's planar formats" {
    cd "$BATS_TEST_TMPDIR"
    for size in 322x242 18x6 2x2; do
        shm-create --replace -s "$size" "$S"
        for pair in nv12:yuv420p nv21:yuv420p yuyv422:yuv422p uyvy422:yuv422p; do
            ffmpeg -v error -y -f lavfi -i "testsrc2=size=$size" -frames:v 2 -pix_fmt "${pair#*:}" -f rawvideo want
            ffmpeg -v error -y -f rawvideo -s "$size" -pix_fmt "${pair#*:}" -i want -pix_fmt "${pair%:*}" \
                -f rawvideo in
            clean_run shm-write -f "${pair%:*}" "$S" <in
            shm-read -f raw "$S" | cmp - <(tail -c "$(bytes_of "${pair#*:}" "$size")" want)
        done
    done
    # Odd sizes round up; a truncated frame is counted in the input's bytes.
    printf 'abcdefghiUVWXYZ\1\2' | clean_run shm-write -s 3x3 -f nv12 "$S"
    shm-read -f raw "$S" | cmp - <(printf 'abcdefghiUWY\1VXZ\2')
    printf 'aUbVcXd\1' | clean_run shm-write -s 3x1 -f yuyv422 "$S"
    shm-read -f raw "$S" | cmp - <(printf 'abcUXV\1')
    fails 3 shm-write -s 3x3 -f nv12 "$S" < <(printf 'abcdefghiUVW')
    [[ $stderr == *"cut off: got 12 of 17 bytes of frame 1" ]]
    fails 2 shm-write -f nv16 "$S" </dev/null
    [[ $stderr == *"must be one of gray8,"*"nv12"* ]]
}

@test "a frame that begins like encoded input is published before the next arrives" {
    mkfifo "$BATS_TEST_TMPDIR/in"
    shm-create -s 1x1 -f gray8 "$S"
    exec 8<>"$BATS_TEST_TMPDIR/in"
    bg shm-write "$S" <"$BATS_TEST_TMPDIR/in" 8>&-
    printf G >&8
    wait_until 10 has_published 1
    exec 8>&-
    ends 0 "$BG"
}

@test "--stride: padded rows stay as they are where a slot has room, and read as packed ones" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 400x300 -f bgra "$S"
    shm-create -s 322x242 -f bgra "$S2"
    while read -r format stride chroma want; do
        ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=size=322x242 -frames:v 1 -pix_fmt "$format" -f rawvideo packed
        python3 - "$format" "$stride" "$chroma" <<'EOF'
import random, sys
format, stride, chroma = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data, at, noise = open("packed", "rb").read(), 0, random.Random(1)
with open("padded", "wb") as out:
    row = {"gray": 322, "rgb24": 966, "bgra": 1288}.get(format, 322)
    planes = [(row, 242, stride)]
    if format.startswith("yuv"):
        half = 161, 121 if format == "yuv420p" else 242, chroma
        planes += [half if format != "yuv444p" else planes[0]] * 2
    for width, rows, step in planes:
        for _ in range(rows):
            out.write(data[at:at + width] + noise.randbytes(step - width))
            at += width
assert at == len(data)
EOF
        for order in "" --bottom-up; do
            # shellcheck disable=SC2086
            clean_run shm-write -s 322x242 -f "$format" --stride "$stride" $order "$S" <padded
            [ "$(newest stride bytes)" = "$want $(stat -c %s padded) " ]
            # shellcheck disable=SC2086
            clean_run shm-write -s 322x242 -f "$format" $order "$S2" <packed
            for output in raw ppm pam y4m; do
                shm-read -f $output "$S" | grep -av '^# frame=\|^FRAME' >got
                shm-read -f $output "$S2" | grep -av '^# frame=\|^FRAME' >want
                cmp got want
            done
        done
    done <<'TABLE'
gray 400 0 [400,0,0]
rgb24 1024 0 [1024,0,0]
bgra 1289 0 [1289,0,0]
yuv420p 384 192 [384,192,192]
yuv422p 323 162 [323,162,162]
yuv444p 352 352 [352,352,352]
TABLE
    # In a stream without room for the padding it is removed.
    shm-create --replace -s 322x242 -f yuv444p "$S2"
    clean_run shm-write -s 322x242 -f yuv444p --stride 352 "$S2" <padded
    shm-ls -j "$S2" | grep -q '"stride":\[0,0,0\]'
    shm-read -f raw "$S2" | cmp - packed
}

@test "--stride: the padding of raw rows is skipped" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 3x3 -f rgb24 "$S"
    printf 'abcdefghi---jklmnopqr---stuvwxyz0---' | clean_run shm-write --stride 12 "$S"
    [ "$(shm-read -f raw "$S")" = abcdefghijklmnopqrstuvwxyz0 ]
    printf 'abc-def-ghi-UU--uu--' | head -c 20 >/dev/null
    printf 'abc-def-ghi-UVuvWXYZ' | clean_run shm-write -f yuv420p --stride 4 "$S"
    [ "$(shm-read -f raw "$S")" = abcdefghiUVuvWXYZ ]
    printf 'abc---def---ghi---UV-uv-WX-YZ-' | clean_run shm-write -f yuv420p --stride 6 "$S"
    [ "$(shm-read -f raw "$S")" = abcdefghiUVuvWXYZ ]
    printf 'abc--def--ghi--UVWX-uvwx-' | clean_run shm-write -f nv12 --stride 5 "$S"
    [ "$(shm-read -f raw "$S")" = abcdefghiUWuwVXvx ]
    printf 'abcdefghi' | clean_run shm-write -f gray8 --stride 3 "$S"
    [ "$(shm-read -f raw "$S")" = abcdefghi ]
    fails 2 shm-write --stride 8 "$S" </dev/null
    [[ $stderr == *"--stride 8: too small for rows of 3 pixels" ]]
    fails 2 shm-write --stride 0 "$S" </dev/null
}

@test "encoded input is refused with a command that decodes it" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 "$S"
    film() { ffmpeg -v error -y -f lavfi -i testsrc2=size=64x48 -frames:v "$1" "${@:2}"; }
    film 1 -f image2pipe -c:v png PNG
    film 3 -f gif GIF
    film 1 -f image2pipe -c:v bmp BMP
    film 3 -f avi AVI
    film 1 -f image2pipe -c:v pfm -pix_fmt gbrpf32le PFM
    film 1 -f image2pipe -c:v libwebp WebP
    film 1 -c:v tiff TIFF.tiff && mv TIFF.tiff TIFF
    film 3 -c:v mpeg4 -f mp4 MP4
    film 3 -c:v mpeg4 -f matroska Matroska
    film 3 -f flv FLV
    film 1 -f image2pipe -c:v qoi QOI
    film 1 -f image2pipe -c:v exr -pix_fmt gbrpf32le OpenEXR
    film 1 -f image2pipe -c:v jpeg2000 -format jp2 JPEG
    film 3 -c:v mpeg4 -f nut NUT
    film 3 -c:v libvpx -f ivf IVF
    film 3 -f asf ASF
    film 3 -c:v mpeg2video -f mpegts MPEG-TS
    film 3 -c:v libx264 -f h264 H.264
    for name in PNG GIF BMP AVI PFM WebP TIFF MP4 Matroska FLV QOI OpenEXR JPEG NUT IVF ASF MPEG-TS H.264; do
        before=$(published)
        fails 3 shm-write "$S" <$name
        echo "$stderr"
        [[ $stderr == "shm-write: standard input: $name"*", not frames: decode it, as with ffmpeg "* ]]
        [ "$(wc -l <<<"$stderr")" = 1 ]
        [ "$(published)" = "$before" ]
        command=${stderr#*as with } command=${command% (*} command=${command/FILE/$name}
        $command <$name | clean_run shm-write "$S"
        [ "$(published)" -gt "$before" ]
        # Also in small portions; -s makes it raw.
        fails 3 shm-write "$S" < <(dd if=$name bs=1 count=200 status=none)
        [[ $stderr == *"$name"*", not frames"* ]]
        head -c 64 $name | clean_run shm-write -s 64x1 -f gray8 "$S"
        shm-read -f raw "$S" | cmp - <(head -c 64 $name)
    done
    # Frames that begin like these, but differ, are frames.
    for begin in '\377\330\377\0' BMxxxx 'RIFFxxxxWAVE' PFx '\055-x' '\211PNx' GIF88a '\0\0\0\1fooo'; do
        # shellcheck disable=SC2059
        { printf "$begin" && head -c 9216 /dev/zero; } | head -c 9216 >in
        clean_run shm-write "$S" <in
        shm-read -f raw "$S" | cmp - in
    done
}

@test "frames too large: one message per size, the others continue, exit 3" {
    shm-create -s 64x64 -f gray8 "$S"
    big=$(printf 'P5 100 100 255 ' && head -c 10000 /dev/zero | tr '\0' b)
    wide=$(printf 'P5 400 300 255 ' && head -c 120000 /dev/zero | tr "\0" w)
    printf '%s' "$big" "$big" 'P5 1 1 255 a' "$wide" "$wide" 'P5 1 1 255 z' >"$BATS_TEST_TMPDIR/in"
    run -3 --separate-stderr shm-write "$S" <"$BATS_TEST_TMPDIR/in"
    echo "$stderr"
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ ${stderr_lines[0]} == *"$S: too small for a 100x100 gray8 frame"*"shm-create --replace -s 100x100 -f gray8 $S" ]]
    [[ ${stderr_lines[1]} == *"400x300"* ]]
    [ "$(published)" = 2 ]
    [ "$(published dropped)" = 4 ]
    [ "$(shm-read -f raw "$S")" = z ]
    # An image of the largest size is not read into memory.
    { printf 'P6 65500 65500 255 ' && head -c 200000 /dev/zero; } >"$BATS_TEST_TMPDIR/in"
    fails 3 shm-write "$S" <"$BATS_TEST_TMPDIR/in"
    [[ $stderr == *"got 200000 of 12870750000 bytes of frame 1" ]]
    fails 3 shm-write -s 100x100 "$S" < <(head -c 10000 /dev/zero)
}

@test "--replace by a larger stream is followed within a frame" {
    cd "$BATS_TEST_TMPDIR"
    mkfifo in
    shm-create -s 64x64 -f gray8 "$S"
    exec 8<>in
    bg shm-write "$S" <in 8>&-
    big() { printf 'P5 100 100 255 ' && head -c 10000 /dev/zero | tr '\0' "$1"; }
    printf 'P5 1 1 255 a' >&8
    wait_until 10 has_published 1
    big b >&8
    wait_until 10 grep -q 'shm-create --replace' "$BG_ERR"
    shm-create --replace -s 100x100 -f gray8 "$S"
    big c >&8
    wait_until 10 has_published 1
    [ "$(shm-read -f raw "$S" | tr -d c | wc -c)" -eq 0 ]
    # Half a frame is in the old stream's slot at the next --replace.
    big d | head -c 5000 >&8
    shm-create --replace -s 101x101 -f gray8 "$S"
    big d | tail -c +5001 >&8
    wait_until 10 has_published 1
    [ "$(shm-read -f raw "$S" | tr -d d | wc -c)" -eq 0 ]
    exec 8>&-
    ends 3 "$BG"
    [ "$(wc -l <"$BG_ERR")" -eq 1 ]
}

@test "ends silently when the stream is removed" {
    shm-create -s 96x24 "$S"
    bg shm-write "$S" < <(frame-gen -s 96x24 -r 100 2>/dev/null)
    wait_until 10 has_published 1
    shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "a second writer is refused with the pid of the first, which continues" {
    mkfifo "$BATS_TEST_TMPDIR/in"
    shm-create -s 1x1 -f gray8 "$S"
    exec 8<>"$BATS_TEST_TMPDIR/in"
    bg shm-write "$S" <"$BATS_TEST_TMPDIR/in" 8>&-
    printf a >&8
    wait_until 10 has_published 1
    fails 3 shm-write "$S" </dev/null
    [[ $stderr == "shm-write: $S: already written by pid $BG (shm-write)" ]]
    printf b >&8
    wait_until 10 has_published 2
    exec 8>&-
    ends 0 "$BG"
    clean_run shm-write "$S" < <(printf c)
}

@test "a stopped reader with a pinned frame: frames are dropped and counted, without a wait" {
    cd "$BATS_TEST_TMPDIR"
    skip_missing pin-hold
    mkfifo in
    shm-create -n 2 -s 4x4 -f gray8 "$S"
    exec 8<>in
    bg shm-write -v "$S" <in 8>&-
    writer=$BG writer_err=$BG_ERR
    frame() { printf '%016d' "$1"; }
    frame 1 >&8
    wait_until 10 has_published 1
    bg pin-hold "$S" >held 8>&-
    wait_until 10 test -s held
    holder=$BG
    frame 2 >&8 # in the other slot
    wait_until 10 has_published 2
    frame 3 >&8 # no free slot: one is pinned, the other is the newest
    frame 4 >&8
    dropped() { [ "$(published dropped)" -eq "$1" ]; }
    wait_until 10 dropped 2
    [ "$(shm-read -f raw "$S")" = "$(frame 2)" ]
    kill -KILL "$holder" # a dead reader's pin is released
    ends 137 "$holder"
    frame 5 >&8
    wait_until 10 has_published 3
    [ "$(shm-read -f raw "$S")" = "$(frame 5)" ]
    exec 8>&-
    ends 0 "$writer"
    grep -q 'in all 3 frames .* 2 dropped, 0 unchanged' "$writer_err"
}

@test "-u skips frames equal to the last, and only those" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f gray8 "$S"
    frame() { printf '%016d' "$1"; }
    for n in 1 1 2 2 2 1 1; do frame $n; done >in
    clean_run shm-write -u "$S" <in
    [ "$(published)" = 3 ]
    [ "$(published skipped)" = 4 ]
    [ "$(shm-read -f raw "$S")" = "$(frame 1)" ]
    clean_run shm-write "$S" <in
    [ "$(published)" = 10 ]
    # The same bytes in another shape are another frame.
    printf 'P5 2 1 255 abP5 1 2 255 abP5 1 2 255 ab' | clean_run shm-write -u "$S"
    [ "$(published)" = 12 ]
}

@test "-r plays a file at that rate" {
    shm-create -s 1x1 -f gray8 "$S"
    begin=${EPOCHREALTIME/[.,]/}
    yes | head -c 26 | clean_run shm-write -r 50 "$S"
    took=$((${EPOCHREALTIME/[.,]/} - begin))
    echo "$took µs"
    [ "$took" -ge 500000 ]
    [ "$(published)" = 26 ]
}

@test "-v: at most one line per second, and a summary" {
    shm-create -s 96x24 "$S"
    mkfifo "$BATS_TEST_TMPDIR/in"
    exec 8<>"$BATS_TEST_TMPDIR/in"
    bg shm-write -v "$S" <"$BATS_TEST_TMPDIR/in" 8>&-
    frames=0
    while [ "$(wc -l <"$BG_ERR")" -lt 2 ]; do
        frame-gen -s 96x24 -r 100 -n 10 >&8
        frames=$((frames + 10))
    done
    exec 8>&-
    ends 0 "$BG"
    cat "$BG_ERR"
    python3 - "$BG_ERR" "$S" $frames <<'EOF'
import re, sys
path, stream, frames = sys.argv[1:]
line = re.compile(rf"shm-write: {stream}: (in all )?(\d+) frames in ([\d.]+) s, ([\d.]+) fps, ([\d.]+) MB/s, 0 dropped, 0 unchanged")
lines = [line.fullmatch(text).groups() for text in open(path).read().splitlines()]
assert [all is not None for all, *_ in lines] == [False] * (len(lines) - 1) + [True]
assert all(float(seconds) >= 1 for _, _, seconds, *_ in lines)
assert len(lines) - 1 <= float(lines[-1][2]) + 0.05
assert sum(int(count) for _, count, *_ in lines[:-1]) <= int(lines[-1][1]) == int(frames)
for _, count, seconds, rate, megabytes in lines:  # seconds are rounded to 0.1
    low, high = int(count) / (float(seconds) + 0.06), int(count) / (float(seconds) - 0.06)
    assert low - 0.1 < float(rate) < high + 0.1
    assert low * 6912e-6 - 0.1 < float(megabytes) < high * 6912e-6 + 0.1
EOF
}

@test "signals end it by that signal, in a read and in a pause" {
    mkfifo "$BATS_TEST_TMPDIR/in"
    shm-create -s 1x1 -f gray8 "$S"
    n=0
    for signal in TERM:143 INT:130 HUP:129; do
        exec 8<>"$BATS_TEST_TMPDIR/in"
        bg shm-write "$S" <"$BATS_TEST_TMPDIR/in" 8>&-
        printf a >&8
        wait_until 10 has_published $((++n))
        kill -s "${signal%:*}" "$BG"
        ends "${signal#*:}" "$BG" 2
        [ ! -s "$BG_ERR" ]
        exec 8>&-
    done
    bg shm-write -r 0.01 "$S" < <(yes)
    wait_until 10 has_published $((++n))
    kill "$BG"
    ends 143 "$BG" 2
    [ ! -s "$BG_ERR" ]
}

@test "refused options and operands" {
    shm-create -s 4x4 "$S"
    fails 3 shm-write "$S2" </dev/null
    [[ $stderr == "shm-write: $S2: no such stream"* ]]
    fails 2 shm-write a/b </dev/null
    for bad in "-s 0x4" "-s 4" "-s 4x" "-s x4" "-s -4x4" "-s 4x2147483648" "-s 99999999999999999999x1" \
        "-f rgb" "-f ," "-r 0" "-r -1" "-r inf" "-r 5x"; do
        # shellcheck disable=SC2086
        fails 2 shm-write $bad "$S" </dev/null
    done
    for bad in "" "$S $S" "--nonsense $S" "-r"; do
        # shellcheck disable=SC2086
        fails_usage shm-write $bad </dev/null
    done
    fails 3 shm-write "$S" <&-
    [[ $stderr == *"standard input: Bad file descriptor" ]]
    fails 3 shm-write "$S" </
    [[ $stderr == *"standard input: Is a directory" ]]
}
