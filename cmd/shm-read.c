/*
 * shm-read: writes the newest image of a stream, or the next COUNT, to stdout; or at a constant
 * rate, the newest one each time.
 *
 * stdout: PPM, PAM, raw, YUV4MPEG2 or JPEG. An image is copied out of its slot before it is
 * written, so a slow or stopped consumer of stdout never holds up the stream's writer.
 * Follows shm-create --replace; ends when the stream is removed.
 * Exit: 0; 1 no image before the time-out or the removal; 2 usage; 3 no such stream, output
 * failed, size or format changed within YUV4MPEG2.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include "tool/scratch.h"
#include "tool/streamreader.h"

static const char usage[] =
    "shm-read [-f ppm|pam|raw|y4m|jpg] [-n COUNT] [-r FPS] [-t SECONDS] NAME\n";
static const char help[] =
    "  -f, --format FMT          output: ppm (the default for frames), pam, raw, y4m\n"
    "                            or jpg (the default for packets)\n"
    "  -n, --count COUNT         write the next COUNT images instead of the newest\n"
    "  -r, --rate FPS            write FPS images per second, repeated if need be\n"
    "  -t, --timeout SECONDS     give up SECONDS after the start; 0 does not wait\n";

/* Time for an encoder that was asleep to make a new image; after that the old one is used. */
static const double refresh_seconds = 0.25;

enum output { OUT_ANY, OUT_PPM, OUT_PAM, OUT_RAW, OUT_Y4M, OUT_JPG };

struct reader {
    const char *name;
    enum output output;
    struct streamreader in;
    enum ring_channel channel;
    double fps;          /* in thousandths; 0: each image once */
    uint64_t written;    /* number of images */
    struct image first;  /* described in the y4m header, without data */
    uint8_t *out;        /* one image in the output format */
    size_t used, room;   /* bytes in out, and its size */
    size_t once;         /* bytes at its start that precede the first image only */
    struct scratch rows; /* for conversion: one row R G B, then one of alpha */
};

/* The default output: JPEG for a stream that has only packets, else PPM. */
static enum output choose_output(const char *name)
{
    struct ring_stats frames, packets;
    struct stream *stream = stream_attach(name, STREAM_PEEK);
    if (!stream)
        cli_die_stream(name, errno);
    ring_stats(stream, RING_FRAMES, &frames);
    ring_stats(stream, RING_PACKETS, &packets);
    stream_close(stream);
    return packets.published && !frames.published ? OUT_JPG : OUT_PPM;
}

/* Packets are only made on demand; some writers of frames, too, work only while they are wanted. */
static void want(struct reader *r)
{
    ring_want(r->in.rings[r->channel], true);
}

/* The newest image may be old if its writer slept for lack of demand: waits for a newer one. */
static void refresh(struct reader *r, double seconds)
{
    struct timespec at;
    bool soon = seconds >= 0 && seconds < refresh_seconds;
    ring_refresh(r->in.rings[r->channel], cli_deadline(soon ? seconds : refresh_seconds, &at));
}

/* The next image, pinned. 1; 0 at the deadline; -1 with errno: EINTR (stopped), EIDRM, …. */
static int next_image(struct reader *r, struct ring_view *view, const struct timespec *deadline)
{
    for (;;) {
        int got = streamreader_pin(&r->in, r->channel, view);
        if (got == 0) {
            got = streamreader_wait(&r->in, r->channel, deadline);
            if (got == 0)
                return 0;
        } else if (got == 1) {
            return 1;
        }
        if (got == STREAMREADER_REPLACED)
            want(r);
        else if (got < 0 && (errno != EINTR || cli_stopped()))
            return -1;
    }
}

/* Room for `more` bytes after those already in the output. */
static uint8_t *append(struct reader *r, size_t more)
{
    if (r->room - r->used < more) {
        size_t size = r->used + more;
        uint8_t *grown = realloc(r->out, size);
        if (!grown)
            cli_die(CLI_FAIL, "%s: %s", r->name, strerror(errno));
        r->out = grown;
        r->room = size;
    }
    uint8_t *p = r->out + r->used;
    r->used += more;
    return p;
}

