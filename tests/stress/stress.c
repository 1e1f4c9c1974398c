/*
 * stress threads NAME COUNT READERS: one writer and READERS pinning readers as threads on one
 * mapping, so that ThreadSanitizer sees every access. The writer publishes COUNT frames.
 *
 * stress kill NAME COUNT READERS: one writer and READERS readers as processes, which are killed at
 * random and restarted, until COUNT frames are published. The last reader copies and does not pin.
 *
 * stress events NAME COUNT READERS: one thread appends COUNT events in batches, READERS threads
 * read them from the same mapping. A log smaller than COUNT is overrun all the time.
 *
 * stress demand NAME COUNT READERS: one thread publishes frames, one makes packets of them while
 * there is demand and otherwise sleeps, READERS threads want a single packet, COUNT times each. A
 * reader that is not served within a minute has missed a wake-up: the test fails. demand-two: the
 * frames come through another mapping, as from another stream. demand-copy: the readers have no
 * claim.
 *
 * All words of a frame are its number. A word that differs, or a number that decreases, is printed,
 * and the exit status is 1. stdout: one line of counters for the tests.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "claim.h"
#include "evlog.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"

enum { READERS_MAX = 32 };

struct shared {
    _Atomic uint64_t seen[READERS_MAX + 1]; /* the last number that each reader has seen */
    _Atomic uint64_t torn, dropped;
    _Atomic uint64_t back; /* numbers that decreased */
    _Atomic int done;      /* the writer has ended */
};
static struct shared *shared;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "stress: %s: %s\n", what, strerror(errno));
    exit(3);
}

static uint64_t frame_words(const struct stream *stream)
{
    const struct shmfmt_header *h = stream_header(stream);
    return pixfmt_bytes(h->format, h->width, h->height) / 8;
}

/* Publishes a frame, or counts it as dropped. */
static void write_one(const struct stream *stream, struct ring *ring)
{
    const struct shmfmt_header *h = stream_header(stream);
    uint64_t *words = ring_begin(ring), count = frame_words(stream);
    if (!words) {
        if (errno != EAGAIN)
            die("ring_begin");
        atomic_fetch_add(&shared->dropped, 1);
        sched_yield();
        return;
    }
    struct ring_stats now;
    ring_stats(stream, RING_FRAMES, &now);
    for (uint64_t i = 0; i < count; i++)
        words[i] = now.published + 1;
    struct ring_meta meta = {.bytes = pixfmt_bytes(h->format, h->width, h->height),
                             .width = h->width,
                             .height = h->height,
                             .format = h->format};
    ring_commit(ring, &meta);
}

static void check(const struct ring_view *view, unsigned reader)
{
    const uint64_t *words = view->data;
    for (uint64_t i = 0; i < view->meta.bytes / 8; i++)
        if (words[i] != view->meta.number) {
            atomic_fetch_add(&shared->torn, 1);
            fprintf(stderr, "reader %u: word %" PRIu64 " of frame %" PRIu64 " is %" PRIu64 "\n",
                    reader, i, view->meta.number, words[i]);
            break;
        }
    if (view->meta.number <= atomic_load(&shared->seen[reader]))
        atomic_fetch_add(&shared->back, 1);
    atomic_store(&shared->seen[reader], view->meta.number);
}

/* Reads done before the frame, so that the last frame is read too. */
static void read_until_done(struct ring *ring, unsigned reader)
{
    struct ring_view view;
    uint64_t last = 0;
    for (int done = 0; !done;) {
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += 1; /* in case the writer has just ended */
        done = atomic_load(&shared->done);
        if (!done && ring_wait(ring, last, &at) < 0)
            die("ring_wait");
        int got = ring_pin(ring, last, &view);
        if (got < 0)
            die("ring_pin");
        if (got > 0) {
            check(&view, reader);
            last = view.meta.number;
        }
    }
}

struct job {
    struct ring *ring;
    struct stream *stream;
    uint64_t count;
    unsigned reader;
};

static void *reader_thread(void *arg)
{
    struct job *job = arg;
    read_until_done(job->ring, job->reader);
    return NULL;
}

static void run_threads(const char *name, uint64_t count, unsigned readers)
{
    struct stream *stream = stream_attach(name, STREAM_WRITE);
    struct ring *writer = stream ? ring_open_writer(stream, RING_FRAMES) : NULL;
    struct job jobs[READERS_MAX];
    pthread_t threads[READERS_MAX];
    if (!writer)
        die(name);
    for (unsigned i = 0; i < readers; i++) {
        jobs[i] = (struct job){.ring = ring_open_reader(stream, RING_FRAMES), .reader = i};
        if (!jobs[i].ring || pthread_create(&threads[i], NULL, reader_thread, &jobs[i]))
            die("reader");
    }
    for (uint64_t i = 0; i < count; i++)
        write_one(stream, writer);
    atomic_store(&shared->done, 1);
    stream_wake(stream);
    for (unsigned i = 0; i < readers; i++) {
        pthread_join(threads[i], NULL);
        ring_close(jobs[i].ring);
    }
    ring_close(writer);
    stream_close(stream);
}

