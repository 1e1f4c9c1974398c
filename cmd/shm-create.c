/*
 * shm-create: creates a stream; with COMMAND, for as long as COMMAND runs.
 *
 * stdout: the stream's name, if it was generated. Touches /dev/shm/NAME only.
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed to COMMAND; the stream is removed after COMMAND
 * has ended. As process 1 of a container it also reaps the orphans of COMMAND.
 * Exit: 0; 2 usage; 3 exists already, no room; with COMMAND its status, 126 and 127 as in sh.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "claim.h"
#include "tool/cli.h"
#include "tool/unlinked.h"
#include "stream.h"

static const char usage[] =
    "shm-create [-s WxH] [-f FMT] [-n SLOTS] [-e EVENTS] [-p BYTES] [-m MODE] "
    "[-g GROUP] [--replace] [NAME] [-- COMMAND ...]\n";
static const char help[] =
    "  -s, --size WxH            largest image, and the default size of raw frames\n"
    "                            (1280x720)\n"
    "  -f, --format FMT          pixel format: gray8, rgb24 (the default), bgr24,\n"
    "                            rgba, bgra, yuv420p, yuv422p, yuv444p or f32\n"
    "  -n, --slots SLOTS         slots in each of the two rings, 2 to 64 (4)\n"
    "  -e, --events EVENTS       capacity of the event log (65536)\n"
    "  -p, --packet-bytes BYTES  room for one packet (1.5 bytes per pixel and 64 KiB)\n"
    "  -m, --mode MODE           permissions in octal (0600)\n"
    "  -g, --group GROUP         group, by name or number, for modes such as 0660\n"
    "      --replace             supersede an existing stream of this name; options\n"
    "                            that are not given are inherited from it\n";

/* "shmcast-" and 8 random characters of a-z2-7. */
static void generate_name(char out[32])
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        cli_die(CLI_FAIL, "getrandom: %s", strerror(errno));
    int n = snprintf(out, 32, "shmcast-");
    for (int i = 0; i < 8; i++, random >>= 5)
        out[n++] = "abcdefghijklmnopqrstuvwxyz234567"[random & 31];
    out[n] = 0;
}

/* Names a process that has a claim since before this time. false: there is none. */
static bool held_since(const char *name, uint64_t before_ns, struct claim_info *out)
{
    struct stream *stream = stream_attach(name, STREAM_PEEK);
    bool found = false;
    for (unsigned claim = SHMFMT_CLAIM_OWNER + 1; stream && !found && claim < SHMFMT_CLAIMS;
         claim++)
        found = claim_identify(stream, claim, out) == 1 && out->pid && out->since_ns < before_ns;
    stream_close(stream);
    return found;
}

static void die_create(const char *name, const struct stream_spec *spec, bool replace,
                       uint64_t begun_ns)
{
    struct statvfs fs;
    struct stat old;
    struct claim_info holder;
    char user[64] = "a process";
    int err = errno;
    bool bytes = err == ENOSPC && statvfs("/dev/shm", &fs) == 0 && (fs.f_ffree || !fs.f_files);
    if (err == EBUSY && replace) {
        if (held_since(name, begun_ns, &holder))
            snprintf(user, sizeof user, "pid %" PRIu32 " (%s)", holder.pid, holder.command);
        cli_die(CLI_FAIL,
                "%s: no room in /dev/shm for the old and the new stream at once, and %s did not "
                "leave the old one within 5 seconds; end it and try again",
                name, user);
    }
    if (bytes && replace && stream_stat(name, &old) == 0)
        cli_die(CLI_FAIL,
                "%s: no room in /dev/shm: needs %" PRIu64 " bytes, %" PRIu64
                " are free, and the old stream holds %" PRIu64,
                name, stream_bytes(spec), (uint64_t)fs.f_bavail * fs.f_frsize,
                (uint64_t)old.st_blocks * 512);
    if (bytes)
        cli_die(CLI_FAIL, "%s: no room in /dev/shm: needs %" PRIu64 " bytes, %" PRIu64 " are free",
                name, stream_bytes(spec), (uint64_t)fs.f_bavail * fs.f_frsize);
    cli_die_stream(name, err);
}

/* A group by name or number; exits 2 if there is none. */
static gid_t parse_group(const char *text)
{
    const struct group *group = getgrnam(text);
    if (group)
        return group->gr_gid;
    if (*text < '0' || *text > '9' || strlen(text) != strspn(text, "0123456789"))
        cli_die(CLI_USAGE, "-g %s: no such group", text);
    return (gid_t)cli_number("-g", text, 0, UINT32_MAX - 1);
}

/* Options not given are those of the stream replaced, or of the one that has lost this name. */
static void inherit(const char *name, struct stream_spec *spec)
{
    struct stream *old = stream_attach(name, STREAM_PEEK);
    if (old && stream_inherit(spec, old))
        cli_die_stream(name, errno);
    if (!old && errno == ENOENT && unlinked_inherit(name, spec) < 0)
        cli_warn("%s: /proc: %s; an unlinked stream of that name is not inherited from", name,
                 strerror(errno));
    stream_close(old);
}

/* Blocks stop signals and SIGCHLD, for run_command to receive. If SIGCHLD was inherited ignored,
 * the kernel would reap COMMAND itself, without a signal. */
static void block_signals(sigset_t *blocked, sigset_t *old)
{
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(blocked);
    sigaddset(blocked, SIGINT);
    sigaddset(blocked, SIGTERM);
    sigaddset(blocked, SIGHUP);
    sigaddset(blocked, SIGQUIT);
    sigaddset(blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, blocked, old);
}

