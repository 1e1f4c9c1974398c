#!/usr/bin/env bats
# Control: --control, changes of control, buttons and keys held down then, state messages, and limits
# on a viewer's events.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize,threads
load ../support/helper

DOWN='{"type":"pointer_down","x":0.25,"y":0.5,"button":1,"buttons":1}'
UP='{"type":"pointer_up","x":0.25,"y":0.5,"button":1,"buttons":0}'
HELLO='{"type":"hello"}'

setup() {
    common_setup
    declare -gA IN=() PID=() OF=()
    MAY=()
}

# Serves a stream without a packet.
scene() {
    [[ -e /dev/shm/$S ]] || shm-create -s 64x48 "$S"
    serve "$@" "$S"
    WS=ws://127.0.0.1:$PORT/ws
}

# Starts a viewer NAME that sends the messages of `say`. ARGS: for ws-client.py.
viewer() { # NAME [ARGS…]
    local name=$1 fd
    shift
    OF[$name]=$BATS_TEST_TMPDIR/viewer.$name
    mkfifo "${OF[$name]}.in"
    exec {fd}<>"${OF[$name]}.in"
    : >"${OF[$name]}"
    bg "$TESTS/server/ws-client.py" --stay --lines --timeout 120 "$@" "$WS" >"${OF[$name]}" <"${OF[$name]}.in"
    IN[$name]=$fd
    PID[$name]=$BG
    wait_until 10 grep -qE '^(open|status)' "${OF[$name]}"
}

say() { # NAME MESSAGE…
    printf '%s\n' "${@:2}" >&"${IN[$1]}"
}

want() { # NAME WANT [TO]
    say "$1" "{\"type\":\"control\",\"want\":\"$2\"${3:+,\"to\":$3}}"
}

# Closes the viewer's connection.
bye() { # NAME
    say "$1" bye
    ends 0 "${PID[$1]}"
}

# Waits until an expression about the viewer's last state, s, is true, for 60 seconds or SECONDS.
state() { # NAME EXPRESSION [SECONDS]
    python3 -c 'import json, sys, time
end = time.monotonic() + float(sys.argv[3])
while True:
    lines = [l[5:] for l in open(sys.argv[1]) if l.startswith("""text {"type":"state",""") and l.endswith("\n")]
    s = json.loads(lines[-1]) if lines else None
    if s and eval(sys.argv[2]):
        sys.exit(0)
    if time.monotonic() >= end:
        sys.exit(f"{sys.argv[2]}: not so, but {lines}")
    time.sleep(0.02)' "${OF[$1]}" "${2//$'\n'/ }" "${3:-60}"
}

state_is() {
    state "$1" "$2" 0
}

states() { # NAME
    grep -c '^text {"type":"state"' "${OF[$1]}"
}

# Waits until the server has processed all messages of the viewer.
heard() { # NAME
    local token=$((++HEARD)).5
    say "$1" "{\"type\":\"ping\",\"t\":$token}"
    wait_until 10 grep -q "\"pong\",\"t\":$token," "${OF[$1]}"
}

stat_is() {
    curl -fsS "${MAY[@]}" "$URL/stats" | python3 -c "import json, sys
s = json.load(sys.stdin)
v = {x['id']: x for x in s['viewer_list']}
sys.exit(not ($1))"
}

# Prints the log as lines, without times.
logged() {
    event-read --from start -t 0 "$S" | sed 's/ t=.*//'
}

# --- modes ---

@test "--control any: every viewer has control, no single one, and none can pass it on" {
    scene -v
    viewer a
    viewer b
    say a "$HELLO"
    say b "$HELLO"
    state a 's == {"type": "state", "viewer": 1, "viewers": 2, "role": "control", "control": "any",
        "steering": True, "steerer": None, "asking": [], "names": {}, "cursor": "", "stream": "'"$S"'", "ladder": [],
        "server": s["server"]}'
    state b 's["viewer"] == 2 and s["steering"]'
    say a "$DOWN"
    heard a
    say b '{"type":"key_down","key":"b"}'
    heard b
    for wish in ask release take; do
        want b $wish
    done
    want b give 1
    heard b
    stat_is 's["control"] == "any" and s["steerer"] is None and v[2]["refused"] == 4 and v[2]["events"] == 1'
    state_is b 's["steering"] and s["steerer"] is None and s["asking"] == []'
    bye a
    bye b
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
key_down key=b viewer=2
pointer_up x=0.25 y=0.5 button=1 viewer=1
key_up key=b viewer=2
EOF
    run ! grep -q 'has control' "$BG_ERR"
}

