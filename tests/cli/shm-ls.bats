#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# bats file_tags=core,sanitize
load ../support/helper

json() { # EXPRESSION over the first object o, and the whole answer a [of NAME]
    shm-ls -j "${2:-$S}" | python3 -c 'import json, sys
a = json.load(sys.stdin)
o = a["objects"][0] if a["objects"] else None
print(eval(sys.argv[1]))' "$1"
}

is() { # EXPRESSION VALUE [NAME]
    [ "$(json "$1" "${3:-$S}")" = "$2" ]
}

narrow() { # nothing on stdin is wider than 80 columns
    ! grep -E '.{81}'
}

# Holds $1 as $2 specifies until it is ended; prints a line when ready.
cat_holder='import mmap, os, signal, sys
f = open("/dev/shm/" + sys.argv[1], "r+b")
if sys.argv[2] != "open":
    m = mmap.mmap(f.fileno(), 0)
if sys.argv[2] == "mapped":
    os.closerange(3, 64)
print("has it", flush=True)
signal.pause()'

foreign_held() { # NAME open|mapped|both: a Python program holds NAME; its pid in $BG
    bg /usr/bin/python3 -c "$cat_holder" "$1" "$2" >"$BATS_TEST_TMPDIR/held"
    wait_until 10 grep -q 'has it' "$BATS_TEST_TMPDIR/held"
}

field() { # CLAIM OFFSET FORMAT VALUE: writes into the record of a claim of $S
    python3 -c 'import struct, sys
name, claim, offset, form, value = sys.argv[1:]
with open("/dev/shm/" + name, "r+b") as f:
    f.seek(4096 + int(claim) * 64 + int(offset))
    f.write(struct.pack("<" + form, int(value)))' "$S" "$@"
}

@test "a line has name, state, size, geometry, frames, rate, age and holders" {
    shm-create -s 640x480 -f rgb24 "$S"
    frame-gen -n 1 -r 0 -o "$S"
    run -0 --separate-stderr shm-ls "$S"
    [ "$stderr" = "" ]
    [[ ${lines[0]} =~ ^NAME\ +STATE\ +SIZE\ +GEOMETRY\ +FRAMES\ +FPS\ +AGE\ HELD\ BY$ ]]
    [[ ${lines[1]} =~ ^$S\ idle\ +9\.6M\ 640x480\ rgb24\ +1\ +-\ +[0-9.]+s\ -$ ]]
    [ "${#lines[@]}" = 2 ]
}

