/* A connection of any kind: its socket, its share of the limits, its end. */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "server/stream/viewer.h"
#include "site.h"

struct conn;
struct connlimit;

/* Counts the connection in site, and takes over limit. NULL: no memory. */
struct conn *conn_new(struct site *site, struct connlimit *limit);
void conn_free(struct conn *conn);

/* lws' handle, known from the first event on. */
void conn_set_wsi(struct conn *conn, struct lws *wsi);
struct lws *conn_wsi(const struct conn *conn);

struct site *conn_site(const struct conn *conn);
struct connlimit *conn_limit(const struct conn *conn);

/* The client's address, for people. */
void conn_address(const struct conn *conn, char *out, size_t size);

/* Requests a call of the write functions once the socket has room. */
void conn_want_write(struct conn *conn);

/* Closes the connection in an orderly way, soon; may be called in any of its callbacks. code goes
 * into a WebSocket's close frame. */
void conn_close(struct conn *conn, unsigned code);

/* The same after an error of the client; why goes into the close frame. */
void conn_fail(struct conn *conn, unsigned code, const char *why);

bool conn_is_closing(const struct conn *conn);

/* Now that the socket has room: hands code and reason to lws. Returns -1, for lws to close. */
int conn_write_close(struct conn *conn, bool websocket);

/* A WebSocket's close frame was sent: nothing may follow it. */
void conn_close_sent(struct conn *conn);

/* lws has closed the connection. May be called several times. */
void conn_closed(struct conn *conn);

/* Hangs up at once, even in the middle of a message; lws then closes the connection. */
void conn_abort(struct conn *conn);

/* Whether conn_send may be called now, without conn_want_write. */
bool conn_can_send(const struct conn *conn);

/* Sends a whole message or nothing of it: lws buffers the part that the socket does not take. */
enum viewer_sent conn_send(struct conn *conn, unsigned char *message, size_t bytes);

/* A number that changes whenever the client takes something. *all: it has taken everything. */
uint64_t conn_taken(const struct conn *conn, bool *all);

#endif
