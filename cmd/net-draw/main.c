/*
 * net-draw: draws the network in stream NET, as net-layout writes it, into the stream VIEW. VIEW's
 * events control the image.
 *
 * stdin, stdout: not used. stderr: with -v one line per second. Draws only after a change of the
 * positions, the camera, the hovered node or the size; otherwise sleeps until either stream
 * changes. NET may appear, disappear and return at any time. VIEW is followed through shm-create
 * --replace; its removal ends the program (exit 0), as do stop signals. Exit: 0; 2 usage; 3 no
 * VIEW, another writer or too small, no OpenGL, no network in NET.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include "drawer.h"
#include "stream.h"
#include "tool/cli.h"

static const char usage[] = "net-draw [-s WxH] [-r FPS] [-v] [--theme dark|light] [--font FILE] "
                            "[--lines gl|own] [-m WHAT=ATTRIBUTE]... [-x CONDITION]... NET VIEW\n";
static const char help[] =
    "  -s, --size WxH            fixed image size (the shape of the viewer's window)\n"
    "  -r, --rate FPS            draw at most FPS frames per second (30)\n"
    "  -v, --verbose             report rate and drawing time on standard error\n"
    "      --theme dark|light    colours at the start (dark)\n"
    "      --font FILE           font of the node names\n"
    "      --lines gl|own        draw edges with OpenGL, or with net-draw's own\n"
    "                            rasterizer (the faster one)\n"
    "  -m, --map WHAT=ATTRIBUTE  show an attribute as the colour, size or label of\n"
    "                            nodes, or the edge-colour or edge-width\n"
    "  -x, --hide CONDITION      hide nodes or edges, such as 'degree<2'\n";

#ifndef NET_DRAW_FONT
#define NET_DRAW_FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
#endif

struct options {
    const char *net, *view; /* names of streams */
    const char *font;       /* NULL: the default */
    const char *lines;      /* NULL: whichever is faster */
    const struct theme *theme;
    double rate;
    struct netstyle_options style;
};

static const char *operand_stream(const char *text)
{
    const char *name = stream_name(text);
    if (!name)
        cli_die_stream(text, EINVAL);
    return name;
}

static void parse(int argc, char **argv, struct drawer *d, struct options *o)
{
    static const struct option longs[] = {{"size", 1, NULL, 's'},
                                          {"rate", 1, NULL, 'r'},
                                          {"verbose", 0, NULL, 'v'},
                                          {"theme", 1, NULL, 'T'},
                                          {"font", 1, NULL, 'F'},
                                          {"lines", 1, NULL, 'L'},
                                          {"map", 1, NULL, 'm'},
                                          {"hide", 1, NULL, 'x'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    const char *wrong;
    int c;
    *o = (struct options){.theme = theme_find("dark"), .rate = 30};
    while ((c = getopt_long(argc, argv, "s:r:vm:x:hV", longs, NULL)) != -1)
        switch (c) {
        case 's':
            cli_size("-s", optarg, &d->view.width, &d->view.height);
            break;
        case 'r':
            o->rate = cli_real("-r", optarg, 0.01, 1000);
            break;
        case 'v':
            d->verbose = true;
            break;
        case 'T':
            o->theme = theme_find(optarg);
            if (!o->theme)
                cli_die(CLI_USAGE, "--theme %s: must be one of dark light", optarg);
            break;
        case 'F':
            o->font = optarg;
            break;
        case 'L':
            o->lines = optarg;
            if (strcmp(o->lines, "gl") && strcmp(o->lines, "own"))
                cli_die(CLI_USAGE, "--lines %s: must be one of gl own", optarg);
            break;
        case 'm':
            wrong = netstyle_add_map(&o->style, optarg);
            if (wrong)
                cli_die(CLI_USAGE, "-m %s: %s", optarg, wrong);
            break;
        case 'x':
            wrong = netstyle_add_hide(&o->style, optarg);
            if (wrong)
                cli_die(CLI_USAGE, "-x %s: %s", optarg, wrong);
            break;
        default:
            cli_option(c);
        }
    if (argc - optind != 2) {
        cli_warn("two streams are required: NET to read from and VIEW to draw into");
        cli_option('?');
    }
    o->net = operand_stream(argv[optind]);
    o->view = operand_stream(argv[optind + 1]);
    if (o->lines && !strcmp(o->lines, "gl") && netstyle_edges(&o->style))
        cli_die(CLI_USAGE, "--lines gl: edges look the same; use --lines own with -x and "
                           "-m edge-…");
    if (!strcmp(o->net, o->view))
        cli_die(CLI_USAGE, "%s: NET and VIEW must be two streams", o->net);
}

static void open_all(struct drawer *d, const struct options *o)
{
    const char *why;
    struct renderer *renderer = &d->renderer;
    if (view_open(&d->view, o->view)) {
        if (d->view.out.stream)
            cli_die(CLI_FAIL, "%s: %s", o->view, streamwriter_problem(&d->view.out, errno));
        cli_die_stream(o->view, errno);
    }
    renderer->gl = gl_new(&why);
    if (!renderer->gl)
        cli_die(CLI_FAIL, "%s", why);
    renderer->rasterize = o->lines ? !strcmp(o->lines, "own")
                                   : gl_software(renderer->gl) || netstyle_edges(&o->style);
    renderer->overlay.net_name = o->net;
    renderer->overlay.labels = labels_new(o->font ? o->font : NET_DRAW_FONT, &why);
    if (!renderer->overlay.labels && o->font)
        cli_die(CLI_FAIL, "--font %s: %s", o->font, why);
    if (!renderer->overlay.labels)
        cli_warn("%s: %s, so there are no labels; install fonts-dejavu-core or use --font",
                 NET_DRAW_FONT, why);
    if (netreader_open(&d->reader, o->net))
        cli_die_stream(o->net, errno);
}

int main(int argc, char **argv)
{
    static struct drawer d;
    struct options o;
    cli_init("net-draw", usage, help);
    parse(argc, argv, &d, &o);
    cli_catch_stop();
    d.limit = ratelimit_per_second(o.rate);
    scene_init(&d.scene, &o.style);
    interaction_init(&d.interaction, &d.scene, o.theme);
    open_all(&d, &o);
    int code = drawer_run(&d);
    netreader_close(&d.reader);
    view_close(&d.view);
    renderer_free(&d.renderer);
    scene_free(&d.scene);
    cli_finish(code);
}
