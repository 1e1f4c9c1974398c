/* Keeps the communities of a growing graph up to date, with a thread that searches for them. */
#ifndef NET_LAYOUT_CLUSTERING_H
#define NET_LAYOUT_CLUSTERING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "graph.h"

struct clustering;

/* After each search, word changes and its waiters wake up. synchronous: searches without a thread,
 * so that nothing else uses igraph meanwhile. NULL: ENOMEM. The caller may call clustering_free at
 * any time. */
struct clustering *clustering_new(_Atomic uint32_t *word, uint64_t seed, bool synchronous);
void clustering_free(struct clustering *clustering); /* NULL is allowed */

/* Adopts the communities that were found, starts a search if the graph has grown by a tenth, and
 * assigns new nodes to the communities of their neighbours. Returns whether anything has changed.
 */
bool clustering_update(struct clustering *clustering, struct graph *graph);

#endif
