#include "claim.h"
#include "procstat.h"
#include "streamobj.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void claim_range(const struct stream *stream, short type, unsigned first, unsigned count,
                        struct flock *out)
{
    *out = (struct flock){
        .l_type = type,
        .l_whence = SEEK_SET,
        .l_start = (off_t)(stream->header.claims_at + first * sizeof(struct shmfmt_claim)),
        .l_len = (off_t)((count - 1) * sizeof(struct shmfmt_claim) + 1)};
}

static int claim_lock(const struct stream *stream, int command, short type, unsigned first,
                      unsigned count, struct flock *out)
{
    struct flock lock;
    claim_range(stream, type, first, count, &lock);
    int result = fcntl(stream->fd, command, &lock);
    if (out)
        *out = lock;
    if (result < 0 && (errno == EAGAIN || errno == EACCES))
        errno = EBUSY;
    return result;
}

static struct shmfmt_claim *claim_record(const struct stream *stream, unsigned claim)
{
    return (struct shmfmt_claim *)(stream->base + stream->header.claims_at) + claim;
}

/* Writes the claim's record. What describes this process is read only once per thread. */
static void claim_write_record(struct stream *stream, unsigned claim, uint32_t role)
{
    static _Thread_local struct shmfmt_claim self;
    struct timespec now;
    if (self.pid != (uint32_t)getpid()) {
        struct procstat stat;
        procstat_read("self", &stat);
        self = (struct shmfmt_claim){.pid = (uint32_t)getpid(),
                                     .start_time = stat.start_time,
                                     .pid_ns = procstat_pid_ns("self")};
        prctl(PR_GET_NAME, self.command);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    self.since_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    self.role = role;
    *claim_record(stream, claim) = self;
}

static int claim_get(struct stream *stream, int command, unsigned claim, uint32_t role)
{
    if (!stream->writable) {
        errno = EROFS;
        return -1;
    }
    if (claim_lock(stream, command, F_WRLCK, claim, 1, NULL))
        return -1;
    stream->own[claim] = 1;
    claim_write_record(stream, claim, role);
    return 0;
}

int claim_take(struct stream *stream, unsigned claim)
{
    return claim_get(stream, F_OFD_SETLK, claim, CLAIM_ROLE_NONE);
}

int claim_wait(struct stream *stream, unsigned claim)
{
    return claim_get(stream, F_OFD_SETLKW, claim, CLAIM_ROLE_NONE);
}

/* Bytes of a claim's record that are locked: by the holder, and by waiters as their mark. */
enum { HOLDER_BYTE, WAITER_BYTE };

/* A waiter's shared lock. The struct is not on the stack: a sanitizer does not clean up the stack
 * of a thread that is cancelled here. */
static int claim_share_byte(const struct stream *stream, int command, unsigned claim, int byte)
{
    static _Thread_local struct flock lock;
    claim_range(stream, F_RDLCK, claim, 1, &lock);
    lock.l_start += byte;
    int result = fcntl(stream->fd, command, &lock);
    if (result < 0 && (errno == EAGAIN || errno == EACCES))
        errno = EBUSY;
    return result;
}

int claim_mark_waiter(const struct stream *stream, unsigned claim)
{
    return claim_share_byte(stream, F_OFD_SETLKW, claim, WAITER_BYTE);
}

int claim_await_exit(const struct stream *stream, unsigned claim, bool wait)
{
    return claim_share_byte(stream, wait ? F_OFD_SETLKW : F_OFD_SETLK, claim, HOLDER_BYTE);
}

void claim_unmark_waiter(const struct stream *stream, unsigned claim)
{
    struct flock lock;
    int err = errno;
    claim_range(stream, F_UNLCK, claim, 1, &lock);
    lock.l_len = WAITER_BYTE + 1;
    fcntl(stream->fd, F_OFD_SETLK, &lock);
    errno = err;
}

int claim_has_waiter(const struct stream *stream, unsigned claim)
{
    struct flock lock;
    claim_range(stream, F_WRLCK, claim, 1, &lock);
    lock.l_start += WAITER_BYTE;
    if (fcntl(stream->fd, F_OFD_GETLK, &lock))
        return -1;
    return lock.l_type != F_UNLCK;
}

/* Only the holder of the reader's claim may do this. */
static void reader_clear(struct stream *stream, unsigned reader)
{
    const struct shmfmt_header *h = &stream->header;
    struct shmfmt_ring *rings[] = {(struct shmfmt_ring *)(stream->base + h->frames_at),
                                   (struct shmfmt_ring *)(stream->base + h->packets_at)};
    for (int i = 0; i < 2; i++) {
        struct shmfmt_pin *pin = &rings[i]->pins[reader];
        atomic_store(&pin->slot, 0);
        atomic_store(&pin->wants, 0);
        memset(pin->reserved, 0, sizeof pin->reserved);
    }
}

int claim_take_reader(struct stream *stream, enum claim_role role)
{
    for (int i = 0; i < SHMFMT_READERS; i++) {
        unsigned claim = SHMFMT_CLAIM_READER + (unsigned)i;
        if (stream->own[claim])
            continue;
        if (claim_get(stream, F_OFD_SETLK, claim, role) == 0) {
            reader_clear(stream, (unsigned)i);
            return i;
        }
        if (errno != EBUSY)
            return -1;
    }
    errno = EBUSY;
    return -1;
}

void claim_reap_reader(struct stream *stream, unsigned reader)
{
    unsigned claim = SHMFMT_CLAIM_READER + reader;
    if (stream->own[claim] || claim_lock(stream, F_OFD_SETLK, F_WRLCK, claim, 1, NULL))
        return; /* alive */
    reader_clear(stream, reader);
    claim_lock(stream, F_OFD_SETLK, F_UNLCK, claim, 1, NULL);
}

void claim_drop(struct stream *stream, unsigned claim)
{
    if (!stream->own[claim])
        return;
    stream->own[claim] = 0;
    if (stream->writable && claim != SHMFMT_CLAIM_ATTACHED) /* until the next holder writes it */
        claim_record(stream, claim)->pid = 0;
    claim_lock(stream, F_OFD_SETLK, F_UNLCK, claim, 1, NULL);
}

int claim_watch(struct stream *stream, bool watch)
{
    uint8_t *count = &stream->own[SHMFMT_CLAIM_WATCH];
    if (*count == (watch ? 0 : 1) &&
        claim_lock(stream, F_OFD_SETLK, watch ? F_RDLCK : F_UNLCK, SHMFMT_CLAIM_WATCH, 1, NULL))
        return -1;
    *count = (uint8_t)(watch ? *count + 1 : *count - 1);
    return 0;
}

bool claim_watched(const struct stream *stream)
{
    return stream->own[SHMFMT_CLAIM_WATCH] || claim_holder(stream, SHMFMT_CLAIM_WATCH, NULL) == 1;
}

int claim_share(struct stream *stream)
{
    int result;
    do
        result = claim_lock(stream, F_OFD_SETLKW, F_RDLCK, SHMFMT_CLAIM_ATTACHED, 1, NULL);
    while (result && errno == EINTR);
    if (result == 0)
        stream->own[SHMFMT_CLAIM_ATTACHED] = 1;
    return result;
}

int claim_exclude(struct stream *stream)
{
    return claim_lock(stream, F_OFD_SETLK, F_WRLCK, SHMFMT_CLAIM_ATTACHED, 1, NULL);
}

int claim_holder(const struct stream *stream, unsigned claim, struct claim_info *info)
{
    struct flock lock;
    if (claim_lock(stream, F_OFD_GETLK, F_WRLCK, claim, 1, &lock))
        return -1;
    if (lock.l_type == F_UNLCK)
        return 0;
    if (info) {
        struct shmfmt_claim copy = *claim_record(stream, claim);
        *info = (struct claim_info){copy.pid,      copy.role,   copy.start_time,
                                    copy.since_ns, copy.pid_ns, ""};
        for (size_t i = 0; i < sizeof copy.command && copy.command[i]; i++)
            info->command[i] =
                copy.command[i] > ' ' && copy.command[i] < 127 ? copy.command[i] : '?';
    }
    return 1;
}

/* Whether a record is that of a living process of our pid namespace. */
static bool is_alive(const struct claim_info *info)
{
    char pid[16];
    struct procstat process;
    snprintf(pid, sizeof pid, "%" PRIu32, info->pid);
    return info->pid && info->pid_ns == procstat_pid_ns("self") && procstat_read(pid, &process) &&
           process.start_time == info->start_time && process.state != 'Z';
}

int claim_identify(const struct stream *stream, unsigned claim, struct claim_info *info)
{
    static const struct timespec pause = {.tv_nsec = 2000000};
    int held = 0;
    for (int tries = 0; tries < 25; tries++) {
        held = claim_holder(stream, claim, info);
        if (held <= 0 || is_alive(info))
            return held;
        nanosleep(&pause, NULL); /* the holder may not have written it yet */
    }
    info->pid = 0;
    return held;
}

int claim_any(const struct stream *stream)
{
    struct flock lock;
    if (claim_lock(stream, F_OFD_GETLK, F_WRLCK, 0, SHMFMT_CLAIMS, &lock))
        return -1;
    return lock.l_type != F_UNLCK;
}

const uint8_t *claim_own(const struct stream *stream)
{
    return stream->own;
}

const char *claim_name(unsigned claim)
{
    static const char *const names[] = {"attached", "owner",  "frames",
                                        "packets",  "events", "watch"};
    if (claim >= SHMFMT_CLAIM_WRITER)
        claim = SHMFMT_CLAIM_EVENTS;
    return claim < sizeof names / sizeof names[0] ? names[claim] : "reader";
}
