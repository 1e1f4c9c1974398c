#!/usr/bin/env bats
# End to end: from real programs to the images that an HTTP or WebSocket client decodes.
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

# Minimum PSNR in dB of an image at -q 90 -S 444.
CLOSE=35

# A number from a JPEG's comment: `com frame FILE`.
com() {
    rdjpgcom "$2" | sed -n "s/^shmcast .*\<$1=\([0-9.]*\).*/\1/p"
}

far_from() {
    local db
    db=$(psnr "$1" "$2")
    echo "$1 $2: $db dB"
    awk -v db="$db" -v close_db="$CLOSE" 'BEGIN { exit !(db != "inf" && db + 0 < close_db - 10) }'
}

snapshot() {
    curl -sSf -o "$1" "$URL/snapshot.jpg"
}

ws_url() {
    echo "ws${URL#http}/ws"
}

# The first packet of a WebSocket viewer.
from_websocket() {
    rm -rf "$BATS_TEST_TMPDIR/ws"
    mkdir "$BATS_TEST_TMPDIR/ws"
    clean_run "$TESTS/server/ws-client.py" --quiet --count 1 --save "$BATS_TEST_TMPDIR/ws" "$(ws_url)"
    mv "$BATS_TEST_TMPDIR/ws/000001.jpg" "$1"
}

# The snapshot shows this frame.
snapshot_shows() {
    snapshot "$2" && [ "$(com frame "$2")" = "$1" ]
}

frame_of_ppm() {
    sed -n '1,4s/^# .*\<frame=\([0-9]*\).*/\1/p' "$1"
}

newest_frame() {
    shm-read -f ppm "$S" | sed -n '1,4s/^# .*\<frame=\([0-9]*\).*/\1/p'
}

frames_past() {
    [ "$(newest_frame)" -gt "$1" ]
}

# Pauses the writer between two frames, so that all programs end on the same one, and compares it, as
# received by HTTP and by WebSocket, with the input of shm-write.
compare_standing() {
    local writer=$1 dir=$BATS_TEST_TMPDIR frame
    kill -STOP -- "-$writer"
    shm-read -f ppm "$S" >"$dir/source.ppm"
    frame=$(frame_of_ppm "$dir/source.ppm")
    [ -n "$frame" ]
    wait_until 10 snapshot_shows "$frame" "$dir/http.jpg"
    # shm-read too repeats the chroma samples of 4:2:0 without smoothing.
    djpeg -nosmooth -outfile "$dir/http.ppm" "$dir/http.jpg"
    close_to "$CLOSE" "$dir/source.ppm" "$dir/http.ppm"
    from_websocket "$dir/ws.jpg"
    [ "$(com frame "$dir/ws.jpg")" = "$frame" ]
    cmp "$dir/ws.jpg" "$dir/http.jpg"
    kill -CONT -- "-$writer"
    wait_until 10 frames_past "$((frame + 5))"
}

# A screen of moving objects, grabbed as $1 (raw or y4m) and $2 (a pixel format).
moving_screen() {
    local writer
    start_x 640x360
    bg ico -faces -geometry 240x200+10+10 -colors red,green,blue,yellow,orange -obj cube -sleep 0.02
    bg xclock -update 1 -geometry 150x150+260+10 -bg '#203050' -fg '#ffd040' -hd '#ff4020'
    bg xeyes -geometry 150x100+440+10 -center '#20c040' -fg '#802060'
    bg xlogo -geometry 200x120+400+220 -bg '#d02010' -fg '#10a0f0'
    for window in xclock xeyes xlogo; do
        wait_until 10 xwd -silent -name "$window" -out /dev/null
    done
    clean_run shm-create -s 640x360 -f "$2" "$S"
    if [ "$1" = raw ]; then
        bg bash -c 'ffmpeg -v error -nostdin -f x11grab -framerate 25 -i "$DISPLAY" \
            -f rawvideo -pix_fmt '"$2"' - | shm-write "$S"'
    else
        bg bash -c 'ffmpeg -v error -nostdin -f x11grab -framerate 25 -i "$DISPLAY" \
            -f yuv4mpegpipe -strict -1 -pix_fmt '"$2"' - | shm-write "$S"'
    fi
    writer=$BG
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    serve "$S"
    wait_until 10 frames_past 10
    compare_standing "$writer"
    mv "$BATS_TEST_TMPDIR/source.ppm" "$BATS_TEST_TMPDIR/earlier.ppm"
    compare_standing "$writer"
    # It must have moved, or the test proves nothing.
    run -1 cmp -s "$BATS_TEST_TMPDIR/earlier.ppm" "$BATS_TEST_TMPDIR/source.ppm"
}