/* Whether COMMAND has got the signal already: the terminal sends those of its keys to the whole
 * foreground process group, but SIGHUP only to the leader of the session. */
static bool reached(const siginfo_t *info, pid_t child)
{
    return info->si_code == SI_KERNEL && info->si_signo != SIGHUP && getpgid(child) == getpgrp();
}

/* Runs COMMAND, passes stop signals to it, and returns its status as a shell would. */
static int run_command(const char *name, char **command, const sigset_t *blocked,
                       const sigset_t *old)
{
    setenv("SHMCAST_STREAM", name, 1);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        cli_warn("fork: %s", strerror(errno));
        return CLI_FAIL;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* COMMAND does not outlive us */
        if (getppid() != parent)
            _exit(CLI_FAIL);
        sigprocmask(SIG_SETMASK, old, NULL);
        execvp(command[0], command);
        cli_warn("%s: %s", command[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    for (;;) {
        siginfo_t info;
        int status, sig = sigwaitinfo(blocked, &info);
        /* COMMAND is not reaped yet, so its pid is not another process's. */
        if (sig > 0 && sig != SIGCHLD && !reached(&info, child))
            kill(child, sig);
        for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
            if (ended == child)
                return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"size", 1, NULL, 's'},
                                          {"format", 1, NULL, 'f'},
                                          {"slots", 1, NULL, 'n'},
                                          {"events", 1, NULL, 'e'},
                                          {"packet-bytes", 1, NULL, 'p'},
                                          {"mode", 1, NULL, 'm'},
                                          {"group", 1, NULL, 'g'},
                                          {"replace", 0, NULL, 'R'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct stream_spec spec = {0};
    bool replace = false;
    int c;
    cli_init("shm-create", usage, help);
    while ((c = getopt_long(argc, argv, "+s:f:n:e:p:m:g:hV", longs, NULL)) != -1)
        switch (c) {
        case 's':
            cli_size("-s", optarg, &spec.width, &spec.height);
            break;
        case 'f':
            spec.format = cli_format("-f", optarg);
            break;
        case 'n':
            spec.slots = (uint32_t)cli_number("-n", optarg, 2, SHMFMT_SLOTS_MAX);
            break;
        case 'e':
            spec.events = (uint32_t)cli_number("-e", optarg, 16, 1 << 24);
            break;
        case 'p':
            spec.packet_bytes = cli_number("-p", optarg, 1024, UINT64_C(1) << 32);
            break;
        case 'm': {
            char *end;
            unsigned long mode = strtoul(optarg, &end, 8);
            if (*optarg < '0' || *optarg > '7' || *end || mode > 0777 || (mode & 0600) != 0600)
                cli_die(CLI_USAGE, "-m %s: must be an octal mode such as 0640, rw for the owner",
                        optarg);
            spec.mode = (mode_t)mode;
            break;
        }
        case 'g':
            spec.group = parse_group(optarg);
            spec.has_group = true;
            break;
        case 'R':
            replace = true;
            break;
        default:
            cli_option(c);
        }

    /* "shm-create -- COMMAND" has no NAME: getopt stops after "--". */
    bool dashes = optind > 1 && !strcmp(argv[optind - 1], "--");
    const char *operand = !dashes && optind < argc ? argv[optind++] : NULL;
    char **command = NULL;
    if (!dashes && optind < argc && !strcmp(argv[optind], "--")) {
        optind++;
        dashes = true;
    }
    if (dashes && optind < argc)
        command = argv + optind;
    else if (optind < argc || dashes) {
        cli_warn(dashes ? "no command after --" : "%s: unexpected operand; put -- before a command",
                 argv[optind]);
        cli_option('?');
    }
    if (operand && !stream_name(operand))
        cli_die_stream(operand, EINVAL);
    if (!operand && replace)
        cli_die(CLI_USAGE, "--replace requires a NAME");

    spec.owned = command != NULL;
    char generated[32];
    const char *name = operand ? stream_name(operand) : generated;
    struct stream *stream = NULL;
    sigset_t blocked, old;
    struct timespec begun;
    if (replace)
        inherit(name, &spec);
    block_signals(&blocked, &old); /* the programs of the old stream wait for us */
    clock_gettime(CLOCK_REALTIME, &begun);
    do {
        if (!operand)
            generate_name(generated);
        stream = stream_create(name, &spec, replace);
    } while (!stream && !operand && errno == EEXIST);
    if (stream)
        claim_drop(stream, SHMFMT_CLAIM_ATTACHED); /* or we would hold up its next --replace */
    else
        die_create(name, &spec, replace,
                   (uint64_t)begun.tv_sec * 1000000000u + (uint64_t)begun.tv_nsec);
    if (!command)
        sigprocmask(SIG_SETMASK, &old, NULL);
    /* Programs of an earlier stream whose name was unlinked (by rm, or Python's resource tracker)
     * are not in the stream that stream_create superseded. */
    if (replace && unlinked_recall(name) < 0)
        cli_warn(
            "%s: /proc: %s; programs of an unlinked stream of that name do not attach the new one",
            name, strerror(errno));

    int status = CLI_OK;
    if (command) {
        status = run_command(name, command, &blocked, &old);
        if (stream_remove(stream, true) && errno != ESTALE && errno != ENOENT && errno != EIDRM)
            cli_warn("%s: %s", name, stream_problem(errno));
    } else if (!operand && (puts(name) < 0 || fflush(stdout))) {
        stream_remove(stream, true); /* the caller does not know its name */
    }
    stream_close(stream);
    cli_finish(status);
}
