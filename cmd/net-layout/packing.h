/*
 * Packing of the connected components around the largest, which is in the centre: each in turn,
 * as a shape of cells, takes the free place next to the centre.
 *
 * K. Freivalds, U. Dogrusoz, P. Kikusts: Disconnected graph layout and the polyomino packing
 * approach. Graph Drawing, 2001.
 */
#ifndef NET_LAYOUT_PACKING_H
#define NET_LAYOUT_PACKING_H

#include <stdbool.h>
#include <stdint.h>
#include "adjacency.h"
#include "body.h"

struct spot {
    float x, y, z;
};

/* The centre of a component: the mean of its nodes. */
struct spot packing_centre(const struct adjacency *links, const struct body *bodies,
                           uint32_t component);

/*
 * Sets the place of each component's centre; gap: least distance between two components. A
 * component that has any of the first `kept` nodes stays where it is if there is room. 0, or -1
 * with ENOMEM, or EINTR (a stop signal).
 */
int packing_run(const struct adjacency *links, const struct body *bodies, bool flat, float gap,
                uint32_t kept, struct spot *centres);

#endif
