#!/usr/bin/env bats
# The models of tests/model, every state of them, by spin. A mutant is a model with one step left out
# or moved; the checker must refute it, or it checks nothing.
bats_require_minimum_version 1.5.0
# bats file_tags=compute
load ../support/helper

search() { # MODEL -DKNOB…: pan's report in $output
    local model=$ROOT/tests/model/$1.pml
    shift
    cd "$BATS_TEST_TMPDIR"
    rm -f pan ./*.trail
    spin -a "$@" "$model"
    ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=8000 -o pan pan.c
    run -0 ./pan -m2000000
}

proved() {
    search "$@"
    # An exhaustive search says so in these words, and nothing was cut for depth or memory.
    [[ $output == *"errors: 0"* && $output != *"Warning: Search not completed"* ]] &&
        [[ $output != *"max search depth too small"* ]]
}

refuted() { # ASSERTION MODEL -DKNOB…
    local assertion=$1
    shift
    search "$@"
    [[ $output == *"assertion violated $assertion"* ]]
}

stuck() { # MODEL -DKNOB…: somebody waits for ever
    search "$@"
    [[ $output == *"invalid end state"* ]]
}

torn="((one==number)&&(two==number))"

@test "ring: 1 writer, 2 pinning readers, 3 slots, 2 deaths at any step" {
    proved ring -DDEATHS=2
}

@test "ring: with two slots more than readers nothing is ever dropped" {
    proved ring -DSLOTS=4
}

@test "ring: a reader that pins beside one that copies" {
    proved ring -DREADERS=1 -DCOPIERS=1
}

@test "ring: every mutant is refuted" {
    refuted "$torn" ring -DNO_LOOK
    refuted "$torn" ring -DMARK_LATE
    refuted "$torn" ring -DNO_RECHECK
    refuted "$torn" ring -DPIN_LATE
    refuted "(newest_number>was)" ring -DTAKE_NEWEST
    refuted "$torn" ring -DREAP_WITHOUT_CLAIM -DFRAMES=5
    refuted "$torn" ring -DREADERS=1 -DCOPIERS=1 -DCOPY_UNCHECKED
}

@test "demand: 2 readers that come and go, a writer that sleeps, a death at any step" {
    proved demand
}

@test "demand: a reader that comes again and again, 2 frames, 2 deaths" {
    proved demand -DREADERS=1 -DROUNDS=3 -DFRAMES=2 -DDEATHS=2
}

@test "demand: every mutant is refuted" {
    for mutant in LOOK_EARLY WANT_LATE NO_WAKE NO_ROUSE WAKE_ASLEEP REAP_WITHOUT_CLAIM; do
        refuted " !(waiting[0])" demand -DREADERS=1 -DROUNDS=3 -DFRAMES=2 "-D$mutant"
    done
}

@test "turn: 3 writers, a death and a stop at any step" {
    proved turn
}

@test "turn: 1 that waits beside 2 that must not" {
    proved turn -DTRIERS=1
}

@test "turn: 2 writers again and again, 2 deaths" {
    proved turn -DWRITERS=2 -DROUNDS=2 -DDEATHS=2
}

@test "turn: more writers than claims of their own" {
    proved turn -DSEATS=1 -DSTOPS=0
    proved turn -DSEATS=2 -DTRIERS=2 -DSTOPS=0
}

@test "turn: every mutant is refuted" {
    for mutant in TAKE_LIVING PASS_LATE; do
        refuted " !(inside)" turn "-D$mutant"
    done
    for mutant in NO_WATCH NO_LOOK NO_DROP FORGET_AWAITED LEAVE_EARLY; do
        stuck turn "-D$mutant"
    done
}

@test "event log: 2 writers, 2 readers, a death at any step" {
    proved evlog
}

@test "event log: every mutant is refuted" {
    refuted "(a==b)" evlog -DSEQ_LATE
    refuted "(a==b)" evlog -DNO_RECHECK
    refuted "(a==said[cursor])" evlog -DNO_CLAIM
}
