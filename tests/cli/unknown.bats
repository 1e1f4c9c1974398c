#!/usr/bin/env bats
# Images of a size, format, flags or packet kind that a program does not know are skipped, and reported
# once; the program goes on with the next image.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

skipped="skipped 1 image of unknown size, format or flags; use the same version of shmcast for all programs"

overwrite() { # frames|packets FIELD VALUE
    python3 "$TESTS/support/unknown.py" "$S" "$@"
}

asleep() { # PID
    [[ $(sed 's/.*) //' "/proc/$1/stat") == S* ]]
}

put() {
    frame-gen -s 64x48 -n 1 -o "$S"
}

published() {
    shm-ls -j "$S" | grep -o "\"$1\":{\"published\":[0-9]*" | grep -o '[0-9]*$'
}

@test "shm-read skips unknown frames and goes on" {
    shm-create -s 64x48 "$S"
    put
    bg shm-read -n 2 "$S" >"$BATS_TEST_TMPDIR/out"
    reader=$BG err=$BG_ERR
    wait_until 10 eval 'shm-ls -j "$S" | grep -q frames-reader'
    wait_until 10 asleep "$reader"
    for change in "format 77" "flags 16" "bytes 99" "width 0" "bytes 18446744073709551615" \
        "matrix 3" "alpha 3" "aspect_num 1" "stride1 64"; do
        # shellcheck disable=SC2086
        overwrite frames $change
    done
    wait_until 10 grep -q . "$err"
    put
    wait_until 10 test -s "$BATS_TEST_TMPDIR/out"
    wait_until 10 asleep "$reader"
    put
    ends 0 "$reader"
    [ "$(<"$err")" = "shm-read: $S: $skipped" ]
    [ "$(grep -ac '^# frame=' "$BATS_TEST_TMPDIR/out")" = 2 ]
}

@test "shm-read without a count waits for a known frame" {
    shm-create -s 64x48 "$S"
    put
    overwrite frames format 77
    run -1 --separate-stderr shm-read -t 0 "$S"
    [ "$stderr" = "shm-read: $S: $skipped"$'\n'"shm-read: $S: no image within 0 s" ]
    put
    clean_run shm-read -t 0 "$S" >"$BATS_TEST_TMPDIR/out"
    # a reader that copies, as it has no write permission
    overwrite frames flags 4096
    chmod 444 "/dev/shm/$S"
    chmod 711 "$BATS_TEST_TMPDIR"
    cp "$BUILD/shm-read" /tmp/"$S"-read
    run -1 --separate-stderr setpriv --reuid=nobody --clear-groups /tmp/"$S"-read -t 0 "$S"
    rm /tmp/"$S"-read
    [[ $stderr == *": $S: $skipped"* ]]
}

@test "no stride, matrix, alpha or aspect makes a reader or a server fail" {
    shm-create -s 64x48 "$S"
    for change in "stride 1" "stride 191" "stride 193" "stride 2147483647" "stride 2147483648" "stride 4294967295" \
        "stride1 1" "matrix 4" "matrix 255" "alpha 255" "aspect_num 65536" "aspect_den 1" "aspect_num 4294967295"; do
        put
        # shellcheck disable=SC2086
        overwrite frames $change
        run -1 --separate-stderr shm-read -t 0 "$S"
        [ "$stderr" = "shm-read: $S: $skipped"$'\n'"shm-read: $S: no image within 0 s" ]
        shm-ls -l "$S" | grep -q '^  frames .* published'
    done
    bg shm-encode -s 0 -a "$S"
    put
    wait_until 60 eval '(($(published packets) > 0))'
    kill "$BG"
    ends 143 "$BG"
    overwrite packets aspect_num 7
    run -1 --separate-stderr shm-read -f jpg -t 0 "$S"
    [ "${stderr%%$'\n'*}" = "shm-read: $S: $skipped" ]
    # A stride of a row is no padding, and known numbers are known.
    for change in "stride 192" "matrix 9" "alpha 2"; do
        put
        # shellcheck disable=SC2086
        overwrite frames $change
        clean_run shm-read -t 0 "$S" >"$BATS_TEST_TMPDIR/out"
    done
}

@test "shm-encode skips unknown frames and goes on" {
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 -a "$S"
    encoder=$BG err=$BG_ERR
    put
    wait_until 10 eval '[ "$(published packets)" = 1 ]'
    for i in {1..10}; do
        overwrite frames format $((76 + i))
        wait_until 10 asleep "$encoder"
    done
    wait_until 10 grep -q . "$err"
    put
    wait_until 10 eval '[ "$(published packets)" = 2 ]'
    head -n 1 "$err" | grep -qx "shm-encode: $S: $skipped"
}

@test "many unknown images are counted, and reported after the 1st, 10th and 100th" {
    shm-create -s 64x48 "$S"
    put
    bg shm-read -n 1 "$S" >/dev/null
    reader=$BG err=$BG_ERR
    for ((i = 0; i < 10; i++)); do
        wait_until 10 asleep "$reader"
        overwrite frames format $((77 + i))
        ((i)) || wait_until 10 grep -q 'skipped 1 image ' "$err"
    done
    wait_until 10 grep -q 'skipped 10 images ' "$err"
    put
    ends 0 "$reader"
    [ "$(wc -l <"$err")" = 2 ]
}

@test "ws-serve and its viewers skip unknown packets and go on" {
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
    put
    wait_until 10 eval '[ "$(published packets)" = 1 ]'
    serve "$S"
    server=$BG err=$BG_ERR
    bg curl -sN "$URL/stream.mjpg" </dev/null >"$BATS_TEST_TMPDIR/mjpeg"
    pictures() { grep -ac '^Content-Type: image/jpeg' "$BATS_TEST_TMPDIR/mjpeg"; }
    wait_until 10 pictures
    for change in "format 77" "width 0" "bytes 0"; do
        # shellcheck disable=SC2086
        overwrite packets $change
        before=$(pictures)
        put
        wait_until 10 eval '(($(pictures) > before))'
    done
    kill -0 "$server"
    [ "$(head -n 1 "$err")" = "ws-serve: $S: $skipped" ]
    [ "$(wc -l <"$err")" = 1 ]
    curl -sf "$URL/snapshot.jpg" | djpeg >/dev/null
}
