/*
 * shm-encode: encodes the newest frame of a stream as JPEG, into the packets of that stream or
 * another, or to stdout.
 *
 * Frames that arrive during an encoding are skipped, except the newest. While no reader wants
 * packets the encoder sleeps, and frames do not wake it. stdout: concatenated JPEGs with -o -, else
 * nothing. stderr: a line per second with -v.
 * Runs until the stream is removed (exit 0) or a stop signal; follows shm-create --replace.
 * Exit: 0; 2 usage; 3 no such stream, busy, stdout failed, or a frame did not fit at any quality.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "monotonic.h"
#include "tool/cli.h"
#include "image/jpeg.h"
#include "image/jpegcomment.h"
#include "image/jpeghead.h"
#include "tool/ratelimit.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include "tool/scratch.h"
#include "tool/streamreader.h"
#include "tool/streamwriter.h"

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

enum { THREADS_MAX = 64 };

struct encoder {
    const char *name;   /* of the stream with the frames */
    const char *target; /* name of the stream for the packets, NULL: stdout */
    int quality_wanted;
    enum jpeg_sampling sampling;
    bool always, skip_unchanged, verbose;

    struct jpeg *jpeg;
    struct streamreader in;
    struct streamwriter out;
    uint64_t sequence;          /* number of the next packet */
    int quality;                /* in use: quality_wanted, or less so that JPEGs fit */
    bool warned;                /* the quality was lowered */
    bool failed;                /* a frame did not fit at any quality */
    struct scratch room;        /* for stdout */
    struct scratch last;        /* the frame last encoded */
    struct ring_meta last_meta; /* bytes is 0: none */
    struct ratelimit rate;

    uint64_t report_ns; /* time of the last report; the numbers below are since then */
    uint64_t encode_ns, bytes;
    unsigned encoded, skipped, dropped;
};

static bool one_stream(const struct encoder *e)
{
    return e->target && !strcmp(e->name, e->target);
}

static struct ring *frames(const struct encoder *e)
{
    return e->in.rings[RING_FRAMES];
}

static int open_output(struct encoder *e)
{
    int failed = one_stream(e) ? streamwriter_join(&e->out, e->in.stream, e->target, RING_PACKETS)
                               : streamwriter_open(&e->out, e->target, RING_PACKETS);
    if (failed && errno == EBUSY)
        cli_die(CLI_FAIL, "%s: packets are %s; end it or choose another stream with -o", e->target,
                streamwriter_problem(&e->out, errno));
    if (failed)
        return -1;
    struct ring_stats stats;
    ring_stats(e->out.stream, RING_PACKETS, &stats);
    e->sequence = stats.published + 1;
    e->quality = e->quality_wanted;
    e->in.seen[RING_FRAMES] = 0; /* so that the current frame is published there */
    e->last_meta.bytes = 0;
    return 0;
}

