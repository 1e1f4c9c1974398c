#include "streams.h"
#include "backlog.h"
#include "delivery.h"
#include "input.h"
#include "ladder.h"
#include "tool/cli.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* --- events of served streams --- */

static void on_packet(struct served *served)
{
    for (struct viewer *viewer = served->watchers; viewer; viewer = viewer->next_watcher)
        delivery_packet(viewer);
}

static void on_pending(struct served *served)
{
    for (struct viewer *viewer = served->watchers; viewer; viewer = viewer->next_watcher)
        delivery_retry(viewer);
}

static void on_detaching(struct served *served)
{
    if (served->backlog)
        backlog_stop(served->backlog);
}

static void on_cursor(struct served *served)
{
    for (struct viewer *viewer = served->viewers; viewer; viewer = viewer->next)
        control_changed(viewer);
}

static void on_replaced(struct served *served)
{
    for (struct viewer *viewer = served->viewers; viewer; viewer = viewer->next)
        viewer->event = 0;                        /* the new log has numbers of its own, */
    on_cursor(served);                            /* and no cursor yet */
    lws_cancel_service(served->streams->context); /* for events queued for the old log */
}

static void on_reap(lws_sorted_usec_list_t *timer)
{
    streams_reap(lws_container_of(timer, struct streams, reaper));
}

static const struct served_ops served_ops = {
    .packet = on_packet,
    .pending = on_pending,
    .detaching = on_detaching,
    .replaced = on_replaced,
    .cursor = on_cursor,
    .reap = on_reap,
};

/* --- all streams --- */

int streams_alloc(struct streams *streams, size_t count)
{
    uint64_t id;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        return -1;
    snprintf(streams->id, sizeof streams->id, "%016" PRIx64, id);
    streams->ops = &served_ops;
    streams->list = calloc(count, sizeof *streams->list);
    return streams->list ? 0 : -1;
}

int streams_attach(struct streams *streams, const char *name)
{
    struct served *served = &streams->list[streams->count];
    if (served_open(served, streams, name))
        return -1;
    streams->count++;
    streams->live++;
    served->backlog = backlog_new(served);
    return served->backlog ? 0 : -1;
}

int streams_start(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        if (served_start(&streams->list[i]))
            return -1;
    return 0;
}

void streams_update(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++) {
        input_retry(&streams->list[i]);
        served_update(&streams->list[i]);
    }
}

bool streams_have_backlog(const struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        if (streams->list[i].reader.stream && backlog_count(streams->list[i].backlog))
            return true;
    return false;
}

void streams_close(struct streams *streams)
{
    streams_reap(streams);
    for (size_t i = 0; i < streams->count; i++) {
        struct served *served = &streams->list[i];
        backlog_free(served->backlog);
        served->backlog = NULL;
        served_close(served);
    }
}

void streams_free(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        packet_pool_free(&streams->list[i].packets);
    free(streams->list);
}

/* --- viewers --- */

struct viewer *streams_join(struct served *served, const struct viewer_transport *transport,
                            void *link, enum role role)
{
    struct viewer *viewer = viewer_new(served, transport, link, role);
    if (!viewer)
        return NULL;
    if (served->streams->verbose) {
        char address[64];
        transport->address(link, address, sizeof address);
        cli_warn("%s: viewer %" PRIu32 " joined: %s from %s", served->name, viewer->id,
                 transport->title, address);
    }
    control_join(viewer);
    if (transport->send_packet)
        served_watchers_changed(served);
    viewer_want_write(viewer);
    return viewer;
}

static void reap_viewer(struct viewer *viewer)
{
    struct served *served = viewer->served;
    if (!viewer->shown->watcher_count)
        served_watchers_changed(viewer->shown);
    control_leave(viewer);
    input_release(viewer);
    if (served->streams->verbose)
        cli_warn("%s: viewer %" PRIu32 " left: %" PRIu64 " packets sent, %" PRIu64 " skipped",
                 served->name, viewer->id, viewer->sent, viewer->skipped);
    free(viewer);
}

static void reap_stream(struct served *served)
{
    served->ended = false;
    while (served->viewers)
        viewer_close(served->viewers, LWS_CLOSE_STATUS_GOINGAWAY);
    while (served->watchers)
        ladder_leave_ended(served->watchers);
}

void streams_reap(struct streams *streams)
{
    while (streams->ended || streams->stream_ended) {
        struct viewer *viewer = streams->ended;
        if (viewer) {
            streams->ended = viewer->next;
            reap_viewer(viewer);
            continue;
        }
        streams->stream_ended = false;
        for (size_t i = 0; i < streams->count; i++)
            if (streams->list[i].ended)
                reap_stream(&streams->list[i]);
    }
    lws_sul_cancel(&streams->reaper);
}

void streams_close_viewers(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        while (streams->list[i].viewers)
            viewer_close(streams->list[i].viewers, LWS_CLOSE_STATUS_GOINGAWAY);
}
