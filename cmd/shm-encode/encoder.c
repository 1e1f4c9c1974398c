#include "encoder.h"
#include "image/jpegcomment.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include "tool/cli.h"
#include "tool/scratch.h"
#include "tool/streamreader.h"
#include "tool/streamwriter.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* State of an unchanged picture. */
enum sharpening {
    SHARPENING_DUE,  /* after a while it is to be sharpened */
    SHARPENING_DONE, /* the newest packet has it sharpened */
    SHARPENING_NEVER /* it cannot be sharpened */
};

struct encoder {
    struct encoder_options o;
    struct picture picture;
    struct streamreader in;
    struct streamwriter out;
    uint64_t sequence;   /* number of the next packet */
    bool warned;         /* the quality was lowered */
    bool failed;         /* a frame did not fit at any quality */
    struct scratch room; /* for stdout */
    uint64_t changed_ns; /* time when the newest frame that differs from the one before was taken */
    enum sharpening sharpening;

    uint64_t report_ns; /* time of the last report; the numbers below are since then */
    uint64_t encode_ns, bytes;
    unsigned encoded, skipped, dropped;
};

static bool one_stream(const struct encoder *e)
{
    return e->o.target && !strcmp(e->o.name, e->o.target);
}

static struct ring *frames(const struct encoder *e)
{
    return e->in.rings[RING_FRAMES];
}

static int open_output(struct encoder *e)
{
    int failed = one_stream(e) ? streamwriter_join(&e->out, e->in.stream, e->o.target, RING_PACKETS)
                               : streamwriter_open(&e->out, e->o.target, RING_PACKETS);
    if (failed && errno == EBUSY)
        cli_die(CLI_FAIL, "%s: packets are %s; end it or choose another stream with -o",
                e->o.target, streamwriter_problem(&e->out, errno));
    if (failed)
        return -1;
    struct ring_stats stats;
    ring_stats(e->out.stream, RING_PACKETS, &stats);
    e->sequence = stats.published + 1;
    e->picture.quality = e->o.base.quality;
    e->in.seen[RING_FRAMES] = 0; /* so that the current frame is published there */
    picture_forget(&e->picture);
    return 0;
}

/* Attaches the successors of one stream, or of both if they are the same. 0, or -1 with errno. */
static int reattach(struct encoder *e, bool input)
{
    bool both = one_stream(e);
    if (both || !input)
        streamwriter_close(&e->out); /* before the stream that it may have borrowed */
    if (both || input) {
        picture_forget(&e->picture);
        if (streamreader_follow(&e->in) < 0)
            return -1;
    }
    return both || !input ? open_output(e) : 0;
}

/*
 * After a failed call on the input or output stream: true when the call was only interrupted, or
 * the stream was replaced and its successor is attached; false when it is time to end. Any other
 * failure ends the program here.
 */
static bool follow(struct encoder *e, bool input)
{
    const char *name = input ? e->o.name : e->o.target;
    if (errno == EINTR)
        return !cli_stopped();
    if (errno == EIDRM)
        return false;
    if (errno != ESTALE)
        cli_die_stream(name, errno);
    if (reattach(e, input) == 0)
        return true;
    if (errno != ENOENT && errno != EIDRM) /* else the successor was removed meanwhile */
        cli_die_stream(name, errno);
    return false;
}

static void warn_room(struct encoder *e, const struct ring_meta *frame, size_t room, bool dropped)
{
    const struct shmfmt_header *h = stream_header(e->out.stream);
    cli_warn("%s: a %" PRIu32 "x%" PRIu32 " frame at quality %d needs more than the %zu bytes of a "
             "packet: %s; for larger packets: shm-create --replace -s %" PRIu32 "x%" PRIu32
             " -f %s -p BYTES %s",
             e->o.target, frame->width, frame->height, e->o.base.quality, room,
             dropped ? "dropped, it does not fit at any quality" : "quality lowered", h->width,
             h->height, pixfmt_name(h->format), e->o.target);
}

static struct jpegcomment comment_of(const struct encoder *e, const struct ring_meta *frame)
{
    const struct stream *stream = e->o.target ? e->out.stream : e->in.stream;
    return (struct jpegcomment){.sequence = e->sequence,
                                .frame = frame->number,
                                .event = frame->event,
                                .captured_ns = frame->captured_ns,
                                .clock = jpegcomment_clock(stream_header(stream)->boot_id),
                                .aspect_num = frame->aspect_num,
                                .aspect_den = frame->aspect_den};
}

/*
 * Encodes one frame into room, halving the quality until the JPEG fits; a sharpened picture has its
 * quality. The reduced quality is kept for later frames, and raised again when JPEGs get small.
 * Returns the JPEG's size; 0: it does not fit.
 */
