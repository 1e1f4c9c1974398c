#!/usr/bin/env bats
# fails sets stderr: shellcheck can't see that.
# shellcheck disable=SC2154
# The table of events, and events as text and JSON.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,quick
load ../support/helper

# The JSON reader is always tested with sanitizers, whatever the build.
build_evjson() {
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fsanitize=address,undefined \
        -I"$ROOT/lib" $(pkg-config --cflags libwebsockets) \
        -o "$1" "$TESTS/unit/evjson-test.c" "$ROOT"/lib/{events,eventtable,eventtext,utf8}.c \
        "$ROOT"/lib/{tool/evjson,tool/lejptext,net/netevents}.c \
        $(pkg-config --libs libwebsockets) -lm
}

# The tables in the man page: its first literal display.
page_table() {
    awk '/^\.Bd -literal$/ && !n++ { on = 1; next } /^\.Ed$/ { on = 0 } on' \
        "$ROOT/man/shmcast-events.5"
}

@test "shmcast-events(5) has the table of event-inject -l" {
    clean_run event-inject -l >"$BATS_TEST_TMPDIR/list"
    page_table >"$BATS_TEST_TMPDIR/page"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/list")" -eq 42 ]
    diff "$BATS_TEST_TMPDIR/page" "$BATS_TEST_TMPDIR/list"
    clean_run event-inject --list | cmp - "$BATS_TEST_TMPDIR/list"
}

@test "each type accepts the keys of the table and no others" {
    shm-create "$S"
    declare -A value=([x]=0.5 [y]=0.5 [dx]=1 [dy]=1 [width]=9 [height]=9 [ratio]=2 [key]=a [data]=a
        [button]=1 [buttons]=1 [modifiers]=alt [pointer]=1 [node]=1 [z]=1 [on]=1 [name]=a [viewer]=1 [t]=1 [n]=1)
    event-inject -l | sed '/^$/,$d' >"$BATS_TEST_TMPDIR/types"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/types")" -eq 18 ]
    expected=0
    while read -r type keys; do
        all=$(tr -d '[]' <<<"$keys" | tr '|' ' ')
        required=$(tr ' ' '\n' <<<"$keys" | grep -v '\[' | tr '|' '\n')
        words=()
        for key in $all; do words+=("$key=${value[$key]}"); done
        clean_run event-inject "$S" "$type" "${words[@]}"
        expected=$((expected + 1))
        for key in "${!value[@]}"; do
            [[ " $all " == *" $key "* ]] || {
                fails 2 event-inject "$S" "$type" "${words[@]}" "$key=${value[$key]}"
                [ "$stderr" = "event-inject: $type takes no $key" ]
            }
        done
        [[ $type != wheel ]] || required="dx dy"
        for key in $required; do
            words=()
            for other in $required; do
                [[ $other == "$key" || $type == wheel ]] || words+=("$other=${value[$other]}")
            done
            fails 2 event-inject "$S" "$type" "${words[@]}"
            [[ $stderr == "event-inject: $type needs "*"$key"* ]]
        done
        words=()
        for key in $required; do words+=("$key=${value[$key]}"); done
        clean_run event-inject "$S" "$type" "${words[@]}"
        expected=$((expected + 1))
    done <"$BATS_TEST_TMPDIR/types"
    [ "$(event-read --from start -t 0 "$S" | wc -l)" -eq $expected ]
}

@test "random events read back as the same events and the same lines" {
    for seed in 1 2 3; do
        clean_run events-test text $seed 50000 >"$BATS_TEST_TMPDIR/lines"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -eq 50000 ]
    done
}

@test "damaged lines are valid events or refused with a reason" {
    clean_run events-test junk 4 200000
}

@test "events read from the log are the events written" {
    shm-create -e 32768 "$S"
    # Events without t get the current time.
    events-test text 5 30000 | grep ' t=' >"$BATS_TEST_TMPDIR/lines"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -gt 20000 ]
    clean_run event-inject "$S" <"$BATS_TEST_TMPDIR/lines"
    clean_run event-read --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/got"
    # The log gives numbers of its own.
    cmp <(sed 's/ n=.*//' "$BATS_TEST_TMPDIR/lines") <(sed 's/ n=.*//' "$BATS_TEST_TMPDIR/got")
    seq -f ' n=%.0f' "$(wc -l <"$BATS_TEST_TMPDIR/lines")" | cmp - <(grep -o ' n=.*' "$BATS_TEST_TMPDIR/got")
    # The JSON output is valid and has the same values.
    clean_run event-read -f json --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/json"
    clean_run python3 - "$BATS_TEST_TMPDIR/json" "$BATS_TEST_TMPDIR/got" <<'PY'
import json, sys, urllib.parse
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
texts = open(sys.argv[2], encoding="utf-8").read().split("\n")
assert len(lines) == len(texts)
assert any("%C2%80" in text for text in texts)
# Some terminals obey U+0080 to U+009F.
assert not any("\x7f" <= c <= "\x9f" for line in lines + texts for c in line)
for line, text in zip(lines[:-1], texts[:-1]):
    ev = json.loads(line)
    words = text.split(" ")
    assert ev["type"] == words[0]
    keys = dict(w.split("=", 1) for w in words[1:])
    assert list(ev)[1:] == list(keys), (line, text)
    for key, value in keys.items():
        if key in ("key", "name", "data"):
            assert ev[key] == urllib.parse.unquote(value), (line, text)
        elif key == "modifiers":
            assert ",".join(ev[key]) == value, (line, text)
        else:
            assert float(ev[key]) == float(value), (line, text)
PY
}

@test "JSON from viewers: valid messages are accepted, invalid messages and invalid JSON refused" {
    build_evjson "$BATS_TEST_TMPDIR/evjson-test"
    clean_run python3 "$TESTS/unit/evjson-check.py" "$BATS_TEST_TMPDIR/evjson-test" \
        "$BUILD/tests/events-test"
}
