#include "http.h"
#include "assets.h"
#include "conn.h"
#include "cors.h"
#include "metrics.h"
#include "mjpeg.h"
#include "request.h"
#include "response.h"
#include "router.h"
#include "server/stream/message.h"
#include "server/stream/streams.h"
#include "snapshot.h"
#include "staticfiles.h"
#include "stats.h"
#include "url.h"
#include "whep.h"
#include "ws.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SNAPSHOT_SECONDS = 30, /* longest wait for a fresh snapshot */
    BODY_SECONDS = 10,     /* time after which a client that sends no body is cut off */
    SKIP_BYTES = 1 << 20   /* length up to which an unwanted body is read, so that the answer is */
};

struct http {
    struct conn *conn;
    struct site *site;
    struct response *response;
    struct credentials credentials; /* of the latest request */
    unsigned requests;              /* so far */
    lws_sorted_usec_list_t body_timer;

    /* The state of a latest request that takes time; all but one are NULL. */
    struct snapshot *snapshot;
    struct mjpeg *mjpeg;
    struct whep *whep;
};

struct http *http_new(struct conn *conn)
{
    struct http *http = calloc(1, sizeof *http);
    struct response *response = http ? response_new(conn) : NULL;
    if (!response) {
        free(http);
        return NULL;
    }
    http->conn = conn;
    http->site = conn_site(conn);
    http->response = response;
    return http;
}

/* lws' own timeout begins anew with each byte. */
static void on_body_timeout(lws_sorted_usec_list_t *timer)
{
    conn_abort(lws_container_of(timer, struct http, body_timer)->conn);
}

static void await_body(struct http *http)
{
    struct lws *wsi = conn_wsi(http->conn);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
    lws_sul_schedule(lws_get_context(wsi), 0, &http->body_timer, on_body_timeout,
                     BODY_SECONDS * (lws_usec_t)1000000);
}

void http_closed(struct http *http)
{
    lws_sul_cancel(&http->body_timer);
    snapshot_free(http->snapshot);
    mjpeg_free(http->mjpeg);
    whep_free(http->whep);
    response_drop(http->response);
    http->snapshot = NULL;
    http->mjpeg = NULL;
    http->whep = NULL;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    http_closed(http);
    response_free(http->response);
    free(http);
}

const struct credentials *http_credentials(const struct http *http)
{
    return &http->credentials;
}

/* Whether the latest request is still being answered. A further one is not queued: hang up. */
static bool is_busy(const struct http *http)
{
    return response_is_busy(http->response) || http->mjpeg || http->snapshot || http->whep ||
           conn_is_closing(http->conn);
}

static int text(struct http *http, unsigned status, const char *extra, const char *line)
{
    return response_text(http->response, status, extra, line);
}

static int text_last(struct http *http, unsigned status, const char *extra, const char *line)
{
    return response_text_last(http->response, status, extra, line);
}

static bool admit(struct http *http, const char *path, unsigned kinds, struct refusal *refusal)
{
    bool admitted =
        auth_admit(http->site, conn_wsi(http->conn), path, kinds, &http->credentials, refusal);
    response_set_shared(http->response, http->credentials.shared);
    return admitted;
}

/* --- GET --- */

static int get_mjpeg(struct http *http, struct served *served, bool head)
{
    const struct streams *streams = http->site->streams;
    if (streams->viewers >= streams->viewers_max || streams->ending)
        return text(http, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "too many viewers");
    if (response_endless(http->response, "multipart/x-mixed-replace; boundary=shmcast"))
        return -1;
    if (head)
        return -1; /* the header said Connection: close */
    lws_set_timeout(conn_wsi(http->conn), NO_PENDING_TIMEOUT, 0);
    http->mjpeg = mjpeg_new(http->conn, served, &http->credentials);
    return http->mjpeg ? 0 : -1;
}

static int get_snapshot(struct http *http, struct served *served)
{
    http->snapshot = snapshot_await(http->conn, served);
    if (!http->snapshot)
        return snapshot_send(http->conn, http->response, served);
    lws_set_timeout(conn_wsi(http->conn), PENDING_TIMEOUT_HTTP_CONTENT, SNAPSHOT_SECONDS);
    return 0;
}

static int get_owned(struct http *http, const char *type, char *body, size_t bytes)
{
    return response_owned(http->response, HTTP_STATUS_OK, type, NULL, body, bytes);
}

/* Adds the slash to the address of a folder. name: the last part of the path, at most 255 bytes. */
static int get_folder(struct http *http, const char *name)
{
    char extra[sizeof "location:" + 3 * 255 + 4] = "location:", *at = extra + sizeof "location:";
    /* Relative, as a proxy may have removed a prefix of the path. */
    url_encode(name, at);
    at += strlen(at);
    memcpy(at, "/\0", 3);
    return text(http, 308, extra, "the address ends in /");
}

