#include "seg.h"
#include "claim.h"
#include "pix.h"
#include "wake.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHM_DIR     "/dev/shm"  /* where shm_open keeps its objects on Linux */
#define SIDE_PREFIX ".shmcast-" /* names that last only for a moment of shm-create --replace */

enum { NAME_BYTES_MAX = 250, PATH_BYTES = sizeof SHM_DIR + 1 + 255 };

struct seg {
    char name[NAME_BYTES_MAX + 1];
    int fd;
    int name_fd; /* of a creator: O_PATH, or -1 */
    bool writable;
    uint8_t *base;
    struct layout_header header; /* validated copy; offsets and sizes are taken from here only */
    uint8_t mine[LAYOUT_CLAIMS];
};

const char *seg_name(const char *name)
{
    if (*name == '/')
        name++;
    size_t bytes = strlen(name);
    bool ok = bytes > 0 && bytes <= NAME_BYTES_MAX && strcmp(name, ".") && strcmp(name, "..");
    for (size_t i = 0; ok && i < bytes; i++)
        ok = name[i] != '/' && (unsigned char)name[i] >= ' ' && name[i] != 127;
    if (!ok)
        errno = EINVAL;
    return ok ? name : NULL;
}

static void seg_path(char out[PATH_BYTES], const char *name)
{
    snprintf(out, PATH_BYTES, SHM_DIR "/%s", name);
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Checks the sizes in a header and works out all that follows from them. */
static bool seg_plan(struct layout_header *h)
{
    uint64_t picture = pix_bytes(h->format, h->width, h->height);
    bool ok = picture > 0 && h->frame_bytes >= picture && h->frame_bytes % LAYOUT_PAGE == 0 &&
              h->frame_bytes <= UINT64_C(1) << 36 && h->packet_bytes >= LAYOUT_PAGE &&
              h->packet_bytes % LAYOUT_PAGE == 0 && h->packet_bytes <= UINT64_C(1) << 36 &&
              h->frame_slots >= 2 && h->frame_slots <= LAYOUT_SLOTS_MAX && h->packet_slots >= 2 &&
              h->packet_slots <= LAYOUT_SLOTS_MAX && h->events >= 16 && h->events <= 1 << 24 &&
              (h->events & (h->events - 1)) == 0;
    if (!ok) {
        errno = EINVAL;
        return false;
    }
    h->header_bytes = LAYOUT_PAGE;
    h->claims_at = LAYOUT_PAGE;
    h->frames_at =
        round_up(h->claims_at + LAYOUT_CLAIMS * sizeof(struct layout_claim), LAYOUT_PAGE);
    h->packets_at = round_up(h->frames_at + sizeof(struct layout_ring) +
                                 h->frame_slots * sizeof(struct layout_slot),
                             LAYOUT_PAGE);
    h->events_at = round_up(h->packets_at + sizeof(struct layout_ring) +
                                h->packet_slots * sizeof(struct layout_slot),
                            LAYOUT_PAGE);
    h->frame_data_at = round_up(h->events_at + sizeof(struct layout_events) +
                                    h->events * sizeof(struct layout_event),
                                LAYOUT_PAGE);
    h->packet_data_at = h->frame_data_at + h->frame_slots * h->frame_bytes;
    h->total_bytes = h->packet_data_at + h->packet_slots * h->packet_bytes;
    return true;
}

/* The sizes of a new stream, with defaults filled in. */
static bool seg_choose(struct layout_header *h, const struct seg_spec *spec)
{
    memset(h, 0, sizeof *h);
    h->version = LAYOUT_VERSION;
    h->width = spec->width ? spec->width : 1280;
    h->height = spec->height ? spec->height : 720;
    h->format = spec->format ? spec->format : PIX_RGB24;
    h->frame_slots = h->packet_slots = spec->slots ? spec->slots : 4;
    h->events = 16;
    while (h->events < (spec->events ? spec->events : 65536) && h->events < 1 << 24)
        h->events *= 2;
    h->frame_bytes = round_up(pix_bytes(h->format, h->width, h->height), LAYOUT_PAGE);
    h->packet_bytes =
        round_up(spec->packet_bytes ? spec->packet_bytes
                                    : pix_bytes(PIX_YUV420P, h->width, h->height) + 65536,
                 LAYOUT_PAGE);
    h->flags = spec->owned ? LAYOUT_OWNED : 0;
    return seg_plan(h);
}

uint64_t seg_bytes(const struct seg_spec *spec)
{
    struct layout_header h;
    return seg_choose(&h, spec) ? h.total_bytes : 0;
}

/* Is this header, read from an object of so many bytes, a stream's? 0 or an errno. */
static int seg_check(const struct layout_header *h, uint64_t bytes)
{
    struct layout_header plan = *h;
    uint64_t magic = atomic_load(&h->magic);
    if (magic == 0 && h->version == LAYOUT_VERSION && h->header_bytes == LAYOUT_PAGE)
        return ENODATA;
    if (magic != LAYOUT_MAGIC)
        return EMEDIUMTYPE;
    if (h->version != LAYOUT_VERSION)
        return EPROTONOSUPPORT;
    if (!seg_plan(&plan) || memcmp(&plan, h, sizeof plan) || h->total_bytes != bytes)
        return EPROTO;
    return 0;
}

static void seg_stamp(struct layout_header *h)
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

static struct seg *seg_new(const char *name)
{
    struct seg *seg = calloc(1, sizeof *seg);
    if (!seg)
        return NULL;
    seg->fd = seg->name_fd = -1;
    snprintf(seg->name, sizeof seg->name, "%s", name);
    return seg;
}

static int seg_map(struct seg *seg)
{
    void *base = mmap(NULL, seg->header.total_bytes, PROT_READ | (seg->writable ? PROT_WRITE : 0),
                      MAP_SHARED, seg->fd, 0);
    if (base == MAP_FAILED)
        return -1;
    seg->base = base;
    return 0;
}

/* A whole object with no name yet: should we die before it gets one, nothing is left. */
static int seg_make(struct seg *seg, const struct seg_spec *spec)
{
    if (!seg_choose(&seg->header, spec))
        return -1;
    seg_stamp(&seg->header);
    seg->fd = open(SHM_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (seg->fd < 0 || fchmod(seg->fd, spec->mode ? spec->mode : 0600))
        return -1;
    seg->writable = true;
    int err = ftruncate(seg->fd, (off_t)seg->header.total_bytes) ? errno : 0;
    if (!err)
        err = posix_fallocate(seg->fd, 0, (off_t)seg->header.total_bytes);
    if (err) {
        errno = err == EFBIG || err == ENOMEM ? ENOSPC : err;
        return -1;
    }
    if (seg_map(seg))
        return -1;
    memcpy(seg->base, &seg->header, sizeof seg->header);
    atomic_store(&seg->header.magic, LAYOUT_MAGIC);
    atomic_store_explicit(&((struct layout_header *)seg->base)->magic, LAYOUT_MAGIC,
                          memory_order_release);
    if (claim_share(seg) || (spec->owned && claim_take(seg, LAYOUT_CLAIM_OWNER)))
        return -1;
    return 0;
}

static int seg_link(const struct seg *seg, const char *path)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", seg->fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static void seg_end(struct seg *seg, uint32_t state)
{
    atomic_store(&((struct layout_header *)seg->base)->state, state);
    seg_wake(seg);
}

/*
 * Gives the new object the name of an old one. They change names in one step, so whoever lost the
 * name, even one that took it a moment ago, is the one that is told.
 */
static int seg_exchange(const struct seg *seg, const char *path)
{
    char side[PATH_BYTES];
    snprintf(side, sizeof side, SHM_DIR "/" SIDE_PREFIX "%016" PRIx64, seg->header.generation);
    struct seg *old = seg_attach(seg->name, SEG_PEEK);
    if (!old)
        return errno == ENOENT ? seg_link(seg, path) : -1;
    bool writable = old->writable;
    seg_close(old);
    if (!writable) {
        errno = EACCES;
        return -1;
    }
    if (seg_link(seg, side))
        return -1;
    if (renameat2(AT_FDCWD, side, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        old = seg_attach(side + sizeof SHM_DIR, SEG_PEEK);
        if (old && old->writable)
            seg_end(old, LAYOUT_SUPERSEDED);
        seg_close(old);
    } else if (errno != ENOENT || rename(side, path)) { /* ENOENT: it was removed meanwhile */
        int err = errno;
        unlink(side);
        errno = err;
        return -1;
    }
    unlink(side);
    return 0;
}

struct seg *seg_create(const char *name, const struct seg_spec *spec, bool replace)
{
    char path[PATH_BYTES];
    if (!(name = seg_name(name)))
        return NULL;
    seg_path(path, name);
    struct seg *seg = seg_new(name);
    if (!seg)
        return NULL;
    if (!replace && access(path, F_OK) == 0) { /* before memory is reserved; linkat decides */
        errno = EEXIST;
        goto fail;
    }
    if (seg_make(seg, spec) || (replace ? seg_exchange(seg, path) : seg_link(seg, path)))
        goto fail;
    /* Should the object ever lose its name, /proc shows by this what it was; the descriptor that it
     * was made with would show none. */
    seg->name_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return seg;
fail:
    seg_close(seg);
    return NULL;
}

/* Opens and validates, mapping what was validated. */
static int seg_open(struct seg *seg, const char *path, int flags, enum seg_access access)
{
    struct stat st;
    flags |= O_CLOEXEC | O_NONBLOCK;
    seg->writable = true;
    seg->fd = open(path, O_RDWR | flags);
    if (seg->fd < 0 && (errno == EACCES || errno == EROFS) && access != SEG_WRITE) {
        seg->writable = false;
        seg->fd = open(path, O_RDONLY | flags);
    }
    if (seg->fd < 0) {
        if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
            errno = EMEDIUMTYPE;
        return -1;
    }
    if (fstat(seg->fd, &st))
        return -1;
    ssize_t n = S_ISREG(st.st_mode) ? pread(seg->fd, &seg->header, sizeof seg->header, 0) : 0;
    if (n < 0)
        return -1;
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        errno = ENODATA;
    else if (n == sizeof seg->header)
        errno = seg_check(&seg->header, (uint64_t)st.st_size);
    else /* too small even for a header: truncated, or never one of ours */
        errno = n >= 8 && atomic_load(&seg->header.magic) == LAYOUT_MAGIC ? EPROTO : EMEDIUMTYPE;
    return errno ? -1 : seg_map(seg);
}

struct seg *seg_attach(const char *name, enum seg_access access)
{
    char path[PATH_BYTES];
    if (!(name = seg_name(name)))
        return NULL;
    seg_path(path, name);
    for (int tries = 0;; tries++) {
        struct seg *seg = seg_new(name);
        if (!seg)
            return NULL;
        if (seg_open(seg, path, O_NOFOLLOW, access) || (access != SEG_PEEK && claim_share(seg))) {
            seg_close(seg);
            return NULL;
        }
        /* Between its opening and our claim it may have lost its name: then look again. */
        if (access == SEG_PEEK || seg_alive(seg) == 0)
            return seg;
        seg_close(seg);
        if (errno == EIDRM)
            errno = ENOENT;
        if (errno == ENOENT || tries == 100)
            return NULL;
    }
}

struct seg *seg_peek(const char *path, const char *name)
{
    struct seg *seg = seg_new(name);
    if (seg && seg_open(seg, path, 0, SEG_PEEK) == 0)
        return seg;
    seg_close(seg);
    return NULL;
}

void seg_close(struct seg *seg)
{
    if (!seg)
        return;
    int err = errno;
    if (seg->base)
        munmap(seg->base, seg->header.total_bytes);
    if (seg->fd >= 0)
        close(seg->fd);
    if (seg->name_fd >= 0)
        close(seg->name_fd);
    free(seg);
    errno = err;
}

const struct layout_header *seg_header(const struct seg *seg)
{
    return &seg->header;
}

const char *seg_own_name(const struct seg *seg)
{
    return seg->name;
}

int seg_fd(const struct seg *seg)
{
    return seg->fd;
}

bool seg_writable(const struct seg *seg)
{
    return seg->writable;
}

uint8_t *seg_mine(struct seg *seg)
{
    return seg->mine;
}

void *seg_at(const struct seg *seg, uint64_t offset)
{
    return seg->base + offset;
}

int seg_alive(const struct seg *seg)
{
    uint32_t state = atomic_load(&((struct layout_header *)seg->base)->state);
    if (state == LAYOUT_LIVE)
        return 0;
    errno = state == LAYOUT_SUPERSEDED ? ESTALE : EIDRM;
    return -1;
}

void seg_wake(struct seg *seg)
{
    const struct layout_header *h = &seg->header;
    struct layout_ring *rings[] = {seg_at(seg, h->frames_at), seg_at(seg, h->packets_at)};
    for (int i = 0; i < 2; i++) {
        wake_all(&rings[i]->wake);
        wake_all(&rings[i]->demand);
    }
    wake_all(&((struct layout_events *)seg_at(seg, h->events_at))->wake);
}

/* Under a side name that tells another's generation: it has lost its own name to that one, whether
 * its programs were told or not. */
static bool seg_outdone(const struct seg *seg)
{
    char side[64];
    snprintf(side, sizeof side, SIDE_PREFIX "%016" PRIx64, seg->header.generation);
    return !strncmp(seg->name, SIDE_PREFIX, sizeof SIDE_PREFIX - 1) && strcmp(seg->name, side);
}

enum seg_leak seg_leak(const struct seg *seg)
{
    if (seg_outdone(seg))
        return SEG_SUPERSEDED;
    if (claim_any(seg))
        return SEG_FINE;
    if (strncmp(seg->name, SIDE_PREFIX, sizeof SIDE_PREFIX - 1) == 0)
        return SEG_SUPERSEDED;
    return seg->header.flags & LAYOUT_OWNED ? SEG_ORPHAN : SEG_FINE;
}

int seg_supersede(struct seg *seg)
{
    if (!seg->writable) {
        errno = EACCES;
        return -1;
    }
    seg_end(seg, LAYOUT_SUPERSEDED);
    return 0;
}

int seg_remove(struct seg *seg, bool force)
{
    char path[PATH_BYTES];
    struct stat named, held;
    bool outdone = seg_outdone(seg);
    seg_path(path, seg->name);
    if (!seg->writable) {
        errno = EACCES;
        return -1;
    }
    if (!force && !outdone) {
        int held_by = claim_any(seg);
        if (held_by > 0)
            errno = EBUSY;
        if (held_by || claim_exclude(seg))
            return -1;
    }
    if (lstat(path, &named) || fstat(seg->fd, &held))
        return -1;
    if (named.st_ino != held.st_ino || named.st_dev != held.st_dev) {
        errno = ESTALE;
        return -1;
    }
    if (unlink(path))
        return -1;
    seg_end(seg, outdone ? LAYOUT_SUPERSEDED : LAYOUT_REMOVED);
    return 0;
}

int seg_unlink(const char *name)
{
    char path[PATH_BYTES];
    if (!(name = seg_name(name)))
        return -1;
    seg_path(path, name);
    return unlink(path);
}

int seg_stat(const char *name, struct stat *out)
{
    char path[PATH_BYTES];
    if (!(name = seg_name(name)))
        return -1;
    seg_path(path, name);
    return lstat(path, out);
}

int seg_list(seg_each *each, void *user)
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
            struct seg *seg = S_ISREG(st.st_mode) ? seg_attach(entries[i]->d_name, SEG_PEEK) : NULL;
            int err = seg ? 0 : S_ISREG(st.st_mode) ? errno : EMEDIUMTYPE;
            if (err != ENOENT) /* gone since */
                result = each(entries[i]->d_name, &st, seg, err, user);
            seg_close(seg);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

const char *seg_problem(int err)
{
    switch (err) {
    case EINVAL:
        return "not a stream name: 1 to 250 bytes, no slash but a leading one, no control bytes";
    case ENOENT:
        return "no such stream; make it with shm-create";
    case EEXIST:
        return "exists already; shm-create --replace supersedes it, shm-rm removes it";
    case EACCES:
    case EPERM:
        return "belongs to somebody else: no permission";
    case ENOSPC:
        return "no room in /dev/shm; shm-ls shows what is there";
    case EFAULT:
        return "the stream was truncated while in use";
    case ENODATA:
        return "half-created: its creator died or is not done; shm-rm -f removes it";
    case EMEDIUMTYPE:
        return "not a shmcast stream";
    case ENOMSG:
        return "holds a network or an array, not pictures; net-draw draws one, shm-read -f raw "
               "reads it";
    case EPROTONOSUPPORT:
        return "made by another version of shmcast; shm-rm -f removes it";
    case EPROTO:
        return "corrupt or truncated; shm-rm -f removes it";
    case EBUSY:
        return "in use; shm-ls -l shows by whom";
    case ESTALE:
        return "superseded by a stream of the same name";
    case EIDRM:
        return "was removed";
    case EROFS:
        return "may only be read: no permission to write";
    default:
        return strerror(err);
    }
}
