# Loaded by every test file. After setup a test has:
#   $S $S2 $S3   unique stream names; teardown removes the streams
#   PATH         beginning with the programs under test ($BUILD, default: build)
# Helpers:
#   bg PROGRAM…              starts a background program in its own process group; pid in $BG, stderr in
#                            $BG_ERR; stdin and stdout are the caller's (`bg PROGRAM <in >out`)
#   ends CODE PID [SECONDS]  asserts that the background program ends by itself with exactly this status
#   wait_until SECONDS CMD…  repeats CMD until it succeeds, for at least a minute: a deadline ends a hang
#                            and is no measurement
#   fails CODE CMD…          asserts this exact status and exactly one line on stderr, kept in $stderr
#   fails_usage CMD…         asserts exit 2 and the usage on stderr, kept in $stderr
#   clean_run CMD…           asserts exit 0 and an empty stderr
#   serve ARGS…              starts ws-serve, or $SERVER_PROGRAM, with -p 0 ARGS; sets $PORT, and $URL to
#                            http://127.0.0.1:PORT, or https with TLS
#   blocked PID              succeeds when all threads of the process wait
#   free_port                prints an unused TCP port of 127.0.0.1
#   wait_listen PORT         waits for a listener at the port
#   scenario FILE TITLE      asserts that the test of browser/FILE.test.mjs ran and passed; a title without
#                            a test fails
#   display MARK             prints the display after the line '.\" MARK' of a manual page, unescaped
#   start_x WIDTHxHEIGHT     starts an X server without a screen; sets $DISPLAY
#   switches PID             prints the number of context switches of the process's threads
#   skip_missing CMD…        skips the test when one of the commands is not installed
#   psnr A B                 prints the PSNR of two images in dB, or inf
#   close_to DB A B          asserts a PSNR of at least DB
#   sanitized                succeeds when the programs are built with a sanitizer, which has threads and
#                            memory of its own
# A file with its own setup or teardown calls common_setup and common_teardown in them.

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(dirname "$TESTS")
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
export TESTS ROOT BUILD
[[ :$PATH: == *:$BUILD:* ]] || export PATH=$BUILD:$BUILD/tests:$PATH

# An exit status for sanitizer findings that is none of our own.
export ASAN_OPTIONS=exitcode=99:${ASAN_OPTIONS-}
export LSAN_OPTIONS=exitcode=99:${LSAN_OPTIONS-}
export UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1:${UBSAN_OPTIONS-}
export TSAN_OPTIONS=exitcode=99:${TSAN_OPTIONS-}

setup() {
    common_setup
}

teardown() {
    common_teardown
}

common_setup() {
    PREFIX_OF_TEST=bats-$$-$BATS_TEST_NUMBER
    S=$PREFIX_OF_TEST-a
    S2=$PREFIX_OF_TEST-b
    S3=$PREFIX_OF_TEST-c
    BG_PIDS=()
    BG_COUNT=0
    export S S2 S3
    # Otherwise a bare `wait` in a test would wait for the test's own time limit.
    [[ -z ${BATS_killer_pid-} ]] || disown "$BATS_killer_pid"
}

common_teardown() {
    local failed=0
    end_all || failed=1
    if grep -l -e 'Sanitizer' -e 'runtime error:' "$BATS_TEST_TMPDIR"/bg.*.err 2>/dev/null; then
        cat "$BATS_TEST_TMPDIR"/bg.*.err
        failed=1
    fi
    [[ -n ${BATS_TEST_COMPLETED-} ]] || tail -n 3 "$BATS_TEST_TMPDIR"/bg.*.err 2>/dev/null
    local name
    for name in "$S" "$S2" "$S3"; do
        [[ -e /dev/shm/$name ]] || continue
        shm-rm -f "$name" 2>/dev/null || rm -f "/dev/shm/$name"
    done
    for name in /dev/shm/*"$PREFIX_OF_TEST"*; do
        [[ -e $name ]] || continue
        echo "left in /dev/shm: ${name##*/}"
        rm -f "$name"
        failed=1
    done
    return $failed
}

