#include "igraphio.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "igraphbase.h"
#include "net/net.h"

/* Whether a Pajek file declares more nodes than a stream can hold: igraph allocates them all. */
static bool declares_too_many(const char *text, size_t bytes)
{
    static const char word[] = "*vertices";
    for (size_t i = 0; i + sizeof word < bytes; i++)
        if (text[i] == '*' && !strncasecmp(text + i, word, sizeof word - 1)) {
            char digits[24];
            i += sizeof word - 1;
            while (i < bytes && (text[i] == ' ' || text[i] == '\t'))
                i++;
            size_t n = 0;
            while (i < bytes && n < sizeof digits - 1 && isdigit((unsigned char)text[i]))
                digits[n++] = text[i++];
            digits[n] = 0;
            if (n > 18 || strtoull(digits, NULL, 10) > NET_NODES_MAX)
                return true;
        }
    return false;
}

static igraph_error_t read_file(igraph_t *g, enum file_format format, FILE *in)
{
    switch (format) {
    case FORMAT_NCOL:
        return igraph_read_graph_ncol(g, in, NULL, 1, IGRAPH_ADD_WEIGHTS_IF_PRESENT, 0);
    case FORMAT_GRAPHML:
        return igraph_read_graph_graphml(g, in, 0);
    case FORMAT_GML:
        return igraph_read_graph_gml(g, in);
    default:
        return igraph_read_graph_pajek(g, in);
    }
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

static int fail_with_errno(void)
{
    igraphbase_set_error("%s", errno == EOVERFLOW ? "more nodes or edges than a stream can hold "
                                                    "(2^24 and 2^28)"
                                                  : strerror(errno));
    return -1;
}

static int copy_nodes(struct graph *graph, const igraph_t *g)
{
    static const char *const wanted[] = {"name", "label", "Label", "id", NULL};
    bool text = false;
    const char *name = attribute(g, true, wanted, &text);
    for (igraph_integer_t i = 0; i < igraph_vcount(g); i++) {
        char digits[32];
        const char *label = digits;
        if (text)
            label = VAS(g, name, i);
        else
            snprintf(digits, sizeof digits, "%.10g", name ? VAN(g, name, i) : (double)i);
        if (graph_add_node(graph, label, strlen(label)))
            return fail_with_errno();
    }
    return 0;
}

static int copy_edges(struct graph *graph, const igraph_t *g)
{
    static const char *const wanted[] = {"weight", "Weight", "value", NULL};
    bool text = false;
    const char *name = attribute(g, false, wanted, &text);
    if (text && strcasecmp(name, "weight") != 0)
        name = NULL; /* "value" need not be a weight */
    else if (text) {
        igraphbase_set_error("the edge weights are text; use numbers");
        return -1;
    }
    for (igraph_integer_t i = 0; i < igraph_ecount(g); i++) {
        double weight = name ? EAN(g, name, i) : NAN;
        igraph_integer_t a = IGRAPH_FROM(g, i), b = IGRAPH_TO(g, i);
        if (name && !(weight >= 0 && weight <= 1e30)) {
            igraphbase_set_error("edge %" PRId64 " has the %s %g; use a number from 0 to 1e30",
                                 (int64_t)i + 1, name, weight);
            return -1;
        }
        if (graph_add_edge(graph, (uint32_t)a, (uint32_t)b, (float)weight))
            return fail_with_errno();
    }
    return 0;
}

int igraphio_read(struct graph *graph, enum file_format format, char *text, size_t bytes)
{
    igraph_t g;
    igraphbase_clear_error();
    if (format == FORMAT_PAJEK && declares_too_many(text, bytes)) {
        errno = EOVERFLOW;
        return fail_with_errno();
    }
    FILE *in = fmemopen(text, bytes, "r");
    igraph_error_t failed = in ? read_file(&g, format, in) : IGRAPH_ENOMEM;
    if (in)
        fclose(in);
    if (failed)
        return -1;
    int result = 0;
    if (igraph_vcount(&g) > NET_NODES_MAX || igraph_ecount(&g) > NET_EDGES_MAX) {
        errno = EOVERFLOW;
        result = fail_with_errno();
    }
    result = result || copy_nodes(graph, &g) || copy_edges(graph, &g) ? -1 : 0;
    igraph_destroy(&g);
    return result;
}
