#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

header() { # OFFSET FORMAT: a number of $S's header
    python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "rb") as f:
    print(struct.unpack_from("<" + sys.argv[3], f.read(4096), int(sys.argv[2]))[0])' "$S" "$1" "$2"
}

@test "a stream has exactly the bytes in its header, all reserved" {
    clean_run shm-create -s 640x480 -f rgb24 -n 3 -e 1000 -p 100000 "$S"
    [ "$(header 0 8s)" = "b'shmcast\\x00'" ]
    [ "$(header 16 Q)" = "$(stat -c %s "/dev/shm/$S")" ]
    [ "$(header 64 I)x$(header 68 I)" = 640x480 ]
    [ "$(header 76 I) $(header 80 I) $(header 84 I)" = "3 3 1024" ]
    [ "$(header 88 Q) $(header 96 Q)" = "921600 102400" ]
    # blocks are of 512 bytes
    [ "$(($(stat -c %b "/dev/shm/$S") * 512))" -ge "$(stat -c %s "/dev/shm/$S")" ]
    run -0 shm-ls -j "$S"
    [[ $output == *"\"bytes\":$(stat -c %s "/dev/shm/$S"),"* ]]
}

@test "the default is a private 1280x720 rgb24 stream with 4 slots" {
    clean_run shm-create "$S"
    [ "$(stat -c %a "/dev/shm/$S")" = 600 ]
    [ "$(header 64 I)x$(header 68 I) $(header 72 I) $(header 76 I)" = "1280x720 2 4" ]
}

@test "-m sets the mode whatever the umask" {
    umask 077
    clean_run shm-create -s 8x8 -m 0664 "$S"
    [ "$(stat -c %a "/dev/shm/$S")" = 664 ]
}

@test "-g gives a stream to a group, whose members use it in every way" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    as() { setpriv --reuid="$1" --regid="$1" --groups "$2" "${@:3}"; }
    umask 077
    clean_run as 65534 4242 "$BUILD/shm-create" -s 8x8 -m 0660 -g 4242 "$S"
    [ "$(stat -c '%a %u %g' "/dev/shm/$S")" = "660 65534 4242" ]
    clean_run as 4243 4242 "$BUILD/frame-gen" -s 8x8 -n 1 -o "$S"
    clean_run as 4243 4242 "$BUILD/event-inject" "$S" wheel dy=1
    clean_run as 4243 4242 "$BUILD/shm-read" -f raw "$S" >"$BATS_TEST_TMPDIR/frame"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/frame")" = 192 ]
    fails 3 as 4243 4243 "$BUILD/frame-gen" -s 8x8 -n 1 -o "$S"
    # by name; not to a group of others, and not to one that does not exist
    clean_run shm-create -s 8x8 -g "$(getent group 1 | cut -d : -f 1)" "$S2"
    [ "$(stat -c '%a %g' "/dev/shm/$S2")" = "600 1" ]
    fails 3 as 65534 4242 "$BUILD/shm-create" -s 8x8 -g 4244 "$S3"
    [[ $stderr == "shm-create: $S3: it cannot be given to that user or group"* ]]
    fails 2 shm-create -s 8x8 -g no-such-group "$S3"
    fails 2 shm-create -s 8x8 -g 4294967295 "$S3"
    fails 2 shm-create -s 8x8 -g '' "$S3"
    [ ! -e "/dev/shm/$S3" ]
}

@test "a leading slash is not part of the name" {
    clean_run shm-create -s 8x8 "/$S"
    [ -e "/dev/shm/$S" ]
}

@test "without a name it generates one and prints it" {
    run -0 --separate-stderr shm-create -s 8x8
    [ "${#lines[@]}" = 1 ]
    [[ $output =~ ^shmcast-[a-z2-7]{8}$ ]]
    [ -e "/dev/shm/$output" ]
    [ "$stderr" = "" ]
    shm-rm "$output"
}

