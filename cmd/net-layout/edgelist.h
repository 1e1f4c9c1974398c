/*
 * Parses an edge list, a line at a time: NODE NODE [WEIGHT], or NODE alone. Nodes are names. Fields
 * are separated by blanks, or as in CSV by commas, semicolons or tabs. A header line may name the
 * columns; those after both ends and the weight are attributes of the edges. Empty lines and those
 * that begin with # or % are skipped.
 */
#ifndef NET_LAYOUT_EDGELIST_H
#define NET_LAYOUT_EDGELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fields.h"
#include "graph.h"
#include "idmap.h"
#include "weight.h"

enum edgelist_column { EDGELIST_FROM, EDGELIST_TO, EDGELIST_WEIGHT, EDGELIST_NONE = FIELDS_MAX };

/* Finds the columns of both ends and of the weight, or EDGELIST_NONE, in the header of a table of
 * edges. false: the fields are none. */
bool edgelist_header(const struct field *fields, unsigned count, unsigned column[3]);

/* All zeros but graph and negative to begin with. */
struct edgelist {
    struct graph *graph;
    enum negative negative;
    uint64_t line; /* number of the last line parsed */
    struct idmap names;
    char separator;     /* see fields.h; 0 before the first line */
    bool begun;         /* true after the first line that is not a comment */
    bool header;        /* true if that was a header */
    unsigned column[3]; /* columns of both ends and of the weight: enum edgelist_column */
    uint32_t attribute[FIELDS_MAX]; /* attribute of each column of the header, or ATTRIBUTES_NONE */
    unsigned columns;               /* number of columns of the header */
    bool ignored;                   /* true if other columns were left out */
    uint64_t negatives;             /* number of edges left out for their weight */
    char error[160];                /* message about the last line, if it was bad */
};

/*
 * Adds the complete lines of text to the graph; with end, also a last line without a newline.
 * Returns the number of bytes parsed. Stops after a line that is not an edge, with *bad set and the
 * reason in error; the caller may go on with the text after it. Stops early on a signal.
 */
size_t edgelist_parse(struct edgelist *list, char *text, size_t bytes, bool end, bool *bad);
void edgelist_free(struct edgelist *list); /* frees the names, not the struct */

#endif
