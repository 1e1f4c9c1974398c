/*
 * Damages a stream as a hostile or broken program can.
 *
 * scribble NAME FROM SEED WRITES SECONDS: writes random bytes at random offsets from FROM on (0:
 * the header too), most of them to control fields, and wakes all sleeping programs, until WRITES
 * writes or SECONDS are over. The same SEED gives the same offsets and bytes.
 * scribble NAME cut header|images|events: truncates the stream to its header, or so that images or
 * event records which it announces are missing, and wakes all programs.
 * scribble NAME flip SEED SECONDS: truncates and restores the stream repeatedly.
 * stdout: "attached" at the start, and the number of writes or rounds. Exit: 0; 3 no such stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "futex.h"
#include "monotonic.h"
#include "shmfmt.h"
#include "pixfmt.h"
#include "support/random.h"
#include "stream.h"

enum { BURSTS = 6, PAUSE_NS = 20000000 };

static struct shmfmt_ring *ring_at(const struct stream *stream, uint64_t offset)
{
    return stream_at(stream, offset);
}

static void wake_all(const struct stream *stream)
{
    const struct shmfmt_header *h = stream_header(stream);
    futex_knock(&ring_at(stream, h->frames_at)->wake);
    futex_knock(&ring_at(stream, h->packets_at)->wake);
    futex_knock(&((struct shmfmt_events *)stream_at(stream, h->events_at))->wake);
}

/* A random offset; small important parts are as likely as large ones. */
static uint64_t random_place(const struct shmfmt_header *h)
{
    const uint64_t rings[] = {h->frames_at, h->packets_at};
    const uint32_t slots[] = {h->frame_slots, h->packet_slots};
    unsigned ring = (unsigned)below(2);
    uint64_t slots_at = rings[ring] + sizeof(struct shmfmt_ring);
    switch (below(9)) {
    case 0:
        return below(192); /* the header's fields */
    case 1:
        return h->claims_at + below(SHMFMT_CLAIMS * sizeof(struct shmfmt_claim));
    case 2:
        return rings[ring] + below(48); /* newest, wake, counters */
    case 3:
        return rings[ring] + 64 + 64 * below(8) + below(12); /* pins */
    case 4:
    case 5:
        return slots_at + sizeof(struct shmfmt_slot) * below(slots[ring]) + below(92);
    case 6:
        return h->events_at + below(24);
    case 7:
        return h->events_at + 64 + below(h->events * sizeof(struct shmfmt_event));
    default:
        return below(h->total_bytes);
    }
}

static void scribble_once(const struct stream *stream, uint64_t from)
{
    const struct shmfmt_header *h = stream_header(stream);
    uint64_t at = random_place(h);
    uint8_t *p = stream_at(stream, at), bytes[8];
    size_t count = (size_t)1 << below(4);
    if (at < from || count > h->total_bytes - at)
        return;
    memcpy(bytes, p, count);
    switch (below(5)) {
    case 0: /* close to the old value */
        bytes[0] = (uint8_t)(bytes[0] + below(5) - 2);
        break;
    case 1:
        memset(bytes, below(2) ? 0xff : 0, count);
        break;
    case 2: /* a small number */
        memset(bytes, 0, count);
        bytes[0] = (uint8_t)below(70);
        break;
    default:
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)random_bits();
    }
    memcpy(p, bytes, count);
}

static void scribble(const struct stream *stream, uint64_t from, uint64_t writes, double seconds)
{
    uint64_t until = monotonic_ns() + (uint64_t)(seconds * 1e9), done = 0;
    while (done < writes && monotonic_ns() < until && !cli_stopped()) {
        /* Single writes too: most programs end at the first damage that they find. */
        for (uint64_t i = UINT64_C(1) << below(BURSTS); i && done < writes; i--, done++)
            scribble_once(stream, from);
        wake_all(stream);
        cli_sleep_until(monotonic_ns() + below(PAUSE_NS));
    }
    printf("%" PRIu64 " writes\n", done);
}

