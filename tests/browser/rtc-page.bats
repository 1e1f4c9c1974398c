#!/usr/bin/env bats
# The page over WebRTC, in a real browser against rtc-serve; the scenarios are tests/browser/rtc*.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper
load ../support/scenarios

@test "decoded frames grow as the source does, and are what it drew" {
    scenario rtc "decoded frames grow as the source does, and are what it drew"
}

@test "a drag over the data channel comes out whole and in order" {
    scenario rtc "a drag over the data channel comes out whole and in order"
}

@test "the numbers: rates, delays of frames and input, the way" {
    scenario rtc "the numbers: rates, delays of frames and input, the way"
}

@test "three browsers at once cost one encode" {
    scenario rtc "three browsers at once cost one encode"
}

@test "first: a viewer by WebRTC and one by WebSocket hand over" {
    scenario rtc-losses "first: a viewer by WebRTC and one by WebSocket hand over"
}

@test "axe finds nothing, and keys find their way, by WebRTC" {
    scenario rtc "axe finds nothing, and keys find their way, by WebRTC"
}

@test "another size, and a larger stream" {
    scenario rtc-losses "another size, and a larger stream"
}

@test "who is killed, leaves or looks away is a viewer no more; the rest goes on" {
    scenario rtc-losses "who is killed, leaves or looks away is a viewer no more; the rest goes on"
}

@test "ICE that finds no way: by WebSocket within 3 seconds" {
    scenario rtc-fallback "ICE that finds no way: by WebSocket within 3 seconds"
}

@test "an offer that is refused: by WebSocket at once, and WebRTC again where that shows nothing" {
    scenario rtc-fallback "an offer that is refused: by WebSocket at once, and WebRTC again where that shows nothing"
}

@test "WebRTC that breaks later is begun again" {
    scenario rtc-fallback "WebRTC that breaks later is begun again"
}

@test "transport=ws and transport=mjpeg never try WebRTC" {
    scenario rtc-fallback "transport=ws and transport=mjpeg never try WebRTC"
}

@test "WebRTC that never lasts is left alone" {
    scenario rtc-fallback "WebRTC that never lasts is left alone"
}
