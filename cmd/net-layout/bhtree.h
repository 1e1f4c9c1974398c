/*
 * Barnes-Hut trees: the repulsion between the nodes of each group, approximated to the opening
 * angle. A flat layout has z = 0 everywhere, which turns octrees into quadtrees.
 *
 * J. Barnes, P. Hut: A hierarchical O(N log N) force-calculation algorithm. Nature 324, 1986.
 */
#ifndef NET_LAYOUT_BHTREE_H
#define NET_LAYOUT_BHTREE_H

#include <stdbool.h>
#include <stdint.h>
#include "body.h"
#include "pool.h"

struct bhtree;

/* How repulsion declines with distance. */
enum bhtree_law {
    BHTREE_DISTANCE, /* mass / distance, of Fruchterman and Reingold */
    BHTREE_SQUARE    /* mass / distance² */
};

/* Nodes that repel each other, and no others. */
struct bhtree_group {
    uint32_t first, count; /* in the list of members; count ≥ 1 */
    enum bhtree_law law;
};

struct repulsion {
    float x, y, z;   /* force per unit of the node's own mass, outwards */
    float stiffness; /* sum of the largest derivatives of the force */
};

/* The pool must outlive it. NULL: ENOMEM. The caller ends with bhtree_free. */
struct bhtree *bhtree_new(struct pool *pool, bool flat);
void bhtree_free(struct bhtree *tree); /* NULL is allowed */

/* Adopts a list of count nodes, in which each group is a part. 0, or -1 with ENOMEM. */
int bhtree_members(struct bhtree *tree, const uint32_t *members, uint32_t count);

/* Computes repulsion[node] for the nodes of all groups, which must not overlap. Positions must be
 * finite. The result does not depend on the number of threads. 0, or -1 with ENOMEM. */
int bhtree_repel(struct bhtree *tree, const struct body *bodies, const struct bhtree_group *groups,
                 uint32_t count, struct repulsion *repulsion);

#endif
