#include "handle.h"
#include "events.h"
#include "evlog.h"
#include "stream.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The public structure is the internal one with room for a longer key. */
#define SAME(field)                                                                                \
    _Static_assert(offsetof(struct shmcast_event, field) == offsetof(struct event, field), #field)
SAME(number);
SAME(time_ns);
SAME(type);
SAME(modifiers);
SAME(button);
SAME(buttons);
SAME(viewer);
SAME(pointer);
SAME(x);
SAME(y);
SAME(dx);
SAME(dy);
SAME(width);
SAME(height);
SAME(ratio);
SAME(z);
SAME(node);
SAME(on);
SAME(key);
_Static_assert(sizeof(struct shmcast_event) == EVENT_BYTES &&
                   sizeof(struct event) == sizeof(struct shmcast_event),
               "shmcast_event");
_Static_assert((int)SHMCAST_POINTER_DOWN == EVENT_POINTER_DOWN &&
                   (int)SHMCAST_RESIZE == EVENT_RESIZE && (int)SHMCAST_META == EVENT_META &&
                   (int)SHMCAST_CHAR == EVENT_CHAR && (int)SHMCAST_CURSOR == EVENT_CURSOR,
               "event types");

enum { BATCH = 64 };

static struct shmcast_event *event_at(struct shmcast_event *events, size_t event_size, size_t i)
{
    return (struct shmcast_event *)(void *)((char *)events + i * event_size);
}

static bool get_event(struct event *out, const struct shmcast_event *from, size_t event_size)
{
    if (sized_get(out, sizeof *out, from, event_size, EVENT_BYTES))
        return false;
    out->key[EVENT_KEY_MAX] = 0;
    return true;
}

long shmcast_events(shmcast_stream *stream, struct shmcast_event *events, size_t event_size,
                    size_t count, uint64_t *missed)
{
    struct event batch[BATCH];
    uint64_t lost, all = 0;
    size_t got = 0, n = 1;
    if (handle_check(stream))
        return -1;
    if (event_size < EVENT_BYTES) {
        errno = EINVAL;
        return -1;
    }
    while (got < count && n > 0) {
        size_t most = count - got < BATCH ? count - got : BATCH;
        n = evlog_read(stream->stream, &stream->cursor, batch, most, &lost);
        all += lost;
        for (size_t i = 0; i < n; i++)
            if (event_valid(&batch[i]))
                sized_put(event_at(events, event_size, got++), event_size, &batch[i],
                          sizeof batch[i]);
            else
                all++;
    }
    if (missed)
        *missed = all;
    if (got)
        stream->answered = event_at(events, event_size, got - 1)->number;
    return got || all ? (long)got : stream_alive(stream->stream);
}

int shmcast_seek(shmcast_stream *stream, uint64_t number)
{
    if (handle_check(stream))
        return -1;
    stream->cursor = number;
    return 0;
}

size_t shmcast_coalesce(struct shmcast_event *events, size_t event_size, size_t count)
{
    struct event last = {0}, next;
    size_t kept = 0;
    for (size_t i = 0; i < count && get_event(&next, event_at(events, event_size, i), event_size);
         i++) {
        if (kept && event_coalesce(&last, &next))
            kept--;
        last = next;
        sized_put(event_at(events, event_size, kept++), event_size, &last, sizeof last);
    }
    return kept;
}

int shmcast_inject(shmcast_stream *stream, struct shmcast_event *events, size_t event_size,
                   size_t count)
{
    if (handle_check(stream) || count == 0)
        return handle_check(stream);
    struct event *batch = calloc(count, sizeof *batch);
    if (!batch)
        return -1;
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (!get_event(&batch[i], event_at(events, event_size, i), event_size))
            result = -1;
        else if (!event_valid(&batch[i])) {
            errno = EINVAL;
            result = -1;
        }
    }
    if (result == 0)
        result = evlog_append(stream->stream, batch, count);
    for (size_t i = 0; i < count && result == 0; i++)
        sized_put(event_at(events, event_size, i), event_size, &batch[i], sizeof batch[i]);
    int err = errno;
    free(batch);
    errno = err;
    return result;
}

const char *shmcast_event_name(uint32_t type)
{
    return event_name(type);
}

uint32_t shmcast_event_type(const char *name)
{
    return event_type(name);
}
