/*
 * Demand in lib/ring.c: readers that want packets, and a writer that makes them from frames and
 * sleeps without demand. Demand is never missed, whichever process dies at any step.
 *
 * The steps are named as in the code. A reader sets wants in its pin line, stores a value of its own in
 * demand and wakes the writer (ring_want); it clears wants in the same way. It waits on the word wake for an image as new as the newest frame at that time
 * (ring_wait), or for a snapshot until the writer is not asleep (ring_refresh). The writer loads
 * demand and the frames' word, checks wants, checks for a frame, sleeps on one of the two words
 * (ring_wait_demand), and at times clears the pin lines of readers that have died.
 *
 * A futex is a word and its sleepers; checking the word and falling asleep are one step, as in the
 * kernel. Memory order: sequential consistency, as in the code.
 *
 * When no process can take another step, no living reader may be waiting. FRAMES frames are
 * published; each reader begins ROUNDS times, and one that copies WATCHES times; DEATHS: number of deaths
 * of readers, at any step.
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef FRAMES
#define FRAMES 1
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef WATCHES
#define WATCHES 0
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

bool wants[READERS], claimed[READERS];
byte serial[READERS];                   /* survives its reader */
bool locked, watching;                  /* the watch claim, and waiting of its holder */
bool waiting[READERS];                  /* a living reader whose demand has not been served */
bool reading[READERS];                  /* the reader sleeps on wake */
bool watch_reading;                     /* the watcher does */
byte demand, wake, frames_wake;
bool asleep;                            /* shmfmt_ring.asleep */
bool on_demand, on_frames;              /* the writer sleeps on demand, on frames_wake */
byte frame;                             /* number of the newest frame */
byte shown;                             /* number of the frame in the newest packet */
byte deaths = DEATHS;

#if READERS == 1
#define any_wanted (wants[0] || locked)
#define wake_readers reading[0] = false; watch_reading = false
#else
#define any_wanted (wants[0] || wants[1] || locked)
#define wake_readers reading[0] = false; reading[1] = false; watch_reading = false
#endif

/* No value is stored in demand twice. */
#ifdef SAME_DEMAND
#define store_demand demand = 1
#else
#define store_demand demand = serial[me] * READERS + me + 1
#endif

/* One step, or death before it. */
#define step(what) atomic { if :: what :: deaths > 0 -> deaths--; goto dead fi }

proctype camera()
{
    do
    :: frame == FRAMES -> break
    :: frame < FRAMES ->
        frame++;
        atomic { frames_wake++; on_frames = false }
    od
}

proctype writer()
{
    byte seen_demand, seen_frames, r, taken;
    bool want, work;
    do
    ::
#ifdef CHECK_EARLY
        want = any_wanted;
#endif
        seen_demand = demand;
        seen_frames = frames_wake;
#ifndef CHECK_EARLY
        want = any_wanted;
#endif
        work = (frame != shown);
        if
        :: want && work -> /* at times: check for readers that have died */
            if
            :: skip
            :: r = 0;
                do
                :: r == READERS -> break
                :: r < READERS ->
#ifndef REAP_WITHOUT_CLAIM
                    if
                    :: atomic { wants[r] && !claimed[r] -> claimed[r] = true };
                        wants[r] = false;
                        claimed[r] = false
                    :: else -> skip
                    fi;
#else
                    if
                    :: wants[r] && !claimed[r] -> wants[r] = false
                    :: else -> skip
                    fi;
#endif
                    r++
                od;
                want = any_wanted
            fi;
            r = 0
        :: else -> skip
        fi;
        if
        :: want && work ->
            taken = frame;
            shown = taken;
#ifdef WAKE_ASLEEP
            atomic { wake++; wake_readers };
            asleep = false
#else
            asleep = false;
            atomic { wake++; wake_readers }
#endif
        :: want && !work ->
            if
#ifndef NO_ROUSE
            :: asleep -> asleep = false; atomic { wake++; wake_readers }
#endif
            :: else -> skip
            fi;
            if
            :: atomic { frames_wake == seen_frames -> on_frames = true }
            :: frames_wake != seen_frames
            fi;
end_frames: !on_frames
        :: !want ->
            asleep = true;
#ifndef CHECK_ONCE
            if
            :: locked -> goto next
            :: else -> skip
            fi;
#endif
            if
            :: atomic { demand == seen_demand -> on_demand = true }
            :: demand != seen_demand
            fi;
end_demand: !on_demand
        fi;
next:
        want = false; work = false; taken = 0; seen_demand = 0; seen_frames = 0
    od
}

