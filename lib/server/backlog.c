/*
 * Viewers' events on their way into the log, which never waits for another program: one that was
 * stopped while it wrote there keeps everybody's turn. Events that find the log taken stay here, in
 * order, with all that come after them, while a thread waits for the turn and then wakes the loop.
 *
 * That thread lives as long as the wait. It waits by the same descriptor as we would, so nobody
 * here touches the log meanwhile.
 */
#include "serve.h"
#include "tool/cli.h"
#include "evlog.h"
#include "stream.h"
#include "evlock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM_FIRST = 256,
    /* A viewer is not read from while so many events wait that are its own, or all in all. */
    OWN_ENOUGH = 2048,
    ROOM_ENOUGH = 32768
};

static void *wait_for_turn(void *arg)
{
    struct source *source = arg;
    evlock_await_free(source->stream);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    atomic_store(&source->inbox.turn, true);
    lws_cancel_service(source->server->context);
    return NULL;
}

/* Without a thread it is tried again when the next event or picture comes. */
static void inbox_wait(struct source *source)
{
    struct inbox *inbox = &source->inbox;
    if (inbox->waiting)
        return;
    atomic_store(&inbox->turn, false);
    inbox->waiting = source_thread(&inbox->waiter, wait_for_turn, source) == 0;
}

void inbox_stop(struct source *source)
{
    struct inbox *inbox = &source->inbox;
    if (!inbox->waiting)
        return;
    pthread_cancel(inbox->waiter);
    pthread_join(inbox->waiter, NULL);
    inbox->waiting = false;
}

void inbox_free(struct source *source)
{
    struct inbox *inbox = &source->inbox;
    if (inbox->count && source->stream)
        cli_warn("%s: %zu events are lost: the event log was not free", source->name, inbox->count);
    free(inbox->events);
    *inbox = (struct inbox){0};
}

static bool inbox_open(const struct source *source)
{
    return source->stream && stream_writable(source->stream);
}

/* May end the stream. -1: EBUSY, or something that will not pass. */
static int inbox_try(struct source *source, struct event *events, size_t count)
{
    for (;;) {
        if (!inbox_open(source)) {
            errno = EROFS;
            return -1;
        }
        if (evlog_try(source->stream, events, count) == 0)
            return 0;
        if (errno != ESTALE && errno != EIDRM)
            return -1;
        source_newest(source); /* follows --replace */
    }
}

static int inbox_add(struct inbox *inbox, const struct event *events, size_t count)
{
    if (inbox->room - inbox->count < count) {
        size_t room = inbox->room ? inbox->room : ROOM_FIRST;
        while (room - inbox->count < count)
            room *= 2;
        struct event *more = realloc(inbox->events, room * sizeof *more);
        if (!more)
            return -1;
        inbox->events = more;
        inbox->room = room;
    }
    memcpy(inbox->events + inbox->count, events, count * sizeof *events);
    inbox->count += count;
    return 0;
}

/* With TLS lws 4.1 would go round and round over what it has decrypted and may not deliver; what
 * comes over WebRTC is not held back either. */
static bool viewer_pausable(const struct viewer *viewer)
{
    return viewer->conn->wsi && !lws_is_ssl(viewer->conn->wsi);
}

static void viewer_pause(struct viewer *viewer)
{
    struct claim_info holder = {0};
    const struct source *source = viewer->source;
    viewer->paused = true;
    lws_rx_flow_control(viewer->conn->wsi, 0);
    if (source->server->verbose && evlock_holder(source->stream, &holder) == 1)
        cli_warn("%s: viewer %" PRIu32 " has to wait: pid %" PRIu32 " (%s) keeps the event log",
                 source->name, viewer->id, holder.pid, holder.command);
}

static void viewer_resume(struct viewer *viewer)
{
    viewer->waiting = 0;
    if (viewer->paused)
        lws_rx_flow_control(viewer->conn->wsi, 1);
    viewer->paused = false;
}

static void viewer_wrote(struct viewer *viewer, uint64_t number, size_t count)
{
    viewer->event = number;
    viewer->events += count;
}

static bool inbox_crowded(const struct viewer *viewer)
{
    return viewer->waiting >= OWN_ENOUGH || viewer->source->inbox.count >= ROOM_ENOUGH;
}

bool inbox_admits(const struct viewer *viewer, bool loses)
{
    return viewer_pausable(viewer) ||
           (loses ? !inbox_crowded(viewer) : viewer->waiting < 2 * OWN_ENOUGH);
}

int inbox_append(struct source *source, struct viewer *viewer, struct event *events, size_t count)
{
    struct inbox *inbox = &source->inbox;
    if (!inbox->count) {
        if (inbox_try(source, events, count) == 0) {
            source->events += count;
            if (viewer)
                viewer_wrote(viewer, events[count - 1].number, count);
            return 0;
        }
        if (errno != EBUSY)
            return -1;
    }
    if (!inbox_open(source) || inbox_add(inbox, events, count))
        return -1;
    inbox_wait(source);
    if (!viewer)
        return 0;
    viewer->waiting += count;
    if (!viewer->paused && inbox_crowded(viewer) && viewer_pausable(viewer))
        viewer_pause(viewer);
    return 0;
}

/* Whose events these were that are now in the log. */
static void inbox_wrote(struct source *source)
{
    const struct inbox *inbox = &source->inbox;
    struct viewer *viewer = NULL;
    source->events += inbox->count;
    for (size_t i = 0; i < inbox->count; i++) {
        const struct event *event = &inbox->events[i];
        if (!viewer || viewer->id != event->viewer)
            for (viewer = source->viewers; viewer && viewer->id != event->viewer;)
                viewer = viewer->next;
        if (viewer)
            viewer_wrote(viewer, event->number, 1);
    }
}

void inbox_retry(struct source *source)
{
    struct inbox *inbox = &source->inbox;
    if (!inbox->count || (inbox->waiting && !atomic_load(&inbox->turn)))
        return;
    inbox_stop(source);
    if (inbox_try(source, inbox->events, inbox->count) == 0) {
        inbox_wrote(source);
    } else if (errno == EBUSY) {
        inbox_wait(source);
        return;
    }
    inbox->count = 0;
    for (struct viewer *viewer = source->viewers; viewer; viewer = viewer->next)
        viewer_resume(viewer);
}