@test "--control first: the first viewer has control, the others' events are dropped; ask, give, release, leave" {
    scene --control first -v
    err=$BG_ERR
    viewer a
    viewer b
    viewer c
    say a "$HELLO"
    say b "$HELLO"
    say c "$HELLO"
    state a 's["steering"] and s["steerer"] == 1 and s["control"] == "first" and s["viewers"] == 3'
    state b 'not s["steering"] and s["steerer"] == 1 and s["role"] == "control"'
    say b "$DOWN" "$UP"
    heard b
    say a "$DOWN" '{"type":"key_down","key":"a"}'
    heard a
    stat_is 's["steerer"] == 1 and s["control"] == "first" and s["events"] == 2'
    stat_is 'v[1]["steering"] and v[1]["events"] == 2 and v[1]["refused"] == 0'
    stat_is 'not v[2]["steering"] and v[2]["events"] == 0 and v[2]["refused"] == 2'

    # c asks before b, and gets control when a releases it, which releases a's buttons and keys
    want c ask
    state a 's["asking"] == [3]'
    want b ask
    state a 's["asking"] == [3, 2]'
    want c ask
    heard c
    want a release
    state c 's["steering"] and s["steerer"] == 3 and s["asking"] == [2]'
    state a 'not s["steering"]'
    say a "$UP"
    heard a
    say c "$DOWN"
    heard c

    # c gives control to a, although b waits; no other viewer can give or take it
    want b give 2
    want b take
    want b give 1
    heard b
    stat_is 's["steerer"] == 3 and v[2]["refused"] == 5'
    want c give 9
    want c give 3
    heard c
    stat_is 's["steerer"] == 3 and v[3]["refused"] == 1'
    want c give 1
    state a 's["steering"] and s["asking"] == [2]'
    state b 's["steerer"] == 1'

    # a leaves, b is next; b withdraws its request, so none is
    say a '{"type":"key_down","key":"x"}'
    heard a
    bye a
    state b 's["steering"] and s["viewers"] == 2 and s["asking"] == []'
    want b release
    state c 's["steerer"] is None and not s["steering"]'
    say b "$DOWN"
    heard b
    want c ask
    state c 's["steering"]'
    want b ask
    state c 's["asking"] == [2]'
    want b release
    state c 's["asking"] == [] and s["steerer"] == 3'
    bye b
    bye c
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
key_down key=a viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
key_up key=a viewer=1
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=3
pointer_up x=0.25 y=0.5 button=1 viewer=3
key_down key=x viewer=1
key_up key=x viewer=1
EOF
    grep -o 'viewer . has control\|no viewer has control' "$err" >"$BATS_TEST_TMPDIR/hands"
    [ "$(tr '\n' ';' <"$BATS_TEST_TMPDIR/hands")" = \
        "viewer 1 has control;viewer 3 has control;viewer 1 has control;viewer 2 has control;no viewer has control;viewer 3 has control;no viewer has control;" ]
}

@test "one of many: viewers that join while none has control, send no hello, or only watch" {
    scene --control first
    bg curl -sN -o /dev/null "$URL/stream.mjpg" # never has control
    wait_until 5 stat_is 's["viewers"] == 1'
    viewer fury
    viewer b
    say b "$HELLO"
    state b 's["steerer"] == 2 and s["viewers"] == 3'
    say fury '{"type":"mouseLeftClick","on":1,"mouseButton":0,"x":0.25,"y":0.5,"ctrlKey":0,"shiftKey":0}'
    heard fury
    want fury give 1 # the MJPEG viewer
    heard fury
    stat_is 's["steerer"] == 2 and v[2]["refused"] == 1 and not v[1]["steering"]'
    bye fury
    state b 's["steerer"] is None and s["viewers"] == 2 and not s["steering"]'
    say b "$DOWN"
    heard b
    viewer c
    state b 's["steerer"] == 4'
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=2
pointer_up x=0.25 y=0.5 button=1 viewer=2
EOF
    run ! grep -q '"state"' "${OF[fury]}" "${OF[c]}"
}

