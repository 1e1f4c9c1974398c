/*
 * Parses an edge list: a line is NODE NODE [WEIGHT], or NODE alone, separated by blanks or tabs.
 * Nodes are names. Empty lines and those that begin with # or % are skipped.
 */
#ifndef NET_LAYOUT_EDGELIST_H
#define NET_LAYOUT_EDGELIST_H

#include <stddef.h>
#include <stdint.h>
#include "graph.h"

/* All zeros but the graph to begin with. */
struct edgelist {
    struct graph *graph;
    uint64_t line;   /* number of the last line parsed */
    uint32_t *slots; /* hash table of the nodes by name: node + 1, or 0 if empty */
    uint32_t slot_capacity;
    char error[160]; /* what is wrong with the last line */
};

/*
 * Adds the complete lines of text to the graph; with end, also a last line without a newline.
 * Returns the number of bytes parsed. Stops after a line that is not an edge, with *bad set and the
 * reason in error; the caller may go on with the text after it.
 */
size_t edgelist_parse(struct edgelist *list, const char *text, size_t bytes, bool end, bool *bad);
void edgelist_free(struct edgelist *list); /* frees the hash table, not the struct */

#endif