@test "a generated name that cannot be printed is an error, and no stream is left" {
    skip_missing strace
    fails 3 strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=linkat shm-create -s 8x8 >/dev/full
    [[ $stderr == "shm-create: standard output: No space left on device" ]]
    made=$(grep -o '/dev/shm/shmcast-[a-z2-7]*' "$BATS_TEST_TMPDIR/trace")
    [ -n "$made" ]
    [ ! -e "$made" ]
}

@test "an existing name is refused, and the stream is unchanged" {
    shm-create -s 8x8 "$S"
    before=$(sha256sum "/dev/shm/$S")
    fails 3 shm-create -s 16x16 "$S"
    [[ $stderr == "shm-create: $S: already exists"* ]]
    [ "$before" = "$(sha256sum "/dev/shm/$S")" ]
    touch "/dev/shm/$S2"
    fails 3 shm-create -s 16x16 "$S2"
    [ ! -s "/dev/shm/$S2" ]
}

@test "bad names, sizes, formats and counts are refused with exit 2" {
    for name in "" . .. a/b //a "$(printf 'a\nb')" "$(printf '%0251d' 1)"; do
        fails 2 shm-create -s 8x8 "$name"
    done
    for size in 0x8 8x0 -8x8 8x-8 2147483648x8 8x4294967297 65501x8 8 x8 8x 8x8x8 ' 8x8' 8x8k; do
        fails 2 shm-create -s "$size" "$S"
    done
    fails 2 shm-create -f rgb "$S"
    [[ $stderr == *"gray8"*"yuv444p"* ]]
    for slots in 1 65 -3 3.5 99999999999999999999 ''; do
        fails 2 shm-create -n "$slots" "$S"
    done
    fails 2 shm-create -e 15 "$S"
    fails 2 shm-create -p 1 "$S"
    fails 2 shm-create -m 0999 "$S"
    fails 2 shm-create -m 0444 "$S"
    fails 2 shm-create --replace
    fails_usage shm-create "$S" extra
    fails_usage shm-create "$S" --
    [ ! -e "/dev/shm/$S" ]
}

@test "no room in /dev/shm: reports needed and free bytes, leaves nothing" {
    fails 3 unshare -rm sh -c '
        mount -t tmpfs -o size=8m tmpfs /dev/shm
        shm-create -s 16x16 -e 16 small || exit 9
        shm-create -s 1920x1080 big && exit 8
        status=$?
        [ "$(ls /dev/shm)" = small ] || exit 7
        [ "$(df --output=avail -B1 /dev/shm | tail -n 1)" -gt 7000000 ] || exit 6
        shm-create --replace -s 1920x1080 small 2>/dev/null && exit 5
        [ "$(ls -A /dev/shm)" = small ] || exit 4
        exit $status'
    [[ $stderr =~ ^"shm-create: big: no room in /dev/shm: needs "[0-9]{8}" bytes, "[0-9]{7}" are free"$ ]]
}

# Runs a script in bash with a /dev/shm of its own of this size. Its programs end with it.
small() { # SIZE SCRIPT
    cd "$BATS_TEST_TMPDIR"
    export -f wait_until
    # The leak checker does not work under strace.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 unshare -rpf --kill-child --mount-proc bash -e -c '
        attached() { # COUNT: processes that have the stream attached
            [ "$(shm-ls -l view | grep -c "^  process ")" = "$1" ]
        }
        count() { # frames or packets: published so far
            shm-ls -l view | sed -n "s/^  $1 *\([0-9]*\) published.*/\1/p"
        }
        published() { # frames or packets MORE-THAN
            [ "$(count "$1")" -gt "$2" ]
        }
        mount -t tmpfs -o "size=$1" tmpfs /dev/shm
        eval "$2"' - "$@"
}

@test "no room for --replace even with the memory of the old stream: it stays" {
    fails 3 small 6m '
        shm-create -s 640x480 -n 2 -e 16 view
        before=$(stat -c "%i %s" /dev/shm/view)
        shm-create --replace -n 5 view && exit 8 || status=$?
        [ "$(ls -A /dev/shm)" = view ] && [ "$before" = "$(stat -c "%i %s" /dev/shm/view)" ] || exit 7
        exit $status'
    [[ $stderr =~ ": needs "7[0-9]{6}" bytes, "[0-9]+" are free, and the old stream holds "([0-9]+)$ ]]
    held=${BASH_REMATCH[1]}
    ((held > 2900000 && held < 3100000))
}

