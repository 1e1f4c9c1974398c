#!/usr/bin/env bats
# ws-serve sends viewers that ask only the parts of packets that they lack. browser/page.bats shows that
# these make the right picture.
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize,threads
load ../support/helper

@test "viewers that ask get the parts that they lack, others whole packets; sharp packets hold up no other" {
    shm-create -s 320x200 "$S"
    bg shm-encode "$S"
    serve "$S"
    clean_run "$TESTS/server/ws-viewers.py" parts --url "ws://127.0.0.1:$PORT/$S/ws"
}

@test "a sharp packet that waits for acknowledgements opens no window" {
    shm-create -s 320x200 "$S"
    bg shm-encode "$S"
    serve "$S"
    clean_run "$TESTS/server/ws-viewers.py" still --url "ws://127.0.0.1:$PORT/$S/ws"
}

@test "a viewer that draws no parts and requests a whole packet gets it at once" {
    shm-create -s 320x200 "$S"
    bg shm-encode -s 0 "$S"
    serve "$S"
    clean_run "$TESTS/server/ws-viewers.py" again --url "ws://127.0.0.1:$PORT/$S/ws"
}