static size_t encode_frame(struct encoder *e, enum picture_kind kind, const struct ring_view *view,
                           struct picture_room *room)
{
    const struct ring_meta *m = &view->meta;
    const struct image image = ring_image(view);
    struct jpegcomment comment = comment_of(e, m);
    struct picture *p = &e->picture;
    uint64_t start = monotonic_ns();
    size_t bytes;
    for (;;) {
        bytes = picture_encode(p, kind, &image, e->sequence, &comment, room);
        if (bytes)
            break;
        if (errno != ENOSPC || !e->o.target)
            cli_die(CLI_FAIL, "%s: frame %" PRIu64 " cannot be encoded: %s", e->o.name, m->number,
                    strerror(errno));
        if (kind == PICTURE_SHARP)
            return 0;
        bool hopeless = p->quality == 1;
        if (hopeless ? !e->failed : !e->warned)
            warn_room(e, m, room->bytes, hopeless);
        e->warned = true;
        if (hopeless) {
            e->failed = true;
            return 0;
        }
        p->quality /= 2;
    }
    if (p->quality < e->o.base.quality && bytes < room->bytes / 3)
        p->quality = p->quality * 2 < e->o.base.quality ? p->quality * 2 : e->o.base.quality;
    e->encode_ns += monotonic_ns() - start;
    return bytes;
}

static void drop(struct encoder *e)
{
    ring_drop(e->out.ring);
    e->dropped++;
}

/* Encodes the pinned frame into a packet. again: its base picture is in an earlier one. false: the
 * output stream has ended. */
static bool frame_to_packet(struct encoder *e, const struct ring_view *view, enum picture_kind kind,
                            bool again)
{
    const struct ring_meta *m = &view->meta;
    struct picture_room room = {
        .data = ring_begin(e->out.ring), .bytes = ring_capacity(e->out.ring), .tables = true};
    if (!room.data && errno != EAGAIN)
        return follow(e, false);
    if (kind == PICTURE_SHARP)
        e->sharpening = room.data ? SHARPENING_DONE : SHARPENING_NEVER;
    if (!room.data) { /* every slot is being read */
        drop(e);
        return true;
    }
    size_t bytes = encode_frame(e, kind, view, &room);
    if (!bytes && kind == PICTURE_SHARP) {
        e->sharpening = SHARPENING_NEVER;
        bytes = again ? 0 : encode_frame(e, PICTURE_BASE, view, &room);
    }
    if (!bytes) {
        ring_abort(e->out.ring);
        if (!again) {
            drop(e);
            picture_forget(&e->picture); /* its tiles are in no packet */
        }
        return true;
    }
    struct ring_meta packet = {.frame = m->number,
                               .event = m->event,
                               .captured_ns = m->captured_ns,
                               .bytes = bytes,
                               .extra_bytes = (uint32_t)room.extra,
                               .width = m->width,
                               .height = m->height,
                               .aspect_num = m->aspect_num,
                               .aspect_den = m->aspect_den};
    ring_commit(e->out.ring, &packet);
    e->sequence = packet.number + 1;
    e->encoded++;
    e->bytes += bytes;
    return true;
}

/* Encodes the pinned frame to stdout. false: a stop signal came. */
static bool frame_to_stdout(struct encoder *e, const struct ring_view *view)
{
    struct picture_room room = {.bytes = jpeg_bound(view->meta.width, view->meta.height)};
    room.data = scratch_get(&e->room, room.bytes);
    if (!room.data)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    size_t bytes = encode_frame(e, PICTURE_BASE, view, &room);
    ring_unpin(frames(e)); /* the consumer of stdout may be slow */
    if (cli_write(STDOUT_FILENO, room.data, bytes)) {
        if (cli_stopped())
            return false;
        cli_die(CLI_FAIL, "standard output: %s", strerror(errno));
    }
    e->encoded++;
    e->bytes += bytes;
    return true;
}

static void report(struct encoder *e)
{
    uint64_t now = monotonic_ns();
    if (!e->o.verbose || now - e->report_ns < 1000000000u)
        return;
    double n = e->encoded ? e->encoded : 1;
    cli_warn("%s: %.1f fps, %.1f KB per frame, %.2f ms to encode, %u unchanged, %u dropped",
             e->o.name, e->encoded * 1e9 / (double)(now - e->report_ns),
             (double)e->bytes / 1000 / n, (double)e->encode_ns / 1e6 / n, e->skipped, e->dropped);
    e->report_ns = now;
    e->encode_ns = e->bytes = 0;
    e->encoded = e->skipped = e->dropped = 0;
}

/* Sleeps as long as the rate limit requires. false: a stop signal came. */
static bool limit_rate(struct encoder *e, uint64_t taken_ns)
{
    return !e->o.rate.period_ns ||
           cli_sleep_until(ratelimit_next(&e->o.rate, taken_ns) + e->o.rate.period_ns);
}

