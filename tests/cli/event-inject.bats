#!/usr/bin/env bats
# bg hands on its stdin, fails sets stderr: shellcheck can't see that.
# shellcheck disable=SC2154,SC2217
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

setup() {
    common_setup
    shm-create "$S"
    out=$BATS_TEST_TMPDIR/out
    in=$BATS_TEST_TMPDIR/in
}

# All events in the log, without times.
logged() {
    event-read --from start -t 0 "$S" | sed 's/ t=.*//'
}

logged_is() {
    [ "$(logged)" = "$1" ]
}

# Does the log have N events, the last of them this one?
last_is() {
    [ "$(logged | wc -l)" -eq "$1" ] && [ "$(logged | tail -n 1)" = "$2" ]
}

# Does it sleep with the stream attached?
asleep() {
    local stat
    grep -q "/dev/shm/$2" "/proc/$1/maps" && read -r stat <"/proc/$1/stat" &&
        [[ ${stat##*) } == S* ]]
}

@test "one event from the arguments" {
    before=$(python3 -c 'import time; print(time.monotonic())')
    clean_run event-inject "$S" pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=ctrl,shift
    clean_run event-inject "/$S" key_down key='a b%25' t=12.034567890
    after=$(python3 -c 'import time; print(time.monotonic())')
    event-read --from start -t 0 "$S" >"$out"
    [[ $(sed -n 1p "$out") == "pointer_down x=0.25 y=0.75 button=1 buttons=1 modifiers=shift,ctrl t="* ]]
    [ "$(sed -n 2p "$out")" = "key_down key=a%20b%25 t=12.034567890 n=2" ]
    t=$(sed -n '1s/.* t=\(.*\) n=1$/\1/p' "$out")
    python3 -c "import sys; sys.exit(not $before <= $t <= $after)"
}

@test "lines: blanks, comments, tabs, a last line without newline" {
    printf '# a session\n\n  \t\nwheel dy=1\n\t # more\n  wheel\tdy=2  \nwheel dy=3' >"$in"
    clean_run event-inject "$S" <"$in"
    [ "$(logged | xargs)" = "wheel dy=1 wheel dy=2 wheel dy=3" ]
}

@test "empty input is a success" {
    clean_run event-inject "$S" </dev/null
    [ -z "$(logged)" ]
}

@test "a bad line ends it and is reported by number; the events before it are in the log" {
    n=0
    while IFS='|' read -r line why; do
        n=$((n + 1))
        printf "# one\nwheel dy=%d\n$line\nwheel dy=99999\n" $n >"$in"
        fails 2 event-inject "$S" <"$in"
        echo "$line: $stderr, not $why"
        [ "$stderr" = "event-inject: line 3: $why" ]
        [ "$(logged | tail -n 1)" = "wheel dy=$n" ]
    done <<'TABLE'
pointer_down x=1 y=1 foo=2|unknown key 'foo' for pointer_down
nonsense|unknown event 'nonsense'
pointer_down_and_more_and_more x=1|unknown event 'pointer_down_and_more_and_more'
POINTER_DOWN x=1 y=1|unknown event 'POINTER_DOWN'
pointer_down|pointer_down needs x
pointer_down x=1|pointer_down needs y
pointer_down x=1 y=1 key=a|pointer_down takes no key
pointer_down x=1 y=1 y=1|y is given twice
pointer_down x= y=1|x has no value
pointer_down x y=1|'x' is not key=value
pointer_down =1 y=1|unknown key '' for pointer_down
pointer_down x=nan y=1|x must be a number -16..17, not 'nan'
pointer_down x=inf y=1|x must be a number -16..17, not 'inf'
pointer_down x=-infinity y=1|x must be a number -16..17, not '-infinity'
pointer_down x=1e999 y=1|x must be a number -16..17, not '1e999'
pointer_down x=0x1 y=1|x must be a number -16..17, not '0x1'
pointer_down x=17.01 y=1|x must be a number -16..17, not '17.01'
pointer_down x=1 y=-16.5|y must be a number -16..17, not '-16.5'
pointer_down x=1,5 y=1|x must be a number -16..17, not '1,5'
pointer_down x=1 y=1 button=6|button must be a whole number 0..5, not '6'
pointer_down x=1 y=1 button=-1|button must be a whole number 0..5, not '-1'
pointer_down x=1 y=1 button=1.0|button must be a whole number 0..5, not '1.0'
pointer_down x=1 y=1 buttons=32|buttons must be a whole number 0..31, not '32'
pointer_down x=1 y=1 viewer=4294967296|viewer must be a whole number 0..4294967295, not '4294967296'
pointer_down x=1 y=1 modifiers=hyper|modifiers must be one or more of shift,ctrl,alt,meta, not 'hyper'
pointer_down x=1 y=1 modifiers=ctrl,|modifiers must be one or more of shift,ctrl,alt,meta, not 'ctrl,'
pointer_down x=1 y=1 t=-1|t must be seconds like 12.034567890, not '-1'
pointer_down x=1 y=1 t=1e3|t must be seconds like 12.034567890, not '1e3'
pointer_down x=1 y=1 t=12345678901|t must be seconds like 12.034567890, not '12345678901'
wheel x=1 y=1|wheel needs dx or dy
wheel dy=1000001|dy must be a number +-1000000, not '1000001'
key_down key=%%|key has a % without two hexadecimal digits
key_down key=%%4|key has a % without two hexadecimal digits
key_down key=%%zz|key has a % without two hexadecimal digits
key_down key=%%00|key has a NUL byte
key_down key=%%0a|key must be UTF-8 without control characters, 1..32 bytes, not '?'
key_down key=\303|key must be UTF-8 without control characters, 1..32 bytes, not '?'
key_down key=%%ff|key must be UTF-8 without control characters, 1..32 bytes, not '?'
key_down key=\355\240\200|key must be UTF-8 without control characters, 1..32 bytes, not '???'
key_down key=123456789012345678901234567890123|key must be UTF-8 without control characters, 1..32 bytes, not '12345678901234567890123456789012...'
key_down key=a\r|control character 0x0d
key_down key=\033[2J|control character 0x1b
\000\001\002|control character 0x00
resize width=0 height=1|width must be a whole number 1..65500, not '0'
resize width=1 height=65501|height must be a whole number 1..65500, not '65501'
resize width=1 height=1 ratio=11|ratio must be a number 0.1..10, not '11'
resize height=1|resize needs width
TABLE
    [ $n -eq 47 ]
}

@test "bad arguments are reported without a line number, and nothing is appended" {
    fails 2 event-inject "$S" nonsense
    [[ $stderr == "event-inject: unknown event 'nonsense'; "* ]]
    fails 2 event-inject "$S" pointer_down x=1 y=1 foo=2
    [ "$stderr" = "event-inject: unknown key 'foo' for pointer_down" ]
    fails 2 event-inject "$S" pointer_down x=nan y=1
    fails 2 event-inject "$S" key_down key=$'\e[2J'
    fails 2 event-inject "$S" key_down key=
    fails 2 event-inject "$S" ''
    fails 2 event-inject --timing "$S" wheel dy=1
    fails_usage event-inject -l "$S"
    fails_usage event-inject -l --timing
    [ -z "$(logged)" ]
}

@test "lines that are too long, and binary data, are refused at once" {
    # A line may have 511 bytes, not 512, even as a comment.
    printf 'wheel dy=1%*s\n' 501 '' | clean_run event-inject "$S"
    printf 'wheel dy=2%*s\n' 502 '' >"$in"
    fails 2 event-inject "$S" <"$in"
    [ "$stderr" = "event-inject: line 1: longer than 511 bytes" ]
    printf 'wheel dy=3\n#%*s\n' 511 '' >"$in"
    fails 2 event-inject "$S" <"$in"
    [ "$stderr" = "event-inject: line 2: longer than 511 bytes" ]
    head -c 1000000 /dev/zero | tr '\0' '#' >"$in"
    fails 2 event-inject "$S" <"$in"
    [ "$stderr" = "event-inject: line 1: longer than 511 bytes" ]
    # Does not wait for the rest of the line.
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
    head -c 600 /dev/zero >"$BATS_TEST_TMPDIR/fifo"
    ends 2 "$BG"
    [ "$(cat "$BG_ERR")" = "event-inject: line 1: longer than 511 bytes" ]
    [ "$(logged | xargs)" = "wheel dy=1 wheel dy=3" ]
}

@test "lines are complete wherever reads split them" {
    events-test text 21 3000 | grep ' t=' >"$in"
    python3 -c '
import os, random, sys
data, rng, at = open(sys.argv[1], "rb").read(), random.Random(3), 0
while at < len(data):
    at += os.write(1, data[at:at + rng.choice([1, 7, 100, 4096, 65536, 70000])])
' "$in" | clean_run event-inject "$S"
    cmp <(event-read --from start -t 0 "$S" | sed 's/ n=.*//') <(sed 's/ n=.*//' "$in")
}

@test "a line is appended without waiting for the next" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
    exec 8>"$BATS_TEST_TMPDIR/fifo"
    for i in 1 3 5; do
        printf 'wheel dy=%d\nwheel' $i >&8
        wait_until 10 last_is $i "wheel dy=$i"
        printf ' dy=%d \n' $((i + 1)) >&8
        wait_until 10 last_is $((i + 1)) "wheel dy=$((i + 1))"
    done
    exec 8>&-
}

@test "the lines of one read are appended in one step" {
    skip_missing strace
    yes wheel dy=1 | head -n 3000 >"$in"
    ASAN_OPTIONS=detect_leaks=0 strace -o "$BATS_TEST_TMPDIR/trace" -e trace=futex,read,fcntl event-inject "$S" <"$in"
    [ "$(logged | wc -l)" -eq 3000 ]
    # 33,000 bytes are one block: one lock, one wake-up.
    [ "$(grep -c 'FUTEX_WAKE' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
    [ "$(grep -c 'F_WRLCK' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
}

@test "after a waiter was killed, appends make no system calls for the lock" {
    skip_missing strace
    bg claim-hold "$S" </dev/null >"$BATS_TEST_TMPDIR/hold"
    holder=$BG
    wait_until 10 grep -q held "$BATS_TEST_TMPDIR/hold"
    bg event-inject "$S" wheel dy=1 </dev/null
    waiter=$BG
    # bit 31 of the lock word
    waited() {
        python3 -c 'import struct, sys
stream = open("/dev/shm/" + sys.argv[1], "rb").read(1 << 20)
at, = struct.unpack_from("<Q", stream, 128)
sys.exit(not stream[at + 15] & 128)' "$S"
    }
    wait_until 10 waited
    for victim in "$waiter" "$holder"; do
        kill -KILL "$victim"
        ends 137 "$victim"
    done
    waited
    for ((i = 0; i < 200; i++)); do
        printf 'wheel dy=2 t=%d.%03d\n' 100 "$((i * 5))"
    done >"$in"
    strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=futex,fcntl event-inject --timing "$S" <"$in"
    [ "$(logged | wc -l)" -eq 200 ]
    appends=$(grep -c FUTEX_WAKE "$BATS_TEST_TMPDIR/trace")
    calls=$(grep -c 'F_OFD' "$BATS_TEST_TMPDIR/trace")
    echo "$calls calls for $appends appends"
    ((appends > 20 && calls < 15))
    run -1 waited
}

@test "--timing replays the same events at their recorded intervals" {
    cat >"$in" <<'LINES'
# t starts anywhere
pointer_down x=0.25 y=0.5 button=1 buttons=1 t=500000.25
pointer_move x=0.5 y=0.5 buttons=1 t=500000.30
wheel dy=3
pointer_up x=0.5 y=0.5 button=1 t=500000.55
key_down key=a t=500000.35
key_up key=a t=500000.95
LINES
    clean_run event-inject --timing "$S" <"$in"
    [ "$(logged)" = "$(grep -v '^#' "$in" | sed 's/ t=.*//')" ]
    event-read --from start -t 0 "$S" | sed 's/.* t=\(.*\) n=.*/\1/' >"$out"
    clean_run python3 - "$out" <<'PY'
import decimal, sys
t = [decimal.Decimal(x) for x in open(sys.argv[1])]
due = [decimal.Decimal(x) for x in ("0", "0.05", "0.05", "0.30", "0.30", "0.70")]
assert len(t) == 6
for now, wanted in zip(t, due):
    assert now - t[0] >= wanted, (now - t[0], wanted)
assert t == sorted(t)
PY
}

@test "a recorded session replayed with --timing equals the original" {
    shm-create "$S2"
    printf 'wheel dy=%s t=%s\n' 1 10.5 2 10.52 3 10.6 4 10.6 5 10.7 | event-inject --timing "$S"
    event-read --from start -t 0 "$S" >"$BATS_TEST_TMPDIR/session"
    clean_run event-inject --timing "$S2" <"$BATS_TEST_TMPDIR/session"
    event-read --from start -t 0 "$S2" >"$BATS_TEST_TMPDIR/again"
    clean_run python3 - "$BATS_TEST_TMPDIR/session" "$BATS_TEST_TMPDIR/again" <<'PY'
import decimal, sys
one, two = ([line.rsplit(" t=", 1) for line in open(name)] for name in sys.argv[1:])
assert len(one) == len(two) == 5
for a, b in zip(one, two):
    assert a[0] == b[0]
    assert a[1].split()[1] == b[1].split()[1]
    gap = [decimal.Decimal(t[1].split()[0]) - decimal.Decimal(all[0][1].split()[0]) for t, all in ((a, one), (b, two))]
    assert gap[1] >= gap[0], gap
    assert a[1] != b[1]
PY
}

@test "--timing sleeps, and can be stopped" {
    printf 'wheel dy=1 t=1\nwheel dy=2 t=9000\n' >"$in"
    bg event-inject --timing "$S" <"$in"
    wait_until 10 logged_is "wheel dy=1"
    kill -TERM "$BG"
    ends 143 "$BG"
    [ "$(logged)" = "wheel dy=1" ]
}

@test "a stop signal ends it by that signal while it waits for lines" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    for pair in TERM:143 INT:130 HUP:129; do
        bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
        wait_until 10 asleep "$BG" "$S"
        kill -"${pair%:*}" "$BG"
        ends "${pair#*:}" "$BG"
        [ ! -s "$BG_ERR" ]
    done
}

@test "two injectors and three readers, 20,000 events each: none is lost or duplicated" {
    readers=()
    for r in 1 2 3; do
        bg event-read -n 40000 "$S" >"$out.$r"
        readers+=("$BG")
        wait_until 10 asleep "$BG" "$S"
    done
    for i in 1 2; do
        seq 20000 | sed "s/.*/pointer_move x=0.5 y=0.5 pointer=& viewer=$i/" >"$in.$i"
    done
    # Both are fed alternately in small pieces, so that they contend all the time.
    bg python3 - "$S" "$in.1" "$in.2" <<'PY'
import os, random, subprocess, sys
rng = random.Random(8)
data = [open(name, "rb").read() for name in sys.argv[2:]]
inject = [subprocess.Popen(["event-inject", sys.argv[1]], stdin=subprocess.PIPE) for _ in data]
at = [0, 0]
while at[0] < len(data[0]) or at[1] < len(data[1]):
    for i in 0, 1:
        at[i] += os.write(inject[i].stdin.fileno(), data[i][at[i]:at[i] + rng.randrange(1, 900)])
for p in inject:
    p.stdin.close()
sys.exit(max(p.wait() for p in inject))
PY
    ends 0 "$BG" 60
    for r in 0 1 2; do
        ends 0 "${readers[r]}" 60
    done
    cat "$BATS_TEST_TMPDIR"/bg.*.err
    [ -z "$(cat "$BATS_TEST_TMPDIR"/bg.*.err)" ]
    cmp "$out.1" "$out.2"
    cmp "$out.1" "$out.3"
    for i in 1 2; do
        sed -n "s/ viewer=$i t=.*/ viewer=$i/p" "$out.1" | cmp - "$in.$i"
    done
}

@test "a writer waits for the event-log lock, and a stop signal ends the wait" {
    mkfifo "$BATS_TEST_TMPDIR/gate"
    exec 8<>"$BATS_TEST_TMPDIR/gate"
    # Another process holds the lock, as in shmcast-stream(5), and does not write.
    bg python3 -c '
import fcntl, os, struct, sys
fd = os.open("/dev/shm/" + sys.argv[1], os.O_RDWR)
claims, events = (struct.unpack("<Q", os.pread(fd, 8, at))[0] for at in (104, 128))
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, claims + 80 * 64, 1, 0))
os.pwrite(fd, struct.pack("<I", 1 + 80), events + 12)
print("held", flush=True)
os.read(0, 1)' "$S" <&8 >"$out"
    holder=$BG
    wait_until 10 grep -q held "$out"
    bg event-inject "$S" wheel dy=1
    first=$BG
    bg event-inject "$S" wheel dy=2
    wait_until 10 asleep "$first" "$S"
    wait_until 10 asleep "$BG" "$S"
    kill -TERM "$BG"
    ends 143 "$BG"
    [ -z "$(logged)" ]
    echo >&8
    ends 0 "$holder"
    ends 0 "$first"
    logged_is "wheel dy=1"
    exec 8>&-
}

@test "injectors with one line at a time: order is kept per injector, no event is lost" {
    bg event-read -n 2000 "$S" >"$out"
    reader=$BG
    wait_until 10 asleep "$BG" "$S"
    for i in 1 2; do
        bg python3 -c '
import os, subprocess, sys
p = subprocess.Popen(["event-inject", sys.argv[1]], stdin=subprocess.PIPE)
for k in range(1, 1001):
    os.write(p.stdin.fileno(), b"wheel dy=%d viewer=%s\n" % (k, sys.argv[2].encode()))
p.stdin.close()
sys.exit(p.wait())' "$S" $i
        pids[i]=$BG
    done
    ends 0 "${pids[1]}" 60
    ends 0 "${pids[2]}" 60
    ends 0 "$reader" 60
    for i in 1 2; do
        sed -n "s/^wheel dy=\([0-9]*\) viewer=$i t=.*/\1/p" "$out" | cmp - <(seq 1000)
    done
}

@test "a killed injector leaves complete events, and the others continue" {
    for i in 1 2 3; do
        bg event-inject "$S" < <(yes 'key_down key=abcdefgh') # never ends by itself
        wait_until 10 event-read --from start -n 1 -t 0 "$S"
        kill -KILL "$BG"
        ends 137 "$BG"
        clean_run event-inject "$S" wheel dy=$i
        [ "$(logged | tail -n 1)" = "wheel dy=$i" ]
        [ "$(logged | grep -vcE '^(key_down key=abcdefgh|wheel dy=[1-3])$')" -eq 0 ]
    done
}

@test "a replaced stream is followed" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
    echo wheel dy=1 >"$BATS_TEST_TMPDIR/fifo"
    wait_until 10 logged_is "wheel dy=1"
    shm-create --replace "$S"
    [ -z "$(logged)" ]
    echo wheel dy=2 >"$BATS_TEST_TMPDIR/fifo"
    wait_until 10 logged_is "wheel dy=2"
    [ ! -s "$BG_ERR" ]
}

@test "a removed stream is a failure" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
    wait_until 10 asleep "$BG" "$S"
    shm-rm -f "$S"
    echo wheel dy=1 >"$BATS_TEST_TMPDIR/fifo"
    ends 3 "$BG"
    [ "$(wc -l <"$BG_ERR")" -eq 1 ]
    [[ $(cat "$BG_ERR") == "event-inject: $S: "* ]]
}

