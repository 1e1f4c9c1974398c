/* WebSockets: handshake, viewers, incoming messages. */
#ifndef SERVER_WS_H
#define SERVER_WS_H

#include "auth.h"

struct conn;
struct response;
struct ws;

/* Checks a handshake. 0: accepted, and *credentials is set. 1: it was answered. -1: hang up. */
int ws_handshake(struct conn *conn, struct response *response, struct credentials *credentials);

/* Joins a viewer after the handshake. NULL: hang up. */
struct ws *ws_new(struct conn *conn, const struct credentials *credentials);
void ws_free(struct ws *ws); /* NULL is allowed */

/* A piece of a message. */
int ws_receive(struct ws *ws, const char *data, size_t bytes);

/* The socket has room. 0 or -1: close. */
int ws_write(struct ws *ws);

/* Stops serving the viewer while lws closes the connection. */
void ws_end_viewer(struct ws *ws);

/* The client closes, with the payload of its close frame. 0: lws replies with the same. */
int ws_client_closes(struct ws *ws, const char *data, size_t bytes);

#endif
