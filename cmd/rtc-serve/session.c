/* All of this runs on the server's main thread. */
#include "session.h"
#include "fury.h"
#include "service.h"
#include "server/http/conn.h"
#include "server/http/connlimit.h"
#include "server/stream/delivery.h"
#include "server/stream/message.h"
#include "tool/cli.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ID_BYTES = 16,
    CONNECTING_PER_ADDRESS = 8, /* those of one address, */
    CONNECTING_UNCOUNTED = 24,  /* and of all addresses whose connections are not counted */
    ANSWER_US = 10 * 1000000, /* longest time for an answer; rtcpeer.c has timeouts for the rest */
    WHY_BYTES = 128,
    HEAD_LINES = 512 + ICE_LINES
};

struct session {
    struct session *next, **link;
    struct site *site;
    struct served *served;
    struct viewer *viewer; /* NULL: none yet, or it has ended */
    struct credentials credentials;
    struct connlimit *limit;
    struct pipeline_peer *peer; /* NULL: gone */
    struct whep *request;       /* waits for the answer, or NULL */
    bool fury;
    bool counter;  /* the client's offer was refused with one of ours */
    bool accepted; /* the client has answered that */
    bool connected;
    bool ended;
    char id[2 * ID_BYTES + 1];
    char address[64];
    unsigned status; /* of the answer; 0: there is none yet */
    char *answer;    /* SDP, or NULL: the offer was refused */
    char why[WHY_BYTES];
    lws_sorted_usec_list_t deadline, write_timer, free_timer;
};

static struct {
    struct session *list;
    unsigned connecting;
} all;

static void schedule(struct session *session, lws_sorted_usec_list_t *timer, sul_cb_t callback,
                     lws_usec_t us)
{
    lws_sul_schedule(session->served->streams->context, 0, timer, callback, us);
}

/* --- beginning and end --- */

static struct session *session_new(struct whep *request, struct served *served, bool fury,
                                   struct connlimit *limit)
{
    unsigned char id[ID_BYTES];
    struct session *session = calloc(1, sizeof *session);
    if (!session || getrandom(id, sizeof id, 0) != (ssize_t)sizeof id) {
        free(session);
        return NULL;
    }
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(session->id + 2 * i, 3, "%02x", id[i]);
    session->site = conn_site(whep_conn(request));
    session->credentials = *whep_credentials(request);
    session->limit = limit;
    session->request = request;
    session->served = served;
    session->fury = fury;
    conn_address(whep_conn(request), session->address, sizeof session->address);
    session->next = all.list;
    session->link = &all.list;
    if (session->next)
        session->next->link = &session->next;
    all.list = session;
    all.connecting++;
    return session;
}

static void session_free(struct session *session)
{
    *session->link = session->next;
    if (session->next)
        session->next->link = session->link;
    lws_sul_cancel(&session->deadline);
    lws_sul_cancel(&session->write_timer);
    lws_sul_cancel(&session->free_timer);
    connlimit_drop(session->limit);
    free(session->answer);
    free(session);
}

static void on_free(lws_sorted_usec_list_t *timer)
{
    session_free(lws_container_of(timer, struct session, free_timer));
}

/* The session has connected, or never will. */
static void stop_connecting(struct session *session)
{
    if (session->connected)
        return;
    session->connected = true;
    all.connecting--;
    lws_sul_cancel(&session->deadline);
}

static void close_peer(struct session *session)
{
    if (session->peer)
        pipeline_peer_close(session->peer);
    session->peer = NULL;
    stop_connecting(session);
}

/* Replaces the answer by a refusal. */
static void refuse(struct session *session, unsigned status, const char *why)
{
    close_peer(session);
    free(session->answer);
    session->answer = NULL;
    session->status = status;
    snprintf(session->why, sizeof session->why, "%s", why);
    conn_want_write(whep_conn(session->request));
}

/*
 * Ends the session. Its viewer ends too, unless it was the viewer that ended. The session is freed
 * in the next round of the loop, as callers may still use it; and not before its request was
 * answered.
 */
