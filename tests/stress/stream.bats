#!/usr/bin/env bats
# The shared memory itself: which objects attach accepts and refuses, and that no reader sees torn data.
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize,threads
load ../support/helper

poke() { # OFFSET FORMAT VALUE: writes the value into $S
    python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    f.write(struct.pack("<" + sys.argv[3], int(sys.argv[4])))' "$S" "$@"
}

all_refuse() { # TEXT: all programs exit 3, with TEXT in the one line on stderr
    local command
    for command in "shm-read $S" "shm-write $S" "shm-encode $S" "event-read $S" \
        "event-inject $S key_down key=a" "ws-serve -p 0 $S" "frame-gen -o $S"; do
        fails 3 timeout 60 $command </dev/null >/dev/null
        if [[ $stderr != *"$S: "*"$1"* ]]; then
            echo "$command: $stderr"
            return 1
        fi
    done
}

@test "no such stream" {
    all_refuse "no such stream"
}

@test "foreign objects are refused: empty, text, zeros, noise, a symbolic link, a FIFO" {
    : >"/dev/shm/$S"
    all_refuse "half-created"
    echo hello >"/dev/shm/$S"
    all_refuse "not a shmcast stream"
    head -c 100000 /dev/zero >"/dev/shm/$S"
    all_refuse "not a shmcast stream"
    head -c 100000 /dev/urandom >"/dev/shm/$S"
    all_refuse "not a shmcast stream"
    rm "/dev/shm/$S"
    shm-create -s 8x8 "$S2"
    ln -s "$S2" "/dev/shm/$S"
    all_refuse "not a shmcast stream"
    rm "/dev/shm/$S"
    mkfifo "/dev/shm/$S"
    all_refuse "not a shmcast stream"
    rm "/dev/shm/$S"
}

@test "another shm format version, half-created, truncated or enlarged streams are refused" {
    shm-create -s 8x8 "$S"
    for version in 3 5; do
        poke 8 I "$version"
        all_refuse "another shm format version, $version instead of 4"
    done
    poke 8 I 4
    poke 0 Q 0
    all_refuse "half-created"
    rm "/dev/shm/$S"
    shm-create -s 8x8 "$S"
    size=$(stat -c %s "/dev/shm/$S")
    for bytes in $((size + 1)) $((size - 1)) 8192 4096 4095 8; do
        truncate -s "$bytes" "/dev/shm/$S"
        all_refuse "corrupt or truncated"
    done
}

@test "compatible features are ignored; incompatible ones are refused by name" {
    shm-create -s 64x48 "$S"
    poke 152 Q 9223372036854775809
    bg shm-encode -a "$S"
    clean_run frame-gen -n 1 -o "$S"
    clean_run shm-read -t 60 -f jpg "$S" >/dev/null
    clean_run event-inject "$S" key_down key=q
    clean_run event-read --from start -n 1 "$S" >/dev/null
    serve "$S"
    curl -sf "$URL/snapshot.jpg" | djpeg >/dev/null
    run -0 shm-ls --check "$S"
    clean_run shm-rm -f "$S"

    shm-create -s 64x48 "$S"
    shm-create -s 64x48 -f rgba "$S2"
    [ "$(dd if="/dev/shm/$S" bs=1 skip=168 count=24 status=none | tr -d '\0')" = \
        "$(shm-create --version | sed 's/.*(shmcast)/shmcast/')" ]
    poke 160 Q 9223372036854775812
    printf 'tomorrow \033 9.9\0' | dd of="/dev/shm/$S" bs=1 seek=168 conv=notrunc status=none
    all_refuse "has features 0x8000000000000004 of tomorrow ? 9.9, unknown to $(shm-create --version |
        sed 's/.*(shmcast)/shmcast/'); use"
    for command in "rtc-serve -p 0 $S" "net-draw $S $S2" "net-layout - $S" \
        "shm-create --replace $S" "shm-rm $S"; do
        [ -x "$BUILD/${command%% *}" ] || continue
        # shellcheck disable=SC2086
        fails 3 timeout 60 $command <<<"a b"
        [[ $stderr == *"$S: has features 0x8000000000000004 of tomorrow ? 9.9, unknown to shmcast "* ]]
    done
    run -1 shm-ls --check "$S"
    [[ $output == *other-version* ]]
    clean_run shm-rm -f "$S"
    [ ! -e "/dev/shm/$S" ]
}

