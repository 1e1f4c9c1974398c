#include "graph.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "net/net.h"
#include "random.h"
#include "textfile.h"
#include "utf8.h"

void graph_free(struct graph *graph)
{
    free(graph->edge);
    free(graph->weight);
    free(graph->degree);
    free(graph->community);
    free(graph->text);
    free(graph->name_at);
    free(graph->slots);
    attributes_free(&graph->attributes);
    memset(graph, 0, sizeof *graph);
}

static int reserve_node(struct graph *g)
{
    if (g->nodes < g->node_capacity)
        return 0;
    size_t capacity = g->node_capacity ? 2 * (size_t)g->node_capacity : 1024;
    if (array_resize(&g->degree, capacity, sizeof *g->degree) ||
        array_resize(&g->community, capacity, sizeof *g->community) ||
        array_resize(&g->name_at, capacity + 1, sizeof *g->name_at))
        return -1;
    g->node_capacity = (uint32_t)capacity;
    return 0;
}

static int reserve_text(struct graph *g, size_t bytes)
{
    size_t used = g->nodes ? g->name_at[g->nodes] : 0,
           capacity = g->text_capacity ? g->text_capacity : 4096;
    if (used + bytes > UINT32_MAX / 2) {
        errno = EOVERFLOW;
        return -1;
    }
    while (capacity < used + bytes)
        capacity *= 2;
    if (capacity == g->text_capacity)
        return 0;
    if (array_resize(&g->text, capacity, 1))
        return -1;
    g->text_capacity = (uint32_t)capacity;
    return 0;
}

int graph_add_node(struct graph *g, const char *name, size_t bytes)
{
    bytes = utf8_cut(name, bytes, NET_NAME_MAX);
    if (g->nodes == NET_NODES_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    if (reserve_node(g) || reserve_text(g, bytes))
        return -1;
    uint32_t node = g->nodes;
    if (node == 0)
        g->name_at[0] = 0;
    textfile_printable(g->text + g->name_at[node], name, bytes);
    g->name_at[node + 1] = g->name_at[node] + (uint32_t)bytes;
    g->named = g->named || bytes;
    g->degree[node] = 0;
    g->community[node] = GRAPH_NO_COMMUNITY;
    g->nodes++;
    return 0;
}

/* The slot of the edge between two nodes, low < high, or the empty slot where it belongs. */
static uint32_t *find_slot(const struct graph *g, uint32_t low, uint32_t high)
{
    uint32_t mask = g->slot_capacity - 1,
             at = (uint32_t)random_mix((uint64_t)low << 32 | high) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t edge = g->slots[at] - 1;
        if (!g->slots[at] ||
            (g->edge[2 * (size_t)edge] == low && g->edge[2 * (size_t)edge + 1] == high))
            return &g->slots[at];
    }
}

static int reserve_edge(struct graph *g)
{
    if (g->edges < g->edge_capacity)
        return 0;
    size_t capacity = g->edge_capacity ? 2 * (size_t)g->edge_capacity : 1024;
    if (array_resize(&g->edge, 2 * capacity, sizeof *g->edge) ||
        array_resize(&g->weight, capacity, sizeof *g->weight))
        return -1;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots)
        return -1;
    free(g->slots);
    g->slots = slots;
    g->slot_capacity = (uint32_t)(2 * capacity);
    g->edge_capacity = (uint32_t)capacity;
    for (uint32_t i = 0; i < g->edges; i++)
        *find_slot(g, g->edge[2 * (size_t)i], g->edge[2 * (size_t)i + 1]) = i + 1;
    return 0;
}

uint32_t graph_find_edge(const struct graph *g, uint32_t a, uint32_t b)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    return a == b || !g->edges ? GRAPH_NO_EDGE : *find_slot(g, low, high) - 1;
}

int graph_add_edge(struct graph *g, uint32_t a, uint32_t b, float weight)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    bool given = !isnan(weight);
    if (a == b) {
        g->loops++;
        return 0;
    }
    if (g->edges == NET_EDGES_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    if (reserve_edge(g))
        return -1;
    g->weighted = g->weighted || given;
    uint32_t *slot = find_slot(g, low, high);
    if (*slot) {
        float sum = g->weight[*slot - 1] + (given ? weight : 0);
        g->weight[*slot - 1] = sum < 3e38f ? sum : 3e38f;
        return 0;
    }
    *slot = g->edges + 1;
    g->edge[2 * (size_t)g->edges] = low;
    g->edge[2 * (size_t)g->edges + 1] = high;
    g->weight[g->edges] = given ? weight : 1;
    g->edges++;
    g->degree[low]++;
    g->degree[high]++;
    return 0;
}
