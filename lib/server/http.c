/* Paths to answers. */
#include "auth.h"
#include "rtc.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 4096,
    CHUNK_BYTES = 1 << 16, /* of a body, at a time */
    BODY_SECONDS = 30,     /* a client that takes no chunk for so long is cut off */
    POST_SECONDS = 10,     /* one that sends none of its body */
    SKIP_BYTES = 1 << 20 /* so much of a body that nobody wants is read, that the answer be read */
};

static const struct {
    const char *path;
    enum endpoint at;
} in_folder[] = {
    {"ws", AT_WEBSOCKET},
    {"stream.mjpg", AT_MJPEG},
    {"snapshot.jpg", AT_SNAPSHOT},
    {"stats", AT_STATS},
};

/* Only where there is WebRTC. */
static const struct {
    const char *path;
    enum endpoint at;
} for_offers[] = {
    {"whep", AT_WHEP}, {"offer", AT_OFFER}, /* FURY's */
};

static void route_offer(struct route *route, const char *path)
{
    static const char call[] = "whep/";
    for (size_t i = 0; i < sizeof for_offers / sizeof for_offers[0]; i++)
        if (strcmp(for_offers[i].path, path) == 0)
            route->at = for_offers[i].at;
    if (strncmp(path, call, sizeof call - 1))
        return;
    route->at = AT_CALL;
    route->id = path + sizeof call - 1;
}

static struct route route_folder(struct source *source, const char *path)
{
    struct route route = {.source = source, .file = page_find(path)};
    if (route.file)
        route.at = AT_FILE;
    for (size_t i = 0; i < sizeof in_folder / sizeof in_folder[0]; i++)
        if (strcmp(in_folder[i].path, path) == 0)
            route.at = in_folder[i].at;
    if (source->server->rtc)
        route_offer(&route, path);
    if (route.at != AT_NOTHING && !source->stream)
        route.at = AT_GONE;
    return route;
}

/* What is the server's and not a stream's. */
static const struct {
    const char *path;
    enum endpoint at;
} at_root[] = {
    {"streams", AT_STREAMS},
    {"metrics", AT_METRICS},
    {"healthz", AT_HEALTH},
};

/* At the root, path without its slash. */
static struct route route_root(struct server *server, const char *path)
{
    for (size_t i = 0; i < sizeof at_root / sizeof at_root[0]; i++)
        if (strcmp(at_root[i].path, path) == 0)
            return (struct route){.at = at_root[i].at};
    if (server->listed == 1)
        /* FURY's address of the pictures beside our own */
        return route_folder(&server->sources[0],
                            strcmp(path, "video/mjpeg") ? path : "stream.mjpg");
    if (!*path)
        return (struct route){.at = AT_LIST};
    const struct page_file *file = page_find(path);
    return (struct route){.at = file ? AT_FILE : AT_NOTHING, .file = file};
}

struct route http_route(struct server *server, const char *path)
{
    if (*path++ != '/')
        return (struct route){.at = AT_NOTHING};
    struct route route = route_root(server, path);
    route.root = true;
    size_t name_bytes = strcspn(path, "/");
    for (size_t i = 0; route.at == AT_NOTHING && i < server->source_count; i++) {
        struct source *source = &server->sources[i];
        if (strncmp(source->name, path, name_bytes) || source->name[name_bytes])
            continue;
        if (path[name_bytes])
            return route_folder(source, path + name_bytes + 1);
        route = (struct route){.at = source->stream ? AT_FOLDER : AT_GONE, .source = source};
    }
    return route;
}

const char *http_header(struct lws *wsi, enum lws_token_indexes token, char *out, int room)
{
    if (lws_hdr_total_length(wsi, token) <= 0 || lws_hdr_copy(wsi, out, room, token) < 0)
        *out = 0;
    return out;
}

