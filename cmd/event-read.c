/*
 * event-read: prints a stream's user events, one per line.
 *
 * stdout: a batch of events is written at once, in one write. Follows shm-create --replace; ends
 * when the stream is removed or the reader of stdout has gone.
 * Exit: 0; 1 no events, or too few, within the time of -t; 2 usage; 3 no such stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool/cli.h"
#include "eventtext.h"
#include "evlog.h"
#include "monotonic.h"
#include "stream.h"
#include "evlock.h"
#include "tool/streamreader.h"
#include "tool/thread.h"

static const char usage[] = "event-read [-f text|json|renderview|fury] [-n COUNT] [-t SECONDS] "
                            "[--from start|now] [--coalesce] [--viewers] NAME\n";
static const char help[] =
    "  -f, --format FMT          output: text (the default), json, renderview, fury\n"
    "  -n, --count COUNT         end after COUNT lines\n"
    "  -t, --timeout SECONDS     end when no event arrives for SECONDS; 0 does not\n"
    "                            wait\n"
    "      --from start|now      begin with the oldest event, or the next (the\n"
    "                            default)\n"
    "      --coalesce            merge successive pointer moves and wheel steps\n"
    "      --viewers             print show and hide: whether frames are wanted\n";

enum { BATCH = 1024 };

/* Time for a writer to complete its batch after the stream has ended, and between two checks. */
static const uint64_t BATCH_NS = 1000000000, LOOK_NS = 1000000;

enum form { FORM_TEXT, FORM_JSON, FORM_RENDERVIEW, FORM_FURY, FORMS };

struct reader {
    const char *name;
    enum form form;
    struct event_canvas canvas; /* FORM_RENDERVIEW */
    uint64_t lines;             /* printed so far */
    uint64_t most;              /* lines to print; UINT64_MAX: no limit */
    double patience;            /* seconds to wait for an event; < 0: no limit */
    bool from_start, coalesce;
    bool viewers;          /* print show and hide */
    unsigned shown;        /* SHOW or HIDE, as printed; 0: nothing yet */
    struct ring *observer; /* of frames; NULL until it is needed */
    struct streamreader in;
    atomic_bool idle;   /* set by the main thread while it waits for events */
    atomic_bool unread; /* set by watch_stdout when the reader of stdout has gone */
};

enum { HIDE = 1, SHOW };

/* Whether any program wants frames: SHOW or HIDE. *demand changes with it. */
static unsigned demand_of(struct reader *r, struct futex_word *demand)
{
    if (!r->observer)
        r->observer = ring_open_observer(r->in.stream, RING_FRAMES);
    if (!r->observer)
        cli_die_stream(r->name, errno);
    *demand = ring_demand(r->observer);
    return ring_watched(r->observer) ? SHOW : HIDE;
}

/* The canvas of renderview's pixels is the newest frame; before the first, the stream's size. */
static void measure(struct reader *r)
{
    struct ring_stats frames;
    const struct shmfmt_header *header = stream_header(r->in.stream);
    ring_stats(r->in.stream, RING_FRAMES, &frames);
    bool any = frames.newest.width > 0;
    r->canvas.width = any ? frames.newest.width : header->width;
    r->canvas.height = any ? frames.newest.height : header->height;
}

/* Writes one event's line. Returns its length; 0: it is not valid, or has no equivalent. */
static size_t put_event(struct reader *r, const struct event *ev, char *out)
{
    switch (r->form) {
    case FORM_JSON:
        return event_json(ev, out, EVENT_LINE_MAX);
    case FORM_FURY:
        return event_fury(ev, out, EVENT_LINE_MAX);
    case FORM_RENDERVIEW:
        if (ev->type == EVENT_RESIZE && event_valid(ev))
            r->canvas.ratio = ev->ratio;
        return event_renderview(ev, &r->canvas, out, EVENT_LINE_MAX);
    default:
        return event_text(ev, out, EVENT_LINE_MAX);
    }
}

/* Merges events of one batch where event_coalesce allows. Returns the new count. */
static size_t merge(struct event *events, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && event_coalesce(&events[kept - 1], &events[i]))
            kept--;
        events[kept++] = events[i];
    }
    return kept;
}

/* 0, or -1 after a message. */
static int write_lines(const char *text, size_t bytes)
{
    if (cli_write(STDOUT_FILENO, text, bytes) == 0)
        return 0;
    if (!cli_stopped())
        cli_warn("standard output: %s", strerror(errno));
    return -1;
}

