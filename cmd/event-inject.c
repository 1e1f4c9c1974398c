/*
 * event-inject: appends user events to a stream's event log.
 *
 * stdin: event lines, if no EVENT is given. All complete lines from one read(2) are appended in one
 * step, so a fast sender causes few wake-ups and a slow one no delay.
 * -l: the table of events on stdout. Follows shm-create --replace.
 * Exit: 0; 2 usage, or a bad line (the lines before it are in the log); 3 no such stream, removed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "eventtext.h"
#include "evlog.h"
#include "fdio.h"
#include "monotonic.h"
#include "stream.h"
#include "tool/streamreader.h"

static const char usage[] = "event-inject [--timing] NAME [EVENT [key=value ...]]\n"
                            "event-inject -l\n";
static const char help[] = "      --timing              replay events at their recorded pace\n"
                           "  -l, --list                list the events and their keys\n";

enum { BLOCK = 1 << 16, BATCH = 4096 };

/* The stream, and the events to be appended in one step. */
struct sink {
    struct streamreader to;
    size_t count;
    struct event events[BATCH];
    bool timing;     /* --timing */
    bool started;    /* the first timed event is in the log */
    uint64_t origin; /* an event recorded at t is written at origin + t */
};

/* false: a stop signal came. */
static bool sink_flush(struct sink *sink)
{
    while (sink->count) {
        if (evlog_append(sink->to.stream, sink->events, sink->count) == 0) {
            sink->count = 0;
        } else if (errno == EINTR) {
            if (cli_stopped())
                return false;
        } else if (streamreader_follow(&sink->to) < 0) {
            cli_die_stream(sink->to.name, errno);
        }
    }
    return true;
}

static bool sink_add(struct sink *sink, const struct event *ev)
{
    sink->events[sink->count++] = *ev;
    return sink->count < BATCH || sink_flush(sink);
}

/* Waits until the time of the event, and gives it a new time. */
static bool sink_add_timed(struct sink *sink, const struct event *ev)
{
    struct event now = *ev;
    uint64_t recorded = ev->time_ns;
    now.time_ns = 0;
    if (!recorded)
        return sink_add(sink, &now);
    if (sink->started) {
        /* Signed difference: the recorded time may be later than now. */
        uint64_t due = sink->origin + recorded;
        if ((int64_t)(due - monotonic_ns()) > 0 && (!sink_flush(sink) || !cli_sleep_until(due)))
            return false;
        return sink_add(sink, &now);
    }
    if (!sink_add(sink, &now) || !sink_flush(sink))
        return false;
    /* Measured after the first event is in the log, so that no gap gets shorter. */
    sink->origin = monotonic_ns() - recorded;
    sink->started = true;
    return true;
}

/* Appends the events before the bad line, then reports it. */
static int bad_line(struct sink *sink, uintmax_t number, const char *why)
{
    if (sink_flush(sink))
        cli_warn("line %ju: %s", number, why);
    return CLI_USAGE;
}

/* Takes one line, without its newline. Returns an exit code, or -1 to go on. */
static int take_line(struct sink *sink, const char *line, size_t bytes, uintmax_t number)
{
    struct event ev;
    const char *why;
    size_t blank = 0;
    while (blank < bytes && (line[blank] == ' ' || line[blank] == '\t'))
        blank++;
    if (bytes < EVENT_LINE_MAX && (blank == bytes || line[blank] == '#'))
        return -1;
    if (!event_parse(line, bytes, &ev, &why))
        return bad_line(sink, number, why);
    if (!(sink->timing ? sink_add_timed : sink_add)(sink, &ev))
        return CLI_OK;
    return -1;
}

static int inject_lines(struct sink *sink)
{
    static char block[BLOCK];
    size_t have = 0;
    uintmax_t number = 1;
    for (;;) {
        ssize_t n = fdio_read(STDIN_FILENO, block + have, sizeof block - have);
        if (n < 0 && errno == EINTR && !cli_stopped())
            continue;
        if (n < 0 && cli_stopped())
            return CLI_OK;
        if (n < 0) {
            cli_warn("standard input: %s", strerror(errno));
            return CLI_FAIL;
        }
        char *line = block, *end = block + have + n, *newline;
        int code = -1;
        for (; code < 0 && (newline = memchr(line, '\n', (size_t)(end - line))); number++) {
            code = take_line(sink, line, (size_t)(newline - line), number);
            line = newline + 1;
        }
        if (code >= 0)
            return code;
        have = (size_t)(end - line);
        if (n == 0)
            code = have ? take_line(sink, line, have, number) : -1;
        else if (have >= EVENT_LINE_MAX)
            code = take_line(sink, line, EVENT_LINE_MAX, number);
        if (code >= 0)
            return code;
        if (!sink_flush(sink) || n == 0)
            return CLI_OK;
        memmove(block, line, have);
    }
}

static void parse_words(struct event *ev, char **words)
{
    uint32_t set = 0;
    const char *why;
    event_init(ev, event_type(words[0]));
    if (!ev->type)
        cli_die(CLI_USAGE, "unknown event '%s'; event-inject -l lists them", words[0]);
    for (words++; *words; words++)
        if (!event_set_word(ev, *words, strlen(*words), &set, &why))
            cli_die(CLI_USAGE, "%s", why);
    if (!event_complete(ev, set, &why))
        cli_die(CLI_USAGE, "%s", why);
}

static void list_events(void)
{
    char line[EVENT_LINE_MAX];
    for (size_t i = 0; event_list(i, line, sizeof line); i++)
        fputs(line, stdout);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"timing", 0, NULL, 'T'},
                                          {"list", 0, NULL, 'l'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    static struct sink sink;
    bool list = false;
    int c;
    cli_init("event-inject", usage, help);
    while ((c = getopt_long(argc, argv, "lhV", longs, NULL)) != -1)
        switch (c) {
        case 'T':
            sink.timing = true;
            break;
        case 'l':
            list = true;
            break;
        default:
            cli_option(c);
        }
    if (list && (sink.timing || optind < argc)) {
        cli_warn("-l takes no other arguments");
        cli_option('?');
    }
    if (list) {
        list_events();
        cli_finish(CLI_OK);
    }
    char **words = argc - optind > 1 ? argv + optind + 1 : NULL;
    if (words && sink.timing)
        cli_die(
            CLI_USAGE,
            "--timing cannot be combined with EVENT; it replays event lines from standard input");
    struct event ev;
    if (words)
        parse_words(&ev, words);
    const char *name = cli_name(words ? optind + 1 : argc, argv);

    cli_catch_stop();
    if (streamreader_open(&sink.to, name, STREAMREADER_WRITE))
        cli_die_stream(name, errno);
    int code = CLI_OK;
    if (words)
        code = sink_add(&sink, &ev) && sink_flush(&sink) ? CLI_OK : CLI_FAIL;
    else
        code = inject_lines(&sink);
    streamreader_close(&sink.to);
    cli_finish(code);
}
