/*
 * An edge list, line by line: NODE NODE [WEIGHT], or NODE alone, with blanks between. Nodes are
 * names. Empty lines and those that begin with # or % are left out.
 */
#ifndef NET_LAYOUT_LINES_H
#define NET_LAYOUT_LINES_H

#include <stddef.h>
#include <stdint.h>
#include "graph.h"

struct lines {
    struct graph *graph;
    uint64_t line;   /* number of the last one taken */
    uint32_t *names; /* hash of the nodes by name: 1 + node, or 0 */
    uint32_t room;
    char why[160];
};

/*
 * Takes in the whole lines of text, and what is behind the last of them too when it is the end.
 * Returns how many bytes were taken. Stops behind a line that is none: *bad tells so, and why says
 * what is wrong with it; what is behind it can be given again.
 */
size_t lines_take(struct lines *lines, const char *text, size_t bytes, bool end, bool *bad);
void lines_free(struct lines *lines);

#endif
