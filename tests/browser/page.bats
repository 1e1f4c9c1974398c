#!/usr/bin/env bats
# The page in a real browser with the real pipeline. The scenarios are in *.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper
load ../support/scenarios

@test "the canvas shows the picture, on the page of a stream and at the root" {
    scenario picture "the canvas shows the picture, on the page of a stream and at the root"
}

@test "pixels that are not square give the picture its shape" {
    scenario picture "pixels that are not square give the picture its shape"
}

@test "frames never go backwards, and each is complete" {
    scenario picture "frames never go backwards, and each is complete"
}

@test "drawn frames are acknowledged" {
    scenario picture "drawn frames are acknowledged"
}

@test "a script that was lost on the way is fetched again" {
    scenario picture "a script that was lost on the way is fetched again"
}

@test "a request that the browser never ends is repeated" {
    scenario picture "a request that the browser never ends is repeated"
}

@test "frame rate, frame delay, data rate and dropped frames match the wire" {
    scenario stats "frame rate, frame delay, data rate and dropped frames match the wire"
}

@test "the sharpened picture of a frame is no delay" {
    scenario stats "the sharpened picture of a frame is no delay"
}

@test "a busy page draws the newest frame and counts those it skipped" {
    scenario stats "a busy page draws the newest frame and counts those it skipped"
}

@test "input delay ends with the first frame that shows the event" {
    scenario stats "input delay ends with the first frame that shows the event"
}

@test "input delay is known even if the frame arrives before the pong" {
    scenario stats "input delay is known even if the frame arrives before the pong"
}

@test "a clock of whole milliseconds shows no delay of 0.0 ms" {
    scenario stats "a clock of whole milliseconds shows no delay of 0.0 ms"
}

@test "a drag arrives complete and in order" {
    scenario pointer "a drag arrives complete and in order"
}

@test "a press has its own position, after the move that waited for its animation frame" {
    scenario pointer "a press has its own position, after the move that waited for its animation frame"
}

@test "a drag continues outside the picture" {
    scenario pointer "a drag continues outside the picture"
}

@test "right button, middle button, two buttons at once" {
    scenario pointer "right button, middle button, two buttons at once"
}

@test "the wheel, with modifiers, scrolls the stream and not the page" {
    scenario pointer "the wheel, with modifiers, scrolls the stream and not the page"
}

@test "double click" {
    scenario pointer "double click"
}

@test "a finger is a pointer of its own" {
    scenario touch "a finger is a pointer of its own"
}

@test "one finger drags, and the press is where the finger touched" {
    scenario touch "one finger drags, and the press is where the finger touched"
}

@test "a resting finger presses" {
    scenario touch "a resting finger presses"
}

@test "two taps are a double click" {
    scenario touch "two taps are a double click"
}

@test "two fingers that move together drag with the right button" {
    scenario touch "two fingers that move together drag with the right button"
}

@test "a pinch turns the wheel at the point between the fingers" {
    scenario touch "a pinch turns the wheel at the point between the fingers"
}

@test "a second finger ends the drag of the first" {
    scenario touch "a second finger ends the drag of the first"
}

@test "a two-finger tap is a right click; three fingers do nothing" {
    scenario touch "a two-finger tap is a right click; three fingers do nothing"
}

@test "fingers=wheel and fingers=apart" {
    scenario touch "fingers=wheel and fingers=apart"
}

@test "a pinch on a touchpad is a wheel event without Control" {
    scenario touch "a pinch on a touchpad is a wheel event without Control"
}

@test "a pen is a pointer of its own, hovers, and has a second button" {
    scenario touch "a pen is a pointer of its own, hovers, and has a second button"
}

@test "letterboxed in a wide window" {
    scenario scaled "letterboxed in a wide window"
}

@test "letterboxed in a narrow window" {
    scenario scaled "letterboxed in a narrow window"
}

@test "on a page that is scaled, moved and at another pixel ratio" {
    scenario scaled "on a page that is scaled, moved and at another pixel ratio"
}

