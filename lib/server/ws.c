/* WebSocket: who may have one, and what comes in. */
#include "auth.h"
#include "utf8.h"
#include <string.h>

enum {
    EXTENSION_BYTES = 250, /* lws hangs up on more */
    KEPT_BYTES = 4096      /* for messages in pieces, while a viewer sends none */
};

void ws_head(struct head *head, uint64_t bytes)
{
    unsigned more = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
    head->bytes = 2 + more;
    head->text[0] = 0x82; /* binary, and final */
    head->text[1] = more == 0 ? (unsigned char)bytes : more == 2 ? 126 : 127;
    for (unsigned i = 0; i < more; i++)
        head->text[2 + i] = (unsigned char)(bytes >> 8 * (more - 1 - i));
}

/* Is it one of a list's tokens? `keep-alive, Upgrade` */
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

/* 16 bytes in base64? */
static bool key_valid(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(key) == 24 && strspn(key, base64) == 22 && strcmp(key + 22, "==") == 0;
}

/* What lws takes though RFC 6455 forbids it, or answers by hanging up. */
static bool handshake_whole(struct lws *wsi)
{
    char text[128];
    return *http_header(wsi, WSI_TOKEN_HTTP, text, sizeof text) && strcmp(text, "HTTP/1.1") == 0 &&
           *http_header(wsi, WSI_TOKEN_HOST, text, sizeof text) &&
           *http_header(wsi, WSI_TOKEN_KEY, text, sizeof text) && key_valid(text) &&
           *http_header(wsi, WSI_TOKEN_CONNECTION, text, sizeof text) &&
           list_has(text, "upgrade") && lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) <= 0 &&
           lws_hdr_total_length(wsi, WSI_TOKEN_EXTENSIONS) <= EXTENSION_BYTES &&
           !http_has_body(wsi);
}

int ws_handshake(struct conn *conn)
{
    struct server *server = conn->server;
    struct lws *wsi = conn->wsi;
    char text[128];
    /* After an answer of its own to an unknown upgrade lws comes here with no headers left. */
    if (!*http_header(wsi, WSI_TOKEN_UPGRADE, text, sizeof text) || http_busy(conn))
        return -1;
    int method;
    const char *path = http_path(wsi, &method);
    unsigned status = 0;
    const char *why = "", *extra = "connection:\0close\0"; /* lws does */
    struct refusal refusal;
    struct route route = http_route(server, path ? path : "");
    conn->has_cors = false;
    conn->own_page = false;
    if (!access_admit(conn, path ? path : "/", false, &refusal))
        return http_text(conn, false, refusal.status, refusal.extra, refusal.why) ? -1 : 1;
    if (strcasecmp(text, "websocket") || !path || method != LWSHUMETH_GET) {
        status = HTTP_STATUS_BAD_REQUEST;
        why = "only a GET can become a WebSocket, and nothing else is spoken here but HTTP/1.1";
    } else if (route.at == AT_GONE) {
        status = HTTP_STATUS_GONE;
        why = "the stream was removed";
    } else if (route.at != AT_WEBSOCKET) {
        status = HTTP_STATUS_NOT_FOUND;
        why = "no WebSocket here; it is at /NAME/ws";
    } else if (!handshake_whole(wsi)) {
        status = HTTP_STATUS_BAD_REQUEST;
        why = "not a WebSocket handshake: HTTP/1.1, Host, Connection: Upgrade and one "
              "Sec-WebSocket-Key are due, a body and Sec-WebSocket-Protocol are not";
    } else if (!*http_header(wsi, WSI_TOKEN_VERSION, text, sizeof text) || strcmp(text, "13")) {
        status = 426;
        why = "the WebSocket version spoken here is 13";
        extra = "connection:\0close\0sec-websocket-version:\0"
                "13\0";
    } else if (server->viewers >= server->viewers_max || server->ending) {
        status = HTTP_STATUS_SERVICE_UNAVAILABLE;
        why = "too many viewers";
    }
    if (!status)
        return 0;
    return http_text(conn, false, status, extra, why) ? -1 : 1;
}

int ws_open(struct conn *conn)
{
    int method;
    const char *path = http_path(conn->wsi, &method);
    struct route route = http_route(conn->server, path ? path : "");
    return route.at == AT_WEBSOCKET ? viewer_join(conn, route.source, VIEWER_WEBSOCKET) : -1;
}

int ws_peer_closes(struct conn *conn, const char *data, size_t bytes)
{
    unsigned code = bytes < 2 ? 0 : (unsigned char)data[0] << 8 | (unsigned char)data[1];
    if (conn->viewer) /* lws would go on with what comes behind it */
        viewer_leave(conn->viewer);
    if (bytes == 1 || code > 4999)
        code = LWS_CLOSE_STATUS_PROTOCOL_ERR;
    else if (bytes > 2 && !utf8_valid(data + 2, bytes - 2))
        code = LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    else
        return 0;
    lws_close_reason(conn->wsi, (enum lws_close_status)code, NULL, 0);
    return -1;
}

/* Closes this one connection; the others never notice. Not by -1: when more has come already, lws
 * 4.1 would read that before its close frame is sent, and hang up over it. */
static int ws_fail(struct conn *conn, unsigned code, const char *why)
{
    conn_fail(conn, code, why);
    return 0;
}

int ws_receive(struct conn *conn, const char *data, size_t bytes)
{
    if (!conn->viewer) /* it ends already */
        return 0;
    if (lws_frame_is_binary(conn->wsi))
        return ws_fail(conn, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text is due, not binary");
    if (lws_is_first_fragment(conn->wsi)) /* of an empty end lws may not tell */
        conn->text_more = false;
    if (!conn->text_more)
        conn->text_bytes = 0;
    /* What is announced counts, before it comes. */
    uint64_t rest = lws_remaining_packet_payload(conn->wsi);
    if (rest > MESSAGE_BYTES || conn->text_bytes + bytes + rest > MESSAGE_BYTES)
        return ws_fail(conn, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "more than 64 KiB");
    bool final = lws_is_final_fragment(conn->wsi), whole = final && !conn->text_more;
    conn->text_more = !final;
    if (!whole) {
        if (conn_collect(conn, data, bytes))
            return ws_fail(conn, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "no memory");
        data = conn->text;
        bytes = conn->text_bytes;
    }
    if (!final)
        return 0;
    const char *why = "";
    unsigned code = viewer_message(conn->viewer, bytes ? data : "", bytes, &why);
    if (conn->text_room > KEPT_BYTES) /* hardly a message is so long */
        conn_forget(conn);
    return code ? ws_fail(conn, code, why) : 0;
}