@test "the controller is killed or cut off: its buttons and keys are released once, before the next one's events" {
    scene --control first
    local end
    for end in kill abort; do
        viewer $end-a --abort
        viewer $end-b
        say $end-b "$HELLO"
        want $end-b ask
        state $end-b 'len(s["asking"]) == 1'
        say $end-a "[$DOWN,{\"type\":\"key_down\",\"key\":\"Shift\"}]"
        heard $end-a
        kill -KILL "${PID[$end-a]}"
        state $end-b 's["steering"]'
        say $end-b "$UP"
        bye $end-b
    done
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
key_down key=Shift viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
key_up key=Shift viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=2
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=3
key_down key=Shift viewer=3
pointer_up x=0.25 y=0.5 button=1 viewer=3
key_up key=Shift viewer=3
pointer_up x=0.25 y=0.5 button=1 viewer=4
EOF
}

@test "events before and after a change of control in one message: accepted, released, dropped" {
    scene --control first
    viewer a
    viewer b
    say a "[$DOWN,{\"type\":\"pointer_move\",\"x\":0.75,\"y\":0.5,\"buttons\":1},{\"type\":\"control\",\"want\":\"give\",\"to\":2},$UP,{\"type\":\"key_down\",\"key\":\"a\"}]"
    heard a
    stat_is 's["steerer"] == 2 and v[1]["events"] == 3 and v[1]["refused"] == 2'
    say b "[$DOWN,{\"type\":\"control\",\"want\":\"give\",\"to\":1},{\"type\":\"control\",\"want\":\"give\",\"to\":1}]"
    heard b
    stat_is 's["steerer"] == 1 and v[2]["events"] == 2 and v[2]["refused"] == 1'
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
pointer_move x=0.75 y=0.5 buttons=1 viewer=1
pointer_up x=0.75 y=0.5 button=1 viewer=1
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=2
pointer_up x=0.25 y=0.5 button=1 viewer=2
EOF
}

@test "eight viewers may wait, the ninth may when one of them leaves" {
    scene --control first
    local n
    for n in 1 2 3 4 5 6 7 8 9 10; do
        viewer $n
    done
    say 1 "$HELLO"
    say 10 "$HELLO"
    for n in 2 3 4 5 6 7 8 9; do
        want $n ask
        state 1 "s['asking'][-1:] == [$n]"
    done
    state 10 's["asking"] == [2, 3, 4, 5, 6, 7, 8, 9]'
    n=$(states 10)
    want 10 ask # refused, and answered
    heard 10
    stat_is 'v[10]["refused"] == 1'
    [ "$(states 10)" = $((n + 1)) ]
    state_is 10 's["asking"] == [2, 3, 4, 5, 6, 7, 8, 9]'
    bye 4
    state 10 's["asking"] == [2, 3, 5, 6, 7, 8, 9]'
    want 10 ask
    state 1 's["asking"] == [2, 3, 5, 6, 7, 8, 9, 10]'
    kill -KILL "${PID[2]}" "${PID[1]}"
    state 10 's["steerer"] == 3 and s["asking"] == [5, 6, 7, 8, 9, 10] and s["viewers"] == 7'
}

# Makes a token file; MAY is for requests with the control token.
tokens() {
    VIEW='Authorization: Bearer view-0123456789abcdef' CONTROL='Authorization: Bearer control-0123456789abcdef'
    TOKENS=$BATS_TEST_TMPDIR/tokens
    MAY=(-H "$CONTROL")
    (umask 077 && printf 'view %s\ncontrol %s\n' "${VIEW##* }" "${CONTROL##* }" >"$TOKENS")
}