@test "every inconsistent number in the header is detected" {
    for field in "12 I 0" "12 I 8192" "16 Q 0" "16 Q 18446744073709551615" "64 I 0" "64 I 4294967295" \
        "68 I 65501" "72 I 0" "72 I 10" "76 I 1" "76 I 4000000000" "80 I 65" "84 I 3" "84 I 0" \
        "84 I 2147483648" "88 Q 0" "88 Q 4097" "88 Q 18446744073709547520" "96 Q 0" \
        "96 Q 18446744073709547520" "104 Q 0" "112 Q 18446744073709551615" "120 Q 1" "128 Q 4" \
        "136 Q 0" "144 Q 9223372036854775807"; do
        shm-create -s 8x8 "$S"
        # shellcheck disable=SC2086
        poke $field
        fails 3 shm-read -t 1 "$S"
        [[ $stderr == *"corrupt or truncated"* ]]
        run -1 shm-ls --check "$S"
        [[ $output == *corrupt* ]]
        rm "/dev/shm/$S"
    done
}

@test "inconsistent numbers in a ring or slot: an error message, never a crash" {
    shm-create -s 16x16 -n 2 "$S"
    frame-gen -n 1 -o "$S"
    ring=$(python3 -c 'import struct, sys
print(struct.unpack_from("<Q", open("/dev/shm/" + sys.argv[1], "rb").read(4096), 112)[0])' "$S")
    slot=$((ring + 64 + 64 * 64 + 128))
    [ "$(shm-read "$S" | head -c 2)" = P6 ]
    cp "/dev/shm/$S" "$BATS_TEST_TMPDIR/good"
    newest=$(od -A n -t u8 -j "$ring" -N 8 "/dev/shm/$S")
    [ $((newest & 255)) = 1 ]
    for change in "$ring Q $((1 << 8 | 2))" "$ring Q 18446744073709551615" "$slot Q 77"; do
        # shellcheck disable=SC2086
        poke $change
        fails 3 shm-read -t 1 "$S"
        [[ $stderr == *"corrupt"* ]]
        dd if="$BATS_TEST_TMPDIR/good" of="/dev/shm/$S" conv=notrunc status=none
    done
    # an image that cannot be used is skipped
    for change in "$((slot + 8)) Q 0" "$((slot + 8)) Q 18446744073709551615" "$((slot + 16)) I 0" \
        "$((slot + 16)) I 4294967295" "$((slot + 20)) I 65500" "$((slot + 24)) I 99" \
        "$((slot + 28)) I 4"; do
        # shellcheck disable=SC2086
        poke $change
        run -1 --separate-stderr shm-read -t 0.1 "$S"
        [[ $stderr == *"skipped 1 image of unknown size, format or flags"*"no image within 0.1 s" ]]
        [ -z "$output" ]
        dd if="$BATS_TEST_TMPDIR/good" of="/dev/shm/$S" conv=notrunc status=none
    done
    [ "$(shm-read "$S" | head -c 2)" = P6 ]
}

@test "truncated while in use: a message and exit 3 instead of SIGBUS" {
    shm-create -s 640x480 "$S"
    bg frame-gen -r 100 -o "$S"
    writer=$BG
    wait_until 5 eval '[ "$(shm-read -t 5 "$S" | head -c 2)" = P6 ]'
    truncate -s 4096 "/dev/shm/$S"
    ends 3 "$writer"
    grep -q "frame-gen: the stream was truncated while in use" "$BG_ERR"
}

@test "a stream of another user: permission denied" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    shm-create -s 8x8 "$S"
    for command in "shm-read $S" "shm-write $S" "shm-encode $S" "event-read $S" \
        "event-inject $S key_down key=a" "ws-serve -p 0 $S"; do
        # shellcheck disable=SC2086
        fails 3 setpriv --reuid=65534 --regid=65534 --clear-groups $command </dev/null
        [[ $stderr == *"$S: permission denied: it belongs to another user"* ]]
    done
}

@test "a reader without write permission gets frames and events and cannot write" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    shm-create -s 64x64 -m 0644 "$S"
    frame-gen -n 1 -o "$S"
    event-inject "$S" key_down key=q
    "${nobody[@]}" "$(command -v shm-read)" "$S" >"$BATS_TEST_TMPDIR/copied.ppm"
    shm-read "$S" | cmp - "$BATS_TEST_TMPDIR/copied.ppm"
    run -0 "${nobody[@]}" event-read --from start -n 1 "$S"
    [[ $output == "key_down key=q t="* ]]
    fails 3 "${nobody[@]}" event-inject "$S" key_down key=q
    fails 3 "${nobody[@]}" shm-write "$S" </dev/null
    fails 3 "${nobody[@]}" shm-rm -f "$S"
}

