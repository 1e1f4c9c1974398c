/*
 * A call is what has come of an offer: while pipeline.c makes an answer, somebody's HTTP connection
 * waits for it, the asker; with the answer it is a viewer, until its peer goes, somebody deletes it
 * or the stream ends.
 *
 * All on the server's one thread.
 */
#include "calls.h"
#include "tool/cli.h"
#include "fury.h"
#include "server/auth.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ID_BYTES = 16,
    WAITING_MAX = 32,         /* calls that have not connected yet */
    ANSWER_US = 10 * 1000000, /* an answer may take so long; pipeline.c sees to what comes then */
    WHY_BYTES = 128,
    HEAD_LINES = 512 + ICE_LINES
};

struct call {
    struct conn conn; /* its viewer's; first, and with no wsi */
    struct call *next, **link;
    struct source *source;
    struct pipeline_peer *peer; /* NULL: gone */
    struct conn *asker;         /* NULL: has its answer, or went away */
    bool fury;
    bool connected;
    char id[2 * ID_BYTES + 1];
    char address[64];
    unsigned status; /* of the answer; 0: there is none yet */
    char *answer;    /* SDP, or NULL */
    char why[WHY_BYTES];
    lws_sorted_usec_list_t deadline, turn;
};

struct pipeline_options calls_media;
struct ice calls_ice;

static struct {
    struct call *list;
    struct pipeline **pipelines; /* of each source */
    unsigned waiting;
} all;

static struct pipeline *pipeline_of(const struct source *source)
{
    return all.pipelines[source - source->server->sources];
}

/* --- beginning and end --- */

static struct call *call_new(struct conn *asker, struct source *source, bool fury)
{
    unsigned char id[ID_BYTES];
    struct call *call = calloc(1, sizeof *call);
    if (!call || getrandom(id, sizeof id, 0) != (ssize_t)sizeof id) {
        free(call);
        return NULL;
    }
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(call->id + 2 * i, 3, "%02x", id[i]);
    call->conn.server = asker->server;
    call->conn.role = asker->role;
    call->conn.reads_only = asker->reads_only;
    memcpy(call->conn.token, asker->token, sizeof call->conn.token);
    call->conn.call = call;
    call->conn.peer = asker->peer;
    call->source = source;
    call->fury = fury;
    conn_address(asker, call->address, sizeof call->address);
    call->next = all.list;
    call->link = &all.list;
    if (call->next)
        call->next->link = &call->next;
    all.list = call;
    all.waiting++;
    return call;
}

static void call_free(struct call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    lws_sul_cancel(&call->deadline);
    lws_sul_cancel(&call->turn);
    peer_go(call->conn.peer);
    free(call->conn.close_why);
    free(call->answer);
    free(call);
}

static void call_free_late(lws_sorted_usec_list_t *timer)
{
    call_free(lws_container_of(timer, struct call, turn));
}

/* It waits for its connection no more. */
static void call_settle(struct call *call)
{
    if (call->connected)
        return;
    call->connected = true;
    all.waiting--;
    lws_sul_cancel(&call->deadline);
}

/* No peer any more. */
static void call_lose(struct call *call)
{
    if (call->peer)
        pipeline_peer_close(call->peer);
    call->peer = NULL;
    call_settle(call);
}

/* --- the answer --- */

/* It will be none, or none any more. */
static void call_refuse(struct call *call, unsigned status, const char *why)
{
    call_lose(call);
    free(call->answer);
    call->answer = NULL;
    call->status = status;
    snprintf(call->why, sizeof call->why, "%s", why);
    lws_callback_on_writable(call->asker->wsi);
}

/* Whoever is in the middle of something with it may look at it until the next round of the loop,
 * its asker until that was told. */
static void call_end(struct conn *conn)
{
    struct call *call = (struct call *)conn;
    call_lose(call);
    if (conn->close_why && conn->server->verbose) /* there is no close frame to say it in */
        cli_warn("%s: a viewer over WebRTC was ended: %s", call->source->name, conn->close_why);
    if (!call->asker)
        lws_sul_schedule(conn->server->context, 0, &call->turn, call_free_late, 1);
    else if (call->answer || !call->status)
        call_refuse(call, HTTP_STATUS_SERVICE_UNAVAILABLE, "the stream or the viewer went away");
}