@test "a view token never gets control: not by events, not by requests, not from the controller" {
    tokens
    local mode
    for mode in any first token; do
        scene --token-file "$TOKENS" --control $mode
        viewer $mode-view --header "$VIEW"
        viewer $mode-a --header "$CONTROL"
        say $mode-view "$HELLO" "$DOWN" '{"type":"key_down","key":"v"}'
        want $mode-view ask
        want $mode-view take
        want $mode-view release
        want $mode-view give 1
        heard $mode-view
        state $mode-view 's["role"] == "view" and not s["steering"] and s["control"] == "'$mode'" and s["asking"] == []'
        want $mode-a give 1
        heard $mode-a
        state_is $mode-view 'not s["steering"] and s["steerer"] == (None if s["control"] == "any" else 2)'
        stat_is 'v[1]["role"] == "view" and v[1]["refused"] == 6 and v[1]["events"] == 0'
        stat_is 'v[2]["role"] == "control" and v[2]["steering"] and v[2]["refused"] == 1'
        bye $mode-view
    done
    [ -z "$(logged)" ]
}

@test "--control token: the first viewer with a control token has control; others may take it" {
    tokens
    scene --token-file "$TOKENS" --control token
    viewer a --header "$CONTROL"
    viewer b --header "$CONTROL"
    viewer c --header "$VIEW"
    say b "$HELLO"
    state b 's["control"] == "token" and s["steerer"] == 1 and s["viewers"] == 3'
    say a "$DOWN"
    heard a
    want b ask
    state b 's["asking"] == [2]'
    want b take
    state b 's["steering"] and s["asking"] == []'
    say b "$DOWN"
    heard b
    want b take # without effect
    say b "$UP"
    heard b
    want a take
    state b 's["steerer"] == 1'
    stat_is 'v[1]["refused"] == v[2]["refused"] == 0'
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=2
pointer_up x=0.25 y=0.5 button=1 viewer=2
EOF
}

@test "two viewers take control from each other: input is never held by both at once, each release comes once" {
    tokens
    scene --token-file "$TOKENS" --control token
    viewer a --header "$CONTROL"
    viewer b --header "$CONTROL"
    local n
    for n in {1..50}; do
        say a "[{\"type\":\"control\",\"want\":\"take\"},$DOWN]" '{"type":"key_down","key":"a"}'
        say b "[{\"type\":\"control\",\"want\":\"take\"},$DOWN]" '{"type":"key_down","key":"b"}'
    done
    heard a
    heard b
    bye a
    bye b
    logged | python3 -c 'import sys
held, changes, last = set(), 0, None
for line in sys.stdin:
    name, *words = line.split()
    viewer = words[-1]
    what = "button" if name.startswith("pointer") else "key"
    if name.endswith("down"):
        assert not held or {v for v, _ in held} == {viewer}, line
        changes += last != viewer
        last = viewer
        held.add((viewer, what))
    else:
        held.remove((viewer, what))
assert not held and changes >= 2, (held, changes)'
}

@test "--view-only: control is none, whatever is requested" {
    scene --view-only
    viewer a
    say a "$HELLO" "$DOWN"
    local wish
    for wish in ask release take; do
        want a $wish
    done
    want a give 1
    heard a
    state_is a 's["control"] == "none" and s["role"] == "view" and not s["steering"] and s["steerer"] is None'
    stat_is 's["control"] == "none" and v[1]["refused"] == 5 and v[1]["role"] == "view" and s["events"] == 0'
    [ -z "$(logged)" ]
}

@test "--control without what it requires: exit 2" {
    fails 2 ws-serve --control both "$S"
    [[ $stderr = *"must be any, first or token" ]]
    fails 2 ws-serve --control token "$S"
    [[ $stderr = *"--token-file" ]]
    fails 2 ws-serve --control any --view-only "$S"
    fails 2 ws-serve --max-events 0 "$S"
    fails 2 ws-serve --max-events 1000001 "$S"
}

# --- state messages ---

