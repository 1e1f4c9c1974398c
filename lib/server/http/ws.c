#include "ws.h"
#include "conn.h"
#include "request.h"
#include "response.h"
#include "router.h"
#include "server/stream/delivery.h"
#include "server/stream/message.h"
#include "server/stream/streams.h"
#include "textbuf.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    EXTENSION_BYTES = 250, /* lws hangs up on more */
    KEPT_BYTES = 4096      /* buffer for fragmented messages that is kept between them */
};

struct ws {
    struct conn *conn;
    struct lws *wsi;
    struct viewer *viewer; /* NULL: it has ended */
    struct credentials credentials;
    struct textbuf message; /* that is arriving in pieces */
    bool more;              /* the last fragment was not the final one */
};

/* --- transport --- */

/* Nothing may be sent after a close frame that lws sends by itself. */
static bool ready(void *link)
{
    struct ws *ws = link;
    return conn_can_send(ws->conn) && !lws_get_close_length(ws->wsi);
}

static enum viewer_sent send_packet(void *link, struct packet *packet,
                                    const struct packet_parts *parts)
{
    struct conn *conn = ((struct ws *)link)->conn;
    if (parts)
        return conn_send(conn, parts->message, parts->message_bytes);
    size_t bytes;
    unsigned char *message = packet_as_message(packet, &bytes);
    return conn_send(conn, message, bytes);
}

static bool congested(void *link)
{
    return lws_partial_buffered(((struct ws *)link)->wsi);
}

static uint64_t taken(const void *link, bool *all)
{
    return conn_taken(((const struct ws *)link)->conn, all);
}

static void abort_connection(void *link)
{
    conn_abort(((struct ws *)link)->conn);
}

static bool pausable(const void *link)
{
    return !lws_is_ssl(((const struct ws *)link)->wsi);
}

static void pause_reading(void *link, bool paused)
{
    lws_rx_flow_control(((struct ws *)link)->wsi, !paused);
}

static int send_text(void *link, unsigned char *text, size_t bytes)
{
    return lws_write(((struct ws *)link)->wsi, text, bytes, LWS_WRITE_TEXT) < (int)bytes ? -1 : 0;
}

static void want_write(void *link)
{
    conn_want_write(((struct ws *)link)->conn);
}

static void close_connection(void *link, unsigned code)
{
    struct ws *ws = link;
    ws->viewer = NULL;
    conn_close(ws->conn, code);
}

static bool authorized(const void *link)
{
    const struct ws *ws = link;
    return auth_still_valid(conn_site(ws->conn), &ws->credentials);
}

static void address(const void *link, char *out, size_t size)
{
    conn_address(((const struct ws *)link)->conn, out, size);
}

#define MESSAGES                                                                                   \
    .kind = VIEWER_WEBSOCKET, .name = "websocket", .title = "WebSocket", .has_messages = true,     \
    .pausable = pausable, .pause = pause_reading, .send_text = send_text,                          \
    .want_write = want_write, .close = close_connection, .authorized = authorized,                 \
    .address = address

static const struct viewer_transport transport = {
    MESSAGES,
    .ready = ready,
    .send_packet = send_packet,
    .congested = congested,
    .taken = taken,
    .abort = abort_connection,
};

/* The page of FURY 0.12 has its images from elsewhere, and its WebSocket only sends. */
static const struct viewer_transport messages_only = {MESSAGES};

/* --- handshake --- */

/* Whether token is in a comma-separated list such as `keep-alive, Upgrade`. */
static bool list_has(const char *list, const char *token)
{
    size_t bytes = 0;
    for (const char *at = list; *at; at += bytes) {
        at += strspn(at, ", \t");
        bytes = strcspn(at, ", \t");
        if (bytes == strlen(token) && strncasecmp(at, token, bytes) == 0)
            return true;
    }
    return false;
}

/* Whether it is 16 bytes in base64. */
static bool key_valid(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(key) == 24 && strspn(key, base64) == 22 && strcmp(key + 22, "==") == 0;
}

/* False for handshakes that lws accepts though RFC 6455 forbids them, or answers by hanging up. */
static bool handshake_valid(struct lws *wsi)
{
    char text[128];
    return *request_header(wsi, WSI_TOKEN_HTTP, text, sizeof text) &&
           strcmp(text, "HTTP/1.1") == 0 &&
           *request_header(wsi, WSI_TOKEN_HOST, text, sizeof text) &&
           *request_header(wsi, WSI_TOKEN_KEY, text, sizeof text) && key_valid(text) &&
           *request_header(wsi, WSI_TOKEN_CONNECTION, text, sizeof text) &&
           list_has(text, "upgrade") && lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) <= 0 &&
           lws_hdr_total_length(wsi, WSI_TOKEN_EXTENSIONS) <= EXTENSION_BYTES &&
           !request_has_body(wsi);
}

static int refuse(struct response *response, unsigned status, const char *extra, const char *why)
{
    return response_text_raw(response, status, extra, why) ? -1 : 1;
}