@test "only names may be wider than 80 columns" {
    long=$S-$(printf '%0220d' 1)
    shm-create -s 1920x1080 -f yuv420p "$S"
    shm-create -s 8x8 "$long"
    shm-create -s 8x8 "$S2"
    mv "/dev/shm/$S2" "/dev/shm/psm_$S2"
    truncate -s 5000 "/dev/shm/psm_$S2"
    : >"/dev/shm/$S3"
    bg frame-gen -r 50 -o "$S"
    bg shm-encode "$S"
    bg shm-read -n 100000 "$S" >/dev/null
    wait_until 10 is 'len(o["holders"])' 4
    wait_until 10 is 'o["frames"]["rate"] is not None and o["frames"]["published"] > 10' True
    run -0 shm-ls --all
    [[ $output == *"$long"$'\n'* ]]
    grep -v "^$long" <<<"$output" | narrow
    # the holders that fit, and the number of the others
    [[ $output =~ $S\ [^$'\n']*[0-9.]+s\ 4$'\n' ]]
    rm "/dev/shm/$long" "/dev/shm/psm_$S2" "/dev/shm/$S3"
    # with names up to the width of the column
    : >"/dev/shm/$S3"
    for ((n = ${#S3} + 1; n <= 20; n++)); do
        name=$(printf "%.${n}s" "$S3-xxxxxxxxxxxxxxxx")
        shm-create -s 8x8 "$name"
        run -0 shm-ls --all
        narrow <<<"$output"
        run -0 shm-ls "$S" "$name"
        narrow <<<"$output"
        rm "/dev/shm/$name"
    done
    rm "/dev/shm/$S3"
    shm-create -s 8x8 "$S2"
    bg frame-gen -s 8x8 -r 5 -o "$S2"
    bg shm-read -n 100000 "$S2" >/dev/null
    bg shm-read -n 100000 "$S2" >/dev/null
    wait_until 10 is 'len(o["holders"])' 3 "$S2"
    run -0 shm-ls "$S2"
    echo "$output"
    # two fit if their pids are short
    [[ $output =~ $S2\ [^$'\n']*\ frame-gen:[0-9]+(\+2|,shm-read:[0-9]+\+1)$ ]]
}

@test "holders are listed by command and pid, and disappear when they die" {
    shm-create -s 64x64 "$S"
    bg frame-gen -r 20 -o "$S"
    writer=$BG
    bg shm-read -n 100000 "$S" >/dev/null
    reader=$BG
    wait_until 5 is "[(h['role'], h['pid'], h['process']) for h in o['holders']]" \
        "[('frames', $writer, 'here'), ('frames-reader', $reader, 'here')]"
    is "o['state']" live
    is "sorted((p['command'], p['pid'], p['mapped'], p['open']) for p in o['processes'])" \
        "[('frame-gen', $writer, True, True), ('shm-read', $reader, True, True)]"
    run -0 shm-ls "$S"
    [[ ${lines[1]} == *" frame-gen:$writer"* ]]
    run -0 shm-ls -l "$S"
    [[ $output == *"frames "*"pid $writer (frame-gen), for "* ]]
    [[ $output == *"process "*"$reader (shm-read), mapped and open"* ]]
    kill -KILL "$writer" "$reader"
    wait_until 5 is "o['state']" idle
    is "o['holders'] + o['processes']" "[]"
}

@test "JSON has all values, for any name" {
    name="$S \"quo\\ted"
    shm-create -s 64x64 -e 64 "$name"
    event-inject "$name" key_down key=a
    S=$name
    is "o['name']" "$name"
    is "o['events']" "{'written': 1, 'room': 64, 'readable': 1, 'overwritten': 0}"
    is "o['frames']['published'], o['packets']['slots'], o['width'], o['format']" \
        "(0, 4, 64, 'rgb24')"
    is "o['kind'], o['state'], o['leak'], o['named'], o['held'], o['frames']['rate']" \
        "('stream', 'idle', False, True, False, None)"
    is "o['bytes'], o['resident'], o['inode']" "($(stat -c '%s, %b * 512, %i' "/dev/shm/$name" |
        sed "s/, \([0-9]*\) \* 512/, $(($(stat -c %b "/dev/shm/$name") * 512))/"))"
    is "0 <= __import__('time').time() - o['created'] < 60" True
    is "a['space']['bytes'], a['space']['free'] > 0" \
        "($(df --output=size -B1 /dev/shm | tail -n 1 | tr -d ' '), True)"
    shm-rm "$name"
    run -0 shm-ls -j
    python3 -m json.tool <<<"$output" >/dev/null
}

@test "-l shows what the newest frame's bytes mean" {
    shm-create -s 64x48 -f rgba "$S"
    line() { shm-ls -l "$S" | sed -n 's/.*; newest \(.*\), [0-9]* bytes, .*/\1/p'; }
    frame-gen -s 64x48 -n 1 -o "$S"
    [ "$(line)" = "64x48 rgba" ]
    head -c 9600 /dev/zero | shm-write -s 48x48 -f rgba --stride 200 --alpha premultiplied --bottom-up "$S"
    [ "$(line)" = "48x48 rgba bottom-up, alpha premultiplied, rows of 200" ]
    head -c 3600 /dev/zero | shm-write -s 48x48 -f yuv420p --stride 50 --matrix bt709 --aspect 16:11 "$S"
    [ "$(line)" = "48x48 yuv420p limited bt709, rows of 50+25+25, pixels 16:11" ]
    shm-ls -j "$S" | python3 -c 'import json, sys
newest = json.load(sys.stdin)["objects"][0]["frames"]["newest"]
del newest["age"]
assert newest == {"width": 48, "height": 48, "bytes": 3600, "aspect": [16, 11], "format": "yuv420p",
                  "stride": [50, 25, 25], "bottom_up": False, "limited": True, "matrix": "bt709",
                  "alpha": "straight"}, newest'
}

@test "JSON has names in UTF-8, and bytes that are not" {
    name=$S-näme-Ω-🙂
    shm-create -s 8x8 "$name"
    run -0 shm-ls -j "$name"
    [[ $output == *"\"name\":\"$name\""* ]]
    rm "/dev/shm/$name"
    name=$S-$'\xff\xc3'
    shm-create -s 8x8 "$name"
    run -0 shm-ls -j "$name"
    [[ $output == *"\"name\":\"$S-\\u00ff\\u00c3\""* ]]
    rm "/dev/shm/$name"
}

@test "a refusal names the process that holds the claim, or none" {
    shm-create -s 8x8 "$S"
    refused() {
        fails 3 frame-gen -s 8x8 -n 1 -o "$S"
        echo "${stderr#*: "$S": }"
    }
    # a claim whose record is still that of a process that was killed, and one without a record
    bg frame-gen -s 8x8 -r 5 -o "$S"
    wait_until 10 is "len(o['holders'])" 1
    kill -KILL "$BG"
    ends 137 "$BG"
    bg /usr/bin/python3 -c 'import fcntl, signal, struct, sys
f = open("/dev/shm/" + sys.argv[1], "r+b")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 4096 + 128, 1, 0))
print("has it", flush=True)
signal.pause()' "$S" >"$BATS_TEST_TMPDIR/held"
    wait_until 10 grep -q 'has it' "$BATS_TEST_TMPDIR/held"
    [ "$(refused)" = "already written by another process" ]
    field 2 0 I 0
    [ "$(refused)" = "already written by another process" ]
    kill -KILL "$BG"
    ends 137 "$BG"
    # a claim that was released leaves no pid to the next holder
    frame-gen -s 8x8 -n 1 -o "$S"
    [ "$(od -An -tu4 -j $((4096 + 128)) -N 4 "/dev/shm/$S" | tr -d ' ')" = 0 ]
    bg frame-gen -s 8x8 -r 5 -o "$S"
    wait_until 10 is "len(o['holders'])" 1
    [ "$(refused)" = "already written by pid $BG (frame-gen)" ]
}