@test "only the newest state is sent: many changes at once are reported once; another hello is answered" {
    scene --control first
    viewer a
    viewer b
    say a "$HELLO"
    state a 's["viewers"] == 2'
    local n many
    n=$(states a)
    say a "$HELLO"
    heard a
    [ "$(states a)" = $((n + 1)) ]
    # 63 changes in one message
    many=$(printf '{"type":"control","want":"ask"},{"type":"control","want":"release"},%.0s' {1..31})
    say b "[$many{\"type\":\"control\",\"want\":\"ask\"}]"
    state a 's["asking"] == [2]'
    heard b
    heard a
    [ "$(states a)" = $((n + 2)) ]
    [ -z "$(grep state "${OF[b]}")" ]
}

@test "names are in the states of all and in stats; an invalid one ends the connection" {
    scene --control first
    viewer a
    viewer b
    say a '{"type":"hello","name":"A\"\u00e9"}'
    say b "$HELLO"
    state b 's["names"] == {"1": "A\"\u00e9"}'
    heard a
    local n
    n=$(states a)
    say b '{"type":"hello","name":"B"}' # which nobody sees
    heard b
    heard a
    [ "$(states a)" = "$n" ]
    want b ask
    state a 's["names"] == {"1": "A\"\u00e9", "2": "B"} and s["asking"] == [2]'
    say a "$HELLO"
    heard a
    state_is a 's["names"]["1"]'
    stat_is '[x["name"] for x in s["viewer_list"]] == ["B", "A\"\u00e9"]'
    say a '{"type":"hello","name":""}'
    state b 's["names"] == {"2": "B"}'
    want b release
    state a 's["names"] == {}'
    for name in '"\u0001"' '"\u0085"' "\"$(printf '%033d' 0)\"" 1 null; do
        viewer c
        say c "{\"type\":\"hello\",\"name\":$name}"
        ends 0 "${PID[c]}"
        grep -q '^closed 1008' "${OF[c]}"
        rm "${OF[c]}.in"
    done
    bye a
    bye b
}

@test "the drawing program's cursor is in the states; other events don't wake the loop" {
    scene
    local server=$BG before after i
    viewer a
    say a "$HELLO"
    state a 's["cursor"] == ""'
    event-inject "$S" cursor name=wait
    state a 's["cursor"] == "wait"'
    heard a
    before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$server/task/$server/status")
    for i in {1..60}; do
        event-inject "$S" cursor name=grab viewer=1
    done
    after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$server/task/$server/status")
    echo "$before $after"
    [ $((after - before)) -lt 20 ]
    state_is a 's["cursor"] == "wait"'
    shm-create --replace "$S"
    state a 's["cursor"] == ""'
    bye a
}

@test "a stream's name is valid JSON, whatever its bytes" {
    S2=$S2-'q"b\ü' S3=$S3-$'\xff'
    shm-create -s 64x48 "$S2"
    shm-create -s 64x48 "$S3"
    serve "$S2" "$S3"
    local path quote='import os, sys, urllib.parse; print(urllib.parse.quote(os.fsencode(sys.argv[1])))'
    path=$(python3 -c "$quote" "$S2")
    WS=ws://127.0.0.1:$PORT/$path/ws
    viewer a
    say a "$HELLO"
    state a 's["stream"].endswith("-q\"b\\ü")'
    path=$(python3 -c "$quote" "$S3")
    WS=ws://127.0.0.1:$PORT/$path/ws
    viewer b
    say b "$HELLO"
    state b 's["stream"].endswith("-\xff")'
}

@test "pongs, states and packets are sent alternately" {
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
    bg bash -c "exec frame-gen -s 64x48 -f yuv420p -r 50 -o $S"
    serve --control first --max-events 1000000 "$S"
    WS=ws://127.0.0.1:$PORT/ws
    # Sends more pings than can be answered, as long as it watches.
    timeout 60 "$TESTS/server/ws-client.py" --flood '[{"type":"ping","t":1},{"type":"ping","t":2},{"type":"hello"}]' \
        --count 20 "$WS" >"$BATS_TEST_TMPDIR/out"
    [ "$(grep -c '^picture' "$BATS_TEST_TMPDIR/out")" -ge 20 ]
    grep -q '^text {"type":"state"' "$BATS_TEST_TMPDIR/out"
    grep -q '^text {"type":"pong"' "$BATS_TEST_TMPDIR/out"
}