# Pids of the group's members in one of the states.
group_in() { # GROUP STATES
    cat /proc/[0-9]*/stat 2>/dev/null |
        awk -v group="$1" -v states="[$2]" \
            '{ pid = $1; sub(/.*\) /, "") } $3 == group && $1 ~ states { print pid }'
}

# Its members that are alive; zombies are not.
group_alive() {
    group_in "$1" '^ZX'
}

group_gone() {
    [[ -z $(group_alive "$1") ]]
}

# Sockets of a process, without netlink ones: libwebsockets has one from 4.3 on.
count_sockets() { # PID
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' |
        grep -vcxFf <(awk 'NR > 1 { print $NF }' /proc/net/netlink)
}

has_sockets() { # PID COUNT
    [ "$(count_sockets "$1")" = "$2" ]
}

# All threads of a process wait.
blocked() { # PID
    ! grep -Eh '^State:\s+[^SZ]' "/proc/$1/task/"*/status
}

pid_gone() {
    local stat
    # The parent sees a zombie until it waits for it.
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    stat=${stat##*) }
    [[ $stat == [ZX]* ]]
}

end_all() {
    local pid stopped failed=0
    for pid in "${BG_PIDS[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null
        # Only stopped members: SIGCONT to a process under its leak checker would disturb the check.
        for stopped in $(group_in "$pid" T); do
            kill -CONT "$stopped" 2>/dev/null
        done
    done
    for pid in "${BG_PIDS[@]}"; do
        if ! wait_until 15 group_gone "$pid"; then
            echo "had to be killed:" "$(tr '\0' ' ' <"/proc/$(group_alive "$pid" | head -n 1)/cmdline")"
            kill -KILL -- "-$pid" 2>/dev/null
            failed=1
        fi
        wait "$pid" 2>/dev/null
    done
    BG_PIDS=()
    return $failed
}

# The leak checker does not work under strace.
strace() {
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 command strace "$@"
}

bg() {
    local with=("ASAN_OPTIONS=$ASAN_OPTIONS")
    [[ $1 != strace ]] || with[0]+=:detect_leaks=0
    type -P "$1" >/dev/null || {
        echo "bg: $1 is not a program"
        return 1
    }
    BG_ERR=$BATS_TEST_TMPDIR/bg.$((BG_COUNT++)).err
    # A plain background job ignores SIGINT and shares our process group.
    if [[ -t 0 ]]; then
        setsid env --default-signal=INT,QUIT "${with[@]}" "$@" </dev/null 2>"$BG_ERR" 3>&- 4>&- &
    else
        setsid env --default-signal=INT,QUIT "${with[@]}" "$@" <&0 2>"$BG_ERR" 3>&- 4>&- &
    fi
    BG=$!
    BG_PIDS+=("$BG")
    # Waits until signals reach CMD.
    wait_until 10 bg_started "$BG"
}

# Whether setsid and env have run: the process is in its own group, and SIGINT has its default action or
# is ignored by the program itself.
bg_started() {
    local stat comm
    read -r stat 2>/dev/null <"/proc/$1/stat" && read -r comm 2>/dev/null <"/proc/$1/comm" || return 0
    read -r -a stat <<<"${stat##*) }"
    [[ ${stat[0]} == [ZX] ]] && return
    ((stat[2] == $1)) && { (((stat[30] & 2) == 0)) || [[ $comm != @(setsid|env) ]]; }
}

ends() {
    local want=$1 pid=$2 seconds=${3:-10} got=0 left=() other
    if ! wait_until "$seconds" pid_gone "$pid"; then
        echo "pid $pid still runs: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
        return 1
    fi
    wait "$pid" 2>/dev/null || got=$?
    if ((got != want)); then
        echo "pid $pid ended with $got, not $want"
        cat "$BATS_TEST_TMPDIR"/bg.*.err
        return 1
    fi
    for other in "${BG_PIDS[@]}"; do
        # teardown ends the rest of its group.
        [[ $other == "$pid" ]] && group_gone "$pid" && continue
        left+=("$other")
    done
    BG_PIDS=("${left[@]}")
}

wait_until() {
    local deadline=$((SECONDS + ($1 > 60 ? $1 : 60)))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > deadline)); then
            echo "not within the time: $*"
            return 1
        fi
        sleep 0.02
    done
}

