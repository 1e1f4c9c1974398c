#include "stream.h"
#include "claim.h"
#include "streamobj.h"
#include "pixfmt.h"
#include "futex.h"
#include "monotonic.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHM_DIR     "/dev/shm"  /* where shm_open keeps its objects on Linux */
#define SIDE_PREFIX ".shmcast-" /* temporary names of shm-create --replace */

enum { PATH_BYTES = sizeof SHM_DIR + 1 + 255 };

const char *stream_name(const char *name)
{
    if (*name == '/')
        name++;
    size_t bytes = strlen(name);
    bool ok = bytes > 0 && bytes <= STREAM_NAME_MAX && strcmp(name, ".") && strcmp(name, "..");
    for (size_t i = 0; ok && i < bytes; i++)
        ok = name[i] != '/' && (unsigned char)name[i] >= ' ' && name[i] != 127;
    if (!ok)
        errno = EINVAL;
    return ok ? name : NULL;
}

static void stream_path(char out[PATH_BYTES], const char *name)
{
    snprintf(out, PATH_BYTES, SHM_DIR "/%s", name);
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Checks the sizes in a header and computes the offsets that follow. false with EINVAL. */
static bool stream_plan(struct shmfmt_header *h)
{
    uint64_t image = pixfmt_bytes(h->format, h->width, h->height);
    bool ok = image > 0 && h->frame_bytes >= image && h->frame_bytes % SHMFMT_PAGE == 0 &&
              h->frame_bytes <= UINT64_C(1) << 36 && h->packet_bytes >= SHMFMT_PAGE &&
              h->packet_bytes % SHMFMT_PAGE == 0 && h->packet_bytes <= UINT64_C(1) << 36 &&
              h->frame_slots >= 2 && h->frame_slots <= SHMFMT_SLOTS_MAX && h->packet_slots >= 2 &&
              h->packet_slots <= SHMFMT_SLOTS_MAX && h->events >= 16 && h->events <= 1 << 24 &&
              (h->events & (h->events - 1)) == 0;
    if (!ok) {
        errno = EINVAL;
        return false;
    }
    h->header_bytes = SHMFMT_PAGE;
    h->claims_at = SHMFMT_PAGE;
    h->frames_at =
        round_up(h->claims_at + SHMFMT_CLAIMS * sizeof(struct shmfmt_claim), SHMFMT_PAGE);
    h->packets_at = round_up(h->frames_at + sizeof(struct shmfmt_ring) +
                                 h->frame_slots * sizeof(struct shmfmt_slot),
                             SHMFMT_PAGE);
    h->events_at = round_up(h->packets_at + sizeof(struct shmfmt_ring) +
                                h->packet_slots * sizeof(struct shmfmt_slot),
                            SHMFMT_PAGE);
    h->frame_data_at = round_up(h->events_at + sizeof(struct shmfmt_events) +
                                    h->events * sizeof(struct shmfmt_event),
                                SHMFMT_PAGE);
    h->packet_data_at = h->frame_data_at + h->frame_slots * h->frame_bytes;
    h->total_bytes = h->packet_data_at + h->packet_slots * h->packet_bytes;
    return true;
}

/* The header of a new stream, with defaults filled in. false with EINVAL. */
static bool stream_choose(struct shmfmt_header *h, const struct stream_spec *spec)
{
    memset(h, 0, sizeof *h);
    h->version = SHMFMT_VERSION;
    h->width = spec->width ? spec->width : 1280;
    h->height = spec->height ? spec->height : 720;
    h->format = spec->format ? spec->format : PIXFMT_RGB24;
    h->frame_slots = h->packet_slots = spec->slots ? spec->slots : 4;
    h->events = 16;
    while (h->events < (spec->events ? spec->events : 65536) && h->events < 1 << 24)
        h->events *= 2;
    h->frame_bytes = round_up(pixfmt_bytes(h->format, h->width, h->height), SHMFMT_PAGE);
    h->packet_bytes =
        round_up(spec->packet_bytes ? spec->packet_bytes
                                    : pixfmt_bytes(PIXFMT_YUV420P, h->width, h->height) + 65536,
                 SHMFMT_PAGE);
    h->flags = spec->owned ? SHMFMT_OWNED : 0;
    snprintf(h->creator, sizeof h->creator, "shmcast %s", SHMCAST_VERSION);
    return stream_plan(h);
}

int stream_inherit(struct stream_spec *spec, const struct stream *stream)
{
    const struct shmfmt_header *h = &stream->header;
    struct stream_spec same = {.width = h->width, .height = h->height, .format = h->format};
    struct shmfmt_header usual;
    struct stat st;
    if (!stream->writable) {
        errno = EACCES;
        return -1;
    }
    if (fstat(stream->fd, &st) || !stream_choose(&usual, &same))
        return -1;
    if (!spec->width) {
        spec->width = h->width;
        spec->height = h->height;
    }
    if (!spec->format)
        spec->format = h->format;
    if (!spec->slots)
        spec->slots = h->frame_slots > h->packet_slots ? h->frame_slots : h->packet_slots;
    if (!spec->events)
        spec->events = h->events;
    if (!spec->packet_bytes && h->packet_bytes != usual.packet_bytes)
        spec->packet_bytes = h->packet_bytes;
    if (!spec->mode)
        spec->mode = (st.st_mode & 0777) | 0600;
    if (!spec->has_user && geteuid() == 0) {
        spec->has_user = true;
        spec->user = st.st_uid;
    }
    if (!spec->has_group) {
        spec->has_group = true;
        spec->group = st.st_gid;
    }
    return 0;
}

uint64_t stream_bytes(const struct stream_spec *spec)
{
    struct shmfmt_header h;
    return stream_choose(&h, spec) ? h.total_bytes : 0;
}

/* The line of stream_problem for the stream that this thread has refused last for its version. */
static _Thread_local char refusal[160];

static int refuse_version(const struct shmfmt_header *h)
{
    snprintf(refusal, sizeof refusal,
             "has another shm format version, %" PRIu32 " instead of %d; use the same version of "
             "shmcast for all programs, or remove it with shm-rm -f",
             h->version, SHMFMT_VERSION);
    return EPROTONOSUPPORT;
}

static int refuse_features(const struct shmfmt_header *h)
{
    char creator[sizeof h->creator + 1] = "";
    memcpy(creator, h->creator, sizeof h->creator);
    for (char *c = creator; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    snprintf(refusal, sizeof refusal,
             "has features 0x%" PRIx64 " of %s, unknown to shmcast %s; use the newer version for "
             "all programs, or remove it with shm-rm -f",
             h->incompatible & ~SHMFMT_INCOMPATIBLE, *creator ? creator : "another program",
             SHMCAST_VERSION);
    return EPROTONOSUPPORT;
}

/* Whether a header, read from an object of this size, is that of a stream: 0 or an errno. */
static int stream_check(const struct shmfmt_header *h, uint64_t bytes)
{
    struct shmfmt_header plan = *h;
    uint64_t magic = atomic_load(&h->magic);
    if (magic == 0 && h->version == SHMFMT_VERSION && h->header_bytes == SHMFMT_PAGE)
        return ENODATA;
    if (magic != SHMFMT_MAGIC)
        return EMEDIUMTYPE;
    if (h->version != SHMFMT_VERSION)
        return refuse_version(h);
    if (h->incompatible & ~SHMFMT_INCOMPATIBLE)
        return refuse_features(h);
    if (!stream_plan(&plan) || memcmp(&plan, h, sizeof plan) || h->total_bytes != bytes)
        return EPROTO;
    return 0;
}

static void stream_stamp(struct shmfmt_header *h)
{
    struct timespec now;
    char text[64] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    h->created_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    while (getrandom(&h->generation, sizeof h->generation, 0) < 0 || h->generation == 0)
        continue;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
        text[0] = 0;
    if (fd >= 0)
        close(fd);
    unsigned n = 0;
    for (const char *p = text; *p && n < 32; p++) {
        const char *digit = strchr("0123456789abcdef", *p);
        if (digit) {
            h->boot_id[n / 2] |= (uint8_t)((digit - "0123456789abcdef") << (n % 2 ? 0 : 4));
            n++;
        }
    }
}

static struct stream *stream_new(const char *name)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->fd = stream->name_fd = -1;
    snprintf(stream->name, sizeof stream->name, "%s", name);
    return stream;
}

static int stream_map(struct stream *stream)
{
    void *base = mmap(NULL, stream->header.total_bytes,
                      PROT_READ | (stream->writable ? PROT_WRITE : 0), MAP_SHARED, stream->fd, 0);
    if (base == MAP_FAILED)
        return -1;
    /* A mapping keeps the locks of its descriptor alive: forked children are not to hold our
     * claims. */
    madvise(base, stream->header.total_bytes, MADV_DONTFORK);
    stream->base = base;
    return 0;
}

/* Sets user, group and mode of a new object, in this order: until the end only its creator may open
 * it. */
static int stream_grant(const struct stream *stream, const struct stream_spec *spec)
{
    struct stat st;
    if (fstat(stream->fd, &st))
        return -1;
    uid_t user = spec->has_user && spec->user != st.st_uid ? spec->user : (uid_t)-1;
    gid_t group = spec->has_group && spec->group != st.st_gid ? spec->group : (gid_t)-1;
    if ((user != (uid_t)-1 || group != (gid_t)-1) && fchown(stream->fd, user, group)) {
        errno = errno == EPERM || errno == EINVAL ? EUSERS : errno;
        return -1;
    }
    return fchmod(stream->fd, spec->mode ? spec->mode : 0600);
}

/* Size of the room for frames and packets, which end the object. */
static uint64_t stream_image_bytes(const struct stream *stream)
{
    return stream->header.total_bytes - stream->header.frame_data_at;
}

/* Reserves memory for the first bytes of an object. 0 or -1. */
static int stream_reserve(const struct stream *stream, uint64_t bytes)
{
    int err = posix_fallocate(stream->fd, 0, (off_t)bytes);
    errno = err == EFBIG || err == ENOMEM ? ENOSPC : err;
    return err ? -1 : 0;
}

/*
 * Creates the object without a name: if we exit before it has one, nothing is left. It is complete,
 * unless there is no room for its last bytes, at most `later` of them: then it is superseded.
 */
static int stream_make(struct stream *stream, const struct stream_spec *spec, uint64_t later)
{
    if (!stream_choose(&stream->header, spec))
        return -1;
    stream_stamp(&stream->header);
    struct rlimit limit; /* beyond it ftruncate sends SIGXFSZ, which ends the program */
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && stream->header.total_bytes > limit.rlim_cur) {
        errno = EFBIG;
        return -1;
    }
    stream->fd = open(SHM_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (stream->fd < 0 || stream_grant(stream, spec))
        return -1;
    stream->writable = true;
    uint64_t all = stream->header.total_bytes, most = stream_image_bytes(stream);
    if (ftruncate(stream->fd, (off_t)all))
        return -1;
    bool whole = stream_reserve(stream, all) == 0;
    if (later > most)
        later = most;
    if (!whole && (errno != ENOSPC || !later || stream_reserve(stream, all - later)))
        return -1;
    if (stream_map(stream))
        return -1;
    atomic_store(&stream->header.state, whole ? SHMFMT_LIVE : SHMFMT_SUPERSEDED);
    memcpy(stream->base, &stream->header, sizeof stream->header);
    atomic_store(&stream->header.magic, SHMFMT_MAGIC);
    atomic_store_explicit(&((struct shmfmt_header *)stream->base)->magic, SHMFMT_MAGIC,
                          memory_order_release);
    if (claim_share(stream) || (spec->owned && claim_take(stream, SHMFMT_CLAIM_OWNER)))
        return -1;
    return 0;
}

static int stream_link(const struct stream *stream, const char *path)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", stream->fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != ENOENT || access("/proc/self/fd", F_OK) == 0)
        return -1;
    /* Without /proc: works for root, and since Linux 6.10 for all users. */
    int result = linkat(stream->fd, "", AT_FDCWD, path, AT_EMPTY_PATH);
    if (result && errno == ENOENT)
        errno = ENOSYS;
    return result;
}

