#!/usr/bin/env bats
# The page in a real browser against the real pipeline; the scenarios are tests/browser/*.test.mjs.
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper
load ../support/scenarios

@test "the canvas shows the picture, at the page and at the root" {
    scenario picture "the canvas shows the picture, at the page and at the root"
}

@test "pictures go on, never back, and each is whole" {
    scenario picture "pictures go on, never back, and each is whole"
}

@test "pictures that were drawn are acknowledged" {
    scenario picture "pictures that were drawn are acknowledged"
}

@test "frames a second, frame delay, data rate and dropped pictures are those of the wire" {
    scenario numbers "frames a second, frame delay, data rate and dropped pictures are those of the wire"
}

@test "a page that was busy draws the newest of what came, and tells how many it did not" {
    scenario numbers "a page that was busy draws the newest of what came, and tells how many it did not"
}

@test "input delay ends with the first picture that shows the event" {
    scenario numbers "input delay ends with the first picture that shows the event"
}

@test "input delay is known too when the picture is there before the pong" {
    scenario numbers "input delay is known too when the picture is there before the pong"
}

@test "a drag comes out whole and in order" {
    scenario pointer "a drag comes out whole and in order"
}

@test "a press has its own place, after the move that waited for its frame" {
    scenario pointer "a press has its own place, after the move that waited for its frame"
}

@test "a drag goes on outside the picture" {
    scenario pointer "a drag goes on outside the picture"
}

@test "right, middle and two buttons at once" {
    scenario pointer "right, middle and two buttons at once"
}

@test "wheel, with modifiers, scrolls the stream and not the page" {
    scenario pointer "wheel, with modifiers, scrolls the stream and not the page"
}

@test "double click" {
    scenario pointer "double click"
}

@test "a finger is a pointer of its own" {
    scenario touch "a finger is a pointer of its own"
}

@test "one finger drags, and the press is where it began" {
    scenario touch "one finger drags, and the press is where it began"
}

@test "a finger that rests presses" {
    scenario touch "a finger that rests presses"
}

@test "two taps are a double click" {
    scenario touch "two taps are a double click"
}

@test "two fingers together drag with the right button" {
    scenario touch "two fingers together drag with the right button"
}

@test "a pinch is the wheel at the place between the fingers" {
    scenario touch "a pinch is the wheel at the place between the fingers"
}

@test "a second finger ends the drag of the first" {
    scenario touch "a second finger ends the drag of the first"
}

@test "two fingers tap: a right click; three do nothing" {
    scenario touch "two fingers tap: a right click; three do nothing"
}

@test "fingers=wheel and fingers=apart" {
    scenario touch "fingers=wheel and fingers=apart"
}

