#!/usr/bin/env bats
# shm-read: every output format has the contents of the stream.
# shellcheck disable=SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

# A writer that runs until descriptor 8 is closed; its input is written there.
open_writer() {
    mkfifo "$BATS_TEST_TMPDIR/in"
    exec 8<>"$BATS_TEST_TMPDIR/in"
    bg shm-write "$S" <"$BATS_TEST_TMPDIR/in" 8>&-
}

frame() {
    printf '%016d' "$1"
}

newest() {
    shm-read "$S" | sed -n '2s/^# frame=\([0-9]*\) .*/\1/p'
}

newest_is() {
    [ "$(newest)" = "$1" ]
}

reads_frames() {
    shm-ls -l "$S" | grep -q 'frames-reader .*(shm-read)'
}

@test "PPM is the default, PGM for gray, with number, event and time" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 2x2 "$S"
    before=$(/usr/bin/python3 -c 'import time; print(time.monotonic())')
    printf 'P6\n# event=5\n2 2\n255\nabcdefghijkl' | shm-write "$S"
    clean_run shm-read "$S" >a
    head -n 1 a | grep -qx P6
    sed -n 2p a | grep -qx '# frame=1 event=5 captured=[0-9]*\.[0-9]\{9\}'
    captured=$(sed -n '2s/.*captured=//p' a)
    awk -v c="$captured" -v b="$before" 'BEGIN { exit !(c >= b && c <= b + 30) }'
    [ "$(sed -n 3,4p a)" = $'2 2\n255' ]
    [ "$(tail -c 12 a)" = abcdefghijkl ]
    pamfile a | grep -q 'PPM raw, 2 by 2  maxval 255'
    printf 'abcd' | shm-write -f gray8 "$S"
    shm-read "$S" | pamfile | grep -q 'PGM raw, 2 by 2  maxval 255'
    shm-read -f ppm "$S" | tail -c 4 | cmp - <(printf abcd)
}

@test "PAM keeps alpha, in the order R G B A" {
    shm-create -s 1x1 -f rgba "$S"
    for one in gray8:a:a:GRAYSCALE rgb24:abc:abc:RGB bgr24:cba:abc:RGB rgba:abcd:abcd:RGB_ALPHA \
        bgra:cbad:abcd:RGB_ALPHA; do
        IFS=: read -r format in want type <<<"$one"
        printf %s "$in" | shm-write -f "$format" "$S"
        clean_run shm-read -f pam "$S" >"$BATS_TEST_TMPDIR/a"
        [ "$(tail -n 1 "$BATS_TEST_TMPDIR/a")" = "$want" ]
        grep -qx "TUPLTYPE $type" "$BATS_TEST_TMPDIR/a"
        grep -qx "DEPTH ${#want}" "$BATS_TEST_TMPDIR/a"
        grep -q '^# frame=' "$BATS_TEST_TMPDIR/a"
    done
}

@test "y4m: YUV unchanged, other formats as full-range 4:4:4, gray as mono" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 322x242 -f rgba "$S"
    frame-gen -s 322x242 -n 1 >want.ppm
    for one in rgb24:444:FULL bgr24:444:FULL rgba:444:FULL bgra:444:FULL gray8:mono:FULL \
        yuv420p:420jpeg:LIMITED yuv422p:422:LIMITED yuv444p:444:LIMITED; do
        IFS=: read -r format colours range <<<"$one"
        ffmpeg -v error -y -i want.ppm -pix_fmt "${format/gray8/gray}" -f rawvideo in
        ffmpeg -v error -y -f rawvideo -s 322x242 -pix_fmt "${format/gray8/gray}" -i in source.ppm
        shm-write -f "$format" "$S" <in
        clean_run shm-read -f y4m "$S" >a.y4m
        head -n 1 a.y4m | grep -qx "YUV4MPEG2 W322 H242 F30:1 Ip A1:1 C$colours XCOLORRANGE=$range"
        ffmpeg -v error -y -i a.y4m -pix_fmt rgb24 got.ppm
        echo "$format"
        close_to 40 source.ppm got.ppm
        case $format in
        yuv*) tail -c "$(wc -c <in)" a.y4m | cmp - in ;;
        esac
    done
    shm-write -f yuv420p --full-range "$S" < <(head -c $((322 * 242 * 3 / 2)) /dev/urandom)
    shm-read -f y4m "$S" | head -n 1 | grep -q ' XCOLORRANGE=FULL$'
}

