/*
 * shm-ls: what is in /dev/shm, in what state, why, and who holds it.
 *
 * stdout: a table, a block an object (-l), or JSON (-j). Only looks: takes no claim, writes
 * nothing. Exit: 0, 1 with --check when something leaked, 2 usage, 3 no such stream, /dev/shm can't
 * be read.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "ls.h"
#include "monotonic.h"
#include "stream.h"

static const char usage[] = "shm-ls [-l | -j] [-w] [--all] [--check] [NAME ...]\n";
static const char help[] = "  -l, --long                print a block of lines for each stream\n"
                           "  -j, --json                print a JSON object\n"
                           "  -w, --watch               print again every second\n"
                           "      --all                 list other shared-memory objects as well\n"
                           "      --check               list leaks only; exit 1 if there are any\n";

static int print(const struct ls_options *o, const struct ls_look *look)
{
    if (*o->names && !look->matched) {
        cli_warn("%s: no such stream", *o->names);
        return CLI_FAIL;
    }
    if (o->json)
        json_print(look);
    else if (o->detail)
        block_print(look, o);
    else
        table_print(look, o);
    return o->check && look->leaks ? CLI_NO : CLI_OK;
}

/* Once, or with -w each second until a signal. */
static int run(const struct ls_options *o)
{
    struct ls_look looks[2] = {0};
    uint64_t due = monotonic_ns();
    int code = CLI_OK;
    for (unsigned n = 0;; n++) {
        struct ls_look *now = &looks[n % 2], *last = &looks[(n + 1) % 2];
        look_free(now);
        if (look_take(now, o, n ? last : NULL)) {
            cli_warn("/dev/shm: %s", strerror(errno));
            code = CLI_FAIL;
            break;
        }
        if (o->watch && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        code = print(o, now);
        due += 1000000000u;
        if (!o->watch || fflush(stdout) || !cli_sleep_until(due))
            break;
    }
    look_free(&looks[0]);
    look_free(&looks[1]);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"long", 0, NULL, 'l'},    {"json", 0, NULL, 'j'},
                                          {"watch", 0, NULL, 'w'},   {"all", 0, NULL, 'a'},
                                          {"check", 0, NULL, 'c'},   {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'}, {0}};
    struct ls_options o = {0};
    int c;
    cli_init("shm-ls", usage, help);
    while ((c = getopt_long(argc, argv, "ljwhV", longs, NULL)) != -1)
        switch (c) {
        case 'l':
            o.detail = true;
            break;
        case 'j':
            o.json = true;
            break;
        case 'w':
            o.watch = true;
            break;
        case 'a':
            o.all = true;
            break;
        case 'c':
            o.check = true;
            break;
        default:
            cli_option(c);
        }
    if (o.json && (o.detail || o.watch))
        cli_die(CLI_USAGE, "-j goes with neither -l nor -w");
    o.names = argv + optind;
    for (char **n = o.names; *n; n++)
        if (!stream_name(*n))
            cli_die_stream(*n, EINVAL);
    cli_catch_stop();       /* also: a stream that is truncated while we look */
    signal(SIGIO, SIG_IGN); /* the kernel's word to who holds a lease, see object_lease */
    cli_finish(run(&o));
}
