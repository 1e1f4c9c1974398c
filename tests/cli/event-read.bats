#!/usr/bin/env bats
# fails sets stderr, bg hands on its stdin, what bash -c runs expands its own arguments.
# shellcheck disable=SC2016,SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

setup() {
    common_setup
    shm-create "$S"
    out=$BATS_TEST_TMPDIR/out
    in=$BATS_TEST_TMPDIR/in
}

has_lines() {
    (($(wc -l <"$1") == $2))
}

# Number of events in the log.
logs() {
    (($(event-read --from start -t 0 "$1" | wc -l) == $2))
}

# Does a file contain a text at least N times?
shows() {
    (($(grep -c -- "$2" "$1") >= $3))
}

# Does it wait for events of that stream?
asleep() {
    local stat
    grep -q "/dev/shm/$2" "/proc/$1/maps" && read -r stat <"/proc/$1/stat" &&
        [[ ${stat##*) } == S* ]]
}

@test "events from now on, at once" {
    event-inject "$S" wheel dy=1
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    for i in 2 3 4; do
        event-inject "$S" wheel dy=$i
        wait_until 10 has_lines "$out" $((i - 1))
    done
    [ "$(sed 's/ t=.*//' "$out" | xargs)" = "wheel dy=2 wheel dy=3 wheel dy=4" ]
    kill -TERM "$BG"
    ends 143 "$BG"
    [ ! -s "$BG_ERR" ]
}

@test "--from start: the events in the log, then new ones" {
    printf 'wheel dy=%d\n' 1 2 3 | event-inject "$S"
    bg event-read --from start -n 4 "$S" >"$out"
    wait_until 10 has_lines "$out" 3
    event-inject "$S" wheel dy=4
    ends 0 "$BG"
    [ "$(sed 's/ t=.*//' "$out")" = "$(printf 'wheel dy=%d\n' 1 2 3 4)" ]
    cmp "$out" <(clean_run event-read --from start -n 4 "$S")
    [ "$(event-read --from start -n 2 "$S" | sed 's/ t=.*//')" = "$(printf 'wheel dy=%d\n' 1 2)" ]
    # now is the default
    run -1 event-read -t 0 "$S"
    run -1 event-read -t 0 --from now "$S"
    [ -z "$output" ]
}

@test "-t and -n: exit status" {
    run -1 --separate-stderr event-read -t 0.05 "$S"
    [ -z "$output$stderr" ]
    run -1 event-read -t 0 --from start "$S"
    run -1 event-read -t 0.05 -n 1 "$S"
    printf 'wheel dy=%d\n' 1 2 3 | event-inject "$S"
    clean_run event-read -t 0.05 --from start "$S" >"$out"
    has_lines "$out" 3
    clean_run event-read -t 0.05 -n 3 --from start "$S" >"$out"
    has_lines "$out" 3
    run -1 --separate-stderr event-read -t 0.05 -n 4 --from start "$S"
    [ "${#lines[@]}" -eq 3 ]
    [ -z "$stderr" ]
    # FURY has no key events: nothing is printed.
    shm-create --replace "$S"
    event-inject "$S" key_down key=a
    run -1 event-read -f fury -t 0 --from start "$S"
}

@test "-t does not expire early, and each event restarts it" {
    begin=$(date +%s%N)
    run -1 event-read -t 0.4 "$S"
    (($(date +%s%N) - begin >= 400000000))
    # The last event comes later than one time-out after the start, but is printed. Longer time-outs are
    # for a machine on which the injector is late.
    for timeout in 0.4 2 10 50; do
        shm-create --replace "$S"
        event-inject "$S" wheel dy=1
        bg event-read --from start -t $timeout "$S" >"$out"
        wait_until 10 has_lines "$out" 1
        awk -v t=$timeout 'BEGIN { for (i = 0; i < 3; i++) print "wheel dy=" i + 2, "t=" 1 + i * t * 0.6 }' |
            event-inject --timing "$S"
        ends 0 "$BG" 150
        ! has_lines "$out" 4 || break
    done
    has_lines "$out" 4
}

@test "-f text, json, fury" {
    cat >"$in" <<'LINES'
pointer_down x=0.25 y=0.5 button=1 buttons=1 modifiers=shift,ctrl pointer=2 viewer=3 t=12.034567890
pointer_move x=0.3333333 y=1 buttons=1 modifiers=ctrl t=12.1
pointer_up x=-0.5 y=1.5 button=1 modifiers=shift t=12.2
pointer_down x=0 y=0 button=3 t=13
pointer_up x=0 y=0 button=3 t=13.000000001
pointer_down x=0 y=0 button=2 t=14
pointer_up x=0 y=0 button=2 modifiers=alt,meta t=15
pointer_down x=0 y=0 button=4 t=16
wheel x=0.5 y=0.25 dx=2 dy=-53.5 modifiers=ctrl t=17
key_down key=é"\%25%20 modifiers=alt t=18
pointer_enter x=0 y=0 t=19
double_click x=0 y=0 button=1 t=19.5
resize width=800 height=600 ratio=1.5 t=20
LINES
    clean_run event-inject "$S" <"$in"
    clean_run event-read -f text --from start -t 0 "$S" >"$out"
    diff "$out" - <<'LINES'
pointer_down x=0.25 y=0.5 button=1 buttons=1 modifiers=shift,ctrl pointer=2 viewer=3 t=12.034567890 n=1
pointer_move x=0.3333333 y=1 buttons=1 modifiers=ctrl t=12.100000000 n=2
pointer_up x=-0.5 y=1.5 button=1 modifiers=shift t=12.200000000 n=3
pointer_down x=0 y=0 button=3 t=13.000000000 n=4
pointer_up x=0 y=0 button=3 t=13.000000001 n=5
pointer_down x=0 y=0 button=2 t=14.000000000 n=6
pointer_up x=0 y=0 button=2 modifiers=alt,meta t=15.000000000 n=7
pointer_down x=0 y=0 button=4 t=16.000000000 n=8
wheel x=0.5 y=0.25 dx=2 dy=-53.5 modifiers=ctrl t=17.000000000 n=9
key_down key=é"\%25%20 modifiers=alt t=18.000000000 n=10
pointer_enter x=0 y=0 t=19.000000000 n=11
double_click x=0 y=0 button=1 t=19.500000000 n=12
resize width=800 height=600 ratio=1.5 t=20.000000000 n=13
LINES
    clean_run event-read -f json --from start -t 0 "$S" >"$out"
    diff "$out" - <<'LINES'
{"type":"pointer_down","x":0.25,"y":0.5,"button":1,"buttons":1,"modifiers":["shift","ctrl"],"pointer":2,"viewer":3,"t":12.034567890,"n":1}
{"type":"pointer_move","x":0.3333333,"y":1,"buttons":1,"modifiers":["ctrl"],"t":12.100000000,"n":2}
{"type":"pointer_up","x":-0.5,"y":1.5,"button":1,"modifiers":["shift"],"t":12.200000000,"n":3}
{"type":"pointer_down","x":0,"y":0,"button":3,"t":13.000000000,"n":4}
{"type":"pointer_up","x":0,"y":0,"button":3,"t":13.000000001,"n":5}
{"type":"pointer_down","x":0,"y":0,"button":2,"t":14.000000000,"n":6}
{"type":"pointer_up","x":0,"y":0,"button":2,"modifiers":["alt","meta"],"t":15.000000000,"n":7}
{"type":"pointer_down","x":0,"y":0,"button":4,"t":16.000000000,"n":8}
{"type":"wheel","x":0.5,"y":0.25,"dx":2,"dy":-53.5,"modifiers":["ctrl"],"t":17.000000000,"n":9}
{"type":"key_down","key":"é\"\\% ","modifiers":["alt"],"t":18.000000000,"n":10}
{"type":"pointer_enter","x":0,"y":0,"t":19.000000000,"n":11}
{"type":"double_click","x":0,"y":0,"button":1,"t":19.500000000,"n":12}
{"type":"resize","width":800,"height":600,"ratio":1.5,"t":20.000000000,"n":13}
LINES
    clean_run event-read -f fury --from start -t 0 "$S" >"$out"
    diff "$out" - <<'LINES'
3 0 0.25 0.5 1 1 12034.567890 0
2 0 0.3333333 1 1 0 12100.000000 0
4 0 -0.5 1.5 0 1 12200.000000 0
5 0 0 0 0 0 13000.000000 0
6 0 0 0 0 0 13000.000001 0
7 0 0 0 0 0 14000.000000 0
8 0 0 0 0 0 15000.000000 0
1 -53.5 0.5 0.25 1 0 17000.000000 0
LINES
    # -n counts printed lines.
    [ "$(event-read -f fury -n 8 --from start "$S" | wc -l)" -eq 8 ]
    run -1 event-read -f fury -n 9 -t 0 --from start "$S"
}

@test "-f renderview: logical pixels, the specification's names" {
    cat >"$in" <<'LINES'
pointer_down x=0.25 y=0.5 button=1 buttons=1 modifiers=shift,ctrl viewer=3 t=12.034567890
pointer_move x=0.5 y=-0.5 buttons=5 pointer=2 t=12.1
wheel x=1 y=1 dx=2 dy=-53.5 buttons=2 t=13
node_drop node=1 t=13.5
resize width=1001 height=600 ratio=2 t=14
pointer_up x=0.25 y=0.5 button=1 pointer=2 t=15
pointer_enter x=0 y=0 t=15.5
key_down key=é"\%25%20 modifiers=alt,meta t=16
key_up key=Enter t=17
double_click x=1 y=1 button=1 t=18
cursor name=wait t=19
char data=日"本 viewer=3 t=20
LINES
    clean_run event-inject "$S" <"$in"
    clean_run event-read -f renderview --from start -t 0 "$S" >"$out"
    diff "$out" - <<'LINES'
{"type":"pointer_down","x":320,"y":360,"button":1,"buttons":[1],"ntouches":0,"touches":{},"modifiers":["Shift","Control"],"timestamp":12.034567890,"viewer":3,"n":1}
{"type":"pointer_move","x":640,"y":-360,"button":0,"buttons":[1,3],"ntouches":1,"touches":{"2":{"x":640,"y":-360,"pressure":1}},"modifiers":[],"timestamp":12.100000000,"n":2}
{"type":"wheel","x":1280,"y":720,"dx":2,"dy":-53.5,"buttons":[2],"modifiers":[],"timestamp":13.000000000,"n":3}
{"type":"resize","width":500.5,"height":300,"pwidth":1001,"pheight":600,"ratio":2,"timestamp":14.000000000,"n":5}
{"type":"pointer_up","x":160,"y":180,"button":1,"buttons":[],"ntouches":0,"touches":{},"modifiers":[],"timestamp":15.000000000,"n":6}
{"type":"pointer_enter","x":0,"y":0,"button":0,"buttons":[],"ntouches":0,"touches":{},"modifiers":[],"timestamp":15.500000000,"n":7}
{"type":"key_down","key":"é\"\\% ","modifiers":["Alt","Meta"],"timestamp":16.000000000,"n":8}
{"type":"key_up","key":"Enter","modifiers":[],"timestamp":17.000000000,"n":9}
{"type":"double_click","x":640,"y":360,"button":1,"buttons":[],"ntouches":0,"touches":{},"modifiers":[],"timestamp":18.000000000,"n":10}
{"type":"char","data":"日\"本","input_type":"insertText","is_composing":false,"repeat":false,"timestamp":20.000000000,"viewer":3,"n":12}
LINES
    python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' <"$out"
    # The newest frame is the measure of pixels.
    frame-gen -s 64x48 -n 1 -o "$S"
    event-read -f renderview --from start -n 1 "$S" | grep -q '"x":16,"y":24,'
    frame-gen -s 32x48 -n 1 -o "$S"
    event-read -f renderview --from start -n 1 "$S" | grep -q '"x":8,"y":24,'
}

@test "--viewers: show while frames are wanted, else hide; no polling" {
    skip_missing strace
    bg env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$BATS_TEST_TMPDIR/trace" event-read --viewers "$S" > >(cat >"$out")
    # Number of times that it went to sleep, apart from a sanitizer's threads.
    slept() { shows "$BATS_TEST_TMPDIR/trace" 'futex_waitv(' "$1"; }
    wait_until 10 has_lines "$out" 1
    bg shm-read -n 1000000 "$S" >/dev/null
    reader=$BG
    wait_until 10 has_lines "$out" 2
    event-inject "$S" wheel dy=1
    wait_until 10 has_lines "$out" 3
    # A second reader changes nothing.
    bg shm-read -n 1000000 "$S" >/dev/null
    second=$BG
    wait_until 10 slept 4
    kill "$second"
    ends 143 "$second"
    wait_until 10 slept 5
    event-inject "$S" wheel dy=2
    wait_until 10 has_lines "$out" 4
    kill "$reader"
    ends 143 "$reader"
    wait_until 10 has_lines "$out" 5
    # The state survives --replace, and a stopped or idle stream costs nothing.
    shm-create --replace "$S"
    event-inject "$S" wheel dy=3
    wait_until 10 has_lines "$out" 6
    [ "$(sed 's/ t=.*//' "$out" | xargs)" = "hide show wheel dy=1 wheel dy=2 hide wheel dy=3" ]
    grep -qE '^show t=[0-9]+\.[0-9]{9}$' "$out"
    sleep 0.5 # idle
    (($(grep -c 'futex_waitv(' "$BATS_TEST_TMPDIR/trace") < 15))
    run -1 grep -E 'nanosleep|itimer|timer_|select|epoll|ETIMEDOUT' <(sed '/close(1)/,$d' "$BATS_TEST_TMPDIR/trace")
}

@test "--viewers: -n and -t count its lines, in each format" {
    [[ $(event-read --viewers -n 1 "$S") =~ ^"hide t="[0-9]+\.[0-9]{9}$ ]]
    [[ $(event-read --viewers -t 0 -f json "$S") =~ ^'{"type":"hide","t":'[0-9]+\.[0-9]{9}'}'$ ]]
    [[ $(event-read --viewers -t 0 -f renderview "$S") =~ ^'{"type":"hide","timestamp":'[0-9]+\.[0-9]{9}'}'$ ]]
    run -1 event-read --viewers -t 0 -f fury "$S"
    [ -z "$output" ]
    # Another reader does not extend the time of -t, and a signal ends the wait.
    clean_run event-read --viewers -t 0.1 "$S" >"$out"
    has_lines "$out" 1
    bg event-read --viewers "$S" >"$out"
    wait_until 10 has_lines "$out" 1
    kill -INT "$BG"
    ends 130 "$BG"
    bg event-read --viewers "$S" >"$out"
    wait_until 10 has_lines "$out" 1
    shm-rm -f "$S"
    ends 0 "$BG"
}

@test "event-read | event-inject copies a session event for event" {
    shm-create "$S2"
    events-test text 31 20000 | grep ' t=' >"$in"
    bg bash -c 'event-read "$1" | event-inject "$2"' - "$S" "$S2"
    wait_until 10 pgrep -g "$BG" event-read
    wait_until 10 asleep "$(pgrep -g "$BG" event-read)" "$S"
    # In pieces, to copy it in many steps.
    split -l 1500 "$in" "$in."
    for part in "$in".*; do event-inject "$S" <"$part"; done
    wait_until 30 logs "$S2" "$(wc -l <"$in")"
    cmp <(event-read --from start -t 0 "$S2" | sed 's/ n=.*//') <(sed 's/ n=.*//' "$in")
    shm-rm -f "$S"
    ends 0 "$BG"
}

@test "--coalesce merges consecutive moves, and wheel steps, and nothing else" {
    cat >"$in" <<'LINES'
pointer_move x=0.125 y=0 t=1
pointer_move x=0.25 y=0 t=2
pointer_move x=0.5 y=1 t=3
pointer_move x=0.5 y=1 modifiers=ctrl t=4
pointer_move x=0.5 y=1 buttons=2 modifiers=ctrl t=4.5
pointer_move x=0.5 y=1 buttons=1 t=5
pointer_move x=0.5 y=1 buttons=1 pointer=1 t=6
pointer_move x=0.5 y=1 buttons=1 viewer=1 t=7
pointer_down x=0.5 y=1 button=1 t=8
pointer_down x=0.5 y=1 button=1 t=9
wheel x=0.5 dy=1 t=10
wheel x=1 dy=0.5 dx=3 t=11
wheel x=1 dy=2 viewer=1 t=12
pointer_move x=0 y=0 t=13
wheel dy=2 t=14
wheel dy=-2 t=15
key_down key=a t=16
key_down key=a t=17
key_up key=a t=18
pointer_up x=0 y=0 t=19
pointer_up x=0 y=0 t=20
pointer_enter x=0 y=0 t=21
pointer_enter x=0 y=0 t=22
resize width=1 height=1 t=23
resize width=1 height=1 t=24
double_click x=0 y=0 t=25
double_click x=0 y=0 t=26
wheel dy=600000 t=27
wheel dy=600000 t=28
LINES
    event-inject "$S" <"$in"
    clean_run event-read --coalesce --from start -t 0 "$S" | sed 's/\.*0* n=.*//' >"$out"
    diff "$out" - <<'LINES'
pointer_move x=0.5 y=1 t=3
pointer_move x=0.5 y=1 modifiers=ctrl t=4
pointer_move x=0.5 y=1 buttons=2 modifiers=ctrl t=4.5
pointer_move x=0.5 y=1 buttons=1 t=5
pointer_move x=0.5 y=1 buttons=1 pointer=1 t=6
pointer_move x=0.5 y=1 buttons=1 viewer=1 t=7
pointer_down x=0.5 y=1 button=1 t=8
pointer_down x=0.5 y=1 button=1 t=9
wheel x=1 dx=3 dy=1.5 t=11
wheel x=1 dy=2 viewer=1 t=12
pointer_move x=0 y=0 t=13
wheel dy=0 t=15
key_down key=a t=16
key_down key=a t=17
key_up key=a t=18
pointer_up x=0 y=0 t=19
pointer_up x=0 y=0 t=20
pointer_enter x=0 y=0 t=21
pointer_enter x=0 y=0 t=22
resize width=1 height=1 t=23
resize width=1 height=1 t=24
double_click x=0 y=0 t=25
double_click x=0 y=0 t=26
wheel dy=600000 t=27
wheel dy=600000 t=28
LINES
    # Without the option nothing is merged.
    has_lines <(event-read --from start -t 0 "$S") 29
    # -n counts printed events.
    [ "$(event-read --coalesce -n 1 --from start "$S")" = "pointer_move x=0.5 y=1 t=3.000000000 n=3" ]
}

@test "--coalesce delays nothing" {
    bg event-read --coalesce "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    for i in 1 2 3; do
        event-inject "$S" pointer_move x=0.$i y=0
        wait_until 10 has_lines "$out" $i
    done
}

@test "overrun: the number of lost events is exact, and reading continues with the oldest left" {
    shm-create --replace -e 64 "$S"
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    kill -STOP "$BG"
    seq 1 1000 | sed 's/^/wheel dy=/' | event-inject "$S"
    kill -CONT "$BG"
    wait_until 10 grep -q dy=1000 "$out"
    shm-rm -f "$S"
    ends 0 "$BG"
    [ "$(cat "$BG_ERR")" = "event-read: $S: lost 936 events: they were overwritten before they were read" ]
    sed 's/wheel dy=\([0-9]*\) t=.*/\1/' "$out" | cmp - <(seq 937 1000)
}

@test "overrun while reading: lost and printed events add up, in order" {
    shm-create --replace -e 1024 "$S"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 8<>"$BATS_TEST_TMPDIR/fifo"
    # Its output is not read before all events are in the log, so that the pipe fills up.
    bg event-read "$S" >&8
    reader=$BG
    err=$BG_ERR
    wait_until 10 asleep "$reader" "$S"
    seq 1 100000 | sed 's/^/wheel dy=/' | event-inject "$S"
    event-inject "$S" key_down key=end
    sed '/key_down/q' <&8 >"$out"
    shm-rm -f "$S"
    ends 0 "$reader"
    exec 8<&-
    lost=$(sed -n 's/^event-read: .*: lost \([0-9]*\) events: .*$/\1/p' "$err" | awk '{ n += $1 } END { print n + 0 }')
    [ "$(wc -l <"$err")" -eq "$(grep -c 'lost' "$err")" ]
    echo "lost $lost, printed $(wc -l <"$out")"
    [ $((lost + $(wc -l <"$out"))) -eq 100001 ]
    [ "$lost" -gt 0 ]
    sed -n 's/wheel dy=\([0-9]*\) t=.*/\1/p' "$out" | sort -nuc
}

@test "an idle reader sleeps, and an event wakes it once: no polling" {
    skip_missing strace
    bg env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$BATS_TEST_TMPDIR/trace" event-read "$S" > >(cat >"$out")
    # Counts only shared futexes: a sanitizer's threads use private ones.
    wait_until 10 shows "$BATS_TEST_TMPDIR/trace" 'FUTEX_WAIT_BITSET,' 1
    for i in 1 2 3 4 5; do
        event-inject "$S" wheel dy=$i
        wait_until 10 shows "$BATS_TEST_TMPDIR/trace" 'FUTEX_WAIT_BITSET,' $((i + 1))
    done
    sleep 0.5 # idle
    shm-rm -f "$S"
    ends 0 "$BG"
    sed -n '/FUTEX_WAIT_BITSET,/,$p' "$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/all"
    grep "^$(head -n 1 "$BATS_TEST_TMPDIR/all" | cut -d ' ' -f 1) " "$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/calls"
    cat "$BATS_TEST_TMPDIR/calls"
    # One sleep and one write per event, and the sleep that the end interrupts.
    [ "$(grep -c 'FUTEX_WAIT_BITSET,' "$BATS_TEST_TMPDIR/calls")" -eq 6 ]
    [ "$(grep -c 'write(1' "$BATS_TEST_TMPDIR/calls")" -eq 5 ]
    # The thread that watches stdout polls once.
    [ "$(grep -c 'poll(\[' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
    # Only up to the end, when a sanitizer may do more calls.
    run -1 grep -E 'nanosleep|itimer|timer_|select|epoll' <(sed '/close(1)/,$d' "$BATS_TEST_TMPDIR/calls")
}

@test "events that arrive together are written at once" {
    skip_missing strace
    yes wheel dy=1 | head -n 1000 | event-inject "$S"
    ASAN_OPTIONS=detect_leaks=0 strace -o "$BATS_TEST_TMPDIR/trace" -e trace=write event-read --from start -t 0 "$S" >"$out"
    has_lines "$out" 1000
    [ "$(grep -c 'write(1' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
}

@test "ends when the reader of its output has gone, idle or not" {
    bg bash -c 'set -o pipefail; event-read "$1" | head -n 1 >"$2"' - "$S" "$out"
    wait_until 10 pgrep -g "$BG" event-read
    wait_until 10 asleep "$(pgrep -g "$BG" event-read)" "$S"
    event-inject "$S" wheel dy=1
    ends 141 "$BG"
    has_lines "$out" 1
    [ ! -s "$BG_ERR" ]
    # Its output was never read.
    bg bash -c 'set -o pipefail; event-read "$1" | exec true' - "$S"
    ends 141 "$BG"
}

@test "success once -n lines are printed, whatever the reader of the output does" {
    skip_missing strace
    printf 'wheel dy=%d\n' 1 2 3 | event-inject "$S"
    # The end is delayed, so that head has gone long before.
    set -o pipefail
    ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e trace=munmap -e inject=munmap:delay_enter=300000 \
        event-read --from start -n 3 "$S" | head -n 1 >"$out"
    has_lines "$out" 1
}

@test "with SIGPIPE ignored a lost reader is a failure, with a message" {
    bg bash -c 'trap "" PIPE; set -o pipefail; event-read "$1" | exec true' - "$S"
    ends 3 "$BG"
    [ "$(cat "$BG_ERR")" = "event-read: standard output: Broken pipe" ]
}

@test "stdout closed or full" {
    event-inject "$S" wheel dy=1
    fails 3 event-read "$S" >&-
    [ "$stderr" = "event-read: standard output: Bad file descriptor" ]
    fails 3 event-read --from start "$S" >/dev/full
    [ "$stderr" = "event-read: standard output: No space left on device" ]
}

@test "a stopped reader of its output blocks no other program" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    exec 8<>"$BATS_TEST_TMPDIR/fifo"
    bg event-read "$S" >&8
    stuck=$BG
    wait_until 10 asleep "$stuck" "$S"
    yes 'key_down key=abcdefgh' | head -n 100000 | clean_run event-inject "$S"
    event-inject "$S" wheel dy=7
    [[ $(event-read --from start -t 0 "$S" | tail -n 1) == "wheel dy=7 "* ]]
    kill -TERM "$stuck"
    ends 143 "$stuck"
    exec 8>&-
}

@test "stop signals: 128 + n, while idle" {
    for pair in TERM:143 INT:130 HUP:129; do
        bg event-read "$S" >"$out"
        wait_until 10 asleep "$BG" "$S"
        kill -"${pair%:*}" "$BG"
        ends "${pair#*:}" "$BG"
        [ ! -s "$BG_ERR" ]
    done
}

@test "stop signals: at any moment" {
    yes 'pointer_move x=0.5 y=0.5' | head -n 60000 | event-inject "$S"
    for i in {1..30}; do
        bg event-read --from start "$S" >"$out"
        sleep "0.00$i"
        kill -TERM "$BG"
        ends 143 "$BG"
    done
    [ -z "$(cat "$BATS_TEST_TMPDIR"/bg.*.err)" ]
}

@test "a removed stream ends it, after the remaining events" {
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    kill -STOP "$BG"
    seq 1 5000 | sed 's/^/wheel dy=/' | event-inject "$S"
    shm-rm -f "$S"
    kill -CONT "$BG"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
    sed 's/wheel dy=\([0-9]*\) t=.*/\1/' "$out" | cmp - <(seq 5000)
}

@test "it ends although a writer is stopped inside its append" {
    for how in "shm-rm -f" "shm-create --replace -s 8x8"; do
        shm-create --replace "$S"
        bg claim-hold "$S" </dev/null >"$BATS_TEST_TMPDIR/hold"
        holder=$BG
        wait_until 10 grep -q held "$BATS_TEST_TMPDIR/hold"
        bg event-read -n 1 "$S" </dev/null >"$out"
        reader=$BG err=$BG_ERR
        wait_until 10 asleep "$reader" "$S"
        $how "$S"
        if [ "$how" != "shm-rm -f" ]; then # it follows
            sleep 0.1
            wait_until 10 eval 'event-inject "$S" wheel dy=1; test -s "$out"'
        fi
        ends 0 "$reader"
        [ ! -s "$err" ]
        kill -KILL "$holder"
        ends 137 "$holder"
    done
}

@test "a replaced stream is followed, no event of either is lost" {
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    kill -STOP "$BG"
    seq 1 3000 | sed 's/^/wheel dy=/' | event-inject "$S"
    shm-create --replace "$S"
    seq 3001 5000 | sed 's/^/wheel dy=/' | event-inject "$S"
    kill -CONT "$BG"
    wait_until 10 has_lines "$out" 5000
    event-inject "$S" wheel dy=5001
    wait_until 10 has_lines "$out" 5001
    shm-rm -f "$S"
    ends 0 "$BG"
    [ ! -s "$BG_ERR" ]
    sed 's/wheel dy=\([0-9]*\) t=.*/\1/' "$out" | cmp - <(seq 5001)
}

@test "replaced repeatedly under one injector: every event arrives once and in order" {
    bg event-read "$S" >"$out"
    reader=$BG
    wait_until 10 asleep "$BG" "$S"
    # Each time events are being written, and the reader has attached the stream before.
    bg python3 - "$S" "$out" <<'PY'
import os, subprocess, sys, time
name, out = sys.argv[1:]
p = subprocess.Popen(["event-inject", name], stdin=subprocess.PIPE)
for k in range(1, 6001):
    os.write(p.stdin.fileno(), b"wheel dy=%d\n" % k)
    if k % 300 == 0:
        while open(out).read().count("\n") < k - 100:
            time.sleep(0.001)
        subprocess.run(["shm-create", "--replace", "-s", "16x16", name], check=True)
p.stdin.close()
sys.exit(p.wait())
PY
    ends 0 "$BG" 60
    wait_until 10 grep -q "^wheel dy=6000 " "$out"
    sed 's/wheel dy=\([0-9]*\) t=.*/\1/' "$out" | cmp - <(seq 6000)
    kill -TERM "$reader"
    ends 143 "$reader"
    [ -z "$(cat "$BATS_TEST_TMPDIR"/bg.*.err)" ]
}

@test "a stream truncated while in use: a message and exit 3" {
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    kill -STOP "$BG"
    truncate -s 0 "/dev/shm/$S"
    kill -CONT "$BG"
    ends 3 "$BG"
    [[ $(cat "$BG_ERR") == "event-read: "*"truncated while in use" ]]
}

@test "corrupt records are skipped with a message" {
    printf 'wheel dy=%d\n' 1 2 3 | event-inject "$S"
    # The second record's type, at the offset in shmcast-stream(5).
    clean_run python3 - "/dev/shm/$S" <<'PY'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.seek(128)
    at, = struct.unpack("<Q", f.read(8))
    f.seek(at + 64 + 64 + 8 + 8)
    f.write(struct.pack("<H", 999))
PY
    event-read --from start -t 0 "$S" >"$out" 2>"$BATS_TEST_TMPDIR/err"
    [ "$(sed 's/ t=.*//' "$out" | xargs)" = "wheel dy=1 wheel dy=3" ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = "event-read: $S: skipped 1 corrupt records" ]
    # Likewise for a NaN.
    clean_run python3 - "/dev/shm/$S" <<'PY'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.seek(128)
    at, = struct.unpack("<Q", f.read(8))
    f.seek(at + 64 + 64 + 8 + 8)
    f.write(struct.pack("<H", 7))
    f.seek(at + 64 + 64 + 8 + 24)
    f.write(struct.pack("<f", float("nan")))
PY
    event-read -f json --from start -t 0 "$S" >"$out" 2>"$BATS_TEST_TMPDIR/err"
    has_lines "$out" 2
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = "event-read: $S: skipped 1 corrupt records" ]
}

@test "a read-only stream is read" {
    ((UID == 0)) || skip "root only: reads as another user"
    id nobody >/dev/null
    shm-create --replace -m 0644 "$S"
    printf 'wheel dy=%d\n' 1 2 | event-inject "$S"
    chmod 711 "$BATS_TEST_TMPDIR"
    cp "$BUILD/event-read" /tmp/"$S"-read
    chmod 755 /tmp/"$S"-read
    run setpriv --reuid=nobody --clear-groups /tmp/"$S"-read --from start -t 0 "$S"
    rm /tmp/"$S"-read
    [ "$status" -eq 0 ]
    [[ ${#lines[@]} -eq 2 && ${lines[0]} == "wheel dy=1 "* && ${lines[1]} == "wheel dy=2 "* ]]
}

@test "shm-ls lists it as a process; it holds no claim" {
    bg event-read "$S" >"$out"
    wait_until 10 asleep "$BG" "$S"
    shm-ls -j >"$BATS_TEST_TMPDIR/ls"
    clean_run python3 - "$S" "$BG" "$BATS_TEST_TMPDIR/ls" <<'PY'
import json, sys
stream, = [s for s in json.load(open(sys.argv[3]))["objects"] if s["name"] == sys.argv[1]]
process, = stream["processes"]
assert process["command"] == "event-read" and process["mapped"] and process["open"], process
assert process["pid"] == int(sys.argv[2]), process
assert not stream["holders"] and stream["held"], stream
PY
}

@test "bad options" {
    fails 2 event-read -f xml "$S"
    fails 2 event-read -n 0 "$S"
    fails 2 event-read -n -1 "$S"
    fails 2 event-read -n 1x "$S"
    fails 2 event-read -t -1 "$S"
    fails 2 event-read -t nan "$S"
    fails 2 event-read -t '' "$S"
    fails 2 event-read --from end "$S"
    fails_usage event-read
    fails_usage event-read "$S" "$S2"
    fails 3 event-read "$S2"
    [[ $stderr == "event-read: $S2: "* ]]
}
