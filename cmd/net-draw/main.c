/*
 * net-draw: draws a network that net-layout lays out, as its stream NET tells it, into the stream
 * VIEW, and is steered by VIEW's events.
 *
 * stdin, stdout: not used. stderr: a line a second with -v. Draws only when positions, the camera,
 * what is hovered or the size have changed; else it sleeps until something happens in either
 * stream. NET may come later, go and come again; VIEW is followed through shm-create --replace, and
 * its removal ends the program (exit 0), as stop signals do. Exit: 0, 2 usage, 3 no VIEW, it is
 * written by somebody else or too small, no OpenGL, NET is no network.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tool/cli.h"
#include "evlog.h"
#include "monotonic.h"
#include "tool/streamwriter.h"
#include "tool/ratelimit.h"
#include "picture.h"
#include "pixfmt.h"
#include "stream.h"
#include "source.h"

static const char usage[] = "net-draw [-s WxH] [-r FPS] [-v] [--theme dark|light] [--font FILE] "
                            "[--lines gl|own] NET VIEW\n";
static const char help[] =
    "  -s, --size WxH            fixed image size (the shape of the viewer's window)\n"
    "  -r, --rate FPS            draw at most FPS images per second (30)\n"
    "  -v, --verbose             report rate and drawing time on standard error\n"
    "      --theme dark|light    colours at the start (dark)\n"
    "      --font FILE           font of the node names\n"
    "      --lines gl|own        draw edges with OpenGL, or with net-draw's own\n"
    "                            rasterizer (the faster one)\n";

#ifndef NET_DRAW_FONT
#define NET_DRAW_FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
#endif

enum { BATCH = 64 };

/* A turn of another writer of events takes no longer than this. */
#define TURN_NS UINT64_C(5000000)

/* What has not moved for so long stands still: then there is time for every edge. */
#define STILL_NS UINT64_C(150000000)

/* So long after a picture that somebody steered the next one is theirs too: the layout's motion
 * alone begins none, or it would be under way when they go on. */
#define STEERED_NS UINT64_C(25000000)

struct drawer {
    uint32_t width, height; /* wanted by -s; 0: as the viewers' page is */
    bool verbose;
    struct source source;
    struct scene scene;
    struct steer steer;
    struct picture picture;
    struct streamwriter view;
    unsigned opened; /* which of its streams is view */
    uint64_t cursor; /* in its events */
    struct ratelimit pace;
    uint64_t frame_ns;   /* between two pictures, when things move */
    uint64_t stepped_ns; /* the camera, last */
    uint64_t theirs_ns;  /* until then it's the turn of who steers */
    bool dirty, moving, telling, steered;
    bool fine;       /* the next picture may take its time */
    uint8_t *pixels; /* for a view with no room for 4 bytes a pixel */
    size_t pixels_room;
    int code;

    uint64_t report_ns, draw_ns;
    unsigned pictures;
};

static bool fail(struct drawer *d, const char *name, const char *why)
{
    cli_warn("%s: %s", name, why);
    d->code = CLI_FAIL;
    return false;
}

/* A view that was just opened. Of what happened before, only the page's size is still true. */
static void begin_view(struct drawer *d)
{
    struct event events[BATCH];
    uint64_t lost, cursor = 0;
    size_t n;
    d->opened = d->view.opened;
    while ((n = evlog_read(d->view.stream, &cursor, events, BATCH, &lost)) > 0)
        for (size_t i = 0; i < n; i++)
            if (events[i].type == EVENT_RESIZE)
                steer_event(&d->steer, &events[i]);
    d->cursor = cursor;
    d->dirty = true;
}

