/*
 * event-read: prints a stream's user events, a line each.
 *
 * stdout: what came in one go is written in one go, at once. Follows a stream that is replaced and
 * ends when it is removed, or when nobody reads its output any more.
 * Exit: 0; 1 nothing, or not enough, within the time of -t; 2 usage; 3 no such stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool/cli.h"
#include "events.h"
#include "evlog.h"
#include "stream.h"
#include "evlock.h"

static const char usage[] = "event-read [-f text|json|fury] [-n COUNT] [-t SECONDS] "
                            "[--from start|now] [--coalesce] NAME\n";
static const char help[] =
    "  -f, --format FMT          output: text (the default), json or fury\n"
    "  -n, --count COUNT         end after COUNT lines\n"
    "  -t, --timeout SECONDS     end when no event arrives for SECONDS; 0 does not\n"
    "                            wait\n"
    "      --from start|now      begin with the oldest event, or the next (the\n"
    "                            default)\n"
    "      --coalesce            merge successive pointer moves and wheel steps\n";

enum { BATCH = 1024 };

struct reader {
    const char *name;
    size_t (*format)(const struct event *ev, char *out, size_t size);
    uint64_t lines, most; /* printed so far; wanted, UINT64_MAX: all */
    double patience;      /* seconds; < 0: for ever */
    bool from_start, coalesce;
    struct stream *stream;
    uint64_t cursor;
    /* Between the main thread and watch_stdout: waiting for events; nobody reads our output. */
    atomic_bool idle, unread;
};

static void attach(struct reader *r)
{
    r->stream = stream_attach(r->name, STREAM_READ);
    /* The claim is for shm-ls; without one everything works all the same. */
    if (r->stream)
        claim_take_reader(r->stream, CLAIM_ROLE_EVENTS);
}

/* Merges what may be merged among events that came together. Returns how many are left. */
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

/* Prints what there is after the cursor. 1 when there was something, 0; -1: couldn't write. */
static int print_batch(struct reader *r)
{
    static struct event events[BATCH];
    static char text[BATCH * EVENT_LINE_MAX];
    uint64_t lost, strange = 0;
    size_t bytes = 0, count = evlog_read(r->stream, &r->cursor, events, BATCH, &lost);
    if (lost)
        cli_warn("%s: lost %" PRIu64 " events, too slow", r->name, lost);
    size_t left = r->coalesce ? merge(events, count) : count;
    for (size_t i = 0; i < left && r->lines < r->most; i++) {
        size_t n = r->format(&events[i], text + bytes, EVENT_LINE_MAX);
        strange += !n && !event_valid(&events[i]);
        r->lines += n > 0;
        bytes += n;
    }
    if (strange)
        cli_warn("%s: skipped %" PRIu64 " records that are no events", r->name, strange);
    if (cli_write(STDOUT_FILENO, text, bytes) == 0)
        return count || lost;
    if (!cli_stopped())
        cli_warn("standard output: %s", strerror(errno));
    return -1;
}

/* All that a writer who had its turn before the stream ended has put there. */
static int print_rest(struct reader *r)
{
    int printed;
    /* One more turn: nobody is in the middle of writing now, and nobody begins. */
    if (evlock_lock(r->stream) == 0)
        evlock_unlock(r->stream);
    while ((printed = print_batch(r)) > 0 && r->lines < r->most && !cli_stopped())
        continue;
    return printed;
}

/* As a write would have ended us. */
static void end_unread(void)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    kill(getpid(), SIGPIPE);
    /* SIGPIPE is ignored, as under some service managers. Both threads may have come here. */
    if (atomic_flag_test_and_set(&told))
        for (;;)
            pause();
    cli_warn("standard output: %s", strerror(EPIPE));
    _exit(CLI_FAIL);
}

/*
 * An idle event-read would not notice that its reader has gone until the next event: this thread
 * does. Only an idle one is ended, so that `event-read -n 1 view | head -n 1` is a success always.
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

/* evlog_wait from the cursor, with the patience that we have. */
static int wait_idle(struct reader *r)
{
    struct timespec until;
    atomic_store(&r->idle, true);
    if (atomic_load(&r->unread))
        end_unread();
    int woken = evlog_wait(r->stream, r->cursor, cli_deadline(r->patience, &until));
    atomic_store(&r->idle, false);
    return woken;
}

/* Until the stream is removed, enough was printed, or a signal came. Returns an exit code. */
static int print_events(struct reader *r)
{
    while (r->lines < r->most && !cli_stopped()) {
        int printed = print_batch(r);
        if (printed < 0)
            return CLI_FAIL;
        if (printed)
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
        if (err != ESTALE)
            return CLI_OK;
        stream_close(r->stream);
        attach(r);
        if (!r->stream && errno == ENOENT)
            return CLI_OK; /* replaced, and the new one removed meanwhile */
        if (!r->stream)
            cli_die_stream(r->name, errno);
        r->cursor = 0;
    }
    return CLI_OK;
}

static void start_watch(struct reader *r)
{
    struct stat st;
    sigset_t all, old;
    pthread_t thread;
    if (fstat(STDOUT_FILENO, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old); /* stop signals are to interrupt the main thread */
    if (pthread_create(&thread, NULL, watch_stdout, r) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"format", 1, NULL, 'f'},   {"count", 1, NULL, 'n'},
                                          {"timeout", 1, NULL, 't'},  {"from", 1, NULL, 'F'},
                                          {"coalesce", 0, NULL, 'C'}, {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},  {0}};
    struct reader r = {.format = event_text, .most = UINT64_MAX, .patience = -1};
    int c;
    cli_init("event-read", usage, help);
    while ((c = getopt_long(argc, argv, "f:n:t:hV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            r.format = !strcmp(optarg, "text")   ? event_text
                       : !strcmp(optarg, "json") ? event_json
                       : !strcmp(optarg, "fury") ? event_fury
                                                 : NULL;
            if (!r.format)
                cli_die(CLI_USAGE, "-f %s: must be one of text, json, fury", optarg);
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
        default:
            cli_option(c);
        }
    r.name = cli_name(argc, argv);
    if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
        cli_die(CLI_FAIL, "standard output: %s", strerror(EBADF));

    cli_catch_stop();
    attach(&r);
    if (!r.stream)
        cli_die_stream(r.name, errno);
    r.cursor = r.from_start ? 0 : evlog_head(r.stream);
    start_watch(&r);
    int code = print_events(&r);
    stream_close(r.stream);
    cli_finish(code);
}
