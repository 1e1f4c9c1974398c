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
    [ -s "$dest/opt/cast/share/bash-completion/completions/shm-rm" ]
    [ -s "$dest/opt/cast/share/zsh/site-functions/_shmcast" ]
    [ -z "$(find "$dest" -type f -not -path "$dest/opt/cast/bin/*" -not -path "$dest/opt/cast/share/man/*" \
        -not -path "$dest/opt/cast/share/bash-completion/*" -not -path "$dest/opt/cast/share/zsh/*" \
        -not -path "$dest/opt/cast/lib/systemd/user/ws-serve@.s*" -not -path "$dest/opt/cast/include/shmcast.h" \
        -not -path "$dest/opt/cast/lib/libshmcast.*" -not -path "$dest/opt/cast/lib/pkgconfig/shmcast.pc" \
        -not -path "$dest/opt/cast/lib/python3*/dist-packages/shmcast/*py*")" ]
    for file in "$ROOT"/lib/python/shmcast/*.py; do
        cmp "$file" "$dest"/opt/cast/lib/python3*/dist-packages/shmcast/"${file##*/}"
    done
    for file in include/shmcast.h lib/libshmcast.a lib/libshmcast.so.0 lib/pkgconfig/shmcast.pc; do
        [ "$(stat -c %a "$dest/opt/cast/$file")" = 644 ]
    done
    [ "$(readlink "$dest/opt/cast/lib/libshmcast.so")" = libshmcast.so.0 ]
    grep -qx 'libdir=/opt/cast/lib' "$dest/opt/cast/lib/pkgconfig/shmcast.pc"
    grep -q '^ExecStart="/opt/cast/bin/ws-serve" ' "$dest/opt/cast/lib/systemd/user/ws-serve@.service"
    made uninstall DESTDIR="$dest" PREFIX=/opt/cast
    [ -z "$(find "$dest" -not -type d)" ]
}

@test "LIBDIR and INCLUDEDIR say where the library is installed" {
    dest=$BATS_TEST_TMPDIR/dest where=(PREFIX=/p LIBDIR=/p/lib/here INCLUDEDIR="/p/it's/&|there")
    made install DESTDIR="$dest" "${where[@]}"
    [ -e "$dest/p/lib/here/libshmcast.so" ]
    [ -e "$dest/p/it's/&|there/shmcast.h" ]
    [ ! -e "$dest/p/lib/libshmcast.a" ]
    grep -qx 'libdir=/p/lib/here' "$dest/p/lib/here/pkgconfig/shmcast.pc"
    eval "flags=($(PKG_CONFIG_PATH=$dest/p/lib/here/pkgconfig pkg-config --cflags shmcast))"
    [ "${flags[0]}" = "-I/p/it's/&|there" ]
    made uninstall DESTDIR="$dest" "${where[@]}"
    [ -z "$(find "$dest" -not -type d)" ]
}

@test "the installed units of systemd are valid, and bind the server" {
    skip_missing systemd-analyze
    DIR=$BATS_TEST_TMPDIR
    made install DESTDIR="$DIR/root" PREFIX=/usr
    cd "$DIR/root/usr/lib/systemd/user"
    # shellcheck disable=SC2016
    grep -qx 'ExecStart="/usr/bin/ws-serve" -b unix:%t/shmcast/%i.sock $OPTIONS %I' ws-serve@.service
    # here the program is in another place
    mkdir "$DIR/units"
    for unit in ws-serve@.service ws-serve@.socket; do
        sed "s,/usr/bin/ws-serve,$BUILD/ws-serve,; /^Documentation/ d" "$unit" >"$DIR/units/$unit"
    done
    cp "$DIR/units/ws-serve@.service" "$DIR/units/ws-serve@view.service"
    cp "$DIR/units/ws-serve@.socket" "$DIR/units/ws-serve@view.socket"
    XDG_RUNTIME_DIR=$DIR clean_run systemd-analyze --user verify "$DIR/units/ws-serve@view.service" "$DIR/units/ws-serve@view.socket"
    run systemd-analyze security --offline=yes --threshold=65 "$DIR/units/ws-serve@.service"
    echo "$output" | tail -n 3
    [[ $status = 0 || $output = *"unrecognized option"* ]]
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
        [ ! -e "$dest/p/share/bash-completion/completions/$program" ]
    done
}

# Copies the sources and the built files to a folder, so that make has nothing to do there.
copy_tree() {
    mkdir -p "$1/build"
    cp -a "$ROOT"/{Makefile,LICENSE,README.md,cmd,lib,man,scripts} "$1/"
    cp -a "$BUILD"/{cmd,lib,*.a,*.so*,[a-z]*-[a-z]*} "$1/build/"
}

