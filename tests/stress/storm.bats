#!/usr/bin/env bats
# All programs killed, stopped and continued at random; make soak does it 10,000 times.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

@test "500 kills: all data received is complete and in order, no acknowledged event is lost" {
    # A leak checker reports it when it is killed.
    export ASAN_OPTIONS=detect_leaks=0:$ASAN_OPTIONS
    run -0 --separate-stderr "$TESTS/stress/storm.py" --kills "${STORM_KILLS:-500}" --seed "${STORM_SEED:-1}" "$S"
    echo "# ${lines[*]}" >&3
    echo "$stderr"
    [ "$stderr" = "" ]
    [[ ${lines[0]} == "seed ${STORM_SEED:-1}" ]]
    [[ ${lines[1]} =~ ^"${STORM_KILLS:-500} kills, "[1-9][0-9]*" stops; " ]]
    [ ! -e "/dev/shm/$S" ]
}

@test "a stopped reader with a pinned frame costs the writer no frame" {
    shm-create -s 64x64 -n 3 "$S"
    frame-gen -n 1 -o "$S"
    bg pin-hold "$S" >"$BATS_TEST_TMPDIR/pin"
    wait_until 5 grep -q "^1$" "$BATS_TEST_TMPDIR/pin"
    kill -STOP "$BG"
    frame-gen -r 0 -n 1000 -o "$S"
    run -0 shm-ls -l "$S"
    [[ $output == *"frames "*" 1001 published, 0 dropped"* ]]
}
