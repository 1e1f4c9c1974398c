/*
 * Readers that wait in a poll loop (stream_notify in lib/stream.c). News is never missed, whichever
 * process dies at any step.
 *
 * The steps are those of shmcast-stream(5). A reader empties its inotify descriptor, stores the time in
 * notify, looks for news, and sleeps until the descriptor is readable. A writer publishes, loads notify,
 * changes the object's times, which makes all descriptors readable, and clears notify if it is still
 * the same. Memory order: sequential consistency, as in the code.
 *
 * When no process can take another step, no reader may sleep while notify is clear, or with news that it
 * has not seen, unless a writer has died: the next writer wakes that reader. Each of WRITERS publishes
 * NEWS times. DEATHS: number of deaths, at any step; another process takes over.
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef NEWS
#define NEWS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

byte news;              /* number of the newest image or event */
byte notify;            /* time of a reader; 0: none polls */
byte clock;             /* each look at it shows another time */
bool readable[READERS]; /* the reader's inotify descriptor */
bool sleeping[READERS];
byte seen[READERS];
bool writer_died;
byte deaths = DEATHS;

/* One step, or death before it. */
#define step(what) atomic { if :: what :: deaths > 0 -> deaths--; goto dead fi }

#define change_times readable[0] = true; readable[READERS - 1] = true

proctype writer()
{
    byte published, since;
alive:
    do
    :: published == NEWS -> break
    :: published < NEWS ->
        published++;
#ifdef LOAD_EARLY
        step(since = notify);
        news++;
#else
        news++;
        step(since = notify);
#endif
        if
        :: since != 0 ->
#ifdef CLEAR_FIRST
            step(notify = 0);
            step(change_times)
#else
            step(change_times);
#ifdef CLEAR_ANY
            step(notify = 0)
#else
            step(notify = (notify == since -> 0 : notify))
#endif
#endif
        :: else -> skip
        fi;
        since = 0
    od;
    goto end;
dead:
    writer_died = true;
    since = 0;
    goto alive;
end:
    skip
}

proctype reader(byte me)
{
    byte newest, time;
alive:
    do
    ::
#ifndef EMPTY_LATE
        step(readable[me] = false);
#endif
#ifdef LOOK_EARLY
        step(newest = news);
#endif
#ifdef SAME_TIME
        time = 1;
#else
        atomic { clock++; time = clock };
#endif
        step(notify = time);
#ifndef LOOK_EARLY
        step(newest = news);
#endif
#ifdef EMPTY_LATE
        step(readable[me] = false);
#endif
        time = 0;
        seen[me] = newest;
        newest = 0;
        sleeping[me] = true;
end_poll:
        atomic { readable[me] -> sleeping[me] = false }
    od;
dead:
    newest = 0; time = 0; seen[me] = 0; sleeping[me] = false;
    readable[me] = false; /* the next reader has a descriptor of its own */
    goto alive
}

/* Runs when no process can take another step. */
proctype judge()
{
    byte i;
end:
    timeout ->
    do
    :: i == READERS -> break
    :: i < READERS ->
        assert(!sleeping[i] || notify != 0);
        assert(!sleeping[i] || seen[i] == news || writer_died);
        i++
    od
}

init {
    byte i;
    atomic {
        run judge();
        i = 0;
        do
        :: i == WRITERS -> break
        :: i < WRITERS -> run writer(); i++
        od;
        i = 0;
        do
        :: i == READERS -> break
        :: i < READERS -> run reader(i); i++
        od
    }
}