/* Sends a file of --www, or the part of it that is asked for. */
static int get_file(struct http *http, const struct staticfile *file)
{
    struct lws *wsi = conn_wsi(http->conn);
    char extra[256];
    uint64_t first = 0, bytes = file->bytes;
    const size_t used = (size_t)snprintf(extra, sizeof extra, "etag:%c%s%caccept-ranges:%cbytes%c",
                                         0, file->tag, 0, 0, 0);
    response_set_policy(http->response, POLICY_WWW);
    if (request_is_cached(wsi, file->tag)) {
        close(file->fd);
        return response_head(http->response, HTTP_STATUS_NOT_MODIFIED, extra);
    }
    enum range range = request_range(wsi, file->tag, file->bytes, &first, &bytes);
    if (range == RANGE_NONE)
        snprintf(extra + used, sizeof extra - used, "content-range:%cbytes */%" PRIu64 "%c", 0,
                 file->bytes, 0);
    if (range == RANGE_PART)
        snprintf(extra + used, sizeof extra - used,
                 "content-range:%cbytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "%c", 0, first,
                 first + bytes - 1, file->bytes, 0);
    if (range != RANGE_NONE)
        return response_file(http->response,
                             range == RANGE_PART ? HTTP_STATUS_PARTIAL_CONTENT : HTTP_STATUS_OK,
                             file->fd, first, bytes, file->type, extra);
    close(file->fd);
    return text(http, HTTP_STATUS_REQ_RANGE_NOT_SATISFIABLE, extra, "the file ends before that");
}

/* A file of --www. 1: there is none. */
static int get_static(struct http *http, const char *path)
{
    struct staticfile file;
    const char *slash = strrchr(path, '/');
    const struct site *site = http->site;
    switch (site->files < site->files_max ? staticfiles_open(site->www, path, &file)
                                          : STATICFILES_BUSY) {
    case STATICFILES_NOTHING:
        return 1;
    case STATICFILES_FOLDER:
        return get_folder(http, slash ? slash + 1 : path);
    case STATICFILES_BUSY:
        return text(http, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "too many files are being sent");
    case STATICFILES_FILE:
        break;
    }
    return get_file(http, &file);
}

static int get(struct http *http, const struct route *route, bool head)
{
    const struct streams *streams = http->site->streams;
    size_t bytes = 0;
    char *body, host[REQUEST_HOST_BYTES];
    switch (route->at) {
    case AT_FILE:
        return response_static(http->response, route->asset->type, route->asset->data,
                               (size_t)(route->asset->end - route->asset->data));
    case AT_LIST:
        body = assets_list(streams, &bytes);
        return get_owned(http, "text/html; charset=utf-8", body, bytes);
    case AT_STATS:
        request_header(conn_wsi(http->conn), WSI_TOKEN_HOST, host, sizeof host);
        body = stats_json(http->site, route->served, host, route->root, &bytes);
        return get_owned(http, "application/json", body, bytes);
    case AT_STREAMS:
        body = stats_list_json(streams, &bytes);
        return get_owned(http, "application/json", body, bytes);
    case AT_METRICS:
        body = metrics_text(http->site, &bytes);
        return get_owned(http, "text/plain; version=0.0.4; charset=utf-8", body, bytes);
    case AT_HEALTH:
        return streams->live ? text(http, HTTP_STATUS_OK, NULL, "ok")
                             : text(http, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "no stream");
    case AT_SNAPSHOT:
        return get_snapshot(http, route->served);
    case AT_MJPEG:
        return get_mjpeg(http, route->served, head);
    case AT_FOLDER:
        return get_folder(http, route->served->name);
    case AT_WHEP: /* has no content, as AT_SESSION; the type is for discovery (draft-ietf-wish-whep)
                   */
        return response_static(http->response, "application/sdp", "", 0);
    case AT_SESSION:
        return response_head(http->response, HTTP_STATUS_NO_CONTENT, NULL);
    case AT_OFFER:
        return text(http, HTTP_STATUS_METHOD_NOT_ALLOWED, "allow:\0POST, OPTIONS\0", "only POST");
    case AT_WEBSOCKET:
        return text(http, 426, "upgrade:\0websocket\0", "open this address as a WebSocket");
    case AT_GONE:
        return text(http, HTTP_STATUS_GONE, NULL, "the stream was removed");
    case AT_NOTHING:
        break;
    }
    return text(http, HTTP_STATUS_NOT_FOUND, NULL, "nothing here");
}