@test "PAM has straight alpha, and none that is to be ignored" {
    shm-create -s 3x1 -f rgba "$S"
    printf 'abcdefghijkl' | shm-write -f rgba --alpha ignored "$S"
    shm-read -f pam "$S" >"$BATS_TEST_TMPDIR/a"
    grep -aqx 'TUPLTYPE RGB' "$BATS_TEST_TMPDIR/a"
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/a")" = abcefgijk ]
    # half, nothing, and all
    printf '\100\0\200\200\0\0\0\0\1\2\3\377' | shm-write -f rgba --alpha premultiplied "$S"
    shm-read -f pam "$S" | tail -c 12 | cmp - <(printf '\200\0\377\200\0\0\0\0\1\2\3\377')
    shm-read -f ppm "$S" | tail -c 9 | cmp - <(printf '\100\0\200\0\0\0\1\2\3') # over black
    shm-read -f raw "$S" | cmp - <(printf '\100\0\200\200\0\0\0\0\1\2\3\377')
}

@test "y4m has pixel aspect and matrix, which shm-write and ffmpeg read; PPM is converted by the matrix" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 64x48 -f yuv444p "$S"
    ffmpeg -v error -f lavfi -i smptehdbars=s=64x48 -frames:v 1 -vf scale=out_color_matrix=bt709:out_range=tv \
        -pix_fmt yuv444p -f rawvideo raw
    shm-write -f yuv444p --matrix bt709 --aspect 16:11 "$S" <raw
    clean_run shm-read -f y4m "$S" >a.y4m
    [ "$(head -n 1 a.y4m)" = "YUV4MPEG2 W64 H48 F30:1 Ip A16:11 C444 XCOLORRANGE=LIMITED XMATRIX=BT709" ]
    [ "$(ffprobe -v error -show_entries stream=sample_aspect_ratio -of csv=p=0 a.y4m)" = 16:11 ]
    clean_run shm-write "$S" <a.y4m
    shm-read -f y4m "$S" | tail -n +3 | cmp - <(tail -n +3 a.y4m)
    shm-read -f y4m "$S" | head -n 1 | cmp - <(head -n 1 a.y4m)
    ffmpeg -v error -f rawvideo -s 64x48 -pix_fmt yuv444p -i raw \
        -vf scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd -pix_fmt rgb24 want.ppm
    shm-read "$S" >got.ppm
    close_to 45 want.ppm got.ppm
    shm-write -f yuv444p "$S" <raw
    shm-read -f y4m "$S" | head -n 1 | cmp - <(echo "YUV4MPEG2 W64 H48 F30:1 Ip A1:1 C444 XCOLORRANGE=LIMITED")
    shm-read "$S" >got.ppm
    run close_to 35 want.ppm got.ppm # counter-check: without the matrix they differ
    [ "$status" = 1 ]
}

@test "a change of matrix or pixel aspect: y4m fails" {
    shm-create -s 2x2 -f yuv420p "$S"
    for option in "--matrix bt709" "--aspect 4:3"; do
        printf 'abcdUV' | shm-write "$S"
        bg shm-read -f y4m -n 2 "$S" >"$BATS_TEST_TMPDIR/out"
        wait_until 60 reads_frames
        wait_until 60 blocked "$BG"
        printf 'abcdUV' | shm-write "$S"
        wait_until 60 test -s "$BATS_TEST_TMPDIR/out"
        # shellcheck disable=SC2086
        printf 'abcdUV' | shm-write $option "$S"
        ends 3 "$BG"
        grep -q 'size or format changed' "$BG_ERR"
    done
}

