/*
 * shm-write: reads frames from stdin directly into the slots of a stream.
 *
 * stdin: raw frames, YUV4MPEG2, or concatenated PNM/PAM. Nothing on stdout.
 * Follows shm-create --replace; ends when the stream is removed, or at the end of stdin.
 * A frame that finds no free slot, or is too large for one, is read and dropped.
 * Exit: 0; 2 usage; 3 no such stream, written by another process, malformed or truncated input,
 * frames too large.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "monotonic.h"
#include "tool/scratch.h"
#include "tool/streamwriter.h"
#include "tool/ratelimit.h"
#include "image/imgreader.h"
#include "pixfmt.h"
#include "stream.h"

static const char usage[] = "shm-write [-s WxH] [-f FMT] [--stride BYTES] [--aspect W:H] "
                            "[--matrix bt601|bt709|bt2020] "
                            "[--alpha straight|premultiplied|ignored] [-r FPS] [--bottom-up] "
                            "[--full-range] [-u] [-v] NAME\n";
static const char help[] =
    "  -s, --size WxH            size of raw frames (the stream's)\n"
    "  -f, --format FMT          pixel format of raw frames (the stream's)\n"
    "      --stride BYTES        bytes per row of raw frames, with padding\n"
    "      --aspect W:H          width and height of a pixel of raw frames (1:1)\n"
    "      --matrix NAME         matrix of YUV: bt601 (the default), bt709 or bt2020\n"
    "      --alpha KIND          alpha of raw frames: straight (the default),\n"
    "                            premultiplied or ignored\n"
    "  -r, --rate FPS            publish at most FPS frames per second\n"
    "      --bottom-up           the first row of each frame is the lowest\n"
    "      --full-range          raw YUV spans 0 to 255 instead of 16 to 235\n"
    "  -u, --unchanged           drop frames that equal the last one published\n"
    "  -v, --verbose             report rates and drops on standard error\n";

struct tally {
    uint64_t at_ns;
    uint64_t published, bytes, dropped, unchanged; /* totals */
};

struct writer {
    struct streamwriter out;
    struct imgreader *in;
    struct ratelimit rate;
    bool skip_unchanged, verbose;
    int code;
    struct scratch spare; /* for a frame without a slot */
    const void *last;     /* newest frame, in its slot: not reused before the next is published */
    struct imgreader_head last_head;
    unsigned last_opened;            /* the stream of last, as out.opened */
    struct imgreader_head too_large; /* the last frame reported as too large */
    struct tally begun, second, now; /* at the start, at the last report, now */
};

/* Reports the work since `then` on stderr. */
static void report(struct writer *w, const char *what, const struct tally *then)
{
    const struct tally *now = &w->now;
    double seconds = (double)(now->at_ns - then->at_ns) / 1e9;
    uint64_t frames = now->published - then->published;
    cli_warn("%s: %s%" PRIu64 " frames in %.1f s, %.1f fps, %.1f MB/s, %" PRIu64
             " dropped, %" PRIu64 " unchanged",
             w->out.name, what, frames, seconds, seconds > 0 ? (double)frames / seconds : 0,
             seconds > 0 ? (double)(now->bytes - then->bytes) / seconds / 1e6 : 0,
             now->dropped - then->dropped, now->unchanged - then->unchanged);
}

/* Sets *slot to a free slot, or NULL if there is none. false: time to end. */
static bool begin(struct writer *w, void **slot)
{
    *slot = streamwriter_begin(&w->out);
    if (*slot || errno == EAGAIN)
        return true;
    if (errno != EIDRM) {
        cli_warn("%s: %s", w->out.name, streamwriter_problem(&w->out, errno));
        w->code = CLI_FAIL;
    }
    return false;
}

static bool read_failed(struct writer *w)
{
    int err = errno;
    if (!cli_stopped()) {
        if (err == EFAULT) /* from read(2) into a truncated stream, instead of SIGBUS */
            cli_warn("%s: %s", w->out.name, stream_problem(err));
        else
            cli_warn("standard input: %s", imgreader_why(w->in));
        w->code = CLI_FAIL;
    }
    return false;
}

