/* JPEGs, which become packets as they are, but for their comment and missing Huffman tables. */
#include "writer.h"
#include <inttypes.h>
#include <string.h>
#include "image/imghead.h"
#include "image/jpegcomment.h"
#include "image/jpegreader.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "stream.h"
#include "tool/cli.h"

#define SHIFT_NS UINT64_C(60000000000)

/*
 * The difference between our clock and that of the machine that the JPEGs come from, apart from the
 * shortest time on the way, which no measurement here separates from it. The least of one or two
 * SHIFT_NS, as clocks drift.
 */
struct shift {
    uint32_t clock; /* that machine's; 0: none yet */
    uint64_t since_ns;
    int64_t least, least_before;
};

struct jpegs {
    struct writer *w;
    struct jpegreader *in;
    struct shift shift;
    uint64_t sequence;           /* number of the next packet */
    unsigned opened;             /* the stream for which sequence and last hold, as w->out.opened */
    unsigned large_opened;       /* the stream for which a JPEG was reported as too large */
    uint64_t damaged, report_at; /* damaged JPEGs, and their number at the next message */

    /* The last packet, in its slot, which is not reused before the next one is published. */
    const uint8_t *last; /* NULL: none */
    size_t last_bytes, last_insert, last_rest;
};

/* The age of a JPEG that arrives now. */
static uint64_t age(struct shift *shift, const struct jpegcomment *comment, uint32_t own_clock,
                    uint64_t now)
{
    if (comment->clock == own_clock)
        return now > comment->captured_ns ? now - comment->captured_ns : 0;
    int64_t difference = (int64_t)(now - comment->published_ns);
    if (shift->clock != comment->clock || !shift->since_ns) {
        *shift = (struct shift){comment->clock, now, difference, difference};
    } else if (now - shift->since_ns > SHIFT_NS) {
        shift->least_before = shift->least;
        shift->least = difference;
        shift->since_ns = now;
    }
    if (difference < shift->least)
        shift->least = difference;
    int64_t least = shift->least < shift->least_before ? shift->least : shift->least_before;
    return (uint64_t)difference - (uint64_t)least + comment->published_ns - comment->captured_ns;
}

/* Sets the pixel aspect that a JFIF header has in its densities, as libjpeg and ffmpeg write it. */
static void take_aspect(struct jpegcomment *out, const uint8_t *jpeg)
{
    static const uint8_t jfif[] = {0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0};
    struct image image = {0};
    uint32_t num = (uint32_t)jpeg[14] << 8 | jpeg[15], den = (uint32_t)jpeg[16] << 8 | jpeg[17];
    if (memcmp(jpeg + 2, jfif, sizeof jfif) || jpeg[13] || !num || !den)
        return; /* jpeg[13]: a unit, so the densities are those of a print */
    imghead_aspect(&image, num, den);
    out->aspect_num = image.aspect_num;
    out->aspect_den = image.aspect_den;
}

/* The comment of the packet: times and numbers of the JPEG's own comment, if it has one. */
static struct jpegcomment describe(struct jpegs *j, const uint8_t *jpeg)
{
    const struct jpegscan *scan = &j->in->scan;
    uint64_t now = monotonic_ns();
    const struct jpegcomment *old = &scan->old;
    struct jpegcomment new = {
        .sequence = j->sequence, .frame = j->sequence, .captured_ns = now, .published_ns = now};
    new.clock = jpegcomment_clock(stream_header(j->w->out.stream)->boot_id);
    take_aspect(&new, jpeg);
    if (!scan->comment)
        return new;
    uint64_t then = age(&j->shift, old, new.clock, now);
    new.frame = old->frame;
    new.event = old->event;
    if (old->aspect_num) {
        new.aspect_num = old->aspect_num;
        new.aspect_den = old->aspect_den;
    }
    if (then < now)
        new.captured_ns = now - then;
    return new;
}

/* Whether two packets are equal, except for their comments. */
static bool unchanged(const struct jpegs *j, const uint8_t *packet, size_t bytes, size_t rest)
{
    size_t insert = j->in->scan.insert;
    return j->last && insert == j->last_insert && bytes - rest == j->last_bytes - j->last_rest &&
           !memcmp(packet, j->last, insert) &&
           !memcmp(packet + rest, j->last + j->last_rest, bytes - rest);
}

