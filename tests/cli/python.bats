#!/usr/bin/env bats
# lib/python: streams of the package shmcast, with Debian's Python and numpy.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=core
load ../support/helper

setup() {
    common_setup
    export PYTHONPATH=$ROOT/lib/python PYTHONDONTWRITEBYTECODE=1
    sanitized && skip "Python would load a sanitizer with the library"
    cd "$BATS_TEST_TMPDIR"
}

# Runs a program on standard input, without output on stderr.
python() {
    clean_run /usr/bin/python3 - "$@"
}

@test "frames of each format arrive as they were written" {
    "$TESTS/support/pattern.py" 31x17 rgb24 top-down raw pattern
    for format in gray8 rgb24 bgr24 rgba bgra f32 yuv420p yuv422p yuv444p; do
        echo "$format"
        python "$format" <<'END'
import os, subprocess, sys
import numpy as np
import shmcast
random = np.random.default_rng(1)
with shmcast.Stream(os.environ["S"], size=(31, 17), format=sys.argv[1]) as stream:
    assert stream.size == (31, 17) and stream.format == sys.argv[1]
    for size in None, (8, 6):
        frame = stream.frame(size)
        width, height = size or (31, 17)
        channels = {"rgb24": 3, "bgr24": 3, "rgba": 4, "bgra": 4}.get(sys.argv[1])
        if not sys.argv[1].startswith("yuv"):
            assert frame.shape == ((height, width, channels) if channels else (height, width)), frame.shape
        assert frame.dtype == (np.float32 if sys.argv[1] == "f32" else np.uint8)
        frame[:] = random.integers(0, 256, frame.shape)
        data = frame.tobytes()
        number = stream.publish()
        raw = subprocess.run(["shm-read", "-f", "raw", os.environ["S"]], capture_output=True, check=True)
        assert raw.stdout == data, (len(raw.stdout), len(data))
        other = shmcast.Stream(os.environ["S"])
        assert other.latest().tobytes() == data and number == (1 if size is None else 2)
END
        [ ! -e "/dev/shm/$S" ]
    done
}

@test "rows from the lowest up; nothing of a frame that was not published; all slots in use" {
    python <<'END'
import os
import numpy as np
import shmcast
name = os.environ["S"]
stream = shmcast.Stream(name, size=(4, 3), slots=2)
stream.frame()[:] = np.arange(3)[:, None, None]
stream.publish(bottom_up=True)
reader = shmcast.Stream(name)
assert not stream.watched
assert reader.latest()[:, 0, 0].tolist() == [2, 1, 0]
assert stream.watched
stream.frame()[:] = 9
stream.frame()[:] = 8       # takes the place of the last one
assert reader.latest()[0, 0, 0] == 2
assert stream.publish() == 2
others = [shmcast.Stream(name) for _ in range(2)]
others[0].latest()          # the second frame; the first one is pinned by reader
assert stream.frame() is None
assert others[1].latest()[0, 0, 0] == 8
try:
    stream.publish()
except ValueError as error:
    assert "needs a frame" in str(error)
try:
    stream.frame((5, 3))
except OSError as error:
    assert error.errno == 90, error  # EMSGSIZE
END
    for numpy in numpy none; do
        python "$numpy" <<'END'
import subprocess, sys
if sys.argv[1] == "none":
    sys.modules["numpy"] = None
import shmcast
for format in "yuv420p", "yuv422p", "yuv444p", "gray8":
    with shmcast.Stream(size=(5, 7), format=format) as stream:
        frame = memoryview(stream.frame()).cast("B")
        frame[:] = bytes(range(len(frame)))
        stream.publish(bottom_up=True)
        raw = subprocess.run(["shm-read", "-f", "raw", stream.name], capture_output=True, check=True).stdout
        assert shmcast.Stream(stream.name).latest().tobytes() == raw, format
END
    done
}

