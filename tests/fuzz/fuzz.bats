#!/usr/bin/env bats
# Each target of tests/fuzz for FUZZ_SECONDS (60), two at a time, built with clang's sanitizers.
# FUZZ_SECONDS=3 is quick; scripts/fuzz describes where inputs and crashes are.
bats_require_minimum_version 1.5.0
# bats file_tags=compute
load ../support/helper

setup_file() {
    cd "$ROOT"
    FUZZ_SECONDS=0 scripts/fuzz
}

fuzz() { # TARGET TARGET
    local target
    cd "$ROOT"
    run scripts/fuzz "$@"
    echo "$output"
    [ "$status" = 0 ]
    for target; do
        grep -Eq "^$target +ok +[1-9][0-9]* runs, +[1-9][0-9]* edges, +[0-9]+ of them new$" <<<"$output"
    done
    [ "${#lines[@]}" = $# ]
}

@test "all targets are run below" {
    for target in "$TESTS"/fuzz/*.c; do
        target=${target##*/}
        grep -Eq "^    fuzz .*\b${target%.c}\b" "$BATS_TEST_FILENAME"
        [ -n "$(ls "$TESTS/fuzz/corpus/${target%.c}")" ]
    done
}

@test "arbitrary segments, and arbitrary image input" {
    fuzz segment imgreader
}

@test "arbitrary network packets, and JPEG input" {
    fuzz net jpegreader
}

@test "event lines, and viewers' JSON" {
    fuzz eventline evjson
}

@test "connections to ws-serve, and paths among streams of any names" {
    fuzz http route
}

@test "stream names, and the encoder" {
    fuzz names jpeg
}

@test "token files, Host headers, cookies and prefixes, and parts of pictures" {
    fuzz auth tileparts
}

@test "URLs and Link headers of WHIP endpoints" {
    fuzz whip
}

@test "scripts/fuzz reports an unknown target, and one that crashes" {
    cd "$ROOT"
    run -2 scripts/fuzz nothing
    [[ $output == *"nothing: no such target"* ]]
    FUZZ_SECONDS=5 FUZZ_FLAGS=-rss_limit_mb=1 run -1 scripts/fuzz names
    [[ ${lines[0]} =~ ^"names "+crash" " && $output == *"names.oom-"* ]]
}
