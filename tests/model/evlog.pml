/*
 * The event log of lib/evlog.c: several writers, one at a time, readers with a cursor each, death at
 * every step.
 *
 * The steps are named as in the code. A record is its number (seq) and two words. The content of an
 * event is its writer and its index among that writer's events; `said` keeps the content of each
 * number at the moment when head moved past it.
 *
 * Memory order: as in ring.pml. The words of a record are release stores and acquire loads in the
 * code, so a reader that has seen a new word also sees that seq has changed. The mutant SEQ_LATE
 * shows what would happen otherwise.
 *
 * WRITERS write EACH events each, one at a time; ROOM is the number of records; DEATHS as in
 * ring.pml. A writer that has died starts again after its last acknowledged event.
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
byte lock;                    /* 1 + the owner; evlock.pml models the lock itself */
byte accepted[WRITERS];       /* number of events whose append has returned */
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
        /* evlock_lock */
#ifndef NO_CLAIM
        atomic { lock == 0 -> lock = me + 1 };
#endif
        step(number = head + 1);
        /* mark the record, fill it, number it */
#ifndef SEQ_LATE
        step(seq[at(number)] = 0);
#endif
        step(one[at(number)] = me * 16 + nth);
        step(two[at(number)] = me * 16 + nth);
        step(seq[at(number)] = number);
        /* publish the head: the event is in the log from now on */
        atomic {
            if
            :: said[number - 1] = me * 16 + nth; head = number
            :: deaths > 0 -> deaths--; goto dead
            fi
        };
#ifndef NO_CLAIM
        atomic {
            if
            :: lock = 0
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
        :: lock == me + 1 -> lock = 0 /* taken over, see evlock.pml */
        :: else -> skip
        fi
    };
    number = 0; nth = 0;
    goto alive;
end:
    skip
}

/* Every number is either delivered or counted as lost, so the cursor is all a reader keeps. */
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
            assert(a == said[cursor]); /* the event of this number: in order, once */
            a = 0; b = 0; cursor++; goto on
        };
overrun:
        atomic {
            assert(head - cursor >= ROOM); /* lost only because a writer is a whole log ahead */
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
    /* Every acknowledged event is in the log once; a writer that died before the acknowledgement may
     * have one more there. */
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