static void stream_set_state(struct stream *stream, uint32_t state)
{
    atomic_store(&((struct shmfmt_header *)stream->base)->state, state);
    if (state != SHMFMT_LIVE)
        stream_wake(stream);
}

/* Not by renameat2, which not every C library has. */
static int exchange_names(const char *one, const char *other)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

/* 0 if the path leads to this object; -1 with ESTALE: to another. */
static int stream_check_path(const struct stream *stream, const char *path)
{
    struct stat named, ours;
    if (lstat(path, &named) || fstat(stream->fd, &ours))
        return -1;
    if (named.st_ino == ours.st_ino && named.st_dev == ours.st_dev)
        return 0;
    errno = ESTALE;
    return -1;
}

/* As stream_attach with STREAM_PEEK, but NULL if it is not mapped for writing. */
static struct stream *stream_peek_writable(const char *name)
{
    struct stream *stream = stream_attach(name, STREAM_PEEK);
    if (!stream || stream->writable)
        return stream;
    stream_close(stream);
    errno = EACCES;
    return NULL;
}

/* Waits until no process has a superseded stream attached. 0, or -1 with EBUSY after 5 s. */
static int stream_await_leave(struct stream *old)
{
    static const struct timespec pause = {.tv_nsec = 5000000};
    for (int tries = 0; tries < 1000; tries++) {
        if (claim_exclude(old) == 0)
            return 0;
        if (errno != EBUSY)
            return -1;
        nanosleep(&pause, NULL);
    }
    errno = EBUSY;
    return -1;
}

