/*
 * An encoded frame, copied once out of the ring and shared by all viewers of a stream, with the
 * framing of both transports made in advance.
 */
#ifndef SERVER_PACKET_H
#define SERVER_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include "ring.h"

enum { PACKET_HEAD = 128 /* most bytes of framing before a packet */ };

struct packet_head {
    unsigned char text[PACKET_HEAD];
    size_t bytes;
};

struct packet {
    struct packet *next; /* in the free list */
    unsigned refs;
    uint64_t generation; /* of the stream that the packet comes from */
    struct ring_meta meta;
    size_t room;                /* bytes allocated for data */
    struct packet_head message; /* framing as a WebSocket message of one frame */
    struct packet_head part;    /* framing as a part of multipart/x-mixed-replace */
    unsigned char *data;        /* meta.bytes long */
};

/* Unused packets, kept for their memory. A zeroed pool is empty. */
struct packet_pool {
    struct packet *free;
    unsigned count;
};

/* A packet with one reference, or NULL: no memory. */
struct packet *packet_copy(struct packet_pool *pool, const struct ring_view *view,
                           uint64_t generation);

struct packet *packet_hold(struct packet *packet);
void packet_release(struct packet_pool *pool, struct packet *packet);
void packet_pool_free(struct packet_pool *pool);

/* The packet with its framing, valid until the other of these two is called for it; lws_write may
 * use LWS_PRE bytes before it. */
unsigned char *packet_as_message(struct packet *packet, size_t *bytes);
unsigned char *packet_as_part(struct packet *packet, size_t *bytes);

#endif
