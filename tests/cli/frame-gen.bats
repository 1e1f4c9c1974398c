#!/usr/bin/env bats
# frame-gen: its number can be read back from every output.
# shellcheck disable=SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

FORMATS="gray8 rgb24 bgr24 rgba bgra yuv420p yuv422p yuv444p"

# Exactly these bytes on stdout, exit code and stderr: `reads CODE LINES <pictures`, options after.
reads() {
    local want=$1 lines=$2 got=0
    shift 2
    frame-gen --read "$@" >"$BATS_TEST_TMPDIR/numbers" 2>"$BATS_TEST_TMPDIR/stderr" || got=$?
    echo "exit $got: $(xargs <"$BATS_TEST_TMPDIR/numbers") $(<"$BATS_TEST_TMPDIR/stderr")"
    [ "$got" -eq "$want" ] && [ "$(<"$BATS_TEST_TMPDIR/numbers")" = "$lines" ] &&
        [ ! -s "$BATS_TEST_TMPDIR/stderr" ]
}

newest_number() {
    shm-read -t 60 "$1" | frame-gen --read
}

shows_past() {
    [ "$(newest_number "$1")" -gt "$2" ]
}

# The pixel x y of a PPM as "R G B".
pixel() {
    /usr/bin/python3 -c 'import sys
from PIL import Image
print(*Image.open(sys.argv[1]).convert("RGB").getpixel((int(sys.argv[2]), int(sys.argv[3]))))' "$@"
}

@test "PPM of a stream's default size is the default" {
    clean_run frame-gen -n 3 -r 0 >"$BATS_TEST_TMPDIR/a.ppm"
    head -n 3 "$BATS_TEST_TMPDIR/a.ppm" | cmp - <(printf 'P6\n# frame=1 event=0\n1280 720\n')
    reads 0 $'1\n2\n3' <"$BATS_TEST_TMPDIR/a.ppm"
}

@test "every format and both row orders read back" {
    for format in $FORMATS; do
        for order in "" --bottom-up; do
            echo "$format $order"
            # shellcheck disable=SC2086
            clean_run frame-gen -s 131x77 -f "$format" $order -n 2 -r 0 >"$BATS_TEST_TMPDIR/a"
            # shellcheck disable=SC2086
            reads 0 $'1\n2' -s 131x77 -f "$format" $order <"$BATS_TEST_TMPDIR/a"
        done
    done
}

@test "an upside-down image has no number" {
    for size in 96x24 128x96 131x77; do
        frame-gen -s "$size" -f gray8 --bottom-up -n 2 -r 0 >"$BATS_TEST_TMPDIR/a"
        reads 1 $'none\nnone' -s "$size" -f gray8 <"$BATS_TEST_TMPDIR/a"
    done
}

@test "a vertically shifted image has no number" {
    frame-gen -s 96x24 -f gray8 -n 1 -r 0 >"$BATS_TEST_TMPDIR/a"
    { tail -c +769 "$BATS_TEST_TMPDIR/a" && head -c 768 "$BATS_TEST_TMPDIR/a"; } >"$BATS_TEST_TMPDIR/b"
    reads 1 none -s 96x24 -f gray8 <"$BATS_TEST_TMPDIR/b"
}

@test "raw output has exactly the bytes of the format" {
    [ "$(frame-gen -s 17x31 -f bgra -n 2 -r 0 | wc -c)" -eq $((17 * 31 * 4 * 2)) ]
    [ "$(frame-gen -s 1x1 -f gray8 -n 3 -r 0 | wc -c)" -eq 3 ]
    [ "$(frame-gen -s 1919x1079 -f rgb24 -n 1 -r 0 | wc -c)" -eq $((1919 * 1079 * 3)) ]
}

@test "YUV is YUV4MPEG2, full range, and ffmpeg sees the same colours" {
    cd "$BATS_TEST_TMPDIR"
    frame-gen -s 642x362 -n 1 -r 0 >rgb.ppm
    for format in yuv420p yuv422p yuv444p; do
        frame-gen -s 642x362 -f "$format" -n 1 -r 0 >a.y4m
        head -n 1 a.y4m | grep -q '^YUV4MPEG2 W642 H362 F30000:1000.* XCOLORRANGE=FULL$'
        ffmpeg -v error -y -i a.y4m -pix_fmt rgb24 b.ppm
        db=$("$TESTS/support/psnr.py" rgb.ppm b.ppm)
        echo "$format $db"
        [ "${db%.*}" -ge 30 ]
    done
}

