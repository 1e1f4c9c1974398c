#compdef shm-create shm-write shm-read shm-encode shm-ls shm-rm event-inject event-read frame-gen ws-serve rtc-serve net-layout net-draw net-read
# Completion for zsh. Options and their values come from the help text of each program, names of streams
# from shm-ls, names of events from event-inject.

_shmcast_streams() {
    local -a names
    names=(${(f)"$(shm-ls -j 2>/dev/null | grep -oE '^ *\{"name": *"[^"\\ ]+"' | cut -d '"' -f 4)"})
    compadd -a names
}

# Uses the variable "usage" of its caller.
_shmcast_operands() {
    _shmcast_streams
    [[ $usage != *EVENT' '* ]] || compadd ${${(f)"$(event-inject -l 2>/dev/null)"}%% *}
    [[ $usage != *'[FILE]'* ]] || _files
}

_shmcast() {
    local help usage line short long value about action option
    local -a specs
    help=$(_call_program options ${words[1]} --help 2>/dev/null)
    usage=${help%%$'\n\n'*}
    for line in ${(f)help}; do
        [[ $line =~ '^  (-.|  ).? (--[a-z-]+)( [^ ]+)? +([^ ].*)$' ]] || continue
        short=${match[1]// } long=${match[2]} value=${match[3]# }
        about=${match[4]//[\[\]:]/ } action=
        # The synopsis has the alternatives of some values.
        [[ -n $value && $usage =~ "[[ ](${short:-$long}|$long) ([^] ]*[|][^] ]*)" ]] && action="(${match[2]//|/ })"
        case $value in
        FILE) action=_files ;;
        DIR) action='_files -/' ;;
        NAME*) action=${action:-_shmcast_streams} ;;
        esac
        for option in $short $long; do
            specs+=("($short $long)${option}[$about]${value:+:${value//:/ }:${action:- }}")
        done
    done
    specs+=('*:operand:_shmcast_operands')
    _arguments -S : $specs
}

_shmcast "$@"
