/* Keeps a graph's communities: found by a thread of its own, since that takes long, and afresh when
 * the graph has grown. */
#ifndef NET_LAYOUT_COMMUNITIES_H
#define NET_LAYOUT_COMMUNITIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "graph.h"

struct communities;

/* word changes, and its waiters are woken, when some were found. waits: they are found at once
 * instead, since igraph is in use otherwise. NULL: no memory. The caller ends with
 * communities_free, at any time. */
struct communities *communities_new(_Atomic uint32_t *word, uint64_t seed, bool waits);
void communities_free(struct communities *communities); /* NULL is allowed */

/* Takes over those that were found, looks for others when the graph has grown by a tenth, and puts
 * nodes that are new where their first neighbour is. true: something has changed. */
bool communities_update(struct communities *communities, struct graph *graph);

#endif
