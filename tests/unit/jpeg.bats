#!/usr/bin/env bats
# The encoder from inside; shm-encode.bats has it in use.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

@test "nothing beyond a picture or its room is touched; strips equal the whole; bad calls are refused" {
    # Not in the Makefile's tests/*.c, which link no codec; from source, so that it may be sanitized.
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -pthread -fsanitize=undefined -fno-sanitize-recover \
        -I"$ROOT/lib" -o "$BATS_TEST_TMPDIR/jpeg-test" "$TESTS/unit/jpeg-test.c" \
        "$ROOT"/lib/image/jpeg.c "$ROOT"/lib/pixfmt.c "$ROOT"/lib/tool/thread.c "$ROOT"/lib/tool/scratch.c -ljpeg
    clean_run "$BATS_TEST_TMPDIR/jpeg-test"
}