const char *http_path(struct lws *wsi, int *method)
{
    char *path = NULL;
    int bytes = 0;
    *method = lws_http_get_uri_and_method(wsi, &path, &bytes);
    /* A NUL, or what lws took for an argument, makes it shorter than it was. */
    return *method >= 0 && path && path[0] == '/' && strlen(path) == (size_t)bytes ? path : NULL;
}

/* What is written at once. Of the one thread, as everything here. */
static struct {
    unsigned char bytes[LWS_PRE + HEAD_BYTES + CHUNK_BYTES];
    unsigned char *at;
} out;

static int out_send(struct lws *wsi, enum lws_write_protocol protocol)
{
    unsigned char *start = out.bytes + LWS_PRE;
    int bytes = (int)(out.at - start);
    return lws_write(wsi, start, (size_t)bytes, protocol) < bytes ? -1 : 0;
}

static int out_lines(struct lws *wsi, const char *lines, unsigned char *end)
{
    while (lines && *lines) {
        const char *value = lines + strlen(lines) + 1;
        if (lws_add_http_header_by_name(wsi, (const unsigned char *)lines,
                                        (const unsigned char *)value, (int)strlen(value), &out.at,
                                        end))
            return -1;
        lines = value + strlen(value) + 1;
    }
    return 0;
}

/* type NULL: an answer without a body. extra as for http_text. */
static int out_head(struct conn *conn, unsigned status, const char *type, lws_filepos_t bytes,
                    const char *extra)
{
    struct lws *wsi = conn->wsi;
    unsigned char *end = out.bytes + LWS_PRE + HEAD_BYTES;
    out.at = out.bytes + LWS_PRE;
    if (type ? lws_add_http_common_headers(wsi, status, type, bytes, &out.at, end)
             : lws_add_http_header_status(wsi, status, &out.at, end))
        return -1;
    const char *with = conn->shared ? "cross-origin" : "same-origin";
    if (out_lines(wsi, conn->server->policy[conn->own_page], end) || out_lines(wsi, extra, end) ||
        (conn->has_cors && out_lines(wsi, cors_headers(conn), end)) ||
        lws_add_http_header_by_name(wsi, (const unsigned char *)"cross-origin-resource-policy:",
                                    (const unsigned char *)with, (int)strlen(with), &out.at, end))
        return -1;
    return lws_finalize_http_header(wsi, &out.at, end) ? -1 : 0;
}

/* Adds what is left of the body, as much as is sent at a time. -1: its file has become shorter. */
static int out_body(struct conn *conn)
{
    size_t bytes = conn->body_bytes - conn->body_at;
    if (bytes > CHUNK_BYTES)
        bytes = CHUNK_BYTES;
    if (!conn->file) {
        memcpy(out.at, conn->body + conn->body_at, bytes);
    } else if (bytes) {
        ssize_t got = pread(conn->file, out.at, bytes, (off_t)conn->body_at);
        if (got <= 0)
            return -1;
        bytes = (size_t)got;
    }
    out.at += bytes;
    conn->body_at += bytes;
    return 0;
}

bool http_busy(const struct conn *conn)
{
    return conn->body || conn->viewer || conn->asker_link || conn->call || conn->posts ||
           conn->close_code;
}

static void snapshot_forget(struct conn *conn)
{
    *conn->asker_link = conn->next_asker;
    if (conn->next_asker)
        conn->next_asker->asker_link = conn->asker_link;
    conn->asker_link = NULL;
}