@test "y4m of several frames has one header, and ffmpeg reads it" {
    shm-create -s 96x24 "$S"
    bg frame-gen -r 100 -o "$S"
    clean_run shm-read -f y4m -n 5 "$S" >"$BATS_TEST_TMPDIR/a.y4m"
    [ "$(grep -ac '^YUV4MPEG2 ' "$BATS_TEST_TMPDIR/a.y4m")" -eq 1 ]
    [ "$(wc -c <"$BATS_TEST_TMPDIR/a.y4m")" -gt $((5 * 96 * 24 * 3)) ]
    ffmpeg -v error -i "$BATS_TEST_TMPDIR/a.y4m" -f image2pipe -c:v ppm - |
        frame-gen --read >"$BATS_TEST_TMPDIR/numbers"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/numbers")" -eq 5 ]
    sort -nuc "$BATS_TEST_TMPDIR/numbers"
}

@test "-r: images at regular times, the same again while the scene pauses" {
    shm-create -s 4x4 -f gray8 "$S"
    frame 1 | shm-write "$S"
    begin=${EPOCHREALTIME/[.,]/}
    clean_run shm-read -r 50 -n 11 -f raw "$S" >"$BATS_TEST_TMPDIR/out"
    ((${EPOCHREALTIME/[.,]/} - begin >= 200000))
    for _ in $(seq 11); do frame 1; done | cmp - "$BATS_TEST_TMPDIR/out"
    shm-read -r 50 -n 3 -f y4m "$S" | cmp - <(echo 'YUV4MPEG2 W4 H4 F50000:1000 Ip A1:1 Cmono XCOLORRANGE=FULL'
        for _ in 1 2 3; do printf 'FRAME XFRAME=1 XEVENT=0\n%s' "$(frame 1)"; done)
    # The header has the rate.
    shm-read -r 29.97 -n 1 -f y4m "$S" | head -n 1 | grep -q ' F29970:1000 '
    shm-read -r 0.0014 -n 1 -f y4m "$S" | head -n 1 | grep -q ' F1:1000 '
    # Without -n it goes on until the stream is removed; it waits for a first image, as -t allows.
    shm-create --replace -s 4x4 -f gray8 "$S"
    fails 1 shm-read -r 10 -t 0 "$S"
    bg shm-read -r 100 -f raw "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 10 reads_frames
    frame 1 | shm-write "$S"
    has_bytes() { (($(stat -c %s "$BATS_TEST_TMPDIR/out") >= $1)); }
    wait_until 10 has_bytes 80
    shm-create --replace -s 4x4 -f gray8 "$S"
    wait_until 10 has_bytes $(($(stat -c %s "$BATS_TEST_TMPDIR/out") + 80))
    frame 2 | shm-write "$S"
    newest_is() { [ "$(tail -c 16 "$BATS_TEST_TMPDIR/out")" = "$(frame "$1")" ]; }
    wait_until 10 newest_is 2
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
    fails 2 shm-read -r 0 "$S"
    fails 2 shm-read -r 1001 "$S"
}

@test "-r: an image's place in the output is its time, also when the reader or its consumer was late" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f gray8 "$S"
    mkfifo in
    exec 8<>in
    bg shm-write "$S" <in 8>&-
    put() { # N SECONDS: a frame N, and a pause
        frame "$1" >&8
        wait_until 10 eval '[ "$(shm-read -f raw "$S")" = "$(frame "'"$1"'")" ]'
        sleep "$2"
    }
    put 1 0
    bg shm-read -r 20 -f ppm "$S" >out
    reader=$BG
    wait_until 10 test -s out
    put 2 0.3
    kill -STOP "$reader"
    put 3 0.4
    put 4 0.3
    put 5 0.7
    kill -CONT "$reader"
    wait_until 10 grep -aq '^# frame=5 ' out
    put 6 0.1
    wait_until 10 grep -aq '^# frame=6 ' out
    exec 8>&-
    shm-rm -f "$S"
    ends 0 "$reader"
    grep -a '^# frame=' out | python3 -c 'import re, sys
first = {}
for place, line in enumerate(sys.stdin):
    number, captured = re.match("# frame=([0-9]+) event=0 captured=([0-9.]+)", line).groups()
    first.setdefault(int(number), (place / 20, float(captured)))
print(first)
# 3 and 4 may be superseded before the stopped reader goes on, but 5 must not be shown in their place.
assert {1, 2, 5, 6} <= set(first)
del first[1] # captured before the start
begin = [captured - place for place, captured in first.values()]
# A place is the first one after the capture; 0.1 s is for a writer that is late between capture and publication.
assert max(begin) - min(begin) <= 0.05 + 0.1, begin'
}