@test "events: numbered, merged, in renderview's names; frames say which they answer" {
    python <<'END'
import os, re, subprocess
import shmcast
name = os.environ["S"]
stream = shmcast.Stream(name, size=(16, 16))

def inject(*lines):
    subprocess.run(["event-inject", name], input="\n".join(lines).encode(), check=True)

assert stream.events() == [] and stream.events(timeout=0.01) == []
inject("pointer_down x=0.25 y=0.75 button=1 buttons=5 modifiers=shift,meta viewer=3 t=12.5", "pointer_move x=0.1 y=0",
       "pointer_move x=0.2 y=0.5", "wheel dy=3 x=0.5 y=1", "wheel dy=4", "key_down key=%C3%A9 modifiers=ctrl,alt",
       "resize width=800 height=601 ratio=2", "double_click x=1 y=1 button=2")
events = stream.events(timeout=60)
down = {"type": "pointer_down", "number": 1, "timestamp": 12.5, "viewer": 3, "x": 0.25, "y": 0.75, "pointer": 0,
        "button": 1, "buttons": (1, 3), "modifiers": ("Shift", "Meta")}
assert events[0] == down, events[0]
assert [(e["type"], e["number"]) for e in events] == [("pointer_down", 1), ("pointer_move", 3), ("wheel", 5),
    ("key_down", 6), ("resize", 7), ("double_click", 8)], events
assert events[1]["x"] == 0.20000000298023224 and events[2]["dy"] == 7
assert events[3]["key"] == "\u00e9" and events[3]["modifiers"] == ("Control", "Alt")
resize = events[4]
assert (resize["width"], resize["height"], resize["pwidth"], resize["pheight"], resize["ratio"]) == (400, 300.5, 800, 601, 2)

def answered():
    done = subprocess.run(["shm-read", name], capture_output=True, check=True)
    return int(re.search(rb"event=(\d+)", done.stdout)[1])

stream.frame(); stream.publish()
assert answered() == 8, answered()
stream.frame(); stream.publish(event=5)
assert answered() == 5
# events that one program sends arrive as the same in another
other = shmcast.Stream(name)
other.send(*events)
again = stream.events()
for event in events + again:
    del event["number"], event["timestamp"]
assert again == events, again
inject("node_find name=x")
assert stream.events(timeout=0.2) == []    # not input
END
}

@test "asyncio: each event in order, without a thread and without polling, until the stream is removed" {
    shm-create -s 16x16 "$S"
    cat >loop.py <<'END'
import asyncio, os, threading
import shmcast
async def main():
    stream = shmcast.Stream(os.environ["S"])
    print("ready", flush=True)
    async for event in stream:
        print(event["type"], event["number"], event["x"], flush=True)
    print("ended", threading.active_count())
asyncio.run(main())
END
    bg /usr/bin/python3 loop.py >out
    loop=$BG
    wait_until 20 grep -qx ready out
    wait_until 20 blocked "$loop"
    before=$(switches "$loop")
    for i in 1 2 3; do
        event-inject "$S" pointer_down x=0.$i y=0
        wait_until 20 grep -q "^pointer_down $i 0.$i" out
        wait_until 20 blocked "$loop"
    done
    after=$(switches "$loop")
    sleep 0.5 # nothing may happen meanwhile
    [ "$(switches "$loop")" = "$after" ]
    ((after - before < 60))
    shm-rm -f "$S"
    ends 0 "$loop"
    [ "$(tail -n 1 out)" = "ended 1" ]
}

