#include "handle.h"
#include "claim.h"
#include "evlog.h"
#include "stream.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct shmcast_spec) == SPEC_BYTES, "shmcast_spec");
_Static_assert(sizeof(struct shmcast_info) == INFO_BYTES, "shmcast_info");

/* All handles of this process, for forks and the end. The lock also guards their stream and owned.
 */
static struct shmcast_stream *handles;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* The child has no mapping, and is not to keep claims that its parent drops by exiting. */
static void after_fork_in_child(void)
{
    for (struct shmcast_stream *handle = handles; handle; handle = handle->next) {
        if (!handle->lost)
            stream_forget(handle->stream);
        if (handle->inotify >= 0)
            close(handle->inotify);
        handle->inotify = -1;
        handle->lost = ECHILD;
    }
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* At the end of the program. Other threads may still use their handles. */
__attribute__((destructor)) static void remove_owned(void)
{
    pthread_mutex_lock(&lock);
    for (struct shmcast_stream *handle = handles; handle; handle = handle->next)
        if (!handle->lost && handle->owned)
            stream_remove(handle->stream, true);
    pthread_mutex_unlock(&lock);
}

int sized_get(void *out, size_t known, const void *from, size_t size, size_t least)
{
    enum { SIZE_MAX_BYTES = 4096 };
    if (size < least || size > SIZE_MAX_BYTES) {
        errno = size < least ? EINVAL : E2BIG;
        return -1;
    }
    memset(out, 0, known);
    memcpy(out, from, size < known ? size : known);
    for (size_t i = known; i < size; i++)
        if (((const char *)from)[i]) {
            errno = E2BIG;
            return -1;
        }
    return 0;
}

void sized_put(void *to, size_t size, const void *from, size_t known)
{
    memcpy(to, from, size < known ? size : known);
    if (size > known)
        memset((char *)to + known, 0, size - known);
}

int handle_check(const struct shmcast_stream *handle)
{
    errno = handle->lost ? handle->lost : errno;
    return handle->lost ? -1 : 0;
}

bool handle_channel(unsigned part, enum ring_channel *out)
{
    *out = part == SHMCAST_FRAMES ? RING_FRAMES : RING_PACKETS;
    if (part == SHMCAST_FRAMES || part == SHMCAST_PACKETS)
        return true;
    errno = EINVAL;
    return false;
}

struct ring *handle_reader(struct shmcast_stream *handle, enum ring_channel channel)
{
    struct ring *reader = handle->reader[channel];
    if (!reader && (reader = ring_open_reader(handle->stream, channel))) {
        handle->reader[channel] = reader;
        ring_want(reader, handle->wants[channel]);
    }
    return reader;
}

struct ring *handle_observer(struct shmcast_stream *handle, enum ring_channel channel)
{
    struct ring **observer = &handle->observer[channel];
    if (!*observer)
        *observer = ring_open_observer(handle->stream, channel);
    return *observer;
}

static struct shmcast_stream *handle_new(const char *name)
{
    if (!(name = stream_name(name)))
        return NULL;
    pthread_once(&once, watch_forks);
    struct shmcast_stream *handle = calloc(1, sizeof *handle);
    if (!handle)
        return NULL;
    strcpy(handle->name, name); /* stream_name has checked its length */
    handle->inotify = handle->watch = -1;
    handle->wants[RING_FRAMES] = handle->wants[RING_PACKETS] = true;
    return handle;
}

/* Ends the use of the handle's stream; it has none afterwards. */
static void leave(struct shmcast_stream *handle)
{
    pthread_mutex_lock(&lock);
    struct stream *stream = handle->stream;
    handle->stream = NULL;
    handle->lost = EIDRM;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < CHANNELS; i++) {
        ring_close(handle->writer[i]);
        ring_close(handle->reader[i]);
        ring_close(handle->observer[i]);
        handle->writer[i] = handle->reader[i] = handle->observer[i] = NULL;
        handle->begun[i] = false;
        handle->seen[i] = 0;
    }
    stream_close(stream);
}