@test "no room for both: --replace moves the memory, all programs follow, no event is lost" {
    run -0 --separate-stderr small 4500k '
        shm-create -s 400x300 -e 1024 -n 3 view -- sleep 1000 &
        wait_until 60 [ -e /dev/shm/view ]
        frame-gen -r 50 -s 400x300 -o view &
        shm-encode -q 50 view &
        event-read view >events &
        shm-read -n 1000000 view >/dev/null &
        wait_until 60 attached 5
        wait_until 60 published packets 0
        before=$(stat -c %i /dev/shm/view)
        event-inject view wheel dy=1
        shm-create --replace -n 5 view
        [ "$(stat -c %i /dev/shm/view)" != "$before" ]
        # all memory is reserved, and nothing else is left
        [ "$(($(stat -c %b /dev/shm/view) * 512))" -ge "$(stat -c %s /dev/shm/view)" ]
        [ "$(ls -A /dev/shm)" = view ]
        wait_until 60 published frames 3
        wait_until 60 published packets 0
        event-inject view wheel dy=2
        wait_until 60 grep -q dy=2 events
        [ "$(cut -d " " -f 1,2 events)" = "wheel dy=1
wheel dy=2" ]
        kill -0 $(jobs -p)'
    [ "$stderr" = "" ]
}

@test "no room for both: a program that does not leave is named, and all goes on in the old stream" {
    run -0 --separate-stderr small 4500k '
        shm-create -s 400x300 -e 1024 -n 3 view
        before=$(stat -c %i /dev/shm/view)
        frame-gen -r 50 -s 400x300 -o view &
        writer=$!
        shm-encode view &
        event-read view >events &
        wait_until 60 attached 3
        event-inject view wheel dy=1
        wait_until 60 grep -q dy=1 events
        kill -STOP $writer
        wait_until 60 grep -q "^State:.T" /proc/$writer/status
        status=0
        shm-create --replace -n 5 view 2>err || status=$?
        [ $status = 3 ]
        [ "$(<err)" = "shm-create: view: no room in /dev/shm for the old and the new stream at once, and \
pid $writer (frame-gen) did not leave the old one within 5 seconds; end it and try again" ]
        [ "$(ls -A /dev/shm) $(stat -c %i /dev/shm/view)" = "view $before" ]
        wait_until 60 attached 3
        event-inject view wheel dy=2
        wait_until 60 grep -q dy=2 events
        [ "$(grep -c "" events)" = 2 ] # none is printed twice
        kill -CONT $writer
        frames=$(count frames)
        wait_until 60 published frames "$frames"
        shm-create --replace -n 5 view
        wait_until 60 published frames 1
        kill -0 $(jobs -p)'
    [ "$stderr" = "" ]
}

@test "no room for both, and others take the memory meanwhile: the old stream stays, without images" {
    skip_missing strace
    run -0 --separate-stderr small 4500k '
        shm-create -s 400x300 -e 1024 -n 3 view
        before=$(stat -c %i /dev/shm/view)
        frame-gen -n 7 -s 400x300 -o view
        event-read view >events &
        wait_until 60 attached 1
        event-inject view wheel dy=1
        wait_until 60 grep -q dy=1 events
        # all, what fits, the hole, the rest
        status=0
        strace -o trace -e trace=fallocate -e inject=fallocate:error=ENOSPC:when=4 \
            shm-create --replace -n 5 view 2>err || status=$?
        [ $status = 3 ]
        [ "$(grep -c "PUNCH_HOLE.*= 0" trace)" = 1 ]
        grep -q "^shm-create: view: no room in /dev/shm: needs " err
        [ "$(ls -A /dev/shm) $(stat -c %i /dev/shm/view)" = "view $before" ]
        [ "$(($(stat -c %b /dev/shm/view) * 512))" -ge "$(stat -c %s /dev/shm/view)" ]
        ! published frames 0
        event-inject view wheel dy=2
        wait_until 60 grep -q dy=2 events
        [ "$(grep -c "" events)" = 2 ]
        frame-gen -n 1 -s 400x300 -o view
        shm-read -t 0 view >picture'
    [ "$stderr" = "" ]
}

@test "no room for both, and --replace is killed: it leaves complete streams or orphans" {
    skip_missing strace
    run -0 --separate-stderr small 4500k '
        for at in fallocate:1 fallocate:2 linkat:1 renameat2:1 fallocate:3 fallocate:4 unlink:1; do
            shm-create -s 400x300 -e 1024 -n 3 view
            event-read view >/dev/null 2>reader &
            wait_until 60 attached 1
            strace -o /dev/null -e trace=${at%:*} -e inject=${at%:*}:signal=KILL:when=${at#*:} \
                shm-create --replace -n 5 view && exit 8 || [ $? = 137 ] || exit 7
            case $at in
            fallocate:[34]) # the reader has left the old stream
                wait $! && exit 6 || [ $? = 3 ] || exit 5
                grep -q "^event-read: view: half-created: its creator has exited" reader
                shm-ls --check >list && exit 4 || [ $? = 1 ] || exit 3
                [ "$(grep -c "left by a shm-create --replace that was killed; shm-rm --orphans" list)" = 2 ]
                shm-rm --orphans ;;
            *)
                shm-rm --orphans
                shm-ls --check view >list
                shm-rm -f view
                wait $!
                [ ! -s reader ] ;;
            esac
            [ "$(ls -A /dev/shm)" = "" ]
        done'
}