@test "a moving X display as raw rgb24 arrives unchanged" {
    moving_screen raw rgb24
}

@test "a moving X display as raw bgra arrives unchanged" {
    moving_screen raw bgra
}

@test "a moving X display as y4m 4:4:4 arrives unchanged" {
    moving_screen y4m yuv444p
}

@test "a moving X display as y4m 4:2:0 arrives unchanged" {
    moving_screen y4m yuv420p
}

# A static, asymmetric, colourful screen; the bytes of the grab are interpreted as $2 $3… .
standing_screen() {
    local grabbed=$1 dir=$BATS_TEST_TMPDIR
    shift
    clean_run shm-create -s 400x300 -f rgba "$S"
    ffmpeg -v error -nostdin -f x11grab -draw_mouse 0 -i "$DISPLAY" -frames:v 1 -f rawvideo -pix_fmt "$grabbed" - |
        clean_run shm-write -s 400x300 "$@" "$S"
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    local encoder=$BG
    serve "$S"
    wait_until 10 snapshot "$dir/http.jpg"
    djpeg -outfile "$dir/http.ppm" "$dir/http.jpg"
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
    ends 0 "$BG"
}

@test "a static X display against a grab by another program: orientation and colours" {
    dir=$BATS_TEST_TMPDIR
    start_x 400x300
    bg xlogo -geometry 200x300+0+0 -bg '#d02010' -fg '#10a0f0'
    bg xlogo -geometry 200x100+200+200 -bg '#20a030' -fg '#f0f020'
    pictures_stand() {
        xwd -root -silent -out "$dir/now.xwd"
        # black root, and four colours
        [ "$(xwdtopnm "$dir/now.xwd" 2>/dev/null | ppmhist -noheader | wc -l)" -ge 5 ]
    }
    wait_until 10 pictures_stand
    xwdtopnm "$dir/now.xwd" >"$dir/reference.ppm" 2>/dev/null

    for format in rgb24 bgr24 rgba bgra yuv444p; do
        standing_screen "$format" -f "$format"
        close_to "$CLOSE" "$dir/reference.ppm" "$dir/http.ppm"
    done
    standing_screen gray -f gray8
    # Swapped red and blue, and upside down: these must fail.
    standing_screen rgb24 -f bgr24
    far_from "$dir/reference.ppm" "$dir/http.ppm"
    standing_screen rgb24 -f rgb24 --bottom-up
    far_from "$dir/reference.ppm" "$dir/http.ppm"
}

@test "every format, odd sizes, top-down and bottom-up, in sequence in one stream" {
    dir=$BATS_TEST_TMPDIR
    clean_run shm-create -s 1920x1080 -f bgra -p 8388608 "$S"
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    serve "$S"
    number=0
    for size in 1x1 17x31 1919x1079; do
        for format in gray8 rgb24 bgr24 rgba bgra yuv420p yuv422p yuv444p; do
            for order in top-down bottom-up; do
                upside=()
                [ "$order" = top-down ] || upside=(--bottom-up)
                echo "$size $format $order"
                "$TESTS/support/pattern.py" "$size" "$format" "$order" "$dir/raw" "$dir/source.pnm"
                clean_run shm-write -s "$size" -f "$format" "${upside[@]}" "$S" <"$dir/raw"
                number=$((number + 1))
                wait_until 10 snapshot_shows "$number" "$dir/http.jpg"
                djpeg -pnm -nosmooth -outfile "$dir/http.pnm" "$dir/http.jpg"
                [ "$(head -c 2 "$dir/http.pnm")" = "$(head -c 2 "$dir/source.pnm")" ]
                close_to "$CLOSE" "$dir/source.pnm" "$dir/http.pnm"
            done
        done
    done
}