static void end(struct session *session)
{
    if (session->ended)
        return;
    session->ended = true;
    if (session->viewer)
        viewer_end(session->viewer);
    session->viewer = NULL;
    close_peer(session);
    if (!session->request)
        schedule(session, &session->free_timer, on_free, 1);
    else if (session->answer || !session->status)
        refuse(session, HTTP_STATUS_SERVICE_UNAVAILABLE, "the stream or the viewer has ended");
}

/* The request has gone, or was refused. */
void session_forget(struct session *session)
{
    session->request = NULL;
    if (session->ended)
        schedule(session, &session->free_timer, on_free, 1);
    else
        end(session);
}

/* --- the viewer's transport --- */

static void on_write(lws_sorted_usec_list_t *timer)
{
    struct session *session = lws_container_of(timer, struct session, write_timer);
    if (session->viewer)
        delivery_write(session->viewer);
}

static void want_write(void *link)
{
    struct session *session = link;
    if (lws_dll2_is_detached(&session->write_timer.list))
        schedule(session, &session->write_timer, on_write, 1);
}

static int send_text(void *link, unsigned char *text, size_t bytes)
{
    struct session *session = link;
    return session->peer ? pipeline_send(session->peer, (const char *)text, bytes) : -1;
}

static void close_session(void *link, unsigned code)
{
    struct session *session = link;
    (void)code;
    session->viewer = NULL;
    end(session);
}

static bool authorized(const void *link)
{
    const struct session *session = link;
    return auth_still_valid(session->site, &session->credentials);
}

static void address(const void *link, char *out, size_t size)
{
    snprintf(out, size, "%s", ((const struct session *)link)->address);
}

static const struct viewer_transport transport = {
    .kind = VIEWER_WEBRTC,
    .name = "webrtc",
    .title = "WebRTC",
    .send_text = send_text,
    .want_write = want_write,
    .close = close_session,
    .authorized = authorized,
    .address = address,
};

/* --- events of pipeline.c --- */

/* Makes the session's viewer. false: *refusal is filled in. */
static bool join(struct session *session, struct refusal *refusal)
{
    const struct streams *streams = session->served->streams;
    if (!authorized(session))
        *refusal =
            (struct refusal){HTTP_STATUS_UNAUTHORIZED, NULL, "the token is not valid any more"};
    else if (streams->viewers >= streams->viewers_max || streams->ending)
        *refusal = (struct refusal){HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "too many viewers"};
    else if (!(session->viewer =
                   streams_join(session->served, &transport, session, session->credentials.role)))
        *refusal = (struct refusal){HTTP_STATUS_INTERNAL_SERVER_ERROR, NULL, "no memory"};
    return session->viewer;
}

static void on_local(void *user, const char *sdp)
{
    struct session *session = user;
    struct refusal refusal;
    if (!session->counter && !join(session, &refusal)) {
        refuse(session, refusal.status, refusal.why);
    } else if (!(session->answer = session->fury ? fury_write_answer(sdp) : strdup(sdp))) {
        refuse(session, HTTP_STATUS_INTERNAL_SERVER_ERROR, "no memory");
    } else {
        session->status = session->counter ? HTTP_STATUS_NOT_ACCEPTABLE
                          : session->fury  ? HTTP_STATUS_OK
                                           : 201;
        lws_sul_cancel(&session->deadline);
        conn_want_write(whep_conn(session->request));
    }
}

static const struct pipeline_ops pipeline_ops;

/* An offer that cannot be answered gets ours instead (draft-ietf-wish-whep), but for FURY. */
static void on_refused(void *user, int status, const char *why)
{
    struct session *session = user;
    session->peer = NULL;
    if (status == HTTP_STATUS_NOT_ACCEPTABLE && !session->fury) {
        session->counter = true;
        session->peer =
            pipeline_propose(service_pipeline(session->served), true, &pipeline_ops, session);
    } else {
        refuse(session, (unsigned)status, why);
    }
}

static void on_connected(void *user)
{
    stop_connecting(user);
}