@test "fill, cropped on the long side" {
    scenario scaled "fill, cropped on the long side"
}

@test "the last choice survives a reload, and options in the address win" {
    scenario scaled "the last choice survives a reload, and options in the address win"
}

@test "actual size, scrolled" {
    scenario scaled "actual size, scrolled"
}

@test "keys with modifiers have their DOM names" {
    scenario keys "keys with modifiers have their DOM names"
}

@test "a press carries the modifiers" {
    scenario keys "a press carries the modifiers"
}

@test "pasting is left to the browser and types nothing" {
    scenario keys "pasting is left to the browser and types nothing"
}

@test "Alt alone goes to the stream and does not open the menu of the browser" {
    scenario keys "Alt alone goes to the stream and does not open the menu of the browser"
}

@test "AltGr types its character without Control and Alt" {
    scenario keys "AltGr types its character without Control and Alt"
}

@test "keys=text: typed, composed and pasted text arrives, and Tab after Escape leaves the picture" {
    scenario text "keys=text: typed, composed and pasted text arrives, and Tab after Escape leaves the picture"
}

@test "keys=text: a paste that is too long is refused, and the page says so" {
    scenario text "keys=text: a paste that is too long is refused, and the page says so"
}

@test "a held key gives one key_down and scrolls nothing" {
    scenario keys "a held key gives one key_down and scrolls nothing"
}

@test "Tab leaves the picture in both directions, and the buttons work by keyboard" {
    scenario keys "Tab leaves the picture in both directions, and the buttons work by keyboard"
}

@test "everything is released when the page loses the focus" {
    scenario keys "everything is released when the page loses the focus"
}

@test "a modifier that was released elsewhere does not stick" {
    scenario keys "a modifier that was released elsewhere does not stick"
}

@test "everything is released when the page is left" {
    scenario keys "everything is released when the page is left"
}

@test "first: one viewer has control, hands it over, releases it, takes it" {
    scenario control "first: one viewer has control, hands it over, releases it, takes it"
}

@test "token: a control token may take over at once, a view token only watches" {
    scenario control "token: a control token may take over at once, a view token only watches"
}

@test "any: both viewers have control, and only their number is shown" {
    scenario control "any: both viewers have control, and only their number is shown"
}

@test "view only: nothing is sent, and the page says so" {
    scenario control "view only: nothing is sent, and the page says so"
}

@test "interaction=0 never takes control" {
    scenario control "interaction=0 never takes control"
}

@test "input without control gets an invitation, or the reason" {
    scenario control "input without control gets an invitation, or the reason"
}

@test "viewers have the names that they choose" {
    scenario control "viewers have the names that they choose"
}

@test "the drawing program chooses the cursor" {
    scenario control "the drawing program chooses the cursor"
}

@test "a hidden page disconnects, and reconnects at once when shown" {
    scenario control "a hidden page disconnects, and reconnects at once when shown"
}

@test "the page names the lower stream of a ladder, and the switch miscounts nothing" {
    scenario ladder "the page names the lower stream of a ladder, and the switch miscounts nothing"
}

@test "the page survives a restart of the server, and says so" {
    scenario follow "the page survives a restart of the server, and says so"
}

@test "the page follows --replace to a larger stream" {
    scenario follow "the page follows --replace to a larger stream"
}

@test "a picture of another size in the same stream" {
    scenario follow "a picture of another size in the same stream"
}

@test "the size of the window is reported in screen pixels" {
    scenario follow "the size of the window is reported in screen pixels"
}

@test "nothing overlaps or is cut off from 320 pixels up" {
    scenario appearance "nothing overlaps or is cut off from 320 pixels up"
}

@test "nothing overlaps or is cut off on a touch screen" {
    scenario appearance "nothing overlaps or is cut off on a touch screen"
}

@test "waiting for the first picture, then live, then still" {
    scenario appearance "waiting for the first picture, then live, then still"
}