/* The page that asks for a token, or a line of text. */
static int refuse_get(struct http *http, const struct refusal *refusal)
{
    size_t bytes = 0;
    if (refusal->status != HTTP_STATUS_UNAUTHORIZED || !request_wants_page(conn_wsi(http->conn)))
        return text(http, refusal->status, refusal->extra, refusal->why);
    char *body = assets_token_form(http->credentials.wrong
                                       ? "This is not a token of the server. Please try again."
                                       : "Enter the token for this server.",
                                   &bytes);
    response_set_policy(http->response, POLICY_FORM);
    return response_owned(http->response, refusal->status, "text/html; charset=utf-8",
                          refusal->extra, body, bytes);
}

static int request_get(struct http *http, const char *path, const struct route *route, bool head,
                       bool cors)
{
    struct refusal refusal = {0};
    if (request_has_body(conn_wsi(http->conn)))
        return text_last(http, HTTP_STATUS_BAD_REQUEST, NULL, "a GET request must have no body");
    bool page = route->at == AT_FILE || route->at == AT_LIST || route->at == AT_FOLDER;
    bool maybe_static = route->root && http->site->www >= 0 &&
                        (route->at == AT_FILE || route->at == AT_LIST || route->at == AT_NOTHING);
    bool code = route->at == AT_FILE && *route->asset->name && !maybe_static;
    if (!admit(http, path,
               (page || maybe_static ? AUTH_PAGE : 0) | (cors ? AUTH_CORS : 0) |
                   (code ? AUTH_CODE : 0),
               &refusal))
        return refuse_get(http, &refusal);
    if (maybe_static) {
        int result = get_static(http, path + 1);
        if (result <= 0)
            return result;
    }
    return get(http, route, head);
}

/* --- other methods, with WebRTC --- */

/*
 * Whether lws may read the body. If lws has buffered data of this connection, as of a request that
 * arrived together with another one, it would start at the wrong place and loop forever. Buffered
 * data can be queried only for all connections together.
 */
static bool body_readable(const struct http *http)
{
    return http->requests == 1 ||
           lws_service_adjust_timeout(lws_get_context(conn_wsi(http->conn)), 1, 0);
}

/* Answers instead of reading the body, if there is one: bytes as request_body_length. A short body
 * is skipped, as unread bytes would cause a reset, which would discard the answer. */
static int refuse_body(struct http *http, int64_t bytes, unsigned status, const char *extra,
                       const char *why)
{
    struct lws *wsi = conn_wsi(http->conn);
    bool skip = request_has_body(wsi) ? bytes > 0 && bytes <= SKIP_BYTES && body_readable(http)
                                      : lws_hdr_total_length(wsi, WSI_TOKEN_DELETE_URI) > 0;
    if (!skip)
        return text_last(http, status, extra, why);
    await_body(http);
    return text(http, status, extra, why);
}

/* An offer, or a client's answer to ours. */
static int take_sdp(struct http *http, const struct route *route, int64_t bytes)
{
    const struct streams *streams = http->site->streams;
    struct lws *wsi = conn_wsi(http->conn);
    bool fury = route->at == AT_OFFER, offer = route->at != AT_SESSION;
    if (bytes < 0)
        return refuse_body(http, bytes, 411, NULL, "Content-Length required");
    if (bytes > MESSAGE_BYTES)
        return refuse_body(http, bytes, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, NULL, "more than 64 KiB");
    if (!request_is_type(wsi, fury ? "application/json" : "application/sdp"))
        return refuse_body(http, bytes, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                           fury    ? NULL
                           : offer ? "accept-post:\0application/sdp\0"
                                   : "accept-patch:\0application/sdp\0",
                           fury ? "Content-Type must be application/json"
                                : "Content-Type must be application/sdp");
    if (streams->viewers >= streams->viewers_max || streams->ending)
        return refuse_body(http, bytes, HTTP_STATUS_SERVICE_UNAVAILABLE,
                           "retry-after:\0"
                           "10\0",
                           "too many viewers");
    if (bytes == 0)
        return refuse_body(http, bytes, HTTP_STATUS_BAD_REQUEST, NULL, "not SDP");
    if (!body_readable(http))
        return refuse_body(http, bytes, HTTP_STATUS_SERVICE_UNAVAILABLE,
                           "retry-after:\0"
                           "0\0",
                           "an offer must not be pipelined after another request");
    http->whep = whep_new(http->conn, http->response, &http->credentials, route->served, fury,
                          offer ? NULL : route->id);
    if (!http->whep)
        return -1;
    await_body(http);
    return 0;
}

