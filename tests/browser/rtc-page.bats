#!/usr/bin/env bats
# The page over WebRTC: rtc-serve with a real browser. The scenarios are in tests/browser/rtc*.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper
load ../support/scenarios

@test "decoded frames keep up with the source and match its frames" {
    scenario rtc "decoded frames keep up with the source and match its frames"
}

@test "a drag over the data channel arrives complete and in order" {
    scenario rtc "a drag over the data channel arrives complete and in order"
}

@test "statistics: rates, frame and input delay, transport" {
    scenario rtc "statistics: rates, frame and input delay, transport"
}

@test "three browsers at once cost one encode" {
    scenario rtc "three browsers at once cost one encode"
}

@test "first: control passes from a WebRTC viewer to a WebSocket viewer" {
    scenario rtc-losses "first: control passes from a WebRTC viewer to a WebSocket viewer"
}

@test "axe finds nothing and the keyboard works over WebRTC" {
    scenario rtc "axe finds nothing and the keyboard works over WebRTC"
}

@test "pixels that are not square give the video its shape" {
    scenario rtc-losses "pixels that are not square give the video its shape"
}

@test "another picture size, and a larger stream" {
    scenario rtc-losses "another picture size, and a larger stream"
}

@test "a killed, closed or hidden browser is no viewer any more; the others continue" {
    scenario rtc-losses "a killed, closed or hidden browser is no viewer any more; the others continue"
}

@test "ICE without a route: WebSocket within 3 seconds" {
    scenario rtc-fallback "ICE without a route: WebSocket within 3 seconds"
}

@test "a refused offer: WebSocket at once, and WebRTC again if the WebSocket shows nothing" {
    scenario rtc-fallback "a refused offer: WebSocket at once, and WebRTC again if the WebSocket shows nothing"
}

@test "a browser that refuses WebRTC: WebSocket at once" {
    scenario rtc-fallback "a browser that refuses WebRTC: WebSocket at once"
}

@test "a WebRTC connection that breaks is restarted" {
    scenario rtc-fallback "a WebRTC connection that breaks is restarted"
}

@test "transport=ws and transport=mjpeg never try WebRTC" {
    scenario rtc-fallback "transport=ws and transport=mjpeg never try WebRTC"
}

@test "WebRTC connections that never last are given up" {
    scenario rtc-fallback "WebRTC connections that never last are given up"
}

@test "a killed server is noticed within a second, as its end is" {
    scenario rtc-losses "a killed server is noticed within a second, as its end is"
}

@test "another server on the same port does not end a connection" {
    scenario rtc-losses "another server on the same port does not end a connection"
}

@test "a crowd of viewers in one page" {
    scenario rtc-crowd "a crowd of viewers in one page"
}
