/*
 * The network that is laid out: nodes with names, edges with weights. It only grows. No loops, and
 * one edge between two nodes: weights that are given for it again are added up.
 */
#ifndef NET_LAYOUT_GRAPH_H
#define NET_LAYOUT_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/net.h"

enum { GRAPH_ALONE = UINT32_MAX };

struct graph {
    uint32_t nodes, edges;
    uint32_t *edge;      /* 2 nodes each */
    float *weight;       /* of each edge: 1 where none was given */
    bool weighted;       /* some weight was given */
    uint32_t *degree;    /* of each node */
    uint32_t *part;      /* of each node, for graph_part */
    uint32_t *community; /* of each node: see communities.h */
    uint32_t communities;
    char *text;        /* the names */
    uint32_t *name_at; /* nodes + 1 */
    bool named;
    uint64_t loops; /* edges from a node to itself that were left out */
    /* for what is below: */
    uint32_t node_room, edge_room, text_room, pair_room;
    uint32_t *pairs; /* hash of the edges by their ends: 1 + edge, or 0 */
};

void graph_free(struct graph *graph); /* what it holds, not itself */

/*
 * A new node of that name, which is cut to NET_NAME_MAX bytes, and what is not UTF-8 or a control
 * character in it becomes '?'. -1: ENOMEM, EOVERFLOW (more than a stream can hold).
 */
int graph_node(struct graph *graph, const char *name, size_t bytes);

/* An edge between two nodes; weight NAN: none given. Weights are finite and ≥ 0. -1: as above. */
int graph_edge(struct graph *graph, uint32_t a, uint32_t b, float weight);

/* One node that stands for all that a node is connected with. */
uint32_t graph_part(struct graph *graph, uint32_t node);

/* The same as a packet will have it; lives until the graph grows. */
struct net graph_net(const struct graph *graph);

#endif
