/* One viewer: the newest picture whenever it can take one, and its input into the event log. */
#include "serve.h"
#include "utf8.h"
#include "monotonic.h"
#include "tool/cli.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const char *viewer_transport(const struct viewer *viewer)
{
    static const char *const names[TRANSPORTS] = {"websocket", "mjpeg", "webrtc"};
    return names[viewer->transport];
}

/* To people. */
static const char *transport_name(enum transport transport)
{
    static const char *const names[TRANSPORTS] = {"WebSocket", "MJPEG", "WebRTC"};
    return names[transport];
}

void viewer_watch(struct viewer *viewer, struct source *source)
{
    viewer->shown = source;
    if (viewer->transport == VIEWER_WEBRTC)
        return;
    viewer->next_watcher = source->watchers;
    viewer->watcher_link = &source->watchers;
    if (viewer->next_watcher)
        viewer->next_watcher->watcher_link = &viewer->next_watcher;
    source->watchers = viewer;
    source->watcher_count++;
    source->mjpeg_count += viewer->transport == VIEWER_MJPEG;
}

void viewer_unwatch(struct viewer *viewer)
{
    struct source *source = viewer->shown;
    if (!viewer->watcher_link)
        return;
    *viewer->watcher_link = viewer->next_watcher;
    if (viewer->next_watcher)
        viewer->next_watcher->watcher_link = viewer->watcher_link;
    source->watcher_count--;
    source->mjpeg_count -= viewer->transport == VIEWER_MJPEG;
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
    viewer->speaks = transport == VIEWER_WEBSOCKET;
    viewer->id = ++server->viewers_ever;
    viewer->role = conn->role;
    viewer->next = source->viewers;
    viewer->link = &source->viewers;
    if (viewer->next)
        viewer->next->link = &viewer->next;
    source->viewers = viewer;
    conn->viewer = viewer;
    server->viewers++;
    source->viewer_count++;
    source->webrtc_count += transport == VIEWER_WEBRTC;
    viewer_watch(viewer, source);
    if (server->verbose) {
        char address[64];
        conn_address(conn, address, sizeof address);
        cli_warn("%s: viewer %" PRIu32 " came: %s from %s", source->name, viewer->id,
                 transport_name(transport), address);
    }
    control_join(viewer);
    if (transport != VIEWER_WEBRTC)
        source_watch(source);
    if (!conn->viewer)
        return -1;
    conn_want(conn);
    return 0;
}

void viewer_release(struct viewer *viewer)
{
    struct source *source = viewer->source;
    struct conn *conn = viewer->conn;
    struct held held = viewer->held;
    struct event events[HELD_EVENTS];
    uint32_t id = viewer->id;
    size_t count;
    viewer->held.pointer_count = viewer->held.key_count = 0;
    while ((count = held_release(&held, events, HELD_EVENTS))) {
        for (size_t i = 0; i < count; i++)
            events[i].viewer = id;
        inbox_append(source, conn->viewer == viewer ? viewer : NULL, events, count);
    }
}

void viewer_leave(struct viewer *viewer)
{
    struct source *source = viewer->source, *shown = viewer->shown;
    *viewer->link = viewer->next;
    if (viewer->next)
        viewer->next->link = viewer->link;
    viewer->conn->viewer = NULL;
    source->server->viewers--;
    source->viewer_count--;
    source->webrtc_count -= viewer->transport == VIEWER_WEBRTC;
    viewer_unwatch(viewer);
    lws_sul_cancel(&viewer->probe_timer);
    lws_sul_cancel(&viewer->climb.timer);
    if (!shown->watcher_count)
        source_watch(shown);
    control_leave(viewer);
    viewer_release(viewer);
    if (source->server->verbose)
        cli_warn("%s: viewer %" PRIu32 " went: %" PRIu64 " pictures sent, %" PRIu64 " skipped",
                 source->name, viewer->id, viewer->sent, viewer->skipped);
    free(viewer);
}

static bool viewer_got(const struct viewer *viewer, const struct packet *packet)
{
    return viewer->times && viewer->number == packet->meta.number &&
           viewer->generation == packet->generation;
}

/* The newest picture of which it has had too little, or NULL. The last MJPEG part is sent twice:
 * browsers draw one only when the next begins. */
static struct packet *viewer_due(const struct viewer *viewer)
{
    struct packet *newest = viewer->watcher_link ? viewer->shown->newest : NULL;
    bool twice = viewer->transport == VIEWER_MJPEG && viewer->shown->idle;
    if (viewer->shown->stale || (newest && newest->meta.captured_ns < viewer->fresh_ns))
        return NULL;
    if (newest && viewer_got(viewer, newest) && viewer->times >= (twice ? 2 : 1))
        return NULL;
    return newest;
}

