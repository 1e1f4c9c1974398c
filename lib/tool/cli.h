/*
 * Shared by the commands: messages, parsing of options, stop signals, a checked end. The only part
 * of the library that prints or exits.
 */
#ifndef SHMCAST_CLI_H
#define SHMCAST_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Exit codes of every program. */
enum {
    CLI_OK = 0,    /* done */
    CLI_NO = 1,    /* a valid "no": nothing before the time-out, a leak found */
    CLI_USAGE = 2, /* bad option, name, number or event */
    CLI_FAIL = 3   /* something failed: no such stream, busy, no room, cut-off input */
};

/*
 * First call in every main. Remembers the program's name and help texts, and makes sure that
 * descriptors 0 to 2 are open, so that a stream never gets one of them: a closed one is replaced by
 * one whose use fails with EBADF. stdout waits if its descriptor is non-blocking. From now on
 * SIGBUS (a stream truncated under us) ends the program with a message and exit 3. usage: the
 * SYNOPSIS of the man page, e.g. "shm-rm [-f] NAME...\nshm-rm --orphans [-n]\n". help: lines of at
 * most 80 columns, at least one for each option but --help and --version, the descriptions in
 * column 29: "  -f, --force               remove streams in use\n". "" for a program without
 * options.
 */
void cli_init(const char *program, const char *usage, const char *help);

/* More such lines, or NULL. */
void cli_more_help(const char *help);

/* Prints "program: message\n" on stderr, in one write. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cli_warn, then exit(code). */
_Noreturn void cli_die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Handles what getopt_long returned for no option of the program's own: 'h' (--help) prints usage
 * and help on stdout and exits 0, 'V' (--version) the version; anything else prints the usage on
 * stderr and exits 2.
 */
_Noreturn void cli_option(int c);

/* Prints "program: name: problem; fix" for the errno of a failed stream_ or ring_ call; exits 2 for
 * a bad name, else 3. */
_Noreturn void cli_die_stream(const char *name, int err);

/* Parses a decimal number low … high; on error exits 2. what: the option, for the message ("-n").
 */
uint64_t cli_number(const char *what, const char *text, uint64_t low, uint64_t high);

/* Parses a finite number low … high; on error exits 2. */
double cli_real(const char *what, const char *text, double low, double high);

/* Parses "WxH", each 1 … SHMFMT_SIDE_MAX; on error exits 2. */
void cli_size(const char *what, const char *text, uint32_t *width, uint32_t *height);

/* Parses a pixel format's name, enum pixfmt; on error lists the names and exits 2. */
uint32_t cli_format(const char *what, const char *text);

/* The only operand of argv, from optind on, as a stream name; exits 2 if there is not exactly one,
 * or the name is bad. */
const char *cli_name(int argc, char **argv);

/*
 * From now on SIGINT, SIGTERM and SIGHUP only set a flag. They interrupt blocking calls (EINTR),
 * and again every 20 ms until the program ends, so that a signal between a test of the flag and a
 * blocking call is not lost.
 */
void cli_catch_stop(void);

/* The stop signal received, or 0. */
int cli_stopped(void);

/*
 * Last call in every main. Closes stdout and reports a late write error (exit 3). After a stop
 * signal ends the program by that signal, so that shells see 128 + n; otherwise exit(code).
 */
_Noreturn void cli_finish(int code);

/* Now + seconds as an absolute CLOCK_MONOTONIC time; for seconds < 0 (no limit) returns NULL. */
const struct timespec *cli_deadline(double seconds, struct timespec *out);

/* Sleeps until an absolute CLOCK_MONOTONIC time in ns. false: a stop signal came. */
bool cli_sleep_until(uint64_t ns);

/* Writes all bytes, also to a non-blocking descriptor. 0, or -1 with errno (EINTR: a stop signal
 * came). */
int cli_write(int fd, const void *data, size_t bytes);

#endif
