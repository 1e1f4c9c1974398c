/* HTTP requests of one connection, each led to its answer. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include "auth.h"

struct conn;
struct http;

struct http *http_new(struct conn *conn); /* NULL: no memory */
void http_free(struct http *http);        /* NULL is allowed */

/* A request's header; a part of its body; the end of that. 0 or -1: hang up. */
int http_request(struct http *http);
int http_body(struct http *http, const char *data, size_t bytes);
int http_body_end(struct http *http);

/* A WebSocket handshake. 0: accepted. 1: answered. -1: hang up. */
int http_handshake(struct http *http);

/* Of the latest request. */
const struct credentials *http_credentials(const struct http *http);

/* The socket has room. 0 or -1. */
int http_write(struct http *http);

/* lws has closed the connection: lets go of all that is being sent. */
void http_closed(struct http *http);

#endif
