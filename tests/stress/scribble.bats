#!/usr/bin/env bats
# A program overwrites a stream with random bytes, or truncates it, while all programs use it. Accepted
# are an error message and exit 3, a corrupt image, or a normal end; but never a crash, a sanitizer
# report, or a program that SIGTERM cannot end. SCRIBBLE_SEEDS and SCRIBBLE_SECONDS make it longer.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

setup() {
    common_setup
    DONE=$BATS_TEST_TMPDIR/done ENDED=$BATS_TEST_TMPDIR/ended
    : >"$ENDED"
    export DONE ENDED PORT
    export -f again
}

teardown() {
    : >"$DONE"
    common_teardown
}

# CODES CMD...: runs CMD repeatedly until $DONE exists, and appends each exit status to $ENDED.
again() {
    local codes=" $1 143 " code verdict
    shift
    trap : TERM # ends CMD, but not this loop
    until [[ -e $DONE ]]; do
        code=0
        "$@" || code=$?
        verdict=ok
        [[ $codes == *" $code "* ]] || verdict=FAILED
        echo "$verdict $code ${*//$'\n'/ }" >>"$ENDED"
    done
}

repeat() { # CODES CMD...
    bg bash -c 'again "$@"' again "$@"
}

start_all() { # COMMAND: the writer of frames
    repeat "0 3" bash -c "$1"
    repeat "0 3" shm-encode "$S"
    repeat "0 3" shm-encode -u -j 3 -o - "$S" >/dev/null
    repeat "0 1 3" shm-read -n 1000000 "$S" >/dev/null
    repeat "0 1 3" shm-read -f jpg -n 1000000 "$S" >/dev/null
    repeat "0 1 3" shm-read -t 0 "$S" >/dev/null
    repeat "0 1 3" shm-read -t 0 -f jpg "$S" >/dev/null
    repeat "0 3" event-read --from start "$S" >/dev/null
    repeat "0 3" event-read --from start -f json --coalesce "$S" >/dev/null
    repeat "0 3" bash -c 'exec event-inject "$S" < <(for ((i = 0; i < 50; i++)); do
        printf "pointer_move x=0.5 y=0.25\nkey_down key=a\n" || exit; sleep 0.02; done)'
    repeat "0 3" frame-gen -r 50 -s 200x100 -e "$S" >/dev/null
    repeat "0 1 3" shm-ls -l "$S" >/dev/null
    PORT=$(free_port)
    repeat "0 3" ws-serve -p "$PORT" "$S" >/dev/null
    # clients: their handling of corrupt images is not tested
    repeat "0 1" python3 "$TESTS/server/ws-client.py" --quiet --stay --repeats --restarts --timeout 1 \
        --send '[{"type":"pointer_down","x":0.5,"y":0.5,"button":1},{"type":"key_down","key":"b"}]' \
        "ws://127.0.0.1:$PORT/ws"
    repeat "0 6 7 18 22 28 52 56" curl -sN --max-time 1 "http://127.0.0.1:$PORT/{stream.mjpg,stats,snapshot.jpg}" >/dev/null
}

all_end() {
    local pid
    : >"$DONE"
    for pid in "${BG_PIDS[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null || true # it may just have ended
    done
    for pid in "${BG_PIDS[@]}"; do
        if ! wait_until 30 group_gone "$pid"; then
            echo "hangs: $(tr '\0' ' ' <"/proc/$(group_alive "$pid" | tail -n 1)/cmdline")"
            return 1
        fi
    done
    [ -z "${SCRIBBLE_LOG:-}" ] || cut -c 1-60 "$ENDED" | sort | uniq -c >>"$SCRIBBLE_LOG"
    if grep FAILED "$ENDED"; then
        grep -h -A 9 -e Sanitizer -e 'runtime error:' "$BATS_TEST_TMPDIR"/bg.*.err | head -n 40
        return 1
    fi
}

# Waits until all are at work: frames and packets arrive, events are written, the server answers.
all_work() {
    wait_until 20 eval '[ "$(shm-read -f jpg -t 5 "$S" | head -c 2 | od -An -tx1)" = " ff d8" ]'
    wait_until 20 eval 'event-read --from start -t 1 -n 1 "$S"'
    wait_until 20 curl -sf "http://127.0.0.1:$PORT/stats"
}

scribbled() { # FROM SECONDS: once for each seed, alternating between two writers of frames
    local seed writer
    for seed in ${SCRIBBLE_SEEDS:-1 2}; do
        rm -f "$DONE"
        rm -f "/dev/shm/$S"
        shm-create -s 96x64 -n 3 -e 1024 "$S"
        writer='exec frame-gen -r 60 -o "$S"'
        ((seed % 2)) || writer='exec shm-write -u "$S" < <(exec frame-gen -n 60 -r 60 -s 96x64)'
        start_all "$writer"
        all_work
        clean_run scribble "$S" "$1" "$seed" 1000000 "${SCRIBBLE_SECONDS:-$2}" >"$BATS_TEST_TMPDIR/writes"
        grep -q '^[0-9][0-9][0-9][0-9]* writes' "$BATS_TEST_TMPDIR/writes"
        all_end
        end_all || return 1
    done
}

@test "random bytes over rings, slots, pins, claims, events and images while all programs use them" {
    scribbled 4096 6
}

@test "random bytes over the whole stream, header included" {
    scribbled 0 2
}

