#include "adjacency.h"
#include <string.h>
#include "array.h"
#include "rank.h"

void adjacency_free(struct adjacency *a)
{
    free(a->first);
    free(a->other);
    free(a->weight);
    free(a->component);
    memset(a, 0, sizeof *a);
}

static int reserve_nodes(struct adjacency *a, uint32_t nodes)
{
    size_t capacity = (size_t)nodes + nodes / 2;
    if (nodes <= a->node_capacity)
        return 0;
    if (array_resize(&a->first, capacity + 2, sizeof *a->first) ||
        array_resize(&a->component, capacity, sizeof *a->component))
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

static void build_links(struct adjacency *a, const struct graph *graph)
{
    double sum = 0;
    /* Counted two entries ahead, so that filling moves first[i + 1] from the start of node i to its
     * end. */
    memset(a->first, 0, ((size_t)a->nodes + 2) * sizeof *a->first);
    for (uint32_t e = 0; e < graph->edges; e++) {
        sum += (double)graph->weight[e];
        a->first[graph->edge[2 * (size_t)e] + 2]++;
        a->first[graph->edge[2 * (size_t)e + 1] + 2]++;
    }
    for (uint32_t i = 0; i < a->nodes; i++)
        a->first[i + 2] += a->first[i + 1];
    float unit = sum > 0 ? (float)(graph->edges / sum) : 0;
    for (uint32_t e = 0; e < graph->edges; e++)
        for (unsigned end = 0; end < 2; end++) {
            uint32_t at = a->first[graph->edge[2 * (size_t)e + end] + 1]++;
            a->other[at] = graph->edge[2 * (size_t)e + 1 - end];
            a->weight[at] = graph->weight[e] * unit;
        }
}

static int number_components(struct adjacency *a, struct graph *graph)
{
    a->components = 0;
    /* A component's representative is its smallest node, so it is numbered before the others. */
    for (uint32_t i = 0; i < a->nodes; i++) {
        uint32_t root = graph_component(graph, i);
        a->component[i] = root == i ? a->components++ : a->component[root];
    }
    return rank_by_size(a->component, a->nodes, a->components);
}

int adjacency_build(struct adjacency *a, struct graph *graph)
{
    if (reserve_nodes(a, graph->nodes) || reserve_links(a, graph->edges))
        return -1;
    a->nodes = graph->nodes;
    build_links(a, graph);
    return number_components(a, graph);
}
