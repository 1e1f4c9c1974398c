#!/usr/bin/env bats
# net-draw: images, when they are drawn, and interaction. net-put replaces net-layout.
# shellcheck disable=SC2154,SC2217,SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

setup() {
    common_setup
    PPM=$BATS_TEST_TMPDIR/frame.ppm
    net=$S view=$S2
    export LSAN_OPTIONS=$LSAN_OPTIONS:suppressions=$TESTS/net/mesa.supp:print_suppressions=0
    mkfifo "$BATS_TEST_TMPDIR/net"
}

# Starts net-put, which `put LINE…` controls.
layout() {
    PUT=$BATS_TEST_TMPDIR/put
    : >"$PUT"
    exec 8<>"$BATS_TEST_TMPDIR/net" # opening a single end would block
    bg net-put "$net" <"$BATS_TEST_TMPDIR/net" 8>&- >"$PUT"
    layout=$BG
}

put() { # LINE…: passes them to net-put and waits until they are drawn
    local shown drawn
    shown=$(($(wc -l <"$PUT") + 1))
    drawn=$(($(frames) + 1))
    printf '%s\n' "$@" show >&8
    wait_until 20 shown_times "$shown"
    wait_until 20 frames_from "$drawn"
}

shown_times() {
    (($(wc -l <"$PUT") >= $1))
}

drawer() { # OPTIONS
    bg net-draw "$@" "$net" "$view" 8>&-
    drawer=$BG drawer_err=$BG_ERR
    wait_until 20 frames_from 1 # from now on it receives events
}

# Creates both streams, starts net-put and net-draw.
scene() { # OPTIONS
    clean_run shm-create -s 3x10000 -f f32 -p 1000000 "$net"
    clean_run shm-create -s 400x300 -f rgba "$view"
    layout
    drawer "$@"
}