static int lose(struct shmcast_stream *handle, int err)
{
    pthread_mutex_lock(&lock);
    handle->lost = err;
    pthread_mutex_unlock(&lock);
    return handle_check(handle);
}

static void enter(struct shmcast_stream *handle, struct stream *stream, bool owned)
{
    pthread_mutex_lock(&lock);
    handle->stream = stream;
    handle->owned = owned;
    handle->lost = 0;
    pthread_mutex_unlock(&lock);
}

/* The handle's first stream, or NULL, which frees the handle. */
static struct shmcast_stream *handle_begin(struct shmcast_stream *handle, struct stream *stream,
                                           bool owned)
{
    if (!stream) {
        free(handle);
        return NULL;
    }
    handle->cursor = evlog_head(stream);
    enter(handle, stream, owned);
    pthread_mutex_lock(&lock);
    handle->next = handles;
    handles = handle;
    pthread_mutex_unlock(&lock);
    return handle;
}

/* The caller's choices for a new stream; flags receives its flags. 0 or -1. */
static int read_spec(const struct shmcast_spec *spec, struct stream_spec *out, uint32_t *flags)
{
    struct shmcast_spec given = {0};
    if (spec && sized_get(&given, sizeof given, spec, spec->size, SPEC_BYTES))
        return -1;
    bool sound = !(given.flags & ~(uint32_t)(SHMCAST_REPLACE | SHMCAST_KEEP)) &&
                 (given.width == 0) == (given.height == 0) && given.events <= 1 << 24 &&
                 given.packet_bytes <= UINT64_C(1) << 36 &&
                 (!given.mode || (given.mode & ~0177u) == 0600);
    if (!sound) {
        errno = EINVAL;
        return -1;
    }
    *flags = given.flags;
    *out = (struct stream_spec){.width = given.width,
                                .height = given.height,
                                .format = given.format,
                                .slots = given.slots,
                                .events = given.events,
                                .packet_bytes = given.packet_bytes,
                                .mode = given.mode};
    return 0;
}

/* Takes what the caller left open from the stream of that name, if there is one. 0 or -1. */
static int inherit(const char *name, struct stream_spec *spec)
{
    struct stream *old = stream_attach(name, STREAM_PEEK);
    int result = old ? stream_inherit(spec, old) : errno == ENOENT ? 0 : -1;
    stream_close(old);
    return result;
}

/* Whether the stream of that name is one whose owner was killed. errno survives. */
static bool is_orphan(const char *name)
{
    int err = errno;
    struct stream *old = stream_attach(name, STREAM_PEEK);
    bool orphan = old && stream_leak(old) == STREAM_ORPHAN;
    stream_close(old);
    errno = err;
    return orphan;
}

shmcast_stream *shmcast_create(const char *name, const struct shmcast_spec *spec)
{
    struct stream_spec make;
    uint32_t flags;
    if (read_spec(spec, &make, &flags))
        return NULL;
    struct shmcast_stream *handle = handle_new(name);
    if (!handle)
        return NULL;
    make.owned = !(flags & SHMCAST_KEEP);
    bool replace = flags & SHMCAST_REPLACE;
    struct stream *stream = NULL;
    if (!replace || inherit(handle->name, &make) == 0)
        stream = stream_create(handle->name, &make, replace);
    if (!stream && errno == EEXIST && is_orphan(handle->name))
        stream = stream_create(handle->name, &make, true);
    return handle_begin(handle, stream, make.owned);
}

shmcast_stream *shmcast_attach(const char *name)
{
    struct shmcast_stream *handle = handle_new(name);
    return handle ? handle_begin(handle, stream_attach(handle->name, STREAM_READ), false) : NULL;
}