@test "events: the numbers of readable and overwritten ones" {
    shm-create -s 8x8 -e 16 "$S"
    seq -f 'wheel dy=%.0f' 1 40 | event-inject "$S"
    is "o['events']" "{'written': 40, 'room': 16, 'readable': 16, 'overwritten': 24}"
    run -0 shm-ls -l "$S"
    [[ $output == *"events "*"40 written, 16 of them readable, 24 overwritten; room for 16"* ]]
}

@test "a single scan shows a writer's rate, and that it has stopped" {
    shm-create -s 64x64 "$S"
    bg frame-gen -r 20 -o "$S"
    wait_until 10 is "o['frames']['published'] > 8" True
    # a loaded machine may be late, and then catch up
    wait_until 10 is "10 < o['frames']['rate'] < 40" True
    kill -STOP "$BG"
    wait_until 10 is "o['frames']['rate'] < 2" True
    kill -CONT "$BG"
    wait_until 10 is "10 < o['frames']['rate'] < 40" True
    shows_rate() { shm-ls "$S" | sed -n 2p | grep -qE ' [12][0-9]\.[0-9] +[0-9.]+s frame-gen'; }
    wait_until 10 shows_rate
}

@test "-w repeats every second, and rates are measured in between" {
    shm-create -s 64x64 "$S"
    bg shm-ls -lw "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 5 grep -q 'room for' "$BATS_TEST_TMPDIR/out"
    watcher=$BG
    seq -f 'wheel dy=%.0f' 1 40 | event-inject "$S"
    wait_until 10 grep -qE '40 written.*; ([1-9]|[123][0-9]|40)\.[0-9]/s' "$BATS_TEST_TMPDIR/out"
    wait_until 10 grep -qE '40 written.*; 0\.0/s' "$BATS_TEST_TMPDIR/out"
    kill -TERM "$watcher"
    ends 143 "$watcher"
}

@test "it attaches nothing: a stream that it lists can be removed" {
    shm-create -s 8x8 "$S"
    bg shm-ls -w "$S" >"$BATS_TEST_TMPDIR/out"
    wait_until 5 grep -q "$S" "$BATS_TEST_TMPDIR/out"
    clean_run shm-rm "$S"
    kill -TERM "$BG"
    ends 143 "$BG"
}