proctype reader(byte me)
{
    byte rounds, goal, seen;
    bool snapshot;
alive:
    do
    :: rounds == ROUNDS -> break
    :: rounds < ROUNDS ->
        rounds++;
        atomic { !claimed[me] -> claimed[me] = true };
        step(wants[me] = false);
#ifdef CLEAR_SERIAL
        serial[me] = 0;
#endif
        /* ring_want */
        goal = frame;
#ifndef WANT_LATE
        step(wants[me] = true);
#endif
        step(serial[me]++);
        step(store_demand);
#ifndef NO_WAKE
        step(on_demand = false);
#endif
#ifdef WANT_LATE
        step(wants[me] = true);
#endif
        if
        :: snapshot = true
        :: snapshot = false
        fi;
        waiting[me] = true;
        do
        :: step(seen = wake);
            if
            :: snapshot && !asleep -> break
            :: !snapshot && shown >= goal -> break
            :: else -> skip
            fi;
            if
            :: atomic { wake == seen -> reading[me] = true }
            :: wake != seen
            fi;
            !reading[me];
            step(skip)
        od;
        waiting[me] = false;
        step(wants[me] = false);
        step(serial[me]++);
        step(store_demand);
        step(on_demand = false);
        claimed[me] = false;
        snapshot = false; goal = 0; seen = 0
    od;
    goto end;
dead:
    waiting[me] = false;
    claimed[me] = false; /* by the kernel; the pin line stays */
    snapshot = false; goal = 0; seen = 0;
    goto alive;
end:
    skip
}

/* A reader that copies takes the watch claim. While the writer may be about to sleep, it tries to wake it,
 * and a moment later again (want_by_lock, ring_sleep). */
proctype watcher()
{
    byte rounds, goal, seen;
    bool unheard, stale;
alive:
    do
    :: rounds == WATCHES -> break
    :: rounds < WATCHES ->
        rounds++;
        goal = frame;
#ifdef KNOCK_EARLY
        step(on_demand = false);
        step(locked = true);
#else
        step(locked = true);
        unheard = true;
#endif
        watching = true;
        do
        :: step(seen = wake);
            if
            :: shown >= goal -> break
            :: else -> skip
            fi;
            if
            :: unheard ->
                step(stale = asleep);
                if
                :: !stale -> unheard = false
                :: stale -> atomic { if :: on_demand -> on_demand = false; unheard = false :: else -> skip fi }
                fi;
#ifdef KNOCK_ONCE
                unheard = false
#endif
            :: else -> skip
            fi;
            if
            :: unheard -> (wake != seen || on_demand || !asleep) /* a moment is over */
            :: !unheard ->
                if
                :: atomic { wake == seen -> watch_reading = true }
                :: wake != seen
                fi;
                !watch_reading
            fi;
            step(skip)
        od;
        watching = false;
        step(locked = false);
        goal = 0; seen = 0; unheard = false; stale = false
    od;
    goto end;
dead:
    watching = false;
    locked = false; /* by the kernel */
    goal = 0; seen = 0; unheard = false; stale = false;
    goto alive;
end:
    skip
}

/* Runs when no process can take another step. */
proctype judge()
{
end:
    timeout ->
#if READERS == 1
    assert(!waiting[0]);
#else
    assert(!waiting[0] && !waiting[1]);
#endif
    assert(!watching)
}

init {
    byte i;
    atomic {
        run camera();
        run writer();
        if
        :: WATCHES > 0 -> run watcher()
        :: else -> skip
        fi;
        run judge();
        i = 0;
        do
        :: i == READERS -> break
        :: i < READERS -> run reader(i); i++
        od
    }
}
