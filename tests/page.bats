#!/usr/bin/env bats
# The page in a real browser against the real pipeline; the scenarios are tests/browser/*.test.mjs.
bats_require_minimum_version 1.5.0
load helper

@test "the canvas shows the picture, at the page and at the root" {
    scenario picture "the canvas shows the picture, at the page and at the root"
}

@test "pictures go on, never back, and each is whole" {
    scenario picture "pictures go on, never back, and each is whole"
}

@test "pictures that were drawn are acknowledged" {
    scenario picture "pictures that were drawn are acknowledged"
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
    scenario pointer "a finger is a pointer of its own"
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

@test "actual size, scrolled" {
    scenario scaled "actual size, scrolled"
}

@test "keys with modifiers, as the DOM names them" {
    scenario keys "keys with modifiers, as the DOM names them"
}

@test "a press carries the modifiers" {
    scenario keys "a press carries the modifiers"
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

@test "frames a second, delay and data rate are true" {
    scenario looks "frames a second, delay and data rate are true"
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

@test "MJPEG shows the last picture of a stream that stands still" {
    scenario mjpeg "MJPEG shows the last picture of a stream that stands still"
}

@test "every scenario of the browser tests is run" {
    for file in "$TESTS"/browser/*.test.mjs; do
        base=${file##*/}
        sed -n "s/^test('\([^']*\)'.*/\1/p" "$file" | while read -r title; do
            echo "$base: $title"
            cat "$TESTS"/*.bats | grep -Fqx "    scenario ${base%.test.mjs} \"$title\""
        done
    done
}
