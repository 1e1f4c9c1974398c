#!/usr/bin/env bats
# Runs the examples of man/shmcast-leaks.7 in a separate /dev/shm and pid namespace, and checks its
# statements about Python and a full /dev/shm.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

page=$ROOT/man/shmcast-leaks.7

subsections() {
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Ss //p' "$page"
}

displays() { # SUBSECTION: its displays as plain text
    awk -v want="$1" '
        /^\.S[sh] / { on = substr($0, 5) == want; next }
        /^\.Bd / { shown = on; next }
        /^\.Ed/ { shown = 0; next }
        shown { sub(/^\\&/, ""); gsub(/\\e/, "\\"); gsub(/\\(\(aq|\[aq\])/, "\047"); print }' "$page"
}

# Runs the commands after "$ " and "> " in bash and compares their output, except for numbers.
# Commands without side effects are repeated until their output matches.
cat >"$BATS_FILE_TMPDIR/follow" <<'E2'
same() {
    sed -E 's/[0-9]+(\.[0-9]+)?[KMGsmhd]?\b/N/g; s/N+/N/g; s/-+/-/g' | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}
try() {
    { eval "$command"; } >"$tmp/out" 2>&1 9<&-
    got=$(grep -vE 'line [0-9]+: +[0-9]+ (Killed|Terminated)' "$tmp/out" | same)
    [[ $got == "$(same <<<"$want")" ]]
}
check() {
    [[ $command ]] || return 0
    local end=$((SECONDS + 60))
    until try; do
        if [[ $command != @(shm-ls|ls|grep|head|cat)* ]] || ((SECONDS > end)); then
            printf '$ %s\nshows:\n%s\nnot:\n%s\n' "$command" "$(cat "$tmp/out")" "$want"
            exit 1
        fi
        sleep 0.05
    done
}
exec 9<&0 </dev/null
command= want= count=0
while IFS= read -r line <&9; do
    case $line in
    '$ '*) check; command=${line#??} want= count=$((count + 1)) ;;
    '> '*) command+=$'\n'${line#??} ;;
    *) want+=$line$'\n' ;;
    esac
done
check
((count))
E2

follow() { # SUBSECTION [SIZE of /dev/shm]
    displays "$1" >"$BATS_TEST_TMPDIR/shown"
    PATH=$BUILD:/usr/bin:/bin tmp=$BATS_TEST_TMPDIR unshare -rpf --kill-child --mount-proc bash -c '
        mount -t tmpfs -o size='"${2:-256m}"' tmpfs /dev/shm
        cd "$tmp"
        bash "$0" <"$1"' "$BATS_FILE_TMPDIR/follow" "$BATS_TEST_TMPDIR/shown" 3>&- 4>&-
}

