/*
 * The waiting thread lives as long as the wait. It waits through the descriptor that the main
 * thread would use, so the main thread leaves the log alone meanwhile.
 */
#include "backlog.h"
#include "evlock.h"
#include "evlog.h"
#include "stream.h"
#include "tool/cli.h"
#include "tool/thread.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 256 };

struct backlog {
    struct served *served;
    struct event *events;
    size_t count, room;
    pthread_t waiter;
    bool waiter_runs;
    _Atomic bool lock_free; /* the waiter has seen the lock free */
};

struct backlog *backlog_new(struct served *served)
{
    struct backlog *backlog = calloc(1, sizeof *backlog);
    if (backlog)
        backlog->served = served;
    return backlog;
}

void backlog_free(struct backlog *backlog)
{
    if (!backlog)
        return;
    backlog_stop(backlog);
    if (backlog->count && backlog->served->reader.stream)
        cli_warn("%s: %zu events are lost: the event log was locked", backlog->served->name,
                 backlog->count);
    free(backlog->events);
    free(backlog);
}

size_t backlog_count(const struct backlog *backlog)
{
    return backlog ? backlog->count : 0;
}

static void *wait_for_lock(void *arg)
{
    struct backlog *backlog = arg;
    evlock_await_free(backlog->served->reader.stream);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    atomic_store(&backlog->lock_free, true);
    lws_cancel_service(backlog->served->streams->context);
    return NULL;
}

/* If no thread can be started, the next event or packet makes another attempt. */
static void start_waiter(struct backlog *backlog)
{
    if (backlog->waiter_runs)
        return;
    atomic_store(&backlog->lock_free, false);
    backlog->waiter_runs = thread_start(&backlog->waiter, wait_for_lock, backlog) == 0;
}

void backlog_stop(struct backlog *backlog)
{
    if (!backlog->waiter_runs)
        return;
    pthread_cancel(backlog->waiter);
    pthread_join(backlog->waiter, NULL);
    backlog->waiter_runs = false;
}

static bool can_write(const struct backlog *backlog)
{
    return backlog->served->reader.stream && stream_writable(backlog->served->reader.stream);
}

/* -1: EBUSY, or a permanent failure. */
static int try_append(struct backlog *backlog, struct event *events, size_t count)
{
    for (;;) {
        if (!can_write(backlog)) {
            errno = EROFS;
            return -1;
        }
        if (evlog_try(backlog->served->reader.stream, events, count) == 0)
            return 0;
        if (errno != ESTALE && errno != EIDRM)
            return -1;
        served_follow(backlog->served, errno);
    }
}

static int enqueue(struct backlog *backlog, const struct event *events, size_t count)
{
    if (backlog->room - backlog->count < count) {
        size_t room = backlog->room ? backlog->room : ROOM_FIRST;
        while (room - backlog->count < count)
            room *= 2;
        struct event *more = realloc(backlog->events, room * sizeof *more);
        if (!more)
            return -1;
        backlog->events = more;
        backlog->room = room;
    }
    memcpy(backlog->events + backlog->count, events, count * sizeof *events);
    backlog->count += count;
    return 0;
}

enum backlog_result backlog_append(struct backlog *backlog, struct event *events, size_t count)
{
    if (!backlog->count) {
        if (try_append(backlog, events, count) == 0)
            return BACKLOG_WRITTEN;
        if (errno != EBUSY)
            return BACKLOG_DROPPED;
    }
    if (!can_write(backlog) || enqueue(backlog, events, count))
        return BACKLOG_DROPPED;
    start_waiter(backlog);
    return BACKLOG_QUEUED;
}

bool backlog_retry(struct backlog *backlog,
                   void (*written)(struct served *served, const struct event *events, size_t count))
{
    if (!backlog->count || (backlog->waiter_runs && !atomic_load(&backlog->lock_free)))
        return false;
    backlog_stop(backlog);
    if (try_append(backlog, backlog->events, backlog->count) == 0) {
        written(backlog->served, backlog->events, backlog->count);
    } else if (errno == EBUSY) {
        start_waiter(backlog);
        return false;
    }
    backlog->count = 0;
    return true;
}
