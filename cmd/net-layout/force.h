/*
 * The force simulation: edges attract their ends by weight * length², and the nodes of a connected
 * component repel each other by 1 / distance, as Fruchterman and Reingold have it, and later by
 * 1 / distance² if so chosen; a Barnes-Hut tree approximates it. FIRE moves the nodes of each
 * component, with a node's stiffness as its mass. Components don't repel each other; they are
 * packed, and slide to their places.
 *
 * T. Fruchterman, E. Reingold: Graph drawing by force-directed placement. Software: Practice and
 * Experience 21, 1991.
 * A. Noack: Energy models for graph clustering. Journal of Graph Algorithms and Applications 11,
 * 2007.
 *
 * Positions depend on the graph, the seed and the events, not on the number of threads.
 */
#ifndef NET_LAYOUT_FORCE_H
#define NET_LAYOUT_FORCE_H

#include <stdbool.h>
#include <stdint.h>
#include "bhtree.h"
#include "body.h"
#include "graph.h"
#include "pool.h"

struct force;

struct force_state {
    double energy; /* sum of the squares of all forces */
    double moved;  /* root mean square of the last step's movement, in mean edge lengths */
    double edge;   /* mean length of an edge */
    bool settled;  /* true if movement is negligible until something changes */
};

/* NULL: ENOMEM. The caller ends with force_free. */
struct force *force_new(struct pool *pool, bool flat, enum bhtree_law law, uint64_t seed);
void force_free(struct force *force); /* NULL is allowed */

/* Sets the positions of the nodes for the first force_grow: coordinates x, y and z, which may be
 * NULL. 0, or -1 with ENOMEM. */
int force_start(struct force *force, const struct net_attribute *const axis[3], uint32_t nodes);

/* Adopts new nodes and edges of the graph. New nodes are placed beside their neighbours; if they
 * outnumber the others, all nodes are placed afresh. 0, or -1 as force_step. */
int force_grow(struct force *force, const struct graph *graph);

/* Performs one step. 0; -1 with ENOMEM, EDOM (positions are not finite) or EINTR (a stop signal).
 */
int force_step(struct force *force);
uint32_t force_components(const struct force *force); /* number of connected components */
struct force_state force_state(const struct force *force);

/* Moves a node and holds it there until force_unpin. */
void force_pin(struct force *force, uint32_t node, float x, float y, float z);
void force_unpin(struct force *force, uint32_t node);
const bool *force_pinned(const struct force *force); /* one for each node */

/* All nodes, until force_grow. After another algorithm has moved them it calls force_moved, with
 * whether it is done. */
struct body *force_bodies(struct force *force);
void force_moved(struct force *force, bool settled);

#endif