# Truncates the stream of a running program: it must exit 3 with one message.
cut_under() { # PID STDERR header|images|events [COMMAND that makes the program access the stream]
    clean_run scribble "$S" cut "$3" >/dev/null
    [ $# -lt 4 ] || "${@:4}" || true
    ends 3 "$1" 20
    if [[ $(<"$2") != *": the stream was truncated while in use" ]] || (($(wc -l <"$2") != 1)); then
        echo "$3: $(<"$2")"
        return 1
    fi
    fails 3 shm-rm "$S"
    clean_run shm-rm -f "$S"
}

@test "truncated under frame-gen, writing frames or reading events" {
    for where in header images; do
        shm-create -s 64x64 "$S"
        bg frame-gen -r 200 -o "$S"
        wait_until 10 shm-read -t 1 "$S"
        cut_under "$BG" "$BG_ERR" "$where"
    done
    for where in header events; do
        shm-create -s 64x64 "$S"
        bg frame-gen -r 200 -s 8x8 -e "$S" >"$BATS_TEST_TMPDIR/$where"
        wait_until 10 test -s "$BATS_TEST_TMPDIR/$where"
        cut_under "$BG" "$BG_ERR" "$where"
    done
}

@test "truncated under shm-write, reading directly into a slot" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    for where in header images; do
        shm-create -s 64x64 "$S"
        bg frame-gen -s 64x64 -r 200 1<>"$BATS_TEST_TMPDIR/pipe"
        bg shm-write "$S" <"$BATS_TEST_TMPDIR/pipe"
        wait_until 10 shm-read -t 1 "$S"
        cut_under "$BG" "$BG_ERR" "$where"
    done
}

@test "truncated under shm-encode, with one thread and with several" {
    for threads in 1 3; do
        shm-create -s 64x64 "$S"
        frame-gen -n 1 -o "$S"
        bg shm-encode -a -j "$threads" "$S"
        wait_until 10 shm-read -f jpg -t 1 "$S"
        cut_under "$BG" "$BG_ERR" images
    done
}

@test "truncated under shm-read" {
    local out=$BATS_TEST_TMPDIR/out
    for format in pam y4m raw jpg; do
        rm -f "$out"
        shm-create -s 64x64 "$S"
        bg shm-encode "$S"
        encoder=$BG
        bg shm-read -f "$format" -n 1000 "$S" >"$out"
        wait_until 10 eval 'frame-gen -n 1 -o "$S" && test -s "$out"'
        kill -KILL "$encoder" # it would print the same message
        ends 137 "$encoder"
        cut_under "$BG" "$BG_ERR" images
    done
}

@test "truncated under event-read" {
    shm-create -s 8x8 "$S"
    event-inject "$S" key_down key=a
    bg event-read --from start "$S" >"$BATS_TEST_TMPDIR/events"
    wait_until 10 test -s "$BATS_TEST_TMPDIR/events"
    cut_under "$BG" "$BG_ERR" events
}

@test "truncated under event-inject" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    many_events() { # more than one page of events
        for ((i = 0; i < 100; i++)); do echo key_up key=a; done >"$BATS_TEST_TMPDIR/more"
        cat "$BATS_TEST_TMPDIR/more" >&7
    }
    for where in header events; do
        shm-create -s 8x8 "$S"
        bg event-inject "$S" <>"$BATS_TEST_TMPDIR/pipe"
        exec 7>"$BATS_TEST_TMPDIR/pipe"
        echo key_down key=a >&7
        wait_until 10 event-read -n 1 -t 0 --from start "$S"
        cut_under "$BG" "$BG_ERR" "$where" many_events
        exec 7>&-
    done
}

@test "truncated under ws-serve with a viewer" {
    local viewer=$BATS_TEST_TMPDIR/viewer keys
    keys=[$(printf '{"type":"key_down","key":"a"},%.0s' {1..59})'{"type":"key_up","key":"a"}]'
    ask() {
        curl -s --max-time 10 "$URL/stats" >/dev/null
    }
    type_keys() {
        python3 "$TESTS/server/ws-client.py" --quiet --send "$keys" --send "$keys" --stay --timeout 10 \
            "ws://127.0.0.1:$PORT/ws" 2>/dev/null
    }
    for how in "images true" "header ask" "events type_keys"; do
        shm-create -s 64x64 "$S"
        frame-gen -n 1 -o "$S"
        bg shm-encode "$S"
        encoder=$BG
        wait_until 10 shm-read -f jpg -t 1 "$S"
        kill -KILL "$encoder"
        ends 137 "$encoder"
        serve "$S"
        server=$BG err=$BG_ERR
        rm -f "$viewer"
        bg python3 "$TESTS/server/ws-client.py" --stay "ws://127.0.0.1:$PORT/ws" >"$viewer"
        wait_until 10 grep -q picture "$viewer"
        # shellcheck disable=SC2086
        cut_under "$server" "$err" $how
    done
}

@test "truncated and restored repeatedly while programs start and end" {
    shm-create -s 96x64 -e 1024 "$S"
    printf 'key_down key=%s\n' a b c d e f | event-inject "$S"
    frame-gen -n 1 -o "$S"
    start_all 'exec frame-gen -n 20 -r 60 -o "$S"'
    for program in "event-read --from start -n 3 -t 0" "shm-ls -j" "shm-rm -n" "event-inject"; do
        # shellcheck disable=SC2086
        repeat "0 1 3" $program "$S" </dev/null >/dev/null
    done
    repeat "0 1 3" shm-ls --check "$S" >/dev/null
    all_work
    clean_run scribble "$S" flip 1 "${SCRIBBLE_SECONDS:-4}" >"$BATS_TEST_TMPDIR/rounds"
    grep -q '^[0-9][0-9][0-9]* rounds' "$BATS_TEST_TMPDIR/rounds"
    all_end
}
