/*
 * How the attributes of a network look: colours, sizes and labels of nodes, colours and widths of
 * edges, and nodes and edges that are hidden. Besides the attributes of the network there are
 * degree, community and part (the connected component, 1 is the largest) of nodes, and the weight
 * of edges.
 */
#ifndef SHMCAST_NETSTYLE_H
#define SHMCAST_NETSTYLE_H

#include "net/net.h"

enum netstyle_map {
    NETSTYLE_COLOUR,
    NETSTYLE_SIZE,
    NETSTYLE_LABEL,
    NETSTYLE_EDGE_COLOUR,
    NETSTYLE_EDGE_WIDTH,
    NETSTYLE_MAPS
};

enum { NETSTYLE_HIDES = 16, NETSTYLE_ROWS = 10 };

/* A condition on the attribute whose name is the beginning of its text. */
struct netstyle_hide {
    const char *text;
    size_t name_bytes;
    char operator[3]; /* < <= > >= = or != */
    const char *value;
};

struct netstyle_options {
    const char *map[NETSTYLE_MAPS]; /* names of attributes, or NULL */
    struct netstyle_hide hide[NETSTYLE_HIDES];
    unsigned hides;
};

/* Adds "colour=party" or "degree<2" to the options. text must live as long as they. NULL, or the
 * problem, for a message. */
const char *netstyle_add_map(struct netstyle_options *options, const char *text);
const char *netstyle_add_hide(struct netstyle_options *options, const char *text);

/* Whether any edge may look different from the others, or be hidden. */
bool netstyle_edges(const struct netstyle_options *options);

struct netstyle_row {
    uint8_t rgb[3];
    char text[48];
};

/* The meaning of the colours of nodes or of edges. */
struct netstyle_legend {
    char title[NET_ATTRIBUTE_NAME + 8];
    struct netstyle_row rows[NETSTYLE_ROWS];
    unsigned count; /* 0: no legend */
};

/* Arrays are NULL where the options do not set them. */
struct netstyle {
    const struct net *net;
    uint8_t (*colour)[3];              /* of each node */
    float *size;                       /* of each node, 0 … 1 */
    bool *hidden;                      /* whether each node is */
    uint8_t (*edge_colour)[3];         /* of each edge */
    float *edge_width;                 /* of each edge, 0 … 1 */
    bool *edge_hidden;                 /* whether each edge is, its ends aside */
    struct netstyle_legend legends[2]; /* of nodes, of edges */
    bool labelled;
    struct net_attribute label; /* of the nodes, if labelled */
    double *computed;           /* values of label, if the network does not have it */
    const char *missing;        /* an attribute in the options that the network lacks, or NULL */
};

/* Applies the options to a network, which must live as long as the style. 0, or -1 with ENOMEM. The
 * caller ends with netstyle_free either way. */
int netstyle_apply(struct netstyle *style, const struct netstyle_options *options,
                   const struct net *net);
void netstyle_free(struct netstyle *style); /* frees the arrays, not the struct */

/* The label of a node, or else its name; "" if it has neither. buffer is for numbers. */
const char *netstyle_label(const struct netstyle *style, uint32_t node, char buffer[32],
                           size_t *bytes);

#endif
