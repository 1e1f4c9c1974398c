#!/usr/bin/env bats
# libshmcast, by shmcast-test, which uses shmcast.h alone, and with programs of the toolkit.
# fails sets stderr, and wait_until calls functions: shellcheck can't see that.
# shellcheck disable=SC2154,SC2317
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

t() { # CASE
    clean_run shmcast-test "$1" "$S"
}

@test "structures of other sizes are read and written by their size, hostile ones refused" {
    t structs
}

@test "frames of each format, with padding, arrive; what does not fit is refused; a full ring says so" {
    t images
}

@test "packets arrive, and only while they are wanted" {
    t packets
}

@test "events arrive in order, numbered; lost ones are counted; invalid ones are refused" {
    t events
}

@test "waiting ends with news of any part, also by killed programs" {
    t waiting
}

@test "the descriptor is readable when there is news of the parts it was armed for" {
    t poll
}

@test "a stream that was replaced is followed, one that was removed is reported" {
    t replaced
}

@test "a handle for each thread" {
    t threads
}

@test "a locale with decimal commas changes nothing" {
    skip_missing localedef
    localedef -i de_DE -f UTF-8 "$BATS_TEST_TMPDIR/de_DE.UTF-8"
    export LOCPATH=$BATS_TEST_TMPDIR DECIMAL_COMMA=de_DE.UTF-8
    [ "$(LC_ALL=de_DE.UTF-8 bash -c 'printf %.1f 1')" = 1,0 ]
    for case in images packets events; do
        t "$case"
    done
}

owner() { # starts one, with its pid in $owner; it stays until 8 is closed
    mkfifo "$BATS_TEST_TMPDIR/hold.$BG_COUNT"
    exec 8<>"$BATS_TEST_TMPDIR/hold.$BG_COUNT"
    OUT=$BATS_TEST_TMPDIR/owner.$BG_COUNT
    bg shmcast-test "$1" "$S" <"$BATS_TEST_TMPDIR/hold.$BG_COUNT" >"$OUT" 8>&-
    owner=$BG
    wait_until 10 grep -q ready "$OUT"
}

exists() {
    [ -e "/dev/shm/$S" ]
}

follower() {
    bg shmcast-test follow "$S" >"$BATS_TEST_TMPDIR/sizes"
    follower=$BG
}

sizes() { # the lines that the follower has printed
    [ "$(uniq "$BATS_TEST_TMPDIR/sizes" | tr '\n' ' ')" = "$1 " ]
}

@test "an owned stream is removed at exit; one of a killed owner is superseded by its next start" {
    owner own
    follower
    wait_until 10 sizes 64x48
    fails 1 shmcast-test own "$S" # one that lives is not
    kill -KILL "$owner"
    ends 137 "$owner"
    exists
    run -1 shm-ls --check "$S"
    generation=$(shm-ls -j "$S" | grep -o '"generation":"[^"]*"')
    owner own
    [ "$(shm-ls -j "$S" | grep -o '"generation":"[^"]*"')" != "$generation" ]
    wait_until 10 eval '[ "$(grep -c . "$BATS_TEST_TMPDIR/sizes")" = 2 ]' # the follower has moved
    kill -KILL "$owner"
    ends 137 "$owner"
    clean_run shm-rm --orphans
    ends 0 "$follower"
    run ! exists
    owner own
    exec 8>&- # it exits, without shmcast_close
    ends 0 "$owner"
    run ! exists
}

@test "SHMCAST_KEEP leaves the stream, with its mode" {
    t keep
    [ "$(stat -c %a "/dev/shm/$S")" = 640 ]
    [ "$(stat -c %s "/dev/shm/$S")" -gt 1000000 ]
}

@test "after fork a child has no handle, keeps no claim and removes nothing" {
    mkfifo "$BATS_TEST_TMPDIR/hold"
    exec {hold}<>"$BATS_TEST_TMPDIR/hold"
    bg shmcast-test fork "$S" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/out"
    ends 137 "$BG"
    wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/out"
    [ ! -s "$BG_ERR" ]
    exists
    # The child, which is alive, holds nothing: the stream is an orphan.
    clean_run shm-rm --orphans
    run ! exists
}

@test "a program follows shm-create --replace and ends with shm-rm" {
    clean_run shm-create -s 64x48 "$S"
    follower
    frame-gen -r 0 -n 1 -o "$S"
    wait_until 10 sizes 64x48
    clean_run shm-create --replace -s 80x60 "$S"
    frame-gen -r 0 -n 1 -o "$S"
    wait_until 10 sizes "64x48 80x60"
    clean_run shm-rm -f "$S"
    ends 0 "$follower"
}

said() { # LINES of the program that draws on demand
    [ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/drawn")" = "$1 " ]
}

@test "viewers' demand wakes the program that draws, through the encoder" {
    clean_run shm-create -s 64x48 "$S"
    bg shmcast-test demand "$S" >"$BATS_TEST_TMPDIR/drawn"
    artist=$BG
    bg shm-encode "$S"
    so_far="1 idle" # the encoder has a first packet without viewers
    wait_until 10 said "$so_far"
    # The last viewer is killed, which takes a second to notice.
    n=1
    for signal in TERM TERM KILL; do
        wait_until 10 blocked "$artist"
        before=$(switches "$artist")
        shm-ls "$S" >/dev/null
        [ "$(switches "$artist")" = "$before" ] || sanitized
        bg shm-read -n 1000000 -f jpg "$S" >/dev/null
        so_far+=" $((++n))"
        wait_until 10 said "$so_far"
        kill -"$signal" "$BG"
        so_far+=" idle"
        wait_until 10 said "$so_far"
    done
    clean_run shm-rm -f "$S"
    ends 0 "$artist"
}

@test "read permission suffices to read, and is all that it allows" {
    skip_missing setpriv
    clean_run shm-create -s 64x48 -m 0644 "$S"
    frame-gen -r 0 -n 1 -o "$S"
    cp "$BUILD/tests/shmcast-test" "$BATS_TEST_TMPDIR"
    chmod 755 "$BATS_TEST_TMPDIR"
    local as=()
    ((EUID)) || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    ((EUID == 0)) || chmod 444 "/dev/shm/$S"
    clean_run "${as[@]}" "$BATS_TEST_TMPDIR/shmcast-test" watch "$S"
}
