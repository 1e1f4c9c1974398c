/*
 * net-layout: lays out a network, and puts where its nodes are into a stream with each step.
 *
 * stdin, or FILE: the network; an edge list on stdin may go on growing. stdout: nothing, or with
 * --record the positions of each step. The stream is made if it isn't there, and then removed again
 * at the end. Reads the stream's events: nodes that are dragged, a pause. Once nothing moves it
 * sleeps until an event comes or the network has grown. Follows shm-create --replace; ends quietly
 * when the stream is removed.
 * Exit: 0, 2 usage, 3 not a network, the stream is written by another or too small, no room.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tool/cli.h"
#include "communities.h"
#include "graph.h"
#include "input.h"
#include "lines.h"
#include "monotonic.h"
#include "net/netevents.h"
#include "publish.h"
#include "read.h"
#include "record.h"
#include "stream.h"
#include "springs.h"
#include "futex.h"

static const char usage[] =
    "net-layout [-d 2|3] [-a bh|igraph-fr] [-f FORMAT] [-i ITERATIONS] [-j THREADS] [--seed N] "
    "[--once] [--record] [FILE] STREAM\n";
static const char help[] =
    "  -d, --dimensions 2|3      dimensions of the layout (2)\n"
    "  -a, --algorithm NAME      bh (Barnes-Hut, the default) or igraph-fr\n"
    "  -f, --format FORMAT       input: edges, ncol, graphml, gml or pajek (detected)\n"
    "  -i, --iterations N        at most N steps after each change of the network\n"
    "  -j, --threads THREADS     threads, 1 to 64 (one per processor)\n"
    "      --seed N              random seed (1)\n"
    "      --once                end when the layout has settled\n"
    "      --record              write the positions after each step to standard\n"
    "                            output\n";

enum {
    THREADS_MAX = 64,
    COOLING = 500, /* steps in which igraph's layout cools down */
    LOWER = 19     /* steps of nice(1) that others come first */
};

/* Changes, and wakes its waiters, when there is more of the network, or communities were found, by
 * threads that may outlive main's frames. */
static _Atomic uint32_t news;

struct options {
    unsigned dimensions, threads;
    bool igraph, once, record;
    enum format format;
    uint64_t iterations, seed; /* 0 iterations: no end */
    const char *file, *name;
};

struct layout {
    const struct options *o;
    const char *from; /* FILE, or "standard input" */
    struct input *input;
    bool input_over;
    struct graph graph;
    struct lines lines;
    char *rest; /* of the input: a line's beginning */
    size_t rest_bytes;
    uint64_t bad_lines;
    struct communities *communities;
    struct springs *springs;
    struct publish *publish;
    bool net_due, places_due; /* to be published */
    bool paused;
    uint64_t steps; /* since the last change */
    uint64_t all_steps;
    uint64_t event; /* number of the last one taken in */
    double heat;    /* igraph's: share of the first */
    uint64_t told_ns, told_steps;
    bool told;
    int code;
};

_Noreturn static void die_input(struct layout *l, const char *why)
{
    input_close(l->input);
    cli_die(CLI_FAIL, "%s: %s", l->from, why);
}

/* Appends what came to what was left over. 0, or -1 with ENOMEM. */
static int join(struct layout *l, char *text, size_t bytes)
{
    if (!l->rest_bytes) {
        free(l->rest);
        l->rest = text;
    } else {
        char *grown = bytes ? realloc(l->rest, l->rest_bytes + bytes) : l->rest;
        if (grown && bytes)
            memcpy(grown + l->rest_bytes, text, bytes);
        free(text);
        if (!grown)
            return -1;
        l->rest = grown;
    }
    l->rest_bytes += bytes;
    return 0;
}