/* Prints the events after the cursor. 1; 0: there were none; -1: the write failed. */
static int print_batch(struct reader *r)
{
    static struct event events[BATCH];
    static char text[BATCH * EVENT_LINE_MAX];
    uint64_t lost, corrupt = 0;
    size_t bytes = 0, count = evlog_read(r->in.stream, &r->in.cursor, events, BATCH, &lost);
    if (lost)
        cli_warn("%s: lost %" PRIu64 " events: they were overwritten before they were read",
                 r->name, lost);
    size_t left = r->coalesce ? merge(events, count) : count;
    if (left && r->form == FORM_RENDERVIEW)
        measure(r);
    for (size_t i = 0; i < left && r->lines < r->most; i++) {
        size_t n = put_event(r, &events[i], text + bytes);
        corrupt += !n && !event_valid(&events[i]);
        r->lines += n > 0;
        bytes += n;
    }
    if (corrupt)
        cli_warn("%s: skipped %" PRIu64 " corrupt records", r->name, corrupt);
    if (write_lines(text, bytes))
        return -1;
    return count || lost;
}

/* Prints show or hide if that has changed. As print_batch. */
static int print_shown(struct reader *r)
{
    struct futex_word demand;
    char line[EVENT_LINE_MAX];
    static const char *const forms[FORMS] = {
        [FORM_TEXT] = "%s t=%" PRIu64 ".%09" PRIu64 "\n",
        [FORM_JSON] = "{\"type\":\"%s\",\"t\":%" PRIu64 ".%09" PRIu64 "}\n",
        [FORM_RENDERVIEW] = "{\"type\":\"%s\",\"timestamp\":%" PRIu64 ".%09" PRIu64 "}\n",
        [FORM_FURY] = ""};
    unsigned now = r->viewers ? demand_of(r, &demand) : r->shown;
    if (now == r->shown || r->lines == r->most)
        return 0;
    r->shown = now;
    uint64_t ns = monotonic_ns();
    int bytes = snprintf(line, sizeof line, forms[r->form], now == SHOW ? "show" : "hide",
                         ns / 1000000000, ns % 1000000000);
    r->lines += bytes > 0;
    return write_lines(line, (size_t)bytes) ? -1 : 1;
}

/* Waits for a writer that is in the middle of a batch, unless it takes so long that it must have
 * been stopped. Later writers find that the stream has ended. */
static void await_batch(const struct reader *r)
{
    uint64_t end = monotonic_ns() + BATCH_NS;
    while (evlock_trylock(r->in.stream))
        if (errno != EBUSY || monotonic_ns() > end || !cli_sleep_until(monotonic_ns() + LOOK_NS))
            return;
    evlock_unlock(r->in.stream);
}

/* Prints all events left in a stream that has ended. */
static int print_rest(struct reader *r)
{
    int printed;
    await_batch(r);
    while ((printed = print_batch(r)) > 0 && r->lines < r->most && !cli_stopped())
        continue;
    return printed;
}

/* Ends the program as a write to stdout would. */
static void end_unread(void)
{
    static atomic_flag ending = ATOMIC_FLAG_INIT;
    kill(getpid(), SIGPIPE);
    /* Some service managers have SIGPIPE ignored. Both threads may get here. */
    if (atomic_flag_test_and_set(&ending))
        for (;;)
            pause();
    cli_warn("standard output: %s", strerror(EPIPE));
    _exit(CLI_FAIL);
}

/*
 * Thread that notices when the reader of stdout has gone, which the main thread would only notice
 * at the next event. It ends the program only while the main thread is idle, so that
 * `event-read -n 1 view | head -n 1` always succeeds.
 */
static void *watch_stdout(void *user)
{
    struct reader *r = user;
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, -1) < 1 || !(out.revents & (POLLERR | POLLHUP)))
        return NULL;
    atomic_store(&r->unread, true);
    if (atomic_load(&r->idle))
        end_unread();
    return NULL;
}

