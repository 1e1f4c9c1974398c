/*
 * The network: named nodes and weighted, undirected edges. It only grows. There are no loops and no
 * parallel edges: weights of repeated edges are added up.
 */
#ifndef NET_LAYOUT_GRAPH_H
#define NET_LAYOUT_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "attributes.h"

enum { GRAPH_NO_COMMUNITY = UINT32_MAX, GRAPH_NO_EDGE = UINT32_MAX };

struct graph {
    uint32_t nodes, edges;
    uint32_t *edge;      /* [edges][2]: the ends of each edge, the smaller node first */
    float *weight;       /* weight of each edge; 1 if none was given */
    bool weighted;       /* true if any weight was given */
    uint32_t *degree;    /* degree of each node */
    uint32_t *community; /* community of each node: see clustering.h */
    uint32_t communities;
    char *text;        /* all names, one after another */
    uint32_t *name_at; /* [nodes + 1]: offset of each name in the text, and the end of the last */
    bool named;        /* true if any name is not empty */
    uint64_t loops;    /* number of loops left out */
    struct attributes attributes;
    /* private to graph.c: */
    uint32_t node_capacity, edge_capacity, text_capacity, slot_capacity;
    uint32_t *slots; /* hash table of the edges by their ends: edge + 1, or 0 if empty */
};

void graph_free(struct graph *graph); /* frees the arrays, not the struct */

/*
 * Adds a node. Its name is cut to NET_NAME_MAX bytes; control characters become '?', and in a name
 * that is not UTF-8 all bytes beyond ASCII. -1: ENOMEM, or EOVERFLOW (more than a stream can hold).
 */
int graph_add_node(struct graph *graph, const char *name, size_t bytes);

/* Adds an edge. weight: finite and ≥ 0, or NAN if none was given. -1: as graph_add_node. */
int graph_add_edge(struct graph *graph, uint32_t a, uint32_t b, float weight);

/* The edge between two nodes, or GRAPH_NO_EDGE. */
uint32_t graph_find_edge(const struct graph *graph, uint32_t a, uint32_t b);

#endif
