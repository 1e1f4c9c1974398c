#include "igraphio.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "igraphbase.h"
#include "net/net.h"
#include "textfile.h"

static igraph_error_t read_file(igraph_t *g, enum file_format format, FILE *in)
{
    if (format == FORMAT_NCOL)
        return igraph_read_graph_ncol(g, in, NULL, 1, IGRAPH_ADD_WEIGHTS_IF_PRESENT, 0);
    return igraph_read_graph_gml(g, in);
}

/* The attributes of a graph: of itself, its nodes and its edges, as igraph lists them. */
struct listing {
    igraph_strvector_t names[3];
    igraph_vector_int_t types[3];
    int vectors; /* number of initialized vectors of each kind */
};

static void listing_free(struct listing *l)
{
    while (l->vectors-- > 0) {
        igraph_strvector_destroy(&l->names[l->vectors]);
        igraph_vector_int_destroy(&l->types[l->vectors]);
    }
}

/* 0; -1: no memory. The caller ends with listing_free either way. */
static int listing_init(struct listing *l, const igraph_t *g)
{
    for (l->vectors = 0; l->vectors < 3; l->vectors++) {
        if (igraph_strvector_init(&l->names[l->vectors], 0))
            return -1;
        if (igraph_vector_int_init(&l->types[l->vectors], 0)) {
            igraph_strvector_destroy(&l->names[l->vectors]);
            return -1;
        }
    }
    return igraph_cattribute_list(g, &l->names[0], &l->types[0], &l->names[1], &l->types[1],
                                  &l->names[2], &l->types[2])
               ? -1
               : 0;
}

/* Whether the type of an attribute is text or a number. */
static bool known_type(const struct listing *l, int kind, igraph_integer_t i, bool *text)
{
    igraph_integer_t type = VECTOR(l->types[kind])[i];
    *text = type == IGRAPH_ATTRIBUTE_STRING;
    return *text || type == IGRAPH_ATTRIBUTE_NUMERIC;
}

/* Finds the first of the wanted attributes of nodes or edges, and whether it is text. NULL: none.
 */
static const char *attribute(const struct listing *l, bool nodes, const char *const *wanted,
                             bool *text)
{
    int kind = nodes ? 1 : 2;
    for (; *wanted; wanted++)
        for (igraph_integer_t i = 0; i < igraph_strvector_size(&l->names[kind]); i++)
            if (!strcmp(igraph_strvector_get(&l->names[kind], i), *wanted) &&
                known_type(l, kind, i, text))
                return *wanted;
    return NULL;
}

/* Decodes character references, such as &#252; and &amp;, in place, as GML has them. Returns the
 * length. */
