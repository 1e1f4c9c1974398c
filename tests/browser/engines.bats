#!/usr/bin/env bats
# The page in three engines with the real pipeline. The scenarios are in engines.test.mjs; those of page.bats
# have all the details, in Chromium.
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper
load ../support/scenarios

@test "Chromium shows the picture" {
    ENGINE=chromium scenario engines "an engine shows the picture"
}

@test "Chromium sends drags and the wheel" {
    ENGINE=chromium scenario engines "an engine sends drags and the wheel"
}

@test "Chromium sends a right drag with Shift, and the page says if the browser opens its own menu" {
    ENGINE=chromium scenario engines "an engine sends a right drag with Shift, and the page says if the browser opens its own menu"
}

@test "Chromium sends keys with their modifiers" {
    ENGINE=chromium scenario engines "an engine sends keys with their modifiers"
}

@test "Chromium sends text, and shows the cursor that the drawing program chooses" {
    ENGINE=chromium scenario engines "an engine sends text, and shows the cursor that the drawing program chooses"
}

@test "Chromium sends fingers" {
    ENGINE=chromium scenario engines "an engine sends fingers"
}

@test "Chromium reconnects after the server has restarted" {
    ENGINE=chromium scenario engines "an engine reconnects after the server has restarted"
}

@test "Chromium draws a picture that changes here and there" {
    ENGINE=chromium scenario engines "an engine draws a picture that changes here and there"
}

@test "Chromium uses WebRTC if it has it, otherwise a WebSocket" {
    ENGINE=chromium scenario engines "an engine uses WebRTC if it has it, otherwise a WebSocket"
}

@test "Chromium keeps its memory over many pictures" {
    ENGINE=chromium scenario engines "an engine keeps its memory over many pictures"
}

@test "Firefox shows the picture" {
    ENGINE=firefox scenario engines "an engine shows the picture"
}

@test "Firefox sends drags and the wheel" {
    ENGINE=firefox scenario engines "an engine sends drags and the wheel"
}

@test "Firefox sends a right drag with Shift, and the page says if the browser opens its own menu" {
    ENGINE=firefox scenario engines "an engine sends a right drag with Shift, and the page says if the browser opens its own menu"
}

@test "Firefox sends keys with their modifiers" {
    ENGINE=firefox scenario engines "an engine sends keys with their modifiers"
}

@test "Firefox sends text, and shows the cursor that the drawing program chooses" {
    ENGINE=firefox scenario engines "an engine sends text, and shows the cursor that the drawing program chooses"
}

@test "Firefox sends fingers" {
    ENGINE=firefox scenario engines "an engine sends fingers"
}

@test "Firefox reconnects after the server has restarted" {
    ENGINE=firefox scenario engines "an engine reconnects after the server has restarted"
}

@test "Firefox draws a picture that changes here and there" {
    ENGINE=firefox scenario engines "an engine draws a picture that changes here and there"
}

@test "Firefox uses WebRTC if it has it, otherwise a WebSocket" {
    ENGINE=firefox scenario engines "an engine uses WebRTC if it has it, otherwise a WebSocket"
}

@test "Firefox keeps its memory over many pictures" {
    ENGINE=firefox scenario engines "an engine keeps its memory over many pictures"
}

@test "WebKit shows the picture" {
    ENGINE=webkit scenario engines "an engine shows the picture"
}

@test "WebKit sends drags and the wheel" {
    ENGINE=webkit scenario engines "an engine sends drags and the wheel"
}

@test "WebKit sends a right drag with Shift, and the page says if the browser opens its own menu" {
    ENGINE=webkit scenario engines "an engine sends a right drag with Shift, and the page says if the browser opens its own menu"
}

@test "WebKit sends keys with their modifiers" {
    ENGINE=webkit scenario engines "an engine sends keys with their modifiers"
}

@test "WebKit sends text, and shows the cursor that the drawing program chooses" {
    ENGINE=webkit scenario engines "an engine sends text, and shows the cursor that the drawing program chooses"
}

@test "WebKit sends fingers" {
    ENGINE=webkit scenario engines "an engine sends fingers"
}

@test "WebKit reconnects after the server has restarted" {
    ENGINE=webkit scenario engines "an engine reconnects after the server has restarted"
}

@test "WebKit draws a picture that changes here and there" {
    ENGINE=webkit scenario engines "an engine draws a picture that changes here and there"
}

@test "WebKit uses WebRTC if it has it, otherwise a WebSocket" {
    ENGINE=webkit scenario engines "an engine uses WebRTC if it has it, otherwise a WebSocket"
}

@test "WebKit keeps its memory over many pictures" {
    ENGINE=webkit scenario engines "an engine keeps its memory over many pictures"
}