/* Its asker needs it no more, and it was no success. */
static void call_over(struct call *call)
{
    call->asker->call = NULL;
    call->asker = NULL;
    if (call->conn.close_code)
        call_end(&call->conn);
    else
        conn_end(&call->conn, LWS_CLOSE_STATUS_GOINGAWAY);
}

static void call_late(lws_sorted_usec_list_t *timer)
{
    struct call *call = lws_container_of(timer, struct call, deadline);
    call_refuse(call, HTTP_STATUS_SERVICE_UNAVAILABLE, "no answer within the time");
}

static const char soon[] = "retry-after:\0"
                           "1\0";

static int call_offer(struct conn *asker, struct source *source, bool fury)
{
    struct server *server = asker->server;
    char *sdp =
        fury ? fury_offer(asker->text, asker->text_bytes) : strndup(asker->text, asker->text_bytes);
    struct call *call = NULL;
    unsigned status = 0;
    const char *why = "";
    if (!sdp) {
        status = HTTP_STATUS_BAD_REQUEST;
        why = "not an offer: {\"sdp\":\"...\",\"type\":\"offer\"} is due";
    } else if (all.waiting >= WAITING_MAX) {
        status = 429;
        why = "too many offers at a time";
    } else if (!peer_keep(server, asker->peer)) {
        status = 429;
        why = "too many connections from this address";
    } else if (!(call = call_new(asker, source, fury))) {
        peer_go(asker->peer);
        status = HTTP_STATUS_INTERNAL_SERVER_ERROR;
        why = "no memory";
    } else if (!(call->peer = pipeline_offer(pipeline_of(source), sdp, strlen(sdp), call))) {
        status = errno == EINVAL ? HTTP_STATUS_BAD_REQUEST : HTTP_STATUS_INTERNAL_SERVER_ERROR;
        why = errno == EINVAL ? "not an offer" : "no memory";
        call_settle(call);
        call_free(call);
    }
    free(sdp);
    if (status)
        return http_refuse(asker, status, status == 429 ? soon : NULL, why);
    call->asker = asker;
    asker->call = call;
    lws_sul_schedule(server->context, 0, &call->deadline, call_late, ANSWER_US);
    return 0;
}

/* "name:\0value\0" */
static char *add_line(char *at, const char *name, const char *value)
{
    at = stpcpy(at, name) + 1;
    return stpcpy(at, value) + 1;
}

static const char *answer_lines(const struct call *call)
{
    static char lines[HEAD_LINES];
    char value[64];
    char *at = lines;
    /* Relative: behind a proxy we don't know what stands before. */
    snprintf(value, sizeof value, "whep/%s", call->id);
    at = add_line(at, "location:", value);
    snprintf(value, sizeof value, "\"%.16s\"", call->id);
    at = add_line(at, "etag:", value);
    size_t bytes = 0;
    while (calls_ice.links[bytes])
        bytes += strlen(calls_ice.links + bytes) + 1;
    memcpy(at, calls_ice.links, bytes + 1);
    return lines;
}

static int call_answer(struct conn *asker)
{
    struct call *call = asker->call;
    unsigned status = call->status;
    char *answer = call->answer;
    if (!status)
        return 0;
    if (!answer) {
        call_over(call);
        return http_refuse(asker, status, status == HTTP_STATUS_SERVICE_UNAVAILABLE ? soon : NULL,
                           call->why);
    }
    asker->call = NULL;
    call->asker = NULL;
    call->answer = NULL;
    return http_answer(asker, status, call->fury ? "application/json" : "application/sdp",
                       call->fury ? NULL : answer_lines(call), answer);
}

static void call_forget(struct conn *asker)
{
    call_over(asker->call);
}

static bool call_hang_up(struct source *source, const char *id)
{
    struct call *call = all.list;
    while (call && (call->source != source || call->asker || strcmp(call->id, id)))
        call = call->next;
    if (!call || call->conn.close_code)
        return false;
    conn_end(&call->conn, LWS_CLOSE_STATUS_NORMAL);
    return true;
}

/* --- its viewer --- */

static void call_turn(lws_sorted_usec_list_t *timer)
{
    struct call *call = lws_container_of(timer, struct call, turn);
    if (call->conn.viewer)
        viewer_write(call->conn.viewer);
}

