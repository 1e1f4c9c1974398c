/*
 * A network as a packet of a stream (SHMFMT_PACKET_NET): nodes, edges, communities and names, but
 * not positions, which are the stream's frames (PIXFMT_F32, a row for each node). net-layout writes
 * it, net-draw reads it. A packet with more nodes than before is published before the first frame
 * with as many rows. A frame with another number of rows belongs to another packet.
 *
 * shmcast-net(5) describes the bytes: struct net_head, then the sections in the order of its
 * offsets, each at a multiple of 8 and zero-padded to one. Little-endian.
 */
#ifndef SHMCAST_NET_H
#define SHMCAST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/netattribute.h"

#define NET_MAGIC UINT64_C(0x0074656e6d6873) /* "shmnet\0\0" */

enum {
    NET_VERSION = 1,
    NET_VERSION_ATTRIBUTES = 2, /* a packet with attributes; without them it has NET_VERSION */
    NET_NODES_MAX = 1 << 24,    /* SHMFMT_ROWS_MAX */
    NET_EDGES_MAX = 1 << 28,
    NET_NAME_MAX = 255 /* bytes of one name */
};

/* Offsets count from the start of the packet; 0: the section is missing. */
struct net_head {
    uint64_t magic;          /* NET_MAGIC */
    uint32_t version;        /* NET_VERSION, or NET_VERSION_ATTRIBUTES */
    uint32_t head_bytes;     /* sizeof(struct net_head): 96 */
    uint64_t bytes;          /* size of the packet */
    uint32_t nodes;          /* 1 … NET_NODES_MAX */
    uint32_t edges;          /* 0 … NET_EDGES_MAX */
    uint32_t communities;    /* 1 … nodes */
    uint32_t attributes;     /* 0 … NET_ATTRIBUTES_MAX; they follow the other sections */
    uint64_t degrees_at;     /* uint32_t [nodes] */
    uint64_t communities_at; /* uint32_t [nodes], each < communities; 0 is the largest */
    uint64_t edges_at;       /* uint32_t [edges][2], each < nodes */
    uint64_t weights_at;     /* float [edges], finite, ≥ 0; may be missing */
    uint64_t names_at;       /* uint32_t [nodes + 1], offsets in the text; may be missing */
    uint64_t text_at;        /* all names in order: UTF-8 without control characters */
    uint64_t text_bytes;     /* size of the text */
};

struct net {
    uint32_t nodes, edges, communities;
    const uint32_t *degree;    /* for each node the number of its edges */
    const uint32_t *community; /* for each node; 0 is the largest */
    const uint32_t *edge;      /* for each edge its two nodes, which differ */
    const float *weight;       /* for each edge; NULL: all weights are 1 */
    const uint32_t *name_at;   /* offset of each node's name in names, and their end; NULL: none */
    const char *names;         /* all names in order, not NUL-terminated */
    uint32_t attributes;
    const struct net_attribute *attribute;
};

/* Size of the network as a packet in bytes, or 0 if it is too large for one. */
size_t net_bytes(const struct net *net);

/* Writes the network's packet, net_bytes(net) bytes. */
void net_write(const struct net *net, void *packet);

/*
 * Reads a network from a packet. The packet may be invalid and may change during the call; the
 * copy returned has been checked. NULL with errno EPROTO (not a network), EPROTONOSUPPORT (another
 * version) or ENOMEM. The caller ends with net_free.
 */
struct net *net_read(const void *packet, size_t bytes);

/* Frees a network from net_read. NULL is allowed. */
void net_free(struct net *net);

/* Name of a node, *bytes bytes without a NUL, "" if it has none. Lives as long as net. */
const char *net_name(const struct net *net, uint32_t node, size_t *bytes);

/* Finds an attribute of nodes, or of edges. NULL: there is none. */
const struct net_attribute *net_attribute(const struct net *net, bool of_edges, const char *name);

#endif
