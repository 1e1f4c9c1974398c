/* One viewer: the newest picture whenever it can take one, and its input into the event log. */
#include "serve.h"
#include "cli.h"
#include "evjson.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *transport_name(enum transport transport)
{
    return transport == VIEWER_MJPEG ? "MJPEG" : "WebSocket";
}

int viewer_join(struct conn *conn, struct source *source, enum transport transport)
{
    struct server *server = conn->server;
    struct viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return -1;
    viewer->source = source;
    viewer->conn = conn;
    viewer->transport = transport;
    viewer->id = ++server->viewers_ever;
    viewer->next = source->viewers;
    viewer->link = &source->viewers;
    if (viewer->next)
        viewer->next->link = &viewer->next;
    source->viewers = viewer;
    conn->viewer = viewer;
    server->viewers++;
    source->viewer_count++;
    source->mjpeg_count += transport == VIEWER_MJPEG;
    if (server->verbose) {
        char peer[64] = "";
        lws_get_peer_simple(conn->wsi, peer, sizeof peer);
        cli_warn("%s: viewer %" PRIu32 " came: %s from %s", source->name, viewer->id,
                 transport_name(transport), peer);
    }
    source_watch(source);
    if (!conn->viewer)
        return -1;
    lws_callback_on_writable(conn->wsi);
    return 0;
}

static void viewer_release(struct viewer *viewer)
{
    struct event events[HELD_EVENTS];
    size_t count;
    while ((count = held_release(&viewer->held, events, HELD_EVENTS))) {
        for (size_t i = 0; i < count; i++)
            events[i].viewer = viewer->id;
        source_append(viewer->source, events, count);
    }
}

void viewer_leave(struct viewer *viewer)
{
    struct source *source = viewer->source;
    *viewer->link = viewer->next;
    if (viewer->next)
        viewer->next->link = viewer->link;
    viewer->conn->viewer = NULL;
    source->server->viewers--;
    source->viewer_count--;
    source->mjpeg_count -= viewer->transport == VIEWER_MJPEG;
    if (!source->viewer_count)
        source_watch(source);
    viewer_release(viewer);
    if (source->server->verbose)
        cli_warn("%s: viewer %" PRIu32 " went: %" PRIu64 " pictures sent, %" PRIu64 " skipped",
                 source->name, viewer->id, viewer->sent, viewer->skipped);
    free(viewer);
}

/* The newest picture of which it has had too little, or NULL. The last MJPEG part is sent twice:
 * browsers draw one only when the next begins. */
static struct packet *viewer_due(const struct viewer *viewer)
{
    struct packet *newest = viewer->source->newest;
    bool twice = viewer->transport == VIEWER_MJPEG && viewer->source->idle;
    if (newest && viewer->serial == newest->serial && viewer->times >= (twice ? 2 : 1))
        return NULL;
    return newest;
}

static void viewer_count_picture(struct viewer *viewer, const struct packet *packet)
{
    struct source *source = viewer->source;
    if (viewer->serial == packet->serial) {
        viewer->times++;
    } else {
        if (viewer->sent && viewer->generation == packet->generation)
            viewer->skipped += packet->meta.number - viewer->number - 1;
        viewer->sent++;
        source->sent++;
        viewer->times = 1;
    }
    viewer->serial = packet->serial;
    viewer->number = packet->meta.number;
    viewer->generation = packet->generation;
    viewer->bytes += packet->meta.bytes;
    source->sent_bytes += packet->meta.bytes;
}

static int viewer_send_picture(struct viewer *viewer, struct packet *packet)
{
    unsigned char *start = packet->data;
    size_t bytes = packet->meta.bytes;
    enum lws_write_protocol protocol = LWS_WRITE_BINARY;
    if (viewer->transport == VIEWER_MJPEG) {
        start -= packet->part_bytes;
        bytes += packet->part_bytes + 2;
        memcpy(start, packet->part, packet->part_bytes);
        protocol = LWS_WRITE_HTTP;
    }
    if (lws_write(viewer->conn->wsi, start, bytes, protocol) < (int)bytes)
        return -1;
    viewer_count_picture(viewer, packet);
    return 0;
}

static int viewer_send_pong(struct viewer *viewer)
{
    unsigned char out[LWS_PRE + 128];
    uint64_t now = cli_now();
    int bytes = snprintf((char *)out + LWS_PRE, sizeof out - LWS_PRE,
                         "{\"type\":\"pong\",\"t\":%s,\"now\":%" PRIu64 ".%09" PRIu64 "}",
                         viewer->pongs[0], now / 1000000000u, now % 1000000000u);
    viewer->pong_count--;
    memmove(viewer->pongs[0], viewer->pongs[1], viewer->pong_count * sizeof viewer->pongs[0]);
    return lws_write(viewer->conn->wsi, out + LWS_PRE, (size_t)bytes, LWS_WRITE_TEXT) < bytes ? -1
                                                                                              : 0;
}

int viewer_write(struct viewer *viewer)
{
    struct packet *packet = viewer_due(viewer);
    int result = 0;
    if (viewer->pong_count)
        result = viewer_send_pong(viewer);
    else if (packet)
        result = viewer_send_picture(viewer, packet);
    if (result == 0 && (viewer->pong_count || viewer_due(viewer)))
        lws_callback_on_writable(viewer->conn->wsi);
    return result;
}

/* All that one message may turn into: its own events, and before each the releases that one more
 * key or finger than can be held brings. */
struct batch {
    struct viewer *viewer;
    struct event events[EVJSON_MESSAGES * (HELD_EVENTS + 1)];
    size_t count;
};

static void batch_flush(struct batch *batch)
{
    if (batch->count)
        source_append(batch->viewer->source, batch->events, batch->count);
    batch->count = 0;
}

static void batch_event(struct batch *batch, const struct evjson_message *message)
{
    struct event event = message->event;
    struct event *end = &batch->events[batch->count];
    size_t due = held_note(&batch->viewer->held, &event, message->fury, end);
    end[due] = event;
    for (size_t i = 0; i <= due; i++) {
        end[i].viewer = batch->viewer->id;
        end[i].number = end[i].time_ns = 0; /* the log's to say */
    }
    batch->count += due + 1;
}

static int take_message(const struct evjson_message *message, void *user)
{
    struct batch *batch = user;
    struct viewer *viewer = batch->viewer;
    switch (message->kind) {
    case EVJSON_EVENT:
        if (viewer->conn->role == ROLE_CONTROL)
            batch_event(batch, message);
        break;
    case EVJSON_ACK:
        viewer->acked++;
        break;
    case EVJSON_PING:
        if (viewer->pong_count == PONGS) /* it doesn't listen: the oldest is of no use any more */
            memmove(viewer->pongs[0], viewer->pongs[1],
                    --viewer->pong_count * sizeof viewer->pongs[0]);
        strcpy(viewer->pongs[viewer->pong_count++], message->t);
        lws_callback_on_writable(viewer->conn->wsi);
        break;
    }
    return 0;
}

unsigned viewer_message(struct viewer *viewer, const char *text, size_t bytes, const char **why)
{
    static struct batch batch; /* of the one thread; too large for a stack */
    batch.viewer = viewer;
    batch.count = 0;
    if (!event_utf8(text, bytes)) {
        *why = "not UTF-8";
        return LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    }
    if (evjson_parse(text, bytes, take_message, &batch, why))
        return LWS_CLOSE_STATUS_POLICY_VIOLATION;
    batch_flush(&batch);
    return 0;
}
