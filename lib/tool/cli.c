#include "tool/cli.h"
#include "fdio.h"
#include "monotonic.h"
#include "shmfmt.h"
#include "pixfmt.h"
#include "stream.h"
#include "futex.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char *program_name = "shmcast";
static const char *program_usage = "";
static const char *program_help[2] = {"", ""};
static atomic_int stop_signal; /* read by all threads */

enum { STOPS = 3 };
static const int stops[STOPS] = {SIGINT, SIGTERM, SIGHUP};

/* If several threads get here, only the first prints. */
static void on_bus(int sig)
{
    static const char why[] = ": the stream was truncated while in use\n";
    static atomic_flag printed = ATOMIC_FLAG_INIT;
    char line[128];
    size_t n = strnlen(program_name, sizeof line - sizeof why);
    (void)sig;
    while (atomic_flag_test_and_set(&printed))
        pause();
    memcpy(line, program_name, n);
    memcpy(line + n, why, sizeof why - 1);
    if (write(STDERR_FILENO, line, n + sizeof why - 1) < 0)
        _exit(CLI_FAIL);
    _exit(CLI_FAIL);
}

#ifdef __GLIBC__
static ssize_t write_stdout(void *cookie, const char *data, size_t bytes)
{
    (void)cookie;
    return cli_write(STDOUT_FILENO, data, bytes) ? 0 : (ssize_t)bytes;
}
#endif

/* Makes stdio wait for a non-blocking stdout: its own write would fail with EAGAIN and drop data.
 * Other C libraries than glibc cannot replace stdout; there it fails. */
static void replace_stdout(void)
{
#ifdef __GLIBC__
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_stdout});
    if (!out)
        _exit(CLI_FAIL);
    if (isatty(STDOUT_FILENO))
        setvbuf(out, NULL, _IOLBF, 0);
    stdout = out;
#endif
}

void cli_init(const char *program, const char *usage, const char *help)
{
    program_name = program;
    program_usage = usage;
    program_help[0] = help;
    struct sigaction sa = {.sa_handler = on_bus};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGBUS, &sa, NULL);
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
                _exit(CLI_FAIL);
    replace_stdout();
}

static void warn_va(const char *format, va_list args)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s: ", program_name);
    vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    size_t bytes = strlen(line);
    for (size_t i = 0; i < bytes; i++) /* names and input may contain control characters */
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[bytes++] = '\n';
    if (fdio_write(STDERR_FILENO, line, bytes) < 0)
        return;
}

void cli_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    warn_va(format, args);
    va_end(args);
}

void cli_die(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    warn_va(format, args);
    va_end(args);
    exit(code);
}

void cli_more_help(const char *help)
{
    program_help[1] = help ? help : "";
}

/* Bytes up to the next blank or newline outside of brackets. */
static size_t usage_word(const char *text)
{
    size_t n = 0;
    for (int depth = 0; text[n] && text[n] != '\n' && (depth || text[n] != ' '); n++)
        depth += (text[n] == '[') - (text[n] == ']');
    return n;
}

/* One form of the program, wrapped; returns the next one. */
static const char *print_form(FILE *to, const char *text)
{
    enum { COLUMNS = 80 };
    int indent = (int)(strlen("usage: ") + usage_word(text) + 1), column = (int)strlen("usage: ");
    for (bool first = true; *text && *text != '\n'; first = false) {
        int n = (int)usage_word(text);
        if (!first && column + 1 + n > COLUMNS)
            column = fprintf(to, "\n%*s", indent, "") - 1;
        else if (!first)
            column += fprintf(to, " ");
        column += fprintf(to, "%.*s", n, text);
        text += n;
        text += strspn(text, " ");
    }
    fprintf(to, "\n");
    return text + strspn(text, "\n ");
}

static void print_usage(FILE *to)
{
    const char *label = "usage: ";
    for (const char *form = program_usage; *form; label = "       ") {
        fprintf(to, "%s", label);
        form = print_form(to, form);
    }
}

void cli_option(int c)
{
    if (c == 'h') {
        print_usage(stdout);
        printf("\n%s%s%s", program_help[0], program_help[1],
               "  -h, --help                print this help\n"
               "  -V, --version             print the version\n");
        cli_finish(CLI_OK);
    }
    if (c == 'V') {
        printf("%s (shmcast) %s\n", program_name, SHMCAST_VERSION);
        cli_finish(CLI_OK);
    }
    print_usage(stderr); /* getopt has reported the problem */
    if (*program_help[0])
        fprintf(stderr, "Try '%s --help' for the options.\n", program_name);
    exit(CLI_USAGE);
}

void cli_die_stream(const char *name, int err)
{
    cli_die(err == EINVAL ? CLI_USAGE : CLI_FAIL, "%s: %s", name, stream_problem(err));
}