static void drop(struct writer *w)
{
    ring_drop(w->out.ring);
    w->now.dropped++;
}

static bool drop_too_large(struct writer *w, const struct imgreader_head *head)
{
    struct imgreader_head *last = &w->too_large;
    if (head->stride[0]) { /* a smaller stream replaced the one with room for the padding */
        drop(w);
        return true;
    }
    if (head->width != last->width || head->height != last->height || head->format != last->format)
        cli_warn("%s: too small for a %" PRIu32 "x%" PRIu32 " %s frame; make it larger: "
                 "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f %s %s",
                 w->out.name, head->width, head->height, pixfmt_name(head->format), head->width,
                 head->height, pixfmt_name(head->format), w->out.name);
    *last = *head;
    w->code = CLI_FAIL;
    drop(w);
    return true;
}

static void *spare(struct writer *w, size_t bytes)
{
    void *room = scratch_get(&w->spare, bytes);
    if (!room)
        cli_die(CLI_FAIL, "%s: %s", w->out.name, strerror(errno));
    return room;
}

static bool unchanged(const struct writer *w, const struct imgreader_head *head, const void *data)
{
    struct image last = imghead_image(&w->last_head, w->last), image = imghead_image(head, data);
    return w->last && w->last_opened == w->out.opened && pixfmt_alike(&last, &image) &&
           !memcmp(w->last, data, head->bytes);
}

static void publish(struct writer *w, const struct imgreader_head *head, void *slot)
{
    struct ring_meta meta = {.event = head->event,
                             .bytes = head->bytes,
                             .width = head->width,
                             .height = head->height,
                             .format = head->format,
                             .flags = head->flags,
                             .stride = {head->stride[0], head->stride[1], head->stride[2]},
                             .aspect_num = head->aspect_num,
                             .aspect_den = head->aspect_den,
                             .matrix = head->matrix,
                             .alpha = head->alpha};
    if (w->skip_unchanged && unchanged(w, head, slot)) {
        ring_abort(w->out.ring);
        ring_skip(w->out.ring);
        w->now.unchanged++;
        return;
    }
    ring_commit(w->out.ring, &meta);
    w->last = slot;
    w->last_head = *head;
    w->last_opened = w->out.opened;
    w->now.published++;
    w->now.bytes += head->bytes;
}

/* Reads the frame that follows head and publishes it when the rate limit allows. false: time to
 * end. */
static bool take_frame(struct writer *w, struct imgreader_head *head)
{
    void *slot;
    if (!begin(w, &slot))
        return false;
    imgreader_pad(w->in, ring_capacity(w->out.ring), head);
    if (head->bytes > ring_capacity(w->out.ring)) {
        if (slot)
            ring_abort(w->out.ring);
        return imgreader_data(w->in, NULL) ? read_failed(w) : drop_too_large(w, head);
    }
    void *data = slot ? slot : spare(w, ring_capacity(w->out.ring));
    if (imgreader_data(w->in, data))
        return read_failed(w);
    uint64_t now = monotonic_ns(), due = ratelimit_next(&w->rate, now);
    if (due > now && !cli_sleep_until(due))
        return false;

    if (slot && stream_alive(w->out.stream)) { /* superseded: the frame goes to the new stream */
        data = memcpy(spare(w, ring_capacity(w->out.ring)), slot, head->bytes);
        slot = NULL;
    }
    if (!slot) {
        if (!begin(w, &slot))
            return false;
        if (head->bytes > ring_capacity(w->out.ring))
            return drop_too_large(w, head);
        if (!slot) {
            drop(w);
            return true;
        }
        memcpy(slot, data, head->bytes);
    }
    publish(w, head, slot);
    return true;
}

static void write_all(struct writer *w)
{
    struct imgreader_head head;
    int got = 0;
    w->now.at_ns = monotonic_ns();
    w->begun = w->second = w->now;
    while (!cli_stopped() && (got = imgreader_next(w->in, &head)) == 1) {
        if (!take_frame(w, &head))
            break;
        w->now.at_ns = monotonic_ns();
        if (w->verbose && w->now.at_ns - w->second.at_ns >= 1000000000u) {
            report(w, "", &w->second);
            w->second = w->now;
        }
    }
    if (got < 0)
        read_failed(w);
    else if (got == 0 && *imgreader_why(w->in))
        cli_warn("standard input: %s", imgreader_why(w->in));
    w->now.at_ns = monotonic_ns();
    if (w->verbose)
        report(w, "in all ", &w->begun);
}

