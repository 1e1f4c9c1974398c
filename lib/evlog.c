#include "evlog.h"
#include "seg.h"
#include "turn.h"
#include "wake.h"
#include <errno.h>
#include <string.h>

enum { WORDS = 7 };

static struct layout_events *log_head(const struct seg *seg)
{
    return seg_at(seg, seg_header(seg)->events_at);
}

static struct layout_event *log_record(const struct seg *seg, uint64_t number)
{
    struct layout_event *records = (struct layout_event *)(log_head(seg) + 1);
    return &records[(number - 1) & (seg_header(seg)->events - 1)];
}

static bool has_key(uint32_t type)
{
    return type == EVENT_KEY_DOWN || type == EVENT_KEY_UP;
}

static bool is_of_layout(uint32_t type)
{
    return type >= EVENT_NODE_DRAG && type <= EVENT_LAYOUT_PAUSE;
}

static void event_pack(const struct event *ev, uint64_t words[WORDS])
{
    struct layout_event_body body = {.time_ns = ev->time_ns,
                                     .type = (uint16_t)ev->type,
                                     .modifiers = (uint16_t)ev->modifiers,
                                     .button = (uint16_t)ev->button,
                                     .buttons = (uint16_t)ev->buttons,
                                     .viewer = ev->viewer,
                                     .pointer = ev->pointer};
    if (has_key(ev->type)) {
        memcpy(body.key, ev->key, sizeof body.key);
    } else if (ev->type == EVENT_RESIZE) {
        body.size.width = ev->width;
        body.size.height = ev->height;
        body.size.ratio = ev->ratio;
    } else if (is_of_layout(ev->type)) {
        body.node.x = ev->x;
        body.node.y = ev->y;
        body.node.z = ev->z;
        body.node.node = ev->node;
        if (ev->type == EVENT_LAYOUT_PAUSE)
            body.on = ev->on;
    } else {
        body.at.x = ev->x;
        body.at.y = ev->y;
        body.at.dx = ev->dx;
        body.at.dy = ev->dy;
    }
    memcpy(words, &body, sizeof body);
}

static void event_unpack(uint64_t number, const uint64_t words[WORDS], struct event *ev)
{
    struct layout_event_body body;
    memcpy(&body, words, sizeof body);
    *ev = (struct event){.number = number,
                         .time_ns = body.time_ns,
                         .type = body.type,
                         .modifiers = body.modifiers,
                         .button = body.button,
                         .buttons = body.buttons,
                         .viewer = body.viewer,
                         .pointer = body.pointer};
    if (has_key(ev->type)) {
        memcpy(ev->key, body.key, sizeof body.key);
    } else if (ev->type == EVENT_RESIZE) {
        ev->width = body.size.width;
        ev->height = body.size.height;
        ev->ratio = body.size.ratio;
    } else if (ev->type == EVENT_LAYOUT_PAUSE) {
        ev->on = body.on;
    } else if (is_of_layout(ev->type)) {
        ev->x = body.node.x;
        ev->y = body.node.y;
        ev->z = body.node.z;
        ev->node = body.node.node;
    } else {
        ev->x = body.at.x;
        ev->y = body.at.y;
        ev->dx = body.at.dx;
        ev->dy = body.at.dy;
    }
}

/*
 * A record is marked, filled, and given its number; every store releases the ones before it, so a
 * reader that saw a new word also sees that the number has moved.
 */
static void record_write(struct layout_event *record, const struct event *ev)
{
    uint64_t words[WORDS];
    event_pack(ev, words);
    atomic_store(&record->seq, 0);
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&record->words[i], words[i], memory_order_release);
    atomic_store_explicit(&record->seq, ev->number, memory_order_release);
}

static bool record_read(const struct layout_event *record, uint64_t number, struct event *out)
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

uint64_t evlog_head(const struct seg *seg)
{
    return atomic_load(&log_head(seg)->head);
}

/* With the event claim in hand. A writer that dies before the last line has written nothing. */
static void log_write(struct seg *seg, struct event *events, size_t count)
{
    struct layout_events *log = log_head(seg);
    uint64_t head = atomic_load(&log->head);
    uint64_t now = wake_now();
    for (size_t i = 0; i < count; i++) {
        events[i].number = head + i + 1;
        if (!events[i].time_ns)
            events[i].time_ns = now;
        record_write(log_record(seg, head + i + 1), &events[i]);
    }
    atomic_store(&log->head, head + count);
}

/* With the claim, which is dropped. */
static int log_append(struct seg *seg, struct event *events, size_t count)
{
    size_t most = seg_header(seg)->events / 2;
    int result = seg_alive(seg);
    for (size_t done = 0; result == 0 && done < count; done += most)
        log_write(seg, events + done, count - done < most ? count - done : most);
    int err = errno;
    turn_leave(seg);
    if (result == 0)
        wake_all(&log_head(seg)->wake);
    errno = err;
    return result;
}

int evlog_append(struct seg *seg, struct event *events, size_t count)
{
    return turn_take(seg) ? -1 : log_append(seg, events, count);
}

int evlog_try(struct seg *seg, struct event *events, size_t count)
{
    return turn_try(seg) ? -1 : log_append(seg, events, count);
}

size_t evlog_read(const struct seg *seg, uint64_t *cursor, struct event *out, size_t max,
                  uint64_t *lost)
{
    uint64_t room = seg_header(seg)->events, head = evlog_head(seg), at = *cursor;
    size_t count = 0;
    *lost = 0;
    if (at > head) /* somebody scribbled over the head */
        at = head;
    while (at < head && count < max) {
        if (head - at > room) {
            *lost += head - room - at;
            at = head - room;
        }
        if (record_read(log_record(seg, at + 1), at + 1, &out[count])) {
            count++;
        } else {
            head = evlog_head(seg); /* it has been, or is being, overwritten */
            if (head - at > room)
                continue;
            *lost += 1;
        }
        at++;
    }
    *cursor = at;
    return count;
}

int evlog_wait(const struct seg *seg, uint64_t cursor, const struct timespec *deadline)
{
    const struct layout_events *log = log_head(seg);
    for (;;) {
        uint32_t seen = atomic_load(&log->wake);
        if (seg_alive(seg))
            return -1;
        if (atomic_load(&log->head) != cursor)
            return 1;
        if (wake_wait(&log->wake, seen, deadline))
            return errno == ETIMEDOUT ? 0 : -1;
    }
}

struct wake_seen evlog_seen(const struct seg *seg)
{
    const struct layout_events *log = log_head(seg);
    return (struct wake_seen){&log->wake, atomic_load(&log->wake)};
}
