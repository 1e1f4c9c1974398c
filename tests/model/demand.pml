/*
 * Demand in lib/ring.c: readers that want packets, and a writer that makes them from frames and
 * sleeps while nobody does. No wish is ever lost, whoever dies at any step.
 *
 * The steps have the names of the code. A reader sets its bit in wanted, changes demand, wakes
 * (ring_want); it waits on the word wake for a picture as new as what there was to show when it came
 * (ring_wait), or, a snapshot, until the writer isn't asleep (ring_refresh). The writer loads demand
 * and the frames' word, looks at wanted, looks for a frame, sleeps on the one or the other word
 * (ring_wait_demand), and now and then takes back the bits of readers that died.
 *
 * A futex: a word, and who sleeps on it; to sleep is one step with the look at the word, as the
 * kernel has it. Memory order: one step after the other as all see it (sequential consistency), as
 * the code asks for.
 *
 * At the end, when nobody can do anything any more, no living reader may be waiting. FRAMES are
 * published, each reader comes ROUNDS times, DEATHS may happen to readers at any step.
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
#ifndef DEATHS
#define DEATHS 1
#endif

bool wanted[READERS], claimed[READERS]; /* the code has the bits in one word */
bool waiting[READERS];                  /* a living reader that hasn't got what it came for */
bool reading[READERS];                  /* it sleeps on wake */
byte demand, wake, frames_wake;
bool asleep;                            /* as the stream says */
bool on_demand, on_frames;              /* the writer sleeps on this word */
byte frame, shown;                      /* numbers: the newest frame, and that of the newest packet */
byte deaths = DEATHS;

#if READERS == 1
#define anybody wanted[0]
#define wake_readers reading[0] = false
#else
#define anybody (wanted[0] || wanted[1])
#define wake_readers reading[0] = false; reading[1] = false
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
#ifdef LOOK_EARLY
        want = anybody;
#endif
        seen_demand = demand;
        seen_frames = frames_wake;
#ifndef LOOK_EARLY
        want = anybody;
#endif
        work = (frame != shown);
        if
        :: want && work -> /* now and then: ask for those who died */
            if
            :: skip
            :: r = 0;
                do
                :: r == READERS -> break
                :: r < READERS ->
#ifndef REAP_WITHOUT_CLAIM
                    if
                    :: atomic { wanted[r] && !claimed[r] -> claimed[r] = true };
                        wanted[r] = false;
                        claimed[r] = false
                    :: else -> skip
                    fi;
#else
                    if
                    :: wanted[r] && !claimed[r] -> wanted[r] = false
                    :: else -> skip
                    fi;
#endif
                    r++
                od;
                want = anybody
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
            if
            :: atomic { demand == seen_demand -> on_demand = true }
            :: demand != seen_demand
            fi;
end_demand: !on_demand
        fi;
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
        step(wanted[me] = false);
        /* ring_want */
        goal = frame;
#ifdef WANT_LATE
        step(demand++; on_demand = false);
        step(wanted[me] = true);
#else
        step(wanted[me] = true);
#ifndef NO_WAKE
        step(demand++; on_demand = false);
#endif
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
        step(wanted[me] = false);
        claimed[me] = false;
        snapshot = false; goal = 0; seen = 0
    od;
    goto end;
dead:
    waiting[me] = false;
    claimed[me] = false; /* by the kernel; the bit stays */
    snapshot = false; goal = 0; seen = 0;
    goto alive;
end:
    skip
}

/* Nothing can happen any more. */
proctype judge()
{
end:
    timeout ->
#if READERS == 1
    assert(!waiting[0])
#else
    assert(!waiting[0] && !waiting[1])
#endif
}

init {
    byte i;
    atomic {
        run camera();
        run writer();
        run judge();
        i = 0;
        do
        :: i == READERS -> break
        :: i < READERS -> run reader(i); i++
        od
    }
}
