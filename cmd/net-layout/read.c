#include "read.h"
#include <ctype.h>
#include <errno.h>
#include <igraph.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tool/cli.h"

static _Thread_local char problem[200];

/* Keeps the first line of what igraph says; it says it once for each function that gives up. */
static void on_error(const char *reason, const char *file, int line, igraph_error_t code)
{
    (void)file;
    (void)line;
    if (!problem[0])
        snprintf(problem, sizeof problem, "%.*s", (int)strcspn(reason, "\n"),
                 *reason ? reason : igraph_strerror(code));
    IGRAPH_FINALLY_FREE();
}

static void on_warning(const char *reason, const char *file, int line)
{
    (void)reason;
    (void)file;
    (void)line;
}

_Noreturn static void on_fatal(const char *reason, const char *file, int line)
{
    cli_die(CLI_FAIL, "igraph: %s (%s:%d)", reason, file, line);
}

static igraph_error_t on_interruption(void *data)
{
    (void)data;
    if (!cli_stopped())
        return IGRAPH_SUCCESS;
    IGRAPH_FINALLY_FREE();
    return IGRAPH_INTERRUPTED;
}

void igraph_begin(uint64_t seed)
{
    igraph_set_error_handler(on_error);
    igraph_set_warning_handler(on_warning);
    igraph_set_fatal_handler(on_fatal);
    igraph_set_interruption_handler(on_interruption);
    igraph_set_attribute_table(&igraph_cattribute_table);
    igraph_rng_seed(igraph_rng_default(), seed);
}

/* -1 and why, after a function of igraph's failed. */
static int give_up(const char **why)
{
    if (!problem[0])
        snprintf(problem, sizeof problem, "%s", cli_stopped() ? "interrupted" : "igraph gave up");
    *why = problem;
    return -1;
}

static const char *const names[] = {[FORMAT_EDGES] = "edges",
                                    [FORMAT_NCOL] = "ncol",
                                    [FORMAT_GRAPHML] = "graphml",
                                    [FORMAT_GML] = "gml",
                                    [FORMAT_PAJEK] = "pajek"};

enum format format_named(const char *name)
{
    for (unsigned f = FORMAT_EDGES; f <= FORMAT_PAJEK; f++)
        if (!strcmp(name, names[f]))
            return f;
    return FORMAT_ANY;
}

const char *format_names(void)
{
    return "edges, ncol, graphml, gml, pajek";
}

/* Does a line of the first ones begin with this word, whatever its case? */
static bool has_line(const char *text, size_t bytes, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0, lines = 0; i + n <= bytes && lines < 20; i++) {
        if (!strncasecmp(text + i, word, n) &&
            (i + n == bytes || !isalnum((unsigned char)text[i + n])))
            return true;
        while (i < bytes && text[i] != '\n')
            i++;
        lines++;
    }
    return false;
}

enum format format_of(const char *text, size_t bytes)
{
    size_t i = bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (i < bytes && isspace((unsigned char)text[i]))
        i++;
    if (i < bytes && text[i] == '<')
        return FORMAT_GRAPHML;
    if (has_line(text, bytes, "*vertices"))
        return FORMAT_PAJEK;
    if (has_line(text, bytes, "graph [") || has_line(text, bytes, "graph["))
        return FORMAT_GML;
    if (has_line(text, bytes, "graph") && has_line(text + i, bytes - i, "["))
        return FORMAT_GML;
    return FORMAT_EDGES;
}

/* igraph makes room for as many as a Pajek file says that it has. */
static bool too_many(const char *text, size_t bytes)
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

static igraph_error_t read_file(igraph_t *g, enum format format, FILE *in)
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