@test "a picture from before the page connected does not count as delay" {
    scenario appearance "a picture from before the page connected does not count as delay"
}

@test "full screen shows the picture, Escape leaves it" {
    scenario appearance "full screen shows the picture, Escape leaves it"
}

@test "nothing is loaded from elsewhere and nothing is inline" {
    scenario appearance "nothing is loaded from elsewhere and nothing is inline"
}

@test "stalled, with the reason, only if a writer has ended or is stopped" {
    scenario appearance "stalled, with the reason, only if a writer has ended or is stopped"
}

@test "stalled, if newer pictures do not arrive" {
    scenario appearance "stalled, if newer pictures do not arrive"
}

@test "help begins with what a user does, and a phone can close it" {
    scenario appearance "help begins with what a user does, and a phone can close it"
}

@test "the picture is saved as PNG and JPEG" {
    scenario appearance "the picture is saved as PNG and JPEG"
}

@test "the picture is recorded" {
    scenario appearance "the picture is recorded"
}

@test "axe finds nothing in the dark scheme" {
    scenario axe "axe finds nothing in the dark scheme"
}

@test "axe finds nothing in the light scheme, 320 pixels wide" {
    scenario axe "axe finds nothing in the light scheme, 320 pixels wide"
}

@test "bar=0 leaves only the picture, background colours the rest" {
    scenario options "bar=0 leaves only the picture, background colours the rest"
}

@test "without JavaScript the picture is shown" {
    scenario options "without JavaScript the picture is shown"
}

@test "a server that requires a token: the page says what to do" {
    scenario options "a server that requires a token: the page says what to do"
}

@test "a full server: the page says so, and connects when there is room" {
    scenario options "a full server: the page says so, and connects when there is room"
}

@test "a removed stream: the page says so" {
    scenario options "a removed stream: the page says so"
}

@test "every bitmap is closed, the heap stays flat, and a slow page ends on the newest frame" {
    scenario memory "every bitmap is closed, the heap stays flat, and a slow page ends on the newest frame"
}

@test "MJPEG shows the last picture of a still stream" {
    scenario mjpeg "MJPEG shows the last picture of a still stream"
}

@test "transport=mjpeg: the same pictures by MJPEG alone, view only" {
    scenario transport "transport=mjpeg: the same pictures by MJPEG alone, view only"
}

@test "large MJPEG pictures are complete, and keep coming" {
    scenario transport "large MJPEG pictures are complete, and keep coming"
}

@test "a server without WebRTC gets a WebSocket, whatever the address asks for" {
    scenario transport "a server without WebRTC gets a WebSocket, whatever the address asks for"
}

@test "random rectangles: the canvas ends equal to the whole picture, to the pixel" {
    scenario parts "random rectangles: the canvas ends equal to the whole picture, to the pixel"
}

@test "random rectangles, sharpened in pauses: the canvas ends equal to the whole picture" {
    scenario parts "random rectangles, sharpened in pauses: the canvas ends equal to the whole picture"
}

@test "random rectangles: a lost connection, a stopped page, other sizes, another stream" {
    scenario parts "random rectangles: a lost connection, a stopped page, other sizes, another stream"
}

@test "random rectangles: a viewer with 1 MB/s and 200 ms skips pictures and ends equal" {
    scenario parts "random rectangles: a viewer with 1 MB/s and 200 ms skips pictures and ends equal"
}

@test "parts with subsampled chroma differ from the whole picture only at their edges" {
    scenario parts "parts with subsampled chroma differ from the whole picture only at their edges"
}

@test "every scenario of the browser tests runs" {
    for file in "$TESTS"/browser/*.test.mjs; do
        base=${file##*/}
        sed -n "s/^test('\([^']*\)'.*/\1/p" "$file" | while read -r title; do
            echo "$base: $title"
            cat "$TESTS"/*/*.bats | grep -Fq " scenario ${base%.test.mjs} \"$title\""
        done
    done
}