static int answer_done(struct lws *wsi)
{
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

void http_end(struct conn *conn)
{
    if (conn->asker_link)
        snapshot_forget(conn);
    if (conn->packet)
        packet_release(conn->source, conn->packet);
    if (conn->file) {
        close(conn->file);
        conn->server->files--;
    }
    free(conn->own);
    conn->file = 0;
    conn->packet = NULL;
    conn->own = NULL;
    conn->body = NULL;
}

/* Sends the head and the beginning of body, which http_end lets go of. */
static int answer_begin(struct conn *conn, bool head, unsigned status, const char *type,
                        const char *body, size_t bytes, const char *extra)
{
    conn->body = body;
    conn->body_at = head ? bytes : 0;
    conn->body_bytes = bytes;
    int result = out_head(conn, status, type, bytes, extra);
    if (result == 0)
        result = out_body(conn);
    if (result == 0)
        result = out_send(conn->wsi, LWS_WRITE_HTTP_HEADERS);
    if (result || conn->body_at == bytes)
        http_end(conn);
    return result;
}

/* The same, of a request that has been answered then. */
static int answer_whole(struct conn *conn, bool head, unsigned status, const char *type,
                        const char *body, size_t bytes, const char *extra)
{
    if (answer_begin(conn, head, status, type, body, bytes, extra))
        return -1;
    if (!conn->body)
        return answer_done(conn->wsi);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
    lws_callback_on_writable(conn->wsi);
    return 0;
}

static int answer_body(struct conn *conn, bool head, const char *type, const char *body,
                       size_t bytes, const char *extra)
{
    return answer_whole(conn, head, HTTP_STATUS_OK, type, body, bytes, extra);
}

static int snapshot_write(struct conn *conn);

int http_write(struct conn *conn)
{
    if (conn->call)
        return conn->server->rtc->answer(conn);
    if (conn->asker_link)
        return snapshot_write(conn);
    if (!conn->body)
        return 0;
    out.at = out.bytes + LWS_PRE;
    if (out_body(conn))
        return -1;
    bool last = conn->body_at == conn->body_bytes;
    if (out_send(conn->wsi, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP))
        return -1;
    if (last) {
        http_end(conn);
        return answer_done(conn->wsi);
    }
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
    lws_callback_on_writable(conn->wsi);
    return 0;
}

int http_text(struct conn *conn, bool head, unsigned status, const char *extra, const char *text)
{
    char line[256];
    int bytes = snprintf(line, sizeof line, "%s\n", text);
    return answer_begin(conn, head, status, "text/plain; charset=utf-8", line, (size_t)bytes,
                        extra);
}

int http_answer(struct conn *conn, unsigned status, const char *type, const char *extra, char *text)
{
    if (!text)
        return -1;
    conn->own = text;
    return answer_whole(conn, false, status, type, text, strlen(text), extra);
}

int http_refuse(struct conn *conn, unsigned status, const char *extra, const char *text)
{
    return http_text(conn, false, status, extra, text) ? -1 : answer_done(conn->wsi);
}

static int answer_text(struct conn *conn, bool head, unsigned status, const char *extra,
                       const char *text)
{
    return http_text(conn, head, status, extra, text) ? -1 : answer_done(conn->wsi);
}

static int answer_mjpeg(struct conn *conn, bool head, struct source *source)
{
    struct server *server = conn->server;
    if (server->viewers >= server->viewers_max)
        return answer_text(conn, head, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "too many viewers");
    if (out_head(conn, HTTP_STATUS_OK, "multipart/x-mixed-replace; boundary=shmcast",
                 LWS_ILLEGAL_HTTP_CONTENT_LEN, NULL) ||
        out_send(conn->wsi, LWS_WRITE_HTTP_HEADERS))
        return -1;
    if (head)
        return -1; /* it said Connection: close */
    lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
    return viewer_join(conn, source, VIEWER_MJPEG) && !conn->close_code ? -1 : 0;
}

/* Nothing but header lines. */
static int answer_head(struct conn *conn, unsigned status, const char *extra)
{
    return out_head(conn, status, NULL, 0, extra) || out_send(conn->wsi, LWS_WRITE_HTTP_HEADERS)
               ? -1
               : answer_done(conn->wsi);
}

/* Does the request's If-None-Match name this tag? Weak ones are good enough, and any is for *. */
static bool is_known(struct lws *wsi, const char *tag)
{
    char known[1024];
    return *http_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof known) &&
           (strstr(known, tag) || strcmp(known, "*") == 0);
}

