#include "xmlgraph.h"
#include <errno.h>
#include <inttypes.h>
#include <libxml/xmlreader.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "array.h"
#include "idmap.h"
#include "tool/cli.h"

enum { NESTING = 64, NO_NODE = UINT32_MAX };

/* Meaning of an attribute, the best first within each kind. */
enum meaning { NAME_FIRST, NAME_LAST = 4, YED_LABEL = NAME_LAST, WEIGHT_FIRST, VALUE = 7, NOTHING };

static const char *const attribute_names[] = {"name", "label",  "Label",  "id",
                                              NULL,   "weight", "Weight", "value"};

struct node {
    char *name;      /* NULL: named by its identifier */
    uint8_t meaning; /* where the name comes from */
    bool declared;
};

struct edge {
    uint32_t from, to;
    double weight; /* NAN if there is none */
    uint8_t meaning;
};

struct reader {
    xmlTextReaderPtr xml;
    struct graph *graph;
    struct report *report;
    enum negative negative;
    bool gexf;
    struct idmap keys; /* identifiers of the attributes of GraphML */
    uint8_t *meaning;  /* of each key */
    double weight;     /* default weight of edges, or NAN */
    struct idmap ids;  /* identifiers of the nodes */
    struct node *nodes;
    size_t node_capacity;
    struct edge *edges;
    size_t edge_count, edge_capacity;
    uint32_t open[NESTING]; /* nodes that the position is in */
    unsigned depth;
    bool in_edge, in_key;
    uint8_t key; /* meaning of the key or data that the position is in */
    uint64_t hyperedges, negatives, bad_values;
};

static int fail_errno(struct reader *r)
{
    return report_error(r->report, "%s", strerror(errno));
}

/* An attribute of the current element, or NULL. The caller frees it with xmlFree. */
static char *get(struct reader *r, const char *name)
{
    return (char *)xmlTextReaderGetAttribute(r->xml, (const xmlChar *)name);
}

/* The node of that identifier, added if it is new. NO_NODE: ENOMEM. */
static uint32_t find_node(struct reader *r, const char *id)
{
    uint32_t known = r->ids.count, node = idmap_add(&r->ids, id, strlen(id));
    if (node != known || node == IDMAP_NONE)
        return node;
    if (node >= r->node_capacity) {
        size_t capacity = 2 * r->node_capacity + 1024;
        if (array_resize(&r->nodes, capacity, sizeof *r->nodes)) {
            r->ids.count--;
            return NO_NODE;
        }
        r->node_capacity = capacity;
    }
    r->nodes[node] = (struct node){.meaning = NOTHING};
    return node;
}

/* Names a node, unless it has a better name. */
static void set_name(struct node *node, const char *name, uint8_t meaning)
{
    if (!name || !*name || meaning >= node->meaning)
        return;
    free(node->name);
    node->name = strdup(name);
    node->meaning = meaning;
}

static int begin_node(struct reader *r)
{
    char *id = get(r, "id"), *label = r->gexf ? get(r, "label") : NULL;
    int result = -1;
    if (!id) {
        report_error(r->report, "line %d: a node without id",
                     xmlTextReaderGetParserLineNumber(r->xml));
    } else if (r->depth == NESTING) {
        report_error(r->report, "nodes are nested too deeply");
    } else {
        uint32_t node = find_node(r, id);
        if (node == NO_NODE) {
            fail_errno(r);
        } else {
            r->nodes[node].declared = true;
            set_name(&r->nodes[node], label, NAME_FIRST);
            if (!xmlTextReaderIsEmptyElement(r->xml))
                r->open[r->depth++] = node;
            result = 0;
        }
    }
    xmlFree(id);
    xmlFree(label);
    return result;
}

/* Sets the weight of the last edge, unless it has a better one. */
static int set_weight(struct reader *r, const char *text, uint8_t meaning)
{
    struct edge *edge = &r->edges[r->edge_count - 1];
    char *end;
    double weight = strtod(text, &end);
    while (*end && strchr(" \t\r\n", *end))
        end++;
    if (end == text || *end) {
        if (meaning != VALUE)
            return report_error(r->report,
                                "edge %zu has the weight \"%.40s\"; use a number from 0 to 1e30",
                                r->edge_count, text);
        r->bad_values++; /* "value" need not be a weight */
        return 0;
    }
    if (meaning >= edge->meaning)
        return 0;
    if (isnan(weight))
        return weight_error(r->report, r->edge_count, weight);
    edge->weight = weight;
    edge->meaning = meaning;
    return 0;
}

