/* Sending to a viewer: the newest packet whenever its connection has room, state messages, replies
 * to pings. */
#ifndef SERVER_DELIVERY_H
#define SERVER_DELIVERY_H

#include "viewer.h"

/* The stream that the viewer is shown has a new packet. */
void delivery_packet(struct viewer *viewer);

/* The viewer draws parts of packets. If it has said so before, it has nothing: the next packet is
 * whole, and may be the same again. */
void delivery_use_parts(struct viewer *viewer);

/* Tries to send the newest packet, after something that held it back has changed. */
void delivery_retry(struct viewer *viewer);

/* Sends one message or packet: called when the connection has room, after transport->want_write.
 * -1: close the connection. */
int delivery_write(struct viewer *viewer);

/* Queues the reply to a ping; t is copied into it. */
void delivery_pong(struct viewer *viewer, const char *t);

#endif
