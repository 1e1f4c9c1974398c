/* libwebsockets' events of one connection, led to where they belong. */
#ifndef SERVER_PROTOCOL_H
#define SERVER_PROTOCOL_H

#include <libwebsockets.h>
#include "site.h"

struct client;
struct connlimit;

/* A connection that is about to be adopted, with this as its opaque user data: lws' events free it
 * from then on. Takes over limit. NULL: no memory. */
struct client *protocol_client_new(struct site *site, struct connlimit *limit);

/* Handles an event of lws' callback. Those of other sockets are ignored. */
int protocol_event(struct lws *wsi, enum lws_callback_reasons reason, const char *data,
                   size_t bytes);

#endif