/* Gives the memory of old's images to a new object. 0; -1 with errno: old has it back, and is like
 * new, because its images are gone. old may be NULL. */
static int stream_move_memory(struct stream *stream, struct stream *old)
{
    if (old && fallocate(old->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         (off_t)old->header.frame_data_at, (off_t)stream_image_bytes(old)))
        return -1;
    if (stream_reserve(stream, stream->header.total_bytes) == 0)
        return 0;
    if (old) {
        const struct shmfmt_header *h = &old->header;
        int err = errno;
        memset(old->base + h->frames_at, 0, h->frame_data_at - h->frames_at);
        ((struct shmfmt_header *)old->base)->generation = stream->header.generation;
        stream_reserve(old, h->total_bytes);
        errno = err;
    }
    return -1;
}

/*
 * For a new object that lacks memory and has just taken the name of old: when all programs have
 * left old, moves its memory. Meanwhile they wait in stream_attach for the new one, which we hold
 * exclusively. On failure old gets its name and its programs back. old may be NULL: it vanished.
 */
static int stream_take_over(struct stream *stream, struct stream *old, const char *path,
                            const char *side)
{
    int result = old ? stream_await_leave(old) : 0;
    if (result == 0)
        result = stream_move_memory(stream, old);
    int err = errno;
    bool named = stream_check_path(stream, path) == 0; /* or it is superseded in turn */
    if (result == 0 && named)
        stream_set_state(stream, SHMFMT_LIVE);
    else if (named && exchange_names(side, path))
        unlink(path);
    else if (named && old)
        stream_set_state(old, SHMFMT_LIVE);
    errno = err;
    return result ? -1 : claim_share(stream);
}

