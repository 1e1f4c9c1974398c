#include "net/netparts.h"
#include <stdlib.h>

/* The root of a node's component; halves the path to it. */
static uint32_t find_root(uint32_t *parent, uint32_t node)
{
    while (parent[node] != node) {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    return node;
}

struct root {
    uint32_t node, size;
};

static int by_size(const void *a, const void *b)
{
    const struct root *p = a, *q = b;
    if (p->size != q->size)
        return p->size < q->size ? 1 : -1;
    return p->node < q->node ? -1 : 1;
}

/* Replaces each node's root by the rank of its component. */
static void rank_roots(uint32_t *part, struct root *roots, uint32_t count, uint32_t nodes,
                       uint32_t *rank)
{
    qsort(roots, count, sizeof *roots, by_size);
    for (uint32_t i = 0; i < count; i++)
        rank[roots[i].node] = i;
    for (uint32_t i = 0; i < nodes; i++)
        part[i] = rank[part[i]];
}

uint32_t *netparts_find(const struct net *net)
{
    size_t n = net->nodes;
    uint32_t *part = malloc(n * sizeof *part), *rank = calloc(n, sizeof *rank), count = 0;
    struct root *roots = malloc(n * sizeof *roots);
    if (!part || !rank || !roots) {
        free(part);
        part = NULL;
        goto out;
    }
    for (uint32_t i = 0; i < net->nodes; i++)
        part[i] = i;
    for (size_t e = 0; e < net->edges; e++) {
        uint32_t a = find_root(part, net->edge[2 * e]), b = find_root(part, net->edge[2 * e + 1]);
        part[a > b ? a : b] = a > b ? b : a;
    }
    for (uint32_t i = 0; i < net->nodes; i++) {
        part[i] = find_root(part, i);
        rank[part[i]]++;
    }
    for (uint32_t i = 0; i < net->nodes; i++)
        if (rank[i])
            roots[count++] = (struct root){i, rank[i]};
    rank_roots(part, roots, count, net->nodes, rank);
out:
    free(rank);
    free(roots);
    return part;
}
