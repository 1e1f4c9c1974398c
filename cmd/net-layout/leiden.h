/*
 * Communities by the Leiden algorithm, as igraph has it, in three steps: the search, which takes
 * long, needs no access to the graph and may run in another thread.
 *
 * V. Traag, L. Waltman, N. J. van Eck: From Louvain to Leiden: guaranteeing well-connected
 * communities. Scientific Reports 9, 2019.
 */
#ifndef NET_LAYOUT_LEIDEN_H
#define NET_LAYOUT_LEIDEN_H

#include <stdint.h>
#include "graph.h"

struct leiden;

/* Copies the graph. NULL: ENOMEM. The caller ends with leiden_free. */
struct leiden *leiden_new(const struct graph *graph);
void leiden_free(struct leiden *leiden); /* NULL is allowed */

/* Finds the communities, with this random seed. 0; -1 if interrupted, or with no memory. */
int leiden_find(struct leiden *leiden, uint64_t seed);

/* Sets the graph's communities, the largest first, of those nodes that leiden_new has copied. 0, or
 * -1 with ENOMEM. */
int leiden_apply(struct leiden *leiden, struct graph *graph);

#endif