static void head(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void head(struct reader *r, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(append(r, (size_t)n), text, (size_t)n);
}

static void pnm_head(struct reader *r, const struct ring_meta *m, const char *type, int depth)
{
    char note[160];
    snprintf(note, sizeof note,
             "# frame=%" PRIu64 " event=%" PRIu64 " captured=%" PRIu64 ".%09" PRIu64, m->frame,
             m->event, m->captured_ns / 1000000000, m->captured_ns % 1000000000);
    if (r->output == OUT_PAM)
        head(r,
             "P7\n%s\nWIDTH %" PRIu32 "\nHEIGHT %" PRIu32 "\nDEPTH %d\nMAXVAL 255\nTUPLTYPE %s\n"
             "ENDHDR\n",
             note, m->width, m->height, depth, type);
    else
        head(r, "P%d\n%s\n%" PRIu32 " %" PRIu32 "\n255\n", depth == 1 ? 5 : 6, note, m->width,
             m->height);
}

static uint8_t *row_room(struct reader *r, uint32_t width)
{
    uint8_t *room = scratch_get(&r->rows, (size_t)width * 4);
    if (!room)
        cli_die(CLI_FAIL, "%s: %s", r->name, strerror(errno));
    return room;
}

static void put_pnm(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *planes)
{
    const struct ring_meta *m = &view->meta;
    bool gray = m->format == PIXFMT_GRAY8;
    bool with_alpha =
        r->output == OUT_PAM && pixfmt_channels(m->format) == 4 && m->alpha != PIXFMT_ALPHA_IGNORED;
    size_t width = m->width, depth = gray ? 1 : with_alpha ? 4 : 3;
    uint8_t *rgb = row_room(r, m->width), *alpha = rgb + 3 * width;
    pnm_head(r, m, gray ? "GRAYSCALE" : with_alpha ? "RGB_ALPHA" : "RGB", (int)depth);
    uint8_t *out = append(r, depth * width * m->height);
    struct image image = ring_image(view);
    for (uint32_t y = 0; y < m->height; y++, out += depth * width) {
        bool straight = depth == 3;
        pixfmt_rgb_row(&image, planes, y, straight ? out : rgb, with_alpha ? alpha : NULL);
        for (size_t x = 0; !straight && x < width; x++) {
            memcpy(out + depth * x, rgb + 3 * x, gray ? 1 : 3);
            if (with_alpha)
                out[4 * x + 3] = alpha[x];
        }
    }
}

static void put_raw(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *planes)
{
    const struct ring_meta *m = &view->meta;
    uint8_t *out = append(r, pixfmt_bytes(m->format, m->width, m->height));
    for (int i = 0; i < planes->count; i++)
        for (uint32_t y = 0; y < planes->plane[i].height; y++, out += planes->plane[i].row_bytes)
            memcpy(out, pixfmt_plane_row(view->data, &planes->plane[i], m->flags, y),
                   planes->plane[i].row_bytes);
}

/* The header of the whole. colours: NULL if the image is converted. */
static void y4m_head(struct reader *r, const struct image *image, const char *colours)
{
    bool limited = colours && image->flags & PIXFMT_LIMITED;
    uint32_t num = image->aspect_num ? image->aspect_num : 1;
    head(r,
         "YUV4MPEG2 W%" PRIu32 " H%" PRIu32 " F%.0f:%d Ip A%" PRIu32 ":%" PRIu32
         " C%s XCOLORRANGE=%s",
         image->width, image->height, r->fps > 0 ? 1000 * r->fps : 30, r->fps > 0 ? 1000 : 1, num,
         image->aspect_den ? image->aspect_den : 1, colours ? colours : "444",
         limited ? "LIMITED" : "FULL");
    const char *matrix = pixfmt_matrix_name(image->matrix);
    if (pixfmt_is_yuv(image->format) && pixfmt_matrix_find(matrix) > 0) {
        head(r, " XMATRIX=");
        for (; *matrix; matrix++)
            *append(r, 1) = (uint8_t)toupper(*matrix);
    }
    head(r, "\n");
}

/* Whether an image can follow another in y4m. */
static bool same_y4m(const struct image *a, const struct image *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           (a->flags & PIXFMT_LIMITED) == (b->flags & PIXFMT_LIMITED) && a->matrix == b->matrix &&
           a->aspect_num == b->aspect_num && a->aspect_den == b->aspect_den;
}

/* false: the image does not fit the y4m header. */
static bool put_y4m(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *planes)
{
    static const char *const colours[PIXFMT_FORMATS] = {[PIXFMT_GRAY8] = "mono",
                                                        [PIXFMT_YUV420P] = "420jpeg",
                                                        [PIXFMT_YUV422P] = "422",
                                                        [PIXFMT_YUV444P] = "444"};
    const struct ring_meta *m = &view->meta;
    struct image image = ring_image(view);
    if (!r->first.width) {
        r->first = image;
        y4m_head(r, &image, colours[m->format]);
        r->once = r->used;
    }
    if (!same_y4m(&image, &r->first))
        return false;
    head(r, "FRAME XFRAME=%" PRIu64 " XEVENT=%" PRIu64 "\n", m->frame, m->event);
    if (colours[m->format]) {
        put_raw(r, view, planes);
        return true;
    }
    size_t plane = (size_t)m->width * m->height;
    uint8_t *rgb = row_room(r, m->width), *out = append(r, 3 * plane);
    for (uint32_t y = 0; y < m->height; y++, out += m->width) {
        pixfmt_rgb_row(&image, planes, y, rgb, NULL);
        pixfmt_ycc_row(rgb, m->width, out, out + plane, out + 2 * plane);
    }
    return true;
}

/* Copies an image into r->out in the output format. */
static bool put_image(struct reader *r, const struct ring_view *view)
{
    struct pixfmt_planes planes;
    r->used = 0;
    if (r->output == OUT_JPG) {
        memcpy(append(r, view->meta.bytes), view->data, view->meta.bytes);
        return true;
    }
    struct image image = ring_image(view);
    pixfmt_plan_image(&image, &planes); /* ring_pin has checked */
    if (r->output == OUT_Y4M)
        return put_y4m(r, view, &planes);
    if (r->output == OUT_RAW)
        put_raw(r, view, &planes);
    else
        put_pnm(r, view, &planes);
    return true;
}

/* Reports why there is no next image; returns the exit code. */
static int no_image(const struct reader *r, int got, double seconds)
{
    if (got == 0) {
        cli_warn("%s: no %simage within %g s", r->name, r->written ? "further " : "", seconds);
        return CLI_NO;
    }
    if (errno == EINTR)
        return CLI_OK; /* cli_finish ends by the signal */
    if (errno == EIDRM && r->written)
        return CLI_OK;
    if (errno == EIDRM) {
        cli_warn("%s: removed before there was an image", r->name);
        return CLI_NO;
    }
    cli_warn("%s: %s", r->name, stream_problem(errno));
    return CLI_FAIL;
}

/* Copies the pinned image into r->out and unpins it. false, after a message: it cannot be written.
 */
static bool take_image(struct reader *r, const struct ring_view *view)
{
    bool array = r->output != OUT_RAW && r->output != OUT_JPG;
    array = array && !pixfmt_is_image(view->meta.format);
    bool fits = !array && put_image(r, view);
    ring_unpin(r->in.rings[r->channel]);
    if (array)
        cli_warn("%s: %s", r->name, stream_problem(ENOMSG));
    else if (!fits)
        cli_warn("%s: size or format changed, which y4m does not allow; use -f ppm or -f pam",
                 r->name);
    return fits;
}

static bool write_image(struct reader *r)
{
    if (cli_write(STDOUT_FILENO, r->out, r->used) == 0) {
        memmove(r->out, r->out + r->once, r->used -= r->once);
        r->once = 0;
        r->written++;
        return true;
    }
    if (errno != EINTR)
        cli_warn("standard output: %s", strerror(errno));
    return false;
}

/* Whether captured is later than at, but not in the future. */
static bool is_between(uint64_t captured, uint64_t at)
{
    return captured > at && captured <= monotonic_ns();
}

/*
 * Writes an image for each multiple of the period since the first one, late ones at once, so that
 * their number gives the time. An image appears for the first time after its capture, also when
 * several are late; a time of capture in the future does not count.
 */
static int read_at_rate(struct reader *r, uint64_t count, double seconds)
{
    struct timespec until;
    struct ring_view view;
    want(r);
    refresh(r, seconds);
    int got = next_image(r, &view, cli_deadline(seconds, &until));
    uint64_t begin = monotonic_ns(), at = begin;
    for (;;) {
        if (got < 0 || (got == 0 && !r->written))
            return no_image(r, got, seconds);
        if (got == STREAMREADER_REPLACED) {
            want(r);
        } else if (got == 1 && r->written && is_between(view.meta.captured_ns, at)) {
            ring_unpin(r->in.rings[r->channel]);
            r->in.seen[r->channel] = 0;
        } else if (got == 1 && !take_image(r, &view)) {
            return CLI_FAIL;
        }
        if (!write_image(r))
            return CLI_FAIL;
        if (r->written == count)
            return CLI_OK;
        at = begin + (uint64_t)((double)r->written / r->fps * 1e9);
        if (!cli_sleep_until(at))
            return CLI_OK;
        got = streamreader_pin(&r->in, r->channel, &view);
    }
}

static int read_images(struct reader *r, uint64_t count, double seconds)
{
    struct timespec at;
    const struct timespec *deadline = cli_deadline(seconds, &at);
    struct ring_view view;
    /* With a count, only images published from now on. */
    if (count && ring_pin(r->in.rings[r->channel], 0, &view) == 1) {
        r->in.seen[r->channel] = view.meta.number;
        ring_unpin(r->in.rings[r->channel]);
    }
    want(r);
    if (!count)
        refresh(r, seconds);
    do {
        int got = next_image(r, &view, deadline);
        if (got != 1)
            return no_image(r, got, seconds);
        if (!take_image(r, &view) || !write_image(r))
            return CLI_FAIL;
    } while (r->written < count);
    return CLI_OK;
}

static enum output parse_output(const char *name)
{
    static const char *const names[] = {[OUT_PPM] = "ppm",
                                        [OUT_PAM] = "pam",
                                        [OUT_RAW] = "raw",
                                        [OUT_Y4M] = "y4m",
                                        [OUT_JPG] = "jpg"};
    for (unsigned i = OUT_PPM; i <= OUT_JPG; i++)
        if (!strcmp(name, names[i]))
            return i;
    cli_die(CLI_USAGE, "-f %s: must be one of ppm, pam, raw, y4m, jpg", name);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"format", 1, NULL, 'f'},
                                          {"count", 1, NULL, 'n'},
                                          {"rate", 1, NULL, 'r'},
                                          {"timeout", 1, NULL, 't'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct reader r = {0};
    uint64_t count = 0;
    double seconds = -1;
    int c;
    cli_init("shm-read", usage, help);
    while ((c = getopt_long(argc, argv, "f:n:r:t:hV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            r.output = parse_output(optarg);
            break;
        case 'n':
            count = cli_number("-n", optarg, 1, UINT64_MAX);
            break;
        case 'r':
            r.fps = round(cli_real("-r", optarg, 0.001, 1000) * 1000) / 1000;
            break;
        case 't':
            seconds = cli_real("-t", optarg, 0, 1e9);
            break;
        default:
            cli_option(c);
        }
    r.name = cli_name(argc, argv);

    cli_catch_stop();
    if (r.output == OUT_ANY)
        r.output = choose_output(r.name);
    r.channel = r.output == OUT_JPG ? RING_PACKETS : RING_FRAMES;
    if (streamreader_open(&r.in, r.name, 1u << r.channel))
        cli_die_stream(r.name, errno);
    int code = (r.fps > 0 ? read_at_rate : read_images)(&r, count, seconds);
    free(r.out);
    free(r.rows.data);
    streamreader_close(&r.in);
    cli_finish(code);
}