/* Events that there are. false: the view was removed, or can't be followed. */
static bool take_events(struct drawer *d)
{
    struct event events[BATCH];
    uint64_t lost;
    size_t n;
    while (stream_alive(d->view.stream)) {
        if (errno != ESTALE)
            return false;
        streamwriter_close(&d->view);
        if (streamwriter_open(&d->view, d->view.name, RING_FRAMES))
            return errno == ENOENT ? false
                                   : fail(d, d->view.name, streamwriter_problem(&d->view, errno));
        begin_view(d);
    }
    while ((n = evlog_read(d->view.stream, &d->cursor, events, BATCH, &lost)) > 0)
        for (size_t i = 0; i < n; i++)
            d->steered = steer_event(&d->steer, &events[i]) || d->steered;
    d->dirty = d->dirty || d->steered;
    d->telling = source_tell(&d->source, &d->steer);
    return true;
}

/* What the layout has done. false: that isn't a network. */
static bool take_network(struct drawer *d)
{
    int changed = source_take(&d->source, &d->scene, d->frame_ns);
    if (changed < 0)
        return fail(d, d->source.name,
                    errno == ENOMSG ? "holds pictures, not a network" : stream_problem(errno));
    if (changed & SOURCE_NET) {
        if (picture_network(&d->picture, d->scene.net))
            return fail(d, d->source.name, strerror(errno));
        steer_network(&d->steer);
    }
    d->dirty = d->dirty || changed;
    return true;
}

/* The picture's size: what the viewer would like, as far as the view and OpenGL have room for it.
 */
static void choose_size(struct drawer *d, uint32_t *width, uint32_t *height)
{
    const struct shmfmt_header *h = stream_header(d->view.stream);
    uint32_t side = gl_side_max(d->picture.gl);
    double w = d->width ? d->width : d->steer.width ? d->steer.width : h->width;
    double hh = d->height ? d->height : d->steer.height ? d->steer.height : h->height;
    double part = 1, ratio = d->steer.width ? (double)d->steer.ratio : 1;
    if (!d->width)
        part = fmin(1, fmin(h->width / w, h->height / hh));
    part = fmin(part, fmin(side / w, side / hh));
    *width = (uint32_t)fmax(w * part, 1);
    *height = (uint32_t)fmax(hh * part, 1);
    d->steer.scale = (float)fmin(fmax(ratio * part, 0.6), 4);
    if (d->width)
        d->steer.scale = 1;
}

/* Of 4 bytes a pixel the first 3. */
static void pack(uint8_t *to, const uint8_t *from, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, to += 3, from += 4) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
    }
}

/* Into a slot: straight, or over memory of our own where a slot is too small for that. */
static bool read_pixels(struct drawer *d, void *slot, struct ring_meta *meta)
{
    size_t pixels = (size_t)meta->width * meta->height;
    meta->flags = PIXFMT_BOTTOM_UP;
    if (pixels * 4 <= ring_capacity(d->view.ring)) {
        meta->format = PIXFMT_RGBA;
        meta->bytes = pixels * 4;
        gl_read(d->picture.gl, slot);
        return true;
    }
    if (pixels * 4 > d->pixels_room) {
        free(d->pixels);
        d->pixels = malloc(pixels * 4);
        d->pixels_room = d->pixels ? pixels * 4 : 0;
        if (!d->pixels)
            return fail(d, d->view.name, strerror(errno));
    }
    meta->format = PIXFMT_RGB24;
    meta->bytes = pixels * 3;
    gl_read(d->picture.gl, d->pixels);
    pack(slot, d->pixels, pixels);
    return true;
}

/* The camera and the nodes at their time. */
static void step(struct drawer *d, uint64_t now)
{
    double seconds = d->stepped_ns ? fmin((double)(now - d->stepped_ns) / 1e9, 0.1) : 0.02;
    scene_advance(&d->scene, now);
    d->moving = camera_step(&d->steer.camera, (float)seconds, &d->scene.whole);
    d->moving = d->moving || d->scene.moving;
    d->stepped_ns = d->moving ? now : 0;
    scene_project(&d->scene, &d->steer.camera, d->steer.scale);
    steer_hover(&d->steer);
}

