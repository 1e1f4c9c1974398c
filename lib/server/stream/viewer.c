#include "viewer.h"
#include <stdlib.h>

static void watch(struct viewer *viewer, struct served *served)
{
    viewer->shown = served;
    if (!viewer->transport->send_packet)
        return;
    viewer->next_watcher = served->watchers;
    viewer->watcher_link = &served->watchers;
    if (viewer->next_watcher)
        viewer->next_watcher->watcher_link = &viewer->next_watcher;
    served->watchers = viewer;
    served->watcher_count++;
}

static void unwatch(struct viewer *viewer)
{
    if (!viewer->watcher_link)
        return;
    *viewer->watcher_link = viewer->next_watcher;
    if (viewer->next_watcher)
        viewer->next_watcher->watcher_link = viewer->watcher_link;
    viewer->watcher_link = NULL;
    viewer->shown->watcher_count--;
}

void viewer_show(struct viewer *viewer, struct served *served)
{
    unwatch(viewer);
    watch(viewer, served);
}

struct viewer *viewer_new(struct served *served, const struct viewer_transport *transport,
                          void *link, enum role role)
{
    struct streams *streams = served->streams;
    struct viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return NULL;
    viewer->served = served;
    viewer->transport = transport;
    viewer->link = link;
    viewer->has_messages = transport->has_messages;
    viewer->id = ++streams->viewers_ever;
    viewer->role = role;
    viewer->next = served->viewers;
    viewer->list_link = &served->viewers;
    if (viewer->next)
        viewer->next->list_link = &viewer->next;
    served->viewers = viewer;
    served->viewer_count++;
    served->kinds[transport->kind]++;
    streams->viewers++;
    watch(viewer, served);
    return viewer;
}

void viewer_end(struct viewer *viewer)
{
    struct served *served = viewer->served;
    struct streams *streams = served->streams;
    if (!viewer->link)
        return;
    viewer->link = NULL;
    *viewer->list_link = viewer->next;
    if (viewer->next)
        viewer->next->list_link = viewer->list_link;
    unwatch(viewer);
    served->viewer_count--;
    served->kinds[viewer->transport->kind]--;
    streams->viewers--;
    lws_sul_cancel(&viewer->probe_timer);
    lws_sul_cancel(&viewer->abr.timer);
    lws_sul_cancel(&viewer->stall.timer);
    viewer->next = streams->ended;
    streams->ended = viewer;
    served_schedule_reap(streams);
}

void viewer_close(struct viewer *viewer, unsigned code)
{
    void *link = viewer->link;
    viewer_end(viewer);
    if (link)
        viewer->transport->close(link, code);
}

void viewer_want_write(struct viewer *viewer)
{
    if (viewer->link)
        viewer->transport->want_write(viewer->link);
}
