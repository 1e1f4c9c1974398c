#!/usr/bin/env bats
# ws-serve --www: the files of a folder, and nothing outside of it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=server,sanitize
load ../support/helper

setup() {
    common_setup
    DIR=$BATS_TEST_TMPDIR/www
    mkdir -p "$DIR/sub/deep" "$DIR/empty" "$DIR/.git" "$DIR/sub/.cache"
    echo '<p>mine</p>' >"$DIR/index.html"
    echo '<p>sub</p>' >"$DIR/sub/index.html"
    echo 'let x = 1;' >"$DIR/sub/deep/x.js"
    echo secret | tee "$BATS_TEST_TMPDIR/outside" "$DIR/.hidden" "$DIR/.git/config" >"$DIR/sub/.cache/x"
}

www() {
    shm-create -s 64x48 "$S"
    serve --www "$DIR" "$@" "$S"
}

# The body is kept.
status_of() {
    rm -f "$BATS_TEST_TMPDIR/body"
    curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' --path-as-is "$@"
}

header_of() {
    curl -s -o /dev/null -D - --path-as-is "${@:2}" | tr -d '\r' | sed -n "s/^$1: //Ip"
}

descriptors() {
    find "/proc/$BG/fd" -type l | wc -l
}

@test "files unchanged, with their types; index.html of folders; only a minimal policy" {
    odd='a b+&%é.txt'
    echo odd >"$DIR/$odd"
    : >"$DIR/nothing.bin"
    for name in a.css a.svg a.PNG a.wasm a.json a.mjs noend .x; do
        echo "$name" >"$DIR/$name"
    done
    www
    for one in :index.html sub/:sub/index.html sub/deep/x.js:sub/deep/x.js index.html:index.html \
        a%20b%2B%26%25%C3%A9.txt:"$odd" nothing.bin:nothing.bin '?encoding=mjpeg&iframe=1:index.html'; do
        echo "$one"
        [ "$(status_of "$URL/${one%%:*}")" = 200 ]
        cmp "$BATS_TEST_TMPDIR/body" "$DIR/${one#*:}"
    done
    for one in :text/html index.html:text/html sub/deep/x.js:text/javascript a.css:text/css \
        a.svg:image/svg+xml a.PNG:image/png a.wasm:application/wasm a.json:application/json \
        a.mjs:text/javascript noend:application/octet-stream nothing.bin:application/octet-stream; do
        [ "$(header_of content-type "$URL/${one%%:*}" | sed 's/;.*//')" = "${one#*:}" ]
    done
    [ "$(header_of content-security-policy "$URL/")" = "frame-ancestors 'self'" ]
    [ "$(header_of x-content-type-options "$URL/")" = nosniff ]
    # the built-in pages keep theirs, on the same connection too
    [ "$(header_of content-security-policy "$URL/$S/" | wc -l)" = 1 ]
    [ "$(curl -s -D - "$URL/" "$URL/$S/" "$URL/no" -o /dev/null -o /dev/null -o /dev/null | grep -ci "^content-security-policy: default-src 'self'")" = 2 ]
    # a folder without its slash: a relative redirect
    [ "$(status_of "$URL/sub")" = 308 ]
    [ "$(header_of location "$URL/sub")" = sub/ ]
    [ "$(header_of location "$URL/sub/deep")" = deep/ ]
    [ "$(curl -s -L "$URL/sub")" = '<p>sub</p>' ]
}