@test "a viewer's frames never go back, and each is complete" {
    dir=$BATS_TEST_TMPDIR
    clean_run shm-create -s 640x360 "$S"
    bg frame-gen -s 640x360 -r 120 -o "$S"
    bg shm-encode -s 0 -q 80 "$S"
    serve "$S"
    mkdir "$dir/ws"
    clean_run "$TESTS/server/ws-client.py" --count 400 --save "$dir/ws" "$(ws_url)" | sed -n 's/^picture .*\<frame=\([0-9]*\).*/\1/p' >"$dir/reported"
    djpeg_all() {
        local picture
        for picture in "$dir"/ws/*.jpg; do
            djpeg "$picture" || return 1
        done
    }
    # One number per image: frame-gen --read exits 3 if an image is torn.
    clean_run djpeg_all >"$dir/pictures"
    clean_run frame-gen --read <"$dir/pictures" >"$dir/shown"
    [ "$(wc -l <"$dir/shown")" -ge 400 ]
    sort -n -u -c "$dir/shown" # strictly increasing
    # The comment has the number that the image shows.
    diff <(head -n 400 "$dir/shown") <(head -n 400 "$dir/reported")
}

@test "size changes in a running stream reach the viewer" {
    dir=$BATS_TEST_TMPDIR
    clean_run shm-create -s 320x240 "$S"
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    serve "$S"
    mkdir "$dir/ws"
    mkfifo "$dir/in"
    bg shm-write "$S" <>"$dir/in"
    bg "$TESTS/server/ws-client.py" --stay --save "$dir/ws" "$(ws_url)" >"$dir/log"
    wait_until 10 grep -q ^open "$dir/log"
    number=0
    for size in 320x240 16x16 1x1 240x320 319x7 320x240; do
        "$TESTS/support/pattern.py" "$size" rgb24 top-down "$dir/raw" "$dir/source.ppm"
        cat "$dir/source.ppm" >"$dir/in"
        number=$((number + 1))
        wait_until 10 grep -q " frame=$number " "$dir/log"
        djpeg -nosmooth "$dir/ws/$(printf %06d "$number").jpg" >"$dir/ws.ppm"
        [ "$(pnmfile <"$dir/ws.ppm" | grep -oE '[0-9]+ by [0-9]+')" = "${size/x/ by }" ]
        close_to "$CLOSE" "$dir/source.ppm" "$dir/ws.ppm"
    done
}

@test "a frame too large for the stream: reported once, counted, and the others continue" {
    dir=$BATS_TEST_TMPDIR
    clean_run shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    serve "$S"
    for size in 64x48 65x64 65x64 640x480 32x32; do
        "$TESTS/support/pattern.py" "$size" rgb24 top-down "$dir/raw" "$dir/source.ppm"
        cat "$dir/source.ppm"
    done >"$dir/all.ppm"
    bg shm-write "$S" <"$dir/all.ppm"
    ends 3 "$BG"
    [ "$(wc -l <"$BG_ERR")" -eq 2 ]
    grep -q "65x64.*shm-create --replace -s 65x64 -f rgb24 $S" "$BG_ERR"
    grep -q "640x480.*shm-create --replace -s 640x480 -f rgb24 $S" "$BG_ERR"
    wait_until 10 snapshot_shows 2 "$dir/http.jpg"
    djpeg -nosmooth -outfile "$dir/http.ppm" "$dir/http.jpg"
    close_to "$CLOSE" "$dir/source.ppm" "$dir/http.ppm" # the last one, 32x32
    shm-ls -l "$S" | grep -E 'frames +2 published, 3 dropped'
}

@test "--replace by a larger stream: writer, encoder, server, viewer and reader follow" {
    dir=$BATS_TEST_TMPDIR
    clean_run shm-create -s 64x48 "$S"
    mkfifo "$dir/in"
    bg shm-write "$S" <>"$dir/in"
    writer=$BG
    bg shm-encode -s 0 -q 90 -S 444 "$S"
    encoder=$BG
    bg event-read "$S" >"$dir/events"
    reader=$BG
    bg shm-read -n 100 "$S" >"$dir/read.ppm"
    picture_reader=$BG
    serve "$S"
    server=$BG
    mkdir "$dir/ws"
    bg "$TESTS/server/ws-client.py" --stay --restarts --repeats --save "$dir/ws" "$(ws_url)" >"$dir/log"
    wait_until 10 grep -q ^open "$dir/log"
    pictures=0 bytes=0
    for size in 64x48 128x96 800x600; do
        [ "$size" = 64x48 ] || clean_run shm-create --replace -s "$size" "$S"
        "$TESTS/support/pattern.py" "$size" rgb24 top-down "$dir/raw" "$dir/source.ppm"
        cat "$dir/source.ppm" >"$dir/in"
        pictures=$((pictures + 1))
        bytes=$((bytes + $(stat -c %s "$dir/raw")))
        come() {
            [ "$(grep -c '^picture' "$dir/log")" -ge "$pictures" ]
        }
        wait_until 10 come
        djpeg -nosmooth "$dir/ws/$(printf %06d "$pictures").jpg" >"$dir/ws.ppm"
        close_to "$CLOSE" "$dir/source.ppm" "$dir/ws.ppm"
        snapshot "$dir/http.jpg"
        djpeg -nosmooth -outfile "$dir/http.ppm" "$dir/http.jpg"
        close_to "$CLOSE" "$dir/source.ppm" "$dir/http.ppm"
        clean_run event-inject "$S" "key_down" "key=$size"
        wait_until 10 grep -q "^key_down key=$size" "$dir/events"
        read_too() {
            [ "$(stat -c %s "$dir/read.ppm")" -ge "$bytes" ]
        }
        wait_until 10 read_too
    done
    for pid in "$writer" "$encoder" "$reader" "$server" "$picture_reader"; do
        kill -0 "$pid"
    done
    # The old streams are gone, and only the newest remains to be removed.
    [ "$(shm-ls | grep -c "$S")" -eq 1 ]
    clean_run shm-rm -f "$S"
    ends 0 "$encoder"
    ends 0 "$reader"
    ends 0 "$server"
    ends 0 "$picture_reader"
}

# Number of wake-ups of a program, its threads and children.
wake_ups() {
    local pid
    for pid; do
        cat /proc/"$pid"/task/*/status
    done | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

@test "an idle pipeline sleeps: no wake-ups in five seconds" {
    clean_run shm-create -s 64x48 "$S"
    mkfifo "$BATS_TEST_TMPDIR/in"
    bg shm-write -s 64x48 "$S" <>"$BATS_TEST_TMPDIR/in" # open for writing too: no end of file
    pids=("$BG")
    bg shm-encode -j 2 "$S"
    pids+=("$BG")
    bg event-read "$S"
    pids+=("$BG")
    serve "$S"
    pids+=("$BG")
    bg curl -sN -o "$BATS_TEST_TMPDIR/mjpeg" "$URL/stream.mjpg"
    head -c 9216 /dev/zero >"$BATS_TEST_TMPDIR/in"
    wait_until 10 snapshot "$BATS_TEST_TMPDIR/one.jpg"
    wait_until 10 test -s "$BATS_TEST_TMPDIR/mjpeg"
    settled() {
        local before
        before=$(wake_ups "${pids[@]}")
        for pid in "${pids[@]}"; do blocked "$pid" || return 1; done
        sleep 1
        for pid in "${pids[@]}"; do blocked "$pid" || return 1; done
        [ "$(wake_ups "${pids[@]}")" = "$before" ]
    }
    # The thread sanitizer has a thread that never sleeps.
    ! ldd "$(command -v shm-encode)" | grep -q libtsan || return 0
    wait_until 10 settled
    before=()
    for pid in "${pids[@]}"; do before+=("$(wake_ups "$pid")"); done
    sleep 5 # the measured time
    for i in "${!pids[@]}"; do
        echo "$(tr '\0' ' ' <"/proc/${pids[i]}/cmdline"): ${before[i]} → $(wake_ups "${pids[i]}")"
    done
    [ "$(wake_ups "${pids[@]}")" = "$(printf '%s\n' "${before[@]}" | awk '{ n += $1 } END { print n }')" ]
}

# Ends CMD… by each stop signal, at many different moments.
stopped_at_any_time() {
    local signal number delay
    for signal in INT:2 TERM:15 HUP:1; do
        number=${signal#*:}
        for delay in 0 0.001 0.002 0.004 0.008 0.016 0.1; do
            bg "$@"
            sleep "$delay"
            kill -"${signal%:*}" "$BG"
            ends $((128 + number)) "$BG"
            wait_until 5 group_gone "$BG"
            [ ! -s "$BG_ERR" ]
        done
    done
}

@test "stop signals at any time: exit by the signal, no claim held, nothing left" {
    mkfifo "$BATS_TEST_TMPDIR/in"
    exec 8<>"$BATS_TEST_TMPDIR/in"
    clean_run shm-create -s 64x48 "$S"
    bg frame-gen -s 64x48 -r 200 -o "$S"
    source=$BG
    stopped_at_any_time shm-encode "$S"
    stopped_at_any_time shm-encode -j 4 -o - "$S" >/dev/null
    bg shm-encode "$S"
    stopped_at_any_time ws-serve -p 0 "$S" >/dev/null
    stopped_at_any_time shm-read -n 1000000 "$S" >/dev/null
    stopped_at_any_time shm-read -f jpg -n 1000000 "$S" >/dev/null
    stopped_at_any_time event-read "$S" >/dev/null
    stopped_at_any_time event-inject "$S" <&8
    stopped_at_any_time frame-gen -s 64x48 -e "$S" >/dev/null
    kill "$source"
    ends 143 "$source"
    stopped_at_any_time shm-write "$S" <&8
    stopped_at_any_time frame-gen -s 64x48 -r 200 -o "$S"
    # All claims are free again.
    clean_run frame-gen -s 64x48 -n 1 -o "$S"
}

@test "stop signals at any time: shm-create ends its command and removes its stream" {
    for signal in INT:2 TERM:15 HUP:1; do
        for delay in 0 0.001 0.002 0.004 0.008 0.016 0.1; do
            bg shm-create -s 64x48 "$S2" -- sh -c 'frame-gen -s 64x48 -o "$SHMCAST_STREAM" & wait'
            sleep "$delay"
            kill -"${signal%:*}" "$BG" # which passes it to the command
            ends $((128 + ${signal#*:})) "$BG"
            wait_until 5 group_gone "$BG"
            [ ! -e "/dev/shm/$S2" ]
        done
    done
}

@test "SIGKILL of any program: the others continue, and its successor replaces it" {
    clean_run shm-create -s 64x48 "$S"
    bg frame-gen -s 64x48 -r 100 -o "$S"
    writer=$BG
    bg shm-encode "$S"
    encoder=$BG
    serve "$S"
    server=$BG
    shows_more() { # than frame $1
        snapshot "$BATS_TEST_TMPDIR/now.jpg" && [ "$(com frame "$BATS_TEST_TMPDIR/now.jpg")" -gt "$1" ]
    }
    for _ in 1 2 3; do
        wait_until 10 shows_more 0
        at=$(com frame "$BATS_TEST_TMPDIR/now.jpg")
        kill -KILL "$encoder"
        ends 137 "$encoder"
        bg shm-encode "$S"
        encoder=$BG
        wait_until 10 shows_more "$at"
        at=$(com frame "$BATS_TEST_TMPDIR/now.jpg")
        kill -KILL "$writer"
        ends 137 "$writer"
        bg frame-gen -s 64x48 -r 100 -o "$S"
        writer=$BG
        wait_until 10 shows_more "$((at + 20))"
        kill -KILL "$server"
        ends 137 "$server"
        serve "$S"
        server=$BG
    done
}