fails() {
    local want=$1 got=0
    shift
    "$@" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- || got=$?
    stderr=$(<"$BATS_TEST_TMPDIR/stderr")
    if ((got != want)) || (($(wc -l <"$BATS_TEST_TMPDIR/stderr") != 1)); then
        echo "$* → $got, not $want with one line on stderr, but:"
        echo "$stderr"
        return 1
    fi
}

fails_usage() {
    local got=0
    "$@" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- || got=$?
    stderr=$(<"$BATS_TEST_TMPDIR/stderr")
    if ((got != 2)) || [[ $stderr != *"usage: "* ]]; then
        echo "$* → $got, not 2 with the usage on stderr, but:"
        echo "$stderr"
        return 1
    fi
}

clean_run() {
    local got=0
    "$@" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- || got=$?
    stderr=$(<"$BATS_TEST_TMPDIR/stderr")
    if ((got != 0)) || [[ -s $BATS_TEST_TMPDIR/stderr ]]; then
        echo "$* → $got, and on stderr:"
        echo "$stderr"
        return 1
    fi
}

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

listens() {
    (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

wait_listen() {
    wait_until 10 listens "$1"
}

serve() {
    local out=$BATS_TEST_TMPDIR/serve.$BG_COUNT.out
    : >"$out"
    bg "${SERVER_PROGRAM:-ws-serve}" -p 0 "$@" >"$out"
    if ! wait_until 10 grep -q '^https\?://.*:[0-9]*/' "$out"; then
        cat "$BG_ERR"
        return 1
    fi
    URL=$(sed -n '1s,^\(https\?://[^/]*\)/.*,\1,p' "$out")
    export PORT=${URL##*:}
}

scenario() {
    local tap=$BATS_TEST_TMPDIR/tap
    node --test-reporter=tap --test-name-pattern="^$2\$" "$TESTS/browser/$1.test.mjs" \
        >"$tap" 2>&1 3>&- 4>&- || {
        cat "$tap"
        return 1
    }
    grep -Eqx " *ok [0-9]+ - $2" "$tap"
}

display() {
    mark=".\\\" $1" awk '
        $0 == ENVIRON["mark"] { wanted = 1; next }
        wanted && /^\.Bd / { inside = 1; next }
        wanted && /^\.Ed/ { exit }
        wanted && inside { gsub(/\\\(aq/, "\047"); gsub(/\\e/, "\\"); print }' "$ROOT"/man/*.[1-8]
}

switches() {
    cat "/proc/$1/task/"*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

start_x() {
    bg Xvfb -noreset -displayfd 1 -screen 0 "$1x24" -nolisten tcp >"$BATS_TEST_TMPDIR/display"
    wait_until 20 test -s "$BATS_TEST_TMPDIR/display"
    DISPLAY=:$(<"$BATS_TEST_TMPDIR/display")
    export DISPLAY
}

skip_without_ipv6() {
    grep -qs ' lo$' /proc/net/if_inet6 || skip "this machine has no IPv6"
}

skip_missing() {
    local command
    for command; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}

psnr() {
    /usr/bin/python3 "$TESTS/support/psnr.py" "$1" "$2"
}

close_to() {
    local db
    db=$(psnr "$2" "$3")
    echo "$2 $3: $db dB"
    [ "$db" = inf ] || [ "${db%.*}" -ge "$1" ]
}

sanitized() {
    ldd "$(command -v ws-serve)" | grep -qE 'lib[a-z]*san'
}