@test "an optional program that fails to build is left out with one line, and fails the build in CI" {
    tree=$BATS_TEST_TMPDIR/tree dest=$BATS_TEST_TMPDIR/dest
    [ -x "$BUILD/net-draw" ] || skip "no net-draw here"
    copy_tree "$tree"
    echo '#error no such luck' >>"$tree/cmd/net-draw/view.c"
    output=$(make -s -C "$tree" BUILD=build 2>&1)
    [[ $output =~ ^"net-draw: not built: "[^$'\n']*"#error no such luck; see build/net-draw.log"$ ]]
    grep -q 'error: #error no such luck' "$tree/build/net-draw.log"
    make -s -C "$tree" BUILD=build install DESTDIR="$dest" PREFIX=/p
    [ ! -e "$dest/p/bin/net-draw" ]
    [ ! -e "$dest/p/share/man/man1/net-draw.1" ]
    [ -x "$dest/p/bin/ws-serve" ]
    run -0 make -s --no-print-directory -C "$tree" BUILD=build programs
    [[ $output == *ws-serve* && $output != *net-draw* ]]
    run -2 make -s -C "$tree" BUILD=build WERROR=1
    [[ $output == *'error: #error no such luck'* ]]
}

@test "a checkout whose path has blanks and quotes builds and installs" {
    tree="$BATS_TEST_TMPDIR/it's a \"place\" of mine"
    copy_tree "$tree"
    touch "$tree/cmd/shm-rm.c"
    [ -z "$(make -s -C "$tree" BUILD="$tree/build" 2>&1)" ]
    [ "$tree/build/shm-rm" -nt "$tree/cmd/shm-rm.c" ]
    make -s -C "$tree" BUILD=build install DESTDIR="$tree/dest" PREFIX="/opt/the cast"
    [ -x "$tree/dest/opt/the cast/bin/shm-rm" ]
    [ -e "$tree/dest/opt/the cast/share/man/man5/shmcast-stream.5" ]
    # Elsewhere make cannot name such a folder.
    run -2 made BUILD="$BATS_TEST_TMPDIR/a place"
    [[ $output == *"the path has a blank; choose one without"* ]]
}

@test "32-bit builds are refused in one line" {
    echo | gcc -m32 -ffreestanding -fsyntax-only -x c - || skip "a compiler without -m32"
    run -2 made CC='gcc -m32'
    [[ $output =~ ^[^$'\n']*"*** 64-bit only: gcc -m32 -O2 -g builds 32-bit programs.  Stop."$ ]]
    run -1 gcc -m32 -ffreestanding -std=c11 -fsyntax-only -x c "$ROOT/lib/shmfmt.h"
    [[ $output == *"64-bit only"* ]]
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

@test "make dist makes equal bytes of the same commit in two folders" {
    skip_missing git
    version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
    first=$BATS_TEST_TMPDIR/first second=$BATS_TEST_TMPDIR/second/place
    mkdir "$first"
    cp -a "$ROOT"/{Makefile,LICENSE,README.md,lib,man,scripts} "$first/"
    export GIT_CONFIG_GLOBAL=/dev/null HOME=$BATS_TEST_TMPDIR
    git -C "$first" init -q
    git -C "$first" add -A
    git -C "$first" -c user.name=me -c user.email=me@localhost commit -q -m one
    git clone -q "$first" "$second"
    (umask 0022; make -s -C "$first" BUILD=build dist)
    (umask 0077; TZ=Asia/Tokyo make -s -C "$second" BUILD=out dist)
    cmp "$first/build/shmcast-$version.tar.gz" "$second/out/shmcast-$version.tar.gz"
    run -0 tar -tvzf "$second/out/shmcast-$version.tar.gz"
    [[ $output == *"-rw-r--r-- root/root"*" shmcast-$version/Makefile"* ]]
    echo change >>"$second/LICENSE"
    run -0 make -s -C "$second" BUILD=out dist
    [ "$output" = "dist: changes that are not committed are left out" ]
    cmp "$first/build/shmcast-$version.tar.gz" "$second/out/shmcast-$version.tar.gz"
}

@test "shmcast(7) has the news of this version first" {
    version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
    [ "$(sed -n '/^\.Sh HISTORY/,/^\.Sh CAVEATS/s/^\.It //p' "$ROOT/man/shmcast.7" | head -n 1)" = "$version" ]
}
