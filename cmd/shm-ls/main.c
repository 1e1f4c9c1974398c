/*
 * shm-ls: lists the objects in /dev/shm, their state and the reason for it, and their holders.
 *
 * stdout: a table, a block per object (-l), or JSON (-j). Takes no claim and writes nothing to a
 * stream. Exit: 0; 1 a name without an object, or with --check a leak; 2 usage; 3 /dev/shm cannot
 * be read.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "json.h"
#include "monotonic.h"
#include "options.h"
#include "scan.h"
#include "stream.h"
#include "table.h"

static const char usage[] = "shm-ls [-l | -j] [-w] [--all] [--check] [NAME ...]\n";
static const char help[] = "  -l, --long                print a block of lines for each stream\n"
                           "  -j, --json                print a JSON object\n"
                           "  -w, --watch               print again every second\n"
                           "      --all                 list other shared-memory objects as well\n"
                           "      --check               list leaks only; exit 1 if there are any\n";

static int print(const struct options *o, const struct scan *scan)
{
    int code = o->check && scan->leaks ? CLI_NO : CLI_OK;
    size_t missing = 0, names = 0;
    for (; o->names[names]; names++)
        if (!o->found[names]) {
            cli_warn("%s: no such stream", o->names[names]);
            missing++;
        }
    if (missing)
        code = CLI_NO;
    if (missing && missing == names)
        return code;
    if (o->json)
        json_print(scan);
    else if (o->detail)
        table_blocks(scan, o);
    else
        table_print(scan, o);
    return code;
}

/* Scans and prints once, or with -w every second until a signal. */
static int run(const struct options *o)
{
    struct scan scans[2] = {0};
    uint64_t due = monotonic_ns();
    int code = CLI_OK;
    for (unsigned n = 0;; n++) {
        struct scan *now = &scans[n % 2], *last = &scans[(n + 1) % 2];
        scan_free(now);
        for (size_t i = 0; o->names[i]; i++)
            o->found[i] = false;
        if (scan_take(now, o, n ? last : NULL)) {
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
    scan_free(&scans[0]);
    scan_free(&scans[1]);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"long", 0, NULL, 'l'},    {"json", 0, NULL, 'j'},
                                          {"watch", 0, NULL, 'w'},   {"all", 0, NULL, 'a'},
                                          {"check", 0, NULL, 'c'},   {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'}, {0}};
    struct options o = {0};
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
        cli_die(CLI_USAGE, "-j cannot be combined with -l or -w");
    o.names = argv + optind;
    for (char **n = o.names; *n; n++)
        if (!stream_name(*n))
            cli_die_stream(*n, EINVAL);
    o.found = calloc((size_t)(argc - optind) + 1, sizeof *o.found);
    if (!o.found)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    cli_catch_stop();
    signal(SIGIO, SIG_IGN); /* sent to the holder of a lease: see object_lease */
    int code = run(&o);
    free(o.found);
    cli_finish(code);
}
