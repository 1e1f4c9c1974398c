#!/usr/bin/env bats
# libshmcast as it is installed: header, names, layout, pkg-config, static and shared.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=scripts
load ../support/helper

setup_file() {
    # A path with a blank.
    export PREFIX="$BATS_FILE_TMPDIR/a prefix"
    make -s -C "$ROOT" BUILD="$BUILD" install PREFIX="$PREFIX"
    export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
}

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
}

flags() { # OPTIONS of pkg-config: the flags, unquoted, in the array FLAGS
    eval "FLAGS=($(pkg-config "$@" shmcast))"
}

# Names of the functions that the header declares.
declared() {
    sed 's,/\*.*\*/,,' "$PREFIX/include/shmcast.h" | grep -oE '\bshmcast_[a-z_]+\(' | tr -d '(' | sort -u
}

@test "the header is C11, C17 and C++17 without a warning, and has no atomics" {
    flags --cflags
    echo '#include <shmcast.h>' >one.c
    cp one.c one.cc
    for std in c11 c17; do
        for cc in gcc clang; do
            clean_run "$cc" -std=$std -Wall -Wextra -Wconversion -pedantic -Werror "${FLAGS[@]}" -c -o /dev/null one.c
        done
    done
    for cxx in g++ clang++; do
        clean_run "$cxx" -std=c++17 -Wall -Wextra -Wconversion -Wold-style-cast -pedantic -Werror "${FLAGS[@]}" \
            -c -o /dev/null one.cc
    done
    run ! grep -n '_Atomic\|stdatomic\|#include "' "$PREFIX/include/shmcast.h"
    [ "$(wc -l <"$PREFIX/include/shmcast.h")" -le 200 ]
    # No other header of ours is installed.
    [ "$(find "$PREFIX/include" -type f)" = "$PREFIX/include/shmcast.h" ]
}

@test "both libraries export what the header declares and nothing else, with versions" {
    declared >header
    [ "$(wc -l <header)" -ge 20 ]
    nm -D --defined-only "$PREFIX/lib/libshmcast.so" | awk '$2 == "T" { print $3 }' >shared
    sed 's/$/@@SHMCAST_0/' header | diff - shared
    nm -g --defined-only "$PREFIX/lib/libshmcast.a" | awk 'NF == 3 { print $3 }' | sort >static
    diff header static
    [ "$(readlink "$PREFIX/lib/libshmcast.so")" = libshmcast.so.0 ]
    objdump -p "$PREFIX/lib/libshmcast.so.0" | grep -q 'SONAME *libshmcast.so.0$'
}

@test "shmcast(3) has every function, with the header's arguments" {
    declared | while read -r name; do
        echo "$name"
        page=$(grep -E "^\.Fn $name( |$)" "$ROOT/man/shmcast.3" | head -n 1 | sed 's/^\.Fn [a-z_]* //; s/" "/, /g; s/"//g')
        head=$(tr '\n' ' ' <"$PREFIX/include/shmcast.h" | grep -oE "\b$name\([^)]*\)" | sed 's/[^(]*(//; s/)//; s/  */ /g')
        [ "$page" = "$head" ]
    done
}

@test "the library does not print, exit, change signals or read the locale" {
    nm -D --undefined-only "$PREFIX/lib/libshmcast.so" | awk '{ sub(/@.*/, "", $NF); print $NF }' >used
    [ "$(wc -l <used)" -ge 30 ]
    run ! grep -xE '_?exit|quick_exit|abort|v?d?f?printf|__v?fprintf_chk|puts|putchar|perror|f(puts|write|open)|write' used
    run ! grep -xE 'sig.*|signal|raise|kill|pthread_(create|kill|sigmask)|fork|exec.*|system' used
    run ! grep -xE 'setlocale|newlocale|uselocale|localeconv|strto[df]|atof|v?s?scanf|getenv|setenv' used
    # nothing but the C library is needed
    run ! grep -vE 'libc\.so|ld-linux|libm\.so' <(objdump -p "$PREFIX/lib/libshmcast.so" | awk '$1 == "NEEDED"')
}

