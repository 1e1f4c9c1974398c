#!/usr/bin/env bats
# Unit test of the encoder; shm-encode.bats tests the program.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads,quick
load ../support/helper

@test "jpeg: no access outside image and buffer; threads give the same image; invalid calls are refused" {
    # Built here because the Makefile links no codec to tests; from source, to sanitize the library too.
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -pthread -fsanitize=undefined -fno-sanitize-recover \
        -I"$ROOT/lib" -I"$TESTS" -o "$BATS_TEST_TMPDIR/jpeg-test" "$TESTS/unit/jpeg-test.c" \
        "$ROOT"/lib/{image/jpeg,image/jpegcoder,image/jpeghead,image/tilerects,image/bt601,pixfmt,tool/thread,tool/scratch}.c -ljpeg -lm
    clean_run "$BATS_TEST_TMPDIR/jpeg-test"
}