@test "foreign objects are listed with --all or by name; corrupt streams always" {
    echo foreign >"/dev/shm/$S"
    run -0 shm-ls
    [[ $output != *"$S"* ]]
    run -0 shm-ls --all
    [[ $output == *"$S "*foreign* ]]
    is "o['kind'], o['state']" "('other', 'foreign')"
    shm-create -s 8x8 "$S2"
    truncate -s 5000 "/dev/shm/$S2"
    run -0 shm-ls
    [[ $output == *"$S2 "*corrupt* ]]
    : >"/dev/shm/$S3"
    run -0 shm-ls
    [[ $output == *"$S3 "*half-created* ]]
    is "o['reason'], o['leak']" "('its creator never finished it; shm-rm -f removes it', True)" "$S3"
    foreign_held "$S3" open
    is "o['leak'], o['held']" "(False, True)" "$S3"
    rm "/dev/shm/$S" "/dev/shm/$S2" "/dev/shm/$S3"
}

@test "foreign objects: the kind is derived from the name, and use is detected" {
    for kind in psm_:python torch_:torch sem.:semaphore fastrtps_:fastdds x:other; do
        name=${kind%:*}$S
        head -c 4096 /dev/zero >"/dev/shm/$name"
        is "o['kind'], o['state'], o['held'], o['leak'], o['reason']" \
            "('${kind#*:}', 'foreign', False, True, 'not in use; shm-rm -f removes it')" "$name"
        for way in open mapped both; do
            foreign_held "$name" $way
            is "o['state'], o['held'], o['leak'], o['reason']" \
                "('foreign', True, False, 'held by python3:$BG')" "$name"
            is "[(p['pid'], p['mapped'], p['open']) for p in o['processes']]" \
                "[($BG, $([ $way = open ] && echo False || echo True), $([ $way = mapped ] && echo False || echo True))]" "$name"
            kill -KILL "$BG"
            ends 137 "$BG"
        done
        rm "/dev/shm/$name"
    done
    # the kind of an empty object is derived from its name too
    : >"/dev/shm/psm_$S"
    run shm-ls --check # leaks of other programs do not count
    ((status <= 1)) && [[ $output != *"$S"* ]]
    run -1 shm-ls --check --all
    [[ $output == *"psm_$S "*foreign* ]]
    rm "/dev/shm/psm_$S"
}

@test "use of a foreign object is detected across pid namespaces, without pids" {
    unshare -rpf --mount-proc true || skip "no user namespaces"
    head -c 4096 /dev/zero >"/dev/shm/psm_$S"
    run -0 unshare -rpf --mount-proc shm-ls -l "psm_$S"
    [[ $output == *"not in use"* ]]
    for way in open mapped; do
        foreign_held "psm_$S" $way
        run -0 unshare -rpf --mount-proc shm-ls -l "psm_$S"
        [[ $output == *"foreign: held by a process that is not visible here"* ]]
        run -0 unshare -rpf --mount-proc shm-ls --check --all "psm_$S"
        kill -KILL "$BG"
        ends 137 "$BG"
    done
    rm "/dev/shm/psm_$S"
}

@test "live and orphan are right across pid namespaces; pids are only shown" {
    unshare -rpf --mount-proc true || skip "no user namespaces"
    shm-create -s 8x8 "$S"
    # from the outer namespace: pids differ
    bg unshare -rpf --kill-child --mount-proc shm-read -n 1 "$S" >/dev/null
    wait_until 5 is "o['state'], len(o['holders'])" "('live', 1)"
    inner=$(pgrep -P "$BG")
    is "[(h['pid'], h['process'], h['pid_here']) for h in o['holders']]" "[(1, 'here', $inner)]"
    run -0 shm-ls -l "$S"
    [[ $output == *"pid 1 (shm-read), for "*"; that is pid $inner here"* ]]
    kill -KILL "$inner"
    wait_until 5 is "o['state']" idle
    # from the inner namespace: no process is visible, but the lock is
    bg shm-create -s 8x8 "$S2" -- shm-read "$S2" >/dev/null
    wait_until 5 is "len(o['holders'])" 2 "$S2"
    run -0 unshare -rpf --mount-proc shm-ls -l "$S2"
    [[ $output == *"$S2: stream, live"*"pid $BG (shm-create), for "*"; in a pid namespace that is not visible"* ]]
    run -0 unshare -rpf --mount-proc shm-ls --check "$S2"
    fails 3 unshare -rpf --mount-proc shm-rm "$S2"
    kill -KILL "$BG"
    wait_until 5 is "o['state']" orphan "$S2"
    run -1 unshare -rpf --mount-proc shm-ls --check "$S2"
}

