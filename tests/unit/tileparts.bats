#!/usr/bin/env bats
# Unit test of the parts that ws-serve makes of tiled JPEGs.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,quick
load ../support/helper

@test "parts of a picture bring any viewer up to date, and replace no sharp tile without need" {
    clean_run "$BUILD/tests/tileparts-test" "${SEED:-1}" "${COUNT:-400}"
}
