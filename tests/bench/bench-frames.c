/*
 * bench-frames NAME rate SECONDS   <RAW
 * bench-frames NAME delay COUNT    <RAW
 * bench-frames NAME still RATE SECONDS    <RAW
 * bench-frames NAME moving RATE SECONDS    <RAW
 * bench-frames NAME clock RATE SECONDS     <RAW
 *
 * Publishes frames for an encoder at almost no cost of processor time, cache and memory bandwidth:
 * copies the frame on stdin, of the stream's own size and format, into every slot once, and then
 * only publishes slots again.
 *
 * Each frame is shifted against the previous one, except with still.
 *
 * rate: the next frame always waits while one is encoded. Prints packets per second, after a
 * warm-up. delay: one frame at a time. Prints the median time from frame to packet, in ms.
 * still, moving: RATE frames per second.
 * clock: as moving, and the first 16 rows of an rgb24 frame show its time of publication: from left
 * to right 32 squares, the bits of CLOCK_MONOTONIC in us, the highest first, white or black. Reads
 * the packets as well, which makes the encoder run. Exit: 0, or 1 with a message.
 */
#include <unistd.h>
#include "bench.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"

enum { WARM_UP = 5, PATIENCE = 20, PAUSE_NS = 3000000 };

struct feeder {
    struct ring *frames, *packets;
    const uint8_t *pixels;
    struct ring_meta meta;
    bool moving, clock;
    const void *filled[SHMFMT_SLOTS_MAX];
    unsigned slots;
    uint64_t seen; /* packet */
};

static bool is_filled(struct feeder *f, const void *slot)
{
    for (unsigned i = 0; i < f->slots; i++)
        if (f->filled[i] == slot)
            return true;
    if (f->slots < SHMFMT_SLOTS_MAX)
        f->filled[f->slots++] = slot;
    return false;
}

/* The frame, or the frame rotated by a few rows: its second part first. */
static void fill(const struct feeder *f, uint8_t *slot)
{
    size_t bytes = f->meta.bytes, off = f->moving ? bytes / 64 / 16 * 16 * f->slots : 0;
    memcpy(slot, f->pixels + off, bytes - off);
    memcpy(slot + bytes - off, f->pixels, off);
}

static void draw_clock(const struct feeder *f, uint8_t *slot)
{
    enum { SIDE = 16, BITS = 32 };
    uint32_t us = (uint32_t)(monotonic_ns() / 1000);
    for (size_t y = 0; y < SIDE; y++)
        for (unsigned bit = 0; bit < BITS; bit++)
            memset(slot + (y * f->meta.width + bit * SIDE) * 3,
                   us >> (BITS - 1 - bit) & 1 ? 255 : 0, (size_t)SIDE * 3);
}

/* Returns the time of publication. */
static uint64_t publish(struct feeder *f)
{
    struct ring_meta meta = f->meta;
    void *slot = ring_begin(f->frames);
    if (!slot)
        bench_die("frames");
    if (!is_filled(f, slot))
        fill(f, slot);
    if (f->clock)
        draw_clock(f, slot);
    ring_commit(f->frames, &meta);
    return meta.published_ns;
}

/* The next packet's meta. */
static struct ring_meta await_packet(struct feeder *f)
{
    struct timespec until;
    struct ring_view view;
    errno = ETIMEDOUT;
    if (ring_wait(f->packets, f->seen, cli_deadline(PATIENCE, &until)) != 1 ||
        ring_pin(f->packets, f->seen, &view) != 1)
        bench_die("no packets");
    ring_unpin(f->packets);
    f->seen = view.meta.number;
    return view.meta;
}

static void measure_rate(struct feeder *f, double seconds)
{
    struct ring_meta first = {0}, last;
    publish(f);
    for (int n = 0;; n++) {
        publish(f);
        last = await_packet(f);
        if (n <= WARM_UP)
            first = last;
        else if ((double)(last.published_ns - first.published_ns) >= seconds * 1e9)
            break;
    }
    printf("%.3f\n", (double)(last.number - first.number) * 1e9 /
                         (double)(last.published_ns - first.published_ns));
}

static void measure_delay(struct feeder *f, size_t count)
{
    int64_t *ns = bench_alloc(count * sizeof *ns);
    for (size_t i = 0; i < count + WARM_UP; i++) {
        uint64_t at = publish(f);
        uint64_t delay = await_packet(f).published_ns - at;
        if (i >= WARM_UP)
            ns[i - WARM_UP] = (int64_t)delay;
        bench_pause(PAUSE_NS);
    }
    qsort(ns, count, sizeof *ns, bench_order);
    printf("%.3f\n", (double)ns[count / 2] / 1e6);
    free(ns);
}

static void keep_rate(struct feeder *f, double rate, double seconds)
{
    uint64_t at = monotonic_ns(), end = at + (uint64_t)(seconds * 1e9);
    for (; at < end; at += (uint64_t)(1e9 / rate)) {
        cli_sleep_until(at);
        publish(f);
    }
}

int main(int argc, char **argv)
{
    struct feeder f = {0};
    errno = EINVAL;
    if (argc < 4)
        bench_die("NAME rate SECONDS, delay COUNT, still or moving RATE SECONDS");
    struct stream *stream = stream_attach(argv[1], STREAM_WRITE);
    f.frames = stream ? ring_open_writer(stream, RING_FRAMES) : NULL;
    f.packets = f.frames ? ring_open_reader(stream, RING_PACKETS) : NULL;
    if (!f.packets)
        bench_die(argv[1]);
    ring_want(f.packets, true);
    const struct shmfmt_header *h = stream_header(stream);
    size_t bytes;
    uint8_t *pixels = bench_input(&bytes);
    f.pixels = pixels;
    f.meta = (struct ring_meta){
        .bytes = bytes, .width = h->width, .height = h->height, .format = h->format};
    errno = EINVAL;
    if (bytes != pixfmt_bytes(h->format, h->width, h->height))
        bench_die("the frame does not have the stream's size");
    struct ring_stats stats;
    ring_stats(stream, RING_PACKETS, &stats);
    f.seen = stats.published;
    f.clock = !strcmp(argv[2], "clock") && h->format == PIXFMT_RGB24 && h->width >= 512 &&
              h->height >= 16;
    f.moving = strcmp(argv[2], "still") != 0;
    if (!strcmp(argv[2], "rate"))
        measure_rate(&f, atof(argv[3]));
    else if (!strcmp(argv[2], "delay"))
        measure_delay(&f, (size_t)bench_number(argv[3]));
    else if (argc == 5)
        keep_rate(&f, atof(argv[3]), atof(argv[4]));
    free(pixels);
    ring_close(f.packets);
    ring_close(f.frames);
    stream_close(stream);
    return 0;
}