frames() {
    [[ $(shm-ls -j "$view") =~ \"frames\":\{\"published\":([0-9]+) ]]
    echo "${BASH_REMATCH[1]}"
}

frames_from() { # COUNT
    (($(frames) >= $1))
}

# Succeeds when no frame was drawn for 0.2 s, although nothing prevented it.
at_rest() {
    local before
    before=$(frames)
    ((before > 0))
    for _ in 1 2 3 4; do
        blocked "$drawer" || return 1
        sleep 0.05
    done
    blocked "$drawer" && [ "$(frames)" = "$before" ]
}

# Waits until nothing changes and saves the last frame in $PPM.
settled_frame() {
    wait_until 20 at_rest
    shm-read -f ppm "$view" >"$PPM"
}

# Runs Python code on the image in $PPM: a[y][x] is r, g, b; hue(r, g, b) is a mask of the pixels of a
# colour, mass(r, g, b) their number and centre.
look() { # CODE
    /usr/bin/python3 - "$PPM" "$1" <<'PYTHON'
import sys
import numpy as np
from PIL import Image

a = np.asarray(Image.open(sys.argv[1]).convert("RGB")).astype(int)
H, W = a.shape[:2]

def hue(r, g, b):
    """Mask of the pixels of this colour, lit or in the shade."""
    want = np.array([r, g, b]) / max(r, g, b)
    light = a.max(axis=2)
    return (light > 80) & (np.abs(a / np.maximum(light, 1)[..., None] - want).max(axis=2) < 0.16)

def mass(r, g, b):
    y, x = np.nonzero(hue(r, g, b))
    return (len(x), x.mean(), y.mean()) if len(x) else (0, 0, 0)

BLUE, ORANGE, GREEN = (91, 157, 255), (255, 159, 69), (79, 209, 165)
exec(sys.argv[2])
PYTHON
}

shows() { # CODE: runs it on the newest frame
    shm-read -f ppm "$view" >"$PPM" && look "$1"
}

# Prints the number of the last event that the newest frame shows.
event_shown() {
    shm-read -f ppm "$view" | sed -n '2s/.*event=\([0-9]*\).*/\1/p;3q'
}

reached() {
    (($(event_shown) >= $1))
}

do_events() { # LINE…: injects them and waits for a frame that shows the last one, which must change it
    local head
    printf '%s\n' "$@" | clean_run event-inject "$view"
    head=$(event-read -f json --from start -t 0 "$view" | wc -l)
    wait_until 20 reached "$head"
}

three() { # blue left, orange right, green above
    put 'node -1 0 0 0 left' 'node 1 0 0 1 right' 'node 0 1 0 2 Überfluß' 'edge 0 1' 'edge 0 2'
}

@test "nodes appear at their positions: x to the right, y up" {
    scene
    three
    settled_frame
    look 'l, r, u = mass(*BLUE), mass(*ORANGE), mass(*GREEN)
print(l, r, u)
assert l[0] > 60 and r[0] > 60 and u[0] > 60
assert l[1] < u[1] < r[1] and abs(l[2] - r[2]) < 4 and u[2] < l[2] - 40'
    kill "$drawer"
    ends 143 "$drawer"
    [ ! -s "$drawer_err" ]
}

@test "an edge connects its nodes; key e hides it" {
    scene
    three
    settled_frame
    between='m = (np.array(mass(*BLUE)[1:]) + mass(*ORANGE)[1:]) / 2
x, y = int(m[0]), int(m[1]); line = a[y - 2:y + 3, x].max(); back = a[y + 40, x].max(); print(line, back)'
    look "$between; assert line > back + 12"
    do_events 'key_down key=e'
    settled_frame
    look "$between; assert line < back + 6"
}

@test "--lines gl and --lines own draw the same edges and nodes" {
    local lines
    for lines in gl own; do
        scene --lines "$lines"
        put 'random 2000 5000'
        settled_frame
        cp "$PPM" "$BATS_TEST_TMPDIR/$lines.ppm"
        exec 8>&-
        ends 0 "$layout"
        kill "$drawer"
        ends 143 "$drawer"
        shm-rm "$net" "$view"
    done
    close_to 24 "$BATS_TEST_TMPDIR/gl.ppm" "$BATS_TEST_TMPDIR/own.ppm"
}

@test "-m colour: colours, categories and numbers, with a legend that key l hides" {
    scene -m colour=party
    three
    settled_frame # the network has no such attribute yet
    look 'assert mass(*BLUE)[0] > 60; assert (a[250:, :150].max(axis=2) > 150).sum() > 50'
    put 'attribute texts party #f00 blue #0f0'
    settled_frame
    look 'RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
l, r, u = mass(*RED), mass(*BLUE), mass(*GREEN)
assert l[0] > 60 and r[0] > 60 and u[0] > 60 and l[1] < u[1] < r[1] and u[2] < l[2]'
    look 'assert (a[250:, :150].max(axis=2) > 150).sum() < 10'
    kill "$drawer"
    ends 143 "$drawer"
    drawer -m colour=load
    put 'attribute numbers load 1 2.5 4'
    settled_frame
    look 'l, r, u = mass(59, 82, 139), mass(40, 174, 128), mass(253, 231, 37)
print(l, r, u)
assert l[0] > 60 and r[0] > 60 and u[0] > 60
assert (a[250:, :100].max(axis=2) > 150).sum() > 20'
    do_events 'key_down key=l'
    settled_frame
    look 'assert (a[250:, :100].max(axis=2) > 150).sum() == 0'
    kill "$drawer"
    ends 143 "$drawer"
    drawer -m colour=class
    put 'attribute numbers class 1 2 2'
    settled_frame
    look 'o, s = mass(0xe6, 0x9f, 0), mass(0x56, 0xb4, 0xe9); print(o, s); assert s[0] > 200 and o[0] > 80 and s[1] > o[1] + 60'
    put 'attribute texts other same same same'
    [ ! -s "$drawer_err" ]
}

@test "-m size, label, edge-colour and edge-width" {
    local plain
    scene -s 400x300
    three
    settled_frame
    look 'print(mass(*BLUE)[0], (a.min(axis=2) > 150).sum())' >"$BATS_TEST_TMPDIR/before"
    kill "$drawer"
    ends 143 "$drawer"
    drawer -m size=load -m label=title -m edge-colour=kind -m edge-width=weight
    put 'attribute numbers load 9 1 4' 'attribute texts title WWWWWWW iiii w' \
        'attribute edge-texts kind #f00 #0f0' 'attribute edge-numbers weight 3 1'
    settled_frame
    look "blue, text = $(tr ' ' , <"$BATS_TEST_TMPDIR/before")
red = a[..., 0] > a[..., 1:].max(axis=2) + 40
m = (np.array(mass(*BLUE)[1:]) + mass(*GREEN)[1:]) / 2
part = a[int(m[1]) - 4:int(m[1]) + 5, int(m[0]) - 4:int(m[0]) + 5]
print(blue, red.sum(), part.max(axis=(0, 1)), text, mass(*BLUE)[0], (a.min(axis=2) > 150).sum())
assert mass(*BLUE)[0] > 1.5 * blue
assert red[:, :300].sum() > 400
assert (part[..., 1] > part[..., ::2].max(axis=2) + 8).sum() > 4
assert (a.min(axis=2) > 150).sum() > 1.15 * text"
}

@test "-x hides nodes and edges, which no pointer finds" {
    scene -x 'load>=4' -x 'kind=road'
    three
    put 'attribute numbers load 1 2 4' 'attribute edge-texts kind road rail'
    settled_frame
    look 'assert mass(*BLUE)[0] > 60 and mass(*ORANGE)[0] > 60 and mass(*GREEN)[0] == 0'
    look 'm = (np.array(mass(*BLUE)[1:]) + mass(*ORANGE)[1:]) / 2
x, y = int(m[0]), int(m[1]); assert a[y - 2:y + 3, x].max() < a[y + 40, x].max() + 6'
    do_events 'node_find name=left' 'node_find name=Über'
    settled_frame
    event-read --from start -t 0 "$view" | grep -c node_select | grep -qx 1
}

@test "dark and light: --theme and key t" {
    scene --theme light
    three
    settled_frame
    look 'assert a[4, 4].min() > 200'
    do_events 'key_down key=t'
    settled_frame
    look 'assert a[4, 4].max() < 40'
}

@test "a drag on the background rotates the network; each frame carries the number of the event it shows" {
    scene
    three
    settled_frame
    look 'l, r = mass(*BLUE), mass(*ORANGE); assert l[1] < r[1]'
    # the height of the image is half a rotation
    do_events 'pointer_down x=0.1 y=0.9 button=1 buttons=1' 'pointer_move x=0.5 y=0.9 buttons=1' \
        'pointer_move x=0.85 y=0.9 buttons=1' 'pointer_up x=0.85 y=0.9 button=1'
    settled_frame
    look 'l, r = mass(*BLUE), mass(*ORANGE); print(l, r); assert l[1] > r[1] + 40'
}

@test "the right button moves the network, the wheel zooms at the pointer" {
    scene
    three
    settled_frame
    look 'print(*[int(v) for v in mass(*BLUE)])' >"$BATS_TEST_TMPDIR/before"
    read -r size x y <"$BATS_TEST_TMPDIR/before"
    do_events 'pointer_down x=0.1 y=0.9 button=2 buttons=2' 'pointer_move x=0.2 y=0.8 buttons=2' \
        'pointer_up x=0.2 y=0.8 button=2'
    settled_frame
    look "n, x, y = mass(*BLUE); print(n, x, y); assert abs(x - $x - 40) < 3 and abs(y - $y + 30) < 3"
    x=$((x + 40)) y=$((y - 30))
    do_events "wheel x=$(bc_div $x 400) y=$(bc_div $y 300) dy=-600"
    settled_frame
    look "n, x, y = mass(*BLUE); print(n, x, y); assert abs(x - $x) < 4 and abs(y - $y) < 4 and n > 1.4 * $size"
}

bc_div() {
    awk "BEGIN { print $1 / $2 }"
}

# Prints the centre of the node of a colour as "x=… y=…" of an event.
place_of() { # COLOUR
    shm-read -f ppm "$view" >"$PPM"
    look "n, x, y = mass(*$1); print(f'x={(x + .5) / W:.4f} y={(y + .5) / H:.4f}')"
}

@test "a dragged node follows the pointer, and the layout receives node_drag and node_drop" {
    scene
    three
    settled_frame
    at=$(place_of ORANGE)
    do_events "pointer_down $at button=1 buttons=1" 'pointer_move x=0.7 y=0.7 buttons=1' \
        'pointer_move x=0.8 y=0.8 buttons=1'
    wait_until 10 shows 'n, x, y = mass(*ORANGE); assert abs(x - 320) < 4 and abs(y - 240) < 4, (x, y)'
    # the event has the position under the pointer
    event-read --from start -n 1 -t 60 "$net" >"$BATS_TEST_TMPDIR/received"
    grep -qE '^node_drag x=[0-9.e-]+ y=-[0-9.]+ .*node=1|^node_drag node=1 ' "$BATS_TEST_TMPDIR/received"
    do_events 'pointer_up x=0.8 y=0.8 button=1'
    wait_until 10 received node_drop
    [ "$(event-read --from start -t 0 "$net" | grep -c '^node_drop.*node=1')" = 1 ]
    # the node stays there until the layout moves it
    settled_frame
    look 'n, x, y = mass(*ORANGE); assert abs(x - 320) < 4 and abs(y - 240) < 4'
    put 'place 1 1 0 0'
    settled_frame
    look 'n, x, y = mass(*ORANGE); assert abs(y - 240) > 20'
}

received() { # EVENT
    event-read --from start -t 0 "$net" | grep -q "^$1"
}

# Number of pixels of text.
letters='(a.min(axis=2) > 180).sum()'

@test "a node under the pointer shows its name and degree; a move over the background draws nothing" {
    scene
    three
    do_events 'key_down key=l'
    settled_frame
    at=$(place_of GREEN)
    look "assert $letters < 60, $letters"
    do_events "pointer_move $at"
    settled_frame
    look "assert $letters > 150, $letters"
    before=$(frames)
    do_events "pointer_move x=0.02 y=0.02"
    settled_frame
    look "assert $letters < 60, $letters"
    before=$(frames)
    printf 'pointer_move x=0.0%d y=0.02\n' 3 4 5 6 7 | event-inject "$view"
    wait_until 20 at_rest
    [ "$(frames)" = "$before" ]
}

@test "at the border the details appear on the other side of the node" {
    scene
    three
    do_events 'pointer_down x=0.02 y=0.02 button=2 buttons=2' 'pointer_move x=0.15 y=0.3 buttons=2' \
        'pointer_up x=0.15 y=0.3 button=2'
    settled_frame
    at=$(place_of ORANGE)
    do_events "pointer_move $at"
    settled_frame
    look 'assert mass(*ORANGE)[0] > 60, mass(*ORANGE)'
}

@test "names are drawn, also in UTF-8; key l hides them" {
    scene
    three
    settled_frame
    look "assert $letters > 150, $letters"
    do_events 'key_down key=l'
    settled_frame
    look "assert $letters < 60, $letters"
}

@test "a click fades all nodes but the node and its neighbours; Escape clears the selection" {
    scene
    three
    settled_frame
    at=$(place_of ORANGE) # its only neighbour is blue
    do_events "pointer_down $at button=1 buttons=1" "pointer_up $at button=1" 'pointer_move x=0.1 y=0.1'
    settled_frame
    look 'print(mass(*GREEN)); assert mass(*GREEN)[0] < 20 and mass(*ORANGE)[0] > 60 and mass(*BLUE)[0] > 60'
    do_events 'key_down key=Escape'
    settled_frame
    look 'assert mass(*GREEN)[0] > 60'
}

selections() { # prints what net-draw has written to the view's log, without times
    event-read --from start -t 0 "$view" | sed -n '/^node_[sc]/s/ t=.*//p'
}

selected() { # LINES
    [ "$(selections)" = "$1" ]
}

@test "selecting a node writes its number and name to the view's log, with the viewer" {
    scene
    put 'node -1 0 0 0 left' 'node 1 0 0 1' 'node 0 1 0 2 Überfluß' 'edge 0 1' 'edge 0 2'
    settled_frame
    at=$(place_of GREEN)
    do_events "pointer_down $at button=1 buttons=1 viewer=7" "pointer_up $at button=1 viewer=7"
    wait_until 10 selected 'node_select node=2 name=Überfluß viewer=7'
    do_events 'key_down key=Escape viewer=9'
    wait_until 10 selected 'node_select node=2 name=Überfluß viewer=7
node_clear viewer=9'
    settled_frame
    at=$(place_of ORANGE)
    do_events "double_click $at"
    wait_until 10 selected 'node_select node=2 name=Überfluß viewer=7
node_clear viewer=9
node_select node=1 name=1'
    # The events of other programs are obeyed, and not written again.
    do_events 'key_down key=r' 'node_select node=0 name=left' 'node_select node=3 name=missing'
    settled_frame
    look 'assert mass(*GREEN)[0] > 60 and mass(*ORANGE)[0] > 60' # neighbours of the left one
    do_events 'node_select node=1 name=1'
    settled_frame
    look 'assert mass(*GREEN)[0] < 20 and mass(*ORANGE)[0] > 60'
    do_events 'node_clear'
    settled_frame
    look 'assert mass(*GREEN)[0] > 60'
    [ "$(selections | wc -l)" = 7 ]
}

@test "node_find and key / fly to the node of a name, and select it" {
    scene
    put 'node -1 0 0 0 left' 'node 1 0 0 1 leftmost' 'node 0 1 0 2 Überfluß' 'edge 0 1' 'edge 0 2'
    do_events 'key_down key=l'
    settled_frame
    in_the_middle() { # COLOUR
        settled_frame
        look "n, x, y = mass(*$1); assert n > 60 and abs(x - 200) < 8 and abs(y - 150) < 8, (n, x, y)"
    }
    do_events 'node_find name=%C3%9Cberfl viewer=3' # the beginning of a name
    in_the_middle GREEN
    wait_until 10 selected 'node_select node=2 name=Überfluß viewer=3'
    do_events 'node_find name=MOST' # a part of it
    in_the_middle ORANGE
    do_events 'node_find name=left' # all of it
    in_the_middle BLUE
    before=$(selections)
    do_events 'node_find name=nobody'
    settled_frame
    look "assert $letters > 100, $letters" # says so
    [ "$(selections)" = "$before" ]
    do_events 'key_down key=/' 'key_down key=m' 'key_down key=x' 'key_down key=Shift' 'key_down key=Backspace' \
        'key_down key=o'
    settled_frame
    look "assert $letters > 75, $letters"
    do_events 'key_down key=Enter'
    in_the_middle ORANGE
    look "assert $letters < 60, $letters"
    # Keys mean the same as ever after it.
    do_events 'key_down key=/' 'key_down key=t' 'key_down key=Escape'
    settled_frame
    look 'assert a[4, 4].max() < 40'
    do_events 'key_down key=t'
    settled_frame
    look 'assert a[4, 4].min() > 200'
}

@test "keys: 2D and 3D, pause, help, the whole network" {
    scene
    put 'node -1 0 0 0' 'node 1 0 0 1' 'node 0 0 4 2' 'edge 0 1' 'edge 1 2'
    do_events 'pointer_down x=0.02 y=0.5 button=1 buttons=1' 'pointer_move x=0.3 y=0.5 buttons=1' \
        'pointer_up x=0.3 y=0.5 button=1'
    settled_frame
    look 'l, r, g = mass(*BLUE), mass(*ORANGE), mass(*GREEN); assert g[1] > r[1] + 15, (l, r, g)'
    do_events 'key_down key=2'
    settled_frame
    look 'l, r, g = mass(*BLUE), mass(*ORANGE), mass(*GREEN); assert l[1] < g[1] < r[1], (l, r, g)'
    do_events 'wheel x=0.5 y=0.5 dy=3000' 'key_down key=r'
    settled_frame
    look 'l, r = mass(*BLUE), mass(*ORANGE); assert r[1] - l[1] > 60, (l, r)'
    do_events 'key_down key=%20'
    wait_until 10 received 'layout_pause on=1'
    do_events 'key_down key=p'
    wait_until 10 received 'layout_pause on=0'
    settled_frame
    cp "$PPM" "$BATS_TEST_TMPDIR/before.ppm"
    do_events 'key_down key=h'
    settled_frame
    look "before = np.asarray(Image.open('$BATS_TEST_TMPDIR/before.ppm')).astype(int)
assert $letters > (before.min(axis=2) > 180).sum() + 1000"
}

@test "the whole network is in view: also a node far from all others, from any side" {
    scene
    local nodes=() i
    for i in {1..40}; do
        nodes+=("node 0.$i 0 0 0")
    done
    put "${nodes[@]}" 'node 30 0 0 1' 'node 0 0 30 2' 'edge 0 40' 'edge 1 41' 'edge 2 3'
    do_events 'key_down key=r'
    settled_frame
    look 'assert mass(*ORANGE)[0] > 3 and mass(*GREEN)[0] > 3 and mass(*BLUE)[0] > 3'
    do_events 'pointer_down x=0.02 y=0.5 button=1 buttons=1' 'pointer_move x=0.4 y=0.6 buttons=1' \
        'pointer_up x=0.4 y=0.6 button=1'
    settled_frame
    look 'assert mass(*ORANGE)[0] > 3 and mass(*GREEN)[0] > 3 and mass(*BLUE)[0] > 3'
    # A dragged node does not move the camera.
    do_events 'key_down key=r'
    settled_frame
    look "before = mass(*BLUE); open('$BATS_TEST_TMPDIR/before', 'w').write(f'{before[1]} {before[2]}')"
    at=$(place_of ORANGE)
    do_events "pointer_down $at button=1 buttons=1" 'pointer_move x=0.9 y=0.9 buttons=1'
    wait_until 10 received 'node_drag node=40'
    put 'place 40 300 0 0'
    settled_frame
    look "x, y = map(float, open('$BATS_TEST_TMPDIR/before').read().split()); _, *now = mass(*BLUE)
assert abs(now[0] - x) < 3 and abs(now[1] - y) < 3, (now, x, y)"
}

@test "the image has the size of the window, within the stream's size; -s fixes it" {
    scene
    three
    wait_until 10 shows 'assert (W, H) == (400, 300), (W, H)'
    do_events 'resize width=200 height=220'
    wait_until 10 shows 'assert (W, H) == (200, 220), (W, H)'
    do_events 'resize width=1600 height=600 ratio=2'
    wait_until 10 shows 'assert (W, H) == (400, 150), (W, H)'
    shm-create --replace -s 800x600 -f rgba "$view"
    do_events 'resize width=1600 height=600 ratio=2'
    wait_until 10 shows 'assert (W, H) == (800, 300), (W, H)'
    kill "$drawer"
    ends 143 "$drawer"
    drawer -s 320x200
    wait_until 10 shows 'assert (W, H) == (320, 200), (W, H)'
    do_events 'resize width=200 height=220' 'key_down key=t'
    wait_until 10 shows 'assert (W, H) == (320, 200), (W, H)'
}

@test "a resize event from before the start applies" {
    clean_run shm-create -s 400x300 -f rgba "$view"
    clean_run event-inject "$view" resize width=100 height=90
    drawer
    wait_until 10 shows 'assert (W, H) == (100, 90), (W, H)'
}

@test "an rgb24 stream holds the same image; other formats have no room for their own size" {
    scene
    three
    settled_frame
    cp "$PPM" "$BATS_TEST_TMPDIR/rgba.ppm"
    shm-create --replace -s 400x300 -f rgb24 "$view"
    settled_frame
    close_to 60 "$PPM" "$BATS_TEST_TMPDIR/rgba.ppm"
    kill "$drawer"
    ends 143 "$drawer"
    shm-create --replace -s 400x300 -f yuv420p "$view"
    fails 3 net-draw "$net" "$view"
    [[ $stderr == *"400x300"*"too large"*"shm-create --replace"* ]]
    clean_run shm-create --replace -s 64x64 -f rgba "$view"
    fails 3 net-draw -s 400x300 "$net" "$view"
}

@test "the network's stream appears late, disappears and returns; meanwhile the image keeps the last network" {
    clean_run shm-create -s 400x300 -f rgba "$view"
    drawer
    settled_frame
    look "assert mass(*BLUE)[0] == 0 and $letters > 40" # the text names the missing stream
    clean_run shm-create -s 3x10000 -f f32 "$net"
    layout
    three
    wait_until 10 shows 'assert mass(*BLUE)[0] > 60'
    kill -KILL "$layout"
    ends 137 "$layout"
    exec 8>&-
    do_events 'key_down key=l'
    settled_frame
    look 'assert mass(*BLUE)[0] > 60'
    shm-rm -f "$net"
    do_events 'key_down key=l'
    shows 'assert mass(*BLUE)[0] > 60'
    clean_run shm-create -s 3x10000 -f f32 "$net"
    layout
    put 'node 0 0 0 1' 'node 1 1 1 1' 'edge 0 1'
    wait_until 10 shows 'assert mass(*BLUE)[0] == 0 and mass(*ORANGE)[0] > 60'
    # replaced, as net-layout does for a network that has grown
    clean_run shm-create --replace -s 3x20000 -f f32 "$net"
    exec 8>&-
    ends 0 "$layout"
    layout
    put 'node 0 0 0 2' 'node 1 1 1 2' 'node 2 2 2 2' 'edge 0 1'
    wait_until 10 shows 'assert mass(*GREEN)[0] > 60 and mass(*ORANGE)[0] == 0'
    [ ! -s "$drawer_err" ]
}

@test "a network that grows keeps its nodes" {
    scene
    three
    put 'node 0 -1 0 3' 'edge 3 0'
    wait_until 10 shows 'assert mass(242, 99, 126)[0] > 60 and mass(*BLUE)[0] > 60'
    put 'edge 3 1' 'edge 3 2' # the same nodes
    settled_frame
    look 'assert mass(*BLUE)[0] > 60'
}

@test "removal of the view ends net-draw with exit code 0" {
    scene
    three
    settled_frame
    shm-rm -f "$view"
    ends 0 "$drawer"
    [ ! -s "$drawer_err" ]
}

@test "without changes it is never woken, with or without a layout" {
    scene
    three
    settled_frame
    before=$(switches "$drawer")
    sleep 1 # the time of the measurement
    [ "$(switches "$drawer")" = "$before" ] || sanitized
    shm-rm -f "$net"
    exec 8>&-
    wait_until 20 at_rest
    # except the thread that checks new names in /dev/shm
    before=$(switches "$drawer" "$drawer")
    sleep 1 # the time of the measurement
    [ "$(switches "$drawer" "$drawer")" = "$before" ] || sanitized
}

switches() { # PID [THREAD]: prints how often all threads, or one, went to sleep
    local threads=("/proc/$1/task/"*)
    [ $# = 1 ] || threads=("/proc/$1/task/$2")
    cat "${threads[@]/%//status}" | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

@test "nodes of a slow layout move at the frame rate" {
    scene -r 50
    three
    for period in 0.4 2 5; do # the longer ones are for a machine that draws few frames per second
        for at in 1 2 3 4; do # it measures the period of the layout
            put "place 0 -1 0.$at 0"
            sleep $period
        done
        before=$(frames)
        put 'place 0 -1 -1 0'
        wait_until 20 at_rest
        echo "frames: $(($(frames) - before))"
        (($(frames) - before < 5)) || break
    done
    [ "$(($(frames) - before))" -ge 5 ]
}

@test "positions that aren't finite are ignored; distant ones do no harm" {
    scene
    three
    settled_frame
    put 'place 0 nan inf -inf'
    settled_frame
    look 'l, r = mass(*BLUE), mass(*ORANGE); assert l[0] > 60 and l[1] < r[1]'
    put 'place 2 1e38 -1e38 3e38' 'place 0 -1 0 0'
    settled_frame
    put 'place 0 0 0 0' 'place 1 0 0 0' 'place 2 0 0 0'
    settled_frame
    [ ! -s "$drawer_err" ]
    kill -0 "$drawer"
}

@test "a million nodes without edges" {
    clean_run shm-create -s 300x10000 -f f32 -n 2 -p 25000000 "$net"
    clean_run shm-create -s 400x300 -f rgba "$view"
    layout
    drawer
    put 'random 1000000 0'
    wait_until 30 shows 'assert (np.abs(a - [120, 128, 148]).max(axis=2) < 40).sum() > 2000'
    [ ! -s "$drawer_err" ]
}

# Zooms a little, and back; succeeds if the first image has far fewer grey pixels than the network.
sample_seen() { # PIXELS
    local seen=0
    event-inject "$view" wheel x=0.5 y=0.5 dy=-20
    shm-read -n 1 -t 20 -f ppm "$view" >"$PPM"
    look "assert (a.max(axis=2) > 70).sum() < 0.8 * $1" || seen=1
    event-inject "$view" wheel x=0.5 y=0.5 dy=20
    return "$seen"
}

@test "a large network is drawn as a sample while the camera moves, and in full at rest" {
    local whole
    clean_run shm-create -s 300x10000 -f f32 -n 2 -p 25000000 "$net"
    clean_run shm-create -s 400x300 -f rgba "$view"
    layout
    drawer --lines own
    put 'random 300000 1000'
    wait_until 30 shows 'assert (a.max(axis=2) > 70).sum() > 10000'
    settled_frame
    whole=$(look 'print((a.max(axis=2) > 70).sum())')
    wait_until 30 sample_seen "$whole"
    do_events 'key_down key=r'
    settled_frame
    look "assert abs((a.max(axis=2) > 70).sum() - $whole) < 0.05 * $whole"
    [ ! -s "$drawer_err" ]
}

@test "a stream of images is refused as a network" {
    clean_run shm-create -s 64x48 "$net"
    clean_run shm-create -s 400x300 -f rgba "$view"
    frame-gen -n 1 -o "$net"
    fails 3 net-draw "$net" "$view"
    [ "$stderr" = "net-draw: $net: holds images, not a network" ]
}

@test "an inconsistent network: one line, exit 3" {
    scene
    printf '%s\n' 'node 0 0 0 0' 'edge 0 9' show >&8 # an edge to a node that does not exist
    ends 3 "$drawer"
    [ "$(<"$drawer_err")" = "net-draw: $net: corrupt or truncated; shm-rm -f removes it" ]
}

@test "garbage written over the network's stream is drawn or refused, never a crash" {
    local seed code
    clean_run shm-create -s 400x300 -f rgba "$view"
    for seed in 1 2 3 4 5 6; do
        clean_run shm-create -s 3x10000 -f f32 -p 1000000 "$net"
        layout
        drawer
        put 'random 200 400'
        echo 'go 100000' >&8
        # alternately the whole stream, all after the header, and the frames
        clean_run scribble "$net" $((seed % 3 * 4096)) "$seed" 100000 0.5 >"$BATS_TEST_TMPDIR/writes"
        kill "$drawer" 2>/dev/null || true
        wait_until 10 pid_gone "$drawer"
        code=0
        wait "$drawer" || code=$?
        echo "$seed: $code $(<"$drawer_err")"
        [[ $code = 143 || $code = 3 ]]
        # Images that the ring already finds unknown are skipped, with a line at the 1st, 10th …
        (($(grep -vc ': skipped [0-9]* image' "$drawer_err") <= 1))
        kill -KILL "$layout" 2>/dev/null || true
        wait "$layout" || true
        exec 8>&-
        shm-rm -f "$net"
    done
}

@test "truncation of the network's or the view's stream: one line, exit 3" {
    local cut where
    for cut in "$net header" "$view header" "$view pictures"; do
        scene
        three
        settled_frame
        read -r cut where <<<"$cut"
        clean_run scribble "$cut" cut "$where" >/dev/null
        # a change in the other stream makes it draw
        if [ "$cut" = "$net" ]; then
            event-inject "$view" key_down key=t
        else
            printf 'place 0 -1 0 1\nshow\n' >&8
        fi
        ends 3 "$drawer"
        [[ $(<"$drawer_err") == *": the stream was truncated while in use" ]]
        kill -KILL "$layout" 2>/dev/null || true
        wait "$layout" || true
        exec 8>&-
        shm-rm -f "$net" "$view"
    done
}

# Prints a coordinate from the network's stream.
position() { # NODE AXIS
    shm-read -f raw "$net" | od -A n -t f4 -w12 -v | sed -n "$(($1 + 1))p" | awk -v k="$(($2 + 1))" '{ print $k }'
}

is_at() { # NODE X: succeeds within 0.05
    awk -v a="$(position "$1" 0)" -v b="$2" 'BEGIN { exit !(a - b < 0.05 && b - a < 0.05) }'
}

@test "with net-layout: a drag moves the node; each program survives the other's death" {
    clean_run shm-create -s 400x300 -f rgba "$view"
    printf '%s\n' 'a b' 'b c' 'c d' 'd a' >"$BATS_TEST_TMPDIR/graph"
    bg net-layout -d 3 "$BATS_TEST_TMPDIR/graph" "$net"
    layout=$BG
    drawer
    wait_until 10 shm-read -t 0 -f raw "$net" >/dev/null
    settled_frame
    # the leftmost pixel of a node
    at=$(look 'y, x = np.nonzero(hue(*BLUE) | hue(*ORANGE)); i = x.argmin()
print(f"x={(x[i] + 4.5) / W:.4f} y={(y[i] + .5) / H:.4f}")')
    do_events "pointer_down $at button=1 buttons=1" 'pointer_move x=0.1 y=0.1 buttons=1'
    wait_until 10 received node_drag
    read -r node x <<<"$(event-read -n 1 --from start -t 60 "$net" | sed 's/.*node=\([0-9]*\) x=\([^ ]*\) .*/\1 \2/')"
    wait_until 10 is_at "$node" "$x" # the layout has pinned it there
    do_events 'pointer_up x=0.1 y=0.1 button=1'
    wait_until 10 received node_drop
    kill -KILL "$drawer"
    ends 137 "$drawer"
    before=$(position 0 0)
    event-inject "$net" node_drag node=0 x=5 y=5 z=5
    wait_until 10 is_at 0 5
    drawer
    settled_frame
    kill -KILL "$layout"
    ends 137 "$layout"
    do_events 'key_down key=t'
    settled_frame
    look 'assert a[4, 4].min() > 200'
}

# Prints examples of the man page, with the test's streams and port.
examples() { # awk's condition
    awk "/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE/ { on = 0 } /^\.Bd/ { block = 1; next } /^\.Ed/ { block = 0 } on && ($1)" \
        "$ROOT/man/net-draw.1" | sed -E "s/^\.Dl //; s/ net( |$)/ $net\1/g; s/ view( |$)/ $view\1/g; s/8080/$PORT/"
}

@test "the examples of the man page" {
    cd "$BATS_TEST_TMPDIR"
    PORT=$(free_port)
    cat >deps.graphml <<'XML'
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="p" for="node" attr.name="party"/>
<graph edgedefault="undirected"><node id="a"><data key="p">left</data></node><node id="b"/><node id="c"/>
<edge source="a" target="b"/><edge source="b" target="c"/></graph></graphml>
XML
    examples 'block' >browser.sh
    [ "$(wc -l <browser.sh)" = 5 ]
    bg bash -e browser.sh >/dev/null
    wait_until 20 curl -sSf -o now.jpg "http://127.0.0.1:$PORT/snapshot.jpg"
    wait_until 10 shows 'assert mass(*BLUE)[0] > 20'
    examples '/^\.Dl/' >lines.sh
    [ "$(wc -l <lines.sh)" = 6 ]
    # The attributes in another view, as the first one has a program that draws.
    clean_run shm-create "$S3"
    bg bash -c "exec $(sed -n "s/ $view\$/ $S3/; /^net-draw/p" lines.sh)"
    drawn=$BG
    wait_until 20 shm-read -f ppm "$S3" >attributes.ppm
    sed -i /^net-draw/d lines.sh
    clean_run bash -e lines.sh
    [ "$(head -c 2 now.ppm)" = P6 ]
    clean_run shm-rm -f "$S3"
    ends 0 "$drawn"
    clean_run shm-rm -f "$view"
    ends 0 "$BG"
}

@test "-m and -x: wrong words are refused in one line" {
    fails 2 net-draw -m party a b
    [ "$stderr" = "net-draw: -m party: must be colour, size, label, edge-colour or edge-width, = and an attribute" ]
    fails 2 net-draw -m colour= a b
    fails 2 net-draw -m shape=x a b
    fails 2 net-draw -x degree a b
    [ "$stderr" = "net-draw: -x degree: must be an attribute, one of < <= > >= = != and a value" ]
    fails 2 net-draw -x '<2' a b
    fails 2 net-draw -x 'a!2' a b
    fails 2 net-draw --lines gl -x 'degree<2' a b
}

@test "usage errors, missing streams, a view with another writer" {
    fails_usage net-draw
    fails_usage net-draw "$net"
    fails_usage net-draw "$net" "$view" "$S3"
    fails 2 net-draw "$net" "$net"
    fails 2 net-draw --theme blue "$net" "$view"
    fails 2 net-draw --lines none "$net" "$view"
    fails 2 net-draw -r 0 "$net" "$view"
    fails 2 net-draw -s 0x1 "$net" "$view"
    fails 2 net-draw a/b "$view"
    fails 3 net-draw "$net" "$view"
    [ "$stderr" = "$(fails 3 shm-read "$view" 2>&1; echo "${stderr/shm-read/net-draw}")" ]
    clean_run shm-create -s 400x300 -f rgba "$view"
    fails 3 net-draw --font /dev/null "$net" "$view"
    drawer
    wait_until 10 frames
    fails 3 net-draw "$net" "$view"
    [[ $stderr == *"already written by pid $drawer (net-draw)" ]]
}

@test "no OpenGL: one line" {
    clean_run shm-create -s 400x300 -f rgba "$view"
    export __EGL_VENDOR_LIBRARY_DIRS=$BATS_TEST_TMPDIR
    fails 3 net-draw "$net" "$view"
    [[ $stderr == "net-draw: no EGL"* ]]
}

@test "page: a drag beside the nodes turns the network, the wheel comes nearer" {
    scenario network "a drag beside the nodes turns the network, the wheel zooms in"
}

@test "page: a node that is dragged goes with the pointer" {
    scenario network "a dragged node follows the pointer"
}

@test "page: the name of the node under the pointer appears, and goes" {
    scenario network "the name of the node under the pointer appears and disappears"
}