@test "a pong has the number of the viewer's last event in the log" {
    scene
    viewer a
    viewer b
    heard a
    grep -q '"t":1.5,.*"event":0}' "${OF[a]}"
    say a "[$DOWN,$UP]"
    heard a
    grep -q '"t":2.5,.*"event":2}' "${OF[a]}"
    say b "$DOWN"
    heard b
    grep -q '"t":3.5,.*"event":3}' "${OF[b]}"
    heard a
    grep -q '"t":4.5,.*"event":2}' "${OF[a]}"
    generation=$(curl -fsS "$URL/stats" | sed 's/.*"generation":"\([0-9a-f]*\).*/\1/')
    shm-create -s 64x48 --replace "$S"
    wait_until 10 stat_is 's["generation"] != "'"$generation"'"'
    say b '{"type":"key_down","key":"x"}'
    heard b
    grep -q '"t":5.5,.*"event":1}' "${OF[b]}"
    heard a
    grep -q '"t":6.5,.*"event":0}' "${OF[a]}"
}

@test "a removed stream: all viewers are closed, control is not passed on meanwhile" {
    scene --control first -v
    err=$BG_ERR
    viewer a
    viewer b
    viewer c
    say b "$HELLO"
    want b ask
    want c ask
    say a "$DOWN"
    heard a
    heard c
    shm-rm -f "$S"
    ends 0 "${BG_PIDS[0]}"
    grep -q '^closed 1001' "${OF[a]}"
    grep -q '^closed 1001' "${OF[b]}"
    [ "$(grep -c "has control" "$err")" = 1 ]
}

# --- limits on events ---

# 64 messages as one array.
moves() {
    local list
    list=$(printf '{"type":"pointer_move","x":0.5,"y":0.5},%.0s' {1..63})
    echo "[$list{\"type\":\"pointer_move\",\"x\":0.5,\"y\":0.5}]"
}

@test "--max-events: moves and wheel steps beyond it are dropped and counted, presses are not" {
    scene --max-events 5
    viewer a
    say a "$(moves)"
    heard a
    stat_is 'v[1]["events"] == 5 and v[1]["limited"] == 59'
    # within about the same second: the bucket is empty, and has as much room again for presses
    say a "[$DOWN,{\"type\":\"wheel\",\"dy\":1},{\"type\":\"key_down\",\"key\":\"a\"},$UP]"
    heard a
    logged >"$BATS_TEST_TMPDIR/log"
    [ "$(grep -c -e down -e up "$BATS_TEST_TMPDIR/log")" = 3 ]
    run ! grep -q closed "${OF[a]}"
    stat_is 'v[1]["events"] + v[1]["limited"] == 68 and v[1]["refused"] == 0'
}

@test "too many presses end the connection with 1008; held keys are released, others are not affected" {
    scene --max-events 5
    viewer a
    viewer b
    local n list=
    for n in {1..64}; do
        list+=",{\"type\":\"key_down\",\"key\":\"k$n\"}"
    done
    say a "[${list:1}]"
    wait_until 5 grep -q '^closed 1008 too many events' "${OF[a]}"
    ends 0 "${PID[a]}"
    { printf 'key_down key=k%s viewer=1\n' {1..10} && printf 'key_up key=k%s viewer=1\n' {1..10}; } |
        diff <(logged) -
    heard b
    # hello and control are limited too
    list=$(printf ',{"type":"hello"},{"type":"control","want":"ask"}%.0s' {1..31})
    say b "[${list:1}]"
    wait_until 5 grep -q '^closed 1008 too many events' "${OF[b]}"
}