static void report(struct drawer *d)
{
    uint64_t now = monotonic_ns();
    if (!d->verbose || now - d->report_ns < 1000000000u)
        return;
    cli_warn("%s: %.1f fps, %.2f ms a picture, %" PRIu32 " nodes, %" PRIu32 " edges, %s",
             d->view.name, d->pictures * 1e9 / (double)(now - d->report_ns),
             (double)d->draw_ns / 1e6 / (d->pictures ? d->pictures : 1),
             d->scene.net ? d->scene.net->nodes : 0, d->scene.net ? d->scene.net->edges : 0,
             gl_renderer(d->picture.gl));
    d->report_ns = now;
    d->draw_ns = 0;
    d->pictures = 0;
}

/* false: the view has come to its end. */
static bool draw(struct drawer *d)
{
    uint64_t start = monotonic_ns();
    struct ring_meta meta = {.event = d->cursor};
    void *slot = streamwriter_begin(&d->view);
    if (!slot && errno == EAGAIN) { /* every slot is being read: the next time is soon */
        ring_drop(d->view.ring);
        return true;
    }
    if (!slot)
        return errno == EIDRM ? false
                              : fail(d, d->view.name, streamwriter_problem(&d->view, errno));
    if (d->opened != d->view.opened) {
        begin_view(d);
        meta.event = d->cursor;
    }
    choose_size(d, &meta.width, &meta.height);
    if ((uint64_t)meta.width * meta.height * 3 > ring_capacity(d->view.ring)) {
        ring_abort(d->view.ring);
        cli_warn("%s: a %" PRIu32 "x%" PRIu32 " picture is too large for it; make it larger: "
                 "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f rgba %s",
                 d->view.name, meta.width, meta.height, meta.width, meta.height, d->view.name);
        d->code = CLI_FAIL;
        return false;
    }
    bool steered = d->steered;
    d->dirty = d->steered = false;
    camera_size(&d->steer.camera, (float)meta.width, (float)meta.height);
    step(d, start);
    if (picture_draw(&d->picture, &d->scene, &d->steer, meta.width, meta.height, !d->fine) ||
        !read_pixels(d, slot, &meta)) {
        ring_abort(d->view.ring);
        return d->code ? false : fail(d, d->view.name, "no memory to draw in");
    }
    meta.captured_ns = monotonic_ns();
    ring_commit(d->view.ring, &meta);
    d->theirs_ns = steered ? meta.captured_ns + STEERED_NS : 0;
    d->draw_ns += meta.captured_ns - start;
    d->pictures++;
    report(d);
    return true;
}

static struct timespec time_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

/* Until something happens, or there is something to be done without. false: a stop signal came. */
static bool wait_for_change(struct drawer *d, const struct futex_word *words, unsigned count)
{
    struct timespec at = time_of(monotonic_ns() + (d->telling ? TURN_NS : STILL_NS));
    if (futex_wait_any(words, count, d->telling || d->picture.coarse ? &at : NULL) == 0)
        return true;
    if (errno == ETIMEDOUT && d->picture.coarse && !d->telling)
        d->dirty = d->fine = true;
    return !cli_stopped();
}

/* Until who steers goes on, or pauses. false: a stop signal came. */
static bool wait_for_them(struct drawer *d, const struct futex_word *words, unsigned count)
{
    struct timespec at = time_of(d->theirs_ns);
    if (futex_wait_any(words, count, &at) && errno == ETIMEDOUT)
        d->theirs_ns = 0;
    return !cli_stopped();
}

static void draw_network(struct drawer *d)
{
    d->report_ns = monotonic_ns();
    begin_view(d);
    while (!cli_stopped()) {
        struct futex_word words[4] = {
            evlog_seen(d->view.stream)}; /* before anything is looked at */
        unsigned count = 1 + source_seen(&d->source, words + 1), opened = d->source.opened;
        if (!take_events(d) || !take_network(d))
            return;
        if (!d->dirty && !d->moving) {
            if (opened != d->source.opened)
                continue;
            if (!wait_for_change(d, words, count))
                return;
            if (!d->fine)
                continue;
        }
        uint64_t now = monotonic_ns();
        if (!d->steered && !d->fine && now < d->theirs_ns) {
            if (!wait_for_them(d, words, count))
                return;
            continue;
        }
        uint64_t due = ratelimit_next(&d->pace, now);
        if (due > now && (!cli_sleep_until(due) || !take_events(d) || !take_network(d)))
            return;
        if (!draw(d))
            return;
        d->fine = false;
    }
}

