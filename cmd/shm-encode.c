/*
 * shm-encode: the newest frame of a stream as JPEG, into the stream's packets, another stream's, or
 * stdout.
 *
 * Frames that come while one is being encoded are passed over: the newest is next. While no reader
 * wants packets it sleeps, however many frames come. stdout: JPEGs one after the other with -o -,
 * else nothing. stderr: a line a second with -v.
 * Runs until the stream is removed (exit 0) or a stop signal comes; follows shm-create --replace.
 * Exit: 0, 2 usage, 3 no such stream, busy, stdout full, or a picture that fitted at no quality.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "claim.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "image/jpeg.h"
#include "tool/ratelimit.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"

static const char usage[] = "shm-encode [-q Q] [-S 420|422|444|gray] [-r FPS] [-j THREADS] [-a] "
                            "[-u] [-v] [-o -|STREAM] NAME\n";
static const char help[] =
    "  -q, --quality Q           JPEG quality, 1 to 100 (80)\n"
    "  -S, --sampling MODE       chroma resolution: 420 (the default), 422, 444 or\n"
    "                            gray\n"
    "  -r, --rate FPS            encode at most FPS frames per second\n"
    "  -j, --threads THREADS     encode each frame with THREADS threads, 1 to 64 (1)\n"
    "  -a, --always              encode even while nobody wants packets\n"
    "  -u, --unchanged           skip frames that equal the last one encoded\n"
    "  -v, --verbose             report rate, size and time on standard error\n"
    "  -o, --output -|STREAM     write to standard output, or to the packets of\n"
    "                            STREAM\n";

enum { COMMENT_MAX = 192, THREADS_MAX = 64 };

struct encoder {
    const char *name;   /* of the stream that frames come from */
    const char *target; /* of the one that packets go to, or NULL: stdout */
    int quality_wanted;
    enum jpeg_sampling sampling;
    bool always, skip_unchanged, verbose;

    struct jpeg *jpeg;
    struct stream *in, *out; /* one and the same when both are one stream; out NULL: stdout */
    struct ring *frames, *packets;
    uint64_t seen;       /* number of the last frame looked at */
    uint64_t sequence;   /* of the picture being encoded: its number in the packet ring */
    int quality;         /* that fits */
    bool warned, failed; /* of a picture that didn't fit as wanted; at all */
    uint8_t *room;       /* for stdout */
    size_t room_bytes;
    uint8_t *last; /* the picture that was encoded last; last_meta.bytes 0: none */
    size_t last_room;
    struct ring_meta last_meta;
    struct ratelimit pace;

    uint64_t report_ns, encode_ns, bytes;
    unsigned pictures, skipped, dropped; /* since report_ns */
};

static bool one_stream(const struct encoder *e)
{
    return e->target && !strcmp(e->name, e->target);
}

static void detach_frames(struct encoder *e)
{
    ring_close(e->frames);
    if (e->in != e->out)
        stream_close(e->in);
    e->frames = NULL;
    e->in = NULL;
}

static void detach_packets(struct encoder *e)
{
    ring_close(e->packets);
    if (e->out != e->in)
        stream_close(e->out);
    e->packets = NULL;
    e->out = NULL;
}

static int attach_frames(struct encoder *e)
{
    e->in = stream_attach(e->name, one_stream(e) ? STREAM_WRITE : STREAM_READ);
    if (e->in)
        e->frames = ring_open_reader(e->in, RING_FRAMES);
    e->seen = 0;
    e->last_meta.bytes = 0;
    return e->frames ? 0 : -1;
}

static int attach_packets(struct encoder *e)
{
    e->out = one_stream(e) ? e->in : stream_attach(e->target, STREAM_WRITE);
    if (!e->out)
        return -1;
    e->packets = ring_open_writer(e->out, RING_PACKETS);
    if (!e->packets) {
        struct claim_info by;
        if (errno == EBUSY && claim_holder(e->out, SHMFMT_CLAIM_PACKETS, &by) == 1)
            cli_die(CLI_FAIL,
                    "%s: packets are written by pid %" PRIu32 " (%s) already; end it or "
                    "choose another stream with -o",
                    e->target, by.pid, by.command);
        return -1;
    }
    struct ring_stats stats;
    ring_stats(e->out, RING_PACKETS, &stats);
    e->sequence = stats.published + 1;
    e->quality = e->quality_wanted;
    e->seen = 0; /* nobody has seen a picture there */
    e->last_meta.bytes = 0;
    return 0;
}

