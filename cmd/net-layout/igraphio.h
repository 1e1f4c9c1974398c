/* Reads the file formats that igraph parses for us: GML and NCOL. */
#ifndef NET_LAYOUT_IGRAPHIO_H
#define NET_LAYOUT_IGRAPHIO_H

#include <stddef.h>
#include "fileformat.h"
#include "graph.h"
#include "report.h"
#include "weight.h"

/* Reads a whole file of FORMAT_GML or FORMAT_NCOL into an empty graph. 0, or -1 with an error. */
int igraphio_read(struct graph *graph, enum file_format format, char *text, size_t bytes,
                  enum negative negative, struct report *report);

#endif