@test "a replaced stream is followed; the end of a removed one is an error" {
    shm-create -s 16x16 "$S"
    python <<'END'
import errno, os, subprocess
import shmcast
name = os.environ["S"]
stream = shmcast.Stream(name)
old = stream.frame()
subprocess.run(["shm-create", "--replace", "-s", "32x16", name], check=True)
subprocess.run(["event-inject", name, "key_down", "key=a"], check=True)
assert [e["key"] for e in stream.events(timeout=60)] == ["a"]
assert stream.size == (32, 16)
old[:] = 1      # its memory is still there
new = stream.frame()
assert new.shape == (16, 32, 3)
subprocess.run(["shm-create", "--replace", name], check=True)
stream.publish()    # into either
stream.frame(); assert stream.publish() == 1
subprocess.run(["shm-rm", "-f", name], check=True)
for call in stream.events, stream.frame:
    try:
        call()
        assert False
    except OSError as error:
        assert error.errno == errno.EIDRM, error
stream.close()
try:
    stream.events()
except OSError as error:
    assert error.errno == errno.EBADF and "closed" in str(error)
END
}

@test "Ctrl-C ends a wait, and an owner's end removes the stream, but not that of its child" {
    cat >owner.py <<'END'
import os
import shmcast
stream = shmcast.Stream(os.environ["S"], size=(16, 16))
if os.fork() == 0:
    os._exit(0)
os.wait()
assert os.path.exists("/dev/shm/" + stream.name)
print("ready", flush=True)
try:
    stream.events(timeout=None)
except KeyboardInterrupt:
    print("interrupted", flush=True)
END
    bg /usr/bin/python3 owner.py >out
    wait_until 20 grep -qx ready out
    wait_until 20 blocked "$BG"
    kill -INT "$BG"
    ends 0 "$BG"
    grep -qx interrupted out
    [ ! -e "/dev/shm/$S" ]
}

@test "asyncio: close() ends the events; a call that follows a new stream first does not lose its events" {
    python <<'END'
import asyncio, os, subprocess
import shmcast
name = os.environ["S"]
subprocess.run(["shm-create", name], check=True)
stream = shmcast.Stream(name)
keys = []

async def read():
    async for event in stream:
        keys.append(event["key"])

async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)

def inject(key):
    subprocess.run(["event-inject", name, "key_down", "key=" + key], check=True)

async def main():
    task = asyncio.create_task(read())
    inject("a")
    await until(lambda: keys == ["a"])
    for key, call in ("b", lambda: stream.frame()), ("c", lambda: stream.watched):
        subprocess.run(["shm-create", "--replace", name], check=True)
        call()
        inject(key)
        await until(lambda: keys[-1] == key)
    stream.close()
    await task
    assert keys == ["a", "b", "c"]

asyncio.run(asyncio.wait_for(main(), 60))
subprocess.run(["shm-rm", "-f", name], check=True)
END
}

@test "a stream that was replaced and then removed has ended" {
    python <<'END'
import asyncio, errno, os, subprocess
import shmcast
name = os.environ["S"]

def attached():
    subprocess.run(["shm-create", name], check=True)
    stream = shmcast.Stream(name)
    subprocess.run(["shm-create", "--replace", name], check=True)
    subprocess.run(["shm-rm", "-f", name], check=True)
    return stream

async def read():
    async for event in attached():
        assert False

asyncio.run(asyncio.wait_for(read(), 60))
stream = attached()
for call in stream.events, stream.frame, lambda: stream.watched:
    try:
        call()
        assert False
    except OSError as error:
        assert error.errno == errno.EIDRM and "removed" in str(error), error
END
}

@test "a view of a frame that was copied outlives larger ones" {
    python <<'END'
import os
import shmcast
stream = shmcast.Stream(os.environ["S"], size=(2000, 1000))
readers = [shmcast.Stream(stream.name) for _ in range(65)] # there is room for 64; the last one copies
stream.frame((1000, 500))[:] = 1
stream.publish()
small = [reader.latest() for reader in readers][64]
stream.frame()[:] = 2
stream.publish()
large = readers[64].latest()
assert large.sum() == 2 * large.size
assert small.__array_interface__["data"][0] == large.__array_interface__["data"][0]
assert small.sum() == 2 * small.size # its memory is still there
END
}