@test "one writer and several pinning readers on one mapping: no torn, no dropped frames" {
    shm-create -s 64x64 -n 6 "$S"
    run -0 --separate-stderr stress threads "$S" 50000 4
    [[ $output == "torn 0 back 0 dropped 0 least-seen 50000" ]]
    [ "$stderr" = "" ]
}

@test "a sleeping writer serves every demand, thousands of times" {
    for mode in demand demand-two demand-copy; do
        shm-create -s 64x64 -n 8 "$S"
        run -0 --separate-stderr stress "$mode" "$S" 5000 3
        [[ $output == "torn 0 back 0 dropped 0 least-seen 5000" ]]
        [ "$stderr" = "" ]
        [ ! -e "/dev/shm/$S" ]
    done
}

@test "one event writer and three readers on one mapping, with and without overrun: no torn, no uncounted events" {
    shm-create -s 8x8 -e 65536 "$S"
    run -0 --separate-stderr stress events "$S" 60000 3
    [[ $output == "torn 0 back 0 dropped 0 least-seen 60000" ]]
    shm-create -s 8x8 -e 16 "$S2"
    run -0 --separate-stderr stress events "$S2" 1000000 1
    [[ $output == "torn 0 back 0 dropped 0 least-seen 1000000" ]]
    [ "$stderr" = "" ]
}

@test "event writers killed and stopped: never two have the lock, none waits forever" {
    shm-create -s 8x8 "$S"
    run -0 --separate-stderr evlock-test "$S" 100 4
    [[ $output =~ ^"locks "[0-9]{3,}" kills "[1-9][0-9]*" stops "[1-9] ]]
    [ "$stderr" = "" ]
    # more writers than lock slots
    run -0 --separate-stderr evlock-test "$S" 5 70
    [ "$stderr" = "" ]
}

@test "readers and writer killed at random: no torn, no dropped frames, the ring keeps working" {
    shm-create -s 200x200 -n 6 "$S" # the copying reader holds all claims for a moment
    run -0 --separate-stderr stress kill "$S" 20000 4
    [[ $output =~ ^"kills "[0-9]+" torn 0 back 0 dropped 0 " ]]
    [ "$stderr" = "" ]
    run -0 shm-ls "$S"
    [[ $output == *idle* ]]
}

@test "a reader that takes a claim clears its last holder's lines in both rings, but not serial" {
    lines() { # [NUMBER...]: writes them into line 0 of both rings, or prints those there
        python3 -c 'import struct, sys
with open("/dev/shm/" + sys.argv[1], "r+b") as f:
    for ring in struct.unpack_from("<QQ", f.read(128), 112):
        f.seek(ring + 64)
        if sys.argv[2:]:
            f.write(struct.pack("<4I", *map(int, sys.argv[2:])))
        else:
            print(*struct.unpack("<4I", f.read(16)))' "$S" "$@"
    }
    shm-create -s 16x16 "$S"
    frame-gen -n 1 -o "$S"
    lines 3 1 77 99
    [ "$(shm-read "$S" | head -c 2)" = P6 ]
    [ "$(lines)" = $'0 0 79 0\n0 0 77 0' ] # it wanted frames, and no longer does
}

@test "a forked child does not keep its parent's claims" {
    shm-create -s 64x64 "$S"
    frame-gen -n 1 -o "$S"
    bg pin-hold "$S" fork >"$BATS_TEST_TMPDIR/pin"
    wait_until 5 grep -q "^1$" "$BATS_TEST_TMPDIR/pin"
    child=$(pgrep -P "$BG")
    wait_until 10 eval '[ -z "$(ls "/proc/$child/fd")" ]'
    fails 3 shm-rm "$S"
    kill -KILL "$BG"
    wait_until 10 pid_gone "$BG"
    kill -0 "$child"
    clean_run shm-rm "$S"
}

@test "a stopped reader costs only its slot; the pin of a killed one is cleared" {
    counted() { shm-ls -j "$S" | python3 -c 'import json, sys
f = json.load(sys.stdin)["objects"][0]["frames"]
print(f["published"], f["dropped"])'; }
    shm-create -s 64x64 -n 2 "$S"
    frame-gen -n 1 -o "$S"
    # One slot is the newest, the other is pinned: with fewer than readers + 2 slots, frames are dropped.
    bg pin-hold "$S" >"$BATS_TEST_TMPDIR/pin"
    wait_until 5 grep -q "^1$" "$BATS_TEST_TMPDIR/pin"
    kill -STOP "$BG"
    frame-gen -r 0 -n 10 -o "$S"
    [ "$(counted)" = "2 9" ]
    kill -KILL "$BG"
    ends 137 "$BG"
    frame-gen -r 0 -n 10 -o "$S"
    [ "$(counted)" = "12 9" ]
}