static int snapshot_send(struct conn *conn, bool head, struct source *source)
{
    char extra[64];
    struct packet *packet = source_newest(source);
    if (!packet)
        return source->stream
                   ? answer_text(conn, head, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL,
                                 "no picture yet")
                   : answer_text(conn, head, HTTP_STATUS_GONE, NULL, "the stream was removed");
    int n = snprintf(extra, sizeof extra - 2, "etag:%c\"%016" PRIx64 "-%" PRIu64 "\"", 0,
                     packet->generation, packet->meta.number);
    extra[n + 1] = 0; /* no further header */
    if (is_known(conn->wsi, extra + sizeof "etag:"))
        return answer_head(conn, HTTP_STATUS_NOT_MODIFIED, extra);
    conn->packet = packet_hold(packet);
    conn->source = source;
    return answer_body(conn, head, "image/jpeg", (const char *)packet->data, packet->meta.bytes,
                       extra);
}

static int answer_snapshot(struct conn *conn, bool head, struct source *source)
{
    if (!source_refresh(source))
        return snapshot_send(conn, head, source);
    conn->source = source;
    conn->asks_head = head;
    conn->asker_link = &source->askers;
    conn->next_asker = source->askers;
    if (conn->next_asker)
        conn->next_asker->asker_link = &conn->next_asker;
    source->askers = conn;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
    return 0;
}

static int snapshot_write(struct conn *conn)
{
    if (conn->source->stale)
        return 0;
    snapshot_forget(conn);
    return snapshot_send(conn, conn->asks_head, conn->source);
}

/* text: malloc'ed, or NULL for no memory. */
static int answer_own(struct conn *conn, bool head, const char *type, char *text, size_t bytes)
{
    if (!text)
        return -1;
    conn->own = text;
    return answer_body(conn, head, type, text, bytes, NULL);
}

/* name: the last part of the path, at most 255 bytes. */
static int answer_folder(struct conn *conn, bool head, const char *name)
{
    char extra[sizeof "location:" + 3 * 255 + 4] = "location:", *at = extra + sizeof "location:";
    /* relative: behind a proxy we don't know what stands before */
    page_encode(name, at);
    at += strlen(at);
    memcpy(at, "/\0", 3);
    return answer_text(conn, head, 308, extra, "its address ends in /");
}

bool http_has_body(struct lws *wsi)
{
    char length[2];
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
           (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
            (lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) != 1 ||
             length[0] != '0'));
}

/* A file of --www. 1: there is none. */
static int answer_www(struct conn *conn, bool head, const char *path)
{
    char extra[sizeof "etag:" + sizeof((struct www_file *)0)->tag + 1] = "etag:";
    struct www_file file;
    const char *slash = strrchr(path, '/');
    struct server *server = conn->server;
    enum www_found found =
        server->files < server->files_max ? www_open(server->www, path, &file) : WWW_BUSY;
    switch (found) {
    case WWW_NOTHING:
        return 1;
    case WWW_FOLDER:
        return answer_folder(conn, head, slash ? slash + 1 : path);
    case WWW_BUSY:
        return answer_text(conn, head, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL,
                           "too many files are being sent");
    case WWW_FILE:
        break;
    }
    server->files++;
    strcpy(extra + sizeof "etag:", file.tag);
    conn->own_page = true;
    conn->file = file.fd;
    if (!is_known(conn->wsi, file.tag))
        return answer_body(conn, head, file.type, "", (size_t)file.bytes, extra);
    http_end(conn);
    return answer_head(conn, HTTP_STATUS_NOT_MODIFIED, extra);
}

/* What pages of other sites may read, if at all. */
static bool is_shared(enum endpoint at)
{
    return at == AT_MJPEG || at == AT_SNAPSHOT || at == AT_STATS || at == AT_STREAMS ||
           at == AT_WHEP || at == AT_CALL;
}