/*
 * After a call on one of the streams failed: true when it was replaced and is attached again, or
 * the call was only interrupted; false when it is time to end. What isn't the end of a stream ends
 * the program here.
 */
static bool follow(struct encoder *e, bool frames)
{
    const char *name = frames ? e->name : e->target;
    if (errno == EINTR)
        return !cli_stopped();
    if (errno == EIDRM)
        return false;
    if (errno != ESTALE)
        cli_die_stream(name, errno);
    bool both = one_stream(e);
    if (both || frames)
        detach_frames(e);
    if (both || !frames)
        detach_packets(e);
    if (((both || frames) && attach_frames(e)) || ((both || !frames) && attach_packets(e))) {
        if (errno != ENOENT && errno != EIDRM) /* replaced, and then removed */
            cli_die_stream(name, errno);
        return false;
    }
    return true;
}

static int comment_text(char *out, const struct encoder *e, const struct ring_meta *frame,
                        uint64_t published_ns)
{
    const uint64_t s = 1000000000u;
    return snprintf(out, COMMENT_MAX,
                    "shmcast seq=%" PRIu64 " frame=%" PRIu64 " event=%" PRIu64 " captured=%" PRIu64
                    ".%09" PRIu64 " published=%" PRIu64 ".%09" PRIu64,
                    e->sequence, frame->number, frame->event, frame->captured_ns / s,
                    frame->captured_ns % s, published_ns / s, published_ns % s);
}

/* The comment is written before the picture is encoded; now the time in it is put right. */
static void stamp(const struct encoder *e, const struct ring_meta *frame, void *jpeg, size_t bytes)
{
    char text[COMMENT_MAX];
    size_t length, now = (size_t)comment_text(text, e, frame, monotonic_ns());
    char *comment = jpeg_comment(jpeg, bytes, &length);
    if (comment && length == now) /* else the seconds have just got a digit more */
        memcpy(comment, text, length);
}

static void warn_room(struct encoder *e, const struct ring_meta *frame, size_t room, bool dropped)
{
    const struct shmfmt_header *h = stream_header(e->out);
    cli_warn("%s: a picture of %" PRIu32 "x%" PRIu32 " at quality %d needs more than the %zu bytes "
             "of a packet: %s; shm-create --replace -s %" PRIu32 "x%" PRIu32
             " -f %s -p BYTES %s makes room",
             e->target, frame->width, frame->height, e->quality_wanted, room,
             dropped ? "dropped, it fits at no quality" : "quality lowered", h->width, h->height,
             pixfmt_name(h->format), e->target);
}

/*
 * One picture into room, at half the quality and half again until it fits. The quality that did
 * stays, and rises again when pictures get small. Returns the JPEG's size; 0: it fits at none.
 */
static size_t encode_frame(struct encoder *e, const struct ring_view *view, void *room,
                           size_t room_bytes)
{
    const struct ring_meta *m = &view->meta;
    char comment[COMMENT_MAX];
    uint64_t start = monotonic_ns();
    size_t bytes;
    if (!pixfmt_is_picture(m->format))
        cli_die(CLI_FAIL, "%s: %s", e->name, stream_problem(ENOMSG));
    comment_text(comment, e, m, start);
    for (;;) {
        bytes = jpeg_encode(e->jpeg, view->data, m->width, m->height, m->format, m->flags,
                            e->quality, e->sampling, comment, room, room_bytes);
        if (bytes)
            break;
        if (errno != ENOSPC || !e->out)
            cli_die(CLI_FAIL, "%s: frame %" PRIu64 " can't be encoded: %s", e->name, m->number,
                    strerror(errno));
        bool hopeless = e->quality == 1;
        if (hopeless ? !e->failed : !e->warned)
            warn_room(e, m, room_bytes, hopeless);
        e->warned = true;
        if (hopeless) {
            e->failed = true;
            return 0;
        }
        e->quality /= 2;
    }
    if (e->quality < e->quality_wanted && bytes < room_bytes / 3)
        e->quality = e->quality * 2 < e->quality_wanted ? e->quality * 2 : e->quality_wanted;
    e->encode_ns += monotonic_ns() - start;
    stamp(e, m, room, bytes);
    return bytes;
}