@test "bottom-up frames are flipped" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 2x3 -f rgba "$S"
    printf 'abcdef' | shm-write -f gray8 --bottom-up "$S"
    shm-read -f raw "$S" | cmp - <(printf efcdab)
    shm-read -f ppm "$S" | tail -c 6 | cmp - <(printf efcdab)
    shm-read -f pam "$S" | tail -c 6 | cmp - <(printf efcdab)
    shm-read -f y4m "$S" | tail -c 6 | cmp - <(printf efcdab)
    frame-gen -s 131x77 -n 1 >want.ppm
    shm-create --replace -s 131x77 -f rgba "$S"
    for format in rgb24 bgr24 rgba bgra yuv444p; do
        frame-gen -o "$S" -f $format --bottom-up -n 1
        shm-read "$S" >got.ppm
        close_to 45 want.ppm got.ppm
    done
}

@test "it waits for the first image" {
    shm-create -s 4x4 -f gray8 "$S"
    bg shm-read -f raw "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 10 reads_frames
    frame 1 | shm-write "$S"
    ends 0 "$BG"
    [ "$(<"$BATS_TEST_TMPDIR/out")" = "$(frame 1)" ]
    [ ! -s "$BG_ERR" ]
}

@test "-t: no image within the time is exit 1" {
    shm-create -s 4x4 -f gray8 "$S"
    fails 1 shm-read -t 0 "$S"
    begin=${EPOCHREALTIME/[.,]/}
    fails 1 shm-read -t 0.3 "$S"
    [[ $stderr == "shm-read: $S: no image within 0.3 s" ]]
    took=$((${EPOCHREALTIME/[.,]/} - begin))
    ((took >= 300000))
    frame 1 | shm-write "$S"
    clean_run shm-read -t 0 "$S" >/dev/null
    fails 1 shm-read -t 0.1 -n 1 "$S" # an existing image is not new
    fails 1 shm-read -t 0.1 -f jpg "$S"
}

@test "-n COUNT writes the next COUNT images, each once and in order" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f gray8 "$S"
    open_writer
    frame 1 >&8
    wait_until 10 newest_is 1
    bg shm-read -f ppm -n 3 "$S" >out
    wait_until 10 reads_frames
    for n in 2 3 4 5; do
        frame $n >&8
        wait_until 10 newest_is $n
        # The reader has each image before the next is written, so that three are different.
        ((n == 5)) || wait_until 10 grep -aq "^# frame=$n " out
    done
    ends 0 "$BG"
    [ "$(grep -ao '^# frame=[0-9]*' out | xargs)" = "# frame=2 # frame=3 # frame=4" ]
    for n in 2 3 4; do grep -aq "^$(frame $n)" out; done
    exec 8>&-
}

@test "a stopped consumer costs the writer nothing" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -n 2 -s 64x64 -f rgba "$S" # one slot for the newest, one for the next
    mkfifo stuck
    exec 7<>stuck
    bg shm-read -f raw -n 1000000 "$S" >stuck
    reader=$BG
    wait_until 10 reads_frames
    # The pipe fills and shm-read blocks in write(2).
    bg frame-gen -r 200 -o "$S" -s 64x64
    in_write() { grep -q '^1 ' "/proc/$reader/syscall"; } # write is call 1 on x86-64
    [ "$(uname -m)" != x86_64 ] || wait_until 10 in_write
    from=$(newest)
    moved() { [ "$(newest)" -gt $((from + 50)) ]; }
    wait_until 10 moved
    # This test's own short pins may cost a frame occasionally; a held one would cost all.
    dropped=$(shm-ls -l "$S" | sed -n 's/.* \([0-9]*\) dropped.*/\1/p' | head -n 1)
    echo "$dropped dropped"
    [ "$dropped" -le 10 ]
    exec 7>&-
}

