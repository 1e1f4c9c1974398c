#!/usr/bin/env bats
# Properties of all programs.
bats_require_minimum_version 1.5.0
# bats file_tags=scripts
load ../support/helper

# The programs that this machine builds.
programs() {
    make -s --no-print-directory -C "$ROOT" programs
}

# Prints a section of a man page as plain text.
section() {
    mandoc -T ascii -O width=1000 "$ROOT/man/$1" | sed 's/.\x08//g' |
        awk -v want="$2" '/^[A-Z]/ { on = ($0 == want); next } on'
}

squeeze() {
    tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//'
}

@test "every program of the design exists" {
    [ "$(programs | grep -vxE 'rtc-serve|net-layout|net-draw' | sort | xargs)" = "event-inject \
event-read frame-gen net-read shm-create shm-encode shm-ls shm-read shm-rm shm-write ws-serve" ]
}

@test "every program has a man page and a test file" {
    for p in $(programs); do
        echo "$p"
        [ -s "$ROOT/man/$p.1" ]
        grep -q '^@test' "$TESTS"/*/"$p.bats"
    done
    [ -s "$ROOT/man/shmcast.7" ]
    [ -s "$ROOT/man/shmcast-stream.5" ]
}

# Prints the options that a program passes to getopt_long, one per line: the long option and, after a
# blank, its short form if it has one.
options() {
    local files=("$ROOT/cmd/$1.c" "$ROOT/cmd/$1"/*.c) shorts
    [[ $1 != *-serve ]] || files+=("$ROOT/lib/server/options.c")
    shorts=$(cat "${files[@]}" 2>/dev/null | sed -nE 's/.*getopt_long\(argc, argv, "\+?([a-zA-Z:]*)".*/\1/p')
    cat "${files[@]}" 2>/dev/null | grep -oE '\{"[a-z-]+", *[0-9], *NULL, *[^}]*\}' |
        sed -E "s/\{\"([a-z-]+)\", *[0-9], *NULL, *'?([^'}]*)'?\}/\1 \2/" |
        while read -r long value; do
            [[ ${#value} == 1 && $shorts == *"$value"* ]] || value=
            echo "--$long${value:+ -$value}"
        done
}

@test "--help starts with the SYNOPSIS of the man page" {
    for p in $(programs); do
        clean_run "$p" --help >"$BATS_TEST_TMPDIR/help"
        help=$(sed '/^$/,$d' "$BATS_TEST_TMPDIR/help" | squeeze)
        synopsis=$(section "$p.1" SYNOPSIS | squeeze)
        echo "$help"
        echo "usage: $synopsis"
        [ "${synopsis%% *}" = "$p" ]
        [ "$help" = "usage: $synopsis" ]
        [ "$("$p" -h)" = "$(cat "$BATS_TEST_TMPDIR/help")" ]
    done
}

@test "--help has a line for each option, and no line over 80 columns" {
    for p in $(programs); do
        "$p" --help >"$BATS_TEST_TMPDIR/help"
        options "$p" >"$BATS_TEST_TMPDIR/options"
        grep -qx -- '--help -h' "$BATS_TEST_TMPDIR/options"
        while read -r long short; do
            echo "$p $long $short"
            short=${short:+$short, }
            grep -qE -- "^  ${short:-    }$long( [^ ]+)? +[^ ]" "$BATS_TEST_TMPDIR/help"
        done <"$BATS_TEST_TMPDIR/options"
        echo "$p" "$(grep -cE '^  (-.,|   ) --' "$BATS_TEST_TMPDIR/help")" "$(wc -l <"$BATS_TEST_TMPDIR/options")"
        [ "$(grep -cE '^  (-.,|   ) --' "$BATS_TEST_TMPDIR/help")" = "$(wc -l <"$BATS_TEST_TMPDIR/options")" ]
        run -1 grep -E '.{81}' "$BATS_TEST_TMPDIR/help"
    done
}

@test "every short and long option of a program is in its man page" {
    for p in $(programs); do
        page=$(section "$p.1" DESCRIPTION; section "$p.1" OPTIONS)
        while read -r long short; do
            echo "$p $long $short"
            case $long in
            --help | --version) continue ;; # shmcast.7 has them
            esac
            # rtc-serve.1 refers to ws-serve.1 for the options of both.
            [[ $p != rtc-serve ]] || page+=$(section ws-serve.1 DESCRIPTION)
            grep -qE -- "$long\b" <<<"$page"
            [[ -z $short ]] || grep -qE -- "(^|[ ,])$short\b" <<<"$page"
        done < <(options "$p")
    done
    for option in help version; do
        grep -q -- "--$option" <(section shmcast.7 DESCRIPTION; section shmcast.7 OPTIONS)
    done
}

@test "--version" {
    version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
    for p in $(programs); do
        [ "$(clean_run "$p" --version)" = "$p (shmcast) $version" ]
    done
}

@test "a bad option is exit 2, with the usage on stderr and nothing on stdout" {
    for p in $(programs); do
        for option in --no-such-option -% --; do
            [ "$p $option" != "shm-ls --" ] || continue # lists all streams
            [ "$p $option" != "frame-gen --" ] || continue # writes to stdout
            fails_usage "$p" "$option" >"$BATS_TEST_TMPDIR/out" </dev/null
            [ ! -s "$BATS_TEST_TMPDIR/out" ]
            [[ $stderr == *$'\n'"Try '$p --help' for the options." ]]
        done
    done
}

@test "a bad name is exit 2 in one line, everywhere" {
    long=$(printf '%0251d' 0)
    for p in shm-create shm-write shm-read shm-encode ws-serve event-read event-inject shm-rm; do
        for name in '' / . .. /. /.. a/b /a/b //a "$long"; do
            echo "$p '$name'"
            fails 2 "$p" "$name" </dev/null >/dev/null
            [[ $stderr == "$p: "* ]]
        done
    done
}

@test "no such stream is exit 3 in one line that names it, everywhere" {
    for p in shm-write shm-read shm-encode ws-serve event-read event-inject shm-rm; do
        fails 3 "$p" "$S" </dev/null >/dev/null
        [[ $stderr == "$p: $S: "* ]]
    done
    fails 3 frame-gen -o "$S" </dev/null >/dev/null
    fails 3 frame-gen -e "$S" </dev/null >/dev/null
}

@test "a late write error on stdout is reported, everywhere" {
    for p in $(programs); do
        for option in --help --version; do
            fails 3 "$p" "$option" >/dev/full
            [[ $stderr == "$p: standard output: "* ]]
        done
        fails 3 "$p" --version >&-
    done
}

@test "every man page has its sections, and the list of exit codes" {
    for p in $(programs); do
        echo "$p"
        for s in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES "SEE ALSO"; do
            section "$p.1" "$s" | grep -q .
        done
        codes=$(section "$p.1" "EXIT STATUS")
        for code in 0 2 3; do
            grep -qE "^ +$code " <<<"$codes"
        done
    done
}

@test "man pages refer only to existing pages of ours" {
    for page in "$ROOT"/man/*.[1-8]; do
        while read -r name section; do
            echo "${page##*/}: $name($section)"
            [ -e "$ROOT/man/$name.$section" ]
        done < <(sed -nE 's/^\.Xr ((shm|event|frame|ws|rtc|net)[a-z]*-[a-z-]+|shmcast) ([0-9]).*/\1 \3/p' "$page")
    done
}

@test "shmcast(7) names every program" {
    page=$(mandoc -T ascii "$ROOT/man/shmcast.7" | sed 's/.\x08//g')
    for p in $(programs); do
        grep -qF "$p(1)" <<<"$page"
    done
}

@test "a program links only what it needs" {
    for p in $(programs); do
        libraries=$(objdump -p "$BUILD/$p" | awk '$1 == "NEEDED" { print $2 }')
        echo "$p:" $libraries
        [[ $p == shm-encode || $libraries != *libjpeg* ]]
        [[ $p == *-serve || $libraries != *libwebsockets* ]]
    done
    objdump -p "$BUILD/shm-encode" | grep -q 'NEEDED.*libjpeg'
    objdump -p "$BUILD/ws-serve" | grep -q 'NEEDED.*libwebsockets'
}

@test "only cli.c of the library prints or exits" {
    run -1 grep -nE '\b(printf|fprintf|vfprintf|puts|fputs|perror|exit|_exit|abort)\(' \
        --include='*.[ch]' --exclude='cli.[ch]' --exclude-dir={server,examples} "$ROOT"/lib/ -r
}
