/*
 * The turn of lib/evlock.c: a word that tells whose it is by his claim, and claims that the kernel
 * drops when their holder dies.
 *
 * The steps have the names of the code. Each claim has two bytes that are locked: LIFE, exclusively
 * by who has the claim and shared by who outlives him, and WATCH, shared by who waits or is about
 * to. A lock of the kernel's is one step, and so is to drop both bytes in one call.
 *
 * WRITERS take the turn ROUNDS times each and then keep their claim without ever writing again, as
 * a server does whose viewers are quiet. Some wait by turn_take; those from TRIERS on ask by
 * turn_try and then turn_await. SEATS claims of their own, and one for those that find none.
 * DEATHS: so many times one dies, at any step, and begins anew. STOPS: so many times one stops for
 * ever at any step, unless it has the turn or is about to see whether it may keep a claim that it
 * has just taken: nobody else may be held up by it. Nor does one stop for ever that has the claim
 * for all such: with SEATS too few, STOPS must be 0.
 *
 * Memory order: the word alone says whose turn it is, and all its changes are compare-and-exchange;
 * what is ordered against it otherwise are the kernel's locks.
 *
 * Never two at once; and nobody waits for ever, which the checker sees as an invalid end state.
 */
#ifndef WRITERS
#define WRITERS 3
#endif
#ifndef TRIERS
#define TRIERS WRITERS
#endif
#ifndef SEATS
#define SEATS 4
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef STOPS
#define STOPS 1
#endif

#ifdef FORGET_AWAITED
#define KEEP_AWAITED 0
#else
#define KEEP_AWAITED 1
#endif

#define NONE 15
#define AWAITED 128
#define claim_of(turn) (((turn) & ~AWAITED) - 1) /* of a turn that isn't 0 */
#define BIT (1 << me)
#define told (seat <= SEATS && has[seat] == me + 1 && turn && claim_of(turn) == seat)

byte turn;
byte has[SEATS + 1];      /* LIFE, exclusive: 1 + who */
byte outlives[SEATS + 1]; /* LIFE, shared: bits */
byte watches[SEATS + 1];  /* WATCH, shared: bits */
byte inside;              /* bits: who lives and has the turn */
byte deaths = DEATHS, stops = STOPS;

#define step(what) atomic { \
    if \
    :: what \
    :: deaths > 0 -> deaths--; goto dead \
    :: stops > 0 && !told && !taking -> stops--; goto stopped \
    fi }

/* turn_pass: compare-and-exchange of the word, and where to go on when it failed. Who waits for a
 * dead one whose claim we have now waits for us. */
#define pass(old, else_) \
    if \
    :: turn == old -> assert(!inside); inside = inside | BIT; \
        turn = (told && KEEP_AWAITED -> turn : seat + 1) \
    :: else -> goto else_ \
    fi

proctype writer(byte me)
{
    byte seat = NONE, seen, other, rounds;
    bit taking;
alive:
    do
    :: rounds == ROUNDS -> break
    :: else ->
        if
        :: seat != NONE -> goto get
        :: else -> seat = 0
        fi;
        /* seat_take: one claim after the other */
        do
        :: seat < SEATS ->
            step(if
                 :: !has[seat] && !outlives[seat] -> has[seat] = me + 1; taking = 1
                 :: else -> goto next
                 fi);
            if
            :: told -> break /* a dead one's turn is ours */
            :: else
            fi;
#ifndef NO_LOOK
            step(other = watches[seat]);
#endif
            if
            :: !other -> break
            :: else -> step(has[seat] = 0; taking = 0)
            fi;
next:
            seat++
        :: seat == SEATS ->
            /* none is free: the one for all such */
            step(!has[SEATS] && !outlives[SEATS] -> has[SEATS] = me + 1);
            break
        od;
        taking = 0;
        other = 0;
get:
        step(seen = turn);
        if
        :: !seen || claim_of(seen) == seat ->
            step(pass(seen, get));
            goto mine
        :: else -> other = claim_of(seen)
        fi;
#ifdef TAKE_LIVING
        step(pass(seen, get));
        goto mine;
#endif
        if
        :: me >= TRIERS ->
            /* turn_try: takes what a dead one has, or is told that it's another's turn */
            step(if
                 :: !has[other] -> outlives[other] = outlives[other] | BIT
                 :: else -> goto await
                 fi);
            step(pass(seen, unwatch));
            goto passed
        :: else
        fi;
await:
        /* turn_outlive */
#ifndef NO_WATCH
        step(watches[other] = watches[other] | BIT);
#endif
        step(if
             :: turn == seen -> turn = turn | AWAITED
             :: else -> goto unwatch
             fi);
        seen = seen | AWAITED;
        step(!has[other] -> outlives[other] = outlives[other] | BIT);
#ifdef PASS_LATE
        step(outlives[other] = outlives[other] & ~BIT; watches[other] = watches[other] & ~BIT);
#endif
        if
        :: me >= TRIERS
        :: else ->
            step(pass(seen, unwatch));
            goto passed
        fi;
unwatch:
        step(outlives[other] = outlives[other] & ~BIT; watches[other] = watches[other] & ~BIT);
        other = 0; seen = 0;
        goto get;
passed:
        step(outlives[other] = outlives[other] & ~BIT; watches[other] = watches[other] & ~BIT);
mine:
        other = 0;
        step(skip); /* writes */
        /* turn_leave: or else the claim goes, and with it the turn to who waits for that */
        seen = seat + 1;
        step(if
             :: turn == seen -> turn = 0; inside = inside & ~BIT; goto left
             :: else
             fi);
#ifdef LEAVE_EARLY
        step(turn = 0; inside = inside & ~BIT);
#endif
#ifndef NO_DROP
        step(has[seat] = 0; inside = inside & ~BIT);
        seat = NONE;
#else
        step(turn = 0; inside = inside & ~BIT);
#endif
left:
        if
        :: seat == SEATS -> step(has[seat] = 0); seat = NONE
        :: else
        fi;
        seen = 0;
        rounds++
    od;
    goto end;
dead:
    atomic { /* the kernel's part */
        if
        :: seat <= SEATS && has[seat] == me + 1 -> has[seat] = 0
        :: else
        fi;
        other = 0;
        do
        :: other > SEATS -> break
        :: else ->
            outlives[other] = outlives[other] & ~BIT;
            watches[other] = watches[other] & ~BIT;
            other++
        od;
        inside = inside & ~BIT;
        seat = NONE; seen = 0; other = 0; taking = 0
    };
    goto alive;
stopped:
end_stopped:
    false;
end:
    skip
}

init {
    atomic {
        byte i = 0;
        do
        :: i == WRITERS -> break
        :: i < WRITERS -> run writer(i); i++
        od
    }
}