static int begin_edge(struct reader *r)
{
    if (r->edge_count == r->edge_capacity) {
        size_t capacity = 2 * r->edge_capacity + 1024;
        if (array_resize(&r->edges, capacity, sizeof *r->edges))
            return fail_errno(r);
        r->edge_capacity = capacity;
    }
    char *from = get(r, "source"), *to = get(r, "target"),
         *weight = r->gexf ? get(r, "weight") : NULL;
    int result = 0;
    if (!from || !to) {
        result = report_error(r->report, "line %d: an edge without source or target",
                              xmlTextReaderGetParserLineNumber(r->xml));
    } else {
        struct edge *e = &r->edges[r->edge_count++];
        *e = (struct edge){find_node(r, from), find_node(r, to), r->weight, NOTHING};
        if (e->from == NO_NODE || e->to == NO_NODE)
            result = fail_errno(r);
        else if (weight)
            result = set_weight(r, weight, WEIGHT_FIRST);
        r->in_edge = !xmlTextReaderIsEmptyElement(r->xml);
    }
    xmlFree(from);
    xmlFree(to);
    xmlFree(weight);
    return result;
}

/* Stores the meaning of an attribute of GraphML. */
static int begin_key(struct reader *r)
{
    char *id = get(r, "id"), *name = get(r, "attr.name"), *scope = get(r, "for");
    bool nodes = !scope || strcmp(scope, "edge") != 0, edges = !scope || strcmp(scope, "node") != 0;
    uint8_t meaning = NOTHING;
    for (uint8_t m = 0; name && m < NOTHING; m++)
        if (attribute_names[m] && !strcmp(name, attribute_names[m]) &&
            (m <= NAME_LAST ? nodes : edges))
            meaning = m;
    int result = 0;
    if (id) {
        uint32_t key = idmap_add(&r->keys, id, strlen(id));
        if (key == IDMAP_NONE || array_resize(&r->meaning, r->keys.count, 1))
            result = fail_errno(r);
        else
            r->meaning[key] = meaning;
    }
    r->in_key = !xmlTextReaderIsEmptyElement(r->xml);
    r->key = meaning;
    xmlFree(id);
    xmlFree(name);
    xmlFree(scope);
    return result;
}

/* A value of the edge or of the innermost node. */
static int set_value(struct reader *r, uint8_t meaning)
{
    char *text = (char *)xmlTextReaderReadString(r->xml);
    int result = 0;
    if (text && meaning <= NAME_LAST && !r->in_edge && r->depth)
        set_name(&r->nodes[r->open[r->depth - 1]], text, meaning);
    else if (text && *text && meaning >= WEIGHT_FIRST && meaning <= VALUE && r->in_edge)
        result = set_weight(r, text, meaning);
    xmlFree(text);
    return result;
}

static int begin_data(struct reader *r)
{
    char *id = get(r, "key");
    uint32_t key = id ? idmap_find(&r->keys, id, strlen(id)) : IDMAP_NONE;
    uint8_t meaning = key == IDMAP_NONE ? NOTHING : r->meaning[key];
    xmlFree(id);
    return meaning == NOTHING ? 0 : set_value(r, meaning);
}

/* The default weight of edges. */
static void set_default(struct reader *r)
{
    char *text = (char *)xmlTextReaderReadString(r->xml), *end = NULL;
    double weight = text ? strtod(text, &end) : NAN;
    if (r->in_key && (r->key == WEIGHT_FIRST || r->key == WEIGHT_FIRST + 1) && end != text)
        r->weight = weight;
    xmlFree(text);
}

static int begin_element(struct reader *r, const char *name)
{
    if (!strcmp(name, "gexf"))
        r->gexf = true;
    if (!strcmp(name, "node"))
        return begin_node(r);
    if (!strcmp(name, "edge"))
        return begin_edge(r);
    if (r->gexf)
        return 0;
    if (!strcmp(name, "key"))
        return begin_key(r);
    if (!strcmp(name, "data"))
        return begin_data(r);
    if (!strcmp(name, "default"))
        set_default(r);
    else if (!strcmp(name, "NodeLabel")) /* of yEd */
        return set_value(r, YED_LABEL);
    else if (!strcmp(name, "hyperedge"))
        r->hyperedges++;
    return 0;
}

