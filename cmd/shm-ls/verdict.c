#include "verdict.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "stream.h"
#include "text.h"

/*
 * Whether any process has a foreign object open or mapped. Such an object has no claims, and
 * processes of other pid namespaces are not in /proc; but the kernel grants a write lease only on a
 * file that no other process has. The lease is released at once; a concurrent open waits for that.
 * 1, 0, or -1: no permission.
 */
static int object_lease(const char *name, const struct stat *st)
{
    char path[sizeof "/dev/shm/" + 255];
    struct stat now;
    int result = -1;
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd < 0)
        return -1;
    if (fstat(fd, &now) == 0 && now.st_ino == st->st_ino) {
        if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
            result = 0;
        else if (errno == EAGAIN)
            result = 1;
    }
    close(fd); /* and with it the lease */
    return result;
}

/* "python3:123 and 2 more"; "" if no process is visible. */
static const char *users(const struct scan_object *ob, char out[64])
{
    int n = 0;
    out[0] = 0;
    if (ob->use_count)
        n = snprintf(out, 64, "%s:%" PRIu32, ob->uses->process.command, ob->uses->process.pid);
    if (ob->use_count > 1)
        snprintf(out + n, (size_t)(64 - n), " and %zu more", ob->use_count - 1);
    return out;
}

__attribute__((format(printf, 4, 5))) static void
set_state(struct scan_object *ob, const char *state, bool leak, const char *format, ...)
{
    va_list args;
    ob->state = state;
    ob->leak = leak;
    va_start(args, format);
    vsnprintf(ob->reason, sizeof ob->reason, format, args);
    va_end(args);
    for (char *c = ob->reason; *c; c++) /* names may contain control characters */
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
}

void verdict_unlinked(struct scan_object *ob, const struct stream *stream, int err)
{
    char user[64], owner[40];
    bool mine = ob->st.st_uid == geteuid();
    ob->held = 1;
    text_user(ob->st.st_uid, owner);
    users(ob, user);
    if (!ob->ours)
        set_state(ob, "deleted", false, "no name, but %s by %s; freed when that process ends",
                  err == EACCES ? "mapped" : "held", user);
    else if (!stream)
        set_state(ob, "deleted", true, "no name, and corrupt; held by %s", user);
    else if (stream_alive(stream) == 0)
        set_state(
            ob, "deleted", true,
            "unlinked while %s used it; 'shm-create --replace %s'%s%s moves its programs to a "
            "new stream",
            user, ob->name, mine ? "" : ", run by ", mine ? "" : owner);
    else if (errno == ESTALE)
        set_state(ob, "superseded", false, "a new stream has its name; freed when %s attaches that",
                  user);
    else
        set_state(ob, "deleted", false, "removed; freed when %s ends", user);
}

void verdict_stream(struct scan_object *ob, const struct stream *stream)
{
    char user[64];
    int locked = claim_any(stream);
    ob->held = locked > 0 || ob->use_count > 0;
    users(ob, user);
    switch (stream_leak(stream)) {
    case STREAM_ORPHAN:
        if (locked > 0)
            set_state(
                ob, "orphan", true,
                "its owner is dead, but %s still uses it; shm-rm --orphans removes it, and its "
                "programs end",
                *user ? user : "a process that is not visible here");
        else
            set_state(
                ob, "orphan", true,
                "its owner is dead and nobody has it attached%s%s%s; shm-rm --orphans removes it",
                *user ? ", though " : "", user, *user ? " has it open" : "");
        return;
    case STREAM_SUPERSEDED:
        set_state(ob, "superseded", true,
                  "left by a shm-create --replace that was killed; shm-rm --orphans removes it");
        return;
    default:
        break;
    }
    if (locked < 0)
        set_state(ob, "unknown", false, "its locks cannot be read: %s", strerror(errno));
    else if (!locked && *user)
        set_state(ob, "idle", false, "nobody has it attached, though %s has it open", user);
    else if (!locked)
        set_state(ob, "idle", false, "nobody has it attached; it stays until shm-rm removes it");
    else if (ob->claim_count)
        set_state(ob, "live", false, "attached, and %zu claim%s held", ob->claim_count,
                  ob->claim_count == 1 ? " is" : "s are");
    else
        set_state(ob, "live", false, "attached by %s, without a claim",
                  *user ? user : "a process that is not visible here");
}

void verdict_other(struct scan_object *ob, int err)
{
    char user[64];
    ob->held = ob->use_count ? 1 : object_lease(ob->name, &ob->st);
    if (!*users(ob, user))
        snprintf(user, sizeof user, "a process that is not visible here");
    if (!S_ISREG(ob->st.st_mode))
        set_state(ob, "foreign", false, "not shared memory but a file of another type");
    else if (err == EACCES || err == EPERM)
        set_state(ob, "unknown", false, "no permission to read it%s%s",
                  ob->held > 0 ? "; held by " : "", ob->held > 0 ? user : "");
    else if (err == EPROTO || err == EPROTONOSUPPORT)
        set_state(ob, err == EPROTO ? "corrupt" : "other-version", true, "%s", stream_problem(err));
    else if (ob->held < 0)
        set_state(ob, "unknown", false, "%s, and no permission to check whether it is in use",
                  ob->ours ? "half-created" : "foreign");
    else if (ob->ours)
        set_state(ob, "half-created", !ob->held,
                  ob->held ? "held by %s, which may still be creating it" : "%s",
                  ob->held ? user : "its creator never finished it; shm-rm -f removes it");
    else
        set_state(ob, "foreign", !ob->held, ob->held ? "held by %s" : "%s",
                  ob->held ? user : "not in use; shm-rm -f removes it");
}
