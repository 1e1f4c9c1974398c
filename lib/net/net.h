/*
 * A network as a packet of a stream: what there is to know of it but positions, which are the
 * stream's frames (PIXFMT_F32, a row a node). Program net-layout writes it, net-draw reads it. The
 * packet of the most nodes comes first: a frame whose rows aren't the packet's nodes belongs to
 * another packet.
 *
 * The bytes (man/shmcast-net.5): struct net_head, then the sections in the order of its offsets,
 * each at a multiple of 8 and 0-padded to one. Little-endian.
 */
#ifndef SHMCAST_NET_H
#define SHMCAST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_MAGIC UINT64_C(0x0074656e6d6873) /* "shmnet\0\0" */

enum {
    NET_VERSION = 1,
    NET_NODES_MAX = 1 << 24, /* rows of an array: SHMFMT_ROWS_MAX */
    NET_EDGES_MAX = 1 << 28,
    NET_NAME_MAX = 255 /* bytes of one name */
};

/* Offsets are from the head's first byte; 0: there are none. */
struct net_head {
    uint64_t magic;          /* NET_MAGIC */
    uint32_t version;        /* NET_VERSION */
    uint32_t head_bytes;     /* of this: 96 */
    uint64_t bytes;          /* of the packet */
    uint32_t nodes;          /* 1 … NET_NODES_MAX */
    uint32_t edges;          /* 0 … NET_EDGES_MAX */
    uint32_t communities;    /* 1 … nodes */
    uint32_t reserved;       /* 0 */
    uint64_t degrees_at;     /* uint32_t [nodes] */
    uint64_t communities_at; /* uint32_t [nodes], each < communities; 0 is the largest */
    uint64_t edges_at;       /* uint32_t [edges][2], each < nodes */
    uint64_t weights_at;     /* float [edges], finite, ≥ 0; may be missing */
    uint64_t names_at;       /* uint32_t [nodes + 1], offsets in the text; may be missing */
    uint64_t text_at;        /* the names: UTF-8 without control characters, one after the other */
    uint64_t text_bytes;
};

struct net {
    uint32_t nodes, edges, communities;
    const uint32_t *degree;    /* of each node: edges that it is an end of */
    const uint32_t *community; /* of each node; 0 is the largest */
    const uint32_t *edge;      /* 2 nodes an edge, which differ */
    const float *weight;       /* of each edge, or NULL: all are 1 */
    const uint32_t *name_at;   /* of each node in names, and their end; or NULL: no names */
    const char *names;
};

/* Bytes that it takes as a packet, or 0 when it is too large for one. */
size_t net_bytes(const struct net *net);

/* Writes it, net_bytes of them. */
void net_write(const struct net *net, void *packet);

/*
 * Reads one out of a packet, which may be anything and may change meanwhile: the copy that is
 * returned has been checked. NULL with EPROTO (not a network), EPROTONOSUPPORT (of another
 * version), ENOMEM. The caller ends with net_free.
 */
struct net *net_read(const void *packet, size_t bytes);
void net_free(struct net *net); /* of net_read; NULL is allowed */

/* A node's name, *bytes long and not terminated, "" if it has none. */
const char *net_name(const struct net *net, uint32_t node, size_t *bytes);

#endif
