/*
 * bench-slots NAME ring COUNT [READERS]: copies a frame into the stream's slots and publishes it,
 * COUNT times; READERS processes wait for each frame and pin it, and the frames are 2 ms apart, so
 * that all readers sleep each time.
 * bench-slots NAME mark COUNT: the same without the copying; NAME poll COUNT: and each time for a
 * reader that waits in a poll loop. bench-slots NAME copy COUNT: only
 * copies the same bytes into the same number of equal regions of shared memory.
 * bench-slots NAME card COUNT: draws frame-gen's images there. bench-slots NAME compare COUNT:
 * compares the bytes there with the frame, 60 times per second.
 * Prints this process's processor time per frame in µs. Exit: 0, or 1 with a message.
 */
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include "image/testcard.h"

enum { READERS_MAX = 64, PERIOD_NS = 2000000, FRAME_NS = 16666667 };

/* Reads until the stream is removed, or the parent ends. */
static void read_frames(const char *name, int ready)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct stream *stream = stream_attach(name, STREAM_READ);
    struct ring *ring = stream ? ring_open_reader(stream, RING_FRAMES) : NULL;
    struct ring_view view;
    uint64_t seen = 0;
    if (!ring || write(ready, "", 1) != 1)
        bench_die(name);
    while (ring_wait(ring, seen, NULL) == 1)
        if (ring_pin(ring, seen, &view) == 1) {
            seen = view.meta.number;
            ring_unpin(ring);
        }
    _exit(0);
}

static void start_readers(const char *name, pid_t *pids, long count)
{
    int ready[2];
    char byte;
    if (pipe(ready))
        bench_die("pipe");
    for (long i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            bench_die("fork");
        if (!pids[i])
            read_frames(name, ready[1]);
    }
    for (long i = 0; i < count; i++)
        if (read(ready[0], &byte, 1) != 1)
            bench_die("readers");
    close(ready[0]);
    close(ready[1]);
}

/* pixels: NULL publishes slots as they are. */
static double write_ring(struct ring *ring, const struct ring_meta *what, const uint8_t *pixels,
                         long count, bool paced, _Atomic uint64_t *notify)
{
    uint64_t start = 0;
    for (long n = -SHMFMT_SLOTS_MAX; n < count; n++) {
        struct ring_meta meta = *what;
        if (n == 0)
            start = bench_cpu();
        void *slot = ring_begin(ring);
        if (!slot)
            bench_die("no free slot");
        if (pixels)
            memcpy(slot, pixels, meta.bytes);
        if (notify)
            atomic_store(notify, (uint64_t)(n + SHMFMT_SLOTS_MAX + 1));
        ring_commit(ring, &meta);
        if (paced)
            bench_pause(PERIOD_NS);
    }
    return (double)(bench_cpu() - start);
}

/* A descriptor as of such a reader. Without it the kernel has less to do. */
static _Atomic uint64_t *watch(const struct stream *stream, const char *name)
{
    char path[300];
    struct shmfmt_ring *head = stream_at(stream, stream_header(stream)->frames_at);
    int fd = inotify_init1(IN_NONBLOCK);
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    if (fd < 0 || inotify_add_watch(fd, path, IN_ATTRIB) < 0)
        bench_die("inotify");
    return &head->notify;
}

/* The same without a stream: copying, drawing or comparing alone, in equal memory. */
static double bare(const char *how, const struct shmfmt_header *h, const uint8_t *pixels,
                   size_t bytes, long count)
{
    static const struct testcard_pointer nowhere;
    bool draw = !strcmp(how, "card"), compare = !strcmp(how, "compare");
    uint64_t start = 0;
    struct testcard *card = draw ? testcard_new(h->width, h->height, h->format, 0) : NULL;
    uint8_t *memory = mmap(NULL, h->frame_slots * h->frame_bytes, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || (draw && !card))
        bench_die("memory");
    for (long n = -SHMFMT_SLOTS_MAX; n < count; n++) {
        size_t turn = (size_t)(n + SHMFMT_SLOTS_MAX);
        uint8_t *slot = memory + turn % h->frame_slots * h->frame_bytes;
        if (n == 0)
            start = bench_cpu();
        if (draw)
            testcard_draw(card, (uint32_t)turn, &nowhere, slot);
        else if (!compare || n < 0)
            memcpy(slot, pixels, bytes);
        else if (memcmp(slot, pixels, bytes))
            bench_die("differs");
        if (compare && n >= 0)
            bench_pause(FRAME_NS);
        __asm__ volatile("" : : "r"(memory) : "memory");
    }
    testcard_free(card);
    return (double)(bench_cpu() - start);
}

int main(int argc, char **argv)
{
    pid_t pids[READERS_MAX];
    errno = EINVAL;
    if (argc < 4)
        bench_die("NAME ring COUNT [READERS], or NAME mark|poll|copy|card|compare COUNT");
    long count = bench_number(argv[3]), readers = argc > 4 ? bench_number(argv[4]) : 0;
    struct stream *stream = stream_attach(argv[1], STREAM_WRITE);
    struct ring *ring = stream ? ring_open_writer(stream, RING_FRAMES) : NULL;
    if (!ring || readers > READERS_MAX)
        bench_die(argv[1]);
    const struct shmfmt_header *h = stream_header(stream);
    struct ring_meta meta = {.width = h->width, .height = h->height, .format = h->format};
    meta.bytes = pixfmt_bytes(h->format, h->width, h->height);
    uint8_t *pixels = bench_alloc(meta.bytes);
    memset(pixels, 0x5a, meta.bytes);
    start_readers(argv[1], pids, readers);
    bool poll = !strcmp(argv[2], "poll"), mark = poll || !strcmp(argv[2], "mark");
    double ns = mark || !strcmp(argv[2], "ring")
                    ? write_ring(ring, &meta, mark ? NULL : pixels, count, argc > 4,
                                 poll ? watch(stream, argv[1]) : NULL)
                    : bare(argv[2], h, pixels, meta.bytes, count);
    printf("%.3f\n", ns / (double)count / 1000);
    for (long i = 0; i < readers; i++)
        kill(pids[i], SIGTERM);
    for (long i = 0; i < readers; i++)
        waitpid(pids[i], NULL, 0);
    free(pixels);
    ring_close(ring);
    stream_close(stream);
    return 0;
}