# Offset and size of each field, size of each structure, value of each name.
layout() { # HEADER
    python3 - "$1" <<'PY' >layout.c
import re, sys
text = re.sub(r"/\*.*?\*/", "", open(sys.argv[1]).read(), flags=re.S)
print('#include <shmcast.h>\n#include <stdio.h>\nint main(void) {')
for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", text, re.S | re.M):
    print(f'printf("{name} %zu bytes\\n", sizeof(struct {name}));')
    for declaration in filter(str.strip, body.split(";")):
        kind, fields = re.match(r"\s*(\w+) (.*)", declaration, re.S).groups()
        for field in fields.split(","):
            field = field.strip().lstrip("*").split("[")[0]
            member = f"((struct {name} *)0)->{field}"
            print(f'printf("{name}.{field} {kind} at %zu, %zu bytes\\n", '
                  f'__builtin_offsetof(struct {name}, {field}), sizeof({member}));')
for name, body in re.findall(r"^enum (\w+) \{(.*?)\};", text, re.S | re.M):
    for constant in re.findall(r"\bSHMCAST_\w+", body):
        print(f'printf("{constant} %d\\n", {constant});')
print("}")
PY
    flags --cflags
    cc "${FLAGS[@]}" -o layout layout.c
    ./layout
}

# tests/support/shmcast.abi: a line may be added to it, and none changed or removed, as long as the
# library is libshmcast.so.0.
@test "the binary interface is that of earlier versions" {
    layout "$PREFIX/include/shmcast.h" >now
    declared >>now
    diff "$TESTS/support/shmcast.abi" now
}

@test "the example of shmcast(3) builds by pkg-config, shared and static, and runs" {
    display "file: brightness.c" | sed "s/\"view\"/\"$S\"/" >brightness.c
    flags --cflags --libs
    clean_run cc -std=c11 -Wall -Wextra -Werror -o shared brightness.c "${FLAGS[@]}"
    flags --cflags
    clean_run cc -std=c11 -Wall -Wextra -Werror -o static brightness.c "${FLAGS[@]}" "$PREFIX/lib/libshmcast.a" -pthread -lm
    [ "$(pkg-config --modversion shmcast)" = "$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")" ]
    objdump -p shared | grep -q 'NEEDED *libshmcast.so.0'
    run ! grep -q shmcast <(objdump -p static | grep NEEDED)
    for program in ./shared ./static; do
        bg env LD_LIBRARY_PATH="$PREFIX/lib" "$program"
        wait_until 10 test -e "/dev/shm/$S"
        wait_until 10 blocked "$BG"
        bg shm-encode "$S"
        brightness 127
        event-inject "$S" pointer_move x=0.8 y=0.5
        brightness 204
        clean_run shm-rm -f "$S"
        ends 0 "$BG"
    done
}

# A viewer sees frames of this level in time.
brightness() { # LEVEL
    level=$1 wait_until 20 bright
}

bright() {
    [ "$(shm-read -f jpg "$S" | djpeg -grayscale -pnm | tail -c 1 | od -An -tu1 | tr -d ' ')" = "$level" ]
}

@test "the static library clashes with no names of its user" {
    cat >clash.c <<'C'
#include <shmcast.h>
#include <stdio.h>
int ring_pin(void) { return 1; }
int stream_close(void) { return 2; }
int event_name(void) { return 3; }
int claim_take(void) { return 4; }
int pixfmt_name(void) { return 5; }
int main(void)
{
    printf("%s %d\n", shmcast_event_name(SHMCAST_WHEEL),
           ring_pin() + stream_close() + event_name() + claim_take() + pixfmt_name());
    return 0;
}
C
    flags --cflags
    clean_run cc "${FLAGS[@]}" -o clash clash.c "$PREFIX/lib/libshmcast.a" -pthread -lm
    [ "$(./clash)" = "wheel 15" ]
}
