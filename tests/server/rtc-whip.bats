#!/usr/bin/env bats
# rtc-serve --whip: publishes to aiortc and to Debian's Janus, behind whip-server.py.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper
load ../support/namespaces

SERVER_PROGRAM=rtc-serve
TOKEN=some.bearer-token_0001~+/=

# Starts the endpoint; sets ENDPOINT to its pid, LOG to its output, AT to its port.
endpoint() { # OPTION…
    LOG=$BATS_TEST_TMPDIR/endpoint.$BG_COUNT
    : >"$LOG"
    bg "$TESTS/server/whip-server.py" "$@" >"$LOG"
    ENDPOINT=$BG
    wait_until 20 grep -q '^port' "$LOG" || {
        cat "$BG_ERR"
        return 1
    }
    AT=$(sed -n 's/^port //p' "$LOG")
}

printed() { # LINE…
    local line
    for line in "$@"; do
        wait_until 20 grep -qx "$line" "$LOG" || {
            echo "no line '$line' in:"
            cat "$LOG" "$SERVE_ERR"
            return 1
        }
    done
}

# Publishes stream $S, with a picture that moves on, at the URL.
publish() { # URL OPTION…
    shm-create -s 320x240 "$S"
    bg frame-gen -s 320x240 -r 20 -o "$S"
    WRITER=$BG
    serve --whip "$@" "$S"
    SERVE=$BG
    SERVE_ERR=$BG_ERR
}

# Publishes one picture, $PICTURE.
publish_picture() { # URL OPTION…
    shm-create -s 320x240 "$S"
    shm-write "$S" <"$PICTURE"
    serve --bitrate 20000-20000 --whip "$@" "$S"
    SERVE=$BG
    SERVE_ERR=$BG_ERR
}

make_picture() {
    PICTURE=$BATS_TEST_TMPDIR/picture.pnm
    "$TESTS/support/pattern.py" 320x240 rgb24 top-down "$BATS_TEST_TMPDIR/picture.raw" "$PICTURE"
}

write_token() { # TOKEN
    (umask 077 && echo "$1" >"$BATS_TEST_TMPDIR/token")
}