@test "no inodes in /dev/shm: the message says so, shm-ls warns" {
    fails 3 unshare -rm sh -c '
        mount -t tmpfs -o size=64m,nr_inodes=3 tmpfs /dev/shm
        : >/dev/shm/a && : >/dev/shm/b || exit 9
        shm-ls | grep -q "^warning: no inodes left in /dev/shm: too many objects; remove some" || exit 8
        shm-create -s 16x16 one'
    [ "$stderr" = "shm-create: one: no inodes left in /dev/shm: too many objects; remove some, or raise \
nr_inodes of its mount" ]
}

@test "a limit on file sizes: a message instead of SIGXFSZ, leaves nothing" {
    fails 3 bash -c 'ulimit -f 1000; exec shm-create -s 640x480 "$1"' - "$S"
    [ "$stderr" = "shm-create: $S: larger than the limit on file sizes; raise it with ulimit -f" ]
    [ ! -e "/dev/shm/$S" ]
    clean_run bash -c 'ulimit -f 10000; exec shm-create -s 16x16 "$1"' - "$S"
}

@test "without /proc all works, or the message says why not" {
    ! sanitized || return 0 # sanitizers themselves need /proc
    # shm-create, then what uses the stream
    clean_run unshare -rm sh -c '
        mount -t tmpfs tmpfs /proc || exit 9
        shm-create -s 16x16 "$1" 2>"$2/err" || { mv "$2/err" "$2/refused"; exit 0; }
        frame-gen -n 1 -o "$1" && event-inject "$1" wheel dy=1 &&
            shm-read -t 0 "$1" >"$2/frame" && event-read --from start -n 1 "$1" >"$2/event" &&
            shm-create --replace -s 8x8 "$1" && shm-ls >"$2/ls" && shm-ls -l "$1" >"$2/long" &&
            shm-rm --orphans && shm-rm "$1"' - "$S" "$BATS_TEST_TMPDIR"
    [ ! -e "/dev/shm/$S" ]
    if [ -e "$BATS_TEST_TMPDIR/refused" ]; then # a kernel before 6.10
        [ "$(<"$BATS_TEST_TMPDIR/refused")" = \
            "shm-create: $S: cannot be created without /proc on Linux before 6.10; mount /proc" ]
        return 0
    fi
    [ -s "$BATS_TEST_TMPDIR/frame" ] && [ -s "$BATS_TEST_TMPDIR/event" ] && [ -s "$BATS_TEST_TMPDIR/long" ]
    grep -qx 'warning: /proc is not mounted: processes are not shown' "$BATS_TEST_TMPDIR/ls"
}

