/*
 * Attributes in GraphML and GEXF: their declarations, and their values for nodes and edges.
 * Colours, sizes and positions in other elements, as of GEXF's viz module and of yEd, become
 * attributes too.
 */
#ifndef NET_LAYOUT_XMLKEYS_H
#define NET_LAYOUT_XMLKEYS_H

#include <libxml/xmlreader.h>
#include <stdbool.h>
#include <stdint.h>
#include "graph.h"
#include "idmap.h"

/* Meaning of an attribute, the best first within each kind. */
enum meaning { NAME_FIRST, NAME_LAST = 4, YED_LABEL = NAME_LAST, WEIGHT_FIRST, VALUE = 7, NOTHING };

enum { XMLITEM_NONE = UINT32_MAX };

/* The node or edge that the position is in, in order of the file. */
struct xmlitem {
    bool is_edge;
    uint32_t number; /* XMLITEM_NONE: the position is in neither */
};

struct xmlkey;

/* All zeros but xml, graph, weight and in_key to begin with. */
struct xmlkeys {
    xmlTextReaderPtr xml;
    struct graph *graph;
    bool gexf;
    double weight;       /* default weight of edges, or NAN */
    struct idmap ids;    /* identifiers of the keys; in GEXF after 'n' or 'e' */
    struct xmlkey *keys; /* one for each identifier */
    bool of_edges;       /* whether the keys that follow belong to edges: GEXF */
    uint32_t in_key;     /* the key that the position is in, or IDMAP_NONE */
};

void xmlkeys_free(struct xmlkeys *keys); /* frees the arrays, not the struct */

/* Handles the beginning of an element that is no node, edge or value: declarations, defaults and
 * looks. 0, or -1 with errno. */
int xmlkeys_element(struct xmlkeys *keys, const char *element, struct xmlitem item);
void xmlkeys_end(struct xmlkeys *keys, const char *element);

/* Handles a value: <data> or <attvalue>. Sets the item's attribute, and *meaning. Returns the text,
 * which the caller frees with xmlFree; NULL: there is none, and errno is 0, or ENOMEM. */
char *xmlkeys_data(struct xmlkeys *keys, struct xmlitem item, enum meaning *meaning);

/* Sets the defaults of nodes and edges of the graph, after all of them were added. 0, or -1 with
 * errno. */
int xmlkeys_defaults(struct xmlkeys *keys);

#endif
