#include "handle.h"
#include "evlog.h"
#include "futex.h"
#include "monotonic.h"
#include "stream.h"
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { PARTS = SHMCAST_FRAMES | SHMCAST_PACKETS | SHMCAST_EVENTS | SHMCAST_DEMAND };

/* Opens what waiting for the parts needs. 0 or -1. */
static int prepare(struct shmcast_stream *handle, unsigned parts)
{
    if (handle_check(handle))
        return -1;
    if (!parts || parts & ~(unsigned)PARTS) {
        errno = EINVAL;
        return -1;
    }
    if ((parts & SHMCAST_FRAMES && !handle_reader(handle, RING_FRAMES)) ||
        (parts & SHMCAST_PACKETS && !handle_reader(handle, RING_PACKETS)) ||
        (parts & SHMCAST_DEMAND && !handle_observer(handle, RING_FRAMES)))
        return -1;
    return 0;
}

/* The words that change with news of the parts. Returns their number. */
static unsigned words_of(const struct shmcast_stream *handle, unsigned parts,
                         struct futex_word words[4])
{
    unsigned count = 0;
    if (parts & SHMCAST_EVENTS)
        words[count++] = evlog_seen(handle->stream);
    if (parts & SHMCAST_DEMAND)
        words[count++] = ring_demand(handle->observer[RING_FRAMES]);
    if (parts & SHMCAST_FRAMES)
        words[count++] = ring_seen(handle->reader[RING_FRAMES]);
    if (parts & SHMCAST_PACKETS)
        words[count++] = ring_seen(handle->reader[RING_PACKETS]);
    return count;
}

/* Those of the parts that have news. */
static unsigned news_of(const struct shmcast_stream *handle, unsigned parts)
{
    unsigned news = 0;
    if (parts & SHMCAST_EVENTS && evlog_head(handle->stream) != handle->cursor)
        news |= SHMCAST_EVENTS;
    if (parts & SHMCAST_DEMAND && ring_watched(handle->observer[RING_FRAMES]))
        news |= SHMCAST_DEMAND;
    if (parts & SHMCAST_FRAMES && ring_news(handle->reader[RING_FRAMES], handle->seen[RING_FRAMES]))
        news |= SHMCAST_FRAMES;
    if (parts & SHMCAST_PACKETS &&
        ring_news(handle->reader[RING_PACKETS], handle->seen[RING_PACKETS]))
        news |= SHMCAST_PACKETS;
    return news;
}

int shmcast_wait(shmcast_stream *stream, unsigned parts, int64_t timeout_ns)
{
    if (prepare(stream, parts))
        return -1;
    uint64_t now = monotonic_ns(), end = now + (uint64_t)timeout_ns;
    for (;;) {
        struct futex_word words[4];
        unsigned count = words_of(stream, parts, words); /* before looking for news */
        int dead = stream_alive(stream->stream), err = errno;
        unsigned news = news_of(stream, dead ? parts & SHMCAST_EVENTS : parts);
        if (news)
            return (int)news;
        if (dead) {
            errno = err;
            return -1;
        }
        bool knock = parts & SHMCAST_PACKETS && stream->wants[RING_PACKETS] &&
                     !ring_want(stream->reader[RING_PACKETS], true);
        now = monotonic_ns();
        if (timeout_ns >= 0 && now >= end)
            return 0;
        uint64_t at =
            knock && (timeout_ns < 0 || now + RING_KNOCK_NS < end) ? now + RING_KNOCK_NS : end;
        struct timespec until = {(time_t)(at / 1000000000), (long)(at % 1000000000)};
        const struct timespec *deadline = knock || timeout_ns >= 0 ? &until : NULL;
        int woken = count == 1 ? futex_wait(words[0].word, words[0].seen, deadline)
                               : futex_wait_any(words, count, deadline);
        if (woken && errno != ETIMEDOUT)
            return -1;
    }
}

int handle_watch(struct shmcast_stream *handle)
{
    char path[64];
    if (handle->inotify < 0)
        return 0;
    if (handle->watch >= 0)
        inotify_rm_watch(handle->inotify, handle->watch);
    snprintf(path, sizeof path, "/proc/self/fd/%d", stream_fd(handle->stream));
    handle->watch = inotify_add_watch(handle->inotify, path, IN_ATTRIB);
    return handle->watch < 0 ? -1 : 0;
}

int shmcast_fd(shmcast_stream *stream)
{
    if (handle_check(stream))
        return -1;
    if (stream->inotify >= 0)
        return stream->inotify;
    if (!stream_writable(stream->stream)) {
        errno = EROFS;
        return -1;
    }
    stream->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (stream->inotify < 0 || handle_watch(stream) == 0)
        return stream->inotify;
    int err = errno;
    close(stream->inotify);
    stream->inotify = -1;
    errno = err;
    return -1;
}

/* The protocol is that of stream_notify. */
int shmcast_arm(shmcast_stream *stream, unsigned parts)
{
    char events[4096];
    if (prepare(stream, parts) || shmcast_fd(stream) < 0)
        return -1;
    if (!stream_writable(stream->stream)) {
        errno = EROFS;
        return -1;
    }
    while (read(stream->inotify, events, sizeof events) > 0)
        continue;
    const struct shmfmt_header *h = stream_header(stream->stream);
    struct shmfmt_ring *frames = stream_at(stream->stream, h->frames_at);
    struct shmfmt_ring *packets = stream_at(stream->stream, h->packets_at);
    struct shmfmt_events *log = stream_at(stream->stream, h->events_at);
    uint64_t now = monotonic_ns();
    if (parts & (SHMCAST_FRAMES | SHMCAST_DEMAND))
        atomic_store(&frames->notify, now);
    if (parts & SHMCAST_PACKETS)
        atomic_store(&packets->notify, now);
    if (parts & SHMCAST_EVENTS)
        atomic_store(&log->notify, now);
    return 0;
}