static bool is_unchanged(const struct encoder *e, const struct ring_view *view)
{
    const struct ring_meta *a = &e->last_meta, *b = &view->meta;
    return e->skip_unchanged && a->bytes == b->bytes && a->width == b->width &&
           a->height == b->height && a->format == b->format && a->flags == b->flags &&
           memcmp(e->last, view->data, b->bytes) == 0;
}

/* Memory of at least so many bytes, whatever was in it. */
static uint8_t *need(uint8_t **room, size_t *have, size_t bytes)
{
    if (*have < bytes) {
        free(*room);
        *room = malloc(bytes);
        if (!*room)
            cli_die(CLI_FAIL, "%s", strerror(errno));
        *have = bytes;
    }
    return *room;
}

static void keep(struct encoder *e, const struct ring_view *view)
{
    if (!e->skip_unchanged)
        return;
    memcpy(need(&e->last, &e->last_room, view->meta.bytes), view->data, view->meta.bytes);
    e->last_meta = view->meta;
}

/* The pinned frame into a packet. false when the stream for packets is at its end. */
static bool frame_to_packet(struct encoder *e, const struct ring_view *view)
{
    const struct ring_meta *m = &view->meta;
    void *room = ring_begin(e->packets);
    if (!room && errno == EAGAIN) { /* every slot is being read */
        ring_drop(e->packets);
        e->dropped++;
        return true;
    }
    if (!room)
        return follow(e, false);
    size_t bytes = encode_frame(e, view, room, ring_capacity(e->packets));
    if (!bytes) {
        ring_abort(e->packets);
        ring_drop(e->packets);
        e->dropped++;
        return true;
    }
    struct ring_meta packet = {.frame = m->number,
                               .event = m->event,
                               .captured_ns = m->captured_ns,
                               .bytes = bytes,
                               .width = m->width,
                               .height = m->height};
    ring_commit(e->packets, &packet);
    e->sequence = packet.number + 1;
    e->pictures++;
    e->bytes += bytes;
    keep(e, view);
    return true;
}

/* The pinned frame to stdout. false when a stop signal came. */
static bool frame_to_stdout(struct encoder *e, const struct ring_view *view)
{
    size_t room = jpeg_bound(view->meta.width, view->meta.height);
    e->sequence = view->meta.number;
    size_t bytes = encode_frame(e, view, need(&e->room, &e->room_bytes, room), room);
    keep(e, view);
    ring_unpin(e->frames); /* whoever reads our stdout may take its time */
    if (cli_write(STDOUT_FILENO, e->room, bytes)) {
        if (cli_stopped())
            return false;
        cli_die(CLI_FAIL, "standard output: %s", strerror(errno));
    }
    e->pictures++;
    e->bytes += bytes;
    return true;
}

static void report(struct encoder *e)
{
    uint64_t now = monotonic_ns();
    if (!e->verbose || now - e->report_ns < 1000000000u)
        return;
    double n = e->pictures ? e->pictures : 1;
    cli_warn("%s: %.1f fps, %.1f KB a picture, %.2f ms to encode, %u unchanged, %u dropped",
             e->name, e->pictures * 1e9 / (double)(now - e->report_ns), (double)e->bytes / 1000 / n,
             (double)e->encode_ns / 1e6 / n, e->skipped, e->dropped);
    e->report_ns = now;
    e->encode_ns = e->bytes = 0;
    e->pictures = e->skipped = e->dropped = 0;
}

/* After a picture: sleeps until the next is due. false when a stop signal came. */
static bool pause_after(struct encoder *e, uint64_t taken_ns)
{
    return !e->pace.period_ns ||
           cli_sleep_until(ratelimit_next(&e->pace, taken_ns) + e->pace.period_ns);
}

