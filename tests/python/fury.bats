#!/usr/bin/env bats
# shmcast.fury: the stream client of FURY 0.12 with shmcast's stream; FURY's own page.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=python
load ../support/python

setup() {
    python_setup
    python_program fury || skip "no FURY 0.12 for this Python"
    display_for_vtk
}

@test "a stream client: its picture, and the viewers' input in FURY's numbers; a kill leaves nothing" {
    bg "$PYTHON" "$TESTS/python/client.py" >out
    client=$BG
    wait_until 60 grep -q '^http' out
    STREAM=$(head -n 1 out) URL=$(sed -n 2p out)
    watch_stream
    wait_until 30 pixel_is 160 120 254 0 0
    pixel_is 5 5 0 0 254
    event-inject "$STREAM" <<'END'
key_down key=a
pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=ctrl
pointer_move x=0.25 y=0.75 buttons=1
pointer_up x=0.25 y=0.75 button=1
pointer_down x=0.5 y=0.5 button=3 buttons=4 modifiers=shift
pointer_up x=0.5 y=0.5 button=3
pointer_down x=0.5 y=0.5 button=2 buttons=2
pointer_up x=0.5 y=0.5 button=2
END
    wait_until 30 grep -qx 'RightButtonPressEvent 160 120 0 0' out
    grep -qx 'LeftButtonPressEvent 80 60 1 0' out
    grep -qx 'MiddleButtonPressEvent 160 120 0 1' out
    wait_until 30 answered 8
    kill -KILL "$client"
    ends 137 "$client"
    wait_until 20 no_process "$STREAM"
    [ ! -e "/dev/shm/$STREAM" ]
}

# Whether the newest frame says that it shows an event of this number.
answered() {
    shm-read "$STREAM" | head -n 5 | grep -aq "event=$1 "
}

@test "the two classes by themselves: images beyond the stream's size, the queue from both ends" {
    shm-create -s 64x48 "$S"
    clean_run "$PYTHON" - <<'END'
import os
import numpy
from fury.stream.tools import GenericCircularQueue, GenericImageBufferManager
import shmcast.fury
manager = shmcast.fury.ImageBufferManager((64, 48), os.environ["S"])
queue = shmcast.fury.CircularQueue(os.environ["S"])
assert isinstance(manager, GenericImageBufferManager) and isinstance(queue, GenericCircularQueue)
image = numpy.arange(16 * 12 * 3, dtype=numpy.uint8)
manager.write_into(16, 12, image)
width, height, got = manager.get_current_frame()
assert (width, height) == (16, 12) and (got == image).all()
assert manager.get_jpeg()[:2] == b"\xff\xd8"
manager.write_into(65, 48, numpy.zeros(65 * 48 * 3, numpy.uint8))     # says so in the picture
width, height, got = manager.get_current_frame()
assert (width, height) == (64, 48) and (got.reshape(48, 64, 3) == manager.img_exceed.reshape(48, 64, 3)).all()
assert queue.dequeue() is None
rows = [[kind, 5 if kind == 1 else 0, 0.25, 0.5, 1, 0, 0, 0] for kind in range(1, 9)]
for row in rows:
    assert queue.enqueue(numpy.array(row))
for row in rows:
    got = queue.dequeue()
    assert got.dtype == float and got[6] > 0 and got[:6].tolist() == row[:6], (got, row)
assert queue.dequeue() is None
queue.cleanup()
manager.cleanup()
END
}

@test "FURY's own page plays and has control" {
    www=$(python -c 'import fury, os; print(os.path.dirname(fury.__file__))')/stream/server/www
    [ -f "$www/js/interaction.js" ] || skip "this FURY has no page"
    export SHMCAST_FURY_WWW=$www
    scenario www 'a page that speaks the FURY protocol shows the stream and has control'
    scenario www 'a page that speaks the FURY protocol plays WebRTC and has control'
}
