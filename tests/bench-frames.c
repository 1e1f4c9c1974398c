/*
 * bench-frames NAME SECONDS <RAW: keeps the newest frame of a stream fresh and measures how fast
 * its packets come: prints packets a second, and how many came.
 *
 * The picture on stdin, of the stream's own size and format, is put into every slot once; from then
 * on slots are only published again, ten thousand a second. So a frame is always waiting, and
 * hardly anything is taken from the encoder's memory bandwidth and cache. The first half second is
 * a warm-up. Exit: 0, 1 with what went wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "pix.h"
#include "ring.h"
#include "seg.h"

enum { PERIOD_NS = 100000, WARM_UP_NS = 500000000 };

struct feeder {
    struct seg *seg;
    struct ring *ring;
    uint8_t *picture;
    size_t bytes;
    const void *filled[LAYOUT_SLOTS_MAX];
    unsigned slots;
};

static bool is_filled(struct feeder *f, const void *slot)
{
    for (unsigned i = 0; i < f->slots; i++)
        if (f->filled[i] == slot)
            return true;
    if (f->slots < LAYOUT_SLOTS_MAX)
        f->filled[f->slots++] = slot;
    return false;
}

static int publish(struct feeder *f)
{
    const struct layout_header *h = seg_header(f->seg);
    struct ring_meta meta = {
        .bytes = f->bytes, .width = h->width, .height = h->height, .format = h->format};
    void *slot = ring_begin(f->ring);
    if (!slot)
        return -1;
    if (!is_filled(f, slot))
        memcpy(slot, f->picture, f->bytes);
    ring_commit(f->ring, &meta);
    return 0;
}

static int publish_until(struct feeder *f, uint64_t end_ns)
{
    for (uint64_t at = cli_now(); at < end_ns; at += PERIOD_NS) {
        if (publish(f) || !cli_sleep_until(at))
            return -1;
        uint64_t now = cli_now();
        if (at < now) /* what was slept through isn't made up for */
            at = now;
    }
    return 0;
}

static int run(struct feeder *f, double seconds)
{
    struct ring_stats before, after;
    uint64_t start = cli_now() + WARM_UP_NS;
    if (publish_until(f, start))
        return -1;
    ring_stats(f->seg, RING_PACKETS, &before);
    if (publish_until(f, start + (uint64_t)(seconds * 1e9)))
        return -1;
    ring_stats(f->seg, RING_PACKETS, &after);
    uint64_t count = after.published - before.published;
    errno = ETIMEDOUT;
    if (!before.published || count < 2)
        return -1;
    /* from the last one before to the last one, so that none is counted in part */
    printf("%.3f %" PRIu64 "\n", (double)count * 1e9 / (double)(after.newest_ns - before.newest_ns),
           count);
    return 0;
}

int main(int argc, char **argv)
{
    struct feeder f = {0};
    int result = -1;
    errno = EINVAL;
    double seconds = argc == 3 ? atof(argv[2]) : 0;
    f.seg = argc == 3 ? seg_attach(argv[1], SEG_WRITE) : NULL;
    f.ring = f.seg ? ring_open_writer(f.seg, RING_FRAMES) : NULL;
    if (f.ring) {
        const struct layout_header *h = seg_header(f.seg);
        f.bytes = pix_bytes(h->format, h->width, h->height);
        f.picture = malloc(f.bytes);
        errno = ENODATA;
        if (f.picture && fread(f.picture, 1, f.bytes, stdin) == f.bytes)
            result = run(&f, seconds);
    }
    if (result)
        fprintf(stderr, "bench-frames: %s\n", strerror(errno));
    ring_close(f.ring);
    seg_close(f.seg);
    free(f.picture);
    return result ? 1 : 0;
}
