/* Messages of a viewer: its input, acknowledgements, pings and requests for control. */
#ifndef SERVER_MESSAGE_H
#define SERVER_MESSAGE_H

#include <stddef.h>

struct viewer;

enum { MESSAGE_BYTES = 1 << 16 /* longest message */ };

/* Handles a message, which may be any bytes. 0; or a WebSocket close code and *why: close the
 * connection. */
unsigned message_take(struct viewer *viewer, const char *text, size_t bytes, const char **why);

#endif