# Every example has a test below, and every test has an example.
@test "each example is run here" {
    [ "$(subsections)" = "$(sed -n 's/^    follow "\([^"]*\)".*/\1/p' "$BATS_TEST_FILENAME")" ]
    [ "$(subsections | wc -l)" -ge 6 ]
}

@test "example: killed outright" {
    follow "A stream whose programs were killed"
}

@test "example: owner killed" {
    follow "A stream whose owner alone was killed"
}

@test "example: bpo-38119" {
    follow "A stream that a Python program unlinked"
}

@test "example: attaching from Python" {
    follow "Reading a stream from Python safely"
}

@test "example: psm_" {
    follow "Leftovers of a killed Python program"
}

@test "example: --replace killed" {
    follow "A replacement that was killed"
}

@test "example: full" {
    follow "A full /dev/shm" 64m
}

@test "example: by hand" {
    follow "Without these programs"
}

state() { # NAME
    shm-ls -j "$1" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["objects"][0]["state"])'
}

frames() { # NAME: published in the first stream of that name
    shm-ls -j "$1" | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["objects"][0]["frames"]["published"])'
}

more_frames_than() {
    (($(frames "$2") > $1))
}

attach='import sys
from multiprocessing.shared_memory import SharedMemory
m = SharedMemory(name=sys.argv[1])
assert bytes(m.buf[:7]) == b"shmcast"
m.close()'

@test "bpo-38119: the tracker unlinks the name, programs continue, --replace moves all of them" {
    shm-create -s 64x64 "$S"
    bg frame-gen -s 64x64 -r 25 -o "$S"
    writer=$BG
    bg shm-encode "$S"
    bg event-read "$S" >"$BATS_TEST_TMPDIR/events"
    reader=$BG
    serve "$S"
    wait_until 10 more_frames_than 3 "$S"
    inode=$(stat -c %i "/dev/shm/$S")

    /usr/bin/python3 -c "$attach" "$S" 2>"$BATS_TEST_TMPDIR/python"
    # another process does it, and reports it
    wait_until 10 grep -q 'leaked shared_memory objects' "$BATS_TEST_TMPDIR/python"
    wait_until 10 test ! -e "/dev/shm/$S"

    # All programs continue with the old stream.
    [ "$(state "$S")" = deleted ]
    more=$(($(frames "$S") + 10))
    wait_until 10 more_frames_than $more "$S"
    curl -sf "$URL/snapshot.jpg" | djpeg >/dev/null
    run -1 shm-ls --check "$S"
    run -0 shm-ls -l "$S"
    [[ $output == *"'shm-create --replace $S' moves its programs to a new stream"* ]]
    [[ $output == *"process "*"$writer (frame-gen), mapped and open"* ]]
    [[ $output == *"process "*"$reader (event-read), mapped and open"* ]]

    # They do not notice a new stream that was created without --replace …
    shm-create -s 64x64 "$S"
    [ "$(state "$S")" = idle ]
    # … but attach one that was created with it.
    clean_run shm-create --replace -s 64x64 "$S"
    [ "$(stat -c %i "/dev/shm/$S")" != "$inode" ]
    wait_until 10 more_frames_than 3 "$S"
    wait_until 10 eval '[ "$(shm-ls -j "$S" | grep -o "\"role\"" | wc -l)" -ge 4 ]'
    run -0 shm-ls --check "$S"
    run -0 shm-ls -j "$S"
    [[ $output != *"\"inode\":$inode,"* ]]
    event-inject "$S" wheel dy=3
    wait_until 10 grep -q 'wheel dy=3 ' "$BATS_TEST_TMPDIR/events"
    curl -sf "$URL/snapshot.jpg" | djpeg >/dev/null
}

@test "--replace moves only programs of an unlinked stream of this name, not of a removed one" {
    shm-create -s 8x8 "$S"
    bg event-read "$S" >/dev/null
    removed=$BG
    wait_until 10 eval '[ "$(state "$S")" = live ]'
    kill -STOP "$removed"
    shm-rm -f "$S"
    shm-create -s 8x8 "$S2"
    bg event-read "$S2" >/dev/null
    other=$BG
    wait_until 10 eval '[ "$(state "$S2")" = live ]'
    rm "/dev/shm/$S2"
    clean_run shm-create --replace -s 8x8 "$S"
    [ "$(state "$S2")" = deleted ]
    kill -CONT "$removed"
    ends 0 "$removed"
    [ "$(state "$S")" = idle ]
    # and the other one with its own --replace
    clean_run shm-create --replace -s 8x8 "$S2"
    wait_until 10 eval '[ "$(state "$S2")" = live ]'
    kill -TERM "$other"
    ends 143 "$other"
}

@test "a Python program keeps the old stream, and the others leave it" {
    shm-create -s 64x64 "$S"
    bg /usr/bin/python3 -c "$attach
print(1, flush=True)
import os, signal
m = SharedMemory(name=sys.argv[1])
print('has it', flush=True)
signal.pause()" "$S" >"$BATS_TEST_TMPDIR/held"
    wait_until 10 grep -q 'has it' "$BATS_TEST_TMPDIR/held"
    # Python holds no lock: the stream is idle, and the reason names the process
    run -0 shm-ls -l "$S"
    [[ $output == *"idle: nobody has it attached, though python3:$BG"*" has it open"* ]]
    clean_run shm-create --replace -s 64x64 "$S"
    run -0 shm-ls -l
    [[ $output == *"superseded: a new stream has its name; freed when python3:$BG"* ]]
    run -0 shm-ls --check "$S"
}

@test "Python killed alone: its tracker cleans up; killed with its tracker: an unused psm_ remains" {
    hold='import signal, sys
from multiprocessing.shared_memory import SharedMemory
m = SharedMemory(name=sys.argv[1], create=True, size=1 << 20)
print("made", flush=True)
signal.pause()'
    for whom in "" -; do
        bg /usr/bin/python3 -c "$hold" "psm_$S" >"$BATS_TEST_TMPDIR/out"
        wait_until 10 grep -q made "$BATS_TEST_TMPDIR/out"
        run -0 shm-ls --check --all "psm_$S"
        run -0 shm-ls -l "psm_$S"
        [[ $output == *"python, foreign: held by python3:$BG"* ]]
        kill -KILL -- "$whom$BG"
        ends 137 "$BG"
        [ -n "$whom" ] || wait_until 10 test ! -e "/dev/shm/psm_$S"
    done
    [ -e "/dev/shm/psm_$S" ]
    run -1 shm-ls --check --all "psm_$S"
    [[ $output == *foreign*"not in use; shm-rm -f removes it"* ]]
    fails 3 shm-rm "psm_$S"
    clean_run shm-rm -f "psm_$S"
    [ ! -e "/dev/shm/psm_$S" ]
}

@test "programs of a stream never see a full /dev/shm" {
    # Memory is first written after /dev/shm has become full.
    run -0 --separate-stderr unshare -rpf --kill-child --mount-proc bash -e -c '
        mount -t tmpfs -o size=24m tmpfs /dev/shm
        shm-create -s 640x480 -n 8 -e 4096 view
        frame-gen -r 50 -o view &
        writer=$!
        cat /dev/zero >/dev/shm/filler 2>/dev/null && exit 9
        [ "$(df --output=avail -B1 /dev/shm | tail -n 1)" -eq 0 ] || exit 8
        shm-create -s 640x480 more 2>/dev/null && exit 7
        shm-encode view &
        encoder=$!
        seq -f "wheel dy=%.0f" 1 5000 | event-inject view
        shm-read -f ppm -n 30 view | cat >/dev/null
        shm-read -f jpg -n 30 -t 100 view | cat >/dev/null
        kill -0 $writer $encoder
        [ "$(event-read --from start -t 0 view 2>/dev/null | tail -n 1 | cut -d " " -f 1,2)" = "wheel dy=5000" ] || exit 6
        [ "$(shm-ls | grep -c "warning: .*64")" = 0 ]
        kill $writer $encoder
        wait $writer || [ $? = 143 ] || exit 5
        wait $encoder || [ $? = 143 ] || exit 4
        shm-rm view'
    [ "$stderr" = "" ]
}

@test "a descriptor in /proc that is exchanged for another file is not opened" {
    skip_missing strace
    shm-create -s 8x8 "$S"
    echo precious >"$BATS_TEST_TMPDIR/precious"
    bg /usr/bin/python3 -c 'import os, signal, sys
fd = os.open("/dev/shm/" + sys.argv[1], os.O_RDWR)
os.dup2(fd, 50)
os.close(fd)
other = os.open(sys.argv[2], os.O_RDWR)
signal.signal(signal.SIGUSR1, lambda *_: os.dup2(other, 50))
os.unlink("/dev/shm/" + sys.argv[1])
print("has it", flush=True)
while True:
    signal.pause()' "$S" "$BATS_TEST_TMPDIR/precious" >"$BATS_TEST_TMPDIR/held"
    wait_until 10 grep -q 'has it' "$BATS_TEST_TMPDIR/held"
    holder=$BG
    [ "$(state "$S")" = deleted ]
    log=$BATS_TEST_TMPDIR/trace
    bg bash -c 'ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace "$@"; exit $?' bash -y -o "$log" \
        -P "/proc/$holder/fd/50" -P "$BATS_TEST_TMPDIR/precious" -e trace=openat \
        -e inject=openat:delay_enter=2000000:when=1 shm-create --replace -s 8x8 "$S"
    wait_until 10 grep -q openat "$log"
    kill -USR1 "$holder"
    wait_until 10 eval '[ "$(readlink /proc/$holder/fd/50)" = "$BATS_TEST_TMPDIR/precious" ]'
    ends 0 "$BG"
    cat "$log"
    # found, perhaps, but never opened
    grep -q "/precious>" "$log"
    run -1 grep -v O_PATH <(grep "/precious>" "$log")
}