@test "the number survives JPEG at quality 50, 4:2:0" {
    cd "$BATS_TEST_TMPDIR"
    for size in 96x24 97x25 131x77 480x240 1919x1079; do
        for n in 1 2 3; do
            frame-gen -s "$size" -n "$n" -r 0 | /usr/bin/python3 -c 'import sys
data = sys.stdin.buffer.read()
sys.stdout.buffer.write(data[data.rindex(b"P6\n# frame="):])' |
                cjpeg -quality 50 -sample 2x2 | djpeg >back.ppm
            reads 0 "$n" <back.ppm
        done
    done
}

@test "a torn image is detected, and a torn number too" {
    cd "$BATS_TEST_TMPDIR"
    frame-gen -s 320x240 -f gray8 -n 9 -r 0 >all
    picture() { tail -c +$((($1 - 1) * 76800 + 1)) all | head -c 76800; }
    { picture 4 | head -c 57600; picture 5 | tail -c 19200; } >torn
    reads 3 "torn 4 4 5" -s 320x240 -f gray8 <torn
    { picture 4 | head -c 19200; picture 5 | tail -c 57600; } >torn
    reads 3 "torn 4 5 5" -s 320x240 -f gray8 <torn
    # The tear is between the two rows of cells of the topmost number.
    { picture 4 | head -c 1280; picture 5 | tail -c 75520; } >torn
    reads 3 "torn - 5 5" -s 320x240 -f gray8 <torn
    # One torn image decides the exit code.
    { picture 1; cat torn; picture 2; } >mixed
    reads 3 $'1\ntorn - 5 5\n2' -s 320x240 -f gray8 <mixed
}

@test "images without a number" {
    cd "$BATS_TEST_TMPDIR"
    head -c 76800 /dev/zero >black
    reads 1 none -s 320x240 -f gray8 <black
    tr '\0' '\377' <black >white
    reads 1 none -s 320x240 -f gray8 <white
    for size in 1x1 17x31 95x24 96x23; do
        frame-gen -s "$size" -f gray8 -n 1 -r 0 >small
        reads 1 none -s "$size" -f gray8 <small
    done
    fails 1 frame-gen --read </dev/null
    [[ $stderr == *"no image"* ]]
    head -c 76799 black >short
    fails 3 frame-gen --read -s 320x240 -f gray8 <short
    [[ $stderr == *"cut off: got 76799 of 76800 bytes of frame 1"* ]]
}

@test "-o takes size and format from the stream" {
    for format in $FORMATS; do
        for order in "" --bottom-up; do
            shm-create --replace -s 131x77 -f "$format" "$S"
            # shellcheck disable=SC2086
            clean_run frame-gen -o "$S" -n 3 -r 0 $order
            shm-read -f raw "$S" >"$BATS_TEST_TMPDIR/raw"
            reads 0 3 -s 131x77 -f "$format" <"$BATS_TEST_TMPDIR/raw"
            [ "$(newest_number "$S")" = 3 ]
        done
    done
    clean_run frame-gen -o "$S" -s 96x24 -f gray8 -n 2 -r 0
    shm-read "$S" | head -c 2 | grep -q P5
    [ "$(newest_number "$S")" = 2 ]
}

@test "the pipe and -o draw the same image" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 320x240 "$S"
    frame-gen -o "$S" -n 7 -r 0
    shm-read -f raw "$S" >a
    frame-gen -s 320x240 -f rgb24 -n 7 -r 0 | tail -c 230400 >b
    cmp a b
}

@test "-r limits the rate, and the first image comes at once" {
    begin=${EPOCHREALTIME/[.,]/}
    clean_run frame-gen -s 96x24 -r 50 -n 26 >/dev/null
    took=$((${EPOCHREALTIME/[.,]/} - begin))
    echo "$took µs"
    [ "$took" -ge 500000 ]
    clean_run timeout 60 frame-gen -s 96x24 -r 0.01 -n 1 >/dev/null
}