/* A frame that wasn't looked at yet, once it is wanted. The first one always is, so that there is a
 * picture to be shown at once. As ring_wait. */
static int wait_for_frame(struct encoder *e)
{
    if (!e->target)
        return ring_wait(e->frames, e->seen, NULL);
    return ring_wait_demand(e->frames, e->seen, e->packets, e->always || !e->seen);
}

static void encode_stream(struct encoder *e)
{
    bool go_on = true;
    e->report_ns = monotonic_ns();
    while (go_on && !cli_stopped()) {
        struct ring_view view;
        int got = wait_for_frame(e);
        uint64_t taken_ns = monotonic_ns();
        if (got > 0)
            got = ring_pin(e->frames, e->seen, &view);
        if (got < 0)
            go_on = follow(e, !e->out || stream_alive(e->out) == 0);
        if (got <= 0)
            continue;
        e->seen = view.meta.number;
        bool unchanged = is_unchanged(e, &view);
        if (unchanged && e->out && stream_alive(e->out)) {
            go_on = follow(e, false); /* it isn't in the new one */
        } else if (unchanged) {
            if (e->packets)
                ring_skip(e->packets);
            e->skipped++;
        } else {
            go_on = e->target ? frame_to_packet(e, &view) : frame_to_stdout(e, &view);
        }
        if (e->frames)
            ring_unpin(e->frames);
        report(e);
        if (go_on && !unchanged)
            go_on = pause_after(e, taken_ns);
    }
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"quality", 1, NULL, 'q'},
                                          {"sampling", 1, NULL, 'S'},
                                          {"rate", 1, NULL, 'r'},
                                          {"threads", 1, NULL, 'j'},
                                          {"unchanged", 0, NULL, 'u'},
                                          {"verbose", 0, NULL, 'v'},
                                          {"output", 1, NULL, 'o'},
                                          {"always", 0, NULL, 'a'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct encoder e = {.quality_wanted = 80, .sampling = JPEG_420};
    unsigned threads = 1;
    const char *output = NULL;
    int c, sampling;
    cli_init("shm-encode", usage, help);
    while ((c = getopt_long(argc, argv, "q:S:r:j:auvo:hV", longs, NULL)) != -1)
        switch (c) {
        case 'q':
            e.quality_wanted = (int)cli_number("-q", optarg, 1, 100);
            break;
        case 'S':
            if ((sampling = jpeg_sampling(optarg)) < 0)
                cli_die(CLI_USAGE, "-S %s: must be one of 420 422 444 gray", optarg);
            e.sampling = (enum jpeg_sampling)sampling;
            break;
        case 'r':
            e.pace = ratelimit_per_second(cli_real("-r", optarg, 0.01, 1000));
            break;
        case 'j':
            threads = (unsigned)cli_number("-j", optarg, 1, THREADS_MAX);
            break;
        case 'a':
            e.always = true;
            break;
        case 'u':
            e.skip_unchanged = true;
            break;
        case 'v':
            e.verbose = true;
            break;
        case 'o':
            output = optarg;
            break;
        default:
            cli_option(c);
        }
    e.name = e.target = cli_name(argc, argv);
    e.quality = e.quality_wanted;
    if (output && !strcmp(output, "-"))
        e.target = NULL;
    else if (output && !(e.target = stream_name(output)))
        cli_die_stream(output, EINVAL);

    cli_catch_stop();
    e.jpeg = jpeg_new(threads);
    if (!e.jpeg)
        cli_die(CLI_FAIL, "%u threads: %s", threads, strerror(errno));
    if (attach_frames(&e))
        cli_die_stream(e.name, errno);
    if (e.target && attach_packets(&e))
        cli_die_stream(e.target, errno);
    encode_stream(&e);
    detach_frames(&e);
    detach_packets(&e);
    jpeg_free(e.jpeg);
    free(e.room);
    free(e.last);
    cli_finish(e.failed ? CLI_FAIL : CLI_OK);
}
