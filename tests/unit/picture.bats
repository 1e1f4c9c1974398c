#!/usr/bin/env bats
# Property test of shm-encode's pictures; shm-encode.bats tests the program.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads,quick
load ../support/helper

@test "pictures: joined tiles are the JPEG of all tiles, and tables complete what viewers have" {
    # Built here as in jpeg.bats.
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -pthread -fsanitize=undefined -fno-sanitize-recover \
        -I"$ROOT/lib" -I"$ROOT/cmd/shm-encode" -I"$TESTS" -o "$BATS_TEST_TMPDIR/picture-test" \
        "$TESTS/unit/picture-test.c" "$ROOT"/cmd/shm-encode/{damage,tilechain,picture}.c \
        "$ROOT"/lib/image/{jpeg,jpegcoder,jpeghead,jpegcomment,tilerects,tiletable,bt601}.c \
        "$ROOT"/lib/{pixfmt,tool/thread,tool/scratch}.c -ljpeg -lm
    run -0 "$BATS_TEST_TMPDIR/picture-test" 150 "${SHMCAST_SEED-1}"
    echo "$output"
    [[ $output =~ ^joined\ [1-9][0-9]{3,}\ whole\ [1-9][0-9]+\ sharp\ [1-9][0-9]+\ parts\ [1-9][0-9]{3,}\ reused-tiles\ [1-9][0-9]{4,}$ ]]
}
