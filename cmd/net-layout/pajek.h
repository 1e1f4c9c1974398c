/* Reads Pajek networks and projects. */
#ifndef NET_LAYOUT_PAJEK_H
#define NET_LAYOUT_PAJEK_H

#include <stddef.h>
#include "graph.h"
#include "report.h"
#include "weight.h"

/* Reads the first network of a whole file into an empty graph. 0, or -1 with an error. */
int pajek_read(struct graph *graph, char *text, size_t bytes, enum negative negative,
               struct report *report);

#endif
