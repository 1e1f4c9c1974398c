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

/* Finds the first of the wanted attributes of nodes or edges, and whether it is text. NULL: none.
 */
static const char *attribute(const igraph_t *g, bool nodes, const char *const *wanted, bool *text)
{
    igraph_strvector_t list[3];
    igraph_vector_int_t types[3];
    const char *found = NULL;
    int vectors = 0;
    for (; vectors < 3; vectors++) {
        if (igraph_strvector_init(&list[vectors], 0))
            goto out;
        if (igraph_vector_int_init(&types[vectors], 0)) {
            igraph_strvector_destroy(&list[vectors]);
            goto out;
        }
    }
    if (igraph_cattribute_list(g, &list[0], &types[0], &list[1], &types[1], &list[2], &types[2]))
        goto out;
    const igraph_strvector_t *has = &list[nodes ? 1 : 2];
    for (; *wanted && !found; wanted++)
        for (igraph_integer_t i = 0; i < igraph_strvector_size(has) && !found; i++)
            if (!strcmp(igraph_strvector_get(has, i), *wanted)) {
                igraph_integer_t type = VECTOR(types[nodes ? 1 : 2])[i];
                *text = type == IGRAPH_ATTRIBUTE_STRING;
                if (*text || type == IGRAPH_ATTRIBUTE_NUMERIC)
                    found = *wanted;
            }
out:
    while (vectors-- > 0) {
        igraph_strvector_destroy(&list[vectors]);
        igraph_vector_int_destroy(&types[vectors]);
    }
    return found;
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

static int copy_nodes(struct graph *graph, const igraph_t *g, struct report *report)
{
    static const char *const wanted[][2] = {{"name"}, {"label"}, {"Label"}, {"id"}};
    struct naming naming[4];
    for (unsigned i = 0; i < 4; i++)
        naming[i].attribute = attribute(g, true, wanted[i], &naming[i].text);
    for (igraph_integer_t i = 0; i < igraph_vcount(g); i++)
        if (copy_node(graph, g, i, naming, 4))
            return report_graph_error(report);
    return 0;
}

/* missing: igraph has NAN for a weight that is missing in the file. */
static int copy_edges(struct graph *graph, const igraph_t *g, bool missing, enum negative negative,
                      struct report *report)
{
    static const char *const wanted[] = {"weight", "Weight", "value", NULL};
    bool text = false;
    uint64_t negatives = 0;
    const char *name = attribute(g, false, wanted, &text);
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
    if (!result)
        result = copy_nodes(graph, &g, report);
    if (!result)
        result = copy_edges(graph, &g, !has_nan(text, bytes), negative, report);
    igraph_destroy(&g);
    return result;
}
