/*
 * net-read: prints the network in a stream, as net-layout writes it, with the newest positions.
 *
 * stdout: a table of nodes or of edges in CSV, GraphML, or an SVG picture. Waits for the stream's
 * network and its positions; never holds up their writer. Follows shm-create --replace.
 * Exit: 0; 1 no network before the time-out, or the stream was removed; 2 usage; 3 no such stream,
 * no network in it, output failed, no memory.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "futex.h"
#include "net/netparts.h"
#include "output.h"
#include "pixfmt.h"
#include "stream.h"
#include "tool/cli.h"
#include "tool/streamreader.h"

static const char usage[] = "net-read [-f csv|edges|graphml|svg] [-t SECONDS] "
                            "[-m WHAT=ATTRIBUTE]... [-x CONDITION]... NAME\n";
static const char help[] =
    "  -f, --format FMT          output: csv (nodes, the default), edges (as CSV),\n"
    "                            graphml or svg\n"
    "  -t, --timeout SECONDS     give up SECONDS after the start; 0 does not wait\n"
    "  -m, --map WHAT=ATTRIBUTE  show an attribute in the picture: as colour, size or\n"
    "                            label of nodes, or as edge-colour or edge-width\n"
    "  -x, --hide CONDITION      leave out nodes or edges, such as 'degree<2'\n";

enum format { CSV, EDGES, GRAPHML, SVG, FORMATS };

static const char *const formats[FORMATS] = {"csv", "edges", "graphml", "svg"};

/* A network and positions that belong to it. */
struct snapshot {
    struct net *net;
    float *at;
    uint32_t rows;
    unsigned dimensions;
};

static enum format parse_format(const char *text)
{
    unsigned f = 0;
    while (f < FORMATS && strcmp(text, formats[f]) != 0)
        f++;
    if (f == FORMATS)
        cli_die(CLI_USAGE, "-f %s: must be one of csv edges graphml svg", text);
    return f;
}

static int take_net(struct streamreader *in, struct snapshot *s)
{
    struct ring_view view;
    int got = streamreader_pin(in, RING_PACKETS, &view);
    if (got != 1)
        return got;
    net_free(s->net);
    s->net = net_read(view.data, view.meta.bytes);
    return s->net ? 1 : -1;
}

static int take_positions(struct streamreader *in, struct snapshot *s)
{
    struct ring_view view;
    int got = streamreader_pin(in, RING_FRAMES, &view);
    if (got != 1)
        return got;
    const struct ring_meta *m = &view.meta;
    if (m->format != PIXFMT_F32 || m->width < 2 || m->width > 3) {
        errno = ENOMSG;
        return -1;
    }
    free(s->at);
    s->at = malloc(m->bytes);
    if (!s->at)
        return -1;
    memcpy(s->at, view.data, m->bytes);
    s->rows = m->height;
    s->dimensions = m->width;
    return 1;
}

/* Waits for a network with its positions. 1; 0 at the deadline; -1 with errno. */
static int take(struct streamreader *in, struct snapshot *s, const struct timespec *deadline)
{
    for (;;) {
        struct futex_word words[2] = {ring_seen(in->rings[RING_PACKETS]),
                                      ring_seen(in->rings[RING_FRAMES])};
        int net = take_net(in, s), positions = net < 0 ? -1 : take_positions(in, s);
        if (net < 0 || positions < 0)
            return -1;
        if (s->net && s->at && s->rows == s->net->nodes)
            return 1;
        if (net || positions)
            continue;
        if (futex_wait_any(words, 2, deadline)) {
            if (errno == ETIMEDOUT)
                return 0;
            if (errno != EINTR || cli_stopped())
                return -1;
        }
        int alive = streamreader_check(in);
        if (alive < 0)
            return -1;
    }
}

static void print(enum format format, const struct output *o)
{
    switch (format) {
    case CSV:
        csv_nodes(o);
        break;
    case EDGES:
        csv_edges(o);
        break;
    case GRAPHML:
        graphml_print(o);
        break;
    default:
        if (svg_print(o))
            cli_die(CLI_FAIL, "%s", strerror(errno));
    }
}

static int run(const char *name, enum format format, double seconds,
               const struct netstyle_options *options)
{
    struct streamreader in = {0};
    struct snapshot s = {0};
    struct netstyle style = {0};
    struct timespec at;
    if (streamreader_open(&in, name, STREAMREADER_FRAMES | STREAMREADER_NETS))
        cli_die_stream(name, errno);
    int got = take(&in, &s, cli_deadline(seconds, &at)), code = CLI_OK;
    if (got < 0 && errno == ENOMSG)
        cli_die(CLI_FAIL, "%s: holds images, not a network", name);
    if (got < 0 && errno != EIDRM && errno != EINTR)
        cli_die(CLI_FAIL, "%s: %s", name, stream_problem(errno));
    if (got == 1) {
        uint32_t *part = netparts_find(s.net);
        if (!part || netstyle_apply(&style, options, s.net))
            cli_die(CLI_FAIL, "%s", strerror(errno));
        if (style.missing)
            cli_die(CLI_FAIL, "%s: %s: no such attribute", name, style.missing);
        print(format, &(struct output){s.net, &style, part, s.at, s.dimensions});
        free(part);
    } else {
        code = CLI_NO;
        if (got == 0)
            cli_warn("%s: no network before the time-out", name);
        else if (errno == EIDRM)
            cli_warn("%s: removed before there was a network", name);
    }
    netstyle_free(&style);
    streamreader_close(&in);
    net_free(s.net);
    free(s.at);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"format", 1, NULL, 'f'},
                                          {"timeout", 1, NULL, 't'},
                                          {"map", 1, NULL, 'm'},
                                          {"hide", 1, NULL, 'x'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct netstyle_options options = {.hides = 0};
    enum format format = CSV;
    double seconds = -1;
    const char *wrong;
    int c;
    cli_init("net-read", usage, help);
    while ((c = getopt_long(argc, argv, "f:t:m:x:hV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            format = parse_format(optarg);
            break;
        case 't':
            seconds = cli_real("-t", optarg, 0, 1e9);
            break;
        case 'm':
            wrong = netstyle_add_map(&options, optarg);
            if (wrong)
                cli_die(CLI_USAGE, "-m %s: %s", optarg, wrong);
            break;
        case 'x':
            wrong = netstyle_add_hide(&options, optarg);
            if (wrong)
                cli_die(CLI_USAGE, "-x %s: %s", optarg, wrong);
            break;
        default:
            cli_option(c);
        }
    const char *name = cli_name(argc, argv);
    cli_catch_stop();
    cli_finish(run(name, format, seconds, &options));
}