/* An answer behind which the connection ends. */
static int answer_last(struct conn *conn, bool head, unsigned status, const char *extra,
                       const char *text)
{
    http_text(conn, head, status, extra, text);
    return -1;
}

/* lws ends the request line at a newline that was percent-encoded, and takes what follows for a
 * header: then the version is in there. */
static bool version_known(struct lws *wsi)
{
    char version[16];
    return strncmp(http_header(wsi, WSI_TOKEN_HTTP, version, sizeof version), "HTTP/1.", 7) == 0;
}

/* --- what comes with a body: offers --- */

/* The length of the body that follows: -1, it doesn't say, or not in digits. */
static int64_t body_length(struct lws *wsi)
{
    char text[20];
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        !*http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
        strspn(text, "0123456789") != strlen(text))
        return -1;
    return strtoll(text, NULL, 10);
}

/*
 * May lws be let read it? Behind a request that came together with this one it would begin to at
 * the wrong place, and go round and round there. That is so when it has something of this
 * connection buffered, which it doesn't tell; but it tells when it has something of any.
 */
static bool body_readable(const struct conn *conn)
{
    return conn->requests == 1 || lws_service_adjust_timeout(conn->server->context, 1, 0);
}

/* Instead of reading the body, if there is one: bytes as body_length. What is short is skipped, or
 * the answer would get lost behind the reset that is due to bytes nobody reads. */
static int body_refuse(struct conn *conn, int64_t bytes, unsigned status, const char *extra,
                       const char *text)
{
    bool skip = http_has_body(conn->wsi)
                    ? bytes > 0 && bytes <= SKIP_BYTES && body_readable(conn)
                    : lws_hdr_total_length(conn->wsi, WSI_TOKEN_DELETE_URI) > 0;
    if (!skip)
        return answer_last(conn, false, status, extra, text);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT, POST_SECONDS);
    return http_refuse(conn, status, extra, text);
}

static bool is_type(struct lws *wsi, const char *type)
{
    char text[128];
    size_t bytes = strlen(type);
    http_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, text, sizeof text);
    return strncasecmp(text, type, bytes) == 0 && strchr("; \t", text[bytes]);
}

static int http_post(struct conn *conn, const struct route *route)
{
    struct server *server = conn->server;
    bool fury = route->at == AT_OFFER;
    int64_t bytes = body_length(conn->wsi);
    if (bytes < 0)
        return body_refuse(conn, bytes, 411, NULL, "a Content-Length is due");
    if (bytes > MESSAGE_BYTES)
        return body_refuse(conn, bytes, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, NULL, "more than 64 KiB");
    if (!is_type(conn->wsi, fury ? "application/json" : "application/sdp"))
        return body_refuse(conn, bytes, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                           fury ? NULL : "accept-post:\0application/sdp\0",
                           fury ? "application/json is due" : "application/sdp is due");
    if (server->viewers >= server->viewers_max || server->ending)
        return body_refuse(conn, bytes, HTTP_STATUS_SERVICE_UNAVAILABLE,
                           "retry-after:\0"
                           "10\0",
                           "too many viewers");
    if (bytes == 0)
        return body_refuse(conn, bytes, HTTP_STATUS_BAD_REQUEST, NULL, "not an offer");
    if (!body_readable(conn))
        return body_refuse(conn, bytes, HTTP_STATUS_SERVICE_UNAVAILABLE,
                           "retry-after:\0"
                           "0\0",
                           "an offer may not come right behind another request");
    conn->posts = route->at;
    conn->posted_to = route->source;
    conn->text_bytes = 0;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT, POST_SECONDS);
    return 0;
}

