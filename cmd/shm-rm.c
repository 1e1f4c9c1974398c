/*
 * shm-rm: removes streams; their programs notice and end.
 *
 * Touches /dev/shm only. Without -f, refuses streams in use and objects that are not streams.
 * --orphans skips the streams of other users, with a line for each.
 * Exit: 0 all removed; 2 usage; 3 some could not be removed (the others are).
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "claim.h"
#include "tool/cli.h"
#include "tool/procscan.h"
#include "stream.h"

static const char usage[] = "shm-rm [-fnv] NAME ...\n"
                            "shm-rm --orphans [-nv]\n";
static const char help[] =
    "  -f, --force               remove streams in use, broken ones, other objects\n"
    "  -n, --dry-run             only print what would be removed\n"
    "  -v, --verbose             print each name that was removed\n"
    "      --orphans             remove all streams that have leaked\n";

struct options {
    bool force, dry, verbose;
    bool failed;
};

static void report(const struct options *o, const char *name)
{
    if (o->dry || o->verbose)
        printf("%s%s\n", o->dry ? "would remove " : "removed ", name);
}

/* Removes a corrupt stream or a foreign object, whose use cannot be determined. why: errno of
 * stream_attach; seen: the object that had the name before. */
static int remove_other(const struct options *o, const char *name, int why, const struct stat *seen)
{
    struct stat now;
    if (!o->force || why == EACCES)
        errno = why;
    else if (stream_stat(name, &now) == 0 &&
             (now.st_ino != seen->st_ino || now.st_dev != seen->st_dev))
        errno = ESTALE; /* a new object has the name, perhaps a stream */
    else
        return o->dry ? 0 : stream_unlink(name);
    return -1;
}

/* 0, or -1 with errno. A dry run does everything but the removal itself. */
static int remove_stream(const struct options *o, const char *name)
{
    struct stat seen;
    if (stream_stat(name, &seen))
        return -1;
    struct stream *stream = stream_attach(name, STREAM_PEEK);
    int result = -1;
    if (!stream)
        return remove_other(o, name, errno, &seen);
    if (!o->dry) {
        result = stream_remove(stream, o->force);
    } else {
        int held = o->force ? 0 : claim_any(stream);
        if (held > 0)
            errno = EBUSY;
        result = held ? -1 : 0;
    }
    stream_close(stream);
    return result;
}

/* "; python3:123 has it", for a foreign object; "" if no process is visible. */
static const char *holder_text(const char *name, char out[64])
{
    struct procscan *processes = procscan_run();
    struct stat st;
    size_t count;
    out[0] = 0;
    if (processes && stream_stat(name, &st) == 0) {
        const struct procscan_use *use = procscan_of(processes, st.st_ino, &count);
        if (count)
            snprintf(out, 64, "; %s:%" PRIu32 " has it", use->process.command, use->process.pid);
    }
    procscan_free(processes);
    return out;
}

static void remove_named(struct options *o, const char *name)
{
    char holder[64];
    if (remove_stream(o, name) == 0) {
        report(o, name);
        return;
    }
    o->failed = true;
    if (errno == EBUSY)
        cli_warn("%s: %s; -f removes it anyway", name, stream_problem(errno));
    else if (errno == EMEDIUMTYPE)
        cli_warn("%s: %s%s; -f removes it anyway", name, stream_problem(EMEDIUMTYPE),
                 holder_text(name, holder));
    else if (errno == ESTALE)
        cli_warn("%s: another object has the name now; run shm-ls and try again", name);
    else if (errno == ENOENT)
        cli_warn("%s: no such stream", name);
    else
        cli_warn("%s: %s", name, stream_problem(errno));
}

/* Reports a leaked stream of another user. */
static void skip(const char *name, const struct stat *st)
{
    const struct passwd *user = getpwuid(st->st_uid);
    if (user)
        cli_warn("%s: skipped: it belongs to %s", name, user->pw_name);
    else
        cli_warn("%s: skipped: it belongs to user %" PRIu32, name, (uint32_t)st->st_uid);
}

/* stream_each: removes a leaked stream. */
static int remove_orphan(const char *name, const struct stat *st, struct stream *stream, int err,
                         void *user)
{
    struct options *o = user;
    (void)err;
    enum stream_leak leak = stream ? stream_leak(stream) : STREAM_FINE;
    if (leak == STREAM_FINE)
        return 0;
    if (geteuid() != 0 && st->st_uid != geteuid()) {
        skip(name, st);
        return 0;
    }
    /* The programs of an orphan end, as they would have done with its owner. */
    if (o->dry || stream_remove(stream, leak == STREAM_ORPHAN) == 0) {
        report(o, name);
    } else if (errno == EACCES || errno == EPERM) {
        skip(name, st);
    } else if (errno != EBUSY && errno != ENOENT && errno != ESTALE) {
        cli_warn("%s: %s", name, stream_problem(errno));
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
    cli_init("shm-rm", usage, help);
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
        cli_warn(orphans ? "--orphans cannot be combined with NAME or -f" : "no stream named");
        cli_option('?');
    }
    for (int i = optind; i < argc; i++)
        if (!stream_name(argv[i]))
            cli_die_stream(argv[i], EINVAL);
    for (int i = optind; i < argc; i++)
        remove_named(&o, stream_name(argv[i]));
    if (orphans && stream_list(remove_orphan, &o) < 0)
        cli_die(CLI_FAIL, "/dev/shm: %s", stream_problem(errno));
    cli_finish(o.failed ? CLI_FAIL : CLI_OK);
}