@test "a server ends with its program, not with a child of it" {
    cat >server.py <<'END'
import os, sys
from shmcast.serve import Server
server = Server((16, 16), name=os.environ["S"])
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("ready", flush=True)
sys.stdin.read()
END
    mkfifo hold
    exec {hold}<>hold
    bg /usr/bin/python3 server.py <hold >out
    wait_until 20 grep -qx ready out
    kill -KILL "$BG"
    ends 137 "$BG"
    wait_until 20 test ! -e "/dev/shm/$S"
}

@test "without numpy frames are memoryviews" {
    python <<'END'
import os, subprocess, sys
sys.modules["numpy"] = None
import shmcast
with shmcast.Stream(os.environ["S"], size=(5, 3)) as stream:
    frame = stream.frame()
    assert type(frame) is memoryview and frame.shape == (3, 5, 3)
    frame[2, 4, 1] = 7
    stream.publish()
    raw = subprocess.run(["shm-read", "-f", "raw", stream.name], capture_output=True, check=True).stdout
    assert raw == bytes(43) + b"\7\0"
END
}

@test "a library that is missing or too old, and a missing stream, are one line" {
    run -1 env PATH=/usr/bin:/bin /usr/bin/python3 -c 'import shmcast'
    [[ ${lines[-1]} == "ImportError: shmcast: libshmcast.so.0 is missing: install shmcast (make install), "* ]]
    mkdir old
    printf '#!/bin/sh\n' >old/shm-create
    chmod +x old/shm-create
    echo 'const char *shmcast_version(void) { return "0.0.9"; }' | ${CC:-cc} -shared -x c -o old/libshmcast.so.0 -
    run -1 env PATH="$PWD/old:$PATH" /usr/bin/python3 -c 'import shmcast'
    [[ ${lines[-1]} == "ImportError: shmcast: $PWD/old/libshmcast.so.0 is too old: this package needs "* ]]
    run -1 /usr/bin/python3 -c 'import shmcast; shmcast.Stream("no-such")'
    [[ ${lines[-1]} == "FileNotFoundError: "*"no such stream"* ]]
    # One that the dynamic linker has found; programs of the current folder are not its own.
    mkdir linked
    ln -s "$BUILD/libshmcast.so.0" linked
    printf '#!/bin/sh\n' >ws-serve
    chmod +x ws-serve
    run -0 env PATH=/usr/bin:/bin LD_LIBRARY_PATH="$PWD/linked" /usr/bin/python3 -c 'import shmcast._library as c
print(c.path)
try:
    print(c.program("ws-serve"))
except FileNotFoundError:
    print("missing")'
    [ "${lines[*]}" = "libshmcast.so.0 missing" ]
}

@test "make install: the package finds the library that it was installed with" {
    make -s -C "$ROOT" BUILD="$BUILD" install DESTDIR= PREFIX="$PWD/cast" >/dev/null
    package=$(echo cast/lib/python3*/dist-packages)
    [ -f "$package/shmcast/__init__.py" ]
    [ "$(env PATH=/usr/bin:/bin PYTHONPATH="$PWD/$package" /usr/bin/python3 -c \
        'import shmcast._library as c; print(c.path, c.program("shm-encode"))')" = \
        "$PWD/cast/lib/libshmcast.so.0 $PWD/cast/bin/shm-encode" ]
    make -s -C "$ROOT" BUILD="$BUILD" uninstall DESTDIR= PREFIX="$PWD/cast"
    [ -z "$(find cast -not -type d)" ]
    make -s -C "$ROOT" BUILD="$BUILD" install DESTDIR= PREFIX="$PWD/cast" LIBDIR="$PWD/cast/lib64" >/dev/null
    [ "$(env PATH=/usr/bin:/bin PYTHONPATH="$PWD/$package" /usr/bin/python3 -c \
        'import shmcast._library as c; print(c.path, c.program("shm-encode"))')" = \
        "$PWD/cast/lib64/libshmcast.so.0 $PWD/cast/bin/shm-encode" ]
}
