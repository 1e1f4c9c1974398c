#include "conn.h"
#include "connlimit.h"
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    END_SECONDS = 2, /* time after which a closing connection that doesn't read is cut off */
    WHY_BYTES = 100
};

struct conn {
    struct lws *wsi;
    struct site *site;
    struct connlimit *limit;
    unsigned close_code; /* 0: not closing */
    char *close_why;
    bool failed;     /* closed for an error of the client */
    bool close_sent; /* its close frame was the last thing sent */
};

struct conn *conn_new(struct site *site, struct connlimit *limit)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->site = site;
    conn->limit = limit;
    site->connections++;
    return conn;
}

void conn_free(struct conn *conn)
{
    conn_closed(conn);
    conn->site->connections--;
    connlimit_drop(conn->limit);
    free(conn);
}

void conn_set_wsi(struct conn *conn, struct lws *wsi)
{
    conn->wsi = wsi;
}

struct lws *conn_wsi(const struct conn *conn)
{
    return conn->wsi;
}

struct site *conn_site(const struct conn *conn)
{
    return conn->site;
}

struct connlimit *conn_limit(const struct conn *conn)
{
    return conn->limit;
}

void conn_address(const struct conn *conn, char *out, size_t size)
{
    *out = 0;
    lws_get_peer_simple(conn->wsi, out, size);
    if (!*out || *out == '(') /* "(unix skt)" from libwebsockets 4.3 on */
        snprintf(out, size, "a Unix socket");
}

void conn_want_write(struct conn *conn)
{
    lws_callback_on_writable(conn->wsi);
}

/* --- closing --- */

void conn_close(struct conn *conn, unsigned code)
{
    if (conn->close_code)
        return;
    conn->close_code = code;
    conn->site->closing++;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_CLOSE_SEND, END_SECONDS);
    lws_callback_on_writable(conn->wsi);
}

void conn_fail(struct conn *conn, unsigned code, const char *why)
{
    if (conn->close_code)
        return;
    conn->failed = true;
    conn->close_why = strndup(why, WHY_BYTES);
    conn_close(conn, code);
}

bool conn_is_closing(const struct conn *conn)
{
    return conn->close_code;
}

int conn_write_close(struct conn *conn, bool websocket)
{
    char *why = conn->close_why;
    if (websocket)
        lws_close_reason(conn->wsi, (enum lws_close_status)conn->close_code, (unsigned char *)why,
                         why ? strlen(why) : 0);
    return -1;
}

/*
 * The frame may be lws' own. After a failure the client's reply is not awaited (RFC 6455, 7.1.7):
 * in the middle of a frame it could not be recognized. The client gets end of file at once, and has
 * a moment to read both before a reset discards them.
 */
void conn_close_sent(struct conn *conn)
{
    if ((conn->close_code && !conn->failed) || conn->close_sent)
        return;
    conn->close_sent = true;
    shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_CLOSE_ACK, END_SECONDS);
}

void conn_closed(struct conn *conn)
{
    free(conn->close_why);
    conn->close_why = NULL;
    if (conn->close_code)
        conn->site->closing--;
    conn->close_code = 0;
}

void conn_abort(struct conn *conn)
{
    shutdown(lws_get_socket_fd(conn->wsi), SHUT_RDWR);
}

/* --- packets --- */

/* TLS may have to read first, and nothing may interrupt what lws itself is sending. */
bool conn_can_send(const struct conn *conn)
{
    return !conn->site->tls && !lws_partial_buffered(conn->wsi);
}

enum viewer_sent conn_send(struct conn *conn, unsigned char *message, size_t bytes)
{
    ssize_t sent = 0;
    if (!conn->site->tls) {
        sent = send(lws_get_socket_fd(conn->wsi), message, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? VIEWER_BLOCKED : VIEWER_BROKEN;
    }
    message += sent;
    bytes -= (size_t)sent;
    return bytes && lws_write(conn->wsi, message, bytes, LWS_WRITE_RAW) < (int)bytes ? VIEWER_BROKEN
                                                                                     : VIEWER_SENT;
}

uint64_t conn_taken(const struct conn *conn, bool *all)
{
    int fd = lws_get_socket_fd(conn->wsi), queued = 0;
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    ioctl(fd, SIOCOUTQ, &queued);
    *all = !queued && !lws_partial_buffered(conn->wsi);
    /* A Unix socket has no such count: there the rest in the queue is the next best. */
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_acked
                                                                    : (uint64_t)queued;
}