@test "a pinch on a touchpad is a wheel without Control" {
    scenario touch "a pinch on a touchpad is a wheel without Control"
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

@test "in a page that is scaled, moved and at another pixel ratio" {
    scenario scaled "in a page that is scaled, moved and at another pixel ratio"
}

@test "filled, cut on the long side" {
    scenario scaled "filled, cut on the long side"
}

@test "what was chosen holds after a reload, and the address goes first" {
    scenario scaled "what was chosen holds after a reload, and the address goes first"
}

@test "actual size, scrolled" {
    scenario scaled "actual size, scrolled"
}

@test "keys with modifiers, as the DOM names them" {
    scenario keys "keys with modifiers, as the DOM names them"
}

@test "a press carries the modifiers" {
    scenario keys "a press carries the modifiers"
}

@test "pasting is left to the browser, and types nothing" {
    scenario keys "pasting is left to the browser, and types nothing"
}

@test "AltGr types its sign, and Control and Alt are not held" {
    scenario keys "AltGr types its sign, and Control and Alt are not held"
}

@test "a held key is one key_down, and scrolls nothing" {
    scenario keys "a held key is one key_down, and scrolls nothing"
}

@test "Tab leaves the picture, both ways, and the buttons work by keys" {
    scenario keys "Tab leaves the picture, both ways, and the buttons work by keys"
}

@test "what is held is let go when the page loses the focus" {
    scenario keys "what is held is let go when the page loses the focus"
}

@test "a modifier that was let go elsewhere does not stick" {
    scenario keys "a modifier that was let go elsewhere does not stick"
}

@test "what is held is let go when the page is left" {
    scenario keys "what is held is let go when the page is left"
}

@test "first: one steers, hands over, lets go, begins" {
    scenario steer "first: one steers, hands over, lets go, begins"
}

@test "token: who may takes over at once, a view token only looks" {
    scenario steer "token: who may takes over at once, a view token only looks"
}

@test "any: both steer, and only their number is shown" {
    scenario steer "any: both steer, and only their number is shown"
}

@test "view only: nothing is sent, and the page says so" {
    scenario steer "view only: nothing is sent, and the page says so"
}

@test "interaction=0 never steers" {
    scenario steer "interaction=0 never steers"
}

@test "a hidden page is no viewer, and comes back at once" {
    scenario steer "a hidden page is no viewer, and comes back at once"
}

@test "the lower stream of a ladder is named, and nothing is miscounted at the change" {
    scenario ladder "the lower stream of a ladder is named, and nothing is miscounted at the change"
}

@test "the page survives a restart of the server, and says so" {
    scenario follow "the page survives a restart of the server, and says so"
}

@test "the page follows --replace to a larger stream" {
    scenario follow "the page follows --replace to a larger stream"
}

@test "a picture of another size, in the same stream" {
    scenario follow "a picture of another size, in the same stream"
}

@test "the window tells its size, in pixels of the screen" {
    scenario follow "the window tells its size, in pixels of the screen"
}

@test "nothing is crowded out from 320 pixels up" {
    scenario looks "nothing is crowded out from 320 pixels up"
}

@test "waiting for the first picture, then live, then stalled" {
    scenario looks "waiting for the first picture, then live, then stalled"
}

@test "a picture from before the page came tells nothing of the delay" {
    scenario looks "a picture from before the page came tells nothing of the delay"
}

@test "full screen takes the picture, Escape gives it back" {
    scenario looks "full screen takes the picture, Escape gives it back"
}

@test "nothing comes from elsewhere and nothing is inline" {
    scenario looks "nothing comes from elsewhere and nothing is inline"
}

@test "axe finds nothing in the dark" {
    scenario axe "axe finds nothing in the dark"
}

@test "axe finds nothing in the light, 320 pixels wide" {
    scenario axe "axe finds nothing in the light, 320 pixels wide"
}

@test "bar=0 leaves the picture, background colours what is beside it" {
    scenario options "bar=0 leaves the picture, background colours what is beside it"
}

@test "without JavaScript the picture is there" {
    scenario options "without JavaScript the picture is there"
}

@test "a server that asks for a token: the page says what to do" {
    scenario options "a server that asks for a token: the page says what to do"
}

@test "a server that is full: the page says so, and comes in when there is room" {
    scenario options "a server that is full: the page says so, and comes in when there is room"
}

@test "a stream that was removed: the page says so" {
    scenario options "a stream that was removed: the page says so"
}

@test "every bitmap is closed, the heap stays flat, and a slow page ends on the newest" {
    scenario memory "every bitmap is closed, the heap stays flat, and a slow page ends on the newest"
}

@test "MJPEG shows the last picture of a stream that stands still" {
    scenario mjpeg "MJPEG shows the last picture of a stream that stands still"
}

@test "transport=mjpeg: the same pictures by MJPEG alone, and nobody steers" {
    scenario transport "transport=mjpeg: the same pictures by MJPEG alone, and nobody steers"
}

@test "pictures by MJPEG are whole, large and many" {
    scenario transport "pictures by MJPEG are whole, large and many"
}

@test "a server that has no WebRTC is spoken to by WebSocket, whatever the address wants" {
    scenario transport "a server that has no WebRTC is spoken to by WebSocket, whatever the address wants"
}

@test "every scenario of the browser tests is run" {
    for file in "$TESTS"/browser/*.test.mjs; do
        base=${file##*/}
        sed -n "s/^test('\([^']*\)'.*/\1/p" "$file" | while read -r title; do
            echo "$base: $title"
            cat "$TESTS"/*.bats | grep -Fq " scenario ${base%.test.mjs} \"$title\""
        done
    done
}