static void call_want(struct conn *conn)
{
    struct call *call = (struct call *)conn;
    if (!conn->close_code && lws_dll2_is_detached(&call->turn.list))
        lws_sul_schedule(conn->server->context, 0, &call->turn, call_turn, 1);
}

static int call_text(struct conn *conn, const char *text, size_t bytes)
{
    struct call *call = (struct call *)conn;
    return call->peer ? pipeline_send(call->peer, text, bytes) : -1;
}

static void call_address(const struct conn *conn, char *out, size_t size)
{
    snprintf(out, size, "%s", ((const struct call *)conn)->address);
}

/* --- what pipeline.c tells --- */

static void on_answer(void *user, const char *sdp)
{
    struct call *call = user;
    struct server *server = call->conn.server;
    if (!access_still(&call->conn)) {
        call_refuse(call, HTTP_STATUS_UNAUTHORIZED, "not a token of this server any more");
    } else if (server->viewers >= server->viewers_max) {
        call_refuse(call, HTTP_STATUS_SERVICE_UNAVAILABLE, "too many viewers");
    } else if (!(call->answer = call->fury ? fury_answer(sdp) : strdup(sdp)) ||
               viewer_join(&call->conn, call->source, VIEWER_WEBRTC)) {
        call_refuse(call, HTTP_STATUS_INTERNAL_SERVER_ERROR, "no memory, or the stream ended");
    } else {
        call->status = call->fury ? HTTP_STATUS_OK : 201;
        lws_sul_cancel(&call->deadline);
        lws_callback_on_writable(call->asker->wsi);
    }
}

static void on_refused(void *user, int status, const char *why)
{
    struct call *call = user;
    call->peer = NULL;
    call_refuse(call, (unsigned)status, why);
}

static void on_connected(void *user)
{
    call_settle(user);
}

static void on_open(void *user)
{
    struct call *call = user;
    call_settle(call);
    if (!call->conn.viewer)
        return;
    call->conn.viewer->speaks = true;
    control_join(call->conn.viewer);
}

static void on_message(void *user, const char *text, size_t bytes)
{
    struct call *call = user;
    const char *why = "";
    if (!call->conn.viewer)
        return;
    unsigned code = viewer_message(call->conn.viewer, text, bytes, &why);
    if (code)
        conn_fail(&call->conn, code, why);
}

static void on_frame(void *user, uint64_t number, uint64_t event, uint64_t captured_ns,
                     uint32_t rtp)
{
    struct call *call = user;
    const struct viewer *viewer = call->conn.viewer;
    char text[192];
    if (!viewer || !viewer->hello)
        return;
    int bytes = snprintf(text, sizeof text,
                         "{\"type\":\"frame\",\"seq\":%" PRIu64 ",\"event\":%" PRIu64
                         ",\"t\":%" PRIu64 ".%09" PRIu64 ",\"rtp\":%" PRIu32 "}",
                         number, event, captured_ns / 1000000000u, captured_ns % 1000000000u, rtp);
    /* One more comes with the next frame; who steers is told when there is room again. */
    if (pipeline_send(call->peer, text, (size_t)bytes) == 0 && viewer->state_due)
        call_want(&call->conn);
}

static void on_closed(void *user, const char *why)
{
    struct call *call = user;
    call->peer = NULL;
    if (call->conn.server->verbose && call->conn.viewer)
        cli_warn("%s: viewer %" PRIu32 ": %s", call->source->name, call->conn.viewer->id, why);
    conn_end(&call->conn, LWS_CLOSE_STATUS_GOINGAWAY);
}

static const struct pipeline_ops told = {
    .answer = on_answer,
    .refused = on_refused,
    .connected = on_connected,
    .open = on_open,
    .message = on_message,
    .frame = on_frame,
    .closed = on_closed,
};

/* --- all of them --- */

static void wake(void *context)
{
    lws_cancel_service(context);
}