@test "after reuse of a pid the lock decides, and the record is reported as old" {
    shm-create -s 8x8 "$S"
    bg frame-gen -s 8x8 -r 5 -o "$S"
    wait_until 5 is "[h['process'] for h in o['holders']]" "['here']"
    # the record of the claim on frames now has the pid of this shell, which started at another time
    field 2 0 I $$
    is "o['state'], [(h['pid'], h['process']) for h in o['holders']]" "('live', [($$, 'reused')])"
    run -0 shm-ls -l "$S"
    [[ $output == *"pid $$ (frame-gen), for "*"; it has ended, "*"; pid $$ is now "* ]]
    # and now an unused pid
    field 2 0 I 4194305
    is "o['state'], [(h['pid'], h['process']) for h in o['holders']]" "('live', [(4194305, 'gone')])"
    fails 3 shm-rm "$S"
    # the opposite: the record of a dead writer has the pid of a living process
    kill -KILL "$BG"
    ends 137 "$BG"
    field 2 0 I $$
    field 2 8 Q "$(sed 's/.*) //' /proc/$$/stat | cut -d ' ' -f 20)"
    is "o['state'], o['holders']" "('idle', [])"
}

@test "--check lists only leaks and exits 1 if there is one" {
    shm-create -s 8x8 "$S"
    run -0 shm-ls --check "$S"
    [ "$output" = "" ]
    bg shm-create -s 8x8 "$S2" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    run -0 shm-ls --check "$S" "$S2"
    kill -KILL "$BG"
    wait_until 5 eval '! shm-ls --check "$S2"'
    run -1 shm-ls --check "$S" "$S2"
    [[ $output == *"$S2 "*orphan*"its owner is dead"* ]]
    [[ $output != *"$S "* ]]
    run -1 shm-ls -j --check "$S2"
    python3 -m json.tool <<<"$output" >/dev/null
    # a process without locks does not save an orphan, and the reason names it
    foreign_held "$S2" both
    run -1 shm-ls -l "$S2" --check
    [[ $output == *"though python3:$BG has it open; shm-rm --orphans removes it"* ]]
}

@test "an unlinked stream is deleted, and a leak; a foreign object is not" {
    shm-create -s 8x8 "$S"
    bg frame-gen -s 8x8 -r 5 -o "$S"
    writer=$BG
    wait_until 5 is "o['state']" live
    rm "/dev/shm/$S"
    is "o['state'], o['named'], o['leak'], [h['pid'] for h in o['holders']]" \
        "('deleted', False, True, [$writer])"
    run -1 shm-ls --check
    [[ $output =~ $S\ +deleted\ .*frame-gen:$writer.*shm-create\ --replace ]]
    narrow <<<"$output"
    head -c 4096 /dev/zero >"/dev/shm/psm_$S2"
    foreign_held "psm_$S2" mapped
    rm "/dev/shm/psm_$S2"
    run -0 shm-ls
    [[ $output != *"$S2"* ]]
    run -0 shm-ls --all
    [[ $output == *"psm_$S2"*deleted*"python3:$BG"* ]]
    run -0 shm-ls --check --all "psm_$S2"
    # the reason is wrapped after names of every width
    for n in {1..8}; do
        name=$S2-$(printf "%0${n}d" 1)
        shm-create -s 8x8 "$name"
        bg sleep 1000 <"/dev/shm/$name"
        rm "/dev/shm/$name"
    done
    run -0 shm-ls --all
    [ "$(tr -s ' \n' ' ' <<<"$output" | grep -o " $S2-0*1 deleted" | wc -l)" = 8 ]
    narrow <<<"$output"
    # and each line has as many words as fit
    awk '/^  [^ ]/ && last && length(last) + 1 + length($1) <= 80 { exit 1 }
        { last = /^  [^ ]/ ? $0 : "" }' <<<"$output"
    # a stream that shm-rm removed is not a leak
    kill -STOP "$writer"
    shm-create -s 8x8 "$S3"
    bg shm-read "$S3" >/dev/null
    wait_until 5 is "o['state']" live "$S3"
    kill -STOP "$BG"
    shm-rm -f "$S3"
    is "o['state'], o['leak'], o['reason']" \
        "('deleted', False, 'removed; freed when shm-read:$BG ends')" "$S3"
}