/* Takes in the lines there are. Of a file each has to be right; a growing list goes on without. */
static void take_lines(struct layout *l)
{
    size_t taken = 0;
    bool bad = true;
    while (bad) {
        taken += lines_take(&l->lines, l->rest + taken, l->rest_bytes - taken, l->input_over, &bad);
        if (bad && l->o->file)
            die_input(l, l->lines.why);
        if (bad && !l->bad_lines++)
            cli_warn("%s: %s; left out", l->from, l->lines.why);
    }
    l->rest_bytes -= taken;
    if (taken && l->rest_bytes)
        memmove(l->rest, l->rest + taken, l->rest_bytes);
    if (l->bad_lines)
        l->code = CLI_FAIL;
    if (l->input_over && l->bad_lines > 1)
        cli_warn("%s: %" PRIu64 " more lines left out", l->from, l->bad_lines - 1);
}

/* Takes what has come. false: nothing. */
static bool take_input(struct layout *l)
{
    char *text;
    size_t bytes;
    bool end;
    int got = l->input ? input_take(l->input, &text, &bytes, &end) : 0;
    if (got < 0 || (got && join(l, text, bytes)))
        die_input(l, strerror(errno));
    if (!got)
        return false;
    l->input_over = end;
    return true;
}

/* Sleeps until something has come. false: a signal. */
static bool wait_input(struct layout *l)
{
    while (!cli_stopped()) {
        uint32_t seen = atomic_load(&news);
        if (take_input(l))
            return true;
        futex_wait(&news, seen, NULL);
    }
    return false;
}

/* The network as it is at first: a file as a whole, of a list what is there. false: a signal. */
static bool read_first(struct layout *l)
{
    enum format format = l->o->format;
    const char *why;
    while (!l->graph.nodes) {
        if (l->input_over)
            die_input(l, "no node in it");
        if (!wait_input(l))
            return false;
        if (format == FORMAT_ANY && l->rest_bytes)
            format = format_of(l->rest, l->rest_bytes);
        if (format == FORMAT_EDGES) {
            take_lines(l);
        } else if (l->input_over && l->rest_bytes) {
            if (read_graph(&l->graph, format, l->rest, l->rest_bytes, &why)) {
                if (cli_stopped())
                    return false;
                die_input(l, why);
            }
            l->rest_bytes = 0;
        }
    }
    return true;
}

static void changed(struct layout *l)
{
    l->steps = 0;
    l->heat = l->all_steps ? 0.1 : 1;
}

static void grown(struct layout *l)
{
    communities_update(l->communities, &l->graph);
    if (springs_grow(l->springs, &l->graph))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    changed(l);
    l->net_due = l->places_due = true;
}

/* What has come of a list that grows. */
static void take_growth(struct layout *l)
{
    uint32_t nodes = l->graph.nodes, edges = l->graph.edges;
    if (!take_input(l))
        return;
    take_lines(l);
    if (l->input_over) {
        input_close(l->input);
        l->input = NULL;
    }
    if (l->graph.nodes != nodes || l->graph.edges != edges)
        grown(l);
}

static void take_event(struct layout *l, const struct event *ev)
{
    l->event = ev->number;
    if (!event_valid(ev))
        return;
    if (ev->type == EVENT_LAYOUT_PAUSE) {
        l->paused = ev->on;
        return;
    }
    if ((ev->type != EVENT_NODE_DRAG && ev->type != EVENT_NODE_DROP) || ev->node >= l->graph.nodes)
        return;
    if (ev->type == EVENT_NODE_DRAG)
        springs_pin(l->springs, ev->node, ev->x, ev->y, ev->z);
    else
        springs_unpin(l->springs, ev->node);
    changed(l);
    l->places_due = true;
}

static void take_events(struct layout *l)
{
    struct event events[64];
    uint64_t lost;
    size_t n;
    while ((n = publish_events(l->publish, events, 64, &lost)) > 0 || lost) {
        for (uint32_t i = 0; lost && i < l->graph.nodes; i++)
            if (springs_pinned(l->springs)[i]) /* who let it go may not have been heard */
                springs_unpin(l->springs, i);
        for (size_t i = 0; i < n; i++)
            take_event(l, &events[i]);
    }
}

