/* The HTTP requests of one connection, and their answers. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include "auth.h"

struct conn;
struct http;

struct http *http_new(struct conn *conn); /* NULL: no memory */
void http_free(struct http *http);        /* NULL is allowed */

/* Handle a request's header, a part of its body, and the end of the body. 0 or -1: hang up. */
int http_request(struct http *http);
int http_body(struct http *http, const char *data, size_t bytes);
int http_body_end(struct http *http);

/* Handles a WebSocket handshake. 0: accepted. 1: answered. -1: hang up. */
int http_handshake(struct http *http);

/* The credentials of the latest request. */
const struct credentials *http_credentials(const struct http *http);

/* Sends more, now that the socket has room. 0 or -1: hang up. */
int http_write(struct http *http);

/* lws has closed the connection: drops everything that is being sent. */
void http_closed(struct http *http);

#endif
