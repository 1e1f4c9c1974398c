#!/usr/bin/env bats
# Unit test of pixel formats and colours.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,quick
load ../support/helper

@test "pixfmt: colours of each matrix and range, alpha of each kind, padded rows, impossible images" {
    skip_missing pixfmt-test
    clean_run pixfmt-test
}