void shmcast_close(shmcast_stream *stream)
{
    int err = errno;
    if (!stream || stream->lost == ECHILD)
        return;
    pthread_mutex_lock(&lock);
    struct shmcast_stream **at = &handles;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    pthread_mutex_unlock(&lock);
    if (stream->owned && stream->stream)
        stream_remove(stream->stream, true);
    leave(stream);
    if (stream->inotify >= 0)
        close(stream->inotify);
    free(stream);
    errno = err;
}

/* Attaches the stream that has the name now, in place of one of this generation. 0 or -1. */
static int attach_again(struct shmcast_stream *handle, uint64_t generation)
{
    struct stream *stream = stream_attach(handle->name, STREAM_READ);
    if (!stream)
        return lose(handle, errno == ENOENT ? EIDRM : errno);
    bool same = stream_header(stream)->generation == generation;
    bool owned = handle->owned && stream_header(stream)->flags & SHMFMT_OWNED &&
                 claim_take(stream, SHMFMT_CLAIM_OWNER) == 0;
    if (!same)
        handle->cursor = handle->answered = 0;
    enter(handle, stream, owned);
    return handle_watch(handle);
}

int shmcast_follow(shmcast_stream *stream)
{
    if (handle_check(stream))
        return -1;
    if (stream_alive(stream->stream) == 0)
        return 0;
    if (errno != ESTALE)
        return -1;
    uint64_t generation = stream_header(stream->stream)->generation;
    leave(stream);
    return attach_again(stream, generation);
}

int shmcast_replace(shmcast_stream *stream, const struct shmcast_spec *spec)
{
    struct stream_spec make;
    uint32_t flags;
    if (handle_check(stream) || stream_alive(stream->stream) || read_spec(spec, &make, &flags) ||
        stream_inherit(&make, stream->stream))
        return -1;
    make.owned = stream->owned;
    uint64_t generation = stream_header(stream->stream)->generation;
    leave(stream); /* or the new one would wait for us, if there is no room for both */
    struct stream *new = stream_create(stream->name, &make, true);
    if (!new) {
        int err = errno;
        attach_again(stream, generation);
        errno = err;
        return -1;
    }
    stream->cursor = stream->answered = 0;
    enter(stream, new, make.owned);
    return handle_watch(stream);
}

const char *shmcast_name(const shmcast_stream *stream)
{
    return stream->name;
}

int shmcast_info(const shmcast_stream *stream, struct shmcast_info *info)
{
    struct shmcast_info known;
    if (handle_check(stream) || sized_get(&known, sizeof known, info, info->size, INFO_BYTES))
        return -1;
    const struct shmfmt_header *h = stream_header(stream->stream);
    known = (struct shmcast_info){.size = info->size,
                                  .flags = (stream->owned ? SHMCAST_OWNED : 0) |
                                           (stream_writable(stream->stream) ? SHMCAST_WRITABLE : 0),
                                  .width = h->width,
                                  .height = h->height,
                                  .format = h->format,
                                  .slots = h->frame_slots,
                                  .events = h->events,
                                  .generation = h->generation,
                                  .frame_bytes = h->frame_bytes,
                                  .packet_bytes = h->packet_bytes};
    sized_put(info, info->size, &known, sizeof known);
    return 0;
}

const char *shmcast_version(void)
{
    return SHMCAST_VERSION;
}

const char *shmcast_strerror(int err)
{
    switch (err) {
    case EINVAL:
        return "invalid argument: a stream name of more than 250 bytes or with a slash, or a value "
               "out of range";
    case E2BIG:
        return "a structure has fields that this version of libshmcast does not know; use the "
               "newer library";
    case EAGAIN:
        return "all slots are in use; create the stream with more of them";
    case EMSGSIZE:
        return "larger than the stream's slots; shmcast_replace makes a larger stream";
    case ECHILD:
        return "the handle is from before a fork; attach the stream again";
    default:
        return stream_problem(err);
    }
}
