/*
 * net-layout: lays out a network, and publishes each step in a stream.
 *
 * stdin, or FILE: the network; an edge list on stdin may go on growing. stdout: nothing, or with
 * --record the positions of each step. A stream that does not exist is created, and removed again
 * at the end. Obeys events of the stream: dragged nodes, pause. Sleeps when the layout has settled,
 * until an event arrives or the network grows. Follows shm-create --replace; ends when the stream
 * is removed.
 * Exit: 0, 2 usage, 3 bad input, the stream has another writer or is too small, no memory.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "layout.h"
#include "stream.h"
#include "tool/cli.h"

static const char usage[] =
    "net-layout [-d 2|3] [-a bh|fr|igraph-fr] [-f FORMAT] [-i ITERATIONS] [-j THREADS] [--seed N] "
    "[--negative abs|skip] [--attributes FILE] [--start] [--nice N] [--once] [--record] [FILE] "
    "STREAM\n";
static const char help[] =
    "  -d, --dimensions 2|3      dimensions of the layout (2)\n"
    "  -a, --algorithm NAME      bh (the default), fr or igraph-fr\n"
    "  -f, --format FORMAT       input: edges, ncol, graphml, gexf, gml or pajek\n"
    "                            (detected)\n"
    "  -i, --iterations N        at most N steps after each change of the network\n"
    "  -j, --threads THREADS     threads, 1 to 64 (one per processor)\n"
    "      --seed N              random seed (1)\n"
    "      --negative abs|skip   negative weights: take the absolute value, or skip\n"
    "                            the edge (refuse the input)\n"
    "      --attributes FILE     attributes of nodes or edges, as CSV with a header\n"
    "      --start               start at the attributes x, y and z of the nodes\n"
    "      --nice N              number added to the niceness, 0 to 19 (19)\n"
    "      --once                end when the layout has settled\n"
    "      --record              write the positions after each step to standard\n"
    "                            output\n";

enum { THREADS_MAX = 64 };

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static void operands(struct layout_options *o, int argc, char **argv)
{
    int count = argc - optind;
    if (count < 1 || count > 2) {
        cli_warn(count < 1 ? "no stream given" : "too many operands; give one FILE and one STREAM");
        cli_option('?');
    }
    if (count == 2 && strcmp(argv[optind], "-") != 0)
        o->file = argv[optind];
    o->stream = stream_name(argv[argc - 1]);
    if (!o->stream)
        cli_die_stream(argv[argc - 1], EINVAL);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"dimensions", 1, NULL, 'd'}, {"algorithm", 1, NULL, 'a'},  {"format", 1, NULL, 'f'},
        {"iterations", 1, NULL, 'i'}, {"threads", 1, NULL, 'j'},    {"seed", 1, NULL, 's'},
        {"negative", 1, NULL, 'n'},   {"attributes", 1, NULL, 'A'}, {"start", 0, NULL, 'S'},
        {"once", 0, NULL, 'o'},       {"record", 0, NULL, 'r'},     {"nice", 1, NULL, 'N'},
        {"help", 0, NULL, 'h'},       {"version", 0, NULL, 'V'},    {0}};
    int nice_added = 19; /* programs that draw, encode and serve come first */
    struct layout_options o = {.dimensions = 2, .threads = processors(), .seed = 1};
    int c;
    cli_init("net-layout", usage, help);
    while ((c = getopt_long(argc, argv, "d:a:f:i:j:hV", longs, NULL)) != -1)
        switch (c) {
        case 'd':
            o.dimensions = (unsigned)cli_number("-d", optarg, 2, 3);
            break;
        case 'a':
            o.igraph = !strcmp(optarg, "igraph-fr");
            o.fr = !strcmp(optarg, "fr");
            if (!o.igraph && !o.fr && strcmp(optarg, "bh") != 0)
                cli_die(CLI_USAGE, "-a %s: must be bh, fr or igraph-fr", optarg);
            break;
        case 'f':
            o.format = fileformat_find(optarg);
            if (o.format == FORMAT_ANY)
                cli_die(CLI_USAGE, "-f %s: must be one of %s", optarg, fileformat_names());
            break;
        case 'i':
            o.iterations = cli_number("-i", optarg, 0, UINT64_MAX);
            o.fixed = !o.iterations;
            break;
        case 'j':
            o.threads = (unsigned)cli_number("-j", optarg, 1, THREADS_MAX);
            break;
        case 's':
            o.seed = cli_number("--seed", optarg, 0, UINT64_MAX);
            break;
        case 'n':
            o.negative = !strcmp(optarg, "abs")    ? NEGATIVE_ABS
                         : !strcmp(optarg, "skip") ? NEGATIVE_SKIP
                                                   : NEGATIVE_REFUSE;
            if (o.negative == NEGATIVE_REFUSE)
                cli_die(CLI_USAGE, "--negative %s: must be abs or skip", optarg);
            break;
        case 'A':
            o.attributes = optarg;
            break;
        case 'S':
            o.start = true;
            break;
        case 'N':
            nice_added = (int)cli_number("--nice", optarg, 0, 19);
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
    signal(SIGPIPE, SIG_IGN); /* a failed write must not leave the stream behind */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + nice_added);
    cli_finish(layout_run(&o));
}