@test "killed at any relevant system call, it leaves nothing or a complete stream" {
    skip_missing strace
    for call in ftruncate fallocate fchmod mmap linkat renameat2; do
        for when in 1 2 3 8; do
            shm-create -s 8x8 "$S2"
            for replace in '' --replace; do
                name=$S
                [ -z "$replace" ] || name=$S2
                strace -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$when" \
                    shm-create -s 8x8 $replace "$name" 2>/dev/null || true
                # a stream with a name is complete
                for file in /dev/shm/"$S" /dev/shm/"$S2"; do
                    [ ! -e "$file" ] || clean_run shm-ls "${file##*/}" >/dev/null
                done
                shm-rm -f "$S" 2>/dev/null || true
            done
            shm-rm -f "$S2"
        done
    done
    # a killed --replace can leave one stream under a temporary name, and shm-rm finds it
    shm-rm --orphans
    run -2 ls -d /dev/shm/.shmcast-*
}

@test "with a command the stream lives as long as the command, and its status is returned" {
    run -0 shm-create -s 8x8 "$S" -- sh -c 'shm-ls -j "$SHMCAST_STREAM"'
    [[ $output == *'"state":"live"'*'"owned":true'*'"role":"owner"'* ]]
    [ ! -e "/dev/shm/$S" ]
    run -7 shm-create -s 8x8 "$S" -- sh -c 'exit 7'
    run -137 shm-create -s 8x8 "$S" -- sh -c 'kill -KILL $$'
    run -127 shm-create -s 8x8 "$S" -- no-such-command-at-all
    run -126 shm-create -s 8x8 "$S" -- /etc/passwd
    [ ! -e "/dev/shm/$S" ]
    # the name may be generated, and options of the command are not parsed
    run -0 shm-create -s 8x8 -- sh -c 'echo "$SHMCAST_STREAM"'
    [[ $output =~ ^shmcast-[a-z2-7]{8}$ ]]
    [ ! -e "/dev/shm/$output" ]
}

@test "stop signals are passed to the command, which decides the status" {
    for signal in TERM INT HUP QUIT; do
        bg shm-create -s 8x8 "$S" -- sleep 1000
        wait_until 5 pgrep -P "$BG" -x sleep
        child=$(pgrep -P "$BG" -x sleep)
        kill -"$signal" "$BG"
        ends $((128 + $(kill -l "$signal"))) "$BG"
        pid_gone "$child"
        [ ! -e "/dev/shm/$S" ]
    done
    # a command that handles the signal decides the status
    bg shm-create -s 8x8 "$S" -- bash -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
    wait_until 5 pgrep -P "$BG" -x bash
    wait_until 5 pgrep -P "$(pgrep -P "$BG" -x bash)" -x sleep
    kill -TERM "$BG"
    ends 5 "$BG"
    [ ! -e "/dev/shm/$S" ]
}

@test "a command runs and ends with SIGCHLD inherited ignored, and a stop signal reaches it" {
    run -7 timeout 20 env --ignore-signal=CHLD shm-create -s 8x8 "$S" -- sh -c 'exit 7'
    [ ! -e "/dev/shm/$S" ]
    bg env --ignore-signal=CHLD shm-create -s 8x8 "$S" -- sleep 1000
    wait_until 10 pgrep -P "$BG" -x sleep
    kill -TERM "$BG"
    ends 143 "$BG"
    [ ! -e "/dev/shm/$S" ]
}