static void calls_open(struct server *server)
{
    calls_media.wake = wake;
    calls_media.wake_arg = server->context;
    calls_media.stun = calls_ice.stun;
    calls_media.turn = calls_ice.turn;
    all.pipelines = calloc(server->source_count, sizeof(struct pipeline *));
    if (!all.pipelines)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < server->source_count; i++) {
        struct pipeline_options options = calls_media;
        options.rtp_port += 2 * (int)i;
        if (i >= server->listed)
            options.rtp_host = NULL;
        all.pipelines[i] = pipeline_open(server->sources[i].name, &options, &told);
        if (!all.pipelines[i])
            cli_die(CLI_FAIL, "%s: %s", server->sources[i].name, strerror(errno));
    }
}

static void calls_look(struct server *server)
{
    for (size_t i = 0; all.pipelines && i < server->source_count; i++)
        pipeline_dispatch(all.pipelines[i]);
}

static void calls_close(struct server *server)
{
    for (struct call *call = all.list, *next; call; call = next) {
        next = call->next;
        if (call->asker)
            call->asker->call = NULL;
        call_lose(call);
        if (call->conn.viewer)
            viewer_leave(call->conn.viewer);
        call_free(call);
    }
    for (size_t i = 0; i < server->source_count; i++)
        pipeline_close(all.pipelines[i]);
    free(all.pipelines);
    all.pipelines = NULL;
    ice_free(&calls_ice);
}

static void calls_stats(FILE *to, const struct source *source)
{
    struct pipeline_stats n;
    pipeline_stats(pipeline_of(source), &n);
    fprintf(to,
            ",\"iceServers\":%s,\"webrtc\":{\"peers\":%u,\"codec\":\"%s\",\"bitrate\":%u"
            ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"pictures\":%" PRIu64
            ",\"keyframes\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64
            ",\"packet_bytes\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"asked\":%" PRIu64 "}",
            calls_ice.json, n.peers, calls_media.codec, n.bitrate, n.width, n.height, n.frames,
            n.keyframes, n.bytes, n.packets, n.packet_bytes, n.dropped, n.keyframe_requests);
}

static uint64_t get_pictures(const struct pipeline_stats *n)
{
    return n->frames;
}

static uint64_t get_keyframes(const struct pipeline_stats *n)
{
    return n->keyframes;
}

static uint64_t get_bytes(const struct pipeline_stats *n)
{
    return n->bytes;
}

static uint64_t get_packet_bytes(const struct pipeline_stats *n)
{
    return n->packet_bytes;
}

static uint64_t get_left_out(const struct pipeline_stats *n)
{
    return n->dropped;
}

static uint64_t get_bitrate(const struct pipeline_stats *n)
{
    return 1000 * (uint64_t)n->bitrate;
}

static const struct {
    const char *name, *type, *help;
    uint64_t (*get)(const struct pipeline_stats *n);
} metrics[] = {
    {"shmcast_webrtc_pictures_total", "counter", "Pictures that the video encoder made.",
     get_pictures},
    {"shmcast_webrtc_keyframes_total", "counter", "Keyframes among them.", get_keyframes},
    {"shmcast_webrtc_bytes_total", "counter", "Bytes of them.", get_bytes},
    {"shmcast_webrtc_sent_bytes_total", "counter", "Bytes of video sent to viewers.",
     get_packet_bytes},
    {"shmcast_webrtc_left_out_total", "counter", "Pictures that viewers were behind with.",
     get_left_out},
    {"shmcast_webrtc_bitrate", "gauge", "Bits in a second that the encoder is to make.",
     get_bitrate},
};

static void calls_metrics(FILE *to, const struct server *server)
{
    for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
        metrics_head(to, metrics[m].name, metrics[m].type, metrics[m].help);
        for (size_t i = 0; i < server->source_count; i++) {
            struct pipeline_stats n;
            if (!server->sources[i].stream)
                continue;
            pipeline_stats(all.pipelines[i], &n);
            metrics_name(to, metrics[m].name, &server->sources[i]);
            fprintf(to, "} %" PRIu64 "\n", metrics[m].get(&n));
        }
    }
}

const struct rtc calls = {
    .open = calls_open,
    .look = calls_look,
    .close = calls_close,
    .offer = call_offer,
    .answer = call_answer,
    .forget = call_forget,
    .hang_up = call_hang_up,
    .want = call_want,
    .text = call_text,
    .end = call_end,
    .address = call_address,
    .stats = calls_stats,
    .metrics = calls_metrics,
};
