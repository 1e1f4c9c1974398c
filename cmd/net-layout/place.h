/*
 * Where nodes begin. Each connected part gets the shape that the distances between its nodes have
 * (pivot MDS: U. Brandes, C. Pich: Eigensolver methods for progressive multidimensional scaling of
 * large data, 2006), so that nothing has to be unfolded; the parts stand around the largest.
 */
#ifndef NET_LAYOUT_PLACE_H
#define NET_LAYOUT_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include "tree.h"

/* Who is next to whom: the neighbours of node i are other[first[i] … first[i + 1] - 1]. */
struct links {
    uint32_t nodes;
    const uint32_t *first, *other;
    const uint32_t *part; /* of each node: the number of its connected part, 0 is the largest */
    uint32_t parts;
};

/* Places all, an edge about 1 long; masses are left alone. 0, or -1 with ENOMEM. */
int place_all(const struct links *links, bool flat, uint64_t seed, struct place *at);

/* Places the nodes from `from` on: each beside those of its neighbours that have a place, an edge's
 * length away, or at the rim. */
void place_new(const struct links *links, uint32_t from, bool flat, uint64_t seed, float edge,
               struct place *at);

#endif