/* Attaches the successors of one stream, or of both if they are the same. 0, or -1 with errno. */
static int reattach(struct encoder *e, bool input)
{
    bool both = one_stream(e);
    if (both || !input)
        streamwriter_close(&e->out); /* before the stream that it may have borrowed */
    if (both || input) {
        e->last_meta.bytes = 0;
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
    const char *name = input ? e->name : e->target;
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

static size_t comment_text(char *out, const struct encoder *e, const struct ring_meta *frame,
                           uint64_t published_ns)
{
    const struct stream *stream = e->target ? e->out.stream : e->in.stream;
    const struct jpegcomment comment = {.sequence = e->sequence,
                                        .frame = frame->number,
                                        .event = frame->event,
                                        .captured_ns = frame->captured_ns,
                                        .published_ns = published_ns,
                                        .clock = jpegcomment_clock(stream_header(stream)->boot_id),
                                        .aspect_num = frame->aspect_num,
                                        .aspect_den = frame->aspect_den};
    return jpegcomment_text(out, &comment);
}

/* The comment is written before the frame is encoded: updates its time of publication. */
static void stamp(const struct encoder *e, const struct ring_meta *frame, void *jpeg, size_t bytes)
{
    char text[JPEGCOMMENT_MAX];
    size_t length, now = comment_text(text, e, frame, monotonic_ns());
    char *comment = jpeghead_comment(jpeg, bytes, &length);
    if (comment && length == now) /* not if the seconds have just gained a digit */
        memcpy(comment, text, length);
}

static void warn_room(struct encoder *e, const struct ring_meta *frame, size_t room, bool dropped)
{
    const struct shmfmt_header *h = stream_header(e->out.stream);
    cli_warn("%s: a %" PRIu32 "x%" PRIu32 " frame at quality %d needs more than the %zu bytes of a "
             "packet: %s; for larger packets: shm-create --replace -s %" PRIu32 "x%" PRIu32
             " -f %s -p BYTES %s",
             e->target, frame->width, frame->height, e->quality_wanted, room,
             dropped ? "dropped, it does not fit at any quality" : "quality lowered", h->width,
             h->height, pixfmt_name(h->format), e->target);
}

/*
 * Encodes one frame into room, halving the quality until the JPEG fits. The reduced quality is kept
 * for later frames, and raised again when JPEGs get small. Returns the JPEG's size; 0: it does not
 * fit at any quality.
 */
static size_t encode_frame(struct encoder *e, const struct ring_view *view, void *room,
                           size_t room_bytes)
{
    const struct ring_meta *m = &view->meta;
    const struct image image = ring_image(view);
    char comment[JPEGCOMMENT_MAX];
    uint64_t start = monotonic_ns();
    size_t bytes;
    if (!pixfmt_is_image(m->format))
        cli_die(CLI_FAIL, "%s: %s", e->name, stream_problem(ENOMSG));
    comment_text(comment, e, m, start);
    for (;;) {
        bytes = jpeg_encode(e->jpeg, &image, e->quality, e->sampling, comment, room, room_bytes);
        if (bytes)
            break;
        if (errno != ENOSPC || !e->target)
            cli_die(CLI_FAIL, "%s: frame %" PRIu64 " cannot be encoded: %s", e->name, m->number,
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
    struct ring_view last = {.meta = e->last_meta, .data = e->last.data};
    struct image a = ring_image(&last), b = ring_image(view);
    return e->skip_unchanged && last.meta.bytes && pixfmt_alike(&a, &b) &&
           memcmp(a.data, b.data, view->meta.bytes) == 0;
}

static void *need(struct scratch *scratch, size_t bytes)
{
    void *room = scratch_get(scratch, bytes);
    if (!room)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return room;
}

static void keep(struct encoder *e, const struct ring_view *view)
{
    if (!e->skip_unchanged)
        return;
    memcpy(need(&e->last, view->meta.bytes), view->data, view->meta.bytes);
    e->last_meta = view->meta;
}

/* Encodes the pinned frame into a packet. false: the output stream has ended. */
static bool frame_to_packet(struct encoder *e, const struct ring_view *view)
{
    const struct ring_meta *m = &view->meta;
    void *room = ring_begin(e->out.ring);
    if (!room && errno == EAGAIN) { /* every slot is being read */
        ring_drop(e->out.ring);
        e->dropped++;
        return true;
    }
    if (!room)
        return follow(e, false);
    size_t bytes = encode_frame(e, view, room, ring_capacity(e->out.ring));
    if (!bytes) {
        ring_abort(e->out.ring);
        ring_drop(e->out.ring);
        e->dropped++;
        return true;
    }
    struct ring_meta packet = {.frame = m->number,
                               .event = m->event,
                               .captured_ns = m->captured_ns,
                               .bytes = bytes,
                               .width = m->width,
                               .height = m->height,
                               .aspect_num = m->aspect_num,
                               .aspect_den = m->aspect_den};
    ring_commit(e->out.ring, &packet);
    e->sequence = packet.number + 1;
    e->encoded++;
    e->bytes += bytes;
    keep(e, view);
    return true;
}

/* Encodes the pinned frame to stdout. false: a stop signal came. */
static bool frame_to_stdout(struct encoder *e, const struct ring_view *view)
{
    size_t bound = jpeg_bound(view->meta.width, view->meta.height);
    void *room = need(&e->room, bound);
    e->sequence = view->meta.number;
    size_t bytes = encode_frame(e, view, room, bound);
    keep(e, view);
    ring_unpin(frames(e)); /* the consumer of stdout may be slow */
    if (cli_write(STDOUT_FILENO, room, bytes)) {
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
    if (!e->verbose || now - e->report_ns < 1000000000u)
        return;
    double n = e->encoded ? e->encoded : 1;
    cli_warn("%s: %.1f fps, %.1f KB per frame, %.2f ms to encode, %u unchanged, %u dropped",
             e->name, e->encoded * 1e9 / (double)(now - e->report_ns), (double)e->bytes / 1000 / n,
             (double)e->encode_ns / 1e6 / n, e->skipped, e->dropped);
    e->report_ns = now;
    e->encode_ns = e->bytes = 0;
    e->encoded = e->skipped = e->dropped = 0;
}

/* Sleeps as long as the rate limit requires. false: a stop signal came. */
static bool limit_rate(struct encoder *e, uint64_t taken_ns)
{
    return !e->rate.period_ns ||
           cli_sleep_until(ratelimit_next(&e->rate, taken_ns) + e->rate.period_ns);
}

/* Sleeps until there is a new frame and demand for it. The first frame needs no demand, so that new
 * viewers always find a packet. Returns as ring_wait. */
static int wait_for_frame(struct encoder *e)
{
    uint64_t seen = e->in.seen[RING_FRAMES];
    if (!e->target) {
        ring_want(frames(e), true);
        return ring_wait(frames(e), seen, NULL);
    }
    return ring_wait_demand(frames(e), seen, e->out.ring, e->always || !seen);
}

static void encode_stream(struct encoder *e)
{
    bool go_on = true;
    e->report_ns = monotonic_ns();
    while (go_on && !cli_stopped()) {
        struct ring_view view;
        int got = wait_for_frame(e);
        uint64_t taken_ns = monotonic_ns();
        if (got > 0) {
            got = ring_pin(frames(e), e->in.seen[RING_FRAMES], &view);
            streamreader_report(frames(e), e->name);
        }
        if (got < 0)
            go_on = follow(e, !e->target || stream_alive(e->out.stream) == 0);
        if (got <= 0)
            continue;
        e->in.seen[RING_FRAMES] = view.meta.number;
        bool unchanged = is_unchanged(e, &view);
        if (unchanged && e->target && stream_alive(e->out.stream)) {
            go_on = follow(e, false); /* the new stream does not have this frame */
        } else if (unchanged) {
            if (e->target)
                ring_skip(e->out.ring);
            e->skipped++;
        } else {
            go_on = e->target ? frame_to_packet(e, &view) : frame_to_stdout(e, &view);
        }
        if (frames(e))
            ring_unpin(frames(e));
        report(e);
        if (go_on && !unchanged)
            go_on = limit_rate(e, taken_ns);
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
            e.rate = ratelimit_per_second(cli_real("-r", optarg, 0.01, 1000));
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
    if (streamreader_open(&e.in, e.name,
                          STREAMREADER_FRAMES | (one_stream(&e) ? STREAMREADER_WRITE : 0)))
        cli_die_stream(e.name, errno);
    if (e.target && open_output(&e))
        cli_die_stream(e.target, errno);
    encode_stream(&e);
    streamwriter_close(&e.out);
    streamreader_close(&e.in);
    jpeg_free(e.jpeg);
    free(e.room.data);
    free(e.last.data);
    cli_finish(e.failed ? CLI_FAIL : CLI_OK);
}