@test "events without control do not count as too many" {
    scene --control first --max-events 1
    viewer a
    viewer b
    local list
    list=$(printf ',{"type":"key_down","key":"x"}%.0s' {1..60})
    say b "[${list:1}]" "[${list:1}]"
    heard b
    stat_is 'v[2]["refused"] == 120 and v[2]["limited"] == 0 and v[2]["events"] == 0'
    run ! grep -q closed "${OF[b]}"
}

# --- another program that keeps the event log locked ---

# Serves a stream, and starts a program that is stopped while it writes events.
held_log() { # ARGS…
    scene "$@"
    SERVER=$BG
    viewer a
    viewer b
    bg claim-hold "$S" >"$BATS_TEST_TMPDIR/hold"
    HOLD=$BG
    wait_until 10 grep -q held "$BATS_TEST_TMPDIR/hold"
    wait_until 10 stopped
}

stopped() {
    [ -n "$(group_in "$HOLD" T)" ]
}

moving() {
    bg shm-encode -s 0 "$S"
    bg bash -c "exec frame-gen -s 64x48 -f yuv420p -r 50 -o $S"
}

go_on() {
    wait_until 10 stopped
    kill -CONT "$HOLD"
    ends 0 "$HOLD"
}

pictures_of() { # NAME
    grep -c '^picture' "${OF[$1]}"
}

more_pictures() { # NAME THAN
    [ "$(pictures_of "$1")" -gt "$2" ]
}

@test "a program stopped while it writes events: packets and replies go on, events are logged later, in order" {
    held_log --control first
    moving
    say a "$DOWN" '{"type":"key_down","key":"a"}'
    heard a
    stat_is 's["waiting"] == 2 and s["events"] == 0 and v[1]["events"] == 0'
    wait_until 10 curl -fs -o /dev/null "$URL/snapshot.jpg"
    wait_until 10 more_pictures a $(($(pictures_of a) + 5))
    want a give 2
    say b "$HELLO"
    state b 's["steering"]'
    say b "$DOWN"
    heard b
    stat_is 's["waiting"] == 5'
    viewer c # can join, watch and leave
    wait_until 10 more_pictures c 3
    bye c
    bye b
    stat_is 's["waiting"] == 6'
    [ -z "$(logged)" ]
    go_on
    wait_until 5 stat_is 's["waiting"] == 0 and s["events"] == 6 and v[1]["events"] == 4'
    heard a
    grep -q "\"t\":$HEARD.5,.*\"event\":4}" "${OF[a]}"
    say a '{"type":"key_up","key":"a"}' # it has no control any more
    want a ask
    say a "$DOWN"
    bye a
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
key_down key=a viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
key_up key=a viewer=1
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=2
pointer_up x=0.25 y=0.5 button=1 viewer=2
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
EOF
}

@test "more events than the server queues: their viewer is paused, none is lost" {
    held_log --max-events 1000000 -v
    moving
    python3 -c 'import json
for n in range(0, 20480, 64):
    print(json.dumps([{"type": "pointer_move", "x": (n + i) / 32768, "y": 0} for i in range(64)]))' >"$BATS_TEST_TMPDIR/many"
    cat "$BATS_TEST_TMPDIR/many" >&"${IN[a]}" 3>&- &
    local feeder=$!
    wait_until 20 stat_is 's["waiting"] >= 2048'
    # messages of others are read, and their events queued after these
    say b '{"type":"key_down","key":"b"}'
    heard b
    stat_is 's["waiting"] == 2048 + 1'
    wait_until 10 more_pictures a $(($(pictures_of a) + 3))
    local err
    err=$(grep -h 'is paused' "$BATS_TEST_TMPDIR"/bg.*.err)
    [[ $err = "ws-serve: $S: viewer 1 is paused: process "*" (claim-hold) keeps the event log locked" ]]
    go_on
    wait $feeder
    heard a
    wait_until 20 stat_is 's["waiting"] == 0 and v[1]["events"] == 20480'
    event-read --from start -t 0 "$S" | python3 -c 'import sys
seen = [line.split() for line in sys.stdin]
moves = [round(float(w[1][2:]) * 32768) for w in seen if w[0] == "pointer_move"]
assert moves == list(range(20480)), len(moves)
assert [w[1] for w in seen if w[0] == "key_down"] == ["key=b"]'
}

