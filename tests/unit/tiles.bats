#!/usr/bin/env bats
# Unit test of a JPEG's tiles: their table, rectangles of them, and where a packet has the table.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,quick
load ../support/helper

@test "tiles: only sound tables are accepted, rectangles cover them, packets have further data" {
    clean_run "$BUILD/tests/tiles-test" "$S"
}
