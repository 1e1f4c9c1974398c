/*
 * Initial positions. Pivot MDS gives each connected component its shape, so that the force
 * simulation has nothing to unfold.
 */
#ifndef NET_LAYOUT_PLACEMENT_H
#define NET_LAYOUT_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "adjacency.h"
#include "body.h"

/* Places each component around the origin, with a mean edge length of about 1; masses are not
 * touched. 0, or -1 with ENOMEM, or EINTR (a stop signal). */
int placement_all(const struct adjacency *adjacency, bool flat, uint64_t seed, struct body *bodies);

/* Places the nodes from `from` on: each at a distance of edge from the mean of its placed
 * neighbours, or without any at the rim. */
void placement_new(const struct adjacency *adjacency, uint32_t from, bool flat, uint64_t seed,
                   float edge, struct body *bodies);

#endif
