/*
 * shm-read: the newest picture of a stream, or the next COUNT, to stdout.
 *
 * stdout: PPM, PAM, raw, YUV4MPEG2 or JPEG. A picture is copied out of its slot before it is
 * written, so that whoever reads stdout slowly, or stops, costs the stream's writer nothing.
 * Follows shm-create --replace; ends quietly when the stream is removed.
 * Exit: 0, 1 no picture before the time-out or the removal, 2 usage, 3 no such stream, output
 * failed, a change of size or format within YUV4MPEG2.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"

static const char usage[] = "shm-read [-f ppm|pam|raw|y4m|jpg] [-n COUNT] [-t SECONDS] NAME\n";
static const char help[] =
    "  -f, --format FMT          output: ppm (the default for frames), pam, raw, y4m\n"
    "                            or jpg (the default for packets)\n"
    "  -n, --count COUNT         write the next COUNT images instead of the newest\n"
    "  -t, --timeout SECONDS     give up SECONDS after the start; 0 does not wait\n";

/* An encoder that slept has so long to make a picture; then the one that is there has to do. */
static const double refresh_seconds = 0.25;

enum output { OUT_ANY, OUT_PPM, OUT_PAM, OUT_RAW, OUT_Y4M, OUT_JPG };

struct reader {
    const char *name;
    enum output output;
    struct stream *stream;
    struct ring *ring;
    uint64_t after;         /* number of the last picture seen */
    uint64_t written;       /* pictures */
    struct ring_meta first; /* y4m: what its header says */
    uint8_t *out;           /* one picture as it will be written */
    size_t used, room;
    uint8_t *rows; /* for conversion: one row R G B, then one of alpha */
    size_t rows_room;
};

/* Attaches, again after a --replace. 0, or -1 with errno. */
static int attach(struct reader *r)
{
    ring_close(r->ring);
    stream_close(r->stream);
    r->ring = NULL;
    r->after = 0;
    r->stream = stream_attach(r->name, STREAM_READ);
    if (!r->stream)
        return -1;
    if (r->output == OUT_ANY) {
        struct ring_stats frames, packets;
        ring_stats(r->stream, RING_FRAMES, &frames);
        ring_stats(r->stream, RING_PACKETS, &packets);
        r->output = packets.published && !frames.published ? OUT_JPG : OUT_PPM;
    }
    r->ring = ring_open_reader(r->stream, r->output == OUT_JPG ? RING_PACKETS : RING_FRAMES);
    return r->ring ? 0 : -1;
}

/* Frames come anyhow. */
static void want(struct reader *r)
{
    if (r->output == OUT_JPG)
        ring_want(r->ring, true);
}

/* What is the newest picture may be old, when nobody wanted any for a while. */
static void refresh(struct reader *r, double seconds)
{
    struct timespec at;
    bool soon = seconds >= 0 && seconds < refresh_seconds;
    ring_refresh(r->ring, cli_deadline(soon ? seconds : refresh_seconds, &at));
}

/* The next picture, pinned. 1; 0 at the deadline; -1 with errno: EINTR (stopped), EIDRM, …. */
static int next_picture(struct reader *r, struct ring_view *view, const struct timespec *deadline)
{
    for (;;) {
        int got = ring_pin(r->ring, r->after, view);
        if (got == 1) {
            r->after = view->meta.number;
            return 1;
        }
        if (got == 0) {
            got = ring_wait(r->ring, r->after, deadline);
            if (got == 1)
                continue;
            if (got == 0)
                return 0;
        }
        if (errno == EINTR && !cli_stopped())
            continue;
        if (errno != ESTALE)
            return -1;
        if (attach(r)) {
            if (errno == ENOENT) /* superseded, and that one removed */
                errno = EIDRM;
            return -1;
        }
        want(r);
    }
}

/* Room for more bytes behind what is used, or the end. */
static uint8_t *room(struct reader *r, size_t more)
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
    memcpy(room(r, (size_t)n), text, (size_t)n);
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

static uint8_t *rows(struct reader *r, uint32_t width)
{
    size_t size = (size_t)width * 4;
    if (r->rows_room < size) {
        free(r->rows);
        r->rows = malloc(size);
        if (!r->rows)
            cli_die(CLI_FAIL, "%s: %s", r->name, strerror(errno));
        r->rows_room = size;
    }
    return r->rows;
}

static void put_pnm(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *layout)
{
    const struct ring_meta *m = &view->meta;
    bool gray = m->format == PIXFMT_GRAY8;
    bool with_alpha = r->output == OUT_PAM && pixfmt_channels(m->format) == 4;
    size_t width = m->width, depth = gray ? 1 : with_alpha ? 4 : 3;
    uint8_t *rgb = rows(r, m->width), *alpha = rgb + 3 * width;
    pnm_head(r, m, gray ? "GRAYSCALE" : with_alpha ? "RGB_ALPHA" : "RGB", (int)depth);
    uint8_t *out = room(r, depth * width * m->height);
    for (uint32_t y = 0; y < m->height; y++, out += depth * width) {
        bool straight = depth == 3;
        pixfmt_rgb_row(view->data, layout, m->format, m->flags, y, straight ? out : rgb,
                       with_alpha ? alpha : NULL);
        for (size_t x = 0; !straight && x < width; x++) {
            memcpy(out + depth * x, rgb + 3 * x, gray ? 1 : 3);
            if (with_alpha)
                out[4 * x + 3] = alpha[x];
        }
    }
}

