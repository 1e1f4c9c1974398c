/*
 * The attributes of nodes and edges. Values are texts while the input is read; for the stream, an
 * attribute whose values are all numbers becomes numbers. Attributes without a value are published
 * too.
 */
#ifndef NET_LAYOUT_ATTRIBUTES_H
#define NET_LAYOUT_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "idmap.h"
#include "net/netattribute.h"

enum { ATTRIBUTES_NONE = UINT32_MAX };

struct attribute {
    char name[NET_ATTRIBUTE_NAME];
    bool of_edges;
    uint32_t *value; /* of each item: number of its text + 1, or 0 if it is missing */
    uint32_t count, capacity;
    struct idmap texts;
    double *numbers;   /* packed values */
    uint32_t *text_at; /* packed offsets of the texts */
};

/* A struct of zeros is empty. */
struct attributes {
    struct attribute *list;
    uint32_t count;
    bool changed;                 /* true if a value was set since attributes_pack */
    struct net_attribute *packed; /* as for struct net; valid until the next attributes_set */
    uint64_t left_out;            /* attributes beyond those that a stream can hold */
};

void attributes_free(struct attributes *attributes); /* frees the arrays, not the struct */

/* The number of the attribute of that name, which is added if it is new. ATTRIBUTES_NONE: there are
 * too many, which left_out counts and errno is 0, or ENOMEM. */
uint32_t attributes_add(struct attributes *attributes, bool of_edges, const char *name,
                        size_t bytes);

/* Sets the value of a node or edge; nothing if the attribute is ATTRIBUTES_NONE, and an empty text
 * removes it. 0, or -1 with ENOMEM or EOVERFLOW. */
int attributes_set(struct attributes *attributes, uint32_t attribute, uint32_t item,
                   const char *text, size_t bytes);

/* As attributes_set, for items that have no value: 0 … items - 1. */
int attributes_default(struct attributes *attributes, uint32_t attribute, uint32_t items,
                       const char *text);

/* Renumbers the edges: map has the new number of each, or ATTRIBUTES_NONE. 0, or -1 with ENOMEM. */
int attributes_map_edges(struct attributes *attributes, const uint32_t *map, size_t edges);

/* The numbers of all nodes, after attributes_pack. NULL: some have none, or there is no such
 * attribute. */
const struct net_attribute *attributes_numbers(const struct attributes *attributes,
                                               const char *name, uint32_t nodes);

/* Sets packed. 0, or -1 with ENOMEM. */
int attributes_pack(struct attributes *attributes, uint32_t nodes, uint32_t edges);

#endif
