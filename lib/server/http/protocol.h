/* Dispatches libwebsockets' events of a connection. */
#ifndef SERVER_PROTOCOL_H
#define SERVER_PROTOCOL_H

#include <libwebsockets.h>
#include "site.h"

struct client;
struct connlimit;

/* The opaque user data of a connection that is about to be adopted by lws, whose events free it
 * later. Takes over limit. NULL: no memory. */
struct client *protocol_client_new(struct site *site, struct connlimit *limit);

/* Handles an event of lws' callback. Those of other sockets are ignored. */
int protocol_event(struct lws *wsi, enum lws_callback_reasons reason, const char *data,
                   size_t bytes);

#endif
