/*
 * shm-rm: removes streams; their programs see it and end.
 *
 * Touches /dev/shm only. A stream that somebody holds, and what isn't a stream, is refused without
 * -f. Exit: 0 all removed, 2 usage, 3 something could not be removed (the others are).
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include "claim.h"
#include "cli.h"
#include "seg.h"

static const char usage[] = "shm-rm [-fnv] NAME ...\n"
                            "       shm-rm --orphans [-nv]\n";

struct options {
    bool force, dry, verbose;
    bool failed;
};

static void report(const struct options *o, const char *name)
{
    if (o->dry || o->verbose)
        printf("%s%s\n", o->dry ? "would remove " : "removed ", name);
}

/* 0, or -1 with errno; in a dry run nothing but the removal itself is left out. */
static int remove_stream(const struct options *o, const char *name)
{
    struct seg *seg = seg_attach(name, SEG_PEEK);
    int result = -1;
    if (!seg) {
        /* Ours but broken, or foreign: nobody can be asked whether it is in use. */
        bool there = errno != ENOENT && errno != EINVAL && errno != EACCES;
        if (there && o->force)
            result = o->dry ? 0 : seg_unlink(name);
        return result;
    }
    if (!o->dry) {
        result = seg_remove(seg, o->force);
    } else {
        int held = o->force ? 0 : claim_any(seg);
        if (held > 0)
            errno = EBUSY;
        result = held ? -1 : 0;
    }
    seg_close(seg);
    return result;
}

static void remove_named(struct options *o, const char *name)
{
    if (remove_stream(o, name) == 0) {
        report(o, name);
        return;
    }
    o->failed = true;
    if (errno == EBUSY || errno == EMEDIUMTYPE)
        cli_warn("%s: %s; -f removes it all the same", name, seg_problem(errno));
    else if (errno == ENOENT)
        cli_warn("%s: no such stream", name);
    else
        cli_warn("%s: %s", name, seg_problem(errno));
}

/* An orphan: its owner is gone and nobody else holds it. */
static int remove_orphan(const char *name, const struct stat *st, struct seg *seg, int err,
                         void *user)
{
    struct options *o = user;
    (void)st;
    (void)err;
    if (!seg || seg_leak(seg) == SEG_FINE)
        return 0;
    if (o->dry || seg_remove(seg, false) == 0) {
        report(o, name);
    } else if (errno != EBUSY && errno != ENOENT && errno != ESTALE) {
        cli_warn("%s: %s", name, seg_problem(errno));
        o->failed = true;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"force", 0, NULL, 'f'},
                                          {"dry-run", 0, NULL, 'n'},
                                          {"verbose", 0, NULL, 'v'},
                                          {"orphans", 0, NULL, 'O'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct options o = {0};
    bool orphans = false;
    int c;
    cli_init("shm-rm", usage);
    while ((c = getopt_long(argc, argv, "fnvhV", longs, NULL)) != -1)
        switch (c) {
        case 'f':
            o.force = true;
            break;
        case 'n':
            o.dry = true;
            break;
        case 'v':
            o.verbose = true;
            break;
        case 'O':
            orphans = true;
            break;
        default:
            cli_option(c);
        }
    if (orphans ? optind < argc || o.force : optind == argc) {
        cli_warn(orphans ? "--orphans takes no NAME and no -f" : "no stream named");
        cli_option('?');
    }
    for (int i = optind; i < argc; i++)
        if (!seg_name(argv[i]))
            cli_die_stream(argv[i], EINVAL);
    for (int i = optind; i < argc; i++)
        remove_named(&o, seg_name(argv[i]));
    if (orphans && seg_list(remove_orphan, &o) < 0)
        cli_die(CLI_FAIL, "/dev/shm: %s", seg_problem(errno));
    cli_finish(o.failed ? CLI_FAIL : CLI_OK);
}
