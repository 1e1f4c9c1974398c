/*
 * The graph as the layout needs it: neighbours of each node (compressed sparse rows), and connected
 * components. Edges with no weight, or almost none, attract nothing, and are left out.
 */
#ifndef NET_LAYOUT_ADJACENCY_H
#define NET_LAYOUT_ADJACENCY_H

#include <stdint.h>
#include "graph.h"

struct adjacency {
    uint32_t nodes;
    uint32_t *first;     /* [nodes + 1]: index in `other` of each node's first neighbour */
    uint32_t *other;     /* neighbours of node i: other[first[i]] … other[first[i + 1] - 1] */
    float *weight;       /* weight of each entry in `other`, relative to the mean weight */
    uint32_t *component; /* component of each node; 0 is the largest */
    uint32_t components;
    uint32_t *member; /* [nodes]: sorted by component */
    uint32_t *start;  /* [components + 1]: index in `member` of each component's first node */
    uint32_t node_capacity, link_capacity;
};

/* Rebuilds it from the graph. A struct of zeros is empty. 0, or -1 with ENOMEM. */
int adjacency_build(struct adjacency *adjacency, const struct graph *graph);
void adjacency_free(struct adjacency *adjacency); /* frees the arrays, not the struct */

#endif
