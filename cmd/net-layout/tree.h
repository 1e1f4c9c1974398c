/*
 * Barnes and Hut's tree of places: how all nodes repel one, to within the opening angle. A flat
 * layout has z = 0 everywhere, which makes a quadtree of the octree by itself.
 *
 * J. Barnes, P. Hut: A hierarchical O(N log N) force-calculation algorithm. Nature 324, 1986.
 */
#ifndef NET_LAYOUT_TREE_H
#define NET_LAYOUT_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct tree;

struct place {
    float x, y, z, mass;
};

struct push {
    float x, y, z; /* force per unit of the node's own mass: sum of mass / distance, outwards */
    float stiff;   /* sum of mass / distance² */
};

enum { TREE_RUN = 16 }; /* nodes that are pushed at once */

struct tree *tree_new(void); /* NULL: ENOMEM. The caller ends with tree_free. */
void tree_free(struct tree *tree);

/* The tree of count ≥ 1 places, which have to be finite. 0, or -1 with ENOMEM. */
int tree_build(struct tree *tree, const struct place *places, uint32_t count);

/* Runs of TREE_RUN nodes (the last may be shorter) that are near each other. */
uint32_t tree_runs(const struct tree *tree);

/* What pushes the nodes of one run, into push[node]. Several threads may do so at once. */
void tree_push(const struct tree *tree, uint32_t run, bool flat, struct push *push);

#endif