@test "an unlinked stream that only its owner has is found" {
    bg shm-create -s 8x8 "$S" -- sleep 1000
    wait_until 5 pgrep -P "$BG" -x sleep
    rm "/dev/shm/$S"
    is "o['state'], [(h['role'], h['pid']) for h in o['holders']]" "('deleted', [('owner', $BG)])"
}

@test "free space is in the last line; warnings at 64 MB and when full" {
    run -0 shm-ls
    [[ ${lines[-1]} =~ ^/dev/shm:\ [0-9.]+[KMGT]\ free\ of\ [0-9.]+[KMGT]$ || $output == *warning:* ]]
    run -0 unshare -rm sh -c 'mount -t tmpfs -o size=64m tmpfs /dev/shm && shm-ls && shm-ls -j'
    [[ $output == *"/dev/shm: 64.0M free of 64.0M"*"warning: /dev/shm has only 64.0M"*--shm-size* ]]
    [[ $output == *'"space":{"bytes":67108864,"free":67108864},"warnings":["/dev/shm has only 64.0M'* ]]
    narrow < <(grep -v '"warnings"' <<<"$output")
    run -0 unshare -rm sh -c 'mount -t tmpfs -o size=65m tmpfs /dev/shm && shm-ls'
    [ "$output" = "/dev/shm: 65.0M free of 65.0M" ]
    run -0 unshare -rm sh -c 'mount -t tmpfs -o size=65m tmpfs /dev/shm
        head -c 60000000 /dev/zero >/dev/shm/x; shm-ls'
    [[ $output == *"warning: no room for another 1280x720 stream"* ]]
}

@test "a warning about logind's RemoveIPC, only where it applies" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    run -0 unshare -m bash -e -c '
        mount -t tmpfs -o size=99m tmpfs /dev/shm
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /etc/systemd
        mount -t tmpfs tmpfs /var/lib/systemd
        cp /etc/passwd /run/passwd
        echo "joe:x:4242:4242::/:/bin/sh" >>/run/passwd
        mount --bind /run/passwd /etc/passwd
        warns() { shm-ls >/run/out; grep -c "^warning: logind deletes the streams of joe" /run/out || true; }
        shm-create -s 8x8 ours
        echo "no logind: $(warns)"
        mkdir -p /run/systemd/seats /etc/systemd/logind.conf.d /var/lib/systemd/linger
        echo "root: $(warns)"
        chown 4242 /dev/shm/ours
        echo "joe: $(warns)"
        echo "RemoveIPC=no" >/etc/systemd/logind.conf
        echo "off: $(warns)"
        echo "RemoveIPC=yes" >/etc/systemd/logind.conf.d/50-on.conf
        echo "on again: $(warns)"
        touch /var/lib/systemd/linger/joe
        echo "lingers: $(warns)"'
    [ "$output" = "no logind: 0
root: 0
joe: 1
off: 0
on again: 1
lingers: 0" ]
}

@test "no such stream, bad options, a full disk" {
    for option in -l -j --check --all; do
        fails 1 shm-ls $option "$S"
        [ "$stderr" = "shm-ls: $S: no such stream" ]
    done
    # each missing name is reported, and the others are listed
    shm-create -s 8x8 "$S2"
    run -1 --separate-stderr shm-ls "$S" "$S2" "$S3"
    [ "$stderr" = "shm-ls: $S: no such stream"$'\n'"shm-ls: $S3: no such stream" ]
    [[ ${lines[1]} == "$S2 idle "* ]]
    fails 2 shm-ls -j -l
    fails 2 shm-ls a/b
    shm-create -s 8x8 "$S"
    fails 3 shm-ls "$S" >/dev/full
}

@test "an unreadable object is unknown" {
    [ "$(id -u)" = 0 ] || skip "needs root to become another user"
    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    shm-create -s 8x8 "$S"
    run -0 "${nobody[@]}" shm-ls "$S"
    [[ $output == *"$S "*unknown*"no permission to read it"* ]]
    # the use of a readable foreign object is unknown too
    head -c 4096 /dev/zero >"/dev/shm/psm_$S"
    run -0 "${nobody[@]}" shm-ls --check --all "psm_$S"
    run -0 "${nobody[@]}" shm-ls "psm_$S"
    [[ $output == *unknown*"no permission to check whether it is in use"* ]]
    rm "/dev/shm/psm_$S"
}
