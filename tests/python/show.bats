#!/usr/bin/env bats
# shmcast.show: windows of VTK, PyVista and FURY 0.12, drawn offscreen.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=python
load ../support/python

setup() {
    python_setup
    display_for_vtk
}

# Starts scene.py; sets STREAM and URL.
scene() { # KIND
    python_program "$1" || skip "no $1 for this Python"
    bg "$PYTHON" "$TESTS/python/scene.py" "$1" >out
    SCENE=$BG
    wait_until 60 grep -q '^http' out
    STREAM=$(head -n 1 out) URL=$(grep -m 1 ^http out)
}

drawn() {
    grep -c '^drawn' out || true
}

turned() {
    grep -c '^MouseWheel' out || true
}

# Turns the wheel, and succeeds if the window was not drawn for it.
turned_unseen() {
    local pictures steps
    pictures=$(drawn) steps=$(turned)
    event-inject "$STREAM" wheel dy=0.01
    until (($(turned) > steps)) && blocked "$SCENE" >/dev/null; do
        sleep 0.02
    done
    [ "$(drawn)" = "$pictures" ]
}

# Everything that the scene has started ends with it.
nothing_left() {
    wait_until 20 no_process "$STREAM"
    [ ! -e "/dev/shm/$STREAM" ]
}

shows() { # KIND
    scene "$1"
    [[ $URL =~ ^http://127.0.0.1:[0-9]+/\?token=.{32}$ ]]
    [ "$(curl -s -o /dev/null -w '%{http_code}' "${URL%%\?*}")" = 401 ]
    # Once the encoder has started and nobody watches, input is handled and nothing is drawn.
    wait_until 30 turned_unseen
    watch_stream
    wait_until 30 pixel_is 160 120 254 0 0
    wait_until 30 pixel_is 5 5 0 0 254
    # At rest it is not drawn again.
    wait_until 30 blocked "$SCENE"
    before=$(drawn)
    event-inject "$STREAM" <<<$'pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=ctrl\npointer_up x=0.25 y=0.75 button=1'
    wait_until 30 grep -qx 'LeftButtonPressEvent 80 59 1 ' out
    event-inject "$STREAM" <<<$'pointer_down x=0.5 y=0.5 button=2 buttons=2\npointer_up x=0.5 y=0.5 button=2\nkey_down key=%C3%A9\nkey_down key=ArrowLeft'
    wait_until 30 grep -q '^RightButtonPressEvent 160 119 0' out
    wait_until 30 grep -q '^KeyPressEvent .* é$' out
    wait_until 30 grep -q '^KeyPressEvent .* Left$' out
    # The wheel draws it nearer: 2.5 times as large, by a picture for each step at most.
    wait_until 30 pixel_is 160 25 0 0 254
    before=$(drawn)
    for _ in {1..4}; do
        event-inject "$STREAM" wheel dy=-100 x=0.5 y=0.5
        wait_until 30 blocked "$SCENE"
    done
    wait_until 30 pixel_is 160 25 254 0 0
    (($(drawn) > before && $(drawn) <= before + 5))
    # The page's size, and one beyond max_size in its proportions.
    event-inject "$STREAM" resize width=200 height=100
    wait_until 30 picture_is 200 100
    event-inject "$STREAM" resize width=3840 height=1080
    wait_until 30 picture_is 1920 540
}

@test "VTK: drawn on demand, follows size and input; Ctrl-C ends all" {
    shows vtk
    kill -INT "$SCENE"
    ends 0 "$SCENE"
    [ "$(tail -n 1 out)" = ended ]
    nothing_left
}

@test "PyVista: drawn on demand, follows size and input; a kill leaves nothing" {
    shows pyvista
    kill -KILL "$SCENE"
    ends 137 "$SCENE"
    nothing_left
}

@test "FURY 0.12: drawn on demand, follows size and input; shm-rm ends it" {
    shows fury
    shm-rm -f "$STREAM"
    ends 0 "$SCENE"
    nothing_left
}

@test "an X window without a display, and something else than a window, are one line" {
    python_program vtk || skip "no VTK here"
    unset DISPLAY
    run -1 python "$TESTS/python/scene.py" vtk
    [[ ${lines[-1]} == "RuntimeError: VTK "*" needs an X display for this window: use xvfb-run, or VTK 9.4 or later" ]] ||
        [[ $(python -c 'import vtk; print(vtk.VTK_VERSION_NUMBER >= 90400000000)') == True ]]
    run -1 python -c 'import shmcast; shmcast.show(3)'
    [[ ${lines[-1]} == "TypeError: show() takes a VTK render window, a PyVista plotter or a FURY ShowManager, not 3" ]]
}

@test "show by rtc-serve; without a token; a port that is in use" {
    python_program vtk || skip "no VTK here"
    [ -x "$BUILD/rtc-serve" ] || skip "no rtc-serve here"
    cat >two.py <<'END'
import socket, sys
from vtkmodules.vtkRenderingCore import vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
import shmcast
viewer = shmcast.show(vtkRenderWindow(), server="rtc-serve", token=False)
print(viewer.url, viewer._repr_html_())
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
taken.listen()
try:
    shmcast.show(vtkRenderWindow(), port=taken.getsockname()[1])
except RuntimeError as error:
    print(error)
viewer.close()
assert viewer.url == "closed"
END
    run -0 python two.py
    [[ ${lines[0]} =~ ^http://127.0.0.1:[0-9]+/\ \<iframe\ src=\"http://127.0.0.1:[0-9]+/\?bar=0\"\ width=\"[0-9]+\" ]]
    [[ $output == *"cannot listen"* || $output == *"in use"* ]]
    [[ $output == *"shmcast: ws-serve did not start; standard error has its message"* ]]
}

@test "in asyncio an error ends the viewer and is reported" {
    python_program vtk || skip "no VTK here"
    cat >fails.py <<'END'
import asyncio
from vtkmodules.vtkRenderingCore import vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
import shmcast

class Window(vtkRenderWindow):
    def SetSize(self, width, height):
        raise ValueError(f"{width} pixels")

async def main():
    viewer = shmcast.show(Window())
    viewer.stream.send({"type": "resize", "pwidth": 321, "pheight": 200})
    while viewer.url != "closed":
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)

asyncio.run(asyncio.wait_for(main(), 60))
END
    run -0 --separate-stderr python fails.py
    [[ $stderr == *"ValueError: 321 pixels"* ]]
}
