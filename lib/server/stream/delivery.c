#include "delivery.h"
#include "ladder.h"
#include "monotonic.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    STALL_US = 10 * 1000000, /* between two checks of a client that has data to take */
    STALL_CHECKS = 3         /* without a change, after which it is cut off */
};

static bool was_sent(const struct viewer *viewer, const struct packet *packet)
{
    return viewer->times && viewer->number == packet->meta.number &&
           viewer->generation == packet->generation;
}

/* The newest packet; before a sharp one the smaller one of the same picture, for a viewer that has
 * neither. */
static struct packet *newest_for(const struct viewer *viewer)
{
    const struct served *served = viewer->shown;
    struct packet *base = served->base;
    bool has = !base || (viewer->times && viewer->generation == base->generation &&
                         viewer->number >= base->meta.number);
    return has ? served->newest : base;
}

/* The newest packet, if it is to be sent, or NULL. The last MJPEG part is sent twice, as browsers
 * draw a part only when the next one begins, and once more whenever it is to be repeated. */
static struct packet *pending_packet(const struct viewer *viewer)
{
    struct packet *newest = viewer->watcher_link ? newest_for(viewer) : NULL;
    bool twice = viewer->transport->kind == VIEWER_MJPEG && viewer->shown->idle;
    bool again = twice && viewer->repeats != viewer->shown->repeats;
    if (viewer->shown->stale || (newest && newest->meta.captured_ns < viewer->not_before_ns))
        return NULL;
    if (newest && was_sent(viewer, newest) && viewer->times >= (twice ? 2 : 1) && !again)
        return NULL;
    return newest;
}

/* Whether the viewer may get parts of the packet: it draws them, and shows an earlier packet. */
static bool takes_parts(const struct viewer *viewer, const struct packet *packet)
{
    return viewer->parts && packet->tiled && viewer->times &&
           viewer->generation == packet->generation;
}

/* A sharp packet would hold up the next one: it waits until nothing is in flight, unless the viewer
 * has all of its tiles. */
static bool has_room(const struct viewer *viewer, const struct packet *packet)
{
    bool has_all = takes_parts(viewer, packet) && viewer->sharp >= packet->tiles.changed;
    return packet->sharp && !has_all ? flow_idle(&viewer->flow) : flow_open(&viewer->flow);
}

/* The parts that the viewer gets in place of the whole packet, or NULL. */
static const struct packet_parts *parts_for(const struct viewer *viewer, struct packet *packet)
{
    const struct tileparts_shown shown = {viewer->number, viewer->sharp};
    return takes_parts(viewer, packet) ? packet_parts(packet, &shown) : NULL;
}

static void count_sent(struct viewer *viewer, const struct packet *packet,
                       const struct packet_parts *parts)
{
    struct served *served = viewer->shown;
    uint64_t bytes = parts ? parts->bytes : packet->meta.bytes;
    if (was_sent(viewer, packet)) {
        viewer->times++;
    } else {
        if (viewer->times && viewer->generation == packet->generation) {
            viewer->skipped += packet->meta.number - viewer->number - 1;
            served->skipped += packet->meta.number - viewer->number - 1;
        }
        viewer->sent++;
        served->sent++;
        viewer->times = 1;
    }
    viewer->repeats = served->repeats;
    if (packet->sharp)
        viewer->sharp = packet->meta.number;
    else if (!parts)
        viewer->sharp = 0;
    viewer->number = packet->meta.number;
    viewer->generation = packet->generation;
    viewer->captured_ns = packet->meta.captured_ns;
    viewer->not_before_ns = 0;
    viewer->bytes += bytes;
    served->sent_bytes += bytes;
    viewer->sent_parts += parts != NULL;
    served->sent_parts += parts != NULL;
}

static void watch_client(struct viewer *viewer);

/* A client that has taken everything is not checked again before the next packet. */
static void on_stall_check(lws_sorted_usec_list_t *timer)
{
    struct viewer *viewer = lws_container_of(timer, struct viewer, stall.timer);
    struct stall *stall = &viewer->stall;
    bool all;
    uint64_t taken = viewer->transport->taken(viewer->link, &all);
    if (all)
        return;
    stall->checks = taken == stall->taken && viewer->bytes == stall->bytes ? stall->checks + 1 : 0;
    stall->taken = taken;
    stall->bytes = viewer->bytes;
    if (stall->checks < STALL_CHECKS)
        watch_client(viewer);
    else
        viewer->transport->abort(viewer->link);
}

static void watch_client(struct viewer *viewer)
{
    if (lws_dll2_is_detached(&viewer->stall.timer.list))
        lws_sul_schedule(viewer->served->streams->context, 0, &viewer->stall.timer, on_stall_check,
                         STALL_US);
}