/*
 * Gives the new object the name of an old one. The two exchange names in one step, so the programs
 * notified are those of the stream that has lost the name, even if it had taken it a moment ago.
 */
static int stream_exchange(struct stream *stream, const char *path)
{
    char side[PATH_BYTES];
    snprintf(side, sizeof side, SHM_DIR "/" SIDE_PREFIX "%016" PRIx64, stream->header.generation);
    bool whole = stream_alive(stream) == 0;
    struct stream *old = stream_peek_writable(stream->name);
    if (!old) {
        if (errno != ENOENT || stream_move_memory(stream, NULL))
            return -1;
        stream_set_state(stream, SHMFMT_LIVE);
        return stream_link(stream, path);
    }
    stream_close(old);
    if ((!whole && claim_exclude(stream)) || stream_link(stream, side))
        return -1;
    int result = 0;
    if (exchange_names(side, path) == 0)
        old = stream_peek_writable(side + sizeof SHM_DIR);
    else if (errno == ENOENT && rename(side, path) == 0) /* it was removed meanwhile */
        old = NULL;
    else
        result = -1;
    if (result == 0) {
        if (old)
            stream_set_state(old, SHMFMT_SUPERSEDED);
        if (!whole)
            result = stream_take_over(stream, old, path, side);
        stream_close(old);
    }
    int err = errno;
    unlink(side);
    errno = err;
    return result;
}