/* Announces a next image that does not exist. */
static void announce(struct shmfmt_ring *ring, const struct shmfmt_header *h, uint32_t format)
{
    struct shmfmt_slot *slot = (struct shmfmt_slot *)(ring + 1);
    uint64_t number = (atomic_load(&ring->newest) >> 8) + 1;
    slot->bytes = pixfmt_bytes(h->format, h->width, h->height);
    slot->width = h->width;
    slot->height = h->height;
    slot->format = format;
    slot->flags = 0;
    atomic_store(&slot->seq, 2 * number);
    atomic_store(&ring->newest, number << 8);
    atomic_fetch_add(&ring->wake, 1);
}

static void cut(const struct stream *stream, const char *where)
{
    const struct shmfmt_header *h = stream_header(stream);
    struct shmfmt_events *log = stream_at(stream, h->events_at);
    bool header = !strcmp(where, "header"), events = !strcmp(where, "events");
    uint64_t keep = header ? SHMFMT_PAGE : events ? h->events_at + SHMFMT_PAGE : h->frame_data_at;
    if (!header && !events) {
        announce(ring_at(stream, h->frames_at), h, h->format);
        announce(ring_at(stream, h->packets_at), h, SHMFMT_PACKET_JPEG);
    }
    if (events) /* announces a full log, of which some records are missing */
        atomic_fetch_add(&log->head, h->events);
    if (ftruncate(stream_fd(stream), (off_t)keep))
        cli_die(CLI_FAIL, "truncate");
    if (!header)
        wake_all(stream);
}

static void flip(const struct stream *stream, double seconds)
{
    uint64_t until = monotonic_ns() + (uint64_t)(seconds * 1e9), rounds = 0;
    size_t bytes = stream_header(stream)->total_bytes;
    uint8_t *whole = malloc(bytes);
    if (!whole)
        cli_die(CLI_FAIL, "%zu bytes", bytes);
    memcpy(whole, stream_at(stream, 0), bytes);
    for (; monotonic_ns() < until && !cli_stopped(); rounds++) {
        if (ftruncate(stream_fd(stream), (off_t)(below(2) ? below(bytes) : below(2) * SHMFMT_PAGE)))
            cli_die(CLI_FAIL, "truncate");
        cli_sleep_until(monotonic_ns() + below(PAUSE_NS));
        if (ftruncate(stream_fd(stream), (off_t)bytes) ||
            pwrite(stream_fd(stream), whole, bytes, 0) != (ssize_t)bytes)
            cli_die(CLI_FAIL, "not restored");
        cli_sleep_until(monotonic_ns() + below(PAUSE_NS));
    }
    free(whole);
    printf("%" PRIu64 " rounds\n", rounds);
}

int main(int argc, char **argv)
{
    cli_init("scribble",
             "scribble NAME FROM SEED WRITES SECONDS\n"
             "scribble NAME cut header|images|events\n"
             "scribble NAME flip SEED SECONDS\n",
             "");
    if (argc < 4 || argc > 6)
        cli_option('?');
    cli_catch_stop();
    struct stream *stream = stream_attach(argv[1], STREAM_PEEK);
    if (!stream || !stream_writable(stream))
        cli_die(CLI_FAIL, "%s: not writable", argv[1]);
    puts("attached");
    fflush(stdout);
    if (argc == 4) {
        cut(stream, argv[3]);
    } else if (argc == 5) {
        random_state = cli_number("SEED", argv[3], 0, UINT64_MAX);
        flip(stream, cli_real("SECONDS", argv[4], 0, 1e6));
    } else {
        random_state = cli_number("SEED", argv[3], 0, UINT64_MAX);
        scribble(stream, cli_number("FROM", argv[2], 0, UINT64_MAX),
                 cli_number("WRITES", argv[4], 0, UINT64_MAX),
                 cli_real("SECONDS", argv[5], 0, 1e6));
    }
    stream_close(stream);
    cli_finish(CLI_OK);
}
