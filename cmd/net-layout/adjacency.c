#include "adjacency.h"
#include <string.h>
#include "array.h"
#include "rank.h"

static const float negligible = 1e-12f; /* weight of an edge that is left out */

void adjacency_free(struct adjacency *a)
{
    free(a->first);
    free(a->other);
    free(a->weight);
    free(a->component);
    free(a->member);
    free(a->start);
    memset(a, 0, sizeof *a);
}

static int reserve_nodes(struct adjacency *a, uint32_t nodes)
{
    size_t capacity = (size_t)nodes + nodes / 2;
    if (nodes <= a->node_capacity)
        return 0;
    if (array_resize(&a->first, capacity + 2, sizeof *a->first) ||
        array_resize(&a->component, capacity, sizeof *a->component) ||
        array_resize(&a->member, capacity, sizeof *a->member) ||
        array_resize(&a->start, capacity + 2, sizeof *a->start))
        return -1;
    a->node_capacity = (uint32_t)capacity;
    return 0;
}

static int reserve_links(struct adjacency *a, uint32_t edges)
{
    size_t capacity = 2 * ((size_t)edges + edges / 2) + 1;
    if (2 * edges <= a->link_capacity)
        return 0;
    if (array_resize(&a->other, capacity, sizeof *a->other) ||
        array_resize(&a->weight, capacity, sizeof *a->weight))
        return -1;
    a->link_capacity = (uint32_t)capacity;
    return 0;
}

/* Factor that makes the mean weight 1. */
static float weight_unit(const struct graph *graph)
{
    double sum = 0;
    for (uint32_t e = 0; e < graph->edges; e++)
        sum += (double)graph->weight[e];
    return sum > 0 ? (float)(graph->edges / sum) : 0;
}

static void build_links(struct adjacency *a, const struct graph *graph)
{
    float unit = weight_unit(graph);
    /* Counted two entries ahead, so that filling moves first[i + 1] from the start of node i to its
     * end. */
    memset(a->first, 0, ((size_t)a->nodes + 2) * sizeof *a->first);
    for (size_t e = 0; e < graph->edges; e++)
        for (unsigned end = 0; end < 2; end++)
            a->first[graph->edge[2 * e + end] + 2] += graph->weight[e] * unit >= negligible;
    for (uint32_t i = 0; i < a->nodes; i++)
        a->first[i + 2] += a->first[i + 1];
    for (size_t e = 0; e < graph->edges; e++)
        for (unsigned end = 0; end < 2 && graph->weight[e] * unit >= negligible; end++) {
            uint32_t at = a->first[graph->edge[2 * e + end] + 1]++;
            a->other[at] = graph->edge[2 * e + 1 - end];
            a->weight[at] = graph->weight[e] * unit;
        }
}

/* The representative of the set that a node is in, in a forest of disjoint sets. */
static uint32_t find_root(uint32_t *parent, uint32_t node)
{
    while (parent[node] != node) {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    return node;
}

static int number_components(struct adjacency *a)
{
    uint32_t *component = a->component;
    for (uint32_t i = 0; i < a->nodes; i++)
        component[i] = i;
    for (uint32_t i = 0; i < a->nodes; i++)
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            uint32_t p = find_root(component, i), q = find_root(component, a->other[e]);
            component[p < q ? q : p] = p < q ? p : q;
        }
    for (uint32_t i = 0; i < a->nodes; i++)
        component[i] = find_root(component, i);
    /* The representative is the smallest node, so it is numbered before the others. */
    a->components = 0;
    for (uint32_t i = 0; i < a->nodes; i++)
        component[i] = component[i] == i ? a->components++ : component[component[i]];
    return rank_by_size(component, a->nodes, a->components);
}

static void sort_members(struct adjacency *a)
{
    /* Counted two entries ahead, as in build_links. */
    memset(a->start, 0, ((size_t)a->components + 2) * sizeof *a->start);
    for (uint32_t i = 0; i < a->nodes; i++)
        a->start[a->component[i] + 2]++;
    for (uint32_t c = 0; c < a->components; c++)
        a->start[c + 2] += a->start[c + 1];
    for (uint32_t i = 0; i < a->nodes; i++)
        a->member[a->start[a->component[i] + 1]++] = i;
}

int adjacency_build(struct adjacency *a, const struct graph *graph)
{
    if (reserve_nodes(a, graph->nodes) || reserve_links(a, graph->edges))
        return -1;
    a->nodes = graph->nodes;
    build_links(a, graph);
    if (number_components(a))
        return -1;
    sort_members(a);
    return 0;
}