/* Anything but GET and HEAD. */
static int http_change(struct conn *conn, const char *path, int method, const struct route *route)
{
    struct refusal refusal;
    int64_t bytes = body_length(conn->wsi);
    const char *allowed = "allow:\0GET, HEAD\0", *what = "only GET and HEAD";
    if (!access_admit(conn, path, false, &refusal))
        return body_refuse(conn, bytes, refusal.status, refusal.extra, refusal.why);
    switch (route->at) {
    case AT_WHEP:
    case AT_OFFER:
        if (method == LWSHUMETH_POST)
            return http_post(conn, route);
        allowed = "allow:\0POST, OPTIONS\0";
        what = "only POST";
        break;
    case AT_CALL:
        if (method == LWSHUMETH_DELETE && !http_has_body(conn->wsi))
            return conn->server->rtc->hang_up(route->source, route->id)
                       ? http_refuse(conn, HTTP_STATUS_OK, NULL, "gone")
                       : http_refuse(conn, HTTP_STATUS_NOT_FOUND, NULL, "nothing here");
        allowed = "allow:\0DELETE, OPTIONS\0";
        what = "only DELETE, with no body";
        break;
    case AT_GONE:
        return body_refuse(conn, bytes, HTTP_STATUS_GONE, NULL, "the stream was removed");
    default:
        break;
    }
    return body_refuse(conn, bytes, HTTP_STATUS_METHOD_NOT_ALLOWED, allowed, what);
}

int http_body(struct conn *conn, const char *data, size_t bytes)
{
    /* Checked by its length before; lws hands out no more than that. */
    return conn->posts && conn->text_bytes + bytes <= MESSAGE_BYTES
               ? conn_collect(conn, data, bytes)
               : -1;
}

int http_body_end(struct conn *conn)
{
    enum endpoint at = conn->posts;
    struct server *server = conn->server;
    struct source *source = conn->posted_to;
    int result = -1;
    if (at == AT_NOTHING || conn->call) /* a further request behind it: not waited for */
        return -1;
    conn->posts = AT_NOTHING;
    if (!source->stream)
        result = http_refuse(conn, HTTP_STATUS_GONE, NULL, "the stream was removed");
    else if (server->ending)
        result = http_refuse(conn, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "the server ends");
    else
        result = server->rtc->offer(conn, source, at == AT_OFFER);
    conn_forget(conn);
    return result;
}

/* What there is to know before, of who may ask (pages of other sites) and of what is asked for. */
static int answer_options(struct conn *conn, const struct route *route)
{
    bool offers = conn->server->rtc && (route->at == AT_WHEP || conn->server->tokens);
    return answer_head(conn, HTTP_STATUS_NO_CONTENT,
                       offers ? "accept-post:\0application/sdp\0" : NULL);
}