@test "-e draws the pointer and reports the event shown" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 320x240 "$S"
    bg frame-gen -r 100 -e "$S" -o "$S"
    wait_until 10 shows_past "$S" 1
    shows_event() { shm-read "$S" >a.ppm && sed -n 2p a.ppm | grep -q " event=$1 "; }
    event-inject "$S" pointer_move x=0.95 y=0.95
    wait_until 10 shows_event 1
    [ "$(pixel a.ppm 303 227)" = "255 255 255" ]
    event-inject "$S" pointer_down x=0.05 y=0.9 button=1 buttons=1
    wait_until 10 shows_event 2
    read -r red green blue <<<"$(pixel a.ppm 20 212)" # next to the arms of the cross
    echo "$red $green $blue"
    ((red > 200 && green < 60 && blue < 90))
    event-inject "$S" pointer_up x=0.05 y=0.9 button=1
    wait_until 10 shows_event 3
    [ "$(pixel a.ppm 20 212)" != "$red $green $blue" ]
    kill "$BG"
    ends 143 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "-e through a pipe: the event's number reaches the stream" {
    shm-create -s 96x24 "$S"
    event-inject "$S" pointer_move x=0.5 y=0.5
    frame-gen -s 96x24 -r 100 -e "$S" 2>/dev/null >"$BATS_TEST_TMPDIR/ppm" &
    gen=$!
    wait_until 10 test -s "$BATS_TEST_TMPDIR/ppm"
    event-inject "$S" pointer_move x=0.6 y=0.5
    wait_until 10 grep -aq '^# frame=[0-9]* event=2$' "$BATS_TEST_TMPDIR/ppm"
    kill "$gen"
    run -1 grep -aq ' event=1$' "$BATS_TEST_TMPDIR/ppm" # earlier events are not replayed
}

@test "follows --replace to another size, ends when the stream is removed" {
    shm-create -s 96x24 "$S"
    bg frame-gen -r 200 -o "$S"
    wait_until 10 shows_past "$S" 5
    shm-create --replace -s 320x240 -f gray8 "$S"
    wait_until 10 shows_past "$S" 1
    shm-read "$S" | sed -n '1p;3p' | tr '\n' ' ' | grep -q '^P5 320 240 $'
    shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "refused options and operands" {
    shm-create -s 32x32 "$S"
    fails 3 frame-gen -o "$S" -s 320x240 -n 1
    [[ $stderr == *"shm-create --replace -s 320x240 -f rgb24 $S" ]]
    fails 3 frame-gen -o "$S2" -n 1
    fails 3 frame-gen -e "$S2" -n 1
    for bad in "-s 0x1" "-s 1" "-s 65501x1" "-s -1x1" "-f rgb" "-r -1" "-r nan" "-n 0" "-o a/b" "-e ."; do
        # shellcheck disable=SC2086
        fails 2 frame-gen $bad
    done
    fails_usage frame-gen operand
    fails_usage frame-gen --read -n 1
    fails_usage frame-gen --nonsense
}

@test "a second writer is refused with the pid of the first" {
    shm-create -s 96x24 "$S"
    bg frame-gen -o "$S"
    wait_until 10 shows_past "$S" 0
    fails 3 frame-gen -o "$S" -n 1
    [[ $stderr == *"already written by pid $BG (frame-gen)" ]]
}

@test "failing output" {
    fails 3 frame-gen -n 1 >/dev/full
    [[ $stderr == *"standard output: No space left"* ]]
    fails 3 frame-gen -n 1 >&-
    run -141 --separate-stderr bash -c 'exec frame-gen -r 0 > >(:)'
    frame-gen -s 96x24 -n 1 -r 0 >"$BATS_TEST_TMPDIR/a.ppm"
    fails 3 frame-gen --read <"$BATS_TEST_TMPDIR/a.ppm" >/dev/full
    fails 3 frame-gen --read <&-
}

@test "SIGTERM and SIGINT end it at once, by that signal" {
    shm-create -s 96x24 "$S"
    for signal in TERM:143 INT:130 HUP:129; do
        bg frame-gen -r 0.01 -o "$S"
        wait_until 10 shows_past "$S" 0
        kill -s "${signal%:*}" "$BG"
        ends "${signal#*:}" "$BG" 2
        [ ! -s "$BG_ERR" ]
    done
}
