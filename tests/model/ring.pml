/*
 * The ring of slots of lib/ring.c: one writer, pinning readers, a reader that copies, death at every
 * step.
 *
 * The steps are named as in the code. The writer marks a slot busy, checks the pins, fills and
 * publishes; a reader reads newest, pins and rechecks the mark. An image is two halves, each of them
 * the image's number, written and read one after the other.
 *
 * Memory order: sequential consistency, as in the code, where every step except filling is a seq_cst
 * atomic that also orders the filling. The stress tests under ThreadSanitizer check that compiler
 * and machine comply. The mutants MARK_LATE and PIN_LATE do what a missing fence would do.
 *
 * READERS pin, COPIERS copy; there are SLOTS slots, and FRAMES images are published. DEATHS: number
 * of times that a process dies, at any step, and starts again.
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef COPIERS
#define COPIERS 0
#endif
#ifndef SLOTS
#define SLOTS 3
#endif
#ifndef FRAMES
#define FRAMES 4
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

byte newest_number, newest_slot; /* one word in the code: always stored and loaded together */
byte seq[SLOTS];                 /* 2 * number, + 1 while busy */
byte first[SLOTS], second[SLOTS]; /* the two halves of an image */
byte pin[READERS];               /* 1 + slot */
bool claimed[READERS];           /* the kernel's lock */
bool written;                    /* the writer has published its last image */
byte deaths = DEATHS;
byte dropped;

/* One step, or death before it. */
#define step(what) atomic { if :: what :: deaths > 0 -> deaths--; goto dead fi }

#define pinned_by(r, s) (pin[r] == (s) + 1)

proctype writer()
{
    byte slot, r, old, number, holding;
    bool seen, reaped;
alive:
    do
    :: newest_number >= FRAMES -> break
    :: newest_number < FRAMES ->
        reaped = false;
again:
        slot = 0;
        do
        :: slot == SLOTS -> break
        :: slot < SLOTS ->
            if
#ifndef TAKE_NEWEST
            :: newest_number > 0 && slot == newest_slot -> goto next
#endif
            :: else -> skip
            fi;
            /* a quick check, then mark */
            seen = false; r = 0;
            do
            :: r == READERS -> break
            :: r < READERS -> step(seen = (seen || pinned_by(r, slot))); r++
            od;
            if
            :: seen -> goto next
            :: else -> skip
            fi;
            old = seq[slot];
#ifndef MARK_LATE
            step(seq[slot] = old | 1);
#endif
            /* check */
            seen = false; r = 0;
#ifndef NO_CHECK
            do
            :: r == READERS -> break
            :: r < READERS -> step(seen = (seen || pinned_by(r, slot))); r++
            od;
#endif
#ifdef MARK_LATE
            step(seq[slot] = old | 1);
#endif
            if
            :: seen -> step(seq[slot] = old)
            :: else -> goto fill
            fi;
next:
            slot++
        od;
        if
        :: reaped ->
            dropped++;
            /* The image is dropped; the next one is tried when a reader has unpinned. With two slots
             * more than readers this never happens. */
            assert(SLOTS < READERS + 2);
            (pin[0] == 0 || !claimed[0] || (READERS > 1 && (pin[READERS - 1] == 0 || !claimed[READERS - 1])));
            reaped = false; goto again
        :: else ->
            reaped = true; r = 0;
            do
            :: r == READERS -> break
            :: r < READERS && pin[r] == 0 -> r++
            :: r < READERS && pin[r] != 0 ->
                /* reap, holding the dead reader's claim */
#ifndef REAP_WITHOUT_CLAIM
                if
                :: atomic { !claimed[r] -> claimed[r] = true; holding = r + 1 };
                    step(pin[r] = 0);
                    atomic { claimed[r] = false; holding = 0 }
                :: claimed[r] -> skip
                fi;
#else
                if
                :: !claimed[r] -> pin[r] = 0
                :: claimed[r] -> skip
                fi;
#endif
                r++
            od;
            goto again
        fi;
fill:
        number = newest_number + 1;
        step(first[slot] = number);
        step(second[slot] = number);
        /* publish */
        step(seq[slot] = 2 * number);
        step(newest_number = number; newest_slot = slot)
    od;
    written = true;
    goto end;
dead:
    /* Another writer takes the claim, without knowledge of unfinished steps. */
    if
    :: holding > 0 -> claimed[holding - 1] = false; holding = 0
    :: else -> skip
    fi;
    slot = 0; r = 0; old = 0; number = 0; seen = false;
    goto alive;
end:
    skip
}

proctype reader(byte me)
{
    byte number, slot, one, two, last, was;
alive:
    /* takes a claim and clears its last holder's pin */
    atomic { !claimed[me] -> claimed[me] = true };
    pin[me] = 0;
    last = 0;
    do
    :: written && last == newest_number -> break
    :: newest_number != last ->
        atomic { number = newest_number; slot = newest_slot };
        was = number;
#ifndef PIN_LATE
        step(pin[me] = slot + 1);
#endif
#ifndef NO_RECHECK
        atomic {
            if
            :: seq[slot] == 2 * number -> skip
            :: else -> goto moved
            fi
        };
#endif
#ifdef PIN_LATE
        step(pin[me] = slot + 1);
#endif
        step(one = first[slot]);
        step(two = second[slot]);
        assert(one == number && two == number); /* never torn */
        assert(number > last);                  /* never older */
        last = number;
        one = 0; two = 0;
        goto done;
moved:
        assert(newest_number > was);            /* only if there is a newer one: never stuck */
done:
        step(pin[me] = 0);
        number = 0; slot = 0; was = 0
    od;
    claimed[me] = false;
    goto end;
dead:
    claimed[me] = false; /* by the kernel; the pin stays */
    number = 0; slot = 0; one = 0; two = 0; was = 0;
    goto alive;
end:
    skip
}

proctype copier()
{
    byte number, slot, one, two, last;
    do
    :: written && last == newest_number -> break
    :: newest_number != last ->
        atomic { number = newest_number; slot = newest_slot };
        if
        :: seq[slot] == 2 * number ->
            one = first[slot];
            two = second[slot];
#ifndef COPY_UNCHECKED
            if
            :: seq[slot] == 2 * number ->
#endif
                assert(one == number && two == number);
                assert(number > last);
                last = number
#ifndef COPY_UNCHECKED
            :: else -> skip
            fi
#endif
        :: else -> skip
        fi;
        number = 0; slot = 0; one = 0; two = 0
    od
}

init {
    byte i;
    atomic {
        run writer();
        i = 0;
        do
        :: i == READERS -> break
        :: i < READERS -> run reader(i); i++
        od;
        i = 0;
        do
        :: i == COPIERS -> break
        :: i < COPIERS -> run copier(); i++
        od
    }
}
