/* What igraph does for us: reading files of its formats, communities, and its own layout. */
#ifndef NET_LAYOUT_READ_H
#define NET_LAYOUT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "graph.h"
#include "tree.h"

enum format { FORMAT_ANY, FORMAT_EDGES, FORMAT_NCOL, FORMAT_GRAPHML, FORMAT_GML, FORMAT_PAJEK };

/* Before anything else here: errors come back as errors, and its random numbers start at seed. */
void igraph_begin(uint64_t seed);

/* "edges", "ncol", …; FORMAT_ANY: none of these. */
enum format format_named(const char *name);
const char *format_names(void);

/* What a text that begins so is; FORMAT_EDGES for what is nothing else. */
enum format format_of(const char *text, size_t bytes);

/*
 * Reads a whole file of a format other than FORMAT_EDGES into an empty graph. 0; -1 and why, one
 * line in static storage.
 */
int read_graph(struct graph *graph, enum format format, char *text, size_t bytes, const char **why);

/*
 * Communities, by Leiden's method (V. Traag, L. Waltman, N. J. van Eck, 2019), in three steps, so
 * that the one that takes long can be done by a thread that has only the grouping. NULL or -1: no
 * memory. Random numbers start at seed.
 */
struct grouping;
struct grouping *grouping_new(const struct graph *graph);
int grouping_find(struct grouping *grouping, uint64_t seed);
/* Sets the graph's communities, and those of the nodes that it had when the grouping was made. */
int grouping_apply(const struct grouping *grouping, struct graph *graph);
void grouping_free(struct grouping *grouping); /* NULL is allowed */

/*
 * One step of igraph's Fruchterman–Reingold layout, by its grid variant for large flat ones. No
 * node moves farther than heat; pinned ones don't move. 0, or -1 and why.
 */
int igraph_step(const struct graph *graph, struct place *at, const bool *pinned, bool flat,
                double heat, const char **why);

#endif
