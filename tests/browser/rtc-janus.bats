#!/usr/bin/env bats
# rtc-serve --rtp with Debian's Janus, which serves the video to browsers. The scenarios are in
# tests/browser/janus.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper
load ../support/scenarios

@test "two browsers play from Janus, input returns through rtc-serve" {
    skip_missing janus # Debian 13 does not have it
    scenario janus "two browsers play from Janus, input returns through rtc-serve"
}
