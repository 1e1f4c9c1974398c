/*
 * bench-events delay NAME COUNT: measures the time from appending an event to the line of an
 * event-read that it starts, with its output polled without sleep. Prints the median and the 99th
 * percentile in µs.
 * bench-events log NAME WRITERS COUNT: WRITERS processes append COUNT events each, one per call,
 * and this one reads them all. bench-events pipe WRITERS COUNT: the same through one pipe with
 * writes of 64 bytes. Both print events per second. Exit: 0, or 1 with a message, for example when
 * an event is lost or altered.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "evlog.h"
#include "monotonic.h"
#include "stream.h"

enum {
    WARM_UP = 50,
    WRITERS_MAX = 64,
    BATCH = 1024,
    RECORD = 64,
    START_NS = 20000000,
    STARTS_MAX = 1000
};

/* The nth event of a writer: its x is n. */
static struct event numbered(uint32_t writer, long n)
{
    return (struct event){.type = EVENT_POINTER_MOVE, .viewer = writer, .x = (float)n};
}

static void inject(struct stream *stream, uint32_t writer, long n)
{
    struct event ev = numbered(writer, n);
    if (evlog_append(stream, &ev, 1))
        bench_die("event log");
}

/* event-read with shared memory as its output, so that polling never delays it. */
static pid_t start_reader(const char *name, int output)
{
    pid_t pid = fork();
    if (pid < 0)
        bench_die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(output, STDOUT_FILENO);
        execlp("event-read", "event-read", name, (char *)NULL);
        bench_die("event-read");
    }
    return pid;
}

/* Whether a line has arrived after *at; moves *at past it. */
static bool line_came(const _Atomic char *output, size_t *at)
{
    char c = atomic_load_explicit(&output[*at], memory_order_acquire);
    if (!c)
        return false;
    for (; c != '\n'; c = atomic_load_explicit(&output[*at], memory_order_acquire))
        *at += c != 0; /* the rest of the line follows */
    ++*at;
    return true;
}

static void measure_delay(const char *name, size_t count)
{
    size_t room = (count + WARM_UP + STARTS_MAX) * EVENT_LINE_MAX, at = 0, starts = 0;
    int64_t *ns = bench_alloc(count * sizeof *ns);
    int file = memfd_create("lines", 0);
    _Atomic char *output = MAP_FAILED;
    if (file >= 0 && ftruncate(file, (off_t)room) == 0)
        output = mmap(NULL, room, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    struct stream *stream = stream_attach(name, STREAM_WRITE);
    if (output == MAP_FAILED || !stream)
        bench_die(name);
    pid_t reader = start_reader(name, file);
    do { /* until it has attached */
        errno = ETIMEDOUT;
        if (++starts > STARTS_MAX)
            bench_die("event-read");
        inject(stream, 1, 0);
        bench_pause(START_NS);
    } while (!line_came(output, &at));
    for (; starts > 1; starts--) /* the first ones may arrive late, or never */
        for (bench_pause(START_NS); line_came(output, &at);)
            continue;
    for (size_t i = 0; i < count + WARM_UP; i++) {
        bench_gap();
        uint64_t start = monotonic_ns();
        inject(stream, 1, 1);
        while (!line_came(output, &at))
            continue;
        if (i >= WARM_UP)
            ns[i - WARM_UP] = (int64_t)(monotonic_ns() - start);
    }
    bench_percentiles(ns, count);
    kill(reader, SIGTERM);
    waitpid(reader, NULL, 0);
    stream_close(stream);
    free(ns);
}

/* Forks the writers; each calls write_all once go is closed. */
static void start_writers(long writers, long count, int go[2],
                          void (*write_all)(void *to, uint32_t writer, long count), void *to)
{
    char byte;
    if (pipe(go))
        bench_die("pipe");
    for (long i = 0; i < writers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            bench_die("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(go[1]);
            (void)!read(go[0], &byte, 1);
            write_all(to, (uint32_t)i, count);
            _exit(0);
        }
    }
    close(go[0]);
}

static void end_writers(long writers)
{
    int status;
    while (writers-- > 0)
        if (wait(&status) < 0 || status)
            bench_die("a writer");
}

/* Each writer's events must come in order, none missing. */
static void take(long next[WRITERS_MAX], uint32_t writer, long n)
{
    errno = EPROTO;
    if (writer >= WRITERS_MAX || n != next[writer]++)
        bench_die("an event is missing");
}

static void log_events(void *to, uint32_t writer, long count)
{
    struct stream *stream = stream_attach(to, STREAM_WRITE);
    if (!stream)
        bench_die(to);
    for (long n = 0; n < count; n++)
        inject(stream, writer, n);
}

static void measure_log(char *name, long writers, long count)
{
    static struct event events[BATCH];
    long next[WRITERS_MAX] = {0}, left = writers * count;
    int go[2];
    struct stream *stream = stream_attach(name, STREAM_READ);
    if (!stream)
        bench_die(name);
    uint64_t cursor = evlog_head(stream), lost;
    start_writers(writers, count, go, log_events, name);
    uint64_t start = monotonic_ns();
    close(go[1]);
    while (left > 0) {
        size_t got = evlog_read(stream, &cursor, events, BATCH, &lost);
        errno = EOVERFLOW;
        if (lost)
            bench_die("events were lost");
        for (size_t i = 0; i < got; i++)
            take(next, events[i].viewer, (long)events[i].x);
        left -= (long)got;
        if (!got && evlog_wait(stream, cursor, NULL) < 0)
            bench_die(name);
    }
    printf("%.0f\n", (double)(writers * count) * 1e9 / (double)(monotonic_ns() - start));
    end_writers(writers);
    stream_close(stream);
}

struct record {
    uint32_t writer;
    int32_t n;
    uint8_t rest[RECORD - 8];
};

static void pipe_events(void *to, uint32_t writer, long count)
{
    struct record record = {.writer = writer};
    for (long n = 0; n < count; n++) {
        record.n = (int32_t)n;
        if (write(*(int *)to, &record, sizeof record) != sizeof record)
            bench_die("pipe");
    }
}

static void measure_pipe(long writers, long count)
{
    static struct record records[BATCH];
    long next[WRITERS_MAX] = {0}, left = writers * count;
    int go[2], ends[2];
    if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) < 0)
        bench_die("pipe");
    start_writers(writers, count, go, pipe_events, &ends[1]);
    uint64_t start = monotonic_ns();
    close(go[1]);
    while (left > 0) {
        ssize_t n = read(ends[0], records, sizeof records);
        if (n < (ssize_t)RECORD)
            bench_die("pipe");
        for (size_t i = 0; i < (size_t)n / RECORD; i++)
            take(next, records[i].writer, records[i].n);
        left -= n / RECORD;
    }
    printf("%.0f\n", (double)(writers * count) * 1e9 / (double)(monotonic_ns() - start));
    end_writers(writers);
}

int main(int argc, char **argv)
{
    errno = EINVAL;
    if (argc == 4 && !strcmp(argv[1], "delay"))
        measure_delay(argv[2], (size_t)bench_number(argv[3]));
    else if (argc == 5 && !strcmp(argv[1], "log") && bench_number(argv[3]) <= WRITERS_MAX)
        measure_log(argv[2], bench_number(argv[3]), bench_number(argv[4]));
    else if (argc == 4 && !strcmp(argv[1], "pipe") && bench_number(argv[2]) <= WRITERS_MAX)
        measure_pipe(bench_number(argv[2]), bench_number(argv[3]));
    else
        bench_die("delay NAME COUNT, log NAME WRITERS COUNT, or pipe WRITERS COUNT");
    return 0;
}
