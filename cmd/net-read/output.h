/* The outputs of net-read: each prints a network with its positions on standard output. */
#ifndef NET_READ_OUTPUT_H
#define NET_READ_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include "net/netstyle.h"

struct output {
    const struct net *net;
    const struct netstyle *style; /* of net; what it hides is left out */
    const uint32_t *part;         /* of each node, 0 is the largest */
    const float *at;              /* positions, a row for each node */
    unsigned dimensions;          /* 2 or 3 */
};

/* A row for each node, or for each edge, after a header. */
void csv_nodes(const struct output *output);
void csv_edges(const struct output *output);

void graphml_print(const struct output *output);

/* A picture of 1000 by up to 1000 units. 0, or -1 with ENOMEM. */
int svg_print(const struct output *output);

/* Whether a node, or an edge, is shown. */
bool output_node(const struct output *output, uint32_t node);
bool output_edge(const struct output *output, uint32_t edge);

/* The name of a node, or else its number. buffer: for that. */
const char *output_name(const struct output *output, uint32_t node, char buffer[16], size_t *bytes);

/* Whether an attribute is printed: not if its name is that of another column. */
bool output_attribute(const struct net_attribute *attribute);

/* Prints a text as character data of XML, which has neither U+FFFE nor U+FFFF: U+FFFD instead. */
void output_xml(const char *text, size_t bytes);

#endif