static void on_open(void *user)
{
    struct session *session = user;
    stop_connecting(session);
    if (!session->viewer)
        return;
    session->viewer->has_messages = true;
    control_join(session->viewer);
}

static void on_message(void *user, const char *text, size_t bytes)
{
    struct session *session = user;
    const char *why = "";
    if (!session->viewer || !message_take(session->viewer, text, bytes, &why))
        return;
    if (session->served->streams->verbose) /* there is no close frame for the reason */
        cli_warn("%s: viewer %" PRIu32 " over WebRTC was closed: %s", session->served->name,
                 session->viewer->id, why);
    end(session);
}

static void on_frame(void *user, const struct sent_frame *frame)
{
    struct session *session = user;
    const struct viewer *viewer = session->viewer;
    char text[192], aspect[40] = "";
    if (!viewer || !viewer->hello)
        return;
    if (frame->aspect_num)
        snprintf(aspect, sizeof aspect, ",\"aspect\":[%" PRIu32 ",%" PRIu32 "]", frame->aspect_num,
                 frame->aspect_den);
    int bytes = snprintf(text, sizeof text,
                         "{\"type\":\"frame\",\"seq\":%" PRIu64 ",\"event\":%" PRIu64
                         ",\"t\":%" PRIu64 ".%09" PRIu64 ",\"rtp\":%" PRIu32 "%s}",
                         frame->number, frame->event, frame->captured_ns / 1000000000u,
                         frame->captured_ns % 1000000000u, frame->rtp, aspect);
    /* A lost frame message is followed by another. A state message that found no room is sent once
     * there is some. */
    if (pipeline_send(session->peer, text, (size_t)bytes) == 0 && viewer->state_pending)
        want_write(session);
}

static void on_closed(void *user, const char *why)
{
    struct session *session = user;
    session->peer = NULL;
    if (session->served->streams->verbose && session->viewer)
        cli_warn("%s: viewer %" PRIu32 ": %s", session->served->name, session->viewer->id, why);
    end(session);
}

static const struct pipeline_ops pipeline_ops = {
    .local = on_local,
    .refused = on_refused,
    .connected = on_connected,
    .open = on_open,
    .message = on_message,
    .frame = on_frame,
    .closed = on_closed,
};

/* --- requests --- */

static void on_deadline(lws_sorted_usec_list_t *timer)
{
    refuse(lws_container_of(timer, struct session, deadline), HTTP_STATUS_SERVICE_UNAVAILABLE,
           "no answer in time");
}

static const char soon[] = "retry-after:\0"
                           "1\0";

/* False if this address, or all those together whose connections are not counted, have as many
 * sessions that have not connected yet as they may have: the rest is for others. */
static bool has_share(const struct connlimit *limit)
{
    unsigned count = 0;
    for (const struct session *session = all.list; session; session = session->next)
        count += !session->connected && session->limit == limit;
    return count < (limit ? CONNECTING_PER_ADDRESS : CONNECTING_UNCOUNTED);
}

/* Begins a session for the SDP of an offer, or fills in *refusal. */
static struct session *begin(struct whep *request, struct served *served, bool fury,
                             const char *sdp, struct refusal *refusal)
{
    struct conn *conn = whep_conn(request);
    struct connlimit *limit = conn_limit(conn);
    if (all.connecting >= SESSION_CONNECTING_MAX) {
        *refusal = (struct refusal){429, soon, "too many offers at a time"};
        return NULL;
    }
    if (!has_share(limit)) {
        *refusal = (struct refusal){429, soon, "too many offers from this address at a time"};
        return NULL;
    }
    if (!connlimit_share(conn_site(conn)->per_address, limit)) {
        *refusal = (struct refusal){429, soon, "too many connections from this address"};
        return NULL;
    }
    struct session *session = session_new(request, served, fury, limit);
    if (!session) {
        connlimit_drop(limit);
        *refusal = (struct refusal){HTTP_STATUS_INTERNAL_SERVER_ERROR, NULL, "no memory"};
        return NULL;
    }
    session->peer =
        pipeline_offer(service_pipeline(served), sdp, strlen(sdp), &pipeline_ops, session);
    if (!session->peer) {
        *refusal = errno == EINVAL
                       ? (struct refusal){HTTP_STATUS_BAD_REQUEST, NULL, "not an offer"}
                       : (struct refusal){HTTP_STATUS_INTERNAL_SERVER_ERROR, NULL, "no memory"};
        stop_connecting(session);
        session_free(session);
        return NULL;
    }
    schedule(session, &session->deadline, on_deadline, ANSWER_US);
    return session;
}

