#include "graph.h"
#include "utf8.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void graph_free(struct graph *graph)
{
    free(graph->edge);
    free(graph->weight);
    free(graph->degree);
    free(graph->part);
    free(graph->community);
    free(graph->text);
    free(graph->name_at);
    free(graph->pairs);
    memset(graph, 0, sizeof *graph);
}

static int grow(void *array, size_t room, size_t bytes)
{
    void **at = array, *grown = realloc(*at, room * bytes);
    if (!grown)
        return -1;
    *at = grown;
    return 0;
}

static int node_room(struct graph *g)
{
    if (g->nodes < g->node_room)
        return 0;
    size_t room = g->node_room ? 2 * (size_t)g->node_room : 1024;
    if (grow(&g->degree, room, sizeof *g->degree) || grow(&g->part, room, sizeof *g->part) ||
        grow(&g->community, room, sizeof *g->community) ||
        grow(&g->name_at, room + 1, sizeof *g->name_at))
        return -1;
    g->node_room = (uint32_t)room;
    return 0;
}

static int text_room(struct graph *g, size_t bytes)
{
    size_t used = g->nodes ? g->name_at[g->nodes] : 0, room = g->text_room ? g->text_room : 4096;
    if (used + bytes > UINT32_MAX / 2) {
        errno = EOVERFLOW;
        return -1;
    }
    while (room < used + bytes)
        room *= 2;
    if (room == g->text_room)
        return 0;
    if (grow(&g->text, room, 1))
        return -1;
    g->text_room = (uint32_t)room;
    return 0;
}

/* Bytes of a name's first so many that make whole characters. */
static size_t cut(const char *name, size_t bytes)
{
    if (bytes <= NET_NAME_MAX)
        return bytes;
    bytes = NET_NAME_MAX;
    while (bytes && ((unsigned char)name[bytes] & 0xc0) == 0x80)
        bytes--;
    return bytes;
}

static void put_name(char *out, const char *name, size_t bytes)
{
    memcpy(out, name, bytes);
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = '?';
    if (utf8_printable(out, bytes))
        return;
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)out[i] >= 0x80)
            out[i] = '?';
}

int graph_node(struct graph *g, const char *name, size_t bytes)
{
    bytes = cut(name, bytes);
    if (g->nodes == NET_NODES_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    if (node_room(g) || text_room(g, bytes))
        return -1;
    uint32_t node = g->nodes;
    if (node == 0)
        g->name_at[0] = 0;
    put_name(g->text + g->name_at[node], name, bytes);
    g->name_at[node + 1] = g->name_at[node] + (uint32_t)bytes;
    g->named = g->named || bytes;
    g->degree[node] = 0;
    g->part[node] = node;
    g->community[node] = GRAPH_ALONE;
    g->nodes++;
    return 0;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* Where the edge between two nodes, the smaller first, stands in the hash, or is to. */
static uint32_t *pair_at(const struct graph *g, uint32_t low, uint32_t high)
{
    uint32_t mask = g->pair_room - 1, at = (uint32_t)mix((uint64_t)low << 32 | high) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t edge = g->pairs[at] - 1;
        if (!g->pairs[at] ||
            (g->edge[2 * (size_t)edge] == low && g->edge[2 * (size_t)edge + 1] == high))
            return &g->pairs[at];
    }
}

static int edge_room(struct graph *g)
{
    if (g->edges < g->edge_room)
        return 0;
    size_t room = g->edge_room ? 2 * (size_t)g->edge_room : 1024;
    if (grow(&g->edge, 2 * room, sizeof *g->edge) || grow(&g->weight, room, sizeof *g->weight))
        return -1;
    uint32_t *pairs = calloc(2 * room, sizeof *pairs);
    if (!pairs)
        return -1;
    free(g->pairs);
    g->pairs = pairs;
    g->pair_room = (uint32_t)(2 * room);
    g->edge_room = (uint32_t)room;
    for (uint32_t i = 0; i < g->edges; i++)
        *pair_at(g, g->edge[2 * (size_t)i], g->edge[2 * (size_t)i + 1]) = i + 1;
    return 0;
}

uint32_t graph_part(struct graph *g, uint32_t node)
{
    while (g->part[node] != node) {
        g->part[node] = g->part[g->part[node]];
        node = g->part[node];
    }
    return node;
}

int graph_edge(struct graph *g, uint32_t a, uint32_t b, float weight)
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
    if (edge_room(g))
        return -1;
    g->weighted = g->weighted || given;
    uint32_t *pair = pair_at(g, low, high);
    if (*pair) {
        float sum = g->weight[*pair - 1] + (given ? weight : 0);
        g->weight[*pair - 1] = sum < 3e38f ? sum : 3e38f;
        return 0;
    }
    *pair = g->edges + 1;
    g->edge[2 * (size_t)g->edges] = low;
    g->edge[2 * (size_t)g->edges + 1] = high;
    g->weight[g->edges] = given ? weight : 1;
    g->edges++;
    g->degree[low]++;
    g->degree[high]++;
    low = graph_part(g, low);
    high = graph_part(g, high);
    /* The smaller number stands for both: few steps, and the same whatever came first. */
    g->part[low < high ? high : low] = low < high ? low : high;
    return 0;
}

struct net graph_net(const struct graph *g)
{
    return (struct net){.nodes = g->nodes,
                        .edges = g->edges,
                        .communities = g->communities,
                        .degree = g->degree,
                        .community = g->community,
                        .edge = g->edge,
                        .weight = g->weighted ? g->weight : NULL,
                        .name_at = g->named ? g->name_at : NULL,
                        .names = g->text};
}