static enum published publish_halves(struct layout *l)
{
    enum published got = publish_check(l->publish);
    unsigned d = l->o->dimensions;
    if (got == PUBLISHED && l->net_due) {
        struct net net = graph_net(&l->graph);
        got = publish_net(l->publish, &net, d, l->input != NULL);
        l->net_due = got != PUBLISHED;
    }
    if (got == PUBLISHED && l->places_due) {
        got = publish_places(l->publish, springs_places(l->springs), l->graph.nodes, d, l->event);
        l->places_due = got != PUBLISHED;
    }
    return got;
}

/* What a slot is free for. false: the stream is no more. */
static bool publish_due(struct layout *l)
{
    enum published got;
    while ((got = publish_halves(l)) == PUBLISHED_ANEW)
        l->net_due = l->places_due = true;
    return got != PUBLISHED_NEVER;
}

static bool rests(const struct layout *l)
{
    return l->paused || springs_state(l->springs).settled ||
           (l->o->iterations && l->steps >= l->o->iterations);
}

/* How it goes, for who sits before a terminal. */
static void tell(struct layout *l, bool last)
{
    uint64_t now = monotonic_ns();
    if (!l->told || (!last && now - l->told_ns < 250000000))
        return;
    struct springs_state state = springs_state(l->springs);
    double seconds = (double)(now - l->told_ns) / 1e9;
    double rate = (double)(l->all_steps - l->told_steps) * l->graph.nodes / seconds;
    fprintf(stderr,
            "\r%s: %" PRIu32 " nodes, %" PRIu32 " edges, step %" PRIu64
            ", energy %.3g, moved %.2g, %.3g nodes/s\033[K%s",
            l->o->name, l->graph.nodes, l->graph.edges, l->all_steps, state.energy, state.moved,
            rate, last ? "\n" : "");
    l->told_ns = now;
    l->told_steps = l->all_steps;
}

static void igraph_one(struct layout *l)
{
    const struct options *o = l->o;
    uint64_t most = o->iterations ? o->iterations : COOLING;
    double share = 1 - (double)l->steps / (double)most, heat = sqrt(l->graph.nodes) / 10;
    const char *why;
    if (igraph_step(&l->graph, springs_places(l->springs), springs_pinned(l->springs),
                    o->dimensions == 2, heat * l->heat * share, &why) &&
        !cli_stopped())
        cli_die(CLI_FAIL, "%s", why);
    springs_moved(l->springs, l->steps + 1 >= most);
}

static void step(struct layout *l)
{
    if (l->o->igraph)
        igraph_one(l);
    else if (springs_step(l->springs))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    if (l->places_due)
        publish_dropped(l->publish);
    l->steps++;
    l->all_steps++;
    l->places_due = true;
}

/* false: stdout takes no more. */
static bool record(struct layout *l)
{
    if (!l->o->record ||
        !record_places(springs_places(l->springs), l->graph.nodes, l->o->dimensions))
        return true;
    if (!cli_stopped()) {
        cli_warn("standard output: %s", strerror(errno));
        l->code = CLI_FAIL;
    }
    return false;
}

/* Takes in what is new, and goes a step unless at rest. Returns whether it did; *there: whether the
 * stream, and stdout, take more. */
static bool turn(struct layout *l, bool *there)
{
    take_growth(l);
    l->net_due = communities_update(l->communities, &l->graph) || l->net_due;
    take_events(l);
    bool works = !rests(l);
    if (works)
        step(l);
    *there = publish_due(l) && (!works || record(l));
    return works;
}

static void run(struct layout *l)
{
    bool worked = true;
    grown(l);
    l->told_ns = monotonic_ns();
    for (bool there = publish_due(l); there && !cli_stopped();) {
        uint32_t seen = atomic_load(&news);
        bool works = turn(l, &there);
        if (works || worked)
            tell(l, !works);
        worked = works;
        if (works || !there)
            continue;
        if (l->o->once && !l->paused && !l->input)
            break;
        publish_wait(l->publish, &news, seen, l->net_due || l->places_due);
    }
}

