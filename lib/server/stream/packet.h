/*
 * An encoded frame, copied once out of the ring and shared by all viewers of a stream, with the
 * framing of both transports made in advance. Of a tiled one, messages with the parts that viewers
 * lack are made when first needed, once for all viewers that show the same.
 */
#ifndef SERVER_PACKET_H
#define SERVER_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include "image/tileparts.h"
#include "ring.h"

enum {
    PACKET_HEAD = 128,   /* most bytes of framing before a packet */
    PACKET_MESSAGES = 16 /* messages with parts that are kept for one packet */
};

struct packet_head {
    unsigned char text[PACKET_HEAD];
    size_t bytes;
};

/* A message with parts of a packet. */
struct packet_parts {
    struct tileparts_shown shown; /* by the viewers that need it */
    unsigned char *memory;        /* NULL: these viewers need the whole packet */
    unsigned char *message;       /* with its framing, and LWS_PRE bytes before it */
    size_t message_bytes;
    size_t bytes; /* without the framing */
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
    bool tiled;                 /* parts can be made of it */
    bool sharp;                 /* large and of high quality, after others of the same picture */
    struct tileparts tiles;
    struct packet_parts parts[PACKET_MESSAGES];
    unsigned parts_made; /* number of messages with parts so far */
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

/* Whether it shows the same picture as an earlier packet of the stream, but sharp. */
bool packet_sharpens(const struct packet *packet, const struct packet *earlier);

/* A message that brings viewers which show this up to date, valid until the next call for the
 * packet. NULL: they need the whole packet. */
const struct packet_parts *packet_parts(struct packet *packet, const struct tileparts_shown *shown);

/* The packet with its framing, valid until the other of these two is called for it; lws_write may
 * use LWS_PRE bytes before it. */
unsigned char *packet_as_message(struct packet *packet, size_t *bytes);
unsigned char *packet_as_part(struct packet *packet, size_t *bytes);

#endif
