# Completion for bash. Options and their values come from the help text of each program, names of streams
# from shm-ls, names of events from event-inject. Without installation: . scripts/completion.bash

# The streams of this machine. $1: the program, for the folder of its neighbour.
_shmcast_streams() {
    "${1%"${1##*/}"}shm-ls" -j 2>/dev/null | grep -oE '^ *\{"name": *"[^"\\ ]+"' | cut -d '"' -f 4
}

_shmcast() { # PROGRAM WORD PREVIOUS
    local program=$1 word=$2 previous=$3 help usage line short long value='' words='' i
    COMPREPLY=()
    help=$("$program" --help 2>/dev/null) || return 0
    usage=${help%%$'\n\n'*}
    for ((i = 1; i < COMP_CWORD; i++)); do # shm-create NAME -- COMMAND
        [[ ${COMP_WORDS[i]} != -- || $usage != *COMMAND* ]] || return 0
    done
    [[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
    while IFS= read -r line; do
        [[ $line =~ ^\ \ (-.|\ \ ).?\ (--[a-z-]+)(\ [^ ]+)? ]] || continue
        short=${BASH_REMATCH[1]} long=${BASH_REMATCH[2]}
        words+=" $short $long"
        [[ $previous == "$short" || $previous == "$long" ]] || continue
        value=${BASH_REMATCH[3]# }
        # The synopsis has the alternatives of some values.
        [[ $usage =~ [\[\ ]($short|$long)\ ([^]\ ]*\|[^]\ ]*) && -n $value ]] && value=${BASH_REMATCH[2]}
    done <<<"$help"
    case $value in
    *'|'*) words=${value//|/ } ;;
    FILE) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    DIR) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
    NAME*) words=$(_shmcast_streams "$program") ;;
    '')
        if [[ $word != -* ]]; then
            words=$(_shmcast_streams "$program")
            [[ $usage != *'EVENT '* ]] || words+=" $("$program" -l 2>/dev/null | cut -d ' ' -f 1)"
            [[ $usage != *'[FILE]'* ]] || words+=" $(compgen -f -- "$word")"
        fi
        ;;
    *) return 0 ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _shmcast shm-create shm-write shm-read shm-encode shm-ls shm-rm event-inject event-read \
    frame-gen ws-serve rtc-serve net-layout net-draw net-read
