/* Reads files of the formats that igraph knows. */
#ifndef NET_LAYOUT_IGRAPHIO_H
#define NET_LAYOUT_IGRAPHIO_H

#include <stddef.h>
#include "fileformat.h"
#include "graph.h"

/* Reads a whole file of a format other than FORMAT_EDGES into an empty graph. 0, or -1 with a
 * message in igraphbase_error. */
int igraphio_read(struct graph *graph, enum file_format format, char *text, size_t bytes);

#endif