static size_t decode_references(char *text)
{
    static const struct {
        const char *name;
        char character;
    } named[] = {{"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}, {"lt;", '<'}, {"gt;", '>'}};
    char *out = text;
    for (const char *in = text; *in;) {
        char *end;
        if (in[0] == '&' && in[1] == '#') {
            bool hex = in[2] == 'x' || in[2] == 'X';
            const char *digits = in + (hex ? 3 : 2);
            unsigned long c =
                isxdigit((unsigned char)*digits) ? strtoul(digits, &end, hex ? 16 : 10) : 0;
            if (c && c <= 0x10ffff && *end == ';') {
                out = textfile_put_utf8(out, (unsigned)c);
                in = end + 1;
                continue;
            }
        }
        size_t n = sizeof named / sizeof named[0], i = 0;
        while (in[0] == '&' && i < n && strncmp(in + 1, named[i].name, strlen(named[i].name)) != 0)
            i++;
        if (in[0] == '&' && i < n) {
            *out++ = named[i].character;
            in += 1 + strlen(named[i].name);
        } else {
            *out++ = *in++;
        }
    }
    return (size_t)(out - text);
}

struct naming {
    const char *attribute; /* NULL: none */
    bool text;
};

/* Adds a node, named by the first attribute that it has, or else by its number. */
static int copy_node(struct graph *graph, const igraph_t *g, igraph_integer_t node,
                     const struct naming *naming, unsigned count)
{
    char number[32];
    snprintf(number, sizeof number, "%" PRId64, (int64_t)node);
    for (unsigned i = 0; i < count; i++) {
        if (!naming[i].attribute)
            continue;
        if (naming[i].text && *VAS(g, naming[i].attribute, node)) {
            char *name = strdup(VAS(g, naming[i].attribute, node));
            int result = name ? graph_add_node(graph, name, decode_references(name)) : -1;
            free(name);
            return result;
        }
        if (!naming[i].text && !isnan(VAN(g, naming[i].attribute, node))) {
            snprintf(number, sizeof number, "%.10g", VAN(g, naming[i].attribute, node));
            break;
        }
    }
    return graph_add_node(graph, number, strlen(number));
}

static const char *const node_names[][2] = {{"name"}, {"label"}, {"Label"}, {"id"}};
static const char *const edge_weights[] = {"weight", "Weight", "value", NULL};

static int copy_nodes(struct graph *graph, const igraph_t *g, const struct listing *l,
                      struct report *report)
{
    struct naming naming[4];
    for (unsigned i = 0; i < 4; i++)
        naming[i].attribute = attribute(l, true, node_names[i], &naming[i].text);
    for (igraph_integer_t i = 0; i < igraph_vcount(g); i++)
        if (copy_node(graph, g, i, naming, 4))
            return report_graph_error(report);
    return 0;
}

/* missing: igraph has NAN for a weight that is missing in the file. */
static int copy_edges(struct graph *graph, const igraph_t *g, const struct listing *l, bool missing,
                      enum negative negative, struct report *report)
{
    bool text = false;
    uint64_t negatives = 0;
    const char *name = attribute(l, false, edge_weights, &text);
    if (text && strcasecmp(name, "weight") != 0)
        name = NULL; /* "value" need not be a weight */
    else if (text)
        return report_error(report, "the edge weights are text; use numbers");
    for (igraph_integer_t i = 0; i < igraph_ecount(g); i++) {
        double weight = name ? EAN(g, name, i) : NAN;
        igraph_integer_t a = IGRAPH_FROM(g, i), b = IGRAPH_TO(g, i);
        if (name && !(missing && isnan(weight))) {
            enum weight_result got = weight_check(&weight, negative);
            if (got == WEIGHT_BAD || got == WEIGHT_NEGATIVE)
                return weight_error(report, (uint64_t)i + 1, weight);
            if (got == WEIGHT_SKIP) {
                negatives++;
                continue;
            }
        }
        if (graph_add_edge(graph, (uint32_t)a, (uint32_t)b, (float)weight))
            return report_graph_error(report);
    }
    report_negatives(report, negatives);
    return 0;
}

/* Copies the value of an attribute of a node or an edge. */
static int copy_value(struct graph *graph, const igraph_t *g, const char *name, uint32_t number,
                      igraph_integer_t item, bool text)
{
    bool nodes = !graph->attributes.list[number].of_edges;
    uint32_t to = (uint32_t)item;
    if (!nodes)
        to = graph_find_edge(graph, (uint32_t)IGRAPH_FROM(g, item), (uint32_t)IGRAPH_TO(g, item));
    if (to == GRAPH_NO_EDGE)
        return 0;
    if (text) {
        char *value = strdup(nodes ? VAS(g, name, item) : EAS(g, name, item));
        int result =
            value ? attributes_set(&graph->attributes, number, to, value, decode_references(value))
                  : -1;
        free(value);
        return result;
    }
    char value[32] = "";
    double real = nodes ? VAN(g, name, item) : EAN(g, name, item);
    if (!isnan(real))
        snprintf(value, sizeof value, "%.15g", real);
    return attributes_set(&graph->attributes, number, to, value, strlen(value));
}

/* Copies the attributes that are neither names nor weights. */
static int copy_attributes(struct graph *graph, const igraph_t *g, const struct listing *l)
{
    for (int kind = 1; kind < 3; kind++)
        for (igraph_integer_t a = 0; a < igraph_strvector_size(&l->names[kind]); a++) {
            const char *name = igraph_strvector_get(&l->names[kind], a);
            bool text, known = !known_type(l, kind, a, &text);
            for (int i = 0; i < (kind == 1 ? 4 : 3); i++)
                known = known || !strcmp(name, kind == 1 ? node_names[i][0] : edge_weights[i]);
            if (known)
                continue;
            uint32_t number = attributes_add(&graph->attributes, kind == 2, name, strlen(name));
            igraph_integer_t items = kind == 1 ? igraph_vcount(g) : igraph_ecount(g);
            if (number == ATTRIBUTES_NONE && errno)
                return -1;
            for (igraph_integer_t i = 0; number != ATTRIBUTES_NONE && i < items; i++)
                if (copy_value(graph, g, name, number, i, text))
                    return -1;
        }
    return 0;
}

/* Whether a text contains "nan" as a word, in any case. */
static bool has_nan(const char *text, size_t bytes)
{
    for (size_t i = 1; i + 3 <= bytes; i++)
        if (!strncasecmp(text + i, "nan", 3) && !isalpha((unsigned char)text[i - 1]) &&
            (i + 3 == bytes || !isalpha((unsigned char)text[i + 3])))
            return true;
    return false;
}

int igraphio_read(struct graph *graph, enum file_format format, char *text, size_t bytes,
                  enum negative negative, struct report *report)
{
    igraph_t g;
    igraphbase_clear_error();
    FILE *in = fmemopen(text, bytes, "r");
    igraph_error_t failed = in ? read_file(&g, format, in) : IGRAPH_ENOMEM;
    if (in)
        fclose(in);
    if (failed)
        return report_error(report, "%s", igraphbase_error());
    int result = 0;
    if (igraph_vcount(&g) > NET_NODES_MAX || igraph_ecount(&g) > NET_EDGES_MAX) {
        errno = EOVERFLOW;
        result = report_graph_error(report);
    }
    struct listing l;
    if (listing_init(&l, &g)) {
        errno = ENOMEM;
        result = report_graph_error(report);
    }
    if (!result)
        result = copy_nodes(graph, &g, &l, report);
    if (!result)
        result = copy_edges(graph, &g, &l, !has_nan(text, bytes), negative, report);
    if (!result && copy_attributes(graph, &g, &l))
        result = report_graph_error(report);
    listing_free(&l);
    igraph_destroy(&g);
    return result;
}