static bool drop_too_large(struct jpegs *j)
{
    struct writer *w = j->w;
    const struct shmfmt_header *h = stream_header(w->out.stream);
    if (j->large_opened != w->out.opened)
        cli_warn("%s: a %" PRIu32 "x%" PRIu32 " JPEG of %zu bytes needs more than the %zu bytes of "
                 "a packet: dropped; for larger packets: shm-create --replace -s %" PRIu32
                 "x%" PRIu32 " -f %s -p BYTES %s",
                 w->out.name, j->in->scan.width, j->in->scan.height, jpegreader_bytes(j->in),
                 ring_capacity(w->out.ring), h->width, h->height, pixfmt_name(h->format),
                 w->out.name);
    j->large_opened = w->out.opened;
    w->code = CLI_FAIL;
    writer_drop(w);
    return true;
}

/* Also follows shm-create --replace, which may have made a stream with larger packets. */
static bool take_too_large(struct jpegs *j)
{
    void *slot;
    if (!writer_begin(j->w, &slot))
        return false;
    if (slot)
        ring_abort(j->w->out.ring);
    return drop_too_large(j);
}

static bool drop_damaged(struct jpegs *j)
{
    if (++j->damaged >= j->report_at) {
        cli_warn("standard input: a damaged JPEG was dropped: %s; %" PRIu64 " so far",
                 j->in->scan.why, j->damaged);
        j->report_at = j->damaged * 10;
    }
    writer_drop(j->w);
    return true;
}

/* Publishes a JPEG when the rate limit allows. false: time to end. */
static bool take_jpeg(struct jpegs *j, const uint8_t *jpeg)
{
    struct writer *w = j->w;
    const struct jpegscan *scan = &j->in->scan;
    char text[JPEGCOMMENT_MAX];
    void *slot;
    if (!writer_pace(w) || !writer_begin(w, &slot))
        return false;
    if (!slot) {
        writer_drop(w);
        return true;
    }
    if (j->opened != w->out.opened) {
        struct ring_stats stats;
        ring_stats(w->out.stream, RING_PACKETS, &stats);
        j->sequence = stats.published + 1;
        j->opened = w->out.opened;
        j->last = NULL;
    }
    struct jpegcomment comment = describe(j, jpeg);
    size_t length = jpegcomment_text(text, &comment), rest = scan->insert + 4 + length;
    size_t bytes = jpegscan_copy(scan, jpeg, text, length, slot, ring_capacity(w->out.ring));
    if (!bytes) {
        ring_abort(w->out.ring);
        return drop_too_large(j);
    }
    if (w->skip_unchanged && unchanged(j, slot, bytes, rest)) {
        writer_skip(w);
        return true;
    }
    struct ring_meta meta = {.frame = comment.frame,
                             .event = comment.event,
                             .captured_ns = comment.captured_ns,
                             .bytes = bytes,
                             .width = scan->width,
                             .height = scan->height,
                             .aspect_num = comment.aspect_num,
                             .aspect_den = comment.aspect_den};
    writer_commit(w, &meta);
    j->sequence = meta.number + 1;
    j->last = slot;
    j->last_bytes = bytes;
    j->last_insert = scan->insert;
    j->last_rest = rest;
    return true;
}

void write_jpegs(struct writer *w)
{
    struct jpegs j = {.w = w, .in = imgreader_jpegs(w->in), .report_at = 1};
    const uint8_t *jpeg;
    int got = JPEGREADER_JPEG;
    bool go_on = true;
    if (w->bottom_up) {
        cli_warn("--bottom-up: JPEGs cannot be flipped; decode them first, as with ffmpeg");
        w->code = CLI_USAGE;
        return;
    }
    if (!writer_claim(w, RING_PACKETS))
        return;
    while (go_on && !cli_stopped()) {
        got = jpegreader_next(j.in, ring_capacity(w->out.ring), &jpeg);
        if (got == JPEGREADER_JPEG)
            go_on = take_jpeg(&j, jpeg);
        else if (got == JPEGREADER_LARGE)
            go_on = take_too_large(&j);
        else if (got == JPEGREADER_DAMAGED)
            go_on = drop_damaged(&j);
        else
            break;
        writer_report(w);
    }
    if (got < 0)
        writer_read_failed(w);
    else if (got == JPEGREADER_END)
        writer_ended(w);
}
