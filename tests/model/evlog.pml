/*
 * The event log of lib/evlog.c: several writers by turns, readers with a cursor each, death at
 * every step.
 *
 * The steps have the names of the code. A record is its number (seq) and two words. What an event
 * says is who wrote it and which of his events it is; `said` keeps what stood behind each number
 * when head was moved over it.
 *
 * Memory order: as in ring.pml. The words of a record are release stores and acquire loads in the
 * code, so a reader that saw a new word sees that seq has moved: the model's SEQ_LATE is what would
 * happen otherwise.
 *
 * WRITERS write EACH events each, one at a time; ROOM records; DEATHS as in ring.pml. A writer that
 * died starts again behind the last event that it knows to be accepted.
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#ifndef ROOM
#define ROOM 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define MOST (WRITERS * (EACH + DEATHS) + 1)

byte head;
byte seq[ROOM], one[ROOM], two[ROOM];
byte said[MOST];              /* number - 1: writer * 16 + nth */
byte turn;                    /* 1 + whose it is; how it is taken and left: turn.pml */
byte accepted[WRITERS];       /* nth events whose append returned */
byte finished;
byte deaths = DEATHS;

#define step(what) atomic { if :: what :: deaths > 0 -> deaths--; goto dead fi }
#define at(n) (((n) - 1) % ROOM)

proctype writer(byte me)
{
    byte number, nth;
alive:
    do
    :: accepted[me] == EACH -> break
    :: accepted[me] < EACH ->
        nth = accepted[me];
        /* turn_take */
#ifndef NO_CLAIM
        atomic { turn == 0 -> turn = me + 1 };
#endif
        step(number = head + 1);
        /* mark the record, fill it, number it */
#ifndef SEQ_LATE
        step(seq[at(number)] = 0);
#endif
        step(one[at(number)] = me * 16 + nth);
        step(two[at(number)] = me * 16 + nth);
        step(seq[at(number)] = number);
        /* publish the head: from here on the event is in the log */
        atomic {
            if
            :: said[number - 1] = me * 16 + nth; head = number
            :: deaths > 0 -> deaths--; goto dead
            fi
        };
#ifndef NO_CLAIM
        atomic {
            if
            :: turn = 0
            :: deaths > 0 -> deaths--; goto dead
            fi
        };
#endif
        step(accepted[me]++);
        number = 0; nth = 0
    od;
    finished++;
    goto end;
dead:
    atomic {
        if
        :: turn == me + 1 -> turn = 0 /* taken from it, see turn.pml */
        :: else -> skip
        fi
    };
    number = 0; nth = 0;
    goto alive;
end:
    skip
}

/* Every number is either delivered or counted as lost, so a reader has nothing to keep but its cursor. */
proctype reader()
{
    byte cursor, a, b;
    do
    :: finished == WRITERS && cursor == head -> break
    :: cursor != head ->
        atomic {
            if
            :: head - cursor > ROOM -> cursor = head - ROOM
            :: else -> skip
            fi
        };
        if
        :: seq[at(cursor + 1)] != cursor + 1 -> goto overrun
        :: else -> skip
        fi;
        a = one[at(cursor + 1)];
        b = two[at(cursor + 1)];
#ifndef NO_RECHECK
        if
        :: seq[at(cursor + 1)] != cursor + 1 -> goto overrun
        :: else -> skip
        fi;
#endif
        atomic {
            assert(a == b);            /* whole */
            assert(a == said[cursor]); /* what was accepted under this number: in order, once */
            a = 0; b = 0; cursor++; goto on
        };
overrun:
        atomic {
            assert(head - cursor >= ROOM); /* lost only because a writer is a whole turn ahead */
            a = 0; b = 0; cursor++
        };
on:
        skip
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: i == WRITERS -> break
        :: i < WRITERS -> run writer(i); i++
        od;
        i = 0;
        do
        :: i == READERS -> break
        :: i < READERS -> run reader(); i++
        od
    };
    /* Every event that was accepted is in the log, once; one more may be of a writer that died
     * before it was told. */
    finished == WRITERS;
    d_step {
        byte w, nth, found;
        w = 0;
        do
        :: w == WRITERS -> break
        :: w < WRITERS ->
            nth = 0;
            do
            :: nth == EACH -> break
            :: nth < EACH ->
                found = 0; i = 0;
                do
                :: i == head -> break
                :: i < head ->
                    if
                    :: said[i] == w * 16 + nth -> found++
                    :: else -> skip
                    fi;
                    i++
                od;
                assert(found >= 1 && found <= 1 + DEATHS - deaths);
                nth++
            od;
            w++
        od;
        assert(head >= WRITERS * EACH && head <= WRITERS * EACH + DEATHS - deaths)
    }
}