static void end_element(struct reader *r, const char *name)
{
    if (!strcmp(name, "node") && r->depth)
        r->depth--;
    else if (!strcmp(name, "edge"))
        r->in_edge = false;
    else if (!strcmp(name, "key"))
        r->in_key = false;
}

static void on_error(void *user, xmlErrorPtr error)
{
    struct reader *r = user;
    if (!r->report->error[0] && error->level >= XML_ERR_ERROR)
        report_error(r->report, "line %d: %.*s", error->line, (int)strcspn(error->message, "\n"),
                     error->message);
}

static int read_elements(struct reader *r)
{
    bool root = true;
    int more;
    while ((more = xmlTextReaderRead(r->xml)) == 1 && !cli_stopped()) {
        const char *name = (const char *)xmlTextReaderConstLocalName(r->xml);
        int type = xmlTextReaderNodeType(r->xml);
        if (type == XML_READER_TYPE_ELEMENT) {
            if (root && strcmp(name, "graphml") != 0 && strcmp(name, "gexf") != 0)
                return report_error(r->report, "this is XML, but neither GraphML nor GEXF");
            root = false;
            if (begin_element(r, name))
                return -1;
        } else if (type == XML_READER_TYPE_END_ELEMENT) {
            end_element(r, name);
        }
    }
    if (cli_stopped())
        return report_error(r->report, "interrupted");
    if (more < 0 && !r->report->error[0])
        report_error(r->report, "not well-formed XML");
    return more < 0 ? -1 : 0;
}

static int add_nodes(struct reader *r)
{
    for (uint32_t i = 0; i < r->ids.count; i++) {
        const char *id = r->ids.text + r->ids.at[i], *name = r->nodes[i].name;
        size_t bytes = r->ids.at[i + 1] - r->ids.at[i];
        if (!r->nodes[i].declared)
            return report_error(r->report, "an edge refers to the node \"%.*s\", which is missing",
                                (int)(bytes < 100 ? bytes : 100), id);
        if (graph_add_node(r->graph, name ? name : id, name ? strlen(name) : bytes))
            return report_graph_error(r->report);
    }
    return 0;
}

static int add_edges(struct reader *r)
{
    for (size_t i = 0; i < r->edge_count; i++) {
        struct edge *e = &r->edges[i];
        enum weight_result got =
            isnan(e->weight) ? WEIGHT_OK : weight_check(&e->weight, r->negative);
        if (got == WEIGHT_SKIP)
            r->negatives++;
        else if (got != WEIGHT_OK)
            return weight_error(r->report, i + 1, e->weight);
        else if (graph_add_edge(r->graph, e->from, e->to, (float)e->weight))
            return report_graph_error(r->report);
    }
    return 0;
}

int xmlgraph_read(struct graph *graph, const char *text, size_t bytes, enum negative negative,
                  struct report *report)
{
    struct reader r = {.graph = graph, .report = report, .negative = negative, .weight = NAN};
    if (bytes > INT_MAX)
        return report_error(report, "XML of more than 2 GiB");
    r.xml = xmlReaderForMemory(text, (int)bytes, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
    if (!r.xml)
        return report_error(report, "%s", strerror(ENOMEM));
    xmlTextReaderSetStructuredErrorHandler(r.xml, (xmlStructuredErrorFunc)on_error, &r);
    int result = read_elements(&r) || add_nodes(&r) || add_edges(&r) ? -1 : 0;
    if (r.hyperedges)
        report_left_out(report, "%" PRIu64 " hyperedges", r.hyperedges);
    report_negatives(report, r.negatives);
    if (r.bad_values)
        report_left_out(report, "%" PRIu64 " values of edges that are not numbers", r.bad_values);
    for (uint32_t i = 0; i < r.ids.count; i++)
        free(r.nodes[i].name);
    xmlFreeTextReader(r.xml);
    idmap_free(&r.keys);
    idmap_free(&r.ids);
    free(r.meaning);
    free(r.nodes);
    free(r.edges);
    return result;
}