@test "as process 1 it waits for the orphans of its command" {
    unshare -rpf --mount-proc true || skip "no user namespaces"
    bg unshare -rpf --kill-child --mount-proc shm-create -s 8x8 "$S" -- bash -c '
        for i in {1..20}; do (sleep 0.01 & ); done
        echo started; exec sleep 1000' >"$BATS_TEST_TMPDIR/out"
    wait_until 10 grep -q started "$BATS_TEST_TMPDIR/out"
    init=$(pgrep -P "$BG" -x shm-create)
    # only the command remains
    wait_until 10 eval '[ "$(pgrep -c -P "$init")" = 1 ]'
    kill -TERM "$init"
    ends 143 "$BG"
    [ ! -e "/dev/shm/$S" ]
}

@test "SIGQUIT is passed on like other stop signals" {
    bg shm-create -s 8x8 "$S" -- bash -c 'trap "echo quit" QUIT; echo ready
        for i in {1..500}; do sleep 0.02; done' >"$BATS_TEST_TMPDIR/out"
    wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -QUIT "$BG"
    wait_until 10 grep -q quit "$BATS_TEST_TMPDIR/out"
    [ -e "/dev/shm/$S" ]
    kill -TERM "$BG"
    ends 143 "$BG"
    [ ! -e "/dev/shm/$S" ]
}

@test "on a terminal, Ctrl-backslash and Ctrl-C reach a command once, and the stream lives as long as it" {
    cat >"$BATS_TEST_TMPDIR/tty" <<'E2'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("shm-create", ["shm-create", "-s", "8x8", sys.argv[1], "--", "bash", "-c", """
        trap 'echo got-quit' QUIT; trap 'echo got-int' INT; echo ready
        for i in {1..1000}; do sleep 0.02; done"""])
text = b""
def until(word):
    global text
    while word not in text:
        text += os.read(fd, 999)
until(b"ready")
os.write(fd, b"\x1c")
until(b"got-quit")
os.write(fd, b"\x03")
until(b"got-int")
assert os.path.exists("/dev/shm/" + sys.argv[1])
time.sleep(0.3)
os.kill(pid, 15)
try:
    while True:
        text += os.read(fd, 999)
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(status, text.count(b"got-quit"), text.count(b"got-int"))
E2
    run -0 timeout 60 python3 "$BATS_TEST_TMPDIR/tty" "$S"
    [ "$output" = "143 1 1" ]
    [ ! -e "/dev/shm/$S" ]
}

@test "killed by SIGKILL, its command ends too, and shm-rm finds the stream as an orphan" {
    bg shm-create -s 8x8 "$S" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    child=$(pgrep -P "$BG" -x sleep)
    kill -KILL "$BG"
    wait_until 5 pid_gone "$child"
    run -1 shm-ls --check "$S"
    [[ $output == *orphan* ]]
    shm-create -s 8x8 "$S2"
    run -0 shm-rm --orphans -v
    [[ $output == *"removed $S"* ]]
    [ ! -e "/dev/shm/$S" ]
    [ -e "/dev/shm/$S2" ]
}

@test "--replace gives the name to a new stream, and creates one if there is none" {
    clean_run shm-create --replace -s 8x8 "$S"
    first=$(header 24 Q)
    clean_run shm-create --replace -s 16x16 "$S"
    [ "$(header 64 I)" = 16 ]
    [ "$(header 24 Q)" != "$first" ]
    run -2 ls -d /dev/shm/.shmcast-*
}

describe() { # geometry, format, slots, events, packet size, mode, user and group of $S
    od -An -v -w24 -tu4 -j64 -N24 "/dev/shm/$S" | awk '{ printf "%sx%s %s %s %s %s ", $1, $2, $3, $4, $5, $6 }'
    echo "$(od -An -tu8 -j96 -N8 "/dev/shm/$S" | tr -d ' ') $(stat -c '%a %u %g' "/dev/shm/$S")"
}

