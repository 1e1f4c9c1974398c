#!/usr/bin/env bats
# Completion in bash and zsh.
bats_require_minimum_version 1.5.0
# bats file_tags=scripts
load ../support/helper

# Prints what bash offers for the last of the words, as it would at a prompt.
offers() {
    bash -c '
        . "$0"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        compopt() { :; } # works only inside of a real completion
        function=$(complete -p "$1" | sed -E "s/.*-F ([^ ]+) .*/\1/")
        $function "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' "$ROOT/scripts/completion.bash" "$@"
}

@test "bash completes every option of every program" {
    for p in $(make -s --no-print-directory -C "$ROOT" programs); do
        options=$("$p" --help | grep -oE '^  (-.|  ).? --[a-z-]+' | grep -oE -- '-[^ ,]+' | sort)
        echo "$p:" $options
        [ "$(offers "$p" - | sort)" = "$options" ]
    done
    [ "$(offers shm-create --re)" = --replace ]
}

@test "bash completes names of streams, alternatives, events and files" {
    shm-create -s 64x48 "$S"
    shm-create -s 64x48 "$S2"
    [ "$(offers shm-rm "$PREFIX_OF_TEST" | sort)" = "$S"$'\n'"$S2" ]
    [ "$(offers shm-read -f ppm "${S:0:-1}" | sort)" = "$S"$'\n'"$S2" ]
    [ "$(offers frame-gen -o "$S2")" = "$S2" ]
    [ "$(offers ws-serve --control '' | xargs)" = "any first token" ]
    [ "$(offers ws-serve --control = f)" = first ]
    [ "$(offers event-read -f j)" = json ]
    [ "$(offers event-inject "$S" key_d)" = key_down ]
    touch "$BATS_TEST_TMPDIR/a b.pem"
    [ "$(offers ws-serve --tls-cert "$BATS_TEST_TMPDIR/a")" = "$BATS_TEST_TMPDIR/a b.pem" ]
    [ -z "$(offers ws-serve --port '')" ]
    [ -z "$(offers shm-create "$S" -- "$S")" ]
}

@test "a shell without these programs completes nothing, without a message" {
    PATH=/usr/bin:/bin run --separate-stderr offers shm-rm ''
    [ -z "$output$stderr" ]
}

# Prints a line as an interactive zsh has it after a press of Tab at its end.
tabbed() {
    timeout 60 zsh -f "$BATS_TEST_TMPDIR/driver" "$BATS_TEST_TMPDIR/functions" "$1" | tr -d '\r' |
        sed -n 's/^result: *//p'
}

@test "zsh completes options, alternatives, events and names of streams" {
    skip_missing zsh
    shm-create -s 64x48 "$S"
    mkdir "$BATS_TEST_TMPDIR/functions"
    cp "$ROOT/scripts/completion.zsh" "$BATS_TEST_TMPDIR/functions/_shmcast"
    cat >"$BATS_TEST_TMPDIR/driver" <<'EOF'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; print star''ted"
zpty -r shell output '*started*'
zpty -w -n shell "$2"$'\t'
zpty -w -n shell $'\C-a'"print -r -- res''ult: "$'\n'
zpty -r shell output $'*result:*\n*'
print -r -- $output
EOF
    [ "$(tabbed "shm-create --re")" = "shm-create --replace" ]
    [ "$(tabbed "shm-create -s 64x48 --rep")" = "shm-create -s 64x48 --replace" ]
    [ "$(tabbed "ws-serve --control f")" = "ws-serve --control first" ]
    [ "$(tabbed "event-inject $S key_d")" = "event-inject $S key_down" ]
    [ "$(tabbed "shm-rm ${S:0:-1}")" = "shm-rm $S" ]
}
