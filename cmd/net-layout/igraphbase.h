/* Shared by the other igraph*.h files: errors, and graphs in igraph's form. */
#ifndef NET_LAYOUT_IGRAPHBASE_H
#define NET_LAYOUT_IGRAPHBASE_H

#include <igraph.h>
#include <stdint.h>
#include "graph.h"

/* Must be called first, in each thread: makes igraph return errors, and sets its random seed. */
void igraphbase_init(uint64_t seed);

/* Forgets the last error of this thread. */
void igraphbase_clear_error(void);

/* Sets the error to return if igraph does not report one. */
void igraphbase_set_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first error since igraphbase_clear_error, one line, which lives until the next. */
const char *igraphbase_error(void);

/* Makes an igraph graph and the vector of its weights, which the caller destroys. 0, or -1. */
int igraphbase_graph(const struct graph *graph, igraph_t *g, igraph_vector_t *weights);

#endif