@test "follows --replace, and ends silently when the stream is removed" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f gray8 "$S"
    bg shm-read -f raw -n 1000 "$S" >out
    reader=$BG err=$BG_ERR
    wait_until 10 reads_frames
    has() { grep -aq "$(frame "$1")" out; }
    open_writer
    # Numbers restart in each new stream: each of these frames is number 1.
    for n in 1 2 3; do
        frame $n >&8
        wait_until 10 has $n
        shm-create --replace -s 8x8 -f gray8 "$S"
    done
    shm-rm -f "$S"
    ends 0 "$reader"
    [ ! -s "$err" ]
    exec 8>&-
}

@test "removed before the first image: exit 1" {
    shm-create -s 4x4 "$S"
    bg shm-read "$S" >/dev/null
    wait_until 10 reads_frames
    shm-rm -f "$S"
    ends 1 "$BG"
    [ "$(<"$BG_ERR")" = "shm-read: $S: removed before there was an image" ]
}

@test "a change of size: PPM follows, y4m fails" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 8x8 "$S"
    open_writer
    for format in ppm y4m; do
        bg shm-read -f $format -n 2 "$S" >out
        wait_until 10 reads_frames
        printf 'P5 2 1 255 ab' >&8
        first() { [ "$(wc -c <out)" -ge 20 ]; }
        wait_until 10 first
        printf 'P5 1 2 255 ab' >&8
        if [ $format = ppm ]; then
            ends 0 "$BG"
            [ "$(grep -aoE '^[0-9] [0-9]$' out | xargs)" = "2 1 1 2" ]
        else
            ends 3 "$BG"
            [[ $(<"$BG_ERR") == *"size or format changed, which y4m does not allow"* ]]
        fi
    done
    exec 8>&-
}

@test "a change of range: y4m fails" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 4x4 -f yuv444p "$S"
    bg shm-read -f y4m -n 3 "$S" >out
    wait_until 10 reads_frames
    three() { printf '%048d' 3; }
    frames() { [ "$(grep -ao 'FRAME XFRAME' out | wc -l)" -eq "$1" ]; }
    three | shm-write "$S"
    wait_until 10 frames 1
    three | shm-write "$S"
    wait_until 10 frames 2
    three | shm-write --full-range "$S"
    ends 3 "$BG"
    frames 2
}

@test "-f jpg writes the packets unchanged" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 320x240 "$S"
    bg frame-gen -r 20 -o "$S"
    bg shm-encode -s 0 -q 90 "$S"
    clean_run shm-read -f jpg "$S" >a.jpg
    djpeg a.jpg >a.ppm
    clean_run frame-gen --read <a.ppm >number
    [ "$(<number)" -ge 1 ]
    rdjpgcom a.jpg | grep -q "^shmcast seq=[0-9]* frame=$(<number) "
    clean_run shm-read -f jpg -n 3 "$S" >three
    [ "$(rdjpgcom -verbose three | grep -c shmcast)" -eq 1 ] # rdjpgcom reads only the first JPEG
    ffmpeg -v error -f mjpeg -i three -f image2pipe -c:v ppm - | frame-gen --read >numbers
    [ "$(wc -l <numbers)" -eq 3 ]
    sort -nuc numbers
}

@test "without -f: jpg for a stream that never had frames" {
    cd "$BATS_TEST_TMPDIR"
    shm-create -s 96x24 "$S"
    shm-create -s 96x24 "$S2"
    frame-gen -o "$S" -n 1
    bg shm-encode -s 0 -o "$S2" "$S"
    clean_run shm-read -t 10 -f jpg "$S2" >want.jpg
    clean_run shm-read "$S2" >got.jpg
    djpeg got.jpg | pamfile | grep -q '96 by 24'
    cmp want.jpg got.jpg
    frame-gen -o "$S2" -n 1
    shm-read "$S2" | head -c 2 | grep -qx P6
}

