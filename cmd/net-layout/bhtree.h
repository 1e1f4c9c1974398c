/*
 * A Barnes-Hut tree: the repulsion between all nodes, approximated to the opening angle. A flat
 * layout has z = 0 everywhere, which turns the octree into a quadtree.
 *
 * J. Barnes, P. Hut: A hierarchical O(N log N) force-calculation algorithm. Nature 324, 1986.
 */
#ifndef NET_LAYOUT_BHTREE_H
#define NET_LAYOUT_BHTREE_H

#include <stdbool.h>
#include <stdint.h>
#include "body.h"

struct bhtree;

struct repulsion {
    float x, y, z;   /* force per unit of the node's own mass: sum of mass / distance, outwards */
    float stiffness; /* sum of mass / distance² */
};

enum { BHTREE_BATCH = 16 }; /* nodes whose repulsion is computed together */

struct bhtree *bhtree_new(void); /* NULL: ENOMEM. The caller ends with bhtree_free. */
void bhtree_free(struct bhtree *tree);

/* Builds the tree of count ≥ 1 bodies, whose positions must be finite. 0, or -1 with ENOMEM. */
int bhtree_build(struct bhtree *tree, const struct body *bodies, uint32_t count);

/* Number of batches: groups of BHTREE_BATCH nodes near each other; the last may be smaller. */
uint32_t bhtree_batches(const struct bhtree *tree);

/* Computes repulsion[node] for the nodes of one batch. Threads may work on batches at once. */
void bhtree_repel(const struct bhtree *tree, uint32_t batch, bool flat,
                  struct repulsion *repulsion);

#endif
