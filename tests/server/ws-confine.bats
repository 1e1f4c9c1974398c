#!/usr/bin/env bats
# The confinement of the servers: builds with a flaw, hostile.c, reach nothing but their streams.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

# Starts the hostile server, and makes it act. $REPORT: its lines.
act() {
    DIR=$BATS_TEST_TMPDIR
    shm-create -s 64x48 "$S"
    bg sleep 1000
    local victim=$BG
    echo secret >"$DIR/secret"
    bg python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
t = socket.create_server(("127.0.0.1", 0))
print(t.getsockname()[1], flush=True)
time.sleep(1000)' "$DIR/socket" >"$DIR/port"
    wait_until 10 test -s "$DIR/port"
    export SECRET=$DIR/secret VICTIM=$victim SOCKET=$DIR/socket
    SERVER_PROGRAM=${FLAWED:-hostile-ws-serve} PORT=$(<"$DIR/port") serve "$@" "$S"
    SERVER=$BG
    REPORT=$BG_ERR
    [ "$(curl -sS -o /dev/null -w '%{http_code}' "$URL/hostile")" = 404 ]
    wait_until 10 grep -qx 'hostile: done' "$REPORT"
}

@test "without the confinement all of the acts succeed" {
    UNCONFINED=1 act
    cat "$REPORT"
    for act in "read a file" "write a file" "truncate a file" "make a file" "make a stream" "rename a file" \
        "list a folder" "run a program" "connect to a program" "connect to a port" "listen" "read another process" \
        "signal another process"; do
        grep -qx "hostile: $act" "$REPORT"
    done
}

# Acts in a server that is confined, and checks that the report has nothing but these lines.
confined_act() { # LINE…
    version=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, 0, 0, 1))')
    [ "$version" -ge 1 ] || skip "this kernel has no Landlock"
    act
    # later versions of Landlock refuse more
    [ "$version" -ge 3 ] || sed -i '/truncate/d' "$REPORT"
    [ "$version" -ge 6 ] || sed -i '/signal/d' "$REPORT"
    cat "$REPORT"
    [ "$(cat "$REPORT")" = "$(printf 'hostile: %s\n' "$@" 'done')" ]
    [ "$(<"$DIR/secret")" = secret ]
    clean_run curl -sSf -o /dev/null "$URL/stats"
}

@test "with it none of them does, and the server serves on" {
    confined_act
}

@test "rtc-serve, which WebRTC needs to make connections, is confined otherwise" {
    skip_missing hostile-rtc-serve
    FLAWED=hostile-rtc-serve confined_act "connect to a port" "listen"
}
