#!/usr/bin/env bats
# ws-serve on a Unix socket behind a real nginx with TLS, as shmcast-web(7) configures it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=graphics
load ../support/helper

SIZE=320x240

# The configuration from the man page, with the names, ports and path of this test.
site() { # PATH-PREFIX
    mandoc -T ascii "$ROOT/man/shmcast-web.7" | sed 's/.\x08//g' |
        awk '/^ *map \$http_upgrade/ { on = 1 } on && /^$/ { exit } on' |
        sed "s,/run/shmcast/view.sock,$DIR/s,; s,/etc/ssl/,$DIR/,; s,listen 443,listen 127.0.0.1:$TLS,; s,location /sim/,location $1,"
}

# Runs nginx as the current user, with all its files in DIR.
start_nginx() { # PATH-PREFIX
    TLS=$(free_port)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=viz.example -addext subjectAltName=DNS:viz.example,IP:127.0.0.1 \
        -keyout "$DIR/viz.key" -out "$DIR/viz.crt" 2>/dev/null
    site "$1" >"$DIR/site.conf"
    cat "$DIR/site.conf"
    [ "$(grep -c '^ *proxy_' "$DIR/site.conf")" = 7 ]
    {
        [ "$(id -u)" != 0 ] || echo 'user root;'
        echo "pid $DIR/pid; daemon off; worker_processes 1; error_log $DIR/error.log warn; events {}"
        echo "http { access_log off;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $DIR/temp;"
        done
        echo "include $DIR/site.conf; }"
    } >"$DIR/nginx.conf"
    PATH=$PATH:/usr/sbin bg nginx -p "$DIR" -c "$DIR/nginx.conf" -e "$DIR/error.log"
    NGINX=$BG
    wait_listen "$TLS"
    URL=https://127.0.0.1:$TLS$1
}

setup() {
    common_setup
    DIR=$BATS_TEST_TMPDIR
    shm-create -s $SIZE "$S"
    bg shm-encode -q 90 "$S"
    bg ws-serve -v -b "unix:$DIR/s" "$S" >"$DIR/serve.out"
    SERVER=$BG SERVER_ERR=$BG_ERR
    wait_until 10 test -s "$DIR/serve.out"
}

fetch() {
    curl -sS --cacert "$DIR/viz.crt" "$@"
}

quiet_nginx() {
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
    quiet_nginx
}

@test "TLS, under a path and at the root: the page in a browser is live and has control" {
    bg frame-gen -s $SIZE -r 20 -o "$S"
    for prefix in /sim/ /; do
        start_nginx "$prefix"
        PROXY_URL=$URL scenario proxy "through a proxy the page is live and has control"
        kill "$NGINX"
        ends 0 "$NGINX"
    done
    quiet_nginx
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
