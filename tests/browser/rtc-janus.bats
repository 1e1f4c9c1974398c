#!/usr/bin/env bats
# rtc-serve --rtp and Debian's Janus, which serves the video to browsers; the scenarios are
# tests/browser/janus.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper
load ../support/scenarios

@test "two browsers play from Janus, input returns through rtc-serve" {
    scenario janus "two browsers play from Janus, input returns through rtc-serve"
}
