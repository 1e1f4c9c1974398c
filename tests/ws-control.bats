#!/usr/bin/env bats
# Who steers: --control, hand-over, what is held then, the state that viewers are told, and how many
# events a viewer may send.
# The helpers set stderr, URL and PORT in each test's own shell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load helper

DOWN='{"type":"pointer_down","x":0.25,"y":0.5,"button":1,"buttons":1}'
UP='{"type":"pointer_up","x":0.25,"y":0.5,"button":1,"buttons":0}'
HELLO='{"type":"hello"}'

setup() {
    common_setup
    declare -gA IN=() PID=() OF=()
}

# A stream without a picture, served.
scene() {
    shm-create -s 64x48 "$S"
    serve "$@" "$S"
    WS=ws://127.0.0.1:$PORT/ws
}

# A viewer NAME that says what `say` tells it. ARGS: for ws-client.py.
viewer() { # NAME [ARGS…]
    local name=$1 fd
    shift
    OF[$name]=$BATS_TEST_TMPDIR/viewer.$name
    mkfifo "${OF[$name]}.in"
    exec {fd}<>"${OF[$name]}.in"
    : >"${OF[$name]}"
    bg "$TESTS/ws-client.py" --stay --lines "$@" "$WS" >"${OF[$name]}" <"${OF[$name]}.in"
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

# It says good-bye and is gone.
bye() { # NAME
    say "$1" bye
    ends 0 "${PID[$1]}"
}

# An expression about its last state, s.
state_is() { # NAME EXPRESSION
    grep '^text {"type":"state"' "${OF[$1]}" | tail -n 1 | cut -c 6- | python3 -c "import json, sys
s = json.loads(sys.stdin.read())
sys.exit(not ($2))"
}

state() { # NAME EXPRESSION
    wait_until 5 state_is "$@" || {
        cat "${OF[$1]}"
        return 1
    }
}

states() { # NAME
    grep -c '^text {"type":"state"' "${OF[$1]}"
}

# All that it has sent was taken in.
heard() { # NAME
    local token=$((++HEARD)).5
    say "$1" "{\"type\":\"ping\",\"t\":$token}"
    wait_until 5 grep -q "\"pong\",\"t\":$token," "${OF[$1]}"
}

stat_is() {
    curl -fsS "$URL/stats" | python3 -c "import json, sys
s = json.load(sys.stdin)
v = {x['id']: x for x in s['viewer_list']}
sys.exit(not ($1))"
}

# The log as lines, times cut off.
logged() {
    event-read --from start -t 0 "$S" | sed 's/ t=[0-9.]*$//'
}

# --- modes ---

@test "--control any: everybody steers, nobody is the steerer, nothing is handed over" {
    scene -v
    viewer a
    viewer b
    say a "$HELLO"
    say b "$HELLO"
    state a 's == {"type": "state", "viewer": 1, "viewers": 2, "role": "control", "control": "any",
        "steering": True, "steerer": None, "asking": [], "stream": "'"$S"'", "ladder": []}'
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
    ! grep -q steers "$BG_ERR"
}

@test "--control first: the first one steers, the others' events are dropped; ask, give, release, leave" {
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

    # c asks before b, and gets it when a lets go, which releases what a holds
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

    # c gives to a, although b asks; nobody else can give or take
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

    # a goes away, b is next; b asks no more, so nobody is
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
    grep -o 'viewer . steers\|nobody steers' "$err" >"$BATS_TEST_TMPDIR/hands"
    [ "$(tr '\n' ';' <"$BATS_TEST_TMPDIR/hands")" = \
        "viewer 1 steers;viewer 3 steers;viewer 1 steers;viewer 2 steers;nobody steers;viewer 3 steers;nobody steers;" ]
}