struct session *session_offer(struct whep *request, struct served *served, bool fury,
                              const char *text, size_t bytes, struct refusal *refusal)
{
    char *sdp = fury ? fury_read_offer(text, bytes) : strndup(text, bytes);
    struct session *session = NULL;
    if (sdp)
        session = begin(request, served, fury, sdp, refusal);
    else
        *refusal =
            (struct refusal){HTTP_STATUS_BAD_REQUEST, NULL,
                             "not an offer: the body must be {\"sdp\":\"...\",\"type\":\"offer\"}"};
    free(sdp);
    return session;
}

/* "name:\0value\0" */
static char *add_line(char *at, const char *name, const char *value)
{
    at = stpcpy(at, name) + 1;
    return stpcpy(at, value) + 1;
}

static const char *answer_lines(const struct session *session)
{
    static char lines[HEAD_LINES];
    char value[64];
    char *at = lines;
    /* Relative, as a proxy may have removed a prefix of the path. */
    snprintf(value, sizeof value, "whep/%s", session->id);
    at = add_line(at, "location:", value);
    snprintf(value, sizeof value, "\"%.16s\"", session->id);
    at = add_line(at, "etag:", value);
    size_t bytes = 0;
    while (service_ice.links[bytes])
        bytes += strlen(service_ice.links + bytes) + 1;
    memcpy(at, service_ice.links, bytes + 1);
    return lines;
}

bool session_answer(struct session *session, struct whep_answer *out)
{
    if (!session->status)
        return false;
    out->status = session->status;
    if (!session->answer) {
        out->extra = session->status == HTTP_STATUS_SERVICE_UNAVAILABLE ? soon : NULL;
        out->why = session->why;
        session_forget(session);
        return true;
    }
    out->type = session->fury ? "application/json" : "application/sdp";
    out->extra = session->fury ? NULL : answer_lines(session);
    out->text = session->answer;
    session->answer = NULL;
    session->request = NULL;
    return true;
}

/* The session of this id, once its request was answered, or NULL. */
static struct session *find(const struct served *served, const char *id)
{
    struct session *session = all.list;
    while (session && (session->served != served || session->request || strcmp(session->id, id)))
        session = session->next;
    return session && !session->ended ? session : NULL;
}

bool session_accept(struct served *served, const char *id, const char *text, size_t bytes,
                    struct refusal *refusal)
{
    struct session *session = find(served, id);
    const char *why;
    if (!session || !session->peer) {
        *refusal = (struct refusal){HTTP_STATUS_NOT_FOUND, NULL, "nothing here"};
        return false;
    }
    if (!session->counter || session->accepted) {
        *refusal = (struct refusal){409, NULL, "no offer waits for an answer"};
        return false;
    }
    if (!session->viewer && !join(session, refusal))
        return false;
    if (pipeline_accept(session->peer, text, bytes, NULL, &why)) {
        *refusal = (struct refusal){HTTP_STATUS_BAD_REQUEST, NULL, why};
        viewer_end(session->viewer);
        session->viewer = NULL;
        return false;
    }
    session->accepted = true;
    return true;
}

bool session_hang_up(struct served *served, const char *id)
{
    struct session *session = find(served, id);
    if (!session)
        return false;
    end(session);
    return true;
}

void session_end_all(void)
{
    for (struct session *session = all.list, *next; session; session = next) {
        next = session->next;
        if (session->request)
            whep_forget_session(session->request);
        close_peer(session);
        if (session->viewer)
            viewer_end(session->viewer);
        session_free(session);
    }
}