stat_is() { # EXPRESSION VALUE
    [ "$(curl -sS -m 20 "$URL/stats" | python3 -c 'import json, sys
print(eval(sys.argv[1], {"s": json.load(sys.stdin)}))' "$1")" = "$2" ]
}

# rtc-serve has printed exactly one line on stderr, which has this part.
said() { # PART
    wait_until 20 grep -q "$1" "$SERVE_ERR" || {
        cat "$SERVE_ERR" "$LOG"
        return 1
    }
    [ "$(wc -l <"$SERVE_ERR")" = 1 ]
}

@test "the picture arrives at aiortc, after a redirection, and the session is deleted at the end" {
    make_picture
    write_token "$TOKEN"
    endpoint --token "$TOKEN" --like "$PICTURE"
    publish_picture "http://127.0.0.1:$AT/start" --whip-token "$BATS_TEST_TMPDIR/token"
    printed 'POST /start 307' 'POST /rooms/1/whip 201' like
    stat_is 's["whip"], s["webrtc"]["peers"], s["viewers"]' "('connected', 1, 0)"
    run ! grep -qa "$TOKEN" "/proc/$SERVE/cmdline"
    # viewers share the encoder with it
    clean_run "$TESTS/server/rtc-client.py" "$URL/" frames=1 stats go >"$BATS_TEST_TMPDIR/stats"
    python3 -c 'import json, sys; s = json.load(sys.stdin); assert s["webrtc"]["peers"] == 2, s' <"$BATS_TEST_TMPDIR/stats"
    kill "$SERVE"
    ends 143 "$SERVE"
    printed 'DELETE /rooms/sessions/s0 200'
    [ ! -s "$SERVE_ERR" ]
}

@test "the endpoint may leave the beginning of the handshake to rtc-serve" {
    make_picture
    endpoint --passive --like "$PICTURE"
    publish_picture "http://localhost:$AT/whip?stream=a"
    printed 'POST /whip?stream=a 201' like
    [ ! -s "$SERVE_ERR" ]
}

@test "the stream's end deletes the session" {
    endpoint
    publish "http://127.0.0.1:$AT/whip"
    printed frames
    shm-rm -f "$S"
    ends 0 "$SERVE"
    printed 'DELETE /sessions/s0 200'
}

@test "an endpoint that went away is used again when it is back" {
    endpoint
    publish "http://127.0.0.1:$AT/whip"
    printed frames
    kill -9 "$ENDPOINT"
    wait_until 30 stat_is 's["whip"]' waiting
    endpoint --port "$AT"
    printed frames
    wait_until 20 stat_is 's["whip"]' connected
    # one line for each new reason, and one when the connection is back
    sort "$SERVE_ERR" | uniq -d | tee "$BATS_TEST_TMPDIR/twice"
    [ ! -s "$BATS_TEST_TMPDIR/twice" ]
    [ "$(tail -n 1 "$SERVE_ERR")" = "rtc-serve: $S: WHIP to 127.0.0.1:$AT: connected" ]
}

@test "a refused token is reported once, and read anew with each attempt" {
    write_token wrong
    endpoint --token "$TOKEN"
    publish "http://127.0.0.1:$AT/whip" --whip-token "$BATS_TEST_TMPDIR/token"
    wait_until 20 eval '[ "$(grep -c "POST /whip 401" "$LOG")" -ge 2 ]'
    said "WHIP to 127.0.0.1:$AT: status 401: the token is not accepted"
    write_token "$TOKEN"
    printed frames
}

@test "each refusal has one line" {
    local case
    for case in '401:a token is required; see --whip-token' '403:publishing there is not allowed' \
        '404:there is no such endpoint' '422:try another --codec' '503:the server has a problem' '200:not a status of WHIP'; do
        endpoint --refuse "${case%%:*}"
        publish "http://127.0.0.1:$AT/whip"
        said "WHIP to 127.0.0.1:$AT: status ${case/:/: .*}"
        kill "$SERVE" "$ENDPOINT"
        ends 143 "$SERVE"
        shm-rm -f "$S"
    done
}

@test "invalid URLs and tokens end rtc-serve" {
    shm-create -s 64x48 "$S"
    for url in '' sfu.example/whip ftp://sfu.example/ http:// http://a:b@sfu.example/ 'http://sfu.example/a b' \
        http://sfu.example:0/ http://sfu.example:65536/ 'http://[::1/' "http://sfu.example/$(printf %01024d 1)"; do
        echo "$url"
        fails 2 rtc-serve -p 0 --whip "$url" "$S"
    done
    write_token "$TOKEN"
    fails 2 rtc-serve -p 0 --whip-token "$BATS_TEST_TMPDIR/token" "$S"
    fails 3 rtc-serve -p 0 --whip http://sfu.example/ --whip-token "$BATS_TEST_TMPDIR/none" "$S"
    chmod go+r "$BATS_TEST_TMPDIR/token"
    fails 3 rtc-serve -p 0 --whip http://sfu.example/ --whip-token "$BATS_TEST_TMPDIR/token" "$S"
    [[ $stderr == *"run chmod go="* ]]
    chmod go= "$BATS_TEST_TMPDIR/token"
    for bad in '' 'two words' $'two\nlines' $'a\tb'; do
        write_token "$bad"
        fails 2 rtc-serve -p 0 --whip http://sfu.example/ --whip-token "$BATS_TEST_TMPDIR/token" "$S"
    done
}

@test "https: a certificate that the system trusts is required, and no way leads back to http" {
    local key=$BATS_TEST_TMPDIR/key.pem cert=$BATS_TEST_TMPDIR/cert.pem
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$key" -out "$cert" 2>/dev/null
    endpoint --tls "$cert" "$key"
    publish "https://localhost:$AT/start"
    said "WHIP to localhost:$AT: no connection: certificate: self.signed certificate"
    kill "$SERVE"
    ends 143 "$SERVE"
    shm-rm -f "$S"
    export SSL_CERT_FILE=$cert
    publish "https://localhost:$AT/start"
    printed frames
    kill "$SERVE"
    ends 143 "$SERVE"
    printed 'DELETE /rooms/sessions/s0 200'
    shm-rm -f "$S"
    endpoint --down --tls "$cert" "$key"
    publish "https://localhost:$AT/start"
    said "a redirection to no URL, or from https to http"
}

# Serves 127.0.0.1 with the bytes that Python makes of the expression: sent for each request, and then the end.
# Sets AT to the port, LOG to the requests.
raw_endpoint() { # EXPRESSION
    LOG=$BATS_TEST_TMPDIR/raw.$BG_COUNT
    : >"$LOG"
    bg python3 -c 'import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print("port", server.getsockname()[1], flush=True)
while True:
    client, data = server.accept()[0], b""
    with client:
        try:
            while b"\r\n\r\n" not in data:
                data += client.recv(65536) or b"\r\n\r\n"
            print(data.split(b"\r\n")[0].decode(), flush=True)
            client.sendall(eval(sys.argv[1]))
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except OSError:
            pass' "$1" >"$LOG"
    ENDPOINT=$BG
    wait_until 20 grep -q '^port' "$LOG"
    AT=$(sed -n 's/^port //p' "$LOG")
}

@test "a hostile endpoint gets one line, and harms nobody" {
    local created='b"HTTP/1.1 201 Created\r\nLocation: /s\r\nContent-Type: application/sdp\r\n' case
    for case in "$created"'Content-Length: 3\r\n\r\nabc":not an answer: not SDP' \
        "$created"'Content-Length: 0\r\n\r\n":not an answer: not SDP' \
        "$created"'Content-Length: 5000\r\n\r\nv=0":not an answer' \
        "$created"'Content-Length: 100000\r\n\r\n" + 100000 * b"a":an answer of more than 65536 bytes' \
        "$created"'Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + 100000 * b"a":an answer of more than 65536 bytes' \
        'b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n":status 201 without the session.s URL' \
        'b"HTTP/1.1 307 Temporary Redirect\r\nLocation: whip\r\nContent-Length: 0\r\n\r\n":too many redirections' \
        'b"HTTP/1.1 307 Temporary Redirect\r\nLocation: javascript:1\r\nContent-Length: 0\r\n\r\n":a redirection to no URL' \
        'b"HTTP/1.1 200 OK\r\n" + 300000 * b"a":no connection' 'b"\0\xff" * 1000:no connection' 'b"":no connection'; do
        echo "$case"
        raw_endpoint "${case%%:[a-z]*}"
        publish "http://127.0.0.1:$AT/whip"
        wait_until 20 grep -q "WHIP to 127.0.0.1:$AT: ${case##*[\"0-9]:}" "$SERVE_ERR" || {
            cat "$SERVE_ERR"
            return 1
        }
        [ "$(wc -l <"$SERVE_ERR")" = 1 ]
        # it serves on
        clean_run curl -sS -m 20 -o /dev/null "$URL/stats"
        kill "$SERVE" "$ENDPOINT"
        ends 143 "$SERVE"
        shm-rm -f "$S"
    done
}

# Two namespaces: server (10.8.2.2), and sfu (10.8.2.1) with a TURN relay. Without trickle nothing is sent.
@test "a TURN server of the Link header carries the video, its candidate is sent if wanted" {
    be_root
    namespace SFU
    namespace SERVER
    cable "$SFU" 10.8.2.1 "$SERVER" 10.8.2.2
    # Only the relay, the endpoint and the relayed packets pass.
    at "$SERVER" nft -f - <<'END'
table ip nat_for_test {
    chain output {
        type filter hook output priority 0;
        ip daddr 10.8.2.1 udp dport != 3478 drop
    }
}
END
    bg_at "$SFU" turnserver -n --listening-ip=10.8.2.1 --relay-ip=10.8.2.1 --lt-cred-mech --user=some:secret \
        --realm=test --no-tls --no-dtls --no-cli --allow-loopback-peers --userdb="$BATS_TEST_TMPDIR/turndb" \
        --pidfile="$BATS_TEST_TMPDIR/turn.pid" --log-file=stdout --simple-log >"$BATS_TEST_TMPDIR/turn.log"
    wait_until 20 eval 'at "$SFU" ss -Hlun | grep -q 10.8.2.1:3478'
    shm-create -s 320x240 "$S"
    bg frame-gen -s 320x240 -r 20 -o "$S"
    for trickle in --trickle ''; do
        LOG=$BATS_TEST_TMPDIR/endpoint$trickle
        : >"$LOG"
        # shellcheck disable=SC2086
        bg_at "$SFU" "$TESTS/server/whip-server.py" --bind 10.8.2.1 --port 8000 $trickle --link '<https://a.example>; rel="next"' \
            --link '<turn:10.8.2.1:3478?transport=udp>; rel="ice-server"; username="some"; credential="secret"; credential-type="password"' \
            >"$LOG"
        ENDPOINT=$BG
        wait_until 20 grep -q '^port' "$LOG"
        bg_at "$SERVER" rtc-serve -p 0 --whip http://10.8.2.1:8000/whip "$S" >"$BATS_TEST_TMPDIR/out"
        SERVE=$BG
        SERVE_ERR=$BG_ERR
        printed frames
        if [ -n "$trickle" ]; then
            printed 'PATCH /sessions/s0 204' 'candidate 10.8.2.1 .* typ relay'
        fi
        kill "$SERVE"
        printed 'DELETE /sessions/s0 200'
        kill "$ENDPOINT"
        wait_until 10 pid_gone "$ENDPOINT"
    done
    run ! grep -q PATCH "$LOG"
}

# Janus in a folder of its own, with only its VideoRoom and HTTP transport. Sets JANUS to its URL.
janus() {
    skip_missing janus
    local folder=$BATS_TEST_TMPDIR/janus port library
    port=$(free_port)
    for library in plugins/libjanus_videoroom.so transports/libjanus_http.so; do
        mkdir -p "$folder/${library%/*}"
        ln -s "$(dpkg -L janus | grep "/$library\$")" "$folder/$library"
    done
    cat >"$folder/janus.jcfg" <<END
general: { plugins_folder = "$folder/plugins", transports_folder = "$folder/transports"
           events_folder = "$folder", loggers_folder = "$folder", debug_level = 2 }
END
    echo "general: { http = true, port = $port, ip = \"127.0.0.1\", https = false }" >"$folder/janus.transport.http.jcfg"
    echo 'room-1: { description = "view", publishers = 2, videocodec = "vp8" }' >"$folder/janus.plugin.videoroom.jcfg"
    bg janus -F "$folder" -C "$folder/janus.jcfg" >"$folder/log"
    JANUS=http://127.0.0.1:$port/janus
    wait_until 20 curl -sf -o /dev/null "$JANUS/info"
}

@test "Janus' VideoRoom gets the picture, and serves two viewers of whom rtc-serve knows nothing" {
    make_picture
    janus
    endpoint --janus "$JANUS" --like "$PICTURE"
    publish_picture "http://127.0.0.1:$AT/whip"
    printed 'POST /whip 201' 'like a' 'like b'
    stat_is 's["whip"], s["webrtc"]["peers"], s["viewers"]' "('connected', 1, 0)"
    kill "$SERVE"
    ends 143 "$SERVE"
    printed 'DELETE /sessions/s0 200'
    [ ! -s "$SERVE_ERR" ]
}
