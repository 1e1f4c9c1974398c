/* The Fruchterman-Reingold layout of igraph; for large flat layouts, its grid variant. */
#ifndef NET_LAYOUT_IGRAPHFR_H
#define NET_LAYOUT_IGRAPHFR_H

#include <stdbool.h>
#include "body.h"
#include "graph.h"

/* Performs one step, in which no node moves farther than temperature, and pinned ones do not move.
 * 0, or -1 with a message in igraphbase_error. */
int igraphfr_step(const struct graph *graph, struct body *bodies, const bool *pinned, bool flat,
                  double temperature);

#endif
