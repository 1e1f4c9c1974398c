/*
 * The event-log lock of lib/evlock.c: a word that names the owner's lock slot, and lock slots that
 * the kernel releases when their holder exits.
 *
 * The steps are named as in the code. Two bytes of each slot are locked: HOLDER_BYTE, exclusively by
 * the holder and shared by a process that has awaited the owner's exit, and WAITER_BYTE, shared by
 * waiters as their mark. A lock operation of the kernel is one step, and so is unlocking both bytes
 * in one call.
 *
 * WRITERS take the lock ROUNDS times each and then keep their slot without ever writing again, as a
 * server with idle viewers does. Some wait in evlock_lock; those from TRIERS on use evlock_trylock
 * and then evlock_await_free. There are SLOTS slots, and one shared slot for writers that find none.
 * DEATHS: number of times that a writer dies, at any step, and starts again. STOPS: number of times
 * that a writer stops forever at any step, unless it has the lock or is about to check whether it
 * may keep a slot that it has just taken: it must not block any other writer. A holder of the shared
 * slot does not stop either: with fewer SLOTS than writers, STOPS must be 0.
 *
 * Memory order: only the word decides which writer has the lock, and all its changes are
 * compare-and-exchange. Everything else is ordered by the kernel's locks.
 *
 * Never do two writers have the lock at once, and none waits forever, which the checker reports as an
 * invalid end state.
 */
#ifndef WRITERS
#define WRITERS 3
#endif
#ifndef TRIERS
#define TRIERS WRITERS
#endif
#ifndef SLOTS
#define SLOTS 4
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

#define NONE 15
#define WAITED 128
#define slot_of(word) (((word) & ~WAITED) - 1) /* of a word that is not 0 */
#define BIT (1 << me)
#define named (slot <= SLOTS && holder[slot] == me + 1 && lock && slot_of(lock) == slot)

byte lock;
byte holder[SLOTS + 1];     /* HOLDER_BYTE, exclusive: 1 + the writer */
byte exit_locks[SLOTS + 1]; /* HOLDER_BYTE, shared: bits */
byte marks[SLOTS + 1];      /* WAITER_BYTE, shared: bits */
byte inside;                /* bits: writers that live and have the lock */
byte deaths = DEATHS, stops = STOPS;

#define step(what) atomic { \
    if \
    :: what \
    :: deaths > 0 -> deaths--; goto dead \
    :: stops > 0 && !named && !taking -> stops--; goto stopped \
    fi }

/* take_over: compare-and-exchange of the word, and where to continue if it failed. */
#ifdef CHECK_EARLY
#define taken_word (named && other -> lock : slot + 1)
#else
#define taken_word (slot + 1)
#endif
#define take_over(old, else_) \
    if \
    :: lock == old -> assert(!inside); inside = inside | BIT; lock = taken_word \
    :: else -> goto else_ \
    fi

proctype writer(byte me)
{
    byte slot = NONE, seen, other, rounds;
    bit taking;
alive:
    do
    :: rounds == ROUNDS -> break
    :: else ->
        if
        :: slot != NONE -> goto get
        :: else -> slot = 0
        fi;
        /* take_slot: one slot after the other */
        do
        :: slot < SLOTS ->
            step(if
                 :: !holder[slot] && !exit_locks[slot] -> holder[slot] = me + 1; taking = 1
                 :: else -> goto next
                 fi);
            if
            :: named -> break /* its owner has exited: the lock is ours */
            :: else
            fi;
#ifndef NO_CHECK
            step(other = marks[slot]);
#endif
            if
            :: !other -> break
            :: else -> step(holder[slot] = 0; taking = 0)
            fi;
next:
            slot++
        :: slot == SLOTS ->
            /* no slot is free: the shared one */
            step(!holder[SLOTS] && !exit_locks[SLOTS] -> holder[SLOTS] = me + 1);
            break
        od;
        taking = 0;
        other = 0;
get:
        step(seen = lock);
        if
        :: !seen || slot_of(seen) == slot ->
#ifdef CHECK_EARLY
            step(other = marks[slot]);
#endif
            step(take_over(seen, get));
            if
            :: seen && slot_of(seen) == slot ->
                /* The slot of an owner that has exited: its waiters wait for us now. */
#if !defined FORGET_WAITED && !defined CHECK_EARLY
                step(other = marks[slot]);
                if
                :: other -> step(lock = lock | WAITED)
                :: else
                fi
#endif
            :: else
            fi;
            goto mine
        :: else -> other = slot_of(seen)
        fi;
#ifdef TAKE_LIVING
        step(take_over(seen, get));
        goto mine;
#endif
        if
        :: me >= TRIERS ->
            /* evlock_trylock: takes over the lock of an owner that has exited, or fails */
            step(if
                 :: !holder[other] -> exit_locks[other] = exit_locks[other] | BIT
                 :: else -> goto await
                 fi);
            step(take_over(seen, unmark));
            goto taken
        :: else
        fi;
await:
        /* await_owner_exit */
#ifndef NO_MARK
        step(marks[other] = marks[other] | BIT);
#endif
        step(if
             :: lock == seen -> lock = lock | WAITED
             :: else -> goto unmark
             fi);
        seen = seen | WAITED;
        step(!holder[other] -> exit_locks[other] = exit_locks[other] | BIT);
#ifdef TAKE_OVER_LATE
        step(exit_locks[other] = exit_locks[other] & ~BIT; marks[other] = marks[other] & ~BIT);
#endif
        if
        :: me >= TRIERS
        :: else ->
            step(take_over(seen, unmark));
            goto taken
        fi;
unmark:
        step(exit_locks[other] = exit_locks[other] & ~BIT; marks[other] = marks[other] & ~BIT);
        other = 0; seen = 0;
        goto get;
taken:
        step(exit_locks[other] = exit_locks[other] & ~BIT; marks[other] = marks[other] & ~BIT);
mine:
        other = 0;
        step(skip); /* append */
        /* evlock_unlock: with waiters, dropping the slot also frees the lock */
        seen = slot + 1;
        step(if
             :: lock == seen -> lock = 0; inside = inside & ~BIT; goto unlocked
             :: else
             fi);
#ifdef UNLOCK_EARLY
        step(lock = 0; inside = inside & ~BIT);
#endif
#ifndef NO_DROP
        step(holder[slot] = 0; inside = inside & ~BIT);
        slot = NONE;
#else
        step(lock = 0; inside = inside & ~BIT);
#endif
unlocked:
        if
        :: slot == SLOTS -> step(holder[slot] = 0); slot = NONE
        :: else
        fi;
        seen = 0;
        rounds++
    od;
    goto end;
dead:
    atomic { /* by the kernel */
        if
        :: slot <= SLOTS && holder[slot] == me + 1 -> holder[slot] = 0
        :: else
        fi;
        other = 0;
        do
        :: other > SLOTS -> break
        :: else ->
            exit_locks[other] = exit_locks[other] & ~BIT;
            marks[other] = marks[other] & ~BIT;
            other++
        od;
        inside = inside & ~BIT;
        slot = NONE; seen = 0; other = 0; taking = 0
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
