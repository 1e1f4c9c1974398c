/* Reads GraphML and GEXF. */
#ifndef NET_LAYOUT_XMLGRAPH_H
#define NET_LAYOUT_XMLGRAPH_H

#include <stddef.h>
#include "graph.h"
#include "report.h"
#include "weight.h"

/* Reads a whole file into an empty graph. 0, or -1 with an error. */
int xmlgraph_read(struct graph *graph, const char *text, size_t bytes, enum negative negative,
                  struct report *report);

#endif