@test "a stream truncated while in use: a message and exit 3" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    bg event-inject "$S" <>"$BATS_TEST_TMPDIR/fifo"
    wait_until 10 asleep "$BG" "$S"
    truncate -s 0 "/dev/shm/$S"
    echo wheel dy=1 >"$BATS_TEST_TMPDIR/fifo"
    ends 3 "$BG"
    [[ $(cat "$BG_ERR") == "event-inject: "*"truncated while in use" ]]
}

@test "no such stream, not a stream, another user's stream" {
    fails 3 event-inject "$S2" wheel dy=1
    fails 3 event-inject "$S2" </dev/null
    echo hello >"/dev/shm/$S2"
    fails 3 event-inject "$S2" wheel dy=1
    fails_usage event-inject
    fails 2 event-inject a/b wheel dy=1
    # A bad event is reported before the stream is opened.
    fails 2 event-inject "$S3" wheel
}

@test "an unreadable standard input is a failure" {
    fails 3 event-inject "$S" <&-
    [[ $stderr == "event-inject: standard input: "* ]]
    fails 3 event-inject "$S" </
    [ "$stderr" = "event-inject: standard input: Is a directory" ]
}

@test "the examples of the man page" {
    clean_run event-inject "$S" pointer_down x=0.5 y=0.5 button=1 buttons=1
    clean_run event-inject "$S" pointer_up x=0.5 y=0.5 button=1
    yes wheel dy=-10 | head -n 100 | clean_run event-inject "$S"
    [ "$(logged | wc -l)" -eq 102 ]
}