int http_request(struct conn *conn)
{
    int method;
    size_t bytes = 0;
    const char *path = http_path(conn->wsi, &method);
    bool head = method == LWSHUMETH_HEAD;
    if (http_busy(conn))
        return -1;
    conn->requests++;
    if (!version_known(conn->wsi))
        return answer_last(conn, head, 505, NULL, "HTTP/1.1 is spoken here");
    if (!path)
        return answer_text(conn, head, HTTP_STATUS_BAD_REQUEST, NULL, "not a path");
    struct route route = http_route(conn->server, path);
    conn->own_page = false;
    conn->is_preflight = method == LWSHUMETH_OPTIONS;
    /* A preflight brings no token, and where one is due it mustn't tell what there is. */
    conn->has_cors = conn->server->cors_count &&
                     (is_shared(route.at) || (conn->is_preflight && conn->server->tokens));
    conn->cors = conn->has_cors ? cors_allowed(conn) : NULL;
    if (conn->is_preflight && !http_has_body(conn->wsi) &&
        (conn->has_cors || (route.at == AT_WHEP && !conn->server->tokens)))
        return answer_options(conn, &route);
    if (conn->server->rtc && method != LWSHUMETH_GET && !head)
        return http_change(conn, path, method, &route);
    if (method != LWSHUMETH_GET && !head) /* with no length lws would take anything for a body */
        return answer_last(conn, false, HTTP_STATUS_METHOD_NOT_ALLOWED, "allow:\0GET, HEAD\0",
                           "only GET and HEAD");
    if (http_has_body(conn->wsi))
        return answer_last(conn, head, HTTP_STATUS_BAD_REQUEST, NULL, "a GET has no body here");
    struct refusal refusal;
    bool page = route.at == AT_FILE || route.at == AT_LIST || route.at == AT_FOLDER;
    bool may_be_own = route.root && conn->server->www >= 0 &&
                      (route.at == AT_FILE || route.at == AT_LIST || route.at == AT_NOTHING);
    if (!access_admit(conn, path, page || may_be_own, &refusal))
        return answer_text(conn, head, refusal.status, refusal.extra, refusal.why);
    if (may_be_own) {
        int result = answer_www(conn, head, path + 1);
        if (result <= 0)
            return result;
    }
    switch (route.at) {
    case AT_FILE:
        return answer_body(conn, head, route.file->type, route.file->data,
                           (size_t)(route.file->end - route.file->data), NULL);
    case AT_LIST: {
        char *text = page_list(conn->server, &bytes);
        return answer_own(conn, head, "text/html; charset=utf-8", text, bytes);
    }
    case AT_STATS: {
        char *text = stats_json(route.source, &bytes);
        return answer_own(conn, head, "application/json", text, bytes);
    }
    case AT_STREAMS: {
        char *text = streams_json(conn->server, &bytes);
        return answer_own(conn, head, "application/json", text, bytes);
    }
    case AT_METRICS: {
        char *text = metrics_text(conn->server, &bytes);
        return answer_own(conn, head, "text/plain; version=0.0.4; charset=utf-8", text, bytes);
    }
    case AT_HEALTH:
        return conn->server->sources_live
                   ? answer_text(conn, head, HTTP_STATUS_OK, NULL, "ok")
                   : answer_text(conn, head, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, "no stream");
    case AT_SNAPSHOT:
        return answer_snapshot(conn, head, route.source);
    case AT_MJPEG:
        return answer_mjpeg(conn, head, route.source);
    case AT_FOLDER:
        return answer_folder(conn, head, route.source->name);
    case AT_WHEP:
    case AT_OFFER:
        return answer_text(conn, head, HTTP_STATUS_METHOD_NOT_ALLOWED, "allow:\0POST, OPTIONS\0",
                           "only POST");
    case AT_CALL:
        return answer_text(conn, head, HTTP_STATUS_METHOD_NOT_ALLOWED, "allow:\0DELETE, OPTIONS\0",
                           "only DELETE");
    case AT_WEBSOCKET:
        return answer_text(conn, head, 426, "upgrade:\0websocket\0", "a WebSocket is spoken here");
    case AT_GONE:
        return answer_text(conn, head, HTTP_STATUS_GONE, NULL, "the stream was removed");
    case AT_NOTHING:
        break;
    }
    return answer_text(conn, head, HTTP_STATUS_NOT_FOUND, NULL, "nothing here");
}

void http_garbage(struct lws *wsi, const char *data, size_t bytes)
{
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                              "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot HTTP\n";
    static const char method[] = "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n"
                                 "Allow: GET, HEAD\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 18\r\n\r\nonly GET and HEAD\n";
    size_t word = 0;
    while (word < bytes && data[word] >= 'A' && data[word] <= 'Z')
        word++;
    bool request = word > 0 && word + 1 < bytes && data[word] == ' ' &&
                   (data[word + 1] == '/' || strncmp(data, "CONNECT", word) == 0);
    size_t size = (request ? sizeof method : sizeof bad) - 1;
    memcpy(out.bytes + LWS_PRE, request ? method : bad, size);
    lws_write(wsi, out.bytes + LWS_PRE, size, LWS_WRITE_RAW);
}