static void open_input(struct layout *l)
{
    int fd;
    if (l->o->file) {
        l->from = l->o->file;
        fd = open(l->o->file, O_RDONLY | O_CLOEXEC);
    } else {
        l->from = "standard input";
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    l->input = fd < 0 ? NULL : input_open(fd, l->o->file != NULL, &news);
    if (!l->input)
        die_input(l, strerror(errno));
}

static int lay_out(const struct options *o)
{
    struct layout l = {.o = o, .told = isatty(STDERR_FILENO)};
    l.lines.graph = &l.graph;
    l.publish = publish_open(o->name);
    open_input(&l);
    igraph_begin(o->seed);
    struct pool *pool = pool_new(o->threads);
    l.springs = pool ? springs_new(pool, o->dimensions == 2, o->seed) : NULL;
    l.communities = communities_new(&news, o->seed, o->igraph);
    if (!l.publish || !l.springs || !l.communities)
        cli_die(CLI_FAIL, "%u threads: %s", o->threads, strerror(errno));
    if (read_first(&l)) {
        if (l.input_over) {
            input_close(l.input);
            l.input = NULL;
        }
        run(&l);
    }
    publish_close(l.publish);
    input_close(l.input);
    communities_free(l.communities);
    springs_free(l.springs);
    pool_free(pool);
    lines_free(&l.lines);
    graph_free(&l.graph);
    free(l.rest);
    return l.code;
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static void operands(struct options *o, int argc, char **argv)
{
    int count = argc - optind;
    if (count < 1 || count > 2) {
        cli_warn(count < 1 ? "no stream named" : "one FILE and one STREAM at a time");
        cli_option('?');
    }
    if (count == 2 && strcmp(argv[optind], "-") != 0)
        o->file = argv[optind];
    o->name = stream_name(argv[argc - 1]);
    if (!o->name)
        cli_die_stream(argv[argc - 1], EINVAL);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"dimensions", 1, NULL, 'd'},
                                          {"algorithm", 1, NULL, 'a'},
                                          {"format", 1, NULL, 'f'},
                                          {"iterations", 1, NULL, 'i'},
                                          {"threads", 1, NULL, 'j'},
                                          {"seed", 1, NULL, 's'},
                                          {"once", 0, NULL, 'o'},
                                          {"record", 0, NULL, 'r'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct options o = {.dimensions = 2, .threads = processors(), .seed = 1};
    int c;
    cli_init("net-layout", usage, help);
    while ((c = getopt_long(argc, argv, "d:a:f:i:j:hV", longs, NULL)) != -1)
        switch (c) {
        case 'd':
            o.dimensions = (unsigned)cli_number("-d", optarg, 2, 3);
            break;
        case 'a':
            o.igraph = !strcmp(optarg, "igraph-fr");
            if (!o.igraph && strcmp(optarg, "bh") != 0)
                cli_die(CLI_USAGE, "-a %s: must be one of bh, igraph-fr", optarg);
            break;
        case 'f':
            o.format = format_named(optarg);
            if (o.format == FORMAT_ANY)
                cli_die(CLI_USAGE, "-f %s: must be one of %s", optarg, format_names());
            break;
        case 'i':
            o.iterations = cli_number("-i", optarg, 1, UINT64_MAX);
            break;
        case 'j':
            o.threads = (unsigned)cli_number("-j", optarg, 1, THREADS_MAX);
            break;
        case 's':
            o.seed = cli_number("--seed", optarg, 0, UINT64_MAX);
            break;
        case 'o':
            o.once = true;
            break;
        case 'r':
            o.record = true;
            break;
        default:
            cli_option(c);
        }
    operands(&o, argc, argv);

    cli_catch_stop();
    signal(SIGPIPE, SIG_IGN); /* or the stream would outlive us */
    /* The picture, and who steers it, come first. */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + LOWER);
    cli_finish(lay_out(&o));
}
