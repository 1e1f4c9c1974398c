#!/usr/bin/env bats
# Authorization in ws-serve: roles, tokens, TLS, Host and Origin, limits.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

VIEW=only-for-the-eyes-0001
CONTROL=hands+on/everything=0002

client() {
    "$TESTS/server/ws-client.py" "$@"
}

# Serves a stream S with one packet in it.
scene() {
    shm-create -s 64x48 "$S"
    bg shm-encode -s 0 "$S"
    frame-gen -s 64x48 -f yuv420p -n 1 -o "$S"
    wait_until 10 eval 'shm-read -f jpg -t 0 "$S" >/dev/null'
    serve "$@" "$S"
    SERVER=$BG
    SERVER_ERR=$BG_ERR
    WS=${URL/http/ws}/ws
}

# Writes both tokens to the file $T.
tokens() {
    T=$BATS_TEST_TMPDIR/tokens
    (umask 077 && printf 'view %s\ncontrol %s\n' "$VIEW" "$CONTROL" >"$T")
}

# Makes certificate and key of this machine, NAME.pem and NAME.key; further arguments choose the kind of key.
certificate() {
    local name=$BATS_TEST_TMPDIR/$1
    shift
    [ $# -gt 0 ] || set -- ec -pkeyopt ec_paramgen_curve:P-256
    openssl req -x509 -newkey "$@" -nodes -subj "/CN=${name##*/}" -days 2 \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$name.key" -out "$name.pem" 2>/dev/null
}

# A scene with TLS; CA is curl's option to trust it.
tls_scene() {
    certificate one
    CERT=$BATS_TEST_TMPDIR/cert.pem
    KEY=$BATS_TEST_TMPDIR/key.pem
    cp "$BATS_TEST_TMPDIR/one.pem" "$CERT"
    cp "$BATS_TEST_TMPDIR/one.key" "$KEY"
    CA=(--cacert "$BATS_TEST_TMPDIR/one.pem")
    scene --tls-cert "$CERT" --tls-key "$KEY" "$@"
}

status_of() {
    curl -s -m 20 -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "$@"
}

header_of() {
    local name=$1
    shift
    curl -s -o /dev/null -D - "$@" | tr -d '\r' | sed -n "s/^$name: //Ip"
}

# Prints the status of a WebSocket handshake, 101 if it is accepted.
handshake() {
    client "$WS" --texts 1 --send '{"type":"ping","t":1}' "$@" 2>/dev/null |
        sed -n 's/^open$/101/p; s/^status //p'
}

# Starts a client in the background, its output in $OUT, and waits until it has joined.
bg_client() {
    OUT=$BATS_TEST_TMPDIR/client.$BG_COUNT
    : >"$OUT"
    bg "$TESTS/server/ws-client.py" "$WS" --repeats "$@" >"$OUT"
    wait_until 10 grep -q '^picture' "$OUT"
}

says() {
    [ "$(wc -l <"$SERVER_ERR")" = "$1" ]
}

subject() {
    openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null | sed -nE 's/^subject=CN ?= ?//p'
}

has_subject() {
    [ "$(subject)" = "$1" ]
}

# Requests all URLs on one connection, and prints the distinct statuses.
ALL_PATHS='{/,/page.css,/page.js,/icon.svg,/ws,/stream.mjpg,/snapshot.jpg,/stats,/video/mjpeg,/metrics,/healthz,/streams,/nothing,/a/b/c,/.%2e/x}'

statuses_of() {
    curl -s -m 10 -o /dev/null -w "%{http_code}\n" --path-as-is "$@" | sort -u | xargs
}

# --- roles ---

@test "--view-only: events are dropped, the viewer stays and watches" {
    scene --view-only
    client "$WS" --count 1 --texts 1 --quiet --send '{"type":"pointer_down","x":0.5,"y":0.5,"button":1,"buttons":1}' \
        --send '{"type":"key_down","key":"a"}' --send '{"type":"ping","t":1}'
    run -1 event-read --from start -n 1 -t 0 "$S"
    [ -z "$output" ]
    client "$WS" --texts 1 --send '{"type":"hello"}' | grep -c '"role":"view","control":"none","steering":false'
}

# --- tokens ---

@test "an invalid token file: the line, exit 2; an unreadable one: exit 3" {
    shm-create -s 64x48 "$S"
    T=$BATS_TEST_TMPDIR/tokens
    bad() {
        local line=$1 why=$2
        (umask 077 && printf '%b' "$3" >"$T")
        fails 2 ws-serve -p 0 --token-file "$T" "$S"
        echo "$stderr"
        [ "$stderr" = "ws-serve: $T:$line: $why" ]
    }
    bad 1 "the file has no tokens" ''
    bad 3 "the file has no tokens" '# only words\n\n'
    bad 1 "not of the form 'view TOKEN' or 'control TOKEN'" "$VIEW\n"
    bad 2 "not of the form 'view TOKEN' or 'control TOKEN'" "# \nviewer $VIEW\n"
    bad 1 "not of the form 'view TOKEN' or 'control TOKEN'" "View $VIEW\n"
    bad 1 "a token has 16 to 256 characters" 'view\n'
    bad 1 "a token has 16 to 256 characters" 'view 123456789012345\n'
    bad 1 "a token has 16 to 256 characters" "view $(printf 'x%.0s' {1..257})\n"
    bad 1 "a token has printable ASCII characters only" 'view 1234567890123456\0337\n'
    bad 1 "a token has printable ASCII characters only" 'view 1234567890\00012345678\n'
    bad 1 "a token has printable ASCII characters only" 'view 1234567890é12345678\n'
    bad 1 "unexpected text after the token" "view $VIEW # me\n"
    bad 3 "duplicate token" "view $VIEW\ncontrol $CONTROL\ncontrol $VIEW"
    rm "$T"
    fails 3 ws-serve -p 0 --token-file "$T" "$S"
    [ "$stderr" = "ws-serve: $T: No such file or directory" ]
    fails 3 ws-serve -p 0 --token-file "$BATS_TEST_TMPDIR" "$S"
    [ "$stderr" = "ws-serve: $BATS_TEST_TMPDIR: not a regular file" ]
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    fails 3 ws-serve -p 0 --token-file "$BATS_TEST_TMPDIR/fifo" "$S"
    tokens
    for mode in 640 604 620 602; do
        chmod $mode "$T"
        fails 3 ws-serve -p 0 --token-file "$T" "$S"
        [ "$stderr" = "ws-serve: $T: other users can read or write it; run chmod go= $T" ]
    done
    chmod 600 "$T"
    head -c 1100000 /dev/zero | tr '\0' '#' >>"$T"
    fails 3 ws-serve -p 0 --token-file "$T" "$S"
}

@test "blanks, comments, CRLF and a last line without its newline are accepted" {
    T=$BATS_TEST_TMPDIR/tokens
    (umask 077 && printf '# who\r\n\n  \t\n  view \t%s  \r\n#\ncontrol %s' "$VIEW" "$CONTROL" >"$T")
    scene --token-file "$T"
    [ "$(status_of "$URL/stats?token=$VIEW")" = 200 ]
    [ "$(status_of "$URL/stats?token=$CONTROL")" = 200 ]
    # a token of each valid length
    for length in 16 256; do
        long=$(head -c "$length" /dev/zero | tr '\0' '~')
        printf '\nview %s' "$long" >>"$T"
    done
    kill -HUP "$SERVER"
    wait_until 10 eval '[ "$(status_of "$URL/stats?token=$long")" = 200 ]'
    [ "$(status_of "$URL/stats?token=${long:0:16}")" = 200 ]
    [ "$(status_of "$URL/stats?token=${long:0:17}")" = 401 ]
    says 0
}

@test "without a token every path is 401, whether it exists or not, and reveals nothing" {
    tokens
    scene --token-file "$T" --host viz.example
    : >"$BATS_TEST_TMPDIR/answers"
    paths="${ALL_PATHS%\}},/$S/,/$S/ws,/$S,/${S}x/}"
    for how in X: "Authorization: Bearer ${VIEW}x" "Authorization: Bearer ${VIEW%?}" "Cookie: shmcast-01234567=$VIEW"; do
        curl -s -m 20 --path-as-is -D - -H "$how" "$URL$paths" >"$BATS_TEST_TMPDIR/answers"
        run -1 grep -e "$S" -e "$VIEW" "$BATS_TEST_TMPDIR/answers"
        # answers to all paths are the same: each line comes once per answer
        [ "$(sort "$BATS_TEST_TMPDIR/answers" | uniq -c | awk '{ print $1 }' | sort -u)" = 19 ]
        [ "$(grep -c '^HTTP/1.1 401 ' "$BATS_TEST_TMPDIR/answers")" = 19 ]
    done
    [ "$(statuses_of "$URL$paths?token=${VIEW}x")" = 401 ]
    [ "$(statuses_of -I "$URL$paths")" = 401 ]
    [ "$(header_of www-authenticate "$URL/")" = 'Bearer realm="shmcast"' ]
    [ "$(header_of www-authenticate "$URL/?token=$VIEW.")" = 'Bearer realm="shmcast", error="invalid_token"' ]
    [ "$(header_of refresh "$URL/")" = '' ]
    curl -s "$URL/" | grep -q '?token=TOKEN'
    [ "$(handshake)" = 401 ]
    [ "$(handshake --header "Authorization: Bearer nothing-of-the-kind")" = 401 ]
    # the same for other methods, with --cors or without
    for method in OPTIONS POST; do
        [ "$(status_of -X $method "$URL/stats")" = "$(status_of -X $method "$URL/nothing")" ]
    done
    says 0
}

@test "with --cors a preflight, which has no token, does not reveal what exists" {
    tokens
    scene --token-file "$T" --cors http://a.example
    shared='{/stats,/snapshot.jpg,/stream.mjpg,/video/mjpeg,/streams}'
    others='{/,/page.js,/ws,/metrics,/healthz,/nothing,/a/b}'
    [ "$(statuses_of -X OPTIONS -H 'Origin: http://a.example' "$URL$shared")" = 204 ]
    [ "$(statuses_of -X OPTIONS -H 'Origin: http://a.example' "$URL$others")" = 204 ]
    [ "$(statuses_of -H 'Origin: http://a.example' "$URL$shared")" = 401 ]
    [ "$(statuses_of -H 'Origin: http://a.example' "$URL$others")" = 403 ]
    [ "$(status_of -H 'Origin: http://a.example' -H "Authorization: Bearer $VIEW" "$URL/stats")" = 200 ]
}

@test "after a request that --cors allows, a handshake on the same connection is still refused" {
    scene --cors http://a.example
    request="Host: localhost\r\nOrigin: http://a.example\r\n"
    client "$URL/" --bytes "GET /stats HTTP/1.1\r\n$request\r\nGET /ws HTTP/1.1\r\n${request}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" \
        --timeout 5 >"$BATS_TEST_TMPDIR/answers" || true
    [ "$(grep -a '^HTTP' "$BATS_TEST_TMPDIR/answers" | cut -d ' ' -f 2 | xargs)" = "200 403" ]
}

@test "a token in a header, or in the address of a path other than a page" {
    tokens
    scene --token-file "$T"
    for path in page.css snapshot.jpg stats metrics healthz "$S/snapshot.jpg"; do
        [ "$(status_of -H "Authorization: Bearer $VIEW" "$URL/$path")" = 200 ]
        [ "$(status_of -H "authorization:   bearer   $CONTROL" "$URL/$path")" = 200 ]
    done
    for path in snapshot.jpg stats metrics healthz; do
        [ "$(status_of "$URL/$path?token=$VIEW")" = 200 ]
        [ "$(header_of set-cookie "$URL/$path?token=$VIEW")" = '' ]
        [ "$(status_of "$URL/$path?x=1&token=$VIEW&y")" = 200 ]
    done
    [ "$(status_of -H "Authorization: Bearer $VIEW" "$URL/nothing")" = 404 ]
    [ "$(status_of "$URL/nothing?token=$VIEW")" = 404 ]
    # percent-encoded, partly encoded, or not at all
    for token in "$CONTROL" 'hands%2bon%2Feverything%3D0002' '%68ands+on/everything%3d0002'; do
        [ "$(status_of "$URL/stats?token=$token")" = 200 ]
    done
    # the most explicit credential wins; other schemes are meant for a proxy
    [ "$(status_of -H "Authorization: Bearer $VIEW" "$URL/stats?token=wrong")" = 200 ]
    [ "$(status_of -H "Authorization: Bearer wrong" "$URL/stats?token=$VIEW")" = 401 ]
    [ "$(status_of -u name:secret "$URL/stats?token=$VIEW")" = 200 ]
    [ "$(status_of -u name:secret "$URL/stats")" = 401 ]
    for token in '' "$VIEW%20" "$VIEW+" "${VIEW^^}" "$VIEW%26" "$VIEW?"; do
        [ "$(status_of "$URL/stats?token=$token")" = 401 ]
    done
    [ "$(status_of "$URL/stats?token=$VIEW&")" = 200 ]
    [ "$(status_of "$URL/stats?token=$VIEW%0a")" = 505 ]
    [[ $(status_of "$URL/stats?token=$VIEW%00x") == @(000|401) ]]
    # From libwebsockets 4.3 on a NUL at the very end is dropped; before, it ends the connection.
    [[ $(status_of "$URL/stats?token=$VIEW%00") == @(000|200) ]]
    [ "$(handshake --header "Authorization: Bearer $VIEW")" = 101 ]
    WS+="?token=$CONTROL"
    [ "$(handshake)" = 101 ]
    client "$URL/stream.mjpg?token=$VIEW" --count 1 --quiet
}

@test "Basic: the password is a token; any other password counts as none" {
    tokens
    scene --token-file "$T"
    for user in '' me:more; do
        # A colon in the user name is part of the password.
        want=200
        [ -z "$user" ] || want=401
        [ "$(status_of -u "$user:$VIEW" "$URL/snapshot.jpg")" = $want ]
    done
    for path in '?action=snapshot' stats snapshot.jpg ''; do
        [ "$(status_of -u "me:$VIEW" "$URL/$path")" = 200 ]
        [ "$(status_of -u "me:${VIEW}x" "$URL/$path")" = 401 ]
    done
    # No browser is made to show its own field for a password.
    [[ $(header_of www-authenticate -u me:wrong "$URL/stats") == 'Bearer realm="shmcast"' ]]
    for value in 'Basic' 'Basic ' 'Basic !!!!' "Basic $(printf %s "$VIEW" | base64)" \
        "Basic $(head -c 700 /dev/zero | tr '\0' A)"; do
        [ "$(status_of -H "Authorization: $value" "$URL/stats")" = 401 ]
    done
    # The roles of the tokens, and a cookie or an argument beside a proxy's password.
    [ "$(handshake --header "Authorization: Basic $(printf 'me:%s' "$CONTROL" | base64)")" = 101 ]
    client "$WS" --texts 1 --send '{"type":"hello"}' \
        --header "Authorization: basic $(printf 'me:%s' "$VIEW" | base64)" | grep -q '"role":"view"'
    [ "$(status_of -u me:proxy "$URL/stats?token=$VIEW")" = 200 ]
    curl -sS -o /dev/null -c "$BATS_TEST_TMPDIR/jar" "$URL/?token=$VIEW"
    [ "$(status_of -u me:proxy -b "$BATS_TEST_TMPDIR/jar" "$URL/stats")" = 200 ]
    # Removed from the file, a token ends the viewers that came with it.
    curl -sSN -u "me:$VIEW" -o "$BATS_TEST_TMPDIR/stream" "$URL/stream.mjpg" 3>&- &
    curl=$!
    wait_until 10 test -s "$BATS_TEST_TMPDIR/stream"
    printf 'control %s\n' "$CONTROL" >"$T"
    kill -HUP "$SERVER"
    wait_until 10 pid_gone $curl
    wait $curl || true
}

@test "a token in a page's address becomes a cookie, and is removed from the address" {
    tokens
    scene --token-file "$T"
    jar=$BATS_TEST_TMPDIR/jar
    cookie=$(header_of set-cookie "$URL/?token=$VIEW")
    [[ $cookie =~ ^shmcast-([0-9a-f]{8})=([0-9a-f]{64})"; Path=/; HttpOnly; SameSite=Strict"$ ]]
    name=shmcast-${BASH_REMATCH[1]} digest=${BASH_REMATCH[2]}
    [ "${digest:0:8}" = "${name#*-}" ]
    [ "$digest" != "$(printf %s "$VIEW" | sha256sum | cut -d ' ' -f 1)" ]
    goes() { # FROM TO
        [ "$(curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code} %{redirect_url}' --path-as-is "$URL/$1")" = "303 $URL/$2" ]
        run -1 grep -rF "$VIEW" "$BATS_TEST_TMPDIR/body"
    }
    goes "?token=$VIEW" ""
    goes "$S/?token=$VIEW" "$S/"
    goes "$S?token=$VIEW" "$S"
    goes "page.css?a=1&token=$VIEW&b=2%262&c" "page.css?a=1&b=2%262&c"
    goes "?token=$VIEW&token=$CONTROL&&x=%3Cb%3E%09A:+b" "?x=%3Cb%3E%09A%3A%20b"
    goes "/$S//?token=$VIEW" "/$S//" # the requested address; lws merged the slashes
    [ "$(status_of "$URL/?token=$VIEW&x=$(printf 'x%.0s' {1..2000})")" = 414 ]
    [ "$(status_of "$URL/?token=$VIEW&x=%0d%0aA:b")" = 505 ]
    # the redirection leads to the page and its files, with a role
    [ "$(status_of -L -c "$jar" "$URL/?token=$VIEW")" = 200 ]
    cmp "$BATS_TEST_TMPDIR/body" "$ROOT/lib/server/web/index.html"
    for path in "" page.js stats snapshot.jpg "$S/"; do
        [ "$(status_of -b "$jar" "$URL/$path")" = 200 ]
    done
    [ "$(handshake --header "Cookie: ${cookie%%;*}")" = 101 ]
    for other in "a=b; ${cookie%%;*}; c=d" "x${cookie%%;*}; ${cookie%%;*}" "${cookie%%;*}; $name=0" \
        "$name=$(printf 'f%.0s' {1..64}); ${cookie%%;*}" ";;; ${cookie%%;*}"; do
        [ "$(status_of -H "Cookie: $other" "$URL/")" = 200 ]
    done
    [ "$(status_of -H "Cookie: a=b" -H "Cookie: ${cookie%%;*}" "$URL/")" = 200 ]
    for other in "x${cookie%%;*}" "${name}1=$digest" "$name=${digest^^}" "$name=${digest%?}" "$name=${digest}0" \
        "$name=$VIEW" "$name=${digest%?}g" "$name" \
        "$name=$(printf %s "$VIEW" | sha256sum | cut -d ' ' -f 1)"; do
        [ "$(status_of -H "Cookie: $other" "$URL/")" = 401 ]
    done
    says 0
}

@test "a cookie is of no use at another server, under another Host, or to another user of this machine" {
    tokens
    scene --token-file "$T"
    mine=$(header_of set-cookie "$URL/?token=$CONTROL")
    mine=${mine%%;*}
    [ "$(status_of -H "Cookie: $mine" "$URL/stats")" = 200 ]
    [ "$(status_of -H "Cookie: $mine" "http://LOCALHOST:$PORT/stats")" = 401 ]
    # each Host has a cookie of its own, in upper or lower case
    there=$(header_of set-cookie "http://localhost:$PORT/?token=$CONTROL")
    [ "${there%%=*}" != "${mine%%=*}" ]
    [ "$(status_of -H "Cookie: ${there%%;*}" -H "Host: LocalHost:$PORT" "$URL/stats")" = 200 ]
    # a server with the same tokens at another port of the host, where browsers send the cookie too
    first=$URL
    serve --token-file "$T" "$S"
    [ "$(status_of -H "Cookie: $mine" "$URL/stats")" = 401 ]
    [ "$(status_of -H "Cookie: $mine" -H "Host: ${first#*//}" "$URL/stats")" = 200 ] # a port that was forwarded
    [ "$(id -u)" = 0 ] || skip "another user needs root"
    other() {
        setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -o /dev/null -w '%{http_code}' "$@"
    }
    [ "$(other -H "Cookie: $mine" "$first/stats")" = 401 ]
    [ "$(other "$first/stats?token=$CONTROL")" = 200 ]
    theirs=$(setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -o /dev/null -D - "$first/?token=$CONTROL" |
        tr -d '\r' | sed -n 's/^set-cookie: \([^;]*\).*/\1/p')
    [ "$(other -H "Cookie: $theirs" "$first/stats")" = 200 ]
    [ "$(status_of -H "Cookie: $theirs" "$first/stats")" = 401 ]
}

@test "over IPv6 and a Unix socket too a cookie is of no use to another user" {
    [ "$(id -u)" = 0 ] || skip "another user needs root"
    skip_without_ipv6
    tokens
    scene -b ::1 --token-file "$T"
    cd "$BATS_TEST_TMPDIR"
    bg ws-serve -b unix:here --token-file "$T" "$S" >out
    wait_until 10 grep -q unix out
    chmod 666 here
    chmod 755 . .. ../..
    other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for where in "$URL" "--unix-socket here http://localhost"; do
        read -r -a at <<<"$where"
        mine=$(header_of set-cookie -g "${at[@]::${#at[@]}-1}" "${at[-1]}/?token=$CONTROL")
        [ "$(status_of -g -H "Cookie: ${mine%%;*}" "${at[@]::${#at[@]}-1}" "${at[-1]}/stats")" = 200 ]
        [ "$("${other[@]}" curl -s -g -o /dev/null -w '%{http_code}' -H "Cookie: ${mine%%;*}" "${at[@]::${#at[@]}-1}" "${at[-1]}/stats")" = 401 ]
    done
}

@test "behind a proxy a cookie is for the server's folder" {
    tokens
    scene --token-file "$T"
    path_of() { # PAGE HEADER…
        local page=$1 headers=()
        shift
        for header; do
            headers+=(-H "$header")
        done
        header_of set-cookie "${headers[@]}" "$URL/$page?token=$VIEW" | sed -n 's/.*; Path=\([^;]*\).*/\1/p'
    }
    [ "$(path_of "$S/")" = / ]
    for prefix in /sim:/sim /sim/:/sim /user/a@b/proxy/8080:/user/a@b/proxy/8080 /:/; do
        [ "$(path_of "$S/" "X-Forwarded-Prefix: ${prefix%:*}")" = "${prefix#*:}" ]
    done
    # unknown, or not a path: the browser then takes the folder of the page
    for header in "X-Forwarded-For: 192.0.2.1" "X-Forwarded-Proto: https" "Forwarded: for=192.0.2.1" "Via: 1.1 proxy" \
        "X-Forwarded-Prefix: sim" "X-Forwarded-Prefix: /a; Domain=example" "X-Forwarded-Prefix: /a, /b" \
        "X-Forwarded-Prefix: /$(printf 'x%.0s' {1..300})"; do
        echo "$header"
        cookie=$(header_of set-cookie -H "$header" "$URL/$S/?token=$VIEW")
        [[ $cookie = shmcast-*"; HttpOnly; SameSite=Strict"* && $cookie != *Path=* && $cookie != *Domain* ]]
    done
    # a view token and a control token do not replace each other's cookie
    view=$(header_of set-cookie "$URL/?token=$VIEW") control=$(header_of set-cookie "$URL/?token=$CONTROL")
    [ "${view%%=*}" != "${control%%=*}" ]
}

@test "browsers get a page with a field for the token, on every path alike; programs get a line" {
    tokens
    scene --token-file "$T"
    html='Accept: text/html,application/xhtml+xml,*/*;q=0.8'
    for path in "" stats nothing "$S/"; do
        [ "$(status_of -H "$html" "$URL/$path")" = 401 ]
        grep -q '<input id="token" name="token" type="password"' "$BATS_TEST_TMPDIR/body"
        cp "$BATS_TEST_TMPDIR/body" "$BATS_TEST_TMPDIR/form"
        [ "$(status_of -H "$html" "$URL/$path?token=wrong-but-long-enough")" = 401 ]
        grep -q 'not a token of the server' "$BATS_TEST_TMPDIR/body"
        run -1 grep wrong-but "$BATS_TEST_TMPDIR/body"
        [ "$(header_of content-security-policy -H "$html" "$URL/$path")" = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'" ]
        [ "$(status_of "$URL/$path")" = 401 ]
        [ "$(wc -l <"$BATS_TEST_TMPDIR/body")" = 1 ]
    done
    [ "$(status_of -I -H "$html" "$URL/")" = 401 ]
    [ "$(status_of -H "$html" -H "Authorization: Bearer $VIEW" "$URL/")" = 200 ]
}

@test "a page of --www requires a token and gets a cookie, like the built-in one" {
    tokens
    mkdir -p "$BATS_TEST_TMPDIR/www/sub"
    echo '<p>mine</p>' | tee "$BATS_TEST_TMPDIR/www/index.html" "$BATS_TEST_TMPDIR/www/sub/a.html" >"$BATS_TEST_TMPDIR/mine"
    scene --token-file "$T" --www "$BATS_TEST_TMPDIR/www"
    [ "$(statuses_of "$URL{/,/index.html,/sub/a.html,/sub,/sub/b.html,/stats}")" = 401 ]
    for path in "" sub/a.html; do
        [ "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "$URL/$path?token=$VIEW&x=1")" = "303 $URL/$path?x=1" ]
        [ "$(status_of -L -c "$BATS_TEST_TMPDIR/jar" "$URL/$path?token=$VIEW")" = 200 ]
        cmp "$BATS_TEST_TMPDIR/body" "$BATS_TEST_TMPDIR/mine"
    done
    [ "$(status_of -b "$BATS_TEST_TMPDIR/jar" "$URL/sub/b.html")" = 404 ]
    [ "$(status_of "$URL/stats?token=$VIEW")" = 200 ]
}

@test "a view token allows watching only, a control token control too" {
    tokens
    scene --token-file "$T"
    down='{"type":"key_down","key":"a"}' up='{"type":"key_up","key":"a"}'
    for token in "$VIEW" "$CONTROL"; do
        client "$WS?token=$token" --count 1 --texts 1 --quiet --send "$down" --send "$up" --send '{"type":"ping","t":1}'
    done
    [ "$(event-read --from start -n 2 -t 5 "$S" | sed 's/ t=.*//')" = $'key_down key=a viewer=2\nkey_up key=a viewer=2' ]
    [ "$(curl -s "$URL/stats?token=$VIEW" | python3 -c 'import json, sys; print(json.load(sys.stdin)["events"])')" = 2 ]
    # of several cookies, as pages at other ports of this host may set them, the best counts
    cookies=$(for token in "$VIEW" "$CONTROL" "$VIEW"; do header_of set-cookie "$URL/?token=$token"; done | sed 's/;.*/;/' | xargs)
    client "$WS" --header "Cookie: $cookies" --texts 1 --send '{"type":"hello"}' | grep -c '"role":"control"'
    # with a cookie, like the page
    for token in "$VIEW" "$CONTROL"; do
        cookie=$(header_of set-cookie "$URL/?token=$token")
        client "$WS" --header "Cookie: ${cookie%%;*}" --texts 1 --quiet --send "$down" --send '{"type":"ping","t":1}'
    done
    wait_until 10 eval '[ "$(event-read --from start -n 4 -t 0 "$S" | tail -n 2 | grep -c viewer=5)" = 2 ]'
}

@test "a request for control is refused with a view token; a control token takes over" {
    tokens
    scene --token-file "$T" --control token
    down='{"type":"key_down","key":"a"}' hello='{"type":"hello"}'
    bg_client --stay --header "Authorization: Bearer $CONTROL" --send "$hello" --send "$down"
    wait_until 10 grep -q '"role":"control".*"steering":true' "$OUT"
    first=$OUT
    for want in '"want":"ask"' '"want":"take"' '"want":"release"' '"want":"give","to":1'; do
        client "$WS?token=$VIEW" --texts 2 --send "$hello" --send "{\"type\":\"control\",$want}" \
            --send '{"type":"key_down","key":"b"}' --send '{"type":"ping","t":1}' >"$BATS_TEST_TMPDIR/view"
        grep -q '"role":"view"' "$BATS_TEST_TMPDIR/view"
        run -1 grep -q '"steering":true' "$BATS_TEST_TMPDIR/view"
    done
    run -1 grep -q '"steering":false' "$first"
    bg_client --stay --header "Authorization: Bearer $CONTROL" --send "$hello" --send '{"type":"control","want":"take"}'
    wait_until 10 grep -q '"steering":true' "$OUT"
    wait_until 10 grep -q '"steering":false' "$first"
    [ "$(event-read --from start -n 2 -t 5 "$S" | sed 's/ t=.*//')" = $'key_down key=a viewer=1\nkey_up key=a viewer=1' ]
    run -1 event-read --from start -n 3 -t 0 "$S"
}

@test "no token in anything the server prints" {
    tokens
    scene -v --token-file "$T"
    client "$WS?token=$VIEW" --count 1 --quiet --header "Cookie: a=$CONTROL"
    [ "$(status_of "$URL/?token=$CONTROL")" = 303 ]
    [ "$(status_of "$URL/x?token=${VIEW}x")" = 401 ]
    wait_until 10 grep -q 'viewer 1 left' "$SERVER_ERR"
    run -1 grep -rF -e "$VIEW" -e "$CONTROL" "$SERVER_ERR" "$BATS_TEST_TMPDIR"/serve.*.out
    [ "$(header_of referrer-policy "$URL/?token=$VIEW")" = no-referrer ]
}

@test "SIGHUP reloads the tokens: viewers whose token has gone are disconnected, others are not affected" {
    tokens
    scene --token-file "$T"
    bg_client --stay --header "Authorization: Bearer $CONTROL"
    stays=$BG stays_out=$OUT
    bg_client --until-closed --header "Authorization: Bearer $VIEW"
    goes=$BG goes_out=$OUT
    printf 'control %s\nview another-one-for-viewers\n' "$CONTROL" >"$T"
    kill -HUP "$SERVER"
    ends 0 "$goes"
    grep -qx 'closed 1008 ' "$goes_out"
    [ "$(status_of "$URL/stats?token=$VIEW")" = 401 ]
    [ "$(status_of "$URL/stats?token=another-one-for-viewers")" = 200 ]
    # an invalid file changes nothing, and is reported once
    echo oops >>"$T"
    kill -HUP "$SERVER"
    wait_until 10 says 1
    grep -qx "ws-serve: $T:3: not of the form 'view TOKEN' or 'control TOKEN'; the old tokens stay in use" "$SERVER_ERR"
    [ "$(status_of "$URL/stats?token=another-one-for-viewers")" = 200 ]
    rm "$T"
    kill -HUP "$SERVER"
    wait_until 10 says 2
    kill -0 "$stays"
    run -1 grep -q closed "$stays_out"
    # a token with another role counts as another token
    (umask 077 && printf 'view %s\n' "$CONTROL" >"$T")
    kill -HUP "$SERVER"
    wait_until 10 grep -qx 'closed 1008 ' "$stays_out"
    says 2
    kill "$SERVER"
    ends 143 "$SERVER"
}

@test "SIGHUP under load, with tokens and TLS: no viewer is lost, and requests are answered meanwhile" {
    tokens
    tls_scene --token-file "$T"
    bg frame-gen -s 64x48 -f yuv420p -r 100 -o "$S"
    bg "$TESTS/server/ws-client.py" "$WS?token=$VIEW" --viewers 20 --count 100 --quiet >"$BATS_TEST_TMPDIR/out"
    viewers=$BG
    for _ in {1..50}; do
        kill -HUP "$SERVER"
        [ "$(status_of "${CA[@]}" "$URL/stats?token=$VIEW")" = 200 ]
    done
    ends 0 "$viewers" 60
    [ "$(grep -c ' ok ' "$BATS_TEST_TMPDIR/out")" = 20 ]
    says 0
}

@test "SIGHUP under nohup reloads too" {
    tokens
    shm-create -s 64x48 "$S"
    out=$BATS_TEST_TMPDIR/serve.nohup.out
    bg nohup ws-serve -p 0 --token-file "$T" "$S" >"$out"
    wait_until 10 grep -q ^http "$out"
    URL=$(sed -n '1s,/$,,p' "$out")
    echo "view another-one-for-viewers" >>"$T"
    kill -HUP "$BG"
    wait_until 10 eval '[ "$(status_of "$URL/stats?token=another-one-for-viewers")" = 200 ]'
}

# --- TLS ---

@test "https and wss; at least TLS 1.2; plain HTTP is redirected" {
    tls_scene
    [[ $URL = https://127.0.0.1:* ]]
    clean_run curl -fsS "${CA[@]}" -o "$BATS_TEST_TMPDIR/page" "$URL/"
    cmp "$BATS_TEST_TMPDIR/page" "$ROOT/lib/server/web/index.html"
    clean_run curl -fsS "${CA[@]}" -o "$BATS_TEST_TMPDIR/now.jpg" "https://localhost:$PORT/snapshot.jpg"
    shm-read -f jpg "$S" | cmp - "$BATS_TEST_TMPDIR/now.jpg"
    clean_run client "$WS" --count 1 --texts 1 --quiet --send '{"type":"ping","t":1}'
    clean_run client "$URL/stream.mjpg" --count 1 --quiet
    [ "$(handshake --origin "https://127.0.0.1:$PORT")" = 101 ]
    [ "$(handshake --origin "https://127.0.0.1:1")" = 403 ]
    for version in -tls1_2 -tls1_3; do
        openssl s_client -connect "127.0.0.1:$PORT" $version </dev/null >/dev/null 2>&1
    done
    for version in -tls1 -tls1_1; do
        run -1 openssl s_client -connect "127.0.0.1:$PORT" $version -cipher 'ALL:@SECLEVEL=0' </dev/null
        [[ $output = *"protocol version"* || $output = *"no protocols available"* ]]
    done
    # HTTP/2 is not offered
    openssl s_client -connect "127.0.0.1:$PORT" -alpn h2,http/1.1 </dev/null 2>/dev/null | grep -q 'ALPN protocol: http/1.1'
    [ "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "http://127.0.0.1:$PORT/$S/stats?token=x")" = \
        "308 https://127.0.0.1:$PORT/$S/stats" ]
    [ "$(curl -s -o /dev/null -w '%{redirect_url}' "http://localhost:$PORT/a%20b/%3f%09x")" = "https://localhost:$PORT/a%20b/%3F%09x" ]
    [ "$(status_of "${CA[@]}" -L "http://127.0.0.1:$PORT/stats")" = 200 ]
    [ "$(status_of -H 'Host: evil.test' "http://127.0.0.1:$PORT/")" = 421 ]
    WS=ws://127.0.0.1:$PORT/ws
    [ "$(handshake)" = 308 ]
    client "http://127.0.0.1:$PORT/" --bytes 'hello\r\n\r\n' | grep -q '^HTTP/1.1 400 Bad Request'
    says 0
}

@test "over TLS packets larger than any buffer arrive whole, at slow readers too" {
    certificate one
    shm-create -s 1280x720 "$S"
    bg shm-encode -s 0 -q 95 "$S"
    ffmpeg -v error -f lavfi -i "color=gray:s=1280x720:r=10,noise=alls=100:allf=t" -frames:v 5 -pix_fmt yuv420p \
        -f yuv4mpegpipe - >"$BATS_TEST_TMPDIR/noise.y4m"
    bg bash -c "while cat '$BATS_TEST_TMPDIR/noise.y4m' | shm-write -r 10 $S; do :; done"
    noise=$BG
    serve --tls-cert "$BATS_TEST_TMPDIR/one.pem" --tls-key "$BATS_TEST_TMPDIR/one.key" "$S"
    bg "$TESTS/server/ws-client.py" "${URL/http/ws}/ws" --count 8 --receive-buffer 20000 >"$BATS_TEST_TMPDIR/slow"
    slow=$BG
    client "${URL/http/ws}/ws" --viewers 4 --count 8 --quiet >"$BATS_TEST_TMPDIR/out"
    [ "$(grep -c ' ok ' "$BATS_TEST_TMPDIR/out")" = 4 ]
    client "$URL/stream.mjpg" --count 3 --quiet
    ends 0 "$slow" 60
    [ "$(grep -c '^picture [0-9]\{6\}' "$BATS_TEST_TMPDIR/slow")" -ge 8 ]
    kill "$noise"
    clean_run curl -fsSk --limit-rate 3M -o "$BATS_TEST_TMPDIR/now.jpg" "$URL/snapshot.jpg"
    djpeg "$BATS_TEST_TMPDIR/now.jpg" >/dev/null
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/now.jpg")" -gt 300000 ]
}

@test "TLS: 1.2 and 1.3 only, with forward secrecy and authenticated encryption, for both kinds of keys" {
    local good='ECDHE+AESGCM:ECDHE+CHACHA20' kind
    mkfifo "$BATS_TEST_TMPDIR/keyboard"
    exec 8<>"$BATS_TEST_TMPDIR/keyboard"
    connects() {
        openssl s_client -connect "127.0.0.1:$PORT" "$@" >"$BATS_TEST_TMPDIR/tls" 2>&1
    }
    for kind in rsa:2048 "ec -pkeyopt ec_paramgen_curve:P-256"; do
        # shellcheck disable=SC2086
        certificate one $kind
        scene --tls-cert "$BATS_TEST_TMPDIR/one.pem" --tls-key "$BATS_TEST_TMPDIR/one.key"
        # the client would accept anything: only the server refuses
        run -1 connects -tls1_2 -cipher "ALL:COMPLEMENTOFALL:!ECDHE+AESGCM:!ECDHE+CHACHA20:@SECLEVEL=0" </dev/null
        run -1 connects -tls1 -cipher ALL:@SECLEVEL=0 </dev/null
        run -1 connects -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null
        connects -tls1_2 -cipher "$good" </dev/null
        grep -q 'Protocol *: TLSv1.2' "$BATS_TEST_TMPDIR/tls"
        grep -qE 'Cipher *: ECDHE-(RSA|ECDSA)-(AES|CHACHA20)' "$BATS_TEST_TMPDIR/tls"
        grep -q 'Compression: NONE' "$BATS_TEST_TMPDIR/tls"
        connects -tls1_3 </dev/null
        grep -q 'TLSv1.3, Cipher is TLS_' "$BATS_TEST_TMPDIR/tls"
        # a client can't make the server negotiate again and again
        echo R >&8
        run -1 connects -tls1_2 <"$BATS_TEST_TMPDIR/keyboard"
        grep -q 'no renegotiation' "$BATS_TEST_TMPDIR/tls"
        shm-rm -f "$S"
        ends 0 "$SERVER"
    done
}

@test "--hsts: over TLS every answer has Strict-Transport-Security, a redirection to TLS has not" {
    tls_scene --hsts 86400
    for path in "" page.js nothing snapshot.jpg; do
        [ "$(header_of strict-transport-security "${CA[@]}" "$URL/$path")" = max-age=86400 ]
    done
    [ "$(header_of strict-transport-security "http://127.0.0.1:$PORT/")" = '' ]
    [ "$(header_of location "http://127.0.0.1:$PORT/")" = "$URL/" ]
    fails 2 ws-serve --hsts 86400 "$S"
    [ "$stderr" = "ws-serve: --hsts requires --tls-cert" ]
    for bad in 0 63072001 x; do
        fails 2 ws-serve --tls-cert "$CERT" --tls-key "$KEY" --hsts $bad "$S"
    done
}

@test "over TLS the cookie is Secure" {
    tokens
    tls_scene --token-file "$T"
    [[ $(header_of set-cookie "${CA[@]}" "$URL/?token=$VIEW") = shmcast-*"; Path=/; HttpOnly; SameSite=Strict; Secure" ]]
    # a frame of another site gets one that browsers send from there, and only from there
    [[ $(header_of set-cookie "${CA[@]}" -H 'Sec-Fetch-Dest: iframe' "$URL/?token=$VIEW") = shmcast-*"; Path=/; HttpOnly; SameSite=None; Secure; Partitioned" ]]
    [ "$(status_of "${CA[@]}" "$URL/")" = 401 ]
    [ "$(status_of "${CA[@]}" -L -c "$BATS_TEST_TMPDIR/jar" "$URL/?token=$VIEW")" = 200 ]
    # a token that was sent in the clear is dropped
    [ "$(status_of "http://127.0.0.1:$PORT/stats?token=$VIEW")" = 308 ]
    run -1 grep -q "$VIEW" "$BATS_TEST_TMPDIR/body"
}

@test "an unusable certificate or key: one line that names it" {
    shm-create -s 64x48 "$S"
    certificate one
    certificate two
    cd "$BATS_TEST_TMPDIR"
    fails 2 ws-serve -p 0 --tls-cert one.pem "$S"
    [ "$stderr" = "ws-serve: --tls-cert and --tls-key must be given together" ]
    fails 2 ws-serve -p 0 --tls-key one.key "$S"
    openssl pkey -in one.key -aes256 -passout pass:secret -out locked.key
    : >empty.pem
    wont() {
        fails 3 ws-serve -p 0 --tls-cert "$1" --tls-key "$2" "$S"
        [ "$stderr" = "ws-serve: $3" ]
    }
    wont none.pem one.key "none.pem: No such file or directory"
    wont one.pem none.key "none.key: No such file or directory"
    wont one.key one.key "one.key: no usable certificate in PEM format"
    wont empty.pem one.key "empty.pem: no usable certificate in PEM format"
    wont one.pem one.pem "one.pem: no private key in PEM format that matches the certificate"
    wont one.pem two.key "two.key: no private key in PEM format that matches the certificate"
    wont one.pem locked.key "locked.key: the key has a pass phrase; remove it with openssl pkey"
}

@test "SIGHUP: new connections get the new certificate, the others stay open; an invalid one changes nothing" {
    tls_scene
    bg_client --stay
    stays=$BG
    has_subject one
    # with another kind of key, or the old one would stay in use beside it
    certificate two rsa:2048
    cp "$BATS_TEST_TMPDIR/two.key" "$KEY"
    kill -HUP "$SERVER" # between the two files
    wait_until 10 says 1
    grep -qx "ws-serve: $KEY: no private key in PEM format that matches the certificate; the old certificate stays in use" "$SERVER_ERR"
    has_subject one
    cp "$BATS_TEST_TMPDIR/two.pem" "$CERT"
    kill -HUP "$SERVER"
    wait_until 10 has_subject two
    [ "$(openssl s_client -connect "127.0.0.1:$PORT" -sigalgs ECDSA+SHA256 </dev/null 2>/dev/null | grep -c 'CN = one')" = 0 ]
    curl -fsS --cacert "$CERT" -o /dev/null "$URL/"
    run -60 curl -fsS "${CA[@]}" -o /dev/null "$URL/"
    echo nonsense >"$CERT"
    kill -HUP "$SERVER"
    wait_until 10 says 2
    grep -qx "ws-serve: $CERT: no usable certificate in PEM format; the old certificate stays in use" "$SERVER_ERR"
    rm "$CERT"
    kill -HUP "$SERVER"
    wait_until 10 says 3
    has_subject two
    frame-gen -s 64x48 -f yuv420p -r 0 -n 3 -o "$S"
    wait_until 10 grep -q ' seq=[^1]' "$OUT"
    kill -0 "$stays"
    run -1 grep -q closed "$OUT"
}

@test "a chain of certificates is sent whole" {
    cd "$BATS_TEST_TMPDIR"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=root -days 2 \
        -keyout root.key -out root.pem 2>/dev/null
    issue() { # NAME ISSUER EXTENSION
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
        openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days 2 -extfile <(echo "$3") -out "$1.pem" 2>/dev/null
    }
    issue middle root basicConstraints=CA:TRUE
    issue leaf middle subjectAltName=IP:127.0.0.1
    cat leaf.pem middle.pem >chain.pem
    scene --tls-cert chain.pem --tls-key leaf.key
    clean_run curl -fsS --cacert root.pem -o /dev/null "$URL/"
}

@test "an unfinished handshake is cut off, and others are served meanwhile" {
    tls_scene
    python3 - "$PORT" >"$BATS_TEST_TMPDIR/cut" 3>&- <<'END' &
import socket, sys, time
socks = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(50)]
hello = bytes.fromhex("160301020001000001fc0303") + bytes(500)
for i, s in enumerate(socks):
    s.settimeout(60)
    if i % 2:
        s.sendall(hello[: i // 2])
print("there", flush=True)
at = 25
while socks: # one byte at a time
    time.sleep(0.5)
    at += 1
    for i, s in list(enumerate(socks)):
        try:
            if i % 2:
                s.send(hello[at : at + 1])
            s.setblocking(False)
            if s.recv(100) == b"":
                socks.remove(s)
        except BlockingIOError:
            pass
        except OSError:
            socks.remove(s)
print("cut", flush=True)
END
    dripping=$!
    wait_until 20 grep -q there "$BATS_TEST_TMPDIR/cut"
    for _ in {1..5}; do
        clean_run curl -fsS "${CA[@]}" -o /dev/null "$URL/stats"
    done
    wait_until 40 grep -q cut "$BATS_TEST_TMPDIR/cut"
    wait "$dripping"
    wait_until 20 has_sockets "$SERVER" 1
}

@test "an address beyond loopback: a warning names the missing ones of token and TLS" {
    shm-create -s 64x48 "$S"
    tokens
    certificate one
    tls=(--tls-cert "$BATS_TEST_TMPDIR/one.pem" --tls-key "$BATS_TEST_TMPDIR/one.key")
    warned() {
        serve -b 0.0.0.0 "$@" "$S"
        [ "$(sed "s,^ws-serve: $URL/ ,," "$BG_ERR")" = "$warning" ]
        kill "$BG"
        ends 143 "$BG"
    }
    warning="can be reached from other machines by anybody, and all data can be read and changed on the way; see --token-file and --tls-cert"
    warned
    warning="can be reached from other machines, and all data, tokens included, can be read and changed on the way; see --tls-cert"
    warned --token-file "$T"
    warning="can be reached from other machines by anybody; see --token-file"
    warned "${tls[@]}"
    warning=
    warned "${tls[@]}" --token-file "$T"
}

# --- names and sites ---

@test "Host: addresses, localhost, the machine's name and names of --host; others 421" {
    scene --host viz.example --host Other
    for host in 127.0.0.1 "127.0.0.1:$PORT" 127.0.0.1:1 10.0.0.1 '[::1]' '[::1]:8080' '[2001:db8::1]:80' localhost \
        "localhost:$PORT" LocalHost:9000 "$(hostname)" "$(hostname):$PORT" viz.example VIZ.example:1 other; do
        echo "$host"
        [ "$(status_of -H "Host: $host" "$URL/stats")" = 200 ]
    done
    for host in "localhost:$PORT" '[::1]:8080' VIZ.example:1; do
        [ "$(handshake --host "$host")" = 101 ]
    done
    for host in evil.test "evil.test:$PORT" viz.example.evil.test x.viz.example viz viz.example. localhost.evil.test \
        127.0.0.1.evil.test localhost:123456 localhost: localhost:x :8080 0x7f.1 127.1 2130706433 '[::1' '::1' '[]' \
        '[localhost]' '[127.0.0.1]' 'localhost,evil.test' 'evil@localhost' 'localhost/' "$(printf 'x%.0s' {1..3000})"; do
        echo "$host"
        [ "$(statuses_of -H "Host: $host" "$URL$ALL_PATHS")" = 421 ]
    done
    [ "$(handshake --host "evil.test:$PORT")" = 421 ]
    [[ $(curl -s -H 'Host: evil.test' "$URL/") = *"--host allows"* ]]
    for two in 'localhost\r\nHost: evil.test' 'evil.test\r\nHost: localhost'; do
        client "$URL/" --bytes "GET /stats HTTP/1.1\r\nHost: $two\r\nConnection: close\r\n\r\n" | grep -c '^HTTP/1.1 421'
    done
    # not a browser, so no DNS rebinding
    client "$URL/" --bytes 'GET /stats HTTP/1.0\r\n\r\n' | grep -q '^HTTP/1.0 200'
    for host in '' a:1 a/b 'a b' '*.example' "$(printf 'x%.0s' {1..254})"; do
        fails 2 ws-serve --host "$host" "$S"
    done
}

@test "Host: the name in -b; any name over a Unix socket, where the Origin still has to match" {
    scene -b 127.1 # for Host, a name
    [ "$URL" = "http://127.0.0.1:$PORT" ]
    [ "$(status_of -H "Host: 127.1:$PORT" "$URL/stats")" = 200 ]
    cd "$BATS_TEST_TMPDIR"
    bg ws-serve -b unix:here "$S" >out
    wait_until 10 grep -q unix out
    [ "$(status_of --unix-socket here http://whatever.example/stats)" = 200 ]
    [ "$(status_of --unix-socket here -H 'Origin: https://whatever.example' http://whatever.example/stats)" = 200 ]
    [ "$(status_of --unix-socket here -H 'Origin: https://evil.example' http://whatever.example/stats)" = 403 ]
}

@test "requests by pages of other sites are refused, except navigation" {
    scene --origin https://lab.example
    own="http://127.0.0.1:$PORT"
    for paths in '{/,/stats,/snapshot.jpg,/metrics}' /nothing; do
        found=$([ "$paths" = /nothing ] && echo 404 || echo 200)
        answers() { # STATUS HEADER…
            local want=$1 headers=()
            shift
            for header; do
                headers+=(-H "$header")
            done
            got=$(statuses_of "${headers[@]}" "$URL$paths")
            echo "$paths $* → $got"
            [ "$got" = "$want" ]
        }
        answers "$found"
        answers "$found" "Origin: $own"
        answers "$found" "Origin: https://127.0.0.1:$PORT"
        answers "$found" "Origin: https://lab.example"
        for origin in http://evil.test "$own.evil.test" "${own}0" http://127.0.0.1 "$own/" null http://lab.example \
            https://lab.example:1 'https://lab.example, http://evil.test' "http://$(printf 'x%.0s' {1..2000})"; do
            answers 403 "Origin: $origin"
        done
        for site in same-origin none; do
            answers "$found" "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: no-cors"
        done
        for site in cross-site same-site whatever; do
            answers 403 "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: no-cors"
            answers 403 "sec-fetch-site: $site"
            answers 403 "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: no-cors" "Referer: https://evil.test/https://lab.example"
            answers 403 "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: navigate" "Origin: http://evil.test"
            answers "$found" "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: navigate"
            answers "$found" "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: no-cors" "Referer: https://lab.example/a/page?x"
            answers "$found" "Sec-Fetch-Site: $site" "Sec-Fetch-Mode: cors" "Origin: https://lab.example"
        done
    done
    # behind a proxy that changes Host, a browser takes our own page's scripts for another site's
    for header in 'Origin: http://evil.test' 'Sec-Fetch-Site: cross-site'; do
        [ "$(statuses_of -H "$header" "$URL{/page.js,/$S/connection.js,/page.css}")" = 200 ]
        [ "$(header_of cross-origin-resource-policy -H "$header" "$URL/page.js")" = same-origin ]
        [ "$(header_of access-control-allow-origin -H "$header" "$URL/page.js")" = '' ]
    done
    crop() {
        header_of cross-origin-resource-policy "$URL/snapshot.jpg" "$@"
    }
    [ "$(crop)" = same-origin ]
    [ "$(crop -H 'Sec-Fetch-Site: cross-site' -H 'Referer: https://lab.example/')" = cross-origin ]
    [ "$(crop -H 'Sec-Fetch-Site: cross-site' -H 'Referer: https://evil.test/')" = same-origin ]
    [ "$(handshake --origin https://lab.example)" = 101 ]
    [ "$(handshake --origin http://evil.test)" = 403 ]
    [ "$(handshake --origin null)" = 403 ]
}

@test "a newline in an address cannot inject a header" {
    tokens
    scene --origin https://lab.example
    for newline in %0a %0d%0a %0D; do
        for line in Sec-Fetch-Site:same-origin Sec-Fetch-Mode:navigate Referer:https://lab.example/ x:; do
            for at in stats 'stats?x'; do
                [ "$(status_of -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: no-cors' "$URL/$at$newline$line")" = 505 ]
            done
        done
    done
    [ "$(status_of -H 'Host: evil.test' "$URL/stats%0aHost:localhost:")" = 505 ]
    [ "$(client "$URL/" --bytes "GET /ws%0aReferer:https://lab.example/ HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" | grep -c '^HTTP/1.. 4')" = 1 ]
}

@test "every answer has a strict policy, which suffices for the built-in pages" {
    shm-create -s 64x48 "$S2"
    scene --origin https://lab.example --origin null "$S2"
    for path in "" "$S/" page.js stats nothing; do
        [ "$(header_of content-security-policy "$URL/$path")" = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://lab.example" ]
        [ "$(header_of x-content-type-options "$URL/$path")" = nosniff ]
        [ "$(header_of referrer-policy "$URL/$path")" = no-referrer ]
    done
    for path in "" "$S/"; do
        curl -fsS "$URL/$path" >"$BATS_TEST_TMPDIR/page.html"
        run -1 grep -iE '<style|style=|javascript:|[^a-z]on[a-z]+ *=|https?://' "$BATS_TEST_TMPDIR/page.html"
        run -1 grep -iE '<script[^>]*>[^<]' "$BATS_TEST_TMPDIR/page.html"
    done
}

# --- limits ---

@test "--max-per-address: one connection more is closed, another address is served, closed ones are not counted" {
    scene --max-per-address 3
    bg_client --stay
    bg_client --stay
    bg_client --stay
    run curl -sS -o /dev/null "$URL/stats"
    [ "$status" = 52 ] || [ "$status" = 56 ] # closed, or reset
    [ "$(status_of --interface 127.0.0.5 "$URL/stats")" = 200 ]
    kill -KILL "$BG"
    ends 137 "$BG"
    wait_until 10 eval '[ "$(status_of "$URL/stats")" = 200 ]'
    for bad in -1 65536 x; do
        fails 2 ws-serve --max-per-address $bad "$S"
    done
}

@test "connections of this machine are not counted unless the option is given" {
    scene
    python3 - "$PORT" <<'END'
import socket, sys
socks = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) for _ in range(100)]
for s in socks:
    s.sendall(b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
for s in socks:
    assert s.recv(15) == b"HTTP/1.1 200 OK"
END
}

# --- in a browser ---

@test "a page of another site gets nothing through" {
    scenario auth "a page of another site gets nothing through"
}

@test "only allowed sites can frame the page" {
    scenario auth "only allowed sites can frame the page"
}

@test "a foreign DNS name for this server is refused" {
    scenario auth "a foreign DNS name for this server is refused"
}

@test "a token in the address becomes a cookie, and the page works with it" {
    scenario auth "a token in the address becomes a cookie, and the page works with it"
}

@test "the token page takes a token, and a wrong one can be corrected" {
    scenario auth "the token page takes a token, and a wrong one can be corrected"
}

@test "a frame of an allowed site has control with a token, over TLS" {
    scenario auth "a frame of an allowed site has control with a token, over TLS"
}

@test "a link from another site works" {
    scenario auth "a link from another site works"
}