/* Each event holds its number three times. */
static struct event event_of(uint64_t number)
{
    return (struct event){.time_ns = 1000 + number,
                          .type = EVENT_POINTER_MOVE,
                          .viewer = (uint32_t)number,
                          .dx = (float)(number % 1000)};
}

/* Every event must be correct, or counted as lost. */
static void *event_thread(void *arg)
{
    struct job *job = arg;
    struct event got[64];
    uint64_t cursor = 0, lost, all = 0, seen = 0;
    while (cursor < job->count) {
        size_t n = evlog_read(job->stream, &cursor, got, 64, &lost);
        all += n + lost;
        for (size_t i = 0; i < n; i++) {
            struct event want = event_of(got[i].number);
            if (got[i].time_ns != want.time_ns || got[i].viewer != want.viewer ||
                got[i].dx != want.dx || got[i].type != want.type)
                atomic_fetch_add(&shared->torn, 1);
            if (got[i].number <= seen)
                atomic_fetch_add(&shared->back, 1);
            seen = got[i].number;
        }
        if (n == 0 && cursor < job->count && evlog_wait(job->stream, cursor, NULL) < 0)
            die("evlog_wait");
    }
    atomic_fetch_add(&shared->dropped, all != job->count);
    atomic_store(&shared->seen[job->reader], seen);
    return NULL;
}

static void run_events(const char *name, uint64_t count, unsigned readers)
{
    struct stream *stream = stream_attach(name, STREAM_WRITE);
    struct job jobs[READERS_MAX];
    pthread_t threads[READERS_MAX];
    if (!stream)
        die(name);
    for (unsigned i = 0; i < readers; i++) {
        jobs[i] = (struct job){.stream = stream, .count = count, .reader = i};
        if (pthread_create(&threads[i], NULL, event_thread, &jobs[i]))
            die("reader");
    }
    for (uint64_t done = 0; done < count;) {
        struct event batch[8];
        size_t n = 0;
        while (n < 1 + done % 7 && done + n < count) {
            batch[n] = event_of(done + n + 1);
            n++;
        }
        if (evlog_append(stream, batch, n))
            die("evlog_append");
        done += n;
    }
    for (unsigned i = 0; i < readers; i++)
        pthread_join(threads[i], NULL);
    stream_close(stream);
}

static void *camera_thread(void *arg)
{
    struct job *job = arg;
    while (!atomic_load(&shared->done))
        write_one(job->stream, job->ring);
    return NULL;
}

struct encoder {
    struct ring *in, *out;
};

static void *encoder_thread(void *arg)
{
    struct encoder *e = arg;
    struct ring_view view;
    for (uint64_t after = 0;;) {
        if (ring_wait_demand(e->in, after, e->out, false, NULL) < 0) {
            if (errno != EIDRM)
                die("ring_wait_demand");
            return NULL;
        }
        if (ring_pin(e->in, after, &view) != 1)
            die("ring_pin");
        after = view.meta.number;
        uint64_t *packet = ring_begin(e->out);
        if (packet) {
            *packet = after;
            ring_commit(e->out,
                        &(struct ring_meta){
                            .frame = after, .bytes = sizeof *packet, .width = 1, .height = 1});
        } else if (errno == EAGAIN) {
            atomic_fetch_add(&shared->dropped, 1);
        }
        ring_unpin(e->in);
    }
}

/* Every other demand begins while the encoder certainly sleeps. */
static void *viewer_thread(void *arg)
{
    struct job *job = arg;
    /* Not by ring_stats, which also reads a slot that may be changing. */
    struct shmfmt_ring *packets = stream_at(job->stream, stream_header(job->stream)->packets_at);
    for (uint64_t i = 0; i < job->count; i++) {
        struct timespec at;
        uint64_t published;
        do
            published = atomic_load(&packets->newest) >> 8;
        while (i % 2 && !atomic_load(&packets->asleep) && !ring_wanted(job->ring) &&
               sched_yield() == 0);
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += 60;
        ring_want(job->ring, true);
        if (ring_wait(job->ring, published, &at) != 1)
            die("demand was missed");
        ring_want(job->ring, false);
        atomic_store(&shared->seen[job->reader], i + 1);
    }
    return NULL;
}

/* A reader's ring on a mapping of its own, which finds no free claim. */
static struct stream *attach_without_claim(const char *name, struct job *job)
{
    struct stream *stream = stream_attach(name, STREAM_READ);
    if (!stream)
        die(name);
    job->ring = ring_open_reader(stream, RING_PACKETS);
    return stream;
}