@test "the same over TLS: reading goes on, moves are dropped and counted, presses are queued" {
    local pem=$BATS_TEST_TMPDIR/pem key=$BATS_TEST_TMPDIR/key
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=here -days 2 \
        -keyout "$key" -out "$pem" 2>/dev/null
    MAY=(-k)
    scene --max-events 1000000 --tls-cert "$pem" --tls-key "$key"
    WS=wss://127.0.0.1:$PORT/ws
    viewer a
    viewer b
    bg claim-hold "$S" >"$BATS_TEST_TMPDIR/hold"
    HOLD=$BG
    wait_until 10 stopped
    python3 -c 'import json
for n in range(0, 20480, 64):
    print(json.dumps([{"type": "pointer_move", "x": (n + i) / 32768, "y": 0} for i in range(64)]))' >&"${IN[a]}"
    say a '{"type":"key_down","key":"a"}'
    heard a
    heard b
    stat_is 's["waiting"] == 2049 and v[1]["limited"] == 20480 - 2048'
    go_on
    wait_until 10 stat_is 's["waiting"] == 0 and v[1]["events"] == 2049'
    [ "$(logged | tail -n 1)" = "key_down key=a viewer=1" ]
}

@test "queued events go to the stream that replaces theirs, or are dropped if it is removed" {
    held_log
    say a "$DOWN" "$UP"
    heard a
    stat_is 's["waiting"] == 2'
    shm-create -s 64x48 --replace "$S"
    wait_until 5 stat_is 's["waiting"] == 0 and s["events"] == 2'
    diff <(logged) - <<'EOF'
pointer_down x=0.25 y=0.5 button=1 buttons=1 viewer=1
pointer_up x=0.25 y=0.5 button=1 viewer=1
EOF
    go_on
    bg claim-hold "$S" >"$BATS_TEST_TMPDIR/hold"
    HOLD=$BG
    wait_until 10 stopped
    say a "$DOWN"
    heard a
    stat_is 's["waiting"] == 1'
    shm-rm -f "$S"
    ends 0 "$SERVER"
    grep -q '^closed 1001' "${OF[a]}"
    go_on
}

@test "while a program writes events all the time, a viewer's are logged in order, none twice, none lost" {
    scene --max-events 1000000
    viewer a
    bg claim-hold "$S" again >/dev/null
    python3 -c 'for n in range(4000):
    print("""{"type":"pointer_move","x":%.9f,"y":0}""" % (n / 32768))' >&"${IN[a]}"
    heard a
    wait_until 20 stat_is 's["events"] == 4000 and s["waiting"] == 0'
    heard a
    grep -q "\"t\":$HEARD.5,.*\"event\":4000}" "${OF[a]}"
    event-read --from start -t 0 "$S" | python3 -c 'import sys
moves = [round(float(line.split()[1][2:]) * 32768) for line in sys.stdin]
assert moves == list(range(4000)), len(moves)'
}

@test "a stop signal while events are queued: within a second they are logged or reported lost" {
    held_log
    say a "$DOWN" '{"type":"key_down","key":"a"}'
    heard a
    kill -TERM "$SERVER"
    ends 143 "$SERVER"
    grep -qh "^ws-serve: $S: 4 events are lost" "$BATS_TEST_TMPDIR"/bg.*.err
    go_on
    [ -z "$(logged)" ]

    scene
    SERVER=$BG err=$BG_ERR
    viewer c
    bg claim-hold "$S" >"$BATS_TEST_TMPDIR/hold"
    HOLD=$BG
    wait_until 10 stopped
    say c "$DOWN" '{"type":"key_down","key":"c"}'
    heard c
    bye c
    kill -TERM "$SERVER"
    go_on
    ends 143 "$SERVER"
    if [ -s "$err" ]; then # the machine was too slow
        grep -q 'events are lost' "$err"
        [ -z "$(logged)" ]
    else
        [ "$(logged | wc -l)" = 4 ]
    fi
}
