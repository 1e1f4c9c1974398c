#include "evlog.h"
#include "eventtable.h"
#include "monotonic.h"
#include "stream.h"
#include "evlock.h"
#include "futex.h"
#include <errno.h>
#include <string.h>

enum { WORDS = 7 };

static struct shmfmt_events *log_head(const struct stream *stream)
{
    return stream_at(stream, stream_header(stream)->events_at);
}

static struct shmfmt_event *log_record(const struct stream *stream, uint64_t number)
{
    struct shmfmt_event *records = (struct shmfmt_event *)(log_head(stream) + 1);
    return &records[(number - 1) & (stream_header(stream)->events - 1)];
}

static enum event_payload payload_of(uint32_t type)
{
    return event_type_row(type)->payload;
}

static void event_pack(const struct event *ev, uint64_t words[WORDS])
{
    struct shmfmt_event_body body = {.time_ns = ev->time_ns,
                                     .type = (uint16_t)ev->type,
                                     .modifiers = (uint16_t)ev->modifiers,
                                     .button = (uint16_t)ev->button,
                                     .buttons = (uint16_t)ev->buttons,
                                     .viewer = ev->viewer,
                                     .pointer = ev->pointer};
    switch (payload_of(ev->type)) {
    case PAYLOAD_AT:
        body.at.x = ev->x;
        body.at.y = ev->y;
        body.at.dx = ev->dx;
        body.at.dy = ev->dy;
        break;
    case PAYLOAD_SIZE:
        body.size.width = ev->width;
        body.size.height = ev->height;
        body.size.ratio = ev->ratio;
        break;
    case PAYLOAD_KEY:
        memcpy(body.key, ev->key, sizeof body.key);
        break;
    case PAYLOAD_NODE:
        body.node.x = ev->x;
        body.node.y = ev->y;
        body.node.z = ev->z;
        body.node.node = ev->node;
        break;
    case PAYLOAD_ON:
        body.on = ev->on;
        break;
    case PAYLOAD_NAMED:
        body.named.node = ev->node;
        memcpy(body.named.name, ev->key, sizeof body.named.name);
        break;
    }
    memcpy(words, &body, sizeof body);
}

static void event_unpack(uint64_t number, const uint64_t words[WORDS], struct event *ev)
{
    struct shmfmt_event_body body;
    memcpy(&body, words, sizeof body);
    *ev = (struct event){.number = number,
                         .time_ns = body.time_ns,
                         .type = body.type,
                         .modifiers = body.modifiers,
                         .button = body.button,
                         .buttons = body.buttons,
                         .viewer = body.viewer,
                         .pointer = body.pointer};
    switch (payload_of(ev->type)) {
    case PAYLOAD_AT:
        ev->x = body.at.x;
        ev->y = body.at.y;
        ev->dx = body.at.dx;
        ev->dy = body.at.dy;
        break;
    case PAYLOAD_SIZE:
        ev->width = body.size.width;
        ev->height = body.size.height;
        ev->ratio = body.size.ratio;
        break;
    case PAYLOAD_KEY:
        memcpy(ev->key, body.key, sizeof body.key);
        break;
    case PAYLOAD_NODE:
        ev->x = body.node.x;
        ev->y = body.node.y;
        ev->z = body.node.z;
        ev->node = body.node.node;
        break;
    case PAYLOAD_ON:
        ev->on = body.on;
        break;
    case PAYLOAD_NAMED:
        ev->node = body.named.node;
        memcpy(ev->key, body.named.name, sizeof body.named.name);
        break;
    }
}

/*
 * Each record is a sequence lock (Boehm 2012, "Can seqlocks get along with programming language
 * memory models?"). The writer clears seq, stores the words, and stores the new number in seq.
 * Each store is a release, so a reader that loads a new word also finds that seq has changed.
 */
static void record_write(struct shmfmt_event *record, const struct event *ev)
{
    uint64_t words[WORDS];
    event_pack(ev, words);
    atomic_store(&record->seq, 0);
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&record->words[i], words[i], memory_order_release);
    atomic_store_explicit(&record->seq, ev->number, memory_order_release);
}

static bool record_read(const struct shmfmt_event *record, uint64_t number, struct event *out)
{
    uint64_t words[WORDS];
    if (atomic_load_explicit(&record->seq, memory_order_acquire) != number)
        return false;
    for (int i = 0; i < WORDS; i++)
        words[i] = atomic_load_explicit(&record->words[i], memory_order_acquire);
    if (atomic_load(&record->seq) != number)
        return false;
    event_unpack(number, words, out);
    return true;
}

uint64_t evlog_head(const struct stream *stream)
{
    return atomic_load(&log_head(stream)->head);
}

/* Called with the lock. A writer that exits before the last line has appended nothing. */
static void log_write(struct stream *stream, struct event *events, size_t count)
{
    struct shmfmt_events *log = log_head(stream);
    uint64_t head = atomic_load(&log->head);
    uint64_t now = monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        events[i].number = head + i + 1;
        if (!events[i].time_ns)
            events[i].time_ns = now;
        record_write(log_record(stream, head + i + 1), &events[i]);
    }
    atomic_store(&log->head, head + count);
}

/* Called with the lock, which it releases. */
static int log_append(struct stream *stream, struct event *events, size_t count)
{
    size_t most = stream_header(stream)->events / 2;
    int result = stream_alive(stream);
    for (size_t done = 0; result == 0 && done < count; done += most)
        log_write(stream, events + done, count - done < most ? count - done : most);
    int err = errno;
    evlock_unlock(stream);
    if (result == 0)
        stream_notify(stream, &log_head(stream)->wake, &log_head(stream)->notify);
    errno = err;
    return result;
}

int evlog_append(struct stream *stream, struct event *events, size_t count)
{
    return evlock_lock(stream) ? -1 : log_append(stream, events, count);
}

int evlog_try(struct stream *stream, struct event *events, size_t count)
{
    return evlock_trylock(stream) ? -1 : log_append(stream, events, count);
}

size_t evlog_read(const struct stream *stream, uint64_t *cursor, struct event *out, size_t max,
                  uint64_t *lost)
{
    uint64_t room = stream_header(stream)->events, head = evlog_head(stream), at = *cursor;
    size_t count = 0;
    *lost = 0;
    if (at > head) /* another program overwrote the head */
        at = head;
    while (at < head && count < max) {
        if (head - at > room) {
            *lost += head - room - at;
            at = head - room;
        }
        if (record_read(log_record(stream, at + 1), at + 1, &out[count])) {
            count++;
        } else {
            head =
                evlog_head(stream); /* the record has been overwritten, or is being overwritten */
            if (head - at > room)
                continue;
            *lost += 1;
        }
        at++;
    }
    *cursor = at;
    return count;
}

int evlog_wait(const struct stream *stream, uint64_t cursor, const struct timespec *deadline)
{
    const struct shmfmt_events *log = log_head(stream);
    for (;;) {
        uint32_t seen = atomic_load(&log->wake);
        if (stream_alive(stream))
            return -1;
        if (atomic_load(&log->head) != cursor)
            return 1;
        if (futex_wait(&log->wake, seen, deadline))
            return errno == ETIMEDOUT ? 0 : -1;
    }
}

struct futex_word evlog_seen(const struct stream *stream)
{
    const struct shmfmt_events *log = log_head(stream);
    return (struct futex_word){&log->wake, atomic_load(&log->wake)};
}