static void run_demand(const char *name, uint64_t count, unsigned readers, bool two, bool copy)
{
    struct stream *stream = stream_attach(name, STREAM_WRITE),
                  *peek = stream_attach(name, STREAM_PEEK);
    struct stream *in = two ? stream_attach(name, STREAM_READ) : stream;
    struct job camera = {.stream = stream}, jobs[READERS_MAX];
    struct encoder encoder;
    pthread_t threads[READERS_MAX + 2];
    if (!stream || !peek || !in)
        die(name);
    camera.ring = ring_open_writer(stream, RING_FRAMES);
    encoder.in = ring_open_reader(in, RING_FRAMES);
    encoder.out = ring_open_writer(stream, RING_PACKETS);
    if (!camera.ring || !encoder.in || !encoder.out ||
        pthread_create(&threads[READERS_MAX], NULL, camera_thread, &camera) ||
        pthread_create(&threads[READERS_MAX + 1], NULL, encoder_thread, &encoder))
        die("writers");
    while (copy && claim_take_reader(stream, CLAIM_ROLE_NONE) >= 0)
        continue;
    for (unsigned i = 0; i < readers; i++) {
        jobs[i] = (struct job){.stream = stream, .count = count, .reader = i};
        if (copy)
            jobs[i].stream = attach_without_claim(name, &jobs[i]);
        else
            jobs[i].ring = ring_open_reader(stream, RING_PACKETS);
        if (!jobs[i].ring || pthread_create(&threads[i], NULL, viewer_thread, &jobs[i]))
            die("reader");
    }
    for (unsigned i = 0; i < readers; i++) {
        pthread_join(threads[i], NULL);
        ring_close(jobs[i].ring);
        if (copy)
            stream_close(jobs[i].stream);
    }
    atomic_store(&shared->done, 1);
    pthread_join(threads[READERS_MAX], NULL);
    if (stream_remove(peek, true)) /* ends the encoder, awake or asleep */
        die("stream_remove");
    pthread_join(threads[READERS_MAX + 1], NULL);
    ring_close(camera.ring);
    ring_close(encoder.in);
    ring_close(encoder.out);
    if (two)
        stream_close(in);
    stream_close(stream);
    stream_close(peek);
}

/* Process 0 writes, the last one reads by copying, the others pin. */
static pid_t start(const char *name, unsigned id, unsigned readers)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    struct stream *stream = stream_attach(name, id == 0 ? STREAM_WRITE : STREAM_READ);
    if (!stream)
        die(name);
    if (id == 0) {
        struct ring *ring = ring_open_writer(stream, RING_FRAMES);
        if (!ring)
            die("writer");
        while (!atomic_load(&shared->done))
            write_one(stream, ring);
        _exit(0);
    }
    /* A reader that finds no free claim copies, as one without write permission does. */
    struct ring *rings[SHMFMT_READERS + 1] = {0};
    int n = 0;
    do
        rings[n++] = ring_open_reader(stream, RING_FRAMES);
    while (id == readers && n <= SHMFMT_READERS);
    for (int i = 0; i < n - 1; i++)
        ring_close(rings[i]);
    atomic_store(&shared->seen[id], 0);
    read_until_done(rings[n - 1], id);
    _exit(0);
}

static void run_kills(const char *name, uint64_t count, unsigned readers)
{
    pid_t pids[READERS_MAX + 1];
    unsigned kills = 0;
    struct ring_stats stats;
    struct stream *stream = stream_attach(name, STREAM_PEEK);
    if (!stream)
        die(name);
    srand(7);
    for (unsigned i = 0; i <= readers; i++)
        pids[i] = start(name, i, readers);
    do {
        unsigned victim = (unsigned)rand() % (readers + 1);
        struct timespec pause = {0, rand() % 3000000};
        nanosleep(&pause, NULL);
        kill(pids[victim], SIGKILL);
        waitpid(pids[victim], NULL, 0);
        kills++;
        pids[victim] = start(name, victim, readers);
        ring_stats(stream, RING_FRAMES, &stats);
    } while (stats.published < count);
    atomic_store(&shared->done, 1);
    for (unsigned i = 0; i <= readers; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        if (status)
            exit(3);
    }
    printf("kills %u ", kills);
    stream_close(stream);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    uint64_t count = strtoull(argv[3], NULL, 10);
    unsigned readers = (unsigned)atoi(argv[4]);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || readers < 1 || readers > READERS_MAX)
        return 2;
    if (!strcmp(argv[1], "threads"))
        run_threads(argv[2], count, readers);
    else if (!strcmp(argv[1], "events"))
        run_events(argv[2], count, readers);
    else if (!strcmp(argv[1], "demand"))
        run_demand(argv[2], count, readers, false, false);
    else if (!strcmp(argv[1], "demand-two"))
        run_demand(argv[2], count, readers, true, false);
    else if (!strcmp(argv[1], "demand-copy"))
        run_demand(argv[2], count, readers, false, true);
    else
        run_kills(argv[2], count, readers);
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < readers; i++) {
        uint64_t seen = atomic_load(&shared->seen[i + (argv[1][0] == 'k')]);
        least = seen < least ? seen : least;
    }
    printf("torn %" PRIu64 " back %" PRIu64 " dropped %" PRIu64 " least-seen %" PRIu64 "\n",
           atomic_load(&shared->torn), atomic_load(&shared->back), atomic_load(&shared->dropped),
           least);
    return atomic_load(&shared->torn) || atomic_load(&shared->back);
}