@test "--replace inherits the options that are not on its command line" {
    shm-create -s 64x48 -f gray8 -n 3 -e 1024 -p 10000 -m 0660 "$S"
    user=$(id -u) group=$(id -g)
    if [ "$user" = 0 ]; then
        user=65534 group=4242
        chown "$user:$group" "/dev/shm/$S"
    fi
    [ "$(describe)" = "64x48 1 3 3 1024 12288 660 $user $group" ]
    clean_run shm-create --replace "$S"
    [ "$(describe)" = "64x48 1 3 3 1024 12288 660 $user $group" ]
    clean_run shm-create --replace -s 80x60 -n 5 "$S"
    [ "$(describe)" = "80x60 1 5 5 1024 12288 660 $user $group" ]
    clean_run shm-create --replace -f rgb24 -e 64 -p 20000 -m 0600 "$S"
    [ "$(describe)" = "80x60 2 5 5 64 20480 600 $user $group" ]
    # the hints of programs
    fails 3 frame-gen -s 100x70 -n 1 -o "$S"
    hint=${stderr##*make it larger: }
    clean_run $hint
    frame-gen -s 100x70 -n 1 -o "$S"
    [ "$(describe)" = "100x70 2 5 5 64 20480 600 $user $group" ]
}

@test "--replace: a packet size that was the default grows with the images" {
    shm-create -s 64x48 "$S"
    [ "$(header 96 Q)" = 73728 ]
    clean_run shm-create --replace -s 128x96 "$S"
    [ "$(header 96 Q)" = 86016 ]
}

@test "--replace inherits from the stream that has lost the name" {
    shm-create -s 64x48 -f gray8 -n 3 -e 1024 -p 10000 -m 0640 "$S"
    before=$(describe)
    bg event-read "$S" >/dev/null
    wait_until 5 eval 'shm-ls -j "$S" | grep -q "\"state\":\"live\""'
    rm "/dev/shm/$S"
    clean_run shm-create --replace "$S"
    [ "$(describe)" = "$before" ]
    wait_until 5 eval 'shm-ls -j "$S" | grep -q "\"state\":\"live\""'
}

@test "--replace by a user that is not in the stream's group is refused, and changes nothing" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    shm-create -s 8x8 -m 0660 "$S"
    chown 65534:4242 "/dev/shm/$S"
    before=$(sha256sum "/dev/shm/$S")
    as() { setpriv --reuid=65534 --regid=65534 "$@"; }
    fails 3 as --clear-groups "$BUILD/shm-create" --replace -s 16x16 "$S"
    [[ $stderr == "shm-create: $S: it cannot be given to that user or group"*"-g" ]]
    [ "$before" = "$(sha256sum "/dev/shm/$S")" ]
    clean_run as --groups 4242 "$BUILD/shm-create" --replace -s 16x16 "$S"
    [ "$(stat -c '%a %u %g' "/dev/shm/$S")" = "660 65534 4242" ]
}

@test "--replace refuses objects that are not streams, and those of another user" {
    echo precious >"/dev/shm/$S"
    fails 3 shm-create --replace -s 8x8 "$S"
    [[ $stderr == *"not a shmcast stream"* ]]
    [ "$(cat "/dev/shm/$S")" = precious ]
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    shm-create -s 8x8 -m 0644 "$S2"
    fails 3 setpriv --reuid=65534 --regid=65534 --clear-groups shm-create --replace -s 8x8 "$S2"
    [[ $stderr == *"belongs to another user"* ]]
}

race() { # WORD CMD…: eight in parallel; a line WORD in the file of that name for each success
    local word=$1 pids=() i
    shift
    for i in 1 2 3 4 5 6 7 8; do
        ("$@" 2>/dev/null && echo "$i" >>"$BATS_TEST_TMPDIR/$word") 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}" || true
}

@test "one of many racing creators gets the name" {
    race won shm-create -s 8x8 "$S"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/won")" = 1 ]
    race replaced shm-create --replace -s 8x8 "$S"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/replaced")" = 8 ]
    run -2 ls -d /dev/shm/.shmcast-*
    clean_run shm-rm "$S"
}

@test "with closed standard descriptors nothing is written to a stream" {
    sh -c 'exec shm-create -s 8x8 '"$S"' <&- >&- 2>&-'
    clean_run shm-ls "$S" >/dev/null
    run -3 --separate-stderr sh -c 'exec shm-create -s 8x8 >&-'
    [[ $stderr == "shm-create: standard output: Bad file descriptor" ]]
}