/* The first of these attributes that nodes or edges have, and whether it is text, or NULL. */
static const char *attribute(const igraph_t *g, bool nodes, const char *const *wanted, bool *text)
{
    igraph_strvector_t list[3];
    igraph_vector_int_t types[3];
    const char *found = NULL;
    int made = 0;
    for (; made < 3; made++) {
        if (igraph_strvector_init(&list[made], 0))
            goto out;
        if (igraph_vector_int_init(&types[made], 0)) {
            igraph_strvector_destroy(&list[made]);
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
    while (made-- > 0) {
        igraph_strvector_destroy(&list[made]);
        igraph_vector_int_destroy(&types[made]);
    }
    return found;
}

static int take_nodes(struct graph *graph, const igraph_t *g)
{
    static const char *const wanted[] = {"name", "label", "Label", "id", NULL};
    bool text = false;
    const char *name = attribute(g, true, wanted, &text);
    for (igraph_integer_t i = 0; i < igraph_vcount(g); i++) {
        char digits[32];
        const char *is = digits;
        if (text)
            is = VAS(g, name, i);
        else
            snprintf(digits, sizeof digits, "%.10g", name ? VAN(g, name, i) : (double)i);
        if (graph_node(graph, is, strlen(is)))
            return -1;
    }
    return 0;
}

static int take_edges(struct graph *graph, const igraph_t *g, const char **why)
{
    static const char *const wanted[] = {"weight", "Weight", "value", NULL};
    bool text = false;
    const char *name = attribute(g, false, wanted, &text);
    if (text && strcasecmp(name, "weight") != 0)
        name = NULL; /* a value may be anything */
    else if (text) {
        *why = "the edges' weights are text, not numbers";
        return -1;
    }
    for (igraph_integer_t i = 0; i < igraph_ecount(g); i++) {
        double weight = name ? EAN(g, name, i) : NAN;
        igraph_integer_t a = IGRAPH_FROM(g, i), b = IGRAPH_TO(g, i);
        if (name && !(weight >= 0 && weight <= 1e30)) {
            snprintf(problem, sizeof problem,
                     "edge %" PRId64 " has the %s %g: it must be a number from 0 to 1e30",
                     (int64_t)i + 1, name, weight);
            return give_up(why);
        }
        if (graph_edge(graph, (uint32_t)a, (uint32_t)b, (float)weight))
            return -1;
    }
    return 0;
}

int read_graph(struct graph *graph, enum format format, char *text, size_t bytes, const char **why)
{
    igraph_t g;
    problem[0] = 0;
    *why = NULL;
    if (format == FORMAT_PAJEK && too_many(text, bytes)) {
        *why = "more nodes than a stream can hold";
        return -1;
    }
    FILE *in = fmemopen(text, bytes, "r");
    igraph_error_t error = in ? read_file(&g, format, in) : IGRAPH_ENOMEM;
    if (in)
        fclose(in);
    if (error)
        return give_up(why);
    int result = 0;
    if (igraph_vcount(&g) > NET_NODES_MAX || igraph_ecount(&g) > NET_EDGES_MAX) {
        errno = EOVERFLOW;
        result = -1;
    }
    result = result || take_nodes(graph, &g) || take_edges(graph, &g, why) ? -1 : 0;
    if (result && !*why)
        *why = errno == EOVERFLOW ? "more than a stream can hold" : strerror(errno);
    igraph_destroy(&g);
    return result;
}

/* The graph as igraph has it, and its weights. */
static int make_igraph(const struct graph *graph, igraph_t *g, igraph_vector_t *weights)
{
    igraph_vector_int_t ends;
    if (igraph_vector_init(weights, graph->edges))
        return -1;
    for (uint32_t i = 0; i < graph->edges; i++)
        VECTOR(*weights)[i] = (double)graph->weight[i];
    if (igraph_vector_int_init(&ends, 2 * (igraph_integer_t)graph->edges)) {
        igraph_vector_destroy(weights);
        return -1;
    }
    for (size_t i = 0; i < 2 * (size_t)graph->edges; i++)
        VECTOR(ends)[i] = graph->edge[i];
    igraph_error_t error = igraph_create(g, &ends, graph->nodes, IGRAPH_UNDIRECTED);
    igraph_vector_int_destroy(&ends);
    if (error)
        igraph_vector_destroy(weights);
    return error ? -1 : 0;
}

struct size {
    uint32_t community, nodes;
};

static int larger_first(const void *a, const void *b)
{
    const struct size *x = a, *y = b;
    if (x->nodes != y->nodes)
        return x->nodes > y->nodes ? -1 : 1;
    return x->community < y->community ? -1 : 1;
}

struct grouping {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_vector_int_t of; /* each node's community */
    uint32_t nodes;
    igraph_integer_t count;
};

struct grouping *grouping_new(const struct graph *graph)
{
    struct grouping *g = calloc(1, sizeof *g);
    if (!g || igraph_vector_int_init(&g->of, 0)) {
        free(g);
        return NULL;
    }
    g->nodes = graph->nodes;
    if (!make_igraph(graph, &g->graph, &g->weights))
        return g;
    igraph_vector_int_destroy(&g->of);
    free(g);
    return NULL;
}

void grouping_free(struct grouping *g)
{
    if (!g)
        return;
    igraph_destroy(&g->graph);
    igraph_vector_destroy(&g->weights);
    igraph_vector_int_destroy(&g->of);
    free(g);
}

/* Modularity: nodes weigh what their edges do, and the resolution is 1 / (2 * all). */
int grouping_find(struct grouping *g, uint64_t seed)
{
    igraph_vector_t strength;
    double all = igraph_vector_sum(&g->weights);
    igraph_begin(seed); /* what it sets may be a thread's own */
    if (!(all > 0)) {   /* each is one of its own */
        if (igraph_vector_int_resize(&g->of, g->nodes))
            return -1;
        for (uint32_t i = 0; i < g->nodes; i++)
            VECTOR(g->of)[i] = i;
        g->count = g->nodes;
        return 0;
    }
    if (igraph_vector_init(&strength, g->nodes))
        return -1;
    igraph_error_t error = igraph_strength(&g->graph, &strength, igraph_vss_all(), IGRAPH_ALL,
                                           IGRAPH_LOOPS, &g->weights);
    if (!error)
        error = igraph_community_leiden(&g->graph, &g->weights, &strength, 1 / (2 * all), 0.01,
                                        false, 2, &g->of, &g->count, NULL);
    igraph_vector_destroy(&strength);
    return error ? -1 : 0;
}

/* Numbers them by their size. */
int grouping_apply(const struct grouping *g, struct graph *graph)
{
    size_t count = (size_t)g->count;
    struct size *sizes = calloc(count, sizeof *sizes);
    uint32_t *rank = calloc(count, sizeof *rank);
    if (sizes && rank) {
        for (uint32_t c = 0; c < count; c++)
            sizes[c].community = c;
        for (uint32_t i = 0; i < g->nodes; i++)
            sizes[VECTOR(g->of)[i]].nodes++;
        qsort(sizes, count, sizeof *sizes, larger_first);
        for (uint32_t c = 0; c < count; c++)
            rank[sizes[c].community] = c;
        for (uint32_t i = 0; i < g->nodes; i++)
            graph->community[i] = rank[VECTOR(g->of)[i]];
        graph->communities = (uint32_t)count;
    }
    int result = sizes && rank ? 0 : -1;
    free(sizes);
    free(rank);
    return result;
}

static int layout_step(const igraph_t *g, const igraph_vector_t *weights, igraph_matrix_t *at,
                       const igraph_vector_t *low, const igraph_vector_t *high, bool flat,
                       double heat)
{
    if (flat)
        return igraph_layout_fruchterman_reingold(g, at, true, 1, heat, IGRAPH_LAYOUT_AUTOGRID,
                                                  weights, &low[0], &high[0], &low[1], &high[1])
                   ? -1
                   : 0;
    return igraph_layout_fruchterman_reingold_3d(g, at, true, 1, heat, weights, &low[0], &high[0],
                                                 &low[1], &high[1], &low[2], &high[2])
               ? -1
               : 0;
}

int igraph_step(const struct graph *graph, struct place *at, const bool *pinned, bool flat,
                double heat, const char **why)
{
    igraph_t g;
    igraph_vector_t weights, low[3], high[3];
    igraph_matrix_t places;
    int made = 0, result = -1, columns = flat ? 2 : 3;
    problem[0] = 0;
    if (make_igraph(graph, &g, &weights))
        return give_up(why);
    if (igraph_matrix_init(&places, graph->nodes, columns))
        goto out;
    for (; made < 3; made++) {
        if (igraph_vector_init(&low[made], graph->nodes))
            goto out_vectors;
        if (igraph_vector_init(&high[made], graph->nodes)) {
            igraph_vector_destroy(&low[made]);
            goto out_vectors;
        }
    }
    for (uint32_t i = 0; i < graph->edges; i++) /* it takes no 0 */
        VECTOR(weights)[i] = fmax(VECTOR(weights)[i], 1e-6);
    for (uint32_t i = 0; i < graph->nodes; i++) {
        double is[3] = {(double)at[i].x, (double)at[i].y, (double)at[i].z};
        for (int k = 0; k < columns; k++) {
            MATRIX(places, i, k) = is[k];
            VECTOR(low[k])[i] = pinned[i] ? is[k] : -IGRAPH_INFINITY;
            VECTOR(high[k])[i] = pinned[i] ? is[k] : IGRAPH_INFINITY;
        }
    }
    result = layout_step(&g, &weights, &places, low, high, flat, heat);
    for (uint32_t i = 0; i < graph->nodes && !result; i++) {
        at[i].x = (float)MATRIX(places, i, 0);
        at[i].y = (float)MATRIX(places, i, 1);
        at[i].z = flat ? 0 : (float)MATRIX(places, i, 2);
    }
out_vectors:
    while (made-- > 0) {
        igraph_vector_destroy(&low[made]);
        igraph_vector_destroy(&high[made]);
    }
    igraph_matrix_destroy(&places);
out:
    igraph_destroy(&g);
    igraph_vector_destroy(&weights);
    return result ? give_up(why) : 0;
}
