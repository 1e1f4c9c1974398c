#!/usr/bin/env bats
# Explores every state of the models in tests/model with spin. A mutant is a model with one step left
# out or moved; the checker must refute it, otherwise it checks nothing.
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
    # No errors, and the search was exhaustive: not cut short by depth or memory.
    [[ $output == *"errors: 0"* && $output != *"Warning: Search not completed"* ]] &&
        [[ $output != *"max search depth too small"* ]]
}

refuted() { # ASSERTION MODEL -DKNOB…
    local assertion=$1
    shift
    search "$@"
    [[ $output == *"assertion violated $assertion"* ]]
}

stuck() { # MODEL -DKNOB…: a process waits forever
    search "$@"
    [[ $output == *"invalid end state (at depth "* ]]
}

torn="((one==number)&&(two==number))"

@test "ring: 1 writer, 2 pinning readers, 3 slots, 2 deaths at any step" {
    proved ring -DDEATHS=2
}

@test "ring: with two slots more than readers no image is ever dropped" {
    proved ring -DSLOTS=4
}

@test "ring: a reader that pins and one that copies" {
    proved ring -DREADERS=1 -DCOPIERS=1
}

@test "ring: every mutant is refuted" {
    refuted "$torn" ring -DNO_CHECK
    refuted "$torn" ring -DMARK_LATE
    refuted "$torn" ring -DNO_RECHECK
    refuted "$torn" ring -DPIN_LATE
    refuted "(newest_number>was)" ring -DTAKE_NEWEST
    refuted "$torn" ring -DREAP_WITHOUT_CLAIM -DFRAMES=5
    refuted "$torn" ring -DREADERS=1 -DCOPIERS=1 -DCOPY_UNCHECKED
}

@test "demand: 2 readers that start and stop, a writer that sleeps, a death at any step" {
    proved demand
}

@test "demand: a reader that returns repeatedly, 2 frames, 2 deaths" {
    proved demand -DREADERS=1 -DROUNDS=3 -DFRAMES=2 -DDEATHS=2
}

@test "demand: a reader that copies, alone and beside one that pins" {
    proved demand -DREADERS=1 -DWATCHES=2
    proved demand -DREADERS=1 -DROUNDS=0 -DWATCHES=3 -DFRAMES=2
}

@test "demand: every mutant is refuted" {
    for mutant in CHECK_ONCE KNOCK_ONCE KNOCK_EARLY; do
        refuted " !(watching)" demand -DREADERS=1 -DROUNDS=0 -DWATCHES=3 -DFRAMES=2 "-D$mutant"
    done
    for mutant in CHECK_EARLY WANT_LATE NO_WAKE SAME_DEMAND CLEAR_SERIAL NO_ROUSE WAKE_ASLEEP \
        REAP_WITHOUT_CLAIM; do
        refuted " !(waiting[0])" demand -DREADERS=1 -DROUNDS=3 -DFRAMES=2 "-D$mutant"
    done
}

@test "event-log lock: 3 writers, a death and a stop at any step" {
    proved evlock
}

@test "event-log lock: 1 writer that waits and 2 that must not" {
    proved evlock -DTRIERS=1
}

@test "event-log lock: 2 writers repeatedly, 2 deaths" {
    proved evlock -DWRITERS=2 -DROUNDS=2 -DDEATHS=2
}

@test "event-log lock: more writers than lock slots" {
    proved evlock -DSLOTS=1 -DSTOPS=0
    proved evlock -DSLOTS=2 -DTRIERS=2 -DSTOPS=0
}

@test "event-log lock: every mutant is refuted" {
    for mutant in TAKE_LIVING TAKE_OVER_LATE; do
        refuted " !(inside)" evlock "-D$mutant"
    done
    for mutant in NO_MARK NO_CHECK NO_DROP FORGET_WAITED UNLOCK_EARLY; do
        stuck evlock "-D$mutant"
    done
    stuck evlock -DWRITERS=2 -DROUNDS=2 -DCHECK_EARLY
}

@test "event log: 2 writers, 2 readers, a death at any step" {
    proved evlog
}

@test "event log: every mutant is refuted" {
    refuted "(a==b)" evlog -DSEQ_LATE
    refuted "(a==b)" evlog -DNO_RECHECK
    refuted "(a==said[cursor])" evlog -DNO_CLAIM
}

@test "poll loops: 2 readers, 1 writer; 1 reader, 2 writers; a death at any step" {
    proved notify
    proved notify -DREADERS=1 -DWRITERS=2
}

@test "poll loops: every mutant is refuted" {
    for mutant in LOAD_EARLY LOOK_EARLY EMPTY_LATE; do
        refuted "(( !(sleeping[i])||(seen[i]==news))||writer_died)" notify "-D$mutant"
    done
    for mutant in CLEAR_FIRST CLEAR_ANY SAME_TIME; do
        refuted "( !(sleeping[i])||(notify!=0))" notify "-D$mutant"
    done
}

@test "parts of pictures: sharp ones, skipped ones, another encoder, a picture that can't be drawn, a reconnect" {
    proved tiles
}

@test "parts of pictures: every mutant is refuted" {
    for mutant in COUNT_TAKEN NO_RESET SKIP_PARTS; do
        refuted "((canvas[0]==ring.pixel[0])&&(canvas[1]==ring.pixel[1]))" tiles "-D$mutant"
    done
    for mutant in FILL KEEP_SHARP CHANGED_IF_NOT_EQUAL IGNORE_FAULT; do
        refuted "( !(ring.sharp)||(canvas_sharp[0]&&canvas_sharp[1]))" tiles "-D$mutant"
    done
}
