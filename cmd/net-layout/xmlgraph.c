#include "xmlgraph.h"
#include <errno.h>
#include <inttypes.h>
#include <libxml/xmlreader.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "array.h"
#include "idmap.h"
#include "tool/cli.h"
#include "xmlkeys.h"

enum { NESTING = 64, NO_NODE = UINT32_MAX };

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
    struct xmlkeys keys;
    struct idmap ids; /* identifiers of the nodes */
    struct node *nodes;
    size_t node_capacity;
    struct edge *edges;
    size_t edge_count, edge_capacity;
    uint32_t open[NESTING]; /* nodes that the position is in */
    unsigned depth;
    bool in_edge;
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
    char *id = get(r, "id"), *label = r->keys.gexf ? get(r, "label") : NULL;
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
         *weight = r->keys.gexf ? get(r, "weight") : NULL;
    int result = 0;
    if (!from || !to) {
        result = report_error(r->report, "line %d: an edge without source or target",
                              xmlTextReaderGetParserLineNumber(r->xml));
    } else {
        struct edge *e = &r->edges[r->edge_count++];
        *e = (struct edge){find_node(r, from), find_node(r, to), r->keys.weight, NOTHING};
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

/* The innermost node, or the edge, that the position is in. */
static struct xmlitem current_item(const struct reader *r)
{
    uint32_t item = r->in_edge ? (uint32_t)r->edge_count - 1
                    : r->depth ? r->open[r->depth - 1]
                               : XMLITEM_NONE;
    return (struct xmlitem){r->in_edge, item};
}

/* A name or weight of the innermost node or the edge. */
static int set_value(struct reader *r, enum meaning meaning, const char *text)
{
    if (meaning <= NAME_LAST && !r->in_edge && r->depth)
        set_name(&r->nodes[r->open[r->depth - 1]], text, (uint8_t)meaning);
    else if (*text && meaning >= WEIGHT_FIRST && meaning <= VALUE && r->in_edge)
        return set_weight(r, text, (uint8_t)meaning);
    return 0;
}

/* <data> of GraphML, <attvalue> of GEXF. */
static int begin_data(struct reader *r)
{
    enum meaning meaning = NOTHING;
    char *text = xmlkeys_data(&r->keys, current_item(r), &meaning);
    int result = text ? set_value(r, meaning, text) : 0;
    if (!text && errno)
        result = fail_errno(r);
    xmlFree(text);
    return result;
}

static int begin_label(struct reader *r) /* of yEd */
{
    char *text = (char *)xmlTextReaderReadString(r->xml);
    int result = text ? set_value(r, YED_LABEL, text) : 0;
    xmlFree(text);
    return result;
}

static int begin_element(struct reader *r, const char *name)
{
    bool gexf = r->keys.gexf;
    if (!strcmp(name, "gexf"))
        r->keys.gexf = true;
    if (!strcmp(name, "node"))
        return begin_node(r);
    if (!strcmp(name, "edge"))
        return begin_edge(r);
    if (!strcmp(name, gexf ? "attvalue" : "data"))
        return begin_data(r);
    if (!gexf && !strcmp(name, "NodeLabel"))
        return begin_label(r);
    if (!gexf && !strcmp(name, "hyperedge"))
        r->hyperedges++;
    return xmlkeys_element(&r->keys, name, current_item(r)) ? fail_errno(r) : 0;
}

static void end_element(struct reader *r, const char *name)
{
    if (!strcmp(name, "node") && r->depth)
        r->depth--;
    else if (!strcmp(name, "edge"))
        r->in_edge = false;
    else
        xmlkeys_end(&r->keys, name);
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

/* Adds an edge; *number: its number in the graph, or GRAPH_NO_EDGE if it was left out. */
static int add_edge(struct reader *r, size_t i, uint32_t *number)
{
    struct edge *e = &r->edges[i];
    enum weight_result got = isnan(e->weight) ? WEIGHT_OK : weight_check(&e->weight, r->negative);
    *number = GRAPH_NO_EDGE;
    if (got == WEIGHT_SKIP) {
        r->negatives++;
        return 0;
    }
    if (got != WEIGHT_OK)
        return weight_error(r->report, i + 1, e->weight);
    if (graph_add_edge(r->graph, e->from, e->to, (float)e->weight))
        return report_graph_error(r->report);
    *number = graph_find_edge(r->graph, e->from, e->to);
    return 0;
}

static int add_edges(struct reader *r)
{
    uint32_t *numbers = malloc(r->edge_count * sizeof *numbers + 1);
    int result = numbers ? 0 : fail_errno(r);
    for (size_t i = 0; i < r->edge_count && !result; i++)
        result = add_edge(r, i, &numbers[i]);
    if (!result && attributes_map_edges(&r->graph->attributes, numbers, r->edge_count))
        result = fail_errno(r);
    free(numbers);
    return result;
}

int xmlgraph_read(struct graph *graph, const char *text, size_t bytes, enum negative negative,
                  struct report *report)
{
    struct reader r = {.graph = graph,
                       .report = report,
                       .negative = negative,
                       .keys = {.graph = graph, .weight = NAN, .in_key = IDMAP_NONE}};
    if (bytes > INT_MAX)
        return report_error(report, "XML of more than 2 GiB");
    r.xml = xmlReaderForMemory(text, (int)bytes, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
    if (!r.xml)
        return report_error(report, "%s", strerror(ENOMEM));
    xmlTextReaderSetStructuredErrorHandler(r.xml, (xmlStructuredErrorFunc)on_error, &r);
    r.keys.xml = r.xml;
    int result = read_elements(&r) || add_nodes(&r) || add_edges(&r) ? -1 : 0;
    if (!result && xmlkeys_defaults(&r.keys))
        result = fail_errno(&r);
    if (r.hyperedges)
        report_left_out(report, "%" PRIu64 " hyperedges", r.hyperedges);
    report_negatives(report, r.negatives);
    if (r.bad_values)
        report_left_out(report, "%" PRIu64 " values of edges that are not numbers", r.bad_values);
    for (uint32_t i = 0; i < r.ids.count; i++)
        free(r.nodes[i].name);
    xmlFreeTextReader(r.xml);
    xmlkeys_free(&r.keys);
    idmap_free(&r.ids);
    free(r.nodes);
    free(r.edges);
    return result;
}