static void put_raw(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *layout)
{
    uint8_t *out = room(r, layout->bytes);
    for (int i = 0; i < layout->planes; i++)
        for (uint32_t y = 0; y < layout->plane[i].height; y++, out += layout->plane[i].stride)
            memcpy(out, pixfmt_plane_row(view->data, &layout->plane[i], view->meta.flags, y),
                   layout->plane[i].stride);
}

/* false: not the size, format and range that the y4m header told. */
static bool put_y4m(struct reader *r, const struct ring_view *view,
                    const struct pixfmt_planes *layout)
{
    static const char *const colours[PIXFMT_FORMATS] = {[PIXFMT_GRAY8] = "mono",
                                                        [PIXFMT_YUV420P] = "420jpeg",
                                                        [PIXFMT_YUV422P] = "422",
                                                        [PIXFMT_YUV444P] = "444"};
    const struct ring_meta *m = &view->meta, *first = &r->first;
    bool limited = m->flags & PIXFMT_LIMITED && colours[m->format];
    if (!first->width) {
        r->first = *m;
        head(r, "YUV4MPEG2 W%" PRIu32 " H%" PRIu32 " F30:1 Ip A1:1 C%s XCOLORRANGE=%s\n", m->width,
             m->height, colours[m->format] ? colours[m->format] : "444",
             limited ? "LIMITED" : "FULL");
    }
    if (m->width != first->width || m->height != first->height || m->format != first->format ||
        (m->flags & PIXFMT_LIMITED) != (first->flags & PIXFMT_LIMITED))
        return false;
    head(r, "FRAME XFRAME=%" PRIu64 " XEVENT=%" PRIu64 "\n", m->frame, m->event);
    if (colours[m->format]) {
        put_raw(r, view, layout);
        return true;
    }
    size_t plane = (size_t)m->width * m->height;
    uint8_t *rgb = rows(r, m->width), *out = room(r, 3 * plane);
    for (uint32_t y = 0; y < m->height; y++, out += m->width) {
        pixfmt_rgb_row(view->data, layout, m->format, m->flags, y, rgb, NULL);
        pixfmt_ycc_row(rgb, m->width, out, out + plane, out + 2 * plane);
    }
    return true;
}

/* Copies a picture into r->out as it is to be written. */
static bool put_picture(struct reader *r, const struct ring_view *view)
{
    struct pixfmt_planes layout;
    r->used = 0;
    if (r->output == OUT_JPG) {
        memcpy(room(r, view->meta.bytes), view->data, view->meta.bytes);
        return true;
    }
    pixfmt_plan(view->meta.format, view->meta.width, view->meta.height,
                &layout); /* ring_pin checked */
    if (r->output == OUT_Y4M)
        return put_y4m(r, view, &layout);
    if (r->output == OUT_RAW)
        put_raw(r, view, &layout);
    else
        put_pnm(r, view, &layout);
    return true;
}

/* Why there is no next picture, as an exit code. */
static int no_picture(const struct reader *r, int got, double seconds)
{
    if (got == 0) {
        cli_warn("%s: no %spicture within %g s", r->name, r->written ? "further " : "", seconds);
        return CLI_NO;
    }
    if (errno == EINTR)
        return CLI_OK; /* cli_finish tells the signal */
    if (errno == EIDRM && r->written)
        return CLI_OK;
    if (errno == EIDRM) {
        cli_warn("%s: was removed before there was a picture", r->name);
        return CLI_NO;
    }
    cli_warn("%s: %s", r->name, stream_problem(errno));
    return CLI_FAIL;
}

static int read_pictures(struct reader *r, uint64_t count, double seconds)
{
    struct timespec at;
    const struct timespec *deadline = cli_deadline(seconds, &at);
    struct ring_view view;
    if (count && ring_pin(r->ring, 0, &view) == 1) { /* those that come from now on */
        r->after = view.meta.number;
        ring_unpin(r->ring);
    }
    want(r); /* what that brings comes from now on */
    if (!count)
        refresh(r, seconds);
    do {
        int got = next_picture(r, &view, deadline);
        if (got != 1)
            return no_picture(r, got, seconds);
        if (r->output != OUT_RAW && r->output != OUT_JPG && !pixfmt_is_picture(view.meta.format)) {
            cli_warn("%s: %s", r->name, stream_problem(ENOMSG));
            return CLI_FAIL;
        }
        bool fits = put_picture(r, &view);
        ring_unpin(r->ring);
        if (!fits) {
            cli_warn("%s: size or format changed, which y4m cannot do; read ppm or pam", r->name);
            return CLI_FAIL;
        }
        if (cli_write(STDOUT_FILENO, r->out, r->used)) {
            if (errno != EINTR)
                cli_warn("standard output: %s", strerror(errno));
            return CLI_FAIL;
        }
    } while (++r->written < count);
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
    static const struct option longs[] = {{"format", 1, NULL, 'f'},  {"count", 1, NULL, 'n'},
                                          {"timeout", 1, NULL, 't'}, {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'}, {0}};
    struct reader r = {0};
    uint64_t wanted = 0;
    double seconds = -1;
    int c;
    cli_init("shm-read", usage, help);
    while ((c = getopt_long(argc, argv, "f:n:t:hV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            r.output = parse_output(optarg);
            break;
        case 'n':
            wanted = cli_number("-n", optarg, 1, UINT64_MAX);
            break;
        case 't':
            seconds = cli_real("-t", optarg, 0, 1e9);
            break;
        default:
            cli_option(c);
        }
    r.name = cli_name(argc, argv);

    cli_catch_stop();
    if (attach(&r))
        cli_die_stream(r.name, errno);
    int code = read_pictures(&r, wanted, seconds);
    free(r.out);
    free(r.rows);
    ring_close(r.ring);
    stream_close(r.stream);
    cli_finish(code);
}