int ws_handshake(struct conn *conn, struct response *response, struct credentials *credentials)
{
    struct site *site = conn_site(conn);
    struct lws *wsi = conn_wsi(conn);
    static const char close[] = "connection:\0close\0"; /* lws does */
    char upgrade[128], version[16];
    int method;
    struct refusal refusal = {0};
    /* After its own answer to an unknown upgrade, lws comes here with no headers left. */
    if (!*request_header(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade))
        return -1;
    const char *path = request_path(wsi, &method);
    struct route route = router_find(site, path ? path : "");
    response_reset(response, false);
    bool admitted = auth_admit(site, wsi, path ? path : "/", AUTH_PLAIN, credentials, &refusal);
    response_set_shared(response, credentials->shared);
    if (!admitted)
        return refuse(response, refusal.status, refusal.extra, refusal.why);
    if (strcasecmp(upgrade, "websocket") || !path || method != LWSHUMETH_GET)
        return refuse(response, HTTP_STATUS_BAD_REQUEST, close,
                      "cannot upgrade: only a GET over HTTP/1.1 to a WebSocket is possible");
    if (route.at == AT_GONE)
        return refuse(response, HTTP_STATUS_GONE, close, "the stream was removed");
    if (route.at != AT_WEBSOCKET)
        return refuse(response, HTTP_STATUS_NOT_FOUND, close,
                      "no WebSocket here; it is at /NAME/ws");
    if (!handshake_valid(wsi))
        return refuse(response, HTTP_STATUS_BAD_REQUEST, close,
                      "invalid WebSocket handshake: send HTTP/1.1, Host, Connection: Upgrade and "
                      "one Sec-WebSocket-Key, but no body and no Sec-WebSocket-Protocol");
    if (!*request_header(wsi, WSI_TOKEN_VERSION, version, sizeof version) || strcmp(version, "13"))
        return refuse(response, 426,
                      "connection:\0close\0sec-websocket-version:\0"
                      "13\0",
                      "unsupported WebSocket version: use 13");
    if (site->streams->viewers >= site->streams->viewers_max || site->streams->ending)
        return refuse(response, HTTP_STATUS_SERVICE_UNAVAILABLE, close, "too many viewers");
    return 0;
}

/* --- connections --- */

struct ws *ws_new(struct conn *conn, const struct credentials *credentials)
{
    int method;
    const char *path = request_path(conn_wsi(conn), &method);
    struct route route = router_find(conn_site(conn), path ? path : "");
    struct ws *ws = route.at == AT_WEBSOCKET ? calloc(1, sizeof *ws) : NULL;
    if (!ws)
        return NULL;
    ws->conn = conn;
    ws->wsi = conn_wsi(conn);
    ws->credentials = *credentials;
    ws->viewer = streams_join(route.served,
                              route.root && conn_site(conn)->www_fury ? &messages_only : &transport,
                              ws, credentials->role);
    if (ws->viewer)
        return ws;
    free(ws);
    return NULL;
}

void ws_end_viewer(struct ws *ws)
{
    if (ws->viewer)
        viewer_end(ws->viewer);
    ws->viewer = NULL;
}

void ws_free(struct ws *ws)
{
    if (!ws)
        return;
    ws_end_viewer(ws);
    textbuf_free(&ws->message);
    free(ws);
}

int ws_write(struct ws *ws)
{
    return ws->viewer ? delivery_write(ws->viewer) : 0;
}

int ws_client_closes(struct ws *ws, const char *data, size_t bytes)
{
    unsigned code = bytes < 2 ? 0 : (unsigned char)data[0] << 8 | (unsigned char)data[1];
    ws_end_viewer(ws); /* lws would deliver messages after the close frame */
    if (bytes == 1 || code > 4999)
        code = LWS_CLOSE_STATUS_PROTOCOL_ERR;
    else if (bytes > 2 && !utf8_valid(data + 2, bytes - 2))
        code = LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    else
        return 0;
    lws_close_reason(ws->wsi, (enum lws_close_status)code, NULL, 0);
    return -1;
}

/* --- messages --- */

/* Closes this one connection. Not by returning -1: lws 4.1 would first read any data that has
 * already arrived, and hang up without its close frame. */
static int fail(struct ws *ws, unsigned code, const char *why)
{
    ws_end_viewer(ws);
    conn_fail(ws->conn, code, why);
    return 0;
}

int ws_receive(struct ws *ws, const char *data, size_t bytes)
{
    struct textbuf *message = &ws->message;
    if (!ws->viewer)
        return 0;
    if (lws_frame_is_binary(ws->wsi))
        return fail(ws, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "binary message: send text");
    if (lws_is_first_fragment(ws->wsi)) /* lws may not report the end of an empty message */
        ws->more = false;
    if (!ws->more)
        message->bytes = 0;
    /* The announced length counts, before the data has arrived. */
    uint64_t rest = lws_remaining_packet_payload(ws->wsi);
    if (rest > MESSAGE_BYTES || message->bytes + bytes + rest > MESSAGE_BYTES)
        return fail(ws, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "more than 64 KiB");
    bool final = lws_is_final_fragment(ws->wsi), whole = final && !ws->more;
    ws->more = !final;
    if (!whole) {
        if (textbuf_add(message, data, bytes))
            return fail(ws, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "no memory");
        data = message->text;
        bytes = message->bytes;
    }
    if (!final)
        return 0;
    const char *why = "";
    unsigned code = message_take(ws->viewer, bytes ? data : "", bytes, &why);
    if (message->room > KEPT_BYTES)
        textbuf_free(message);
    return code ? fail(ws, code, why) : 0;
}
