#!/usr/bin/env bats
# shm-write with JPEGs from stdin: they are the stream's packets, unchanged but for the comment.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
}

jpegs() {
    "$TESTS/support/jpegs.py" "$@"
}

# A test image of its own for each number, as PPM.
picture() { # NUMBER [WxH]
    local size=${2:-64x48}
    frame-gen -s "$size" -n "$1" | tail -c $((${size/x/*3*})) | rawtoppm -rgb "${size%x*}" "${size#*x}"
}

count() { # published, dropped or skipped
    shm-ls -j "$S" | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["objects"][0]["packets"][sys.argv[1]])' "$1"
}

has_published() {
    [ "$(count published)" -ge "$1" ]
}

newest() {
    shm-read -f jpg -t 0 "$S"
}

comment() {
    newest | rdjpgcom | grep '^shmcast '
}

# Starts shm-write with a new FIFO as input, which descriptor 8 writes.
from_fifo() {
    rm -f in.fifo
    mkfifo in.fifo
    exec 8<>in.fifo
    bg shm-write "$S" <in.fifo 8>&-
}

# Publishes two good JPEGs and, between them, standard input, which must be dropped.
is_damaged() { # REASON
    cat good.jpg - good.jpg >in
    before=$(count published) dropped=$(count dropped)
    got=0
    shm-write "$S" <in 2>stderr || got=$?
    cat stderr
    [ "$got" = 0 ]
    [ "$(count published)" = $((before + 2)) ]
    [ "$(count dropped)" = $((dropped + 1)) ]
    [ "$(wc -l <stderr)" = 1 ]
    grep -qFx "shm-write: standard input: a damaged JPEG was dropped: $1; 1 so far" stderr
    newest | jpegs plain | cmp - good.jpg
}

@test "JPEGs of every kind arrive as they were, with a comment, one after the other and as parts" {
    shm-create -s 16x16 -p 200000 "$S"
    picture 1 64x48 >a.ppm
    picture 2 61x35 >b.ppm
    cjpeg -quality 90 a.ppm >1.jpg
    cjpeg -progressive b.ppm >2.jpg
    cjpeg -grayscale b.ppm >3.jpg
    cjpeg -sample 1x1 -restart 1B b.ppm >4.jpg
    cjpeg -sample 4x1 -optimize a.ppm >5.jpg
    ffmpeg -v error -y -i a.ppm -f mjpeg 6.jpg
    /usr/bin/python3 -c 'from PIL import Image
Image.open("a.ppm").convert("CMYK").save("7.jpg")
Image.open("a.ppm").save("8.jpg", exif=b"Exif\0\0" + 200 * b"\xff\xd8\xff\xd9")'
    jpegs thumbnail 1.jpg <6.jpg >9.jpg
    { printf '\377\330\377' && tail -c +3 1.jpg; } >10.jpg # with a fill byte
    cjpeg -baseline -scans <(printf '0;\n1;\n2;\n') a.ppm >11.jpg
    for join in '' '--b\r\nContent-Type: image/jpeg\r\n\r\n' '\r\n--b\r\nContent-Length: 9\r\nX-T: 1\r\n\r\n' \
        '\r\n----b=x\r\ncontent-type: image/jpeg\r\n\r\n'; do
        shm-create --replace -s 16x16 -p 200000 "$S"
        numbers='1 2'
        [ -n "$join" ] || numbers=$(seq 11)
        from_fifo
        for n in $numbers; do
            echo "$n ${join:0:6}"
            # shellcheck disable=SC2059
            { printf -- "$join" && cat "$n.jpg"; } >&8
            wait_until 10 has_published "$n"
            newest >got.jpg
            cmp <(jpegs plain <got.jpg) <(jpegs plain <"$n.jpg")
            [[ $(rdjpgcom got.jpg | head -n 1) =~ ^"shmcast seq=$n frame=$n event=0 captured=" ]]
            cmp <(djpeg "$n.jpg") <(djpeg got.jpg)
        done
        exec 8>&-
        ends 0 "$BG"
        [ ! -s "$BG_ERR" ]
    done
}

@test "in pieces of any size" {
    shm-create -s 16x16 -p 100000 "$S"
    for n in 1 2 3; do picture $n 61x35 | cjpeg; done >in
    for size in 1 2 3 7 1000; do
        shm-create --replace -s 16x16 -p 100000 "$S"
        clean_run shm-write "$S" < <(dd if=in bs=$size status=none)
        [ "$(count published)" = 3 ]
        newest | jpegs plain | cmp - <(picture 3 61x35 | cjpeg)
    done
    # More than is read at once: all arrive.
    for _ in $(seq 400); do cat in; done | clean_run shm-write "$S"
    [ "$(count published)" = 1203 ]
}

@test "the next JPEG is published when its last byte has arrived" {
    shm-create -s 16x16 -p 100000 "$S"
    picture 1 | cjpeg >a.jpg
    from_fifo
    cat a.jpg >&8
    wait_until 10 has_published 1
    head -c -1 a.jpg >&8
    wait_until 10 blocked "$BG"
    [ "$(count published)" = 1 ]
    tail -c 1 a.jpg >&8
    wait_until 10 has_published 2
    exec 8>&-
    ends 0 "$BG"
}

@test "cameras' JPEGs without Huffman tables get the standard's" {
    shm-create -s 16x16 -p 100000 "$S"
    picture 1 61x35 >a.ppm
    for options in '' -grayscale '-sample 2x1'; do
        # shellcheck disable=SC2086
        cjpeg $options a.ppm >a.jpg
        jpegs avi1 <a.jpg >in
        [ "$(jpegs huffman <in | wc -c)" = 0 ]
        clean_run shm-write "$S" <in
        newest >got.jpg
        # libjpeg would add them by itself.
        [ "$(jpegs huffman <got.jpg | wc -c)" = 420 ]
        [[ $(jpegs order <got.jpg) == "e0 fe c4 "* ]]
        cmp <(djpeg a.jpg) <(djpeg got.jpg)
    done
    cjpeg a.ppm >a.jpg
    # The tables are those of libjpeg, which writes a segment for each.
    cmp <(jpegs huffman <got.jpg | tail -c +5) <(jpegs huffman <a.jpg | /usr/bin/python3 -c 'import sys
data = sys.stdin.buffer.read()
while data:
    size = data[2] << 8 | data[3]
    sys.stdout.buffer.write(data[4:2 + size])
    data = data[2 + size:]')
    # Those that are there stay alone.
    clean_run shm-write "$S" <a.jpg
    cmp <(newest | jpegs huffman) <(jpegs huffman <a.jpg)
}

@test "damaged JPEGs are dropped and counted, and those around them arrive" {
    shm-create -s 16x16 -p 100000 "$S"
    picture 1 61x35 >a.ppm
    cjpeg a.ppm >good.jpg
    cjpeg -progressive a.ppm >progressive.jpg
    bytes=$(stat -c %s good.jpg)
    # Half an image, as cameras send it: cut off in its data, or before its end.
    for cut in $((bytes / 2 + 200)) $((bytes - 2)) $((bytes - 1)); do
        head -c "$cut" good.jpg | is_damaged 'the next JPEG begins within it'
    done
    head -c -2 progressive.jpg | is_damaged 'the next JPEG begins within it'
    # Cut off at each segment, and within each: the next one is found again.
    for at in $(jpegs offsets <good.jpg); do
        for cut in "$at" $((at + 3)) $((at + 15)); do
            echo "cut at $cut"
            { cat good.jpg && head -c "$cut" good.jpg && cat good.jpg; } >in
            before=$(count published)
            shm-write "$S" <in 2>stderr
            [ "$(count published)" = $((before + 2)) ]
            grep -q 'was dropped: ' stderr
        done
    done
    jpegs frame 0 12 <good.jpg | is_damaged 'not 8 bits per sample'
    jpegs frame 1 0 <good.jpg | jpegs frame 2 0 | is_damaged 'a side of 0, or larger than 65500'
    jpegs frame 3 255 <good.jpg | jpegs frame 4 255 | is_damaged 'a side of 0, or larger than 65500'
    jpegs frame 5 2 <good.jpg | is_damaged 'bad frame header'
    jpegs frame 7 1 <good.jpg | is_damaged 'bad frame header'
    jpegs frame 9 9 <good.jpg | is_damaged 'bad scan header'
    jpegs without db <good.jpg | is_damaged 'no quantization table'
    jpegs without c0 <good.jpg | is_damaged 'no frame header'
    jpegs without da <good.jpg | is_damaged 'ends before its data'
    jpegs twice c0 <good.jpg | is_damaged 'two frame headers'
    jpegs without c4 <progressive.jpg | is_damaged 'no Huffman table'
    cjpeg -arithmetic a.ppm | is_damaged 'neither baseline nor progressive'
    printf '\377\330\377\331' | is_damaged 'ends before its data'
    # Of a JPEG with one scan for each component the last is missing.
    cjpeg -scans <(printf '0;\n1;\n2;\n') a.ppm >scans.jpg
    last=$(jpegs offsets <scans.jpg | tail -n 1)
    { head -c "$last" scans.jpg && printf '\377\331'; } | is_damaged 'ends before its data'
    # Other bytes between JPEGs, ends of JPEGs too, are no damage.
    before=$(count published)
    { cat good.jpg && head -c 100000 /dev/zero && printf '\377\331\377\377text' && cat good.jpg; } |
        clean_run shm-write "$S"
    [ "$(count published)" = $((before + 2)) ]
}

@test "of many damaged JPEGs the first, the 10th and the 100th are reported" {
    shm-create -s 16x16 -p 100000 "$S"
    picture 1 | cjpeg >good.jpg
    for _ in $(seq 110); do head -c -2 good.jpg; done >in
    cat good.jpg >>in
    run -0 --separate-stderr shm-write "$S" <in
    [ "${#stderr_lines[@]}" = 3 ]
    [[ ${stderr_lines[1]} == *"; 10 so far" && ${stderr_lines[2]} == *"; 100 so far" ]]
    [ "$(count published) $(count dropped)" = "1 110" ]
}

@test "input that ends within a JPEG, or has none" {
    shm-create -s 16x16 -p 100000 "$S"
    picture 1 | cjpeg >good.jpg
    { cat good.jpg && head -c 300 good.jpg; } >in
    fails 3 shm-write "$S" <in
    [[ $stderr == "shm-write: standard input: cut off: ends after 300 bytes of JPEG 2" ]]
    [ "$(count published)" = 1 ]
    printf -- '--b\r\nContent-Type: image/jpeg\r\n\r\n' >in
    run -0 --separate-stderr shm-write "$S" <in
    [[ $stderr == "shm-write: standard input: no JPEG" ]]
    { printf -- '--b\r\nContent-Type: image/png\r\n\r\n' && head -c 70000 /dev/zero; } >in
    fails 3 shm-write "$S" <in
    [[ $stderr == "shm-write: standard input: no JPEG in the first 65536 bytes" ]]
}

@test "a JPEG too large for a packet: one message, the others continue, exit 3; --replace is followed" {
    shm-create -s 16x16 -p 4096 "$S"
    picture 1 32x24 | cjpeg -quality 30 >small.jpg
    picture 1 640x480 | cjpeg -quality 98 >large.jpg
    size=$(stat -c %s large.jpg)
    [ "$size" -gt 30000 ]
    cat small.jpg large.jpg large.jpg small.jpg >in
    fails 3 shm-write "$S" <in
    [[ $stderr == "shm-write: $S: a 640x480 JPEG of $size bytes needs more than the 4096 bytes of a packet: dropped; for larger packets: shm-create --replace -s 16x16 -f rgb24 -p BYTES $S" ]]
    [ "$(count published) $(count dropped)" = "2 2" ]
    from_fifo
    cat large.jpg >&8
    wait_until 10 test -s "$BG_ERR"
    shm-create --replace -s 16x16 -p 100000 "$S"
    cat large.jpg >&8
    wait_until 10 has_published 1
    newest | jpegs plain | cmp - large.jpg
    comment | grep -q '^shmcast seq=1 '
    exec 8>&-
    ends 3 "$BG"
    [ "$(wc -l <"$BG_ERR")" = 1 ]
    # Larger than any buffer: read, but not kept.
    { head -c -2 large.jpg && yes x | head -c 3000000 && printf '\377\331' && cat small.jpg; } >in
    shm-create --replace -s 16x16 -p 4096 "$S"
    fails 3 shm-write "$S" <in
    [[ $stderr == *" JPEG of $((size + 3000000)) bytes needs more than"* ]]
    [ "$(count published) $(count dropped)" = "1 1" ]
}

@test "packets have one writer: shm-encode or shm-write, which is refused with the other's pid" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >a.jpg
    bg shm-encode "$S"
    held() { shm-ls "$S" | grep -q "$1"; }
    wait_until 10 held shm-encode
    fails 3 shm-write "$S" <a.jpg
    [[ $stderr == "shm-write: $S: packets are already written by pid $BG (shm-encode); end it, or choose another stream" ]]
    kill "$BG"
    ends 143 "$BG"
    from_fifo
    writer=$BG
    cat a.jpg >&8
    wait_until 10 has_published 1
    fails 3 shm-encode "$S"
    [[ $stderr == "shm-encode: $S: packets are already written by pid $writer (shm-write)"* ]]
    fails 3 shm-write "$S" <a.jpg
    [[ $stderr == *"packets are already written by pid $writer (shm-write)"* ]]
    # Frames are another matter, also while their writer is there.
    mkfifo frames
    exec 9<>frames
    bg shm-write "$S" <frames 8>&- 9>&-
    frames=$BG
    picture 3 >&9
    frames_published() { [ "$(shm-read "$S" | head -c 2)" = P6 ]; }
    wait_until 10 frames_published
    exec 8>&-
    ends 0 "$writer"
    clean_run shm-write "$S" <a.jpg
    [ "$(count published)" = 2 ]
    exec 9>&-
    ends 0 "$frames"
}

@test "a comment of shm-encode keeps its numbers and times, and gets a new seq" {
    shm-create -s 64x48 "$S"
    shm-create -s 64x48 "$S2"
    picture 5 | sed '1s/$/\n# event=77/' | shm-write "$S"
    bg shm-encode -a "$S"
    encoded() { shm-read -f jpg -t 0 "$S"; }
    wait_until 10 encoded
    encoded >in
    [[ $(rdjpgcom in) =~ ^"shmcast seq=1 frame=1 event=77 captured="([0-9.]+)" published="([0-9.]+)" clock="(.*)$ ]]
    captured=${BASH_REMATCH[1]} published=${BASH_REMATCH[2]} clock=${BASH_REMATCH[3]}
    cat in in | clean_run shm-write "$S2"
    first=$S
    S=$S2
    [[ $(comment) =~ ^"shmcast seq=2 frame=1 event=77 captured=$captured published="(.*)" clock=$clock"$ ]]
    awk -v a="$published" -v b="${BASH_REMATCH[1]}" 'BEGIN { exit !(b > a) }'
    newest | jpegs plain | cmp - <(jpegs plain <in)
    [ "$(newest | rdjpgcom | wc -l)" = 1 ]
    # The shape of pixels stays too.
    jpegs plain <in | jpegs comment "shmcast seq=1 frame=2 event=3 captured=4.000000000 published=5.000000000 clock=$clock aspect=16:11" >wide
    clean_run shm-write "$S" <wide
    [[ $(comment) =~ ^"shmcast seq=3 frame=2 event=3 ".*" clock=$clock aspect=16:11"$ ]]
    # Text that only begins like it is someone else's.
    jpegs plain <in | jpegs comment 'shmcast seq=1 frame=x' >other
    clean_run shm-write "$S" <other
    newest | rdjpgcom | tail -n 1 | grep -qx 'shmcast seq=1 frame=x'
    [[ $(comment | head -n 1) == "shmcast seq=4 frame=4 event=0 "* ]]
    S=$first
}

@test "the pixel aspect of a JFIF header, but no density of a print, is that of the packet" {
    shm-create -s 64x48 "$S"
    picture 1 >a.ppm
    while read -r units x y want; do
        cjpeg a.ppm | python3 -c 'import struct, sys
data = bytearray(sys.stdin.buffer.read())
assert data[6:11] == b"JFIF\0"
data[13:18] = struct.pack(">BHH", *map(int, sys.argv[1:]))
sys.stdout.buffer.write(data)' "$units" "$x" "$y" >b.jpg
        clean_run shm-write "$S" <b.jpg
        [ "$(comment | sed -n 's/.* aspect=//p')" = "${want#1:1}" ]
        [ "$(count newest | sed "s/.*'aspect': //; s/}//")" = "[${want%:*}, ${want#*:}]" ]
    done <<'TABLE'
0 16 11 16:11
0 32 22 16:11
0 1 1 1:1
0 0 3 1:1
1 300 600 1:1
TABLE
    ffmpeg -v error -y -i a.ppm -vf setsar=16/11 -f mjpeg b.jpg
    clean_run shm-write "$S" <b.jpg
    [[ $(comment) == *" aspect=16:11" ]]
}

@test "times of another machine are converted: the fastest JPEG took no time" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >plain.jpg
    foreign() { # CAPTURED PUBLISHED
        jpegs comment "shmcast seq=9 frame=8 event=7 captured=$1 published=$2 clock=00000abc" <plain.jpg
    }
    delay() {
        comment | sed 's/.*captured=\(.*\) published=\(.*\) clock=.*/\1 \2/' |
            awk '{ printf "%.3f\n", $2 - $1 }'
    }
    from_fifo
    # Far in the future, of an uptime of 30 years: encoding took 0.125 s.
    foreign 999999999.000000000 999999999.125000000 >&8
    wait_until 10 has_published 1
    [ "$(delay)" = 0.125 ]
    [[ $(comment) == "shmcast seq=1 frame=8 event=7 "* ]]
    # Published 1,000 s later by their clock, it was faster than the first.
    foreign 1000000999.000000000 1000000999.250000000 >&8
    wait_until 10 has_published 2
    [ "$(delay)" = 0.250 ]
    # Published 100 s before that one, it took 100 s longer.
    foreign 1000000899.000000000 1000000899.250000000 >&8
    wait_until 10 has_published 3
    delay | awk '{ exit !($1 >= 100.25 && $1 < 700) }'
    # Older than our clock: no capture before it began.
    foreign 1.000000000 1000000000.000000000 >&8
    wait_until 10 has_published 4
    exec 8>&-
    ends 0 "$BG"
    [[ $(comment) =~ captured=([0-9.]+)" published="([0-9.]+) ]]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
    # A capture in the future by our own clock counts as now.
    jpegs comment "shmcast seq=1 frame=1 event=0 captured=999999999.000000000 published=999999999.000000000 clock=$(head -c 8 /proc/sys/kernel/random/boot_id)" <plain.jpg | clean_run shm-write "$S"
    [[ $(comment) =~ captured=([0-9.]+)" published="([0-9.]+) ]]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "-u: equal JPEGs are skipped, whatever their comment; -v counts JPEGs" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >1.jpg
    picture 2 | cjpeg >2.jpg
    jpegs comment 'shmcast seq=5 frame=6 event=0 captured=1.000000000 published=1.000000000' <1.jpg >1c.jpg
    cat 1.jpg 1.jpg 1c.jpg 1c.jpg 2.jpg 2.jpg 1c.jpg 1.jpg >in
    run -0 --separate-stderr shm-write -u -v "$S" <in
    [ "$(count published) $(count skipped)" = "3 5" ]
    [[ $stderr =~ ^"shm-write: $S: in all 3 JPEGs in "[0-9.]+" s, ".*", 0 dropped, 5 unchanged"$ ]]
    clean_run shm-write "$S" <in
    [ "$(count published)" = 11 ]
}

@test "with -s, -f or --stride JPEG is raw; --bottom-up is refused with JPEG" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >a.jpg
    head -c 64 a.jpg | clean_run shm-write -s 64x1 -f gray8 "$S"
    shm-read -f raw "$S" | cmp - <(head -c 64 a.jpg)
    fails 2 shm-write --bottom-up "$S" <a.jpg
    [[ $stderr == *"--bottom-up: JPEGs cannot be flipped; decode them first, as with ffmpeg" ]]
    [ "$(count published)" = 0 ]
}

@test "ends silently when the stream is removed, and by a signal" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >a.jpg
    from_fifo
    cat a.jpg >&8
    wait_until 10 has_published 1
    head -c 300 a.jpg >&8
    kill "$BG"
    ends 143 "$BG"
    [ ! -s "$BG_ERR" ]
    from_fifo
    cat a.jpg >&8
    wait_until 10 has_published 2
    clean_run shm-rm -f "$S"
    cat a.jpg >&8
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
    exec 8>&-
}

@test "snapshot, MJPEG and WebSocket of a stream of JPEGs, without shm-encode" {
    shm-create -s 64x48 "$S"
    picture 1 | cjpeg >1.jpg
    from_fifo
    cat 1.jpg >&8
    serve "$S"
    snapshot() { curl -sSf "$URL/snapshot.jpg" | jpegs plain | cmp -s - "$1"; }
    wait_until 10 snapshot 1.jpg
    curl -sS "$URL/stats" | grep -q '"writers":{"frames":null,"packets":"live"}'
    "$TESTS/server/ws-client.py" --count 1 "ws://127.0.0.1:$PORT/ws" >ws
    grep -q '^picture .* seq=1 frame=1 ' ws
    "$TESTS/server/ws-client.py" --count 1 "$URL/stream.mjpg" >mjpeg
    grep -q '^picture .* seq=1 frame=1 ' mjpeg
    exec 8>&-
}
