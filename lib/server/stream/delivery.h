/* Sending to a viewer: the newest packet whenever its connection has room, state messages, replies
 * to pings. */
#ifndef SERVER_DELIVERY_H
#define SERVER_DELIVERY_H

#include "viewer.h"

/* The stream that the viewer is shown has a new packet. */
void delivery_packet(struct viewer *viewer);

/* Something that held back the newest packet has changed. */
void delivery_wake(struct viewer *viewer);

/* Sends one thing: the connection has room, as transport->want_write was asked for. -1: close the
 * connection. */
int delivery_write(struct viewer *viewer);

/* Queues the reply to a ping; t is copied into it. */
void delivery_pong(struct viewer *viewer, const char *t);

#endif
