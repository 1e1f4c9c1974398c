#!/usr/bin/env bats
# Events from one machine to another by an MQTT broker, mosquitto or NATS, with the lines of shmcast-relay(7).
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# bats file_tags=core
load ../support/helper

setup() {
    common_setup
    cd "$BATS_TEST_TMPDIR"
    PATH=$PATH:/usr/sbin
    PORT=$(free_port)
    # The broker keeps its messages over a restart, in a folder of the user that runs the tests.
    mkdir kept
    printf 'user %s\nlistener %s 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\nmax_queued_messages 0\n' \
        "$(id -un)" "$PORT" "$PWD/kept" >mosquitto.conf
    printf 'listen: 127.0.0.1:%s\nserver_name: broker\njetstream { store_dir: "%s" }\nmqtt { listen: "127.0.0.1:%s" }\n' \
        "$(free_port)" "$PWD/kept" "$PORT" >nats.conf
    clean_run shm-create -s 16x16 "$S"
    clean_run shm-create -s 16x16 "$S2"
}

broker() { # mosquitto or nats
    case $1 in
    mosquitto) bg mosquitto -c mosquitto.conf ;;
    nats) bg nats-server -c nats.conf ;;
    esac
    BROKER=$BG
    wait_listen "$PORT"
}

# The lines of the manual page, on one machine: edge is $S, view is $S2.
lines() { # edge or origin
    display "lines: mqtt" | sed -n "/^# on .*$1/,/&\$/p" |
        sed "s/ edge / $S /; s/event-inject view/event-inject $S2/; s/-h broker/-h 127.0.0.1 -p $PORT/; s/ &\$//" >"$1.sh"
    [ -s "$1.sh" ]
    bg bash "$1.sh"
}

clients() { # number of clients that the broker has
    [ "$(ss -Htn state established "sport = :$PORT" | wc -l)" = "$1" ]
}

# The x of all events of a stream.
events() {
    event-read --from start -t 0 "$1" 2>/dev/null | sed -n 's/.* x=\([^ ]*\) .*/\1/p'
}

has_events() {
    [ "$(events "$S2" | sort -u | wc -l)" -ge "$1" ]
}

moves() { # FIRST LAST
    for i in $(seq "$1" "$2"); do
        echo "pointer_move x=0.$((1000 + i))5 y=0.5"
    done | clean_run event-inject "$S"
}

arrive_in_order() { # BROKER
    broker "$1"
    lines origin
    wait_until 20 clients 1
    lines edge
    wait_until 20 clients 2
    moves 1 500
    wait_until 20 has_events 500
    cmp <(events "$S") <(events "$S2")
    [ "$(events "$S2" | wc -l)" = 500 ]
    # Every kind of event keeps its data, and gets a time of the origin's log.
    event-inject "$S" pointer_down x=0.25 y=0.75 button=1 buttons=1
    event-inject "$S" wheel x=0.5 y=0.5 dx=0 dy=-120
    event-inject "$S" key_down key=ä modifiers=shift
    event-inject "$S" key_up key=ä
    arrived() { event-read --from start -t 0 "$S2" | grep -q '^key_up'; }
    wait_until 20 arrived
    tail_of() { event-read --from start -t 0 "$1" | tail -n 4 | sed 's/ t=.*//'; }
    diff <(tail_of "$S") <(tail_of "$S2")
    run -1 cmp <(event-read --from start -t 0 "$S") <(event-read --from start -t 0 "$S2")
    # Viewers of another edge have other numbers.
    sed 's/&1/\&2/' edge.sh >edge2.sh
    bg bash edge2.sh
    wait_until 20 clients 3
    event-inject "$S" pointer_up x=0.5 y=0.5 button=1 viewer=7
    numbers() { [ "$(event-read --from start -t 0 "$S2" | sed -n 's/.*viewer=\([0-9]*\) .*/\1/p' | sort | xargs)" = "71 72" ]; }
    wait_until 20 numbers
}

wait_while_away() { # BROKER
    broker "$1"
    lines origin
    ORIGIN=$BG
    wait_until 20 clients 1
    lines edge
    wait_until 20 clients 2
    moves 1 10
    wait_until 20 has_events 10
    # The origin's subscriber restarts: the broker keeps the events for it, by the name of -i.
    kill -- "-$ORIGIN"
    ends 143 "$ORIGIN"
    wait_until 20 clients 1
    moves 11 20
    lines origin
    wait_until 20 has_events 20
    # The broker restarts.
    kill -INT "$BROKER"
    ends 0 "$BROKER"
    moves 21 30
    broker "$1"
    wait_until 60 has_events 30
    # The order of those sent again is that of sending; an event may come twice.
    cmp <(events "$S") <(events "$S2" | awk '!seen[$0]++')
}

@test "events arrive in order, each once" {
    arrive_in_order mosquitto
}

@test "while the origin or the broker is away events wait, and none is lost" {
    wait_while_away mosquitto
}

@test "NATS as the broker: events arrive in order, each once" {
    skip_missing nats-server
    arrive_in_order nats
}

@test "NATS as the broker: while the origin or the broker is away events wait, and none is lost" {
    skip_missing nats-server
    wait_while_away nats
}