static void viewer_count_picture(struct viewer *viewer, const struct packet *packet)
{
    struct source *source = viewer->shown;
    if (viewer_got(viewer, packet)) {
        viewer->times++;
    } else {
        if (viewer->sent && viewer->generation == packet->generation) {
            viewer->skipped += packet->meta.number - viewer->number - 1;
            source->skipped += packet->meta.number - viewer->number - 1;
        }
        viewer->sent++;
        source->sent++;
        viewer->times = 1;
    }
    viewer->number = packet->meta.number;
    viewer->generation = packet->generation;
    viewer->captured_ns = packet->meta.captured_ns;
    viewer->fresh_ns = 0;
    viewer->bytes += packet->meta.bytes;
    source->sent_bytes += packet->meta.bytes;
}

/*
 * A whole message to the socket. What that doesn't take of one that has begun is lws's to send,
 * before anything else. 1: it takes nothing at all. -1: the connection is broken.
 */
static int viewer_push(struct viewer *viewer, unsigned char *message, size_t bytes)
{
    struct lws *wsi = viewer->conn->wsi;
    ssize_t sent = 0;
    if (!viewer->conn->server->tls) {
        sent = send(lws_get_socket_fd(wsi), message, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? 1 : -1;
    }
    message += sent;
    bytes -= (size_t)sent;
    return bytes && lws_write(wsi, message, bytes, LWS_WRITE_RAW) < (int)bytes ? -1 : 0;
}

/* -1: the connection is broken. */
static int viewer_send_picture(struct viewer *viewer, struct packet *packet)
{
    bool mjpeg = viewer->transport == VIEWER_MJPEG;
    const struct head *head = mjpeg ? &packet->part : &packet->message;
    unsigned char *start = packet->data - head->bytes;
    memcpy(start, head->text, head->bytes);
    int result = viewer_push(viewer, start, head->bytes + packet->meta.bytes + (mjpeg ? 2 : 0));
    if (result)
        return result < 0 ? -1 : 0;
    viewer_count_picture(viewer, packet);
    ladder_sent(viewer);
    if (!mjpeg)
        flow_sent(&viewer->flow, packet->meta.number, monotonic_ns());
    return 0;
}

static int viewer_send_pong(struct viewer *viewer)
{
    unsigned char out[LWS_PRE + 128];
    uint64_t now = monotonic_ns();
    int bytes = snprintf((char *)out + LWS_PRE, sizeof out - LWS_PRE,
                         "{\"type\":\"pong\",\"t\":%s,\"now\":%" PRIu64 ".%09" PRIu64
                         ",\"event\":%" PRIu64 "}",
                         viewer->pongs[0], now / 1000000000u, now % 1000000000u, viewer->event);
    viewer->pong_count--;
    memmove(viewer->pongs[0], viewer->pongs[1], viewer->pong_count * sizeof viewer->pongs[0]);
    return conn_text(viewer->conn, out + LWS_PRE, (size_t)bytes);
}

/* What may have to be sent; they take turns, so that none can hold up another. */
enum turn { TURN_STATE, TURN_PONG, TURN_PICTURE, TURNS };

static bool viewer_has(const struct viewer *viewer, enum turn turn)
{
    return turn == TURN_STATE  ? viewer->state_due
           : turn == TURN_PONG ? viewer->pong_count > 0
                               : !viewer->moved && viewer_due(viewer) && flow_open(&viewer->flow);
}

/* The next that has something, or TURNS. */
static enum turn viewer_turn(const struct viewer *viewer)
{
    for (unsigned i = 0; i < TURNS; i++) {
        enum turn turn = (enum turn)((viewer->turn + i) % TURNS);
        if (viewer_has(viewer, turn))
            return turn;
    }
    return TURNS;
}

static void viewer_ask(struct viewer *viewer)
{
    viewer->asked = true;
    conn_want(viewer->conn);
}

static void viewer_wait(struct viewer *viewer);

static void viewer_probe(lws_sorted_usec_list_t *timer)
{
    struct viewer *viewer = lws_container_of(timer, struct viewer, probe_timer);
    if (viewer_due(viewer) && !flow_open(&viewer->flow))
        viewer_wait(viewer);
}

/* A picture is due, and its window is full: an acknowledgement lets it go. The timer runs for
 * seconds and is left alone meanwhile: there is none for each picture. */
static void viewer_wait(struct viewer *viewer)
{
    uint64_t ns = flow_wait(&viewer->flow, monotonic_ns());
    if (!ns)
        viewer_ask(viewer);
    else if (lws_dll2_is_detached(&viewer->probe_timer.list))
        lws_sul_schedule(viewer->source->server->context, 0, &viewer->probe_timer, viewer_probe,
                         (lws_usec_t)(ns / 1000 + 1));
}

/* May a picture go without asking lws first, which costs a round of its poll? Not over TLS, which
 * may want to read first; nor into the middle or behind the end of what lws sends by itself. */
static bool viewer_at_once(const struct viewer *viewer)
{
    const struct conn *conn = viewer->conn;
    return !viewer->asked && !conn->server->tls && viewer_turn(viewer) == TURN_PICTURE &&
           !lws_partial_buffered(conn->wsi) &&
           (viewer->transport == VIEWER_MJPEG || !lws_get_close_length(conn->wsi));
}

void viewer_wake(struct viewer *viewer)
{
    if (viewer_at_once(viewer) && viewer_send_picture(viewer, viewer_due(viewer)))
        shutdown(lws_get_socket_fd(viewer->conn->wsi), SHUT_RDWR); /* lws sees it and closes */
    if (!viewer_due(viewer))
        return;
    if (flow_open(&viewer->flow))
        viewer_ask(viewer);
    else
        viewer_wait(viewer);
}

void viewer_picture(struct viewer *viewer)
{
    ladder_picture(viewer);
    viewer_wake(viewer);
}

int viewer_write(struct viewer *viewer)
{
    enum turn turn = viewer_turn(viewer);
    int result = 0;
    viewer->turn = turn + 1;
    viewer->asked = false;
    switch (turn) {
    case TURN_STATE:
        result = control_write(viewer);
        break;
    case TURN_PONG:
        result = viewer_send_pong(viewer);
        break;
    case TURN_PICTURE:
        result = viewer_send_picture(viewer, viewer_due(viewer));
        break;
    case TURNS:
        return 0;
    }
    if (result == 0 && viewer_turn(viewer) != TURNS)
        viewer_ask(viewer);
    return result;
}

/* All that one message may turn into: its own events, and before each the releases that one more
 * key or finger than can be held brings. */
struct batch {
    struct viewer *viewer;
    uint64_t now;
    struct event events[EVJSON_MESSAGES * (HELD_EVENTS + 1)];
    size_t count;
};

/* -1: that was the end of the stream, and of the viewer. */
static int batch_flush(struct batch *batch)
{
    struct viewer *viewer = batch->viewer;
    struct conn *conn = viewer->conn;
    size_t count = batch->count;
    batch->count = 0;
    if (count)
        inbox_append(viewer->source, viewer, batch->events, count);
    return conn->viewer ? 0 : -1;
}

static void batch_add(struct batch *batch, const struct evjson_message *message)
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

/* How the reading of a message ended, beside 0. */
enum { MESSAGE_OVER = 1, MESSAGE_GONE };

static int take_event(struct batch *batch, const struct evjson_message *message)
{
    struct viewer *viewer = batch->viewer;
    bool loses = message->event.type == EVENT_POINTER_MOVE || message->event.type == EVENT_WHEEL;
    if (!control_steers(viewer))
        viewer->refused++;
    else if (control_admit(viewer, batch->now, loses))
        batch_add(batch, message);
    else if (loses)
        viewer->limited++;
    else
        return MESSAGE_OVER;
    return 0;
}

static void take_ping(struct viewer *viewer, const char *t)
{
    if (viewer->pong_count == PONGS) /* it doesn't listen: the oldest is of no use any more */
        memmove(viewer->pongs[0], viewer->pongs[1], --viewer->pong_count * sizeof viewer->pongs[0]);
    strcpy(viewer->pongs[viewer->pong_count++], t);
    conn_want(viewer->conn);
}

static int take_message(const struct evjson_message *message, void *user)
{
    struct batch *batch = user;
    struct viewer *viewer = batch->viewer;
    struct conn *conn = viewer->conn;
    switch (message->kind) {
    case EVJSON_EVENT:
        return take_event(batch, message);
    case EVJSON_ACK:
        if (flow_ack(&viewer->flow, message->seq, monotonic_ns()))
            viewer_wake(viewer);
        break;
    case EVJSON_PING:
        take_ping(viewer, message->t);
        break;
    case EVJSON_HELLO:
        if (!control_admit(viewer, batch->now, false))
            return MESSAGE_OVER;
        control_hello(viewer);
        break;
    case EVJSON_CONTROL:
        if (!control_admit(viewer, batch->now, false))
            return MESSAGE_OVER;
        if (batch_flush(batch)) /* what it did before comes before what it lets go of */
            return MESSAGE_GONE;
        control_want(viewer, message->want, message->to);
        return conn->viewer ? 0 : MESSAGE_GONE;
    }
    return 0;
}

unsigned viewer_message(struct viewer *viewer, const char *text, size_t bytes, const char **why)
{
    static struct batch batch; /* of the one thread; too large for a stack */
    batch.viewer = viewer;
    batch.now = monotonic_ns();
    batch.count = 0;
    if (!utf8_valid(text, bytes)) {
        *why = "not UTF-8";
        return LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    }
    int result = evjson_parse(text, bytes, take_message, &batch, why);
    if (result == -1)
        return LWS_CLOSE_STATUS_POLICY_VIOLATION;
    if (result != MESSAGE_GONE)
        batch_flush(&batch);
    if (result != MESSAGE_OVER)
        return 0;
    *why = "too many events";
    return LWS_CLOSE_STATUS_POLICY_VIOLATION;
}