static int request_other(struct http *http, const char *path, int method, const struct route *route,
                         bool cors)
{
    struct lws *wsi = conn_wsi(http->conn);
    struct refusal refusal = {0};
    int64_t bytes = request_body_length(wsi);
    const char *allowed = "allow:\0GET, HEAD\0", *why = "only GET and HEAD";
    if (!admit(http, path, cors ? AUTH_CORS : AUTH_PLAIN, &refusal))
        return refuse_body(http, bytes, refusal.status, refusal.extra, refusal.why);
    switch (route->at) {
    case AT_WHEP:
    case AT_OFFER:
        if (method == LWSHUMETH_POST)
            return take_sdp(http, route, bytes);
        allowed =
            route->at == AT_WHEP ? "allow:\0GET, HEAD, POST, OPTIONS\0" : "allow:\0POST, OPTIONS\0";
        why = "only POST";
        break;
    case AT_SESSION:
        if (method == LWSHUMETH_DELETE && !request_has_body(wsi))
            return http->site->whep->hang_up(route->served, route->id)
                       ? text(http, HTTP_STATUS_OK, NULL, "gone")
                       : text(http, HTTP_STATUS_NOT_FOUND, NULL, "nothing here");
        if (method == LWSHUMETH_PATCH)
            return take_sdp(http, route, bytes);
        allowed = "allow:\0GET, HEAD, PATCH, DELETE, OPTIONS\0";
        why = "only PATCH, and DELETE without a body";
        break;
    case AT_GONE:
        return refuse_body(http, bytes, HTTP_STATUS_GONE, NULL, "the stream was removed");
    default:
        break;
    }
    return refuse_body(http, bytes, HTTP_STATUS_METHOD_NOT_ALLOWED, allowed, why);
}

/* --- all methods --- */

/* The addresses of mjpg-streamer, which OctoPrint and others know: the page's, with an argument. */
static enum endpoint endpoint_of(struct lws *wsi, const struct route *route)
{
    char text[32];
    if (route->at != AT_FILE || *route->asset->name || !route->served)
        return route->at;
    for (int i = 0; request_argument(wsi, i, text, sizeof text); i++) {
        if (strcmp(text, "action=stream") == 0)
            return AT_MJPEG;
        if (strcmp(text, "action=snapshot") == 0)
            return AT_SNAPSHOT;
    }
    return route->at;
}

int http_request(struct http *http)
{
    int method;
    const struct site *site = http->site;
    struct lws *wsi = conn_wsi(http->conn);
    const char *path = request_path(wsi, &method);
    bool head = method == LWSHUMETH_HEAD, preflight = method == LWSHUMETH_OPTIONS;
    if (is_busy(http))
        return -1;
    lws_sul_cancel(&http->body_timer); /* of a request before this one */
    http->requests++;
    response_reset(http->response, head);
    if (!request_version_known(wsi))
        return text_last(http, 505, NULL, "use HTTP/1.1");
    if (!path)
        return text(http, HTTP_STATUS_BAD_REQUEST, NULL, "not a path");
    struct route route = router_find(site, path);
    route.at = endpoint_of(wsi, &route);
    /* A preflight carries no token; where one is required it must not reveal what exists. */
    bool cors = site->cors_count && (router_is_shared(route.at) || (preflight && site->tokens));
    if (cors)
        response_set_cors(http->response, cors_of_request(site, wsi), preflight);
    if (preflight && !request_has_body(wsi) && (cors || (route.at == AT_WHEP && !site->tokens)))
        return response_head(http->response, HTTP_STATUS_NO_CONTENT,
                             site->whep && (route.at == AT_WHEP || site->tokens)
                                 ? "accept-post:\0application/sdp\0"
                                 : NULL);
    if (method == LWSHUMETH_GET || head)
        return request_get(http, path, &route, head, cors);
    if (site->whep)
        return request_other(http, path, method, &route, cors);
    /* Without a length lws would take whatever follows for a body. */
    return text_last(http, HTTP_STATUS_METHOD_NOT_ALLOWED, "allow:\0GET, HEAD\0",
                     "only GET and HEAD");
}

int http_handshake(struct http *http)
{
    lws_sul_cancel(&http->body_timer);
    return is_busy(http) ? -1 : ws_handshake(http->conn, http->response, &http->credentials);
}

/* Frees the request with an offer once it has been answered. */
static int whep_result(struct http *http, int result)
{
    if (whep_is_over(http->whep)) {
        whep_free(http->whep);
        http->whep = NULL;
    }
    return result;
}

int http_body(struct http *http, const char *data, size_t bytes)
{
    return http->whep ? whep_body(http->whep, data, bytes) : -1;
}

int http_body_end(struct http *http)
{
    lws_sul_cancel(&http->body_timer);
    return http->whep ? whep_result(http, whep_body_end(http->whep)) : -1;
}

int http_write(struct http *http)
{
    if (http->mjpeg)
        return mjpeg_write(http->mjpeg);
    if (http->whep)
        return whep_result(http, whep_write(http->whep));
    if (http->snapshot) {
        struct served *served = snapshot_ready(http->snapshot);
        if (!served)
            return 0;
        snapshot_free(http->snapshot);
        http->snapshot = NULL;
        return snapshot_send(http->conn, http->response, served);
    }
    return response_is_busy(http->response) ? response_write(http->response) : 0;
}