/* evlog_wait that also ends when show or hide is to be printed. */
static int wait_event_or_demand(struct reader *r, const struct timespec *deadline)
{
    for (;;) {
        struct futex_word words[2] = {evlog_seen(r->in.stream)};
        unsigned now = demand_of(r, &words[1]);
        if (stream_alive(r->in.stream))
            return -1;
        if (now != r->shown || evlog_head(r->in.stream) != r->in.cursor)
            return 1;
        if (futex_wait_two(words[0], words[1], deadline))
            return errno == ETIMEDOUT ? 0 : -1;
    }
}

/* Waits for the next line, at most as long as -t allows. Returns as evlog_wait. */
static int wait_idle(struct reader *r)
{
    struct timespec until;
    atomic_store(&r->idle, true);
    if (atomic_load(&r->unread))
        end_unread();
    const struct timespec *deadline = cli_deadline(r->patience, &until);
    int woken = r->viewers ? wait_event_or_demand(r, deadline)
                           : evlog_wait(r->in.stream, r->in.cursor, deadline);
    atomic_store(&r->idle, false);
    return woken;
}

/* Prints events until the stream is removed, all of -n are printed, or a signal comes. Returns an
 * exit code. */
static int print_events(struct reader *r)
{
    while (r->lines < r->most && !cli_stopped()) {
        int printed = print_batch(r), shown = printed < 0 ? 0 : print_shown(r);
        if (printed < 0 || shown < 0)
            return CLI_FAIL;
        if (printed || shown)
            continue;
        int woken = wait_idle(r), err = errno;
        if (woken == 0)
            return r->lines && r->most == UINT64_MAX ? CLI_OK : CLI_NO;
        if (woken > 0 || (err == EINTR && !cli_stopped()))
            continue;
        if (err == EINTR)
            return CLI_OK;
        if (print_rest(r) < 0)
            return CLI_FAIL;
        ring_close(r->observer);
        r->observer = NULL;
        errno = err;
        if (streamreader_follow(&r->in) > 0)
            continue;
        if (errno == EIDRM)
            return CLI_OK;
        cli_die_stream(r->name, errno);
    }
    return CLI_OK;
}

static void start_watch(struct reader *r)
{
    struct stat st;
    pthread_t thread;
    if (fstat(STDOUT_FILENO, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return;
    if (thread_start(&thread, watch_stdout, r) == 0)
        pthread_detach(thread);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"format", 1, NULL, 'f'}, {"count", 1, NULL, 'n'},    {"timeout", 1, NULL, 't'},
        {"from", 1, NULL, 'F'},   {"coalesce", 0, NULL, 'C'}, {"viewers", 0, NULL, 'W'},
        {"help", 0, NULL, 'h'},   {"version", 0, NULL, 'V'},  {0}};
    static const char *const forms[] = {[FORM_TEXT] = "text",
                                        [FORM_JSON] = "json",
                                        [FORM_RENDERVIEW] = "renderview",
                                        [FORM_FURY] = "fury"};
    struct reader r = {.canvas.ratio = 1, .most = UINT64_MAX, .patience = -1};
    int c;
    cli_init("event-read", usage, help);
    while ((c = getopt_long(argc, argv, "f:n:t:hV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            for (r.form = FORM_TEXT; r.form < FORMS; r.form++)
                if (!strcmp(optarg, forms[r.form]))
                    break;
            if (r.form == FORMS)
                cli_die(CLI_USAGE, "-f %s: must be one of text, json, renderview, fury", optarg);
            break;
        case 'n':
            r.most = cli_number("-n", optarg, 1, INT64_MAX);
            break;
        case 't':
            r.patience = cli_real("-t", optarg, 0, 1e9);
            break;
        case 'F':
            r.from_start = !strcmp(optarg, "start");
            if (!r.from_start && strcmp(optarg, "now"))
                cli_die(CLI_USAGE, "--from %s: must be start or now", optarg);
            break;
        case 'C':
            r.coalesce = true;
            break;
        case 'W':
            r.viewers = true;
            break;
        default:
            cli_option(c);
        }
    r.name = cli_name(argc, argv);
    if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
        cli_die(CLI_FAIL, "standard output: %s", strerror(EBADF));

    cli_catch_stop();
    if (streamreader_open(&r.in, r.name, STREAMREADER_EVENTS))
        cli_die_stream(r.name, errno);
    r.in.cursor = r.from_start ? 0 : evlog_head(r.in.stream);
    start_watch(&r);
    int code = print_events(&r);
    ring_close(r.observer);
    streamreader_close(&r.in);
    cli_finish(code);
}
