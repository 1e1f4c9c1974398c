#!/usr/bin/env bats
# The Debian packages.
bats_require_minimum_version 1.5.0
# bats file_tags=compute
load ../support/helper

# A build takes minutes on a slow machine.
setup_file() {
    export BATS_TEST_TIMEOUT=1200
}

# Fields and files of package $1.
depends() {
    dpkg-deb -f "$OUT"/"$1"_*.deb Depends
}

files() {
    dpkg-deb -c "$OUT"/"$1"_*.deb | awk '$1 ~ /^-/ { print $6 }'
}

@test "Debian packages build, split by what they need, and lintian finds no fault" {
    skip_missing git dpkg-buildpackage dh lintian
    tree=$BATS_TEST_TMPDIR/tree OUT=$BATS_TEST_TMPDIR/tree/build/deb
    mkdir "$tree"
    cp -a "$ROOT"/{Makefile,LICENSE,README.md,cmd,lib,man,scripts} "$tree/"
    export GIT_CONFIG_GLOBAL=/dev/null HOME=$BATS_TEST_TMPDIR
    git -C "$tree" init -q
    git -C "$tree" add -A
    git -C "$tree" -c user.name=me -c user.email=me@localhost commit -q -m one
    BUILD=build run -0 --separate-stderr "$tree/scripts/deb"
    [ "$(grep -c '_amd64.deb$\|_arm64.deb$' <<<"$output")" = 5 ]

    [[ $(depends shmcast) == *libjpeg* && $(depends shmcast) == *libwebsockets* ]]
    [[ ! $(depends shmcast) =~ gstreamer|glib|igraph|libegl|freetype|libxml|yuv ]]
    [[ $(depends shmcast-webrtc) == *libnice10* && ! $(depends shmcast-webrtc) =~ igraph|libegl ]]
    [[ $(depends shmcast-net) == *igraph* && ! $(depends shmcast-net) =~ gstreamer|websockets ]]

    [ "$(files shmcast-webrtc | grep -v /share/doc/)" = "./usr/bin/rtc-serve
./usr/share/bash-completion/completions/rtc-serve
./usr/share/man/man1/rtc-serve.1.gz" ]
    [ "$(files shmcast-net | grep /bin/)" = ./usr/bin/net-draw$'\n'./usr/bin/net-layout$'\n'./usr/bin/net-read ]
    [ "$(files shmcast | grep -c /bin/)" = 10 ]
    files shmcast | grep -qx ./usr/share/man/man7/shmcast.7.gz
    files shmcast | grep -qx ./usr/share/zsh/vendor-completions/_shmcast
    [ "$(files libshmcast0 | grep -v /share/doc/ | sed 's,/lib/[^/]*/,/lib/,')" = ./usr/lib/libshmcast.so.0 ]
    [ "$(files libshmcast-dev | grep -v /share/doc/ | sed 's,/lib/[^/]*/,/lib/,')" = "./usr/include/shmcast.h
./usr/lib/libshmcast.a
./usr/lib/pkgconfig/shmcast.pc
./usr/share/man/man3/shmcast.3.gz" ]
    files python3-shmcast | grep -qx ./usr/lib/python3/dist-packages/shmcast/stream.py
    [[ $(depends python3-shmcast) == libshmcast0*python3 ]]
    [[ $(depends libshmcast0) == "libc6 (>= "*")" && ! $(depends shmcast) =~ libshmcast ]]
    # The working tree has no trace of it outside of its build folder.
    [ -z "$(git -C "$tree" status --porcelain | grep -v ' build/$')" ]

    dpkg-deb -x "$OUT"/shmcast_*.deb "$BATS_TEST_TMPDIR/root"
    [ "$("$BATS_TEST_TMPDIR/root/usr/bin/shm-rm" --version)" = "$(shm-rm --version)" ]
}

@test "scripts/deb names what it lacks, and refuses operands" {
    run -2 "$ROOT/scripts/deb" --no-such-option
    mkdir "$BATS_TEST_TMPDIR/bin"
    for program in bash dirname; do
        ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin"
    done
    PATH=$BATS_TEST_TMPDIR/bin run -3 "$ROOT/scripts/deb"
    [ "$output" = "scripts/deb: no dpkg-buildpackage here; apt-get install build-essential debhelper fakeroot lintian git" ]
}