static void set_aspect(struct imgreader_spec *spec, const char *text)
{
    if (!imghead_ratio(text, &spec->aspect_num, &spec->aspect_den) ||
        !pixfmt_aspect_known(spec->aspect_num, spec->aspect_den))
        cli_die(CLI_USAGE, "--aspect %s: must be W:H, each from 1 to %d", text, PIXFMT_ASPECT_MAX);
}

static uint8_t find(const char *option, const char *name, int find_value(const char *),
                    const char *names)
{
    int value = find_value(name);
    if (value < 0)
        cli_die(CLI_USAGE, "%s %s: must be one of %s", option, name, names);
    return (uint8_t)value;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"size", 1, NULL, 's'},       {"format", 1, NULL, 'f'},
                                          {"stride", 1, NULL, 'S'},     {"aspect", 1, NULL, 'A'},
                                          {"matrix", 1, NULL, 'M'},     {"alpha", 1, NULL, 'P'},
                                          {"rate", 1, NULL, 'r'},       {"bottom-up", 0, NULL, 'B'},
                                          {"full-range", 0, NULL, 'F'}, {"unchanged", 0, NULL, 'u'},
                                          {"verbose", 0, NULL, 'v'},    {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},    {0}};
    struct writer w = {0};
    struct imgreader_spec spec = {.flags = PIXFMT_LIMITED};
    int c;
    cli_init("shm-write", usage, help);
    while ((c = getopt_long(argc, argv, "s:f:r:uvhV", longs, NULL)) != -1)
        switch (c) {
        case 's':
            cli_size("-s", optarg, &spec.width, &spec.height);
            break;
        case 'f':
            spec.format = imgreader_format(optarg);
            if (!spec.format)
                cli_die(CLI_USAGE, "-f %s: must be one of %s", optarg, imgreader_formats());
            break;
        case 'S':
            spec.stride = cli_number("--stride", optarg, 1, INT32_MAX);
            break;
        case 'A':
            set_aspect(&spec, optarg);
            break;
        case 'M':
            spec.matrix = find("--matrix", optarg, pixfmt_matrix_find, "bt601, bt709, bt2020");
            break;
        case 'P':
            spec.alpha =
                find("--alpha", optarg, pixfmt_alpha_find, "straight, premultiplied, ignored");
            break;
        case 'r':
            w.rate = ratelimit_per_second(cli_real("-r", optarg, 0.001, 10000));
            break;
        case 'B':
            spec.flags |= PIXFMT_BOTTOM_UP;
            break;
        case 'F':
            spec.flags &= ~(unsigned)PIXFMT_LIMITED;
            break;
        case 'u':
            w.skip_unchanged = true;
            break;
        case 'v':
            w.verbose = true;
            break;
        default:
            cli_option(c);
        }
    const char *name = cli_name(argc, argv);

    cli_catch_stop();
    if (streamwriter_open(&w.out, name, RING_FRAMES))
        cli_die(CLI_FAIL, "%s: %s", name, streamwriter_problem(&w.out, errno));
    const struct shmfmt_header *header = stream_header(w.out.stream);
    spec.raw = spec.width || spec.format || spec.stride;
    if (!spec.width) {
        spec.width = header->width;
        spec.height = header->height;
    }
    if (!spec.format)
        spec.format = header->format;
    w.in = imgreader_open(STDIN_FILENO, &spec);
    if (!w.in && errno == EINVAL && spec.stride)
        cli_die(CLI_USAGE, "--stride %zu: too small for rows of %" PRIu32 " pixels", spec.stride,
                spec.width);
    if (!w.in)
        cli_die(CLI_FAIL, "%s: %s", name, strerror(errno));

    write_all(&w);
    imgreader_close(w.in);
    free(w.spare.data);
    streamwriter_close(&w.out);
    cli_finish(w.code);
}
