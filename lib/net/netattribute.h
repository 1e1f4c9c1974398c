/*
 * Attributes of nodes and edges in the packet of a network: numbers, or texts, each of which is
 * stored once. shmcast-net(5) describes the bytes: a struct net_attribute_head for each attribute,
 * then the sections of each, at multiples of 8 and zero-padded.
 */
#ifndef SHMCAST_NETATTRIBUTE_H
#define SHMCAST_NETATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NET_ATTRIBUTES_MAX = 64,
    NET_ATTRIBUTE_NAME = 64, /* bytes of a name with its NUL */
    NET_TEXT_MAX = 255,      /* bytes of one text */
    NET_NO_TEXT = UINT32_MAX /* the text is missing */
};

struct net_attribute_head {
    char name[NET_ATTRIBUTE_NAME]; /* UTF-8 without control characters, padded with NULs */
    uint32_t of_edges;             /* 0: a value for each node; 1: for each edge */
    uint32_t texts;                /* number of different texts; 0: the values are numbers */
    uint64_t values_at;            /* double [], NaN if missing; or uint32_t []: each < texts, or
                                      NET_NO_TEXT */
    uint64_t offsets_at;           /* uint32_t [texts + 1], offsets in the text; 0 for numbers */
    uint64_t text_at;              /* all texts in order; 0 for numbers */
    uint64_t text_bytes;           /* size of the text */
};

struct net_attribute {
    char name[NET_ATTRIBUTE_NAME]; /* NUL-terminated, not empty */
    bool of_edges;
    uint32_t texts;          /* number of different texts; 0: numbers */
    const double *number;    /* for each node or edge; NaN: missing */
    const uint32_t *text;    /* for each node or edge the number of its text, or NET_NO_TEXT */
    const uint32_t *text_at; /* [texts + 1]: offset of each text in chars, and the end */
    const char *chars;       /* all texts in order, not NUL-terminated */
};

/* Size of the attributes of a packet from this offset on; sets heads, which have room for each. */
uint64_t netattribute_plan(const struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                           uint32_t edges, uint64_t at, struct net_attribute_head *heads);

/* Writes the heads at this offset of a packet, and the sections. */
void netattribute_write(const struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                        uint32_t edges, void *packet, uint64_t at);

/* Reads the attributes at this offset of a packet, which no other program can change. They point
 * into the packet. false: they are not valid, or do not end with the packet. */
bool netattribute_read(struct net_attribute *attributes, uint32_t count, uint32_t nodes,
                       uint32_t edges, const unsigned char *packet, uint64_t at, uint64_t bytes);

/* The text of a node or edge, *bytes bytes without a NUL; NULL if it is missing, or a number. */
const char *netattribute_text(const struct net_attribute *attribute, uint32_t item, size_t *bytes);

#endif
