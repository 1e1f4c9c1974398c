/*
 * The layout: edges pull their ends together by weight * length², nodes push each other apart by
 * 1 / distance (T. Fruchterman, E. Reingold: Graph drawing by force-directed placement, 1991), the
 * pushes summed up by Barnes and Hut's tree; parts that hang together are drawn as a whole towards
 * the middle. Nodes move by FIRE (E. Bitzek et al.: Structural relaxation made simple, 2006), which
 * adapts its step to whether it still goes downhill; a node is as heavy as its springs are stiff.
 *
 * Places depend on the graph, the seed and the events, not on the number of threads.
 */
#ifndef NET_LAYOUT_SPRINGS_H
#define NET_LAYOUT_SPRINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "graph.h"
#include "pool.h"
#include "tree.h"

struct springs;

struct springs_state {
    double energy; /* sum of the squares of all forces */
    double moved;  /* root of the mean square of what the last step moved, in mean edge lengths */
    double edge;   /* mean length of an edge */
    bool settled;  /* nothing moves to speak of: no step is worth it before something changes */
};

/* NULL: ENOMEM. The caller ends with springs_free. */
struct springs *springs_new(struct pool *pool, bool flat, uint64_t seed);
void springs_free(struct springs *springs); /* NULL is allowed */

/* Takes in what the graph has got since the last time. Nodes that are new are placed beside their
 * neighbours; when most are new, all are placed afresh. 0, or -1 with ENOMEM. */
int springs_grow(struct springs *springs, struct graph *graph);

/* One step. 0, or -1 with ENOMEM. */
int springs_step(struct springs *springs);
struct springs_state springs_state(const struct springs *springs);

/* A node that stays where it is put, until it is let go. */
void springs_pin(struct springs *springs, uint32_t node, float x, float y, float z);
void springs_unpin(struct springs *springs, uint32_t node);

/* Where all nodes are; another layout's step may put them elsewhere, and then says so. */
struct place *springs_places(struct springs *springs);
const bool *springs_pinned(const struct springs *springs);
void springs_moved(struct springs *springs, bool settled);

#endif
