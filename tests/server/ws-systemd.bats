#!/usr/bin/env bats
# ws-serve under systemd: sockets that it passes, readiness and watchdog. For the units see install.bats.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

setup() {
    common_setup
    DIR=$BATS_TEST_TMPDIR
    SERVE=$(command -v ws-serve)
}

@test "systemd-socket-activate: the first connection to a TCP or Unix socket starts the server, which is served" {
    skip_missing systemd-socket-activate
    shm-create -s 64x48 "$S"
    port=$(free_port)
    bg systemd-socket-activate -l "127.0.0.1:$port" "$SERVE" "$S" >"$DIR/out"
    tcp=$BG
    wait_listen "$port"
    clean_run curl -sSf -o "$DIR/stats" "http://127.0.0.1:$port/stats"
    grep -q "\"name\":\"$S\"" "$DIR/stats"
    wait_until 10 grep -qx "http://127.0.0.1:$port/" "$DIR/out"
    kill "$tcp"
    ends 143 "$tcp"
    bg systemd-socket-activate -l "$DIR/sock" "$SERVE" "$S" >"$DIR/unix"
    local=$BG
    wait_until 10 test -S "$DIR/sock"
    # as for -b unix:PATH any Host is accepted
    clean_run curl -sSf -o "$DIR/stats" --unix-socket "$DIR/sock" http://whatever.example/stats
    wait_until 10 grep -qx "unix:$DIR/sock" "$DIR/unix"
    kill "$local"
    ends 143 "$local"
    [ -S "$DIR/sock" ] # it belongs to systemd
}

@test "a passed socket that can't be served: one line, exit 3; one for another process is left alone" {
    skip_missing systemd-socket-activate
    shm-create -s 64x48 "$S"
    port=$(free_port)
    bg systemd-socket-activate -l "127.0.0.1:$port" -l "$DIR/sock" "$SERVE" "$S"
    wait_listen "$port"
    ends 3 "$BG"
    grep -qx 'ws-serve: LISTEN_FDS is 2: only one socket can be served' "$BG_ERR"
    run -3 bash -c 'export LISTEN_PID=$$ LISTEN_FDS=1; exec ws-serve "$0" 3</dev/null' "$S"
    [ "$output" = "ws-serve: LISTEN_FDS: not a stream socket that listens; use ListenStream=" ]
    export LISTEN_PID=1 LISTEN_FDS=1
    serve "$S"
    clean_run curl -sSf -o /dev/null "$URL/stats"
}

@test "NOTIFY_SOCKET, a path or an abstract one: ready when it listens, alive at half the watchdog's time, stopping" {
    shm-create -s 64x48 "$S"
    for address in "$DIR/notify" "@$PREFIX_OF_TEST"; do
        bg python3 -u -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0"))
print("bound")
while True:
    print(s.recv(1000).decode())' "$address" >"$DIR/manager"
        manager=$BG
        wait_until 10 grep -q bound "$DIR/manager"
        NOTIFY_SOCKET=$address WATCHDOG_USEC=100000 serve "$S"
        server=$BG
        wait_until 10 eval '[ "$(grep -cx WATCHDOG=1 "$DIR/manager")" -ge 3 ]'
        [ "$(sed -n 2p "$DIR/manager")" = READY=1 ]
        run -1 grep -q STOPPING "$DIR/manager"
        kill "$server"
        ends 143 "$server"
        wait_until 10 grep -qx STOPPING=1 "$DIR/manager"
        kill "$manager"
        ends 143 "$manager"
    done
    # a watchdog for another process, and a manager that is gone
    NOTIFY_SOCKET=$DIR/nothing WATCHDOG_USEC=1 WATCHDOG_PID=1 serve "$S"
    clean_run curl -sSf -o /dev/null "$URL/stats"
}