uint64_t cli_number(const char *what, const char *text, uint64_t low, uint64_t high)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || n < low || n > high)
        cli_die(CLI_USAGE, "%s %s: must be a whole number from %llu to %llu", what, text,
                (unsigned long long)low, (unsigned long long)high);
    return n;
}

double cli_real(const char *what, const char *text, double low, double high)
{
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end || !isfinite(x) || x < low || x > high)
        cli_die(CLI_USAGE, "%s %s: must be a number from %g to %g", what, text, low, high);
    return x;
}

void cli_size(const char *what, const char *text, uint32_t *width, uint32_t *height)
{
    char *end = NULL;
    errno = 0;
    unsigned long w = strtoul(text, &end, 10), h = 0;
    bool ok = *text >= '0' && *text <= '9' && *end == 'x' && end[1] >= '0' && end[1] <= '9';
    if (ok)
        h = strtoul(end + 1, &end, 10);
    if (!ok || *end || errno || w < 1 || w > SHMFMT_SIDE_MAX || h < 1 || h > SHMFMT_SIDE_MAX)
        cli_die(CLI_USAGE, "%s %s: must be WIDTHxHEIGHT, each from 1 to %d", what, text,
                SHMFMT_SIDE_MAX);
    *width = (uint32_t)w;
    *height = (uint32_t)h;
}

uint32_t cli_format(const char *what, const char *text)
{
    uint32_t format = pixfmt_find(text);
    if (!format)
        cli_die(CLI_USAGE, "%s %s: must be one of %s", what, text, pixfmt_names());
    return format;
}

const char *cli_name(int argc, char **argv)
{
    if (argc - optind != 1) {
        cli_warn(argc == optind ? "no stream name given" : "only one stream name is allowed");
        cli_option('?');
    }
    const char *name = stream_name(argv[optind]);
    if (!name)
        cli_die_stream(argv[optind], EINVAL);
    return name;
}

/*
 * A signal between a test of the flag and the blocking call after it would have no effect; so the
 * first one starts a timer that interrupts every call until the program has ended.
 */
static void on_stop(int sig)
{
    int saved = errno;
    if (!stop_signal) {
        struct itimerval again = {{0, 20000}, {0, 20000}};
        stop_signal = sig;
        setitimer(ITIMER_REAL, &again, NULL);
    }
    errno = saved;
}

static void on_tick(int sig)
{
    (void)sig;
}

void cli_catch_stop(void)
{
    struct sigaction sa = {.sa_handler = on_tick};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGALRM, &sa, NULL);
    sa.sa_handler = on_stop;
    for (size_t i = 0; i < STOPS; i++) {
        struct sigaction old;
        sigaction(stops[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* nohup, background jobs of a plain sh */
            sigaction(stops[i], &sa, NULL);
    }
}

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

int cli_stopped(void)
{
#ifdef UNDER_TSAN /* it delays signals until a call that it intercepts */
    gettimeofday(&(struct timeval){0}, NULL);
#endif
    return stop_signal;
}

/* Restores the default action of stop signals and stops the timer. */
static void release_stop(void)
{
    static const struct itimerval never;
    for (size_t i = 0; i < STOPS; i++) {
        struct sigaction now;
        if (sigaction(stops[i], NULL, &now) == 0 && now.sa_handler == on_stop)
            signal(stops[i], SIG_DFL);
    }
    if (stop_signal)
        setitimer(ITIMER_REAL, &never, NULL);
}

void cli_finish(int code)
{
    release_stop();
    if (fflush(stdout) || ferror(stdout) || (close(STDOUT_FILENO) && errno != EBADF)) {
        cli_warn("standard output: %s", strerror(errno));
        if (code < CLI_USAGE)
            code = CLI_FAIL;
    }
    if (stop_signal)
        raise(stop_signal);
    exit(code);
}

const struct timespec *cli_deadline(double seconds, struct timespec *out)
{
    if (seconds < 0)
        return NULL;
    uint64_t at = monotonic_ns() + (uint64_t)(seconds * 1e9);
    out->tv_sec = (time_t)(at / 1000000000u);
    out->tv_nsec = (long)(at % 1000000000u);
    return out;
}

bool cli_sleep_until(uint64_t ns)
{
    struct timespec at = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    while (!cli_stopped() && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
    return !cli_stopped();
}

int cli_write(int fd, const void *data, size_t bytes)
{
    const char *p = data;
    while (bytes) {
        ssize_t n = fdio_write(fd, p, bytes);
        if (n < 0 && errno == EINTR && !cli_stopped())
            continue;
        if (n < 0)
            return -1;
        p += n;
        bytes -= (size_t)n;
    }
    return 0;
}
