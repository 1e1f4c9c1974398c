/* One connection, and the callback by which libwebsockets tells of it. */
#include "auth.h"
#include "rtc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    END_SECONDS =
        2, /* a connection that was told to go but doesn't read is cut off after so long */
    WHY_BYTES = 100
};

struct conn *conn_new(struct server *server)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn)
        conn->server = server;
    return conn;
}

/* Lets go of all it has. Comes once for each way in which lws tells of an end. */
static void conn_release(struct conn *conn)
{
    if (conn->viewer)
        viewer_leave(conn->viewer);
    if (conn->call)
        conn->server->rtc->forget(conn);
    http_end(conn);
    conn_forget(conn);
    free(conn->close_why);
    conn->close_why = NULL;
    if (conn->close_code)
        conn->server->closing--;
    conn->close_code = 0;
}

void conn_end(struct conn *conn, unsigned close_code)
{
    if (conn->close_code)
        return;
    conn->close_code = close_code;
    if (conn->viewer)
        viewer_leave(conn->viewer);
    if (!conn->wsi) {
        conn->server->rtc->end(conn);
        return;
    }
    conn->server->closing++;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_CLOSE_SEND, END_SECONDS);
    lws_callback_on_writable(conn->wsi);
}

void conn_fail(struct conn *conn, unsigned close_code, const char *why)
{
    if (conn->close_code)
        return;
    conn->failed = true;
    conn->close_why = strndup(why, WHY_BYTES);
    conn_end(conn, close_code);
}

void conn_want(struct conn *conn)
{
    if (conn->wsi)
        lws_callback_on_writable(conn->wsi);
    else
        conn->server->rtc->want(conn);
}

int conn_text(struct conn *conn, unsigned char *text, size_t bytes)
{
    if (conn->wsi)
        return lws_write(conn->wsi, text, bytes, LWS_WRITE_TEXT) < (int)bytes ? -1 : 0;
    return conn->server->rtc->text(conn, (const char *)text, bytes);
}

void conn_address(const struct conn *conn, char *out, size_t size)
{
    *out = 0;
    if (conn->wsi)
        lws_get_peer_simple(conn->wsi, out, size);
    else
        conn->server->rtc->address(conn, out, size);
    if (!*out)
        snprintf(out, size, "a Unix socket");
}

int conn_collect(struct conn *conn, const char *data, size_t bytes)
{
    if (conn->text_bytes + bytes > conn->text_room) {
        size_t room = 2 * (conn->text_bytes + bytes);
        if (room > MESSAGE_BYTES)
            room = MESSAGE_BYTES;
        char *text = realloc(conn->text, room);
        if (!text)
            return -1;
        conn->text = text;
        conn->text_room = room;
    }
    if (bytes)
        memcpy(conn->text + conn->text_bytes, data, bytes);
    conn->text_bytes += bytes;
    return 0;
}

void conn_forget(struct conn *conn)
{
    free(conn->text);
    conn->text = NULL;
    conn->text_room = conn->text_bytes = 0;
}

static int conn_close(struct conn *conn, bool websocket)
{
    char *why = conn->close_why;
    if (websocket)
        lws_close_reason(conn->wsi, (enum lws_close_status)conn->close_code, (unsigned char *)why,
                         why ? strlen(why) : 0);
    return -1;
}

/*
 * The close frame has gone out, maybe lws's own: nothing may follow it. After a failure its answer
 * is not waited for (RFC 6455, 7.1.7): in the middle of a frame none could be told. The client gets
 * the end of file at once, and has a moment to read both before a reset takes them away.
 */
static int conn_closed(struct conn *conn)
{
    if (conn->viewer)
        viewer_leave(conn->viewer);
    if ((conn->close_code && !conn->failed) || conn->shut)
        return 0;
    conn->shut = true;
    shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_CLOSE_ACK, END_SECONDS);
    return 0;
}

static int conn_writable(struct conn *conn, bool websocket)
{
    if (websocket && lws_get_close_length(conn->wsi))
        return conn_closed(conn);
    if (conn->close_code)
        return conn_close(conn, websocket);
    if (conn->viewer)
        return viewer_write(conn->viewer);
    return websocket ? 0 : http_write(conn);
}

static int conn_happens(struct conn *conn, enum lws_callback_reasons reason, const char *data,
                        size_t bytes)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return ws_handshake(conn);
    case LWS_CALLBACK_HTTP:
        return http_request(conn);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(conn, data, bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(conn);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return conn_writable(conn, false);
    case LWS_CALLBACK_ESTABLISHED:
        return ws_open(conn);
    case LWS_CALLBACK_RECEIVE:
        return ws_receive(conn, data, bytes);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        /* Ours has not gone out yet, but says more. */
        return conn->close_code ? conn_close(conn, true) : ws_peer_closes(conn, data, bytes);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return conn_writable(conn, true);
    case LWS_CALLBACK_RAW_RX:
        http_garbage(conn->wsi, data, bytes);
        return -1;
    case LWS_CALLBACK_WSI_DESTROY:
        conn_release(conn);
        conn->server->connections--;
        peer_go(conn->peer);
        free(conn);
        return 0;
    default:
        conn_release(conn);
        return 0;
    }
}

int conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t bytes)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    struct conn *conn = NULL;
    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        for (size_t i = 0; i < server->source_count; i++)
            source_look(&server->sources[i]);
        if (server->rtc)
            server->rtc->look(server);
        return 0;
    case LWS_CALLBACK_RAW_RX_FILE:
        if (wsi == server->listener)
            listen_accept(server);
        else if (wsi == server->reloader)
            reload_take(server);
        return 0;
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        tls_setup(server->tls, user);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
    case LWS_CALLBACK_RAW_RX:
        conn = lws_get_opaque_user_data(wsi);
        break;
    default:
        return 0;
    }
    if (!conn) /* the listener */
        return 0;
    conn->wsi = wsi;
    return conn_happens(conn, reason, in, bytes);
}
