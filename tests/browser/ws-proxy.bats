#!/usr/bin/env bats
# ws-serve on a Unix socket behind a real nginx or Apache with TLS, as shmcast-web(7) configures them.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=browser
load ../support/helper

SIZE=320x240
TOKEN=hands-on-everything-0002

# A configuration from the man page, with the names, ports and path of this test.
site() { # FIRST-LINE PATH-PREFIX
    mandoc -T ascii -O width=200 "$ROOT/man/shmcast-web.7" | sed 's/.\x08//g' |
        awk -v first="$1" '$0 ~ "^ *" first { on = 1 } on && /^$/ { exit } on' |
        sed "s,/run/shmcast/view.sock,$DIR/s,; s,/etc/ssl/,$DIR/,; s,listen 443,listen 127.0.0.1:$TLS,; s,\*:443,127.0.0.1:$TLS,
            s,/var/log/[a-z0-9]*/,$DIR/,; s,\(location\|ProxyPass\) /sim/,\1 $2,; s,X-Forwarded-Prefix /sim,X-Forwarded-Prefix $2,"
}

prepare() { # PATH-PREFIX
    TLS=$(free_port)
    [ -e "$DIR/viz.key" ] ||
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj /CN=viz.example -addext subjectAltName=DNS:viz.example,IP:127.0.0.1 \
            -keyout "$DIR/viz.key" -out "$DIR/viz.crt" 2>/dev/null
    URL=https://127.0.0.1:$TLS$1
}

