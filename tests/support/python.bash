# Loaded by the tests of lib/python with packages from PyPI, in place of helper.
#   python ARGS…          runs the Python of tests/python/venv with this checkout's package
#   python_setup          common_setup, in the test's folder; skips without that Python
#   python_program MODULE whether it has the module
#   display_for_vtk       starts an X server, for versions of VTK that need one, and sets DISPLAY
#   watch_stream          keeps a viewer on the page of $URL, so that the stream is watched
#   pixel_is X Y R G B    whether the newest picture of $URL has about this colour there
#   picture_is W H        whether it has this size
#   no_process WORD       whether no process has the word in its command line

load ../support/helper

PYTHON=$TESTS/python/venv/bin/python

python() {
    "$PYTHON" "$@"
}

python_setup() {
    common_setup
    [[ -x $PYTHON ]] || skip "scripts/setup --python was not run"
    cd "$BATS_TEST_TMPDIR" || return
    # Matplotlib, Jupyter and others write to the user's folders.
    export PYTHONPATH=$ROOT/lib/python PYTHONDONTWRITEBYTECODE=1 HOME=$BATS_TEST_TMPDIR
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
    sanitized && skip "Python would load a sanitizer with the library"
    return 0
}

python_program() {
    python -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))"
}

display_for_vtk() {
    bg Xvfb -noreset -displayfd 1 -screen 0 640x480x24 -nolisten tcp >display
    wait_until 20 test -s display
    DISPLAY=:$(<display)
    export DISPLAY
}

watch_stream() {
    bg curl -s -N -o /dev/null "${URL%%\?*}stream.mjpg?${URL#*\?}"
}

# The newest picture as now.ppm.
picture() {
    curl -sf -o now.jpg "${URL%%\?*}snapshot.jpg?${URL#*\?}" && djpeg -outfile now.ppm now.jpg
}

picture_is() {
    picture && [[ $(head -c 20 now.ppm | sed -n 2p) == "$1 $2" ]]
}

pixel_is() {
    local got i want=("${@:3}")
    picture || return
    read -ra got < <(pamcut -left "$1" -top "$2" -width 1 -height 1 now.ppm | tail -c 3 | od -An -tu1)
    for i in 0 1 2; do
        ((got[i] >= want[i] - 12 && got[i] <= want[i] + 12)) || return 1
    done
}

no_process() {
    ! grep -qz -- "[${1:0:1}]${1:1}" /proc/[0-9]*/cmdline 2>/dev/null
}