@test "HEAD, ETag, 304, 405" {
    www
    [ "$(curl -s -I "$URL/sub/deep/x.js" | tr -d '\r' | sed -n 's/^content-length: //p')" = 11 ]
    tag=$(header_of etag "$URL/")
    [[ $tag =~ ^\"[0-9a-f.-]+\"$ ]]
    [ "$(status_of -H "If-None-Match: W/$tag" "$URL/")" = 304 ]
    [ "$(header_of content-security-policy -H "If-None-Match: $tag" "$URL/")" = "frame-ancestors 'self'" ]
    echo '<p>mein</p>' >"$DIR/new"
    mv "$DIR/new" "$DIR/index.html"
    [ "$(status_of -H "If-None-Match: $tag" "$URL/")" = 200 ]
    [ "$(<"$BATS_TEST_TMPDIR/body")" = '<p>mein</p>' ]
    [ "$(status_of -X POST "$URL/")" = 405 ]
    [ "$(status_of -X DELETE "$URL/index.html")" = 405 ]
}

@test "only files in the folder: no parent folders, dotfiles, listings, links to the outside" {
    ln -s "$BATS_TEST_TMPDIR/outside" "$DIR/absolute"
    ln -s ../outside "$DIR/up"
    ln -s ../../outside "$DIR/sub/up"
    ln -s .. "$DIR/parent"
    ln -s / "$DIR/root"
    ln -s /proc/self/root "$DIR/magic"
    ln -s /proc/self "$DIR/self"
    ln -s loop "$DIR/loop"
    ln -s missing "$DIR/dangling"
    outside=${BATS_TEST_TMPDIR#/}/outside
    www
    for path in ../outside ../../outside sub/../../outside %2e%2e/outside %2e%2e%2foutside \
        ..%2foutside sub/%2e%2e/%2e%2e/outside .%2e/outside %2e./outside sub/..%2f..%2foutside \
        ..%5coutside %252e%252e/outside /etc/passwd //etc/passwd %2fetc%2fpasswd "$outside" "/$outside" \
        "%2f$outside" absolute up sub/up parent/outside parent/ "root/$outside" "root$outside" root/etc/passwd \
        magic/etc/passwd self/cwd self/fd/0 loop dangling \
        .hidden %2ehidden .git/config .git/ .git sub/.cache/x sub/%2ecache/x ./.hidden sub/../.hidden \
        empty/ index.html/ index.html/x sub/deep/ sub/nothing "$(printf 'x%.0s' {1..300})" \
        "$(printf 'x/%.0s' {1..3000})" index.html%00 .hidden%00 %ff%fe; do
        echo "${path:0:80}"
        status=$(status_of "$URL/$path") || true
        [[ $status = 40[034] || $path$status = *%00000 ]] # or closed
        : >>"$BATS_TEST_TMPDIR/body"
        run -1 grep -qE 'secret|root:' "$BATS_TEST_TMPDIR/body"
    done
    # raw bytes, which curl would normalize
    for path in '/../outside' '/sub/../../outside' '../outside' '/%2e%2e/outside' '//outside' '/./../outside'; do
        "$TESTS/server/ws-client.py" "$URL/" --bytes "GET $path HTTP/1.1\r\nHost: 127.0.0.1:$PORT\r\nConnection: close\r\n\r\n" >"$BATS_TEST_TMPDIR/raw" || true
        run -1 grep -qE 'secret|HTTP/1.. 200' "$BATS_TEST_TMPDIR/raw"
    done
    [ "$(status_of "$URL/")" = 200 ]
}

@test "links within the folder are followed" {
    ln -s sub/deep/x.js "$DIR/link.js"
    ln -s ../index.html "$DIR/sub/up.html"
    ln -s sub "$DIR/other"
    www
    for path in link.js sub/up.html other/ other/deep/x.js; do
        echo "$path"
        [ "$(status_of "$URL/$path")" = 200 ]
    done
}

@test "a FIFO, a socket, a device and a file of the kernel are refused, and block no client" {
    mkfifo "$DIR/fifo"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$DIR/socket"
    [ "$(id -u)" != 0 ] || mknod "$DIR/null" c 1 3 || true
    www
    before=$(descriptors)
    for path in fifo socket null; do
        [ "$(status_of -m 5 "$URL/$path")" = 404 ]
    done
    # a writer waits for a reader
    bg bash -c 'exec 3>"$1"; echo x >&3' _ "$DIR/fifo"
    [ "$(status_of -m 5 "$URL/fifo")" = 404 ]
    [ "$(status_of "$URL/")" = 200 ]
    BG=${BG_PIDS[0]}
    wait_until 10 eval '[ "$(descriptors)" -le '$((before + 1))' ]'
}

@test "1 GiB: whole, with little memory, while others are served; quitters cost nothing" {
    truncate -s 1G "$DIR/big"
    www
    before=$(descriptors)
    start=$(awk '/VmHWM/ { print $2 }' "/proc/$BG/status")
    bg curl -s --limit-rate 100k -o /dev/null "$URL/big"
    slow=$BG BG=${BG_PIDS[0]}
    [ "$(curl -s "$URL/big" | wc -c)" = $((1 << 30)) ]
    [ "$(curl -s -I "$URL/big" | tr -d '\r' | sed -n 's/^content-length: //p')" = $((1 << 30)) ]
    for _ in 1 2 3; do
        curl -s "$URL/big" | head -c 1000000 >/dev/null
    done
    [ "$(status_of "$URL/")" = 200 ]
    kill -0 "$slow"
    sanitized || [ "$(($(awk '/VmHWM/ { print $2 }' "/proc/$BG/status") - start))" -lt 8192 ]
    kill "$slow"
    wait_until 10 eval '[ "$(descriptors)" -le '"$before"' ]'
}

@test "more files at once than the limit: 503, and later they are served again" {
    truncate -s 1G "$DIR/big"
    www --max-viewers 2 # 33 files
    python3 - "$PORT" <<'END'
import socket, sys
def ask(path):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{sys.argv[1]}\r\n\r\n".encode())
    return s, s.recv(12).decode()
held = [ask("big") for _ in range(40)]
got = [answer for _, answer in held]
assert got == ["HTTP/1.1 200"] * 33 + ["HTTP/1.1 503"] * 7, got
assert ask("stats")[1] == "HTTP/1.1 200"
END
    wait_until 10 eval '[ "$(status_of "$URL/")" = 200 ]'
}

@test "a file that shrinks or is removed while it is sent: only that answer is cut off" {
    truncate -s 100M "$DIR/big" "$DIR/other"
    www
    for how in 'truncate -s 1M "$DIR/big"' 'rm "$DIR/other"'; do
        file=${how##*/}
        bg curl -sS --limit-rate 10M -o "$BATS_TEST_TMPDIR/got" "$URL/${file%\"}"
        wait_until 10 test -s "$BATS_TEST_TMPDIR/got"
        eval "$how"
        if [ "${file%\"}" = big ]; then
            ends 18 "$BG" 60 # a partial file
        else
            ends 0 "$BG" 60 # unlinked, still open
        fi
    done
    [ "$(status_of "$URL/")" = 200 ]
}

@test "server paths take precedence over files, files over the page; folders of streams are unchanged" {
    for name in stats ws metrics healthz snapshot.jpg stream.mjpg page.css; do
        echo mine >"$DIR/$name"
    done
    mkdir -p "$DIR/$S" "$DIR/video"
    echo mine | tee "$DIR/video/mjpeg" "$DIR/$S/index.html" >"$DIR/$S/mine.txt"
    www
    for path in stats ws metrics healthz snapshot.jpg "$S/stats" "$S/" "$S/page.css" "$S/mine.txt"; do
        echo "$path"
        status_of "$URL/$path" >/dev/null
        run -1 grep -qx mine "$BATS_TEST_TMPDIR/body"
    done
    [ "$(status_of "$URL/$S/mine.txt")" = 404 ]
    [ "$(status_of "$URL/$S")" = 308 ]
    [ "$(curl -s "$URL/page.css")" = mine ]
    [ "$(curl -s "$URL/page.js" | cmp - "$ROOT/lib/server/web/page.js")" = "" ]
    # no index.html: the built-in page
    rm "$DIR/index.html"
    [ "$(status_of "$URL/")" = 200 ]
    cmp "$BATS_TEST_TMPDIR/body" "$ROOT/lib/server/web/index.html"
    [ "$(header_of content-security-policy "$URL/" | wc -l)" = 1 ]
}

@test "several streams: the folder's page replaces the list; /NAME/ is unchanged" {
    shm-create -s 64x48 "$S2"
    www "$S2"
    [ "$(curl -s "$URL/")" = '<p>mine</p>' ]
    [ "$(status_of "$URL/$S/stats")" = 200 ]
    [ "$(status_of "$URL/$S2/")" = 200 ]
    rm "$DIR/index.html"
    curl -s "$URL/" | grep -qF "href=\"$S2/\""
}

@test "the folder itself may be moved; a missing one is exit 3" {
    fails 3 ws-serve --www "$BATS_TEST_TMPDIR/none" "$S"
    [[ $stderr = "ws-serve: --www $BATS_TEST_TMPDIR/none: No such file or directory" ]]
    shm-create -s 64x48 "$S"
    fails 3 ws-serve -p 0 --www "$DIR/index.html" "$S"
    serve --www "$DIR" "$S"
    mv "$DIR" "$BATS_TEST_TMPDIR/elsewhere"
    [ "$(curl -s "$URL/")" = '<p>mine</p>' ]
}

@test "a page that speaks the FURY protocol shows the stream and has control" {
    scenario www "a page that speaks the FURY protocol shows the stream and has control"
}

@test "with interaction=0 such a page shows the picture and sends nothing" {
    scenario www "with interaction=0 such a page shows the picture and sends nothing"
}

@test "the built-in page is still available beside another" {
    scenario www "the built-in page is still available beside another"
}

@test "the page in the manual shows the stream and sends clicks" {
    scenario www "the page in the manual shows the stream and sends clicks"
}

@test "a part of a file: 206 with the right bytes, 416 beyond its end; other ranges are ignored" {
    head -c 300000 /dev/urandom >"$DIR/film.mp4"
    : >"$DIR/nothing.bin"
    www
    part() { # RANGE FIRST LENGTH
        [ "$(status_of -H "Range: bytes=$1" "$URL/film.mp4")" = 206 ]
        tail -c "+$(($2 + 1))" "$DIR/film.mp4" | head -c "$3" | cmp - "$BATS_TEST_TMPDIR/body"
        [ "$(header_of content-range -H "Range: bytes=$1" "$URL/film.mp4")" = "bytes $2-$(($2 + $3 - 1))/300000" ]
        [ "$(header_of content-length -H "Range: bytes=$1" "$URL/film.mp4")" = "$3" ]
    }
    part 0-0 0 1
    part 0-299999 0 300000
    part 70000-200000 70000 130001
    part 299999- 299999 1
    part 100-999999 100 299900
    part 5-9223372036854775 5 299995
    part -1 299999 1
    part -1000000 0 300000
    for range in 300000- 300000-300001 -0 999999999999999999-; do
        [ "$(status_of -H "Range: bytes=$range" "$URL/film.mp4")" = 416 ]
        [ "$(header_of content-range -H "Range: bytes=$range" "$URL/film.mp4")" = 'bytes */300000' ]
    done
    for range in bytes=2-1 bytes=0-1,3-4 bytes=- bytes= bytes=x- bytes=1-x bytes=--1 bytes=-1-2 bytes=1 lines=0-1 \
        bytes=99999999999999999999999- 'bytes= 0-1'; do
        echo "$range"
        [ "$(status_of -H "Range: $range" "$URL/film.mp4")" = 200 ]
        cmp "$BATS_TEST_TMPDIR/body" "$DIR/film.mp4"
    done
    [ "$(status_of -H "Range: bytes=0-" "$URL/nothing.bin")" = 416 ]
    [ "$(status_of -H "Range: bytes=0-1" "$URL/snapshot.jpg")" != 206 ]
    # only for the version of which the client has a part already
    tag=$(header_of etag "$URL/film.mp4")
    [ "$(header_of accept-ranges "$URL/film.mp4")" = bytes ]
    [ "$(status_of -H "Range: bytes=0-1" -H "If-Range: $tag" "$URL/film.mp4")" = 206 ]
    [ "$(status_of -H "Range: bytes=0-1" -H 'If-Range: "other"' "$URL/film.mp4")" = 200 ]
    [ "$(status_of -H "Range: bytes=0-1" -H 'If-Range: Sun, 29 Nov 2026 17:00:00 GMT' "$URL/film.mp4")" = 200 ]
    # an interrupted download goes on, on one connection with other requests
    head -c 100000 "$DIR/film.mp4" >"$BATS_TEST_TMPDIR/rest"
    clean_run curl -fsS -C - -o "$BATS_TEST_TMPDIR/rest" "$URL/film.mp4" -o /dev/null "$URL/stats"
    cmp "$BATS_TEST_TMPDIR/rest" "$DIR/film.mp4"
}