struct stream *stream_create(const char *name, const struct stream_spec *spec, bool replace)
{
    char path[PATH_BYTES];
    if (!(name = stream_name(name)))
        return NULL;
    stream_path(path, name);
    struct stream *stream = stream_new(name);
    if (!stream)
        return NULL;
    if (!replace && access(path, F_OK) == 0) { /* before memory is reserved; linkat decides */
        errno = EEXIST;
        goto fail;
    }
    struct stream *old = replace ? stream_peek_writable(name) : NULL;
    uint64_t later = old ? stream_image_bytes(old) : 0;
    stream_close(old);
    if (stream_make(stream, spec, later) ||
        (replace ? stream_exchange(stream, path) : stream_link(stream, path)))
        goto fail;
    /* If the object is unlinked later, /proc shows its last name through this descriptor;
     * stream->fd has never had one. */
    stream->name_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return stream;
fail:
    stream_close(stream);
    return NULL;
}

/* Opens, validates and maps an object. */
static int stream_open(struct stream *stream, const char *path, int flags,
                       enum stream_access access)
{
    struct stat st;
    flags |= O_CLOEXEC | O_NONBLOCK;
    stream->writable = true;
    stream->fd = open(path, O_RDWR | flags);
    if (stream->fd < 0 && (errno == EACCES || errno == EROFS) && access != STREAM_WRITE) {
        stream->writable = false;
        stream->fd = open(path, O_RDONLY | flags);
    }
    if (stream->fd < 0) {
        if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
            errno = EMEDIUMTYPE;
        return -1;
    }
    if (fstat(stream->fd, &st))
        return -1;
    ssize_t n =
        S_ISREG(st.st_mode) ? pread(stream->fd, &stream->header, sizeof stream->header, 0) : 0;
    if (n < 0)
        return -1;
    int err;
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        err = ENODATA;
    else if (n == sizeof stream->header)
        err = stream_check(&stream->header, (uint64_t)st.st_size);
    else /* smaller than a header: truncated, or another program's */
        err = n >= 8 && atomic_load(&stream->header.magic) == SHMFMT_MAGIC ? EPROTO : EMEDIUMTYPE;
    errno = err ? err : errno;
    return err ? -1 : stream_map(stream);
}

struct stream *stream_attach(const char *name, enum stream_access access)
{
    char path[PATH_BYTES];
    if (!(name = stream_name(name)))
        return NULL;
    stream_path(path, name);
    for (int tries = 0;; tries++) {
        struct stream *stream = stream_new(name);
        if (!stream)
            return NULL;
        if (stream_open(stream, path, O_NOFOLLOW, access) ||
            (access != STREAM_PEEK && claim_share(stream))) {
            stream_close(stream);
            return NULL;
        }
        /* It may have lost its name before we had our claim: then attach again. */
        if (access == STREAM_PEEK || stream_alive(stream) == 0)
            return stream;
        stream_close(stream);
        if (errno == EIDRM)
            errno = ENOENT;
        if (tries == 100) /* shm-create --replace was killed before it had room */
            errno = ENODATA;
        if (errno != ESTALE)
            return NULL;
    }
}

