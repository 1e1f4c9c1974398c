#!/usr/bin/env bats
# The structure of lib/server: main calls http, http calls stream, none of them calls upwards, and no
# files call each other in a circle. Calls through tables of operations don't count.
bats_require_minimum_version 1.5.0
# bats file_tags=core
load ../support/helper

# Prints "CALLER CALLEE" for each call between files, by the symbols of their objects.
calls() {
    nm "$BUILD/libserver.a" | awk '
        /^[^ ]+\.o:$/ { file = substr($1, 1, length($1) - 3) }
        NF == 3 && $2 ~ /[TDRBC]/ { defined[$3] = file }
        NF == 2 && $1 == "U" { uses[file, $2] = 1 }
        END {
            for (key in uses) {
                split(key, use, SUBSEP)
                if (use[2] in defined && defined[use[2]] != use[1])
                    print use[1], defined[use[2]]
            }
        }' | sort -u
}

# Prints the floor that FILE of lib/server is on: 0 stream, 1 http, 2 main.
floor() { # FILE
    case $(cd "$ROOT/lib/server" && echo {stream,http,.}/"$1".[cS]) in
        *stream/$1.c*) echo 0 ;;
        *http/$1.[cS]*) echo 1 ;;
        *) echo 2 ;;
    esac
}

@test "lib/server: no call goes up, and none in a circle" {
    calls >"$BATS_TEST_TMPDIR/calls"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/calls")" -gt 50 ]
    tsort "$BATS_TEST_TMPDIR/calls" >/dev/null # fails on a circle, and lists its files
    while read -r caller callee; do
        [ "$(floor "$callee")" -le "$(floor "$caller")" ] || echo "$caller calls $callee"
    done <"$BATS_TEST_TMPDIR/calls" >"$BATS_TEST_TMPDIR/up"
    cat "$BATS_TEST_TMPDIR/up"
    [ ! -s "$BATS_TEST_TMPDIR/up" ]
}

@test "lib/server: no header of a floor above is included" {
    run -1 grep -nE '#include "(server/)?(http/|server|names|options|listen|reload)' "$ROOT"/lib/server/stream/*.[ch]
    run -1 grep -nE '#include "(server/[a-z]+|server|names|options|listen|reload)\.h"' "$ROOT"/lib/server/http/*.[ch]
}
