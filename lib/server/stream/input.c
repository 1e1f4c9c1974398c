#include "input.h"
#include "backlog.h"
#include "evlock.h"
#include "tool/cli.h"
#include <inttypes.h>

#define SECOND UINT64_C(1000000000)

enum {
    /* Numbers of queued events, of one viewer and of all, at which its messages are left unread. */
    OWN_ENOUGH = 2048,
    ALL_ENOUGH = 32768
};

/* Over TLS, lws 4.1 would loop over data that it has decrypted and may not deliver; data that comes
 * over WebRTC is not held back either. */
static bool pausable(const struct viewer *viewer)
{
    return viewer->link && viewer->transport->pausable && viewer->transport->pausable(viewer->link);
}

static bool crowded(const struct viewer *viewer)
{
    return viewer->queued >= OWN_ENOUGH || backlog_count(viewer->served->backlog) >= ALL_ENOUGH;
}

static bool has_room(const struct viewer *viewer, bool droppable)
{
    return pausable(viewer) ||
           (droppable ? !crowded(viewer) : viewer->queued < 2 * (size_t)OWN_ENOUGH);
}

bool input_admit(struct viewer *viewer, uint64_t now, bool droppable)
{
    uint64_t cost = SECOND / viewer->served->streams->events_max;
    if (viewer->paid_until < now)
        viewer->paid_until = now;
    if (viewer->paid_until + cost > now + (droppable ? 1 : 2) * SECOND ||
        !has_room(viewer, droppable))
        return false;
    viewer->paid_until += cost;
    return true;
}

static void pause_viewer(struct viewer *viewer)
{
    struct claim_info holder = {0};
    const struct served *served = viewer->served;
    viewer->paused = true;
    viewer->transport->pause(viewer->link, true);
    if (served->streams->verbose && evlock_holder(served->reader.stream, &holder) == 1)
        cli_warn("%s: viewer %" PRIu32 " is paused: process %" PRIu32 " (%s) keeps the event log "
                 "locked",
                 served->name, viewer->id, holder.pid, holder.command);
}

static void resume_viewer(struct viewer *viewer)
{
    viewer->queued = 0;
    if (viewer->paused)
        viewer->transport->pause(viewer->link, false);
    viewer->paused = false;
}

static void count_written(struct viewer *viewer, uint64_t number, size_t count)
{
    viewer->event = number;
    viewer->events += count;
}

void input_append(struct viewer *viewer, struct event *events, size_t count)
{
    struct served *served = viewer->served;
    switch (backlog_append(served->backlog, events, count)) {
    case BACKLOG_WRITTEN:
        served->events += count;
        count_written(viewer, events[count - 1].number, count);
        break;
    case BACKLOG_QUEUED:
        viewer->queued += count;
        if (!viewer->paused && crowded(viewer) && pausable(viewer))
            pause_viewer(viewer);
        break;
    case BACKLOG_DROPPED:
        break;
    }
}

void input_release(struct viewer *viewer)
{
    struct event events[INPUTSTATE_EVENTS];
    size_t count;
    while ((count = inputstate_release(&viewer->input, events, INPUTSTATE_EVENTS))) {
        for (size_t i = 0; i < count; i++)
            events[i].viewer = viewer->id;
        input_append(viewer, events, count);
    }
}

static void on_written(struct served *served, const struct event *events, size_t count)
{
    struct viewer *viewer = NULL;
    served->events += count;
    for (size_t i = 0; i < count; i++) {
        if (!viewer || viewer->id != events[i].viewer)
            for (viewer = served->viewers; viewer && viewer->id != events[i].viewer;)
                viewer = viewer->next;
        if (viewer)
            count_written(viewer, events[i].number, 1);
    }
}

void input_retry(struct served *served)
{
    if (backlog_retry(served->backlog, on_written))
        for (struct viewer *viewer = served->viewers; viewer; viewer = viewer->next)
            resume_viewer(viewer);
}
