#!/usr/bin/env bats
# scripts/setup, demo, run-tests and bench.
bats_require_minimum_version 1.5.0
# bats file_tags=scripts
load ../support/helper

setup() {
    common_setup
    cd "$ROOT"
    OUT=$BATS_TEST_TMPDIR/out
    NOBODY=$(mktemp -d) # readable for other users
    chmod 755 "$NOBODY"
}

teardown() {
    rm -rf "$NOBODY"
    common_teardown
}

# Prints the demo's address, once it serves.
address() {
    grep -o 'http://127.0.0.1:[0-9]*/' "$OUT"
}

demo() {
    bg scripts/demo "$@" </dev/null >"$OUT"
    DEMO=$BG
    wait_until 60 address
    URL=$(address)
    # the name that shm-create chose
    STREAM=$(curl -sS "${URL}stats" | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p')
    [ -e "/dev/shm/$STREAM" ]
}

nothing_left() {
    wait_until 10 group_gone "$DEMO"
    [ ! -e "/dev/shm/$STREAM" ]
    [ ! -e "/dev/shm/$STREAM-net" ]
    [ ! -s "$BG_ERR" ]
}

moves() {
    local one two
    one=$(curl -sSf -o "$BATS_TEST_TMPDIR/a.jpg" "${URL}snapshot.jpg" && cksum <"$BATS_TEST_TMPDIR/a.jpg")
    two=$(curl -sSf -o "$BATS_TEST_TMPDIR/b.jpg" "${URL}snapshot.jpg" && cksum <"$BATS_TEST_TMPDIR/b.jpg")
    [ "$one" != "$two" ]
}

# Whether the image has pixels in many community colours, neither grey nor dark.
colourful() {
    shm-read -f ppm "$STREAM" >"$BATS_TEST_TMPDIR/now.ppm"
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/now.ppm" <<'PYTHON'
import sys
import numpy as np
from PIL import Image
a = np.asarray(Image.open(sys.argv[1]).convert("HSV"))
hues = a[..., 0][(a[..., 1] > 100) & (a[..., 2] > 90)]
assert (np.bincount(hues // 16, minlength=16) > 100).sum() >= 4
PYTHON
}

bright() {
    shm-read -f ppm "$STREAM" | ppmtopgm | pamsumm -mean -brief | grep -qE '^(1[5-9]|2)[0-9]+\.'
}

@test "demo: shows the network of this machine's packages, accepts control, leaves nothing" {
    demo --port "$(free_port)"
    wait_until 20 colourful
    event-inject "$STREAM" key_down key=t # switches to the light theme
    wait_until 10 grep -q '^key_down key=t' "$OUT"
    wait_until 10 bright
    [ -e "/dev/shm/$STREAM-net" ]
    kill "$DEMO"
    ends 143 "$DEMO"
    nothing_left
}

@test "demo: without OpenGL it reports that and shows a test picture" {
    export __EGL_VENDOR_LIBRARY_DIRS=$BATS_TEST_TMPDIR
    demo --port "$(free_port)"
    wait_until 10 moves
    djpeg -pnm "$BATS_TEST_TMPDIR/b.jpg" | clean_run frame-gen --read
    kill "$DEMO"
    ends 143 "$DEMO"
    grep -q '^net-draw: no EGL' "$BG_ERR"
    grep -qx 'scripts/demo: showing a test picture instead of the network' "$BG_ERR"
    : >"$BG_ERR"
    nothing_left
}

@test "debian-network: only installed packages, each edge once, no loops" {
    clean_run scripts/debian-network >"$OUT"
    grep -q '^[a-z0-9.+-]* libc6 [01].[0-9]*$' "$OUT"
    [ -z "$(grep -vE '^[a-z0-9.+-]+ [a-z0-9.+-]+ [01]\.[0-9]{4}$' "$OUT")" ]
    [ "$(cut -d ' ' -f 1,2 "$OUT" | sort | uniq -d | wc -l)" = 0 ]
    [ -z "$(awk '$1 == $2' "$OUT")" ]
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u >"$OUT.all"
    [ -z "$(cut -d ' ' -f 1,2 "$OUT" | tr ' ' '\n' | sort -u | comm -23 - "$OUT.all")" ]
}

@test "demo: serves a moving picture, prints events, ends by itself, leaves nothing" {
    # Its timer begins when all else has been tested.
    mkdir "$BATS_TEST_TMPDIR/bin"
    mkfifo "$BATS_TEST_TMPDIR/gate"
    exec 8<>"$BATS_TEST_TMPDIR/gate"
    printf '#!/bin/sh\n[ "$1" != 4 ] || read -r _ <%s\nexec /bin/sleep "$@"\n' "$BATS_TEST_TMPDIR/gate" \
        >"$BATS_TEST_TMPDIR/bin/sleep"
    chmod +x "$BATS_TEST_TMPDIR/bin/sleep"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH demo --picture --port "$(free_port)" --seconds 4
    wait_until 10 moves
    djpeg -pnm "$BATS_TEST_TMPDIR/b.jpg" | clean_run frame-gen --read
    event-inject "$STREAM" key_down key=Enter
    wait_until 10 grep -q '^key_down key=Enter' "$OUT"
    echo >&8
    ends 0 "$DEMO"
    exec 8>&-
    nothing_left
}

@test "demo: SIGINT, SIGTERM and SIGHUP end all of it" {
    for signal in INT:130 TERM:143 HUP:143; do
        demo --port "$(free_port)"
        kill -"${signal%:*}" "$DEMO"
        ends "${signal#*:}" "$DEMO"
        nothing_left
    done
}

@test "demo: Ctrl-C on a terminal" {
    bg python3 - "$(free_port)" >"$OUT" <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv("scripts/demo", ["scripts/demo", "--port", sys.argv[1]])
seen = b""
while b"http://" not in seen:
    seen += os.read(fd, 4096)
os.write(fd, b"\x03")
try:
    while os.read(fd, 4096):
        pass
except OSError: # EIO: the last process on the terminal has ended
    pass
status = os.waitpid(pid, 0)[1]
print(os.waitstatus_to_exitcode(status))
PYTHON
    DEMO=$BG
    ends 0 "$BG" 120
    [ "$(cat "$OUT")" = 130 ]
    [ ! -s "$BG_ERR" ]
}

@test "demo: a port in use, and a second demo at the same time" {
    demo --picture --port "$(free_port)"
    first=$DEMO first_stream=$STREAM first_url=$URL
    port=${URL##*:}
    demo --picture --port "${port%/}"
    [ "$URL" != "$first_url" ]
    [ "$STREAM" != "$first_stream" ]
    wait_until 10 moves
    kill "$DEMO"
    ends 143 "$DEMO"
    nothing_left
    [ -e "/dev/shm/$first_stream" ]
    kill "$first"
    ends 143 "$first"
}

@test "demo: ends with a message when a program of the pipeline dies" {
    demo --port "$(free_port)"
    for pid in $(group_alive "$DEMO"); do
        [ "$(cat "/proc/$pid/comm")" != shm-encode ] || kill -KILL "$pid"
    done
    ends 3 "$DEMO"
    [ ! -e "/dev/shm/$STREAM" ]
    wait_until 10 group_gone "$DEMO"
    grep -q '^scripts/demo: a program of the pipeline ended with 137' "$BG_ERR"
}

@test "demo: bad options" {
    fails_usage scripts/demo --no-such-option
    fails 2 scripts/demo --seconds
    fails 2 scripts/demo --seconds -1
    fails 2 scripts/demo --port x
    clean_run scripts/demo --help | grep -q '^usage: '
}

# A PATH with little more than the programs of a minimal Debian.
bare_path() {
    local tool
    for tool in bash env awk sort dirname printf cat grep sed; do
        ln -s "$(command -v "$tool")" "$NOBODY/$tool"
    done
}

as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "$@"
    else
        "$@"
    fi
}

@test "setup: silent, and without apt-get, when everything is installed" {
    ln -s /bin/false "$NOBODY/apt-get"
    ln -s /bin/false "$NOBODY/npm"
    PATH=$NOBODY:$PATH clean_run scripts/setup </dev/null >"$OUT"
    PATH=$NOBODY:$PATH clean_run scripts/setup -y --tests </dev/null >>"$OUT"
    [ ! -s "$OUT" ]
}

@test "setup: without -y and without a terminal it lists the missing packages and installs nothing" {
    bare_path
    ln -s /bin/false "$NOBODY/apt-get"
    PATH=$NOBODY fails 1 scripts/setup </dev/null >"$OUT"
    [[ $stderr == *"say -y"* ]]
    for package in gcc libc6-dev make pkg-config libjpeg-dev libwebsockets-dev; do
        grep -qE "^  $package  +[a-zA-Z]" "$OUT"
    done
    run -1 grep -q chromium "$OUT"
    PATH=$NOBODY fails 1 scripts/setup --tests </dev/null >"$OUT"
    grep -q chromium "$OUT"
}

@test "setup: with neither root nor sudo it prints the command to run as root, exit 3" {
    bare_path
    ln -s /bin/false "$NOBODY/apt-get"
    cp scripts/setup "$NOBODY/setup"
    mkdir "$NOBODY/scripts" # setup changes to the parent of its folder
    mv "$NOBODY/setup" "$NOBODY/scripts/setup"
    fails 3 as_nobody env PATH="$NOBODY" bash "$NOBODY/scripts/setup" -y </dev/null >"$OUT"
    [[ $stderr == *"apt-get update && apt-get install -y --no-install-recommends "*libwebsockets-dev* ]]
}

@test "setup: installed services are neither started nor enabled" {
    bare_path
    for tool in sh chmod rm mkdir; do
        ln -s "$(command -v "$tool")" "$NOBODY/$tool"
    done
    # Replaces the real policy file, and system programs, by paths of this test.
    mkdir "$NOBODY/scripts"
    sed "s,/usr/sbin/policy-rc.d,$NOBODY/policy,; s,/usr/sbin/[$]1,$NOBODY/none," scripts/setup >"$NOBODY/scripts/setup"
    run -0 grep -c "$NOBODY" "$NOBODY/scripts/setup"
    [ "$output" = 2 ]
    printf '#!/bin/sh\nif [ "$1" = -n ]; then shift; fi\nexec "$@"\n' >"$NOBODY/sudo"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\ncase "$*" in *install*) echo "$*"; cat "%s/policy"; esac\n' "$NOBODY" >"$NOBODY/apt-get"
    printf '#!/bin/sh\necho "systemctl $*"\n' >"$NOBODY/systemctl"
    chmod +x "$NOBODY/sudo" "$NOBODY/apt-get" "$NOBODY/systemctl"
    PATH=$NOBODY clean_run bash "$NOBODY/scripts/setup" -y --tests </dev/null >"$OUT"
    grep -q '^install .* nginx .*prometheus' "$OUT"
    grep -qx 'exit 101' "$OUT"
    # Debian 13 has no janus.
    grep -Eqx 'systemctl disable --quiet coturn (janus )?mosquitto nginx prometheus' "$OUT"
    [ ! -e "$NOBODY/policy" ]
    # An existing policy file stays unchanged.
    echo 'exit 0' >"$NOBODY/policy"
    PATH=$NOBODY clean_run bash "$NOBODY/scripts/setup" -y --tests </dev/null >"$OUT"
    grep -qx 'exit 0' "$OUT"
    [ "$(<"$NOBODY/policy")" = 'exit 0' ]
}

@test "setup: no apt-get at all, exit 3; an apt-get that fails, exit 3" {
    bare_path
    PATH=$NOBODY fails 3 scripts/setup -y </dev/null >"$OUT"
    [[ $stderr == *"no apt-get here"* ]]
    fails_usage scripts/setup --no-such-option
}

@test "run-tests: counts tests; tests that did not run count as failed" {
    mkdir "$BATS_TEST_TMPDIR/b"
    some=$BATS_TEST_TMPDIR/some.bats
    # printf, so that bats does not take these lines for tests of this file.
    tests() {
        printf '@test "%s\n' "$@" >"$some"
    }
    counts() { # CI STATUS LAST-LINE FILE
        run "-$2" env -i PATH=/usr/bin:/bin BUILD="$BATS_TEST_TMPDIR/b" CI="$1" \
            BATS_TEST_TIMEOUT=20 scripts/run-tests "$4"
        [[ ${lines[-1]} == $3 ]]
    }
    tests 'one" { true; }' 'two" { false; }' 'three" { skip; }'
    counts '' 1 "1 passed, 1 failed, 1 skipped" "$some"
    tests 'one" { true; }' 'three" { skip; }'
    counts '' 0 "1 passed, 0 failed, 1 skipped" "$some"
    counts true 1 "1 passed, 0 failed, 1 skipped" "$some"
    tests 'one" { true; }'
    counts true 0 "1 passed, 0 failed, 0 skipped" "$some"
    counts true 1 "0 passed, 1 failed, 0 skipped" "$BATS_TEST_TMPDIR/none.bats"
    echo 'exit 1' >>"$some"
    counts true 1 "0 passed, [1-9] failed, 0 skipped" "$some"
    tests 'one" { kill -KILL $$; }' 'two" { true; }'
    counts true 1 "[01] passed, [12] failed, 0 skipped" "$some"
}

@test "run-tests: tags select tests; every test file is in exactly one lane" {
    printf '# bats file_tags=core\n@test "%s" { true; }\n' one >"$BATS_TEST_TMPDIR/one.bats"
    printf '# bats file_tags=scripts,slow\n@test "%s" { true; }\n' two three >"$BATS_TEST_TMPDIR/two.bats"
    select_by() { # LAST-LINE OPTION ...
        run -0 env -i PATH=/usr/bin:/bin BUILD="$BUILD" BATS_TEST_TIMEOUT=20 scripts/run-tests "${@:2}" \
            "$BATS_TEST_TMPDIR/one.bats" "$BATS_TEST_TMPDIR/two.bats"
        [ "${lines[-1]}" = "$1" ]
    }
    select_by "1 passed, 0 failed, 0 skipped" --filter-tags core
    select_by "2 passed, 0 failed, 0 skipped" --filter-tags slow
    select_by "3 passed, 0 failed, 0 skipped" --filter-tags core --filter-tags scripts
    select_by "3 passed, 0 failed, 0 skipped"
    for file in tests/*/*.bats; do
        echo "$file"
        tags=$(sed -n 's/^# bats file_tags=//p' "$file" | tr ',' '\n')
        [ "$(grep -cxE 'core|server|browser|graphics|compute|scripts|python' <<<"$tags")" = 1 ]
        run -1 grep -vxE 'core|server|browser|graphics|compute|scripts|python|sanitize|threads|quick' <<<"$tags"
    done
}

@test "run-tests: each result appears at once" {
    mkfifo "$BATS_TEST_TMPDIR/gate"
    printf '@test "%s\n' 'one" { true; }' "two\" { read -r _ <$BATS_TEST_TMPDIR/gate; }" >"$BATS_TEST_TMPDIR/two.bats"
    bg env BUILD="$BUILD" BATS_TEST_TIMEOUT=100 scripts/run-tests "$BATS_TEST_TMPDIR/two.bats" >"$OUT"
    wait_until 30 grep -q '^ok 1 one' "$OUT"
    run -1 grep -q '^ok 2' "$OUT"
    echo >"$BATS_TEST_TMPDIR/gate"
    ends 0 "$BG" 120
    [ "$(tail -n 1 "$OUT")" = "2 passed, 0 failed, 0 skipped" ]
}

# A tree with scripts/check, stubs of what it calls, and one test per lane. /dev/shm is a folder there.
check_tree() {
    T=$BATS_TEST_TMPDIR/tree
    mkdir -p "$T/scripts" "$T/shm" "$T/tests/x"
    cp scripts/run-tests "$T/scripts/"
    sed "s,/dev/shm ,$T/shm ,; s,/dev/shm),$T/shm)," scripts/check >"$T/scripts/check"
    printf '#!/bin/sh\nexit 0\n' | tee "$T/scripts/setup" "$T/scripts/lint" >/dev/null
    printf 'tests:\n\t@mkdir -p $(or $(BUILD),build)\n' >"$T/Makefile"
    for lane in core,sanitize,threads,quick server browser graphics compute scripts; do
        printf '# bats file_tags=%s\n@test "a test of %s" { true; }\n' "$lane" "$lane" >"$T/tests/x/${lane%%,*}.bats"
    done
    printf '#!/bin/sh\necho "1 passed, 0 failed, 0 skipped"\n' >"$T/tests/in-debian"
    chmod +x "$T"/scripts/* "$T/tests/in-debian"
}

check() { # STATUS LAST-LINE ARGS...
    # A short time limit: bats 1.8 may wait for it after tests that end at once.
    run "-$1" env -i PATH=/usr/bin:/bin BATS_TEST_TIMEOUT=20 "$T/scripts/check" "${@:3}"
    [ "${lines[-1]}" = "$2" ]
}

@test "check: lanes, --all, --quick, FILE; a failure anywhere; the time of each lane" {
    check_tree
    check 0 "5 passed, 0 failed, 0 skipped"
    grep -qxE 'core +2 +0 +0 +[0-9]+:[0-5][0-9]' <<<"$output"
    check 0 "9 passed, 0 failed, 0 skipped" --all
    for lane in build lint core server browser graphics compute debian-13 build-asan asan build-tsan tsan; do
        grep -qE "^$lane +[0-9-]+ +0 +[0-9-]+ +[0-9]+:" <<<"$output"
        [ -e "$T/build/$lane.log" ]
    done
    check 0 "1 passed, 0 failed, 0 skipped" --quick
    check 0 "2 passed, 0 failed, 0 skipped" tests/x/core.bats tests/x/compute.bats
    printf '# bats file_tags=scripts\n@test "%s" { echo why; false; }\n' bad >"$T/tests/x/bad.bats"
    check 1 "5 passed, 1 failed, 0 skipped"
    grep -q '^not ok .* bad' <<<"$output"
    # The output of failures is last: long output is often cut in the middle.
    tac <<<"$output" | sed '/^== .* failed/,$d' | grep -qx '# why'
    rm "$T/tests/x/bad.bats"
    touch "$T/shm/bats-left-behind"
    echo 'touch /dev/shm/none 2>/dev/null; exit 1' | sed "s,/dev/shm/none,$T/shm/bats-left-now," >"$T/scripts/lint"
    check 1 "5 passed, 2 failed, 0 skipped"
    grep -qx 'scripts/check: .*/shm has changed:' <<<"$output"
    fails 2 check_usage --no-such-option
}

check_usage() {
    "$T/scripts/check" "$@" 2>&1 | sed -n 1p >&2 # unlike head it reads all, so nothing gets SIGPIPE
    return "${PIPESTATUS[0]}"
}

@test "check: progress at least every 5 s; an interrupted run leaves its logs and no process" {
    check_tree
    printf '@test "%s\n' 'first" { true; }' 'held" { tail -f /dev/null; }' | sed '1i # bats file_tags=core' >"$T/tests/x/core.bats"
    bg "$T/scripts/check" >"$OUT"
    wait_until 60 grep -qE '^\[[0-9]+:[0-9]+\] .*core 1/[0-9]' "$OUT"
    kill -INT "$BG"
    ends 130 "$BG" 30
    grep -q '^ok 1 first' "$T/build/core.log"
    grep -q '^scripts/check: interrupted' "$BG_ERR"
    # The lanes have process groups of their own.
    run -1 pgrep -f "$T/tests/x/core.bats"
}

# The rows of bench.json as one line each: ROW|OK|LEFT-OUT
bench_rows() {
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/b/bench.json" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
assert report["machine"] and report["date"] and report["load"] >= 0, report
for row in report["rows"]:
    if "left_out" not in row and row["ratio"] is not None:
        assert row["min"] <= row["ratio"] <= row["max"] and row["ours"] > 0 < row["peer"], row
    print(row["row"], row.get("ok", "-"), row.get("left_out", ""), sep="|")
PYTHON
}

bench() { # ARGS…: writes to a separate folder; runs the programs in $PATH
    mkdir -p "$BATS_TEST_TMPDIR/b"
    BUILD=$BATS_TEST_TMPDIR/b scripts/bench "$@"
}

no_bench_left() { # ignores streams bench-PID-NUMBER of running processes
    local stream pid
    for stream in $(compgen -G '/dev/shm/bench-*'); do
        pid=${stream#*-}
        kill -0 "${pid%-*}" || return 1
    done
    [[ -z $(compgen -G "$BATS_TEST_TMPDIR/bench-*") ]]
}

@test "bench: measures the named rows, and reports in JSON, table and exit status" {
    got=0
    TMPDIR=$BATS_TEST_TMPDIR bench -n 2 log events >"$OUT" 2>"$OUT.err" || got=$?
    [ ! -s "$OUT.err" ]
    bench_rows >"$OUT.rows"
    [ "$(cut -d '|' -f 1 "$OUT.rows" | tr '\n' ' ')" = "log events events " ]
    run -1 grep -v -e '|True|$' -e '|False|$' "$OUT.rows" # each has a verdict
    if grep -q '|False|' "$OUT.rows"; then want=1; else want=0; fi
    [ "$got" -eq "$want" ]
    [ "$(grep -c '\(ok\|below\)$' "$OUT")" -eq 3 ]
    no_bench_left
}

@test "bench: --add keeps the other rows of the last run, in the list's order" {
    printf '{"machine": "other", "version": "0", "rows": [], "curves": []}\n' >"$OUT.last"
    mkdir "$BATS_TEST_TMPDIR/b"
    cp "$OUT.last" "$BATS_TEST_TMPDIR/b/bench.json"
    TMPDIR=$BATS_TEST_TMPDIR fails 3 bench --add idle
    [[ $stderr == "scripts/bench: --add: the last run was of 0 on other" ]]
    cmp "$OUT.last" "$BATS_TEST_TMPDIR/b/bench.json"
    rm "$BATS_TEST_TMPDIR/b/bench.json"
    local row
    for row in log events log; do # met targets and missed ones alike
        TMPDIR=$BATS_TEST_TMPDIR bench -n 1 --add $row >>"$OUT" || [ $? = 1 ]
    done
    bench_rows >"$OUT.rows"
    [ "$(cut -d'|' -f1 "$OUT.rows" | tr '\n' ' ')" = "events events log " ]
    no_bench_left
}

@test "bench: a missing peer is reported in its row" {
    for tool in mkdir cat wc; do ln -s "$(command -v "$tool")" "$NOBODY/$tool"; done
    TMPDIR=$BATS_TEST_TMPDIR PATH=$BUILD:$BUILD/tests:$NOBODY clean_run bench memory encode >"$OUT"
    grep -q 'left out: strace not installed: scripts/setup --bench$' "$OUT"
    bench_rows >"$OUT.rows"
    [ "$(grep -c '|-|strace not installed' "$OUT.rows")" -eq 1 ]
    [ "$(grep -c '|-|ffmpeg not installed' "$OUT.rows")" -eq 6 ]
    no_bench_left
}

@test "bench: leaves nothing behind when it is ended early" {
    mkdir "$BATS_TEST_TMPDIR/b"
    TMPDIR=$BATS_TEST_TMPDIR BUILD=$BATS_TEST_TMPDIR/b bg scripts/bench idle >"$OUT"
    one=$BG
    wait_until 20 compgen -G "/dev/shm/bench-$one-*"
    kill "$one"
    ends 143 "$one" 20
    wait_until 10 group_gone "$one"
    no_bench_left
}

@test "bench: usage, and the list of rows" {
    fails_usage bench --no-such-option
    fails_usage bench -n 0 log
    fails_usage bench no-such-row
    bench --help | grep -q '^usage: '
    bench --list >"$OUT"
    for row in write encode threads events fanout saturated idle log grow-viewers; do
        grep -q "^$row  *[a-z0-9]" "$OUT"
    done
    PATH=$NOBODY fails 3 bench log >/dev/null
    [[ $stderr == *"is not built: make tests"* ]]
}

@test "bench: --readme puts the last run's table, plot and summary into the README files" {
    skip_missing gnuplot
    mkdir -p "$BATS_TEST_TMPDIR/r/scripts" "$BATS_TEST_TMPDIR/r/tests/bench" "$BATS_TEST_TMPDIR/b"
    cp scripts/bench "$BATS_TEST_TMPDIR/r/scripts/"
    printf 'before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n' >"$BATS_TEST_TMPDIR/r/README.md"
    cp "$BATS_TEST_TMPDIR/r/README.md" "$BATS_TEST_TMPDIR/r/tests/bench/README.md"
    cat >"$BATS_TEST_TMPDIR/b/bench.json" <<'JSON'
{"machine": "M", "date": "2001-02-03T04:05:06Z", "load": 0.5, "version": "v", "rows": [
 {"row": "a", "what": "A", "unit": "u", "ours": 3, "peer": 2, "ratio": 1.5, "min": 1.4, "max": 1.6,
  "target": 1.25, "sign": ">=", "ok": true, "note": null},
 {"row": "b", "what": "B", "left_out": "no such thing"},
 {"row": "saturated", "what": "ws-serve, 1024 viewers, ws, as fast as possible, to a bare sender", "unit": "GB/s",
  "ours": 4, "peer": 5, "ratio": 0.8, "min": 0.7, "max": 0.9, "target": null, "sign": null, "ok": true, "note": null}],
 "curves": [{"row": "c", "what": "C", "x": "viewers", "unit": "ms", "kind": "linear",
  "exponent": 0.98, "fit_from": 0, "points": [[1, 1.0], [10, 9.5]]}]}
JSON
    cd "$BATS_TEST_TMPDIR/r"
    bench --readme
    table=tests/bench/README.md
    grep -qF '| A, u | 3 | 2 | **1.50** (1.40–1.60) | ≥ 1.25 | ok |' $table
    grep -qF '| B | | | left out: no such thing | | |' $table
    grep -q '^2001-02-03, M' $table
    grep -qxF '| `ws-serve`, 1024 viewers, vs. a bare sender, GB/s | 4 | 5 | 0.80 |' README.md
    run -1 grep -q 'A, u' README.md
    for file in README.md $table; do
        run -1 grep -q '^old' $file
        [ "$(sed -n '1p;$p' $file | tr '\n' ' ')" = "before after " ]
    done
    grep -q 'C, exponent 0.98' tests/bench/bench.svg
    rm README.md
    fails 3 bench --readme
}

@test "variants: refuses a name that it does not know, and lists the names" {
    run -2 "$ROOT/scripts/variants" bare no-such-one
    [ "${lines[0]}" = "scripts/variants: no-such-one: no such variant; there are clang lto fortify bare blanks user musl arm64" ]
    run -0 "$ROOT/scripts/variants" --help
    [ "$output" = "usage: scripts/variants [NAME ...]" ]
}
