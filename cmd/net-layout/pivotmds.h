/*
 * Pivot MDS: places the nodes of a connected component so that distances in the plane or in space
 * resemble the distances in the graph.
 *
 * U. Brandes, C. Pich: Eigensolver methods for progressive multidimensional scaling of large data.
 * Graph Drawing, 2006.
 */
#ifndef NET_LAYOUT_PIVOTMDS_H
#define NET_LAYOUT_PIVOTMDS_H

#include <stdint.h>
#include "adjacency.h"
#include "body.h"

struct pivotmds; /* scratch memory for the components of one graph */

/* The adjacency must outlive it. NULL: ENOMEM. The caller ends with pivotmds_free. */
struct pivotmds *pivotmds_new(const struct adjacency *adjacency);
void pivotmds_free(struct pivotmds *mds); /* NULL is allowed */

/* Places one component, given as its count ≥ 3 nodes, around the origin, at any scale. 0, or -1
 * with ENOMEM, or EINTR (a stop signal). */
int pivotmds_place(struct pivotmds *mds, const uint32_t *nodes, uint32_t count, unsigned dimensions,
                   uint64_t seed, struct body *bodies);

#endif