struct stream *stream_peek(const char *path, const char *name)
{
    struct stream *stream = stream_new(name);
    if (stream && stream_open(stream, path, 0, STREAM_PEEK) == 0)
        return stream;
    stream_close(stream);
    return NULL;
}

void stream_forget(const struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    if (stream->name_fd >= 0)
        close(stream->name_fd);
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    int err = errno;
    if (stream->base)
        munmap(stream->base, stream->header.total_bytes);
    if (stream->fd >= 0)
        close(stream->fd);
    if (stream->name_fd >= 0)
        close(stream->name_fd);
    free(stream);
    errno = err;
}

const struct shmfmt_header *stream_header(const struct stream *stream)
{
    return &stream->header;
}

const char *stream_own_name(const struct stream *stream)
{
    return stream->name;
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

bool stream_writable(const struct stream *stream)
{
    return stream->writable;
}

void *stream_at(const struct stream *stream, uint64_t offset)
{
    return stream->base + offset;
}

int stream_alive(const struct stream *stream)
{
    uint32_t state = atomic_load(&((struct shmfmt_header *)stream->base)->state);
    if (state == SHMFMT_LIVE)
        return 0;
    errno = state == SHMFMT_SUPERSEDED ? ESTALE : EIDRM;
    return -1;
}

/* Not by a write(2), which SIGXFSZ could end, and whose inotify events GLib delays. */
static void stream_touch(const struct stream *stream)
{
    int err = errno;
    futimens(stream->fd, NULL);
    errno = err;
}

void stream_announce(const struct stream *stream, _Atomic uint64_t *notify)
{
    uint64_t since = atomic_load(notify);
    if (!since)
        return;
    stream_touch(stream);
    atomic_compare_exchange_strong(notify, &since, 0);
}

void stream_notify(const struct stream *stream, _Atomic uint32_t *wake, _Atomic uint64_t *notify)
{
    futex_wake(wake);
    stream_announce(stream, notify);
}

void stream_wake(struct stream *stream)
{
    const struct shmfmt_header *h = &stream->header;
    struct shmfmt_ring *rings[] = {stream_at(stream, h->frames_at),
                                   stream_at(stream, h->packets_at)};
    for (int i = 0; i < 2; i++) {
        futex_wake(&rings[i]->wake);
        atomic_store(&rings[i]->demand,
                     (uint32_t)monotonic_ns() * SHMFMT_DEMAND_STEP + SHMFMT_DEMAND_END);
        futex_knock(&rings[i]->demand);
    }
    futex_wake(&((struct shmfmt_events *)stream_at(stream, h->events_at))->wake);
    stream_touch(stream);
}

/* Whether a stream has another's generation in its temporary name: it has lost its own name to that
 * stream, whether its programs were notified or not. */
static bool lost_name(const struct stream *stream)
{
    char side[64];
    snprintf(side, sizeof side, SIDE_PREFIX "%016" PRIx64, stream->header.generation);
    return !strncmp(stream->name, SIDE_PREFIX, sizeof SIDE_PREFIX - 1) &&
           strcmp(stream->name, side);
}

enum stream_leak stream_leak(const struct stream *stream)
{
    if (lost_name(stream))
        return STREAM_SUPERSEDED;
    if (strncmp(stream->name, SIDE_PREFIX, sizeof SIDE_PREFIX - 1) == 0 ||
        (stream_alive(stream) && errno == ESTALE))
        return claim_any(stream) ? STREAM_FINE : STREAM_SUPERSEDED;
    /* No process takes the owner claim of an existing stream, so its owner will not come back. */
    bool dead =
        stream->header.flags & SHMFMT_OWNED && claim_holder(stream, SHMFMT_CLAIM_OWNER, NULL) == 0;
    return dead ? STREAM_ORPHAN : STREAM_FINE;
}

int stream_supersede(struct stream *stream)
{
    if (!stream->writable) {
        errno = EACCES;
        return -1;
    }
    stream_set_state(stream, SHMFMT_SUPERSEDED);
    return 0;
}

int stream_remove(struct stream *stream, bool force)
{
    char path[PATH_BYTES];
    bool superseded = lost_name(stream);
    stream_path(path, stream->name);
    if (!stream->writable) {
        errno = EACCES;
        return -1;
    }
    if (!force && !superseded) {
        int held = claim_any(stream);
        if (held > 0)
            errno = EBUSY;
        if (held || claim_exclude(stream))
            return -1;
    }
    if (stream_check_path(stream, path) || unlink(path))
        return -1;
    stream_set_state(stream, superseded ? SHMFMT_SUPERSEDED : SHMFMT_REMOVED);
    return 0;
}

int stream_unlink(const char *name)
{
    char path[PATH_BYTES];
    if (!(name = stream_name(name)))
        return -1;
    stream_path(path, name);
    return unlink(path);
}

int stream_stat(const char *name, struct stat *out)
{
    char path[PATH_BYTES];
    if (!(name = stream_name(name)))
        return -1;
    stream_path(path, name);
    return lstat(path, out);
}

int stream_list(stream_each *each, void *user)
{
    struct dirent **entries;
    int count = scandir(SHM_DIR, &entries, NULL, alphasort), result = 0;
    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        char path[sizeof SHM_DIR + sizeof entries[i]->d_name];
        struct stat st;
        snprintf(path, sizeof path, SHM_DIR "/%s", entries[i]->d_name);
        if (result == 0 && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
            struct stream *stream =
                S_ISREG(st.st_mode) ? stream_attach(entries[i]->d_name, STREAM_PEEK) : NULL;
            int err = stream ? 0 : S_ISREG(st.st_mode) ? errno : EMEDIUMTYPE;
            if (err != ENOENT) /* ENOENT: removed meanwhile */
                result = each(entries[i]->d_name, &st, stream, err, user);
            stream_close(stream);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

static bool no_inodes(void)
{
    struct statvfs fs;
    return statvfs(SHM_DIR, &fs) == 0 && fs.f_files > 0 && fs.f_ffree == 0;
}

const char *stream_problem(int err)
{
    switch (err) {
    case EINVAL:
        return "not a stream name; use 1 to 250 bytes without control characters, and no slash but "
               "a leading one";
    case ENOENT:
        return "no such stream; create it with shm-create";
    case EEXIST:
        return "already exists; shm-create --replace supersedes it, shm-rm removes it";
    case EACCES:
    case EPERM:
        return "permission denied: it belongs to another user";
    case ENOSYS:
        return "cannot be created without /proc on Linux before 6.10; mount /proc";
    case EFBIG:
        return "larger than the limit on file sizes; raise it with ulimit -f";
    case ENOSPC:
        if (no_inodes())
            return "no inodes left in /dev/shm: too many objects; remove some, or raise nr_inodes "
                   "of its mount";
        return "no space in /dev/shm; shm-ls shows what uses it";
    case EFAULT:
        return "the stream was truncated while in use";
    case ENODATA:
        return "half-created: its creator has exited or not finished; shm-rm -f removes it";
    case EMEDIUMTYPE:
        return "not a shmcast stream";
    case ENOMSG:
        return "holds a network or an array, not images; net-draw draws it, shm-read -f raw reads "
               "it";
    case EPROTONOSUPPORT:
        return *refusal ? refusal : "has another shm format version; shm-rm -f removes it";
    case EPROTO:
        return "corrupt or truncated; shm-rm -f removes it";
    case EBUSY:
        return "in use; shm-ls -l shows the processes that use it";
    case ESTALE:
        return "superseded by a new stream of the same name";
    case EIDRM:
        return "was removed";
    case EUSERS:
        return "it cannot be given to that user or group; choose a group of yours with shm-create "
               "-g";
    case EROFS:
        return "read-only: no permission to write to it";
    default:
        return strerror(err);
    }
}
