#!/usr/bin/env bats
# shmcast.rendercanvas: unmodified programs by python3 -m shmcast run.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=python
load ../support/python

setup() {
    python_setup
}

# Starts a program of this folder with a stream of our name; sets CANVAS and URL.
canvas() { # FILE [OPTION…]
    local file=$TESTS/python/$1
    shift
    bg "$PYTHON" -m shmcast run -n "$S" "$@" "$file" >out
    CANVAS=$BG
    wait_until 120 grep -q '^http' "$BG_ERR"
    URL=$(grep -m 1 ^http "$BG_ERR")
}

nothing_left() {
    wait_until 20 no_process "$S"
    [ ! -e "/dev/shm/$S" ]
}

@test "a program's picture, events in logical pixels, size; drawn on demand; an interrupt ends all" {
    canvas canvas.py
    [[ $URL =~ ^http://127.0.0.1:[0-9]+/\?token=.{32}$ ]]
    watch_stream
    wait_until 30 pixel_is 160 120 254 0 0
    picture_is 320 240
    event-inject "$S" <<'END'
resize width=640 height=320 ratio=2
pointer_down x=0.5 y=0.25 button=1 buttons=1 modifiers=shift
wheel dy=3 x=0.25 y=0.5
pointer_up x=0.5 y=0.25 button=1
key_down key=a
END
    wait_until 30 pixel_is 500 300 254 254 0
    picture_is 640 320
    grep -q "('event_type', 'resize').*('width', 320.0) ('height', 160.0) ('pixel_ratio', 2.0)" out
    grep -q "('x', 160.0) ('y', 40.0).*('buttons', (1,)).*('modifiers', ('Shift',)) ('event_type', 'pointer_down')" out
    grep -q "('x', 80.0) ('y', 80.0).*('dy', 3.0).*('event_type', 'wheel')" out
    grep -q "('key', 'a').*('event_type', 'key_down')" out
    (($(grep -c ^drawn out) <= 6))
    kill -INT "$CANVAS"
    ends 0 "$CANVAS"
    nothing_left
}

@test "pygfx: a cube, drawn nearer by the wheel; drawn while somebody watches" {
    python_program pygfx || skip "no pygfx here"
    canvas cube.py --no-token
    [[ $URL =~ ^http://127.0.0.1:[0-9]+/$ ]]
    watch_stream
    watcher=$BG
    wait_until 120 pixel_is 160 120 254 0 0
    pixel_is 5 5 0 0 254
    pixel_is 87 120 0 0 254
    event-inject "$S" wheel dy=-1000 x=0.5 y=0.5
    wait_until 60 pixel_is 87 120 254 0 0
    # It stops when nobody watches any more.
    kill "$watcher"
    ends 143 "$watcher"
    wait_until 60 rests
    kill -INT "$CANVAS"
    ends 0 "$CANVAS" 60
    nothing_left
}

# Nothing is drawn in half a second.
rests() {
    local before
    before=$(grep -c ^drawn out)
    sleep 0.5
    [ "$(grep -c ^drawn out)" = "$before" ]
}

@test "wrong options, a missing program and missing packages are reported" {
    run -2 python -m shmcast run
    [[ $output == *"usage: python3 -m shmcast run"* ]]
    run -1 python -m shmcast run none.py
    [[ $output == *"none.py"* ]]
    run -1 python -c 'import sys; sys.modules["rendercanvas.asyncio"] = None
import shmcast.__main__; sys.argv = ["shmcast", "run", "x.py"]; shmcast.__main__.main()'
    [[ ${lines[-1]} == "shmcast: rendercanvas.asyncio is missing: pip install rendercanvas numpy" ]]
    [ "$(python -m shmcast --version)" = "shmcast $(sed -n 's/^VERSION := //p' "$ROOT/Makefile")" ]
}