# Runs nginx as the current user, with all its files in DIR. FILTER changes its configuration.
start_nginx() { # PATH-PREFIX [FILTER…]
    prepare "$1"
    site 'map .http_upgrade' "$1" >"$DIR/site.man"
    [ "$(grep -c '^ *proxy_' "$DIR/site.man")" = 8 ]
    [ $# -gt 1 ] || set -- "$1" cat
    "${@:2}" <"$DIR/site.man" >"$DIR/site.conf"
    cat "$DIR/site.conf"
    {
        [ "$(id -u)" != 0 ] || echo 'user root;'
        echo "pid $DIR/pid; daemon off; worker_processes 1; error_log $DIR/error.log warn; events {}"
        echo "http {"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $DIR/temp;"
        done
        echo "include $DIR/site.conf; }"
    } >"$DIR/nginx.conf"
    PATH=$PATH:/usr/sbin bg nginx -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log"
    PROXY=$BG
    wait_listen "$TLS"
}

# The same with Apache, which never serves as root.
start_apache() { # PATH-PREFIX
    prepare "$1"
    [ "$(id -u)" != 0 ] || {
        chmod 666 "$DIR/s"
        chmod 755 "$DIR" "$DIR/.." "$DIR/../.."
    }
    {
        [ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
        for module in mpm_event authz_core headers proxy proxy_http ssl; do
            echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
        done
        echo "ServerName 127.0.0.1"
        echo "Listen 127.0.0.1:$TLS"
        echo "PidFile $DIR/pid"
        echo "ErrorLog $DIR/error.log"
        echo "LogLevel warn"
        site '<VirtualHost' "$1"
    } >"$DIR/apache.conf"
    cat "$DIR/apache.conf"
    grep -q '^ *ProxyPass /' "$DIR/apache.conf"
    PATH=$PATH:/usr/sbin bg apache2 -d "$DIR" -f "$DIR/apache.conf" -DFOREGROUND
    PROXY=$BG
    wait_listen "$TLS"
}

setup() {
    common_setup
    DIR=$BATS_TEST_TMPDIR
    shm-create -s $SIZE "$S"
    bg shm-encode -s 0 -q 90 "$S"
    start_server
}

# Starts the server, in place of an earlier one.
start_server() {
    if [ -n "${SERVER-}" ]; then
        kill "$SERVER"
        ends 143 "$SERVER"
    fi
    : >"$DIR/serve.out"
    bg ws-serve -v -b "unix:$DIR/s" "$@" "$S" >"$DIR/serve.out"
    SERVER=$BG SERVER_ERR=$BG_ERR
    wait_until 10 test -s "$DIR/serve.out"
}

fetch() {
    curl -sS --cacert "$DIR/viz.crt" "$@"
}

# The proxy reported no problem.
quiet_proxy() {
    cat "$DIR/error.log"
    [ ! -s "$DIR/error.log" ]
}

status_of() {
    fetch -o /dev/null -w '%{http_code}' "$@"
}

snapshot_number() {
    fetch -f "$URL/snapshot.jpg" | djpeg | frame-gen --read
}

@test "TLS, under a path: page, redirect, snapshot, stats, MJPEG without delay" {
    start_nginx /sim/
    frame-gen -s 96x24 -r 0 -n 3 -o "$S"
    [ "$(status_of "${URL}")" = 200 ]
    [ "$(status_of "${URL}page.js")" = 200 ]
    # without the last slash: a redirect to the address at the proxy
    [ "$(fetch -L -o "$DIR/page" -w '%{url_effective}' "$URL$S")" = "$URL$S/" ]
    cmp "$DIR/page" "$ROOT/lib/server/web/index.html"
    wait_until 10 eval '[ "$(snapshot_number)" = 3 ]'
    fetch "${URL}stats" | grep -qF "{\"name\":\"$S\""
    # Pictures smaller than any buffer arrive at once, not when the next ones push them out.
    : >"$DIR/numbers"
    bg bash -c 'curl -sS -N --cacert "$0/viz.crt" "$1" | ffmpeg -v error -f mpjpeg -i - -flush_packets 1 -fps_mode passthrough -f image2pipe -c:v ppm - | frame-gen --read' "$DIR" "${URL}stream.mjpg" >"$DIR/numbers"
    wait_until 10 grep -q 'joined: MJPEG from a Unix socket' "$SERVER_ERR"
    frame-gen -s 96x24 -r 0 -n 7 -o "$S"
    wait_until 20 grep -qx 7 "$DIR/numbers"
    frame-gen -s 96x24 -r 0 -n 9 -o "$S"
    wait_until 20 grep -qx 9 "$DIR/numbers"
    quiet_proxy
}

@test "TLS, under a path and at the root: the page in a browser is live and has control" {
    bg frame-gen -s $SIZE -r 20 -o "$S"
    for prefix in /sim/ /; do
        start_nginx "$prefix"
        PROXY_URL=$URL scenario proxy "through a proxy the page is live and has control"
        kill "$PROXY"
        ends 0 "$PROXY"
    done
    quiet_proxy
}

@test "Apache, with tokens: the page in a browser is live and has control, MJPEG comes without delay" {
    (umask 077 && echo "control $TOKEN" >"$DIR/tokens")
    start_server --token-file "$DIR/tokens"
    bg frame-gen -s $SIZE -r 20 -o "$S"
    start_apache /sim/
    PROXY_URL="$URL?token=$TOKEN" scenario proxy "through a proxy the page is live and has control"
    fetch -o /dev/null -D "$DIR/head" "$URL?token=$TOKEN"
    grep -q '^[Ss]et-[Cc]ookie: shmcast-.*; Path=/sim; HttpOnly; SameSite=Strict; Secure' "$DIR/head"
    [ "$(status_of "${URL}stats")" = 401 ]
    bg bash -c 'curl -sS -N --cacert "$0/viz.crt" "$1" | ffmpeg -v error -f mpjpeg -i - -flush_packets 1 -fps_mode passthrough -f image2pipe -c:v ppm - | frame-gen --read' "$DIR" "${URL}stream.mjpg?token=$TOKEN" >"$DIR/numbers"
    wait_until 20 eval '[ "$(wc -l <"$DIR/numbers")" -gt 20 ]'
    kill "$PROXY"
    ends 0 "$PROXY"
    grep -c 'GET /sim/ 303' "$DIR/viz.log"
    run -1 grep -r "$TOKEN" "$DIR/viz.log" "$DIR/error.log"
    cat "$DIR/error.log"
    run -1 grep -E ':(error|crit|alert|emerg)\]' "$DIR/error.log"
}

# Adds the folder /two/ of the server at s2, and sends it no X-Forwarded header.
two_folders() {
    awk -v dir="$DIR" '/location/ { on = 1 }
        on && !/X-Forwarded/ { block = block $0 "\n" }
        { print }
        on && /}/ { on = 0; gsub("/sim/", "/two/", block); sub(dir "/s:", dir "/s2:", block); printf "%s", block }'
}

@test "two servers with different tokens behind one name: a browser uses both, and no token is in the log" {
    (umask 077 && echo "control $TOKEN" >"$DIR/tokens" && echo "control $TOKEN.2" >"$DIR/tokens.2")
    start_server --token-file "$DIR/tokens"
    bg ws-serve -b "unix:$DIR/s2" --token-file "$DIR/tokens.2" "$S" >"$DIR/serve2.out"
    wait_until 10 test -s "$DIR/serve2.out"
    bg frame-gen -s $SIZE -r 20 -o "$S"
    # the second one gets no X-Forwarded header
    start_nginx /sim/ two_folders
    PROXY_URL=$URL PROXY_TOKEN=$TOKEN scenario proxy "two servers behind one name do not log each other out"
    grep -q 'GET /two/' "$DIR/viz.log"
    run -1 grep -r "$TOKEN" "$DIR/viz.log" "$DIR/error.log"
}

@test "under a path the page has the stream's name, and a link to the list only if there is one" {
    bg frame-gen -s $SIZE -r 20 -o "$S"
    start_nginx /sim/
    PROXY_URL=$URL scenario proxy "under a path the page has the name of its stream and no list"
    shm-create -s $SIZE "$S2"
    start_server "$S2"
    PROXY_URL=$URL$S/ scenario proxy "under a path the list of streams is found"
}

@test "a proxy that changes Host, or loses its port: the page names Host and --origin, which helps" {
    bg frame-gen -s $SIZE -r 20 -o "$S"
    for host in 127.0.0.1:8080 '$host'; do
        start_nginx /sim/ sed "s,Host .http_host,Host $host,"
        PROXY_URL=$URL scenario proxy "behind a proxy that changes Host the page names Host and --origin"
        start_server --origin "https://127.0.0.1:$TLS"
        PROXY_URL=$URL scenario proxy "through a proxy the page is live and has control"
        kill "$PROXY"
        ends 0 "$PROXY"
        start_server
    done
}

@test "a still scene outlives a proxy's time limit: MJPEG parts are repeated, WebSockets are pinged" {
    start_nginx /sim/ sed 's,proxy_buffering off;,& proxy_read_timeout 38s;,'
    frame-gen -s 96x24 -r 0 -n 3 -o "$S"
    bg python3 - "$URL" <<'END' >"$DIR/ping"
import base64, socket, ssl, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
s = ssl._create_unverified_context().wrap_socket(socket.create_connection((url.hostname, url.port), timeout=120))
s.sendall(f"GET {url.path}ws HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n".encode())
data = b""
while not data.endswith(b"\x89\0"): # an empty ping, after a packet and then silence
    more = s.recv(65536)
    if not more:
        sys.exit("the connection was closed")
    data += more
print("pinged")
END
    pinger=$BG
    bg curl -sS -N --cacert "$DIR/viz.crt" "${URL}stream.mjpg" >"$DIR/parts"
    wait_until 120 eval '[ "$(grep -ac "^Content-Length: " "$DIR/parts")" -ge 4 ]'
    ends 0 "$pinger" 60
    grep -qx pinged "$DIR/ping"
    quiet_proxy
}

@test "another site's page opens no WebSocket through the proxy either" {
    start_nginx /sim/
    for one in "https://127.0.0.1:$TLS:101" https://evil.example:403 "http://127.0.0.1:$TLS:101"; do
        echo "$one"
        [ "$(fetch --http1.1 -m 2 -o /dev/null -w '%{http_code}' -H "Origin: ${one%:*}" -H 'Connection: Upgrade' \
            -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
            "${URL}ws" || true)" = "${one##*:}" ]
    done
}
