#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# bats file_tags=scripts
load ../support/helper

made() {
    make -s -C "$ROOT" BUILD="$BUILD" "$@"
}

@test "install copies every program and man page, uninstall removes them all" {
    dest=$BATS_TEST_TMPDIR/a\ place
    made install DESTDIR="$dest" PREFIX=/opt/cast
    for program in shm-create shm-write shm-read shm-encode ws-serve event-inject event-read shm-ls \
        shm-rm frame-gen; do
        [ "$(stat -c %a "$dest/opt/cast/bin/$program")" = 755 ]
    done
    for page in "$ROOT"/man/*.[1-8]; do
        program=${page##*/} program=${program%.1}
        # An optional program that is not built has no page either.
        case $program in
        rtc-serve | net-*) [ -e "$dest/opt/cast/bin/$program" ] || continue ;;
        esac
        [ "$(stat -c %a "$dest/opt/cast/share/man/man${page##*.}/${page##*/}")" = 644 ]
    done
    [ -z "$(find "$dest" -type f -not -path "$dest/opt/cast/bin/*" -not -path "$dest/opt/cast/share/man/*")" ]
    made uninstall DESTDIR="$dest" PREFIX=/opt/cast
    [ -z "$(find "$dest" -not -type d)" ]
}

@test "install leaves out the pages of programs that are not built" {
    dest=$BATS_TEST_TMPDIR/dest
    # A pkg-config that knows no library of an optional program.
    printf '#!/bin/sh\ncase "$*" in *gstreamer* | *igraph* | *freetype*) exit 1 ;; esac\nexec pkg-config "$@"\n' \
        >"$BATS_TEST_TMPDIR/pkg-config"
    chmod +x "$BATS_TEST_TMPDIR/pkg-config"
    made install DESTDIR="$dest" PREFIX=/p PKG_CONFIG="$BATS_TEST_TMPDIR/pkg-config"
    [ -e "$dest/p/share/man/man1/ws-serve.1" ]
    [ -e "$dest/p/share/man/man7/shmcast.7" ]
    for program in rtc-serve net-layout net-draw; do
        [ ! -e "$dest/p/bin/$program" ]
        [ ! -e "$dest/p/share/man/man1/$program.1" ]
    done
}

@test "a second install and a second uninstall succeed; foreign files stay" {
    dest=$BATS_TEST_TMPDIR/dest
    made install DESTDIR="$dest"
    made install DESTDIR="$dest"
    touch "$dest/usr/local/bin/theirs"
    made uninstall DESTDIR="$dest"
    made uninstall DESTDIR="$dest"
    [ "$(find "$dest" -not -type d)" = "$dest/usr/local/bin/theirs" ]
}

@test "installed programs run without the build folder" {
    made install PREFIX="$BATS_TEST_TMPDIR/p"
    cd "$BATS_TEST_TMPDIR/p/bin"
    PATH=$PWD:/usr/bin:/bin
    clean_run shm-create -s 64x48 "$S"
    frame-gen -s 64x48 -n 1 -o "$S"
    shm-encode -o - "$S" >"$BATS_TEST_TMPDIR/one.jpg" 2>"$BATS_TEST_TMPDIR/err" &
    pid=$!
    wait_until 10 test -s "$BATS_TEST_TMPDIR/one.jpg"
    kill "$pid"
    wait "$pid" || [ $? -eq 143 ]
    serve "$S" # the page is part of the program
    curl -sS "$URL/" | grep -q '<canvas'
    clean_run shm-rm -f "$S"
    ends 0 "$BG"
}
