#!/usr/bin/env bats
# The examples of libshmcast, built against the installed library: each shows a picture, and another
# one after a viewer's input.
# wait_until calls functions: shellcheck can't see that.
# shellcheck disable=SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

setup_file() {
    export PREFIX=$BATS_FILE_TMPDIR/prefix
    make -s -C "$ROOT" BUILD="$BUILD" install PREFIX="$PREFIX"
    export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX/lib
}

build() { # EXAMPLE PACKAGES…
    local flags
    flags=$(pkg-config --cflags --libs shmcast "${@:2}")
    # shellcheck disable=SC2086
    clean_run cc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/$1" "$ROOT/lib/examples/$1.c" $flags
}

start() { # EXAMPLE [VARIABLE=VALUE …]
    bg env "${@:2}" "$BATS_TEST_TMPDIR/$1" "$S"
    example=$BG
    wait_until 30 has_frames 1
}

has_frames() { # COUNT
    shm-ls -j "$S" | grep -q '"frames":{"published":[0-9]*' &&
        (($(shm-ls -j "$S" | grep -o '"frames":{"published":[0-9]*' | grep -o '[0-9]*$') >= $1))
}

pixel() { # X Y: red, green and blue
    shm-read "$S" | python3 -c 'import sys
kind, comment, size, most, data = sys.stdin.buffer.read().split(b"\n", 4)
width, height = map(int, size.split())
n = 1 if kind == b"P5" else 3
at = (int(sys.argv[2]) * width + int(sys.argv[1])) * n
print(*data[at:at + n])' "$1" "$2"
}

is() { # COLOUR X Y
    [ "$(pixel "$2" "$3")" = "$1" ]
}

shows() { # COLOUR X Y: in time
    wait_until 20 is "$@"
}

removed() { # the example reports that and ends
    clean_run shm-rm -f "$S"
    ends 1 "$example"
    grep -q ": $S: was removed$" "$BATS_TEST_TMPDIR"/bg.*.err
}

@test "every example is tested here" {
    for file in "$ROOT"/lib/examples/*; do
        name=${file##*/}
        grep -qE "^@test \"${name%.*}:" "$BATS_TEST_FILENAME"
    done
}

@test "egl: a square drawn by OpenGL follows the pointer" {
    build egl egl glesv2
    start egl EGL_LOG_LEVEL=fatal
    shows "255 255 0" 160 120
    event-inject "$S" pointer_move x=0.25 y=0.125
    shows "255 255 0" 80 30
    is "0 0 102" 160 120
    removed
}

@test "glib: a main loop is woken by input, and sleeps otherwise" {
    build glib glib-2.0
    start glib
    shows 0 5 110
    shows 200 5 130
    wait_until 10 blocked "$example"
    before=$(switches "$example")
    frame-gen -n 2 -r 0 >/dev/null
    [ "$(switches "$example")" = "$before" ]
    event-inject "$S" pointer_move x=0 y=0.9
    shows 0 5 200
    shows 200 5 220
    [ -z "$(ls "/proc/$example/task" | tail -n +2)" ] # no thread
    removed
}

@test "sdl: the viewers' input is that of SDL's loop" {
    build sdl sdl2
    start sdl SDL_VIDEODRIVER=dummy
    shows "60 50 60" 5 5
    shows "255 255 255" 160 120
    event-inject "$S" pointer_move x=0.25 y=0.25
    shows "255 255 255" 80 60
    event-inject "$S" key_down key=a
    shows "60 100 60" 160 120
    event-inject "$S" key_down key=q
    ends 0 "$example"
    [ ! -e "/dev/shm/$S" ]
}

@test "vtk: a scene is turned, and follows a viewer's size" {
    start_x 64x64
    version=$(cd /usr/include && echo vtk-9.*)
    libraries=()
    for name in CommonCore CommonDataModel CommonExecutionModel FiltersSources RenderingCore RenderingOpenGL2 \
        RenderingUI InteractionStyle; do
        libraries+=("-lvtk$name-${version#vtk-}")
    done
    # shellcheck disable=SC2046
    c++ -std=c++17 -Wall -Wextra -Werror -isystem "/usr/include/$version" -o "$BATS_TEST_TMPDIR/vtk" \
        "$ROOT/lib/examples/vtk.cc" $(pkg-config --cflags --libs shmcast) "${libraries[@]}"
    start vtk DISPLAY="$DISPLAY"
    background="0 0 102"
    shows "$background" 5 5
    is "$background" 160 120 && return 1
    shm-read "$S" >"$BATS_TEST_TMPDIR/first.ppm"
    event-inject "$S" pointer_down x=0.5 y=0.5 button=1 buttons=1
    event-inject "$S" pointer_move x=0.7 y=0.3 buttons=1
    event-inject "$S" pointer_up x=0.7 y=0.3 button=1
    wait_until 20 turned
    event-inject "$S" resize width=400 height=200
    wait_until 20 eval '[ "$(shm-read "$S" | sed -n 3p)" = "400 200" ]'
    shows "$background" 395 195
    removed
}

turned() { # the picture is another one, and answers the last event
    shm-read "$S" >"$BATS_TEST_TMPDIR/now.ppm"
    ! cmp -s "$BATS_TEST_TMPDIR/first.ppm" "$BATS_TEST_TMPDIR/now.ppm" &&
        grep -aqm 1 '^# frame=[0-9]* event=3 ' "$BATS_TEST_TMPDIR/now.ppm"
}