/* The time when the newest picture is to be sharpened, or 0. */
static uint64_t sharpen_ns(const struct encoder *e)
{
    bool due =
        e->sharpening == SHARPENING_DUE && e->in.seen[RING_FRAMES] && picture_sharpens(&e->picture);
    return due ? e->changed_ns + e->o.still_ns : 0;
}

/* Sleeps until there is a new frame and demand for it: 1; or demand for a sharpened picture, and
 * its time has come: 0. The first frame needs no demand, so that new viewers always find a packet.
 * -1 as ring_wait. */
static int wait_for_frame(struct encoder *e)
{
    uint64_t seen = e->in.seen[RING_FRAMES], due = sharpen_ns(e);
    struct timespec at = {(time_t)(due / 1000000000), (long)(due % 1000000000)};
    if (!e->o.target) {
        ring_want(frames(e), true);
        return ring_wait(frames(e), seen, NULL);
    }
    return ring_wait_demand(frames(e), seen, e->out.ring, e->o.always || !seen, due ? &at : NULL);
}

/* Encodes a new frame. *skipped: it equals the one before. false: time to end. */
static bool take_frame(struct encoder *e, const struct ring_view *view, uint64_t taken_ns,
                       bool *skipped)
{
    const struct image image = ring_image(view);
    if (!pixfmt_is_image(view->meta.format))
        cli_die(CLI_FAIL, "%s: %s", e->o.name, stream_problem(ENOMSG));
    if (!e->o.target)
        e->sequence = view->meta.number;
    int changed = picture_look(&e->picture, &image, e->sequence);
    if (changed < 0)
        cli_die(CLI_FAIL, "%s: %s", e->o.name, strerror(errno));
    if (changed) {
        e->changed_ns = taken_ns;
        e->sharpening = SHARPENING_DUE;
    }
    uint64_t due = sharpen_ns(e);
    bool sharpen = due && taken_ns >= due;
    *skipped = e->o.skip_unchanged && !changed && !sharpen && picture_current(&e->picture);
    if (*skipped && e->o.target && stream_alive(e->out.stream))
        return follow(e, false); /* the new stream does not have this frame */
    if (*skipped) {
        if (e->o.target)
            ring_skip(e->out.ring);
        e->skipped++;
        return true;
    }
    bool sharp = sharpen || (!changed && e->sharpening == SHARPENING_DONE);
    return e->o.target ? frame_to_packet(e, view, sharp ? PICTURE_SHARP : PICTURE_BASE, false)
                       : frame_to_stdout(e, view);
}

static void encode_stream(struct encoder *e)
{
    bool go_on = true;
    e->report_ns = monotonic_ns();
    while (go_on && !cli_stopped()) {
        struct ring_view view;
        int got = wait_for_frame(e);
        uint64_t taken_ns = monotonic_ns(), seen = e->in.seen[RING_FRAMES];
        if (got >= 0) {
            got = ring_pin(frames(e), got ? seen : 0, &view);
            streamreader_report(frames(e), e->o.name);
        }
        if (got < 0)
            go_on = follow(e, !e->o.target || stream_alive(e->out.stream) == 0);
        if (got == 0)
            e->sharpening = SHARPENING_NEVER; /* the newest frame is of an unknown kind */
        if (got <= 0)
            continue;
        e->in.seen[RING_FRAMES] = view.meta.number;
        bool skipped = false;
        if (view.meta.number == seen)
            go_on = frame_to_packet(e, &view, PICTURE_SHARP, true);
        else
            go_on = take_frame(e, &view, taken_ns, &skipped);
        if (frames(e))
            ring_unpin(frames(e));
        report(e);
        if (go_on && !skipped)
            go_on = limit_rate(e, taken_ns);
    }
}

int encoder_run(const struct encoder_options *options)
{
    struct encoder e = {.o = *options};
    e.picture = (struct picture){
        .jpeg = jpeg_new(options->threads),
        .wanted = {[PICTURE_BASE] = options->base, [PICTURE_SHARP] = options->sharp},
        .quality = options->base.quality,
        .damage.always = options->skip_unchanged};
    if (!e.picture.jpeg)
        cli_die(CLI_FAIL, "%u threads: %s", options->threads, strerror(errno));
    if (streamreader_open(&e.in, e.o.name,
                          STREAMREADER_FRAMES | (one_stream(&e) ? STREAMREADER_WRITE : 0)))
        cli_die_stream(e.o.name, errno);
    if (e.o.target && open_output(&e))
        cli_die_stream(e.o.target, errno);
    encode_stream(&e);
    streamwriter_close(&e.out);
    streamreader_close(&e.in);
    picture_free(&e.picture);
    jpeg_free(e.picture.jpeg);
    free(e.room.data);
    return e.failed ? CLI_FAIL : CLI_OK;
}