/* -1: the connection is broken. */
static int send_packet(struct viewer *viewer, struct packet *packet)
{
    const struct packet_parts *parts = parts_for(viewer, packet);
    enum viewer_sent sent = viewer->transport->send_packet(viewer->link, packet, parts);
    if (sent != VIEWER_SENT)
        return sent == VIEWER_BROKEN ? -1 : 0;
    count_sent(viewer, packet, parts);
    ladder_count_sent(viewer);
    watch_client(viewer);
    if (viewer->transport->kind != VIEWER_MJPEG)
        flow_sent(&viewer->flow, packet->meta.number, monotonic_ns());
    return 0;
}

static int send_pong(struct viewer *viewer)
{
    unsigned char out[LWS_PRE + 128];
    uint64_t now = monotonic_ns();
    int bytes = snprintf((char *)out + LWS_PRE, sizeof out - LWS_PRE,
                         "{\"type\":\"pong\",\"t\":%s,\"now\":%" PRIu64 ".%09" PRIu64
                         ",\"event\":%" PRIu64 "}",
                         viewer->pongs[0], now / 1000000000u, now % 1000000000u, viewer->event);
    viewer->pong_count--;
    memmove(viewer->pongs[0], viewer->pongs[1], viewer->pong_count * sizeof viewer->pongs[0]);
    return viewer->transport->send_text(viewer->link, out + LWS_PRE, (size_t)bytes);
}

/* Kinds of content, sent alternately so that none holds up another. */
enum content { STATE, PONG, PACKET, CONTENTS };

static bool is_pending(const struct viewer *viewer, enum content content)
{
    if (content == STATE)
        return viewer->state_pending;
    if (content == PONG)
        return viewer->pong_count > 0;
    const struct packet *packet = viewer->moved ? NULL : pending_packet(viewer);
    return packet && has_room(viewer, packet);
}

/* The content to be sent next, or CONTENTS: none. */
static enum content next_content(const struct viewer *viewer)
{
    for (unsigned i = 0; i < CONTENTS; i++) {
        enum content content = (enum content)((viewer->next_send + i) % CONTENTS);
        if (is_pending(viewer, content))
            return content;
    }
    return CONTENTS;
}

static void want_write(struct viewer *viewer)
{
    viewer->want_pending = true;
    viewer_want_write(viewer);
}

static void await_window(struct viewer *viewer);

static void on_probe(lws_sorted_usec_list_t *timer)
{
    struct viewer *viewer = lws_container_of(timer, struct viewer, probe_timer);
    const struct packet *packet = pending_packet(viewer);
    if (packet && !has_room(viewer, packet))
        await_window(viewer);
}

/* A packet is pending, and the window is full until the next acknowledgement. The probe timer runs
 * for seconds and is left alone meanwhile, so that packets don't cost a timer each. */
static void await_window(struct viewer *viewer)
{
    uint64_t ns = flow_wait(&viewer->flow, monotonic_ns());
    if (!ns)
        want_write(viewer);
    else if (lws_dll2_is_detached(&viewer->probe_timer.list))
        lws_sul_schedule(viewer->served->streams->context, 0, &viewer->probe_timer, on_probe,
                         (lws_usec_t)(ns / 1000 + 1));
}

void delivery_retry(struct viewer *viewer)
{
    /* At once if possible: waiting until lws reports room costs a round of its loop. */
    if (!viewer->want_pending && next_content(viewer) == PACKET &&
        viewer->transport->ready(viewer->link) && send_packet(viewer, pending_packet(viewer)))
        viewer->transport->abort(viewer->link);
    const struct packet *packet = pending_packet(viewer);
    if (!packet)
        return;
    if (has_room(viewer, packet))
        want_write(viewer);
    else
        await_window(viewer);
}

void delivery_use_parts(struct viewer *viewer)
{
    if (viewer->parts) {
        viewer->times = 0;
        flow_probe(&viewer->flow);
        delivery_retry(viewer);
    }
    viewer->parts = true;
}

void delivery_packet(struct viewer *viewer)
{
    ladder_count_packet(viewer);
    delivery_retry(viewer);
}

int delivery_write(struct viewer *viewer)
{
    enum content content = next_content(viewer);
    int result = 0;
    viewer->next_send = content + 1;
    viewer->want_pending = false;
    switch (content) {
    case STATE:
        result = control_send_state(viewer);
        break;
    case PONG:
        result = send_pong(viewer);
        break;
    case PACKET:
        result = send_packet(viewer, pending_packet(viewer));
        break;
    case CONTENTS:
        return 0;
    }
    if (result == 0 && next_content(viewer) != CONTENTS)
        want_write(viewer);
    return result;
}

void delivery_pong(struct viewer *viewer, const char *t)
{
    if (viewer->pong_count == VIEWER_PONGS) /* the viewer doesn't read: its oldest is useless */
        memmove(viewer->pongs[0], viewer->pongs[1], --viewer->pong_count * sizeof viewer->pongs[0]);
    strcpy(viewer->pongs[viewer->pong_count++], t);
    viewer_want_write(viewer);
}