static void open_all(struct drawer *d, const char *net, const char *view, const char *font,
                     const char *lines)
{
    const char *why;
    if (streamwriter_open(&d->view, view, RING_FRAMES)) {
        if (d->view.stream)
            cli_die(CLI_FAIL, "%s: %s", view, streamwriter_problem(&d->view, errno));
        cli_die_stream(view, errno);
    }
    d->picture.gl = gl_new(&why);
    if (!d->picture.gl)
        cli_die(CLI_FAIL, "%s", why);
    d->picture.own_lines = lines ? !strcmp(lines, "own") : gl_software(d->picture.gl);
    d->picture.source = net;
    d->picture.labels = labels_new(font ? font : NET_DRAW_FONT, &why);
    if (!d->picture.labels && font)
        cli_die(CLI_FAIL, "--font %s: %s", font, why);
    if (!d->picture.labels)
        cli_warn("%s: %s, so there are no labels; install fonts-dejavu-core, or use --font",
                 NET_DRAW_FONT, why);
    if (source_open(&d->source, net))
        cli_die_stream(net, errno);
}

static const char *operand_stream(const char *text)
{
    const char *name = stream_name(text);
    if (!name)
        cli_die_stream(text, EINVAL);
    return name;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"size", 1, NULL, 's'},  {"rate", 1, NULL, 'r'},    {"verbose", 0, NULL, 'v'},
        {"theme", 1, NULL, 'T'}, {"font", 1, NULL, 'F'},    {"lines", 1, NULL, 'L'},
        {"help", 0, NULL, 'h'},  {"version", 0, NULL, 'V'}, {0}};
    static struct drawer d;
    const struct theme *theme = theme_of("dark");
    const char *font = NULL, *lines = NULL;
    double rate = 30;
    int c;
    cli_init("net-draw", usage, help);
    while ((c = getopt_long(argc, argv, "s:r:vhV", longs, NULL)) != -1)
        switch (c) {
        case 's':
            cli_size("-s", optarg, &d.width, &d.height);
            break;
        case 'r':
            rate = cli_real("-r", optarg, 0.01, 1000);
            break;
        case 'v':
            d.verbose = true;
            break;
        case 'T':
            theme = theme_of(optarg);
            if (!theme)
                cli_die(CLI_USAGE, "--theme %s: must be one of dark light", optarg);
            break;
        case 'F':
            font = optarg;
            break;
        case 'L':
            lines = optarg;
            if (strcmp(lines, "gl") && strcmp(lines, "own"))
                cli_die(CLI_USAGE, "--lines %s: must be one of gl own", optarg);
            break;
        default:
            cli_option(c);
        }
    if (argc - optind != 2) {
        cli_warn("two streams are needed: the network's, and the one to draw into");
        cli_option('?');
    }
    const char *net = operand_stream(argv[optind]), *view = operand_stream(argv[optind + 1]);
    if (!strcmp(net, view))
        cli_die(CLI_USAGE, "%s: can't be both the network's stream and the one to draw into", net);

    cli_catch_stop();
    d.pace = ratelimit_per_second(rate);
    d.frame_ns = d.pace.period_ns;
    scene_init(&d.scene);
    steer_init(&d.steer, &d.scene, theme);
    open_all(&d, net, view, font, lines);
    draw_network(&d);
    source_close(&d.source);
    streamwriter_close(&d.view);
    picture_free(&d.picture);
    scene_free(&d.scene);
    free(d.pixels);
    cli_finish(d.code);
}