@test "a reader without write permission gets images too" {
    [ "$(id -u)" -eq 0 ] || skip "takes another user"
    command -v setpriv >/dev/null || skip "setpriv is not installed"
    shm-create -s 4x4 -f gray8 -m 0644 "$S"
    frame 1 | shm-write "$S"
    cp "$(command -v shm-read)" "$BATS_TEST_TMPDIR/" # the checkout may not be readable for other users
    chmod 755 "$BATS_TEST_TMPDIR/shm-read"
    cat >"$BATS_TEST_TMPDIR/as-nobody" <<'EOF'
exec 9<"$1"
shift
exec setpriv --reuid 65534 --regid 65534 --clear-groups /proc/self/fd/9 "$@"
EOF
    clean_run sh "$BATS_TEST_TMPDIR/as-nobody" "$BATS_TEST_TMPDIR/shm-read" -f raw "$S" \
        >"$BATS_TEST_TMPDIR/out"
    [ "$(<"$BATS_TEST_TMPDIR/out")" = "$(frame 1)" ]
    chmod 600 "/dev/shm/$S"
    fails 3 sh "$BATS_TEST_TMPDIR/as-nobody" "$BATS_TEST_TMPDIR/shm-read" -f raw "$S"
    [[ $stderr == *"belongs to another user"* ]]
}

@test "failing output" {
    shm-create -s 4x4 "$S"
    frame-gen -s 4x4 -n 1 | shm-write "$S"
    fails 3 shm-read "$S" >/dev/full
    [[ $stderr == "shm-read: standard output: No space left on device" ]]
    fails 3 shm-read "$S" >&-
    [[ $stderr == "shm-read: standard output: Bad file descriptor" ]]
    bg frame-gen -s 4x4 -r 200 -o "$S"
    run -141 --separate-stderr bash -c "exec shm-read -n 1000000 $S > >(:)"
    [ -z "$stderr" ]
}

@test "signals end it by that signal while it waits" {
    shm-create -s 4x4 "$S"
    for signal in TERM:143 INT:130 HUP:129; do
        bg shm-read "$S" >/dev/null
        wait_until 10 reads_frames
        kill -s "${signal%:*}" "$BG"
        ends "${signal#*:}" "$BG" 2
        [ ! -s "$BG_ERR" ]
    done
}

@test "refused options and operands" {
    shm-create -s 4x4 "$S"
    fails 3 shm-read "$S2"
    [[ $stderr == "shm-read: $S2: no such stream"* ]]
    fails 2 shm-read a/b
    for bad in "-f png" "-f" "-n 0" "-n -1" "-n x" "-t -1" "-t nan" "-t x"; do
        # shellcheck disable=SC2086
        [ "$bad" = -f ] || fails 2 shm-read $bad "$S"
    done
    for bad in "" "$S $S" "--nonsense $S" "-f"; do
        # shellcheck disable=SC2086
        fails_usage shm-read $bad
    done
    head -c 5000 /dev/urandom >"/dev/shm/$S3"
    fails 3 shm-read "$S3"
    [[ $stderr == "shm-read: $S3: not a shmcast stream" ]]
}

@test "an array is not an image: raw writes it, the other formats refuse it" {
    shm-create -s 3x5000 -f f32 "$S"
    head -c 60000 /dev/urandom >"$BATS_TEST_TMPDIR/array"
    clean_run shm-write "$S" <"$BATS_TEST_TMPDIR/array"
    clean_run shm-read -f raw "$S" >"$BATS_TEST_TMPDIR/got"
    cmp "$BATS_TEST_TMPDIR/array" "$BATS_TEST_TMPDIR/got"
    grep -q '3x5000 f32' <(shm-ls "$S")
    for format in ppm pam y4m; do
        fails 3 shm-read -f "$format" "$S" >"$BATS_TEST_TMPDIR/got"
        [[ $stderr == "shm-read: $S: holds a network or an array, not images; "* ]]
        [ ! -s "$BATS_TEST_TMPDIR/got" ]
    done
    fails 3 shm-encode "$S"
    [[ $stderr == "shm-encode: $S: holds a network or an array, not images; "* ]]
    fails 3 ws-serve -p 0 "$S" >"$BATS_TEST_TMPDIR/got"
    [[ $stderr == "ws-serve: $S: holds a network or an array, not images; "* ]]
    fails 3 frame-gen -n 1 -o "$S"
    [[ $stderr == "frame-gen: $S: holds a network or an array, not images; "* ]]
    fails 2 frame-gen -f f32 -n 1
    [ "$stderr" = "frame-gen: -f f32: an array, not an image format" ]
    clean_run shm-read -f raw "$S" | cmp - "$BATS_TEST_TMPDIR/array"
}
