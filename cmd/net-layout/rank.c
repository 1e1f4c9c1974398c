#include "rank.h"
#include <stdlib.h>

struct size {
    uint32_t group, nodes;
};

static int larger_first(const void *a, const void *b)
{
    const struct size *x = a, *y = b;
    if (x->nodes != y->nodes)
        return x->nodes > y->nodes ? -1 : 1;
    return x->group < y->group ? -1 : 1;
}

int rank_by_size(uint32_t *group, uint32_t nodes, uint32_t groups)
{
    struct size *sizes = calloc(groups, sizeof *sizes);
    uint32_t *rank = calloc(groups, sizeof *rank);
    int result = sizes && rank ? 0 : -1;
    if (!result) {
        for (uint32_t g = 0; g < groups; g++)
            sizes[g].group = g;
        for (uint32_t i = 0; i < nodes; i++)
            sizes[group[i]].nodes++;
        qsort(sizes, groups, sizeof *sizes, larger_first);
        for (uint32_t g = 0; g < groups; g++)
            rank[sizes[g].group] = g;
        for (uint32_t i = 0; i < nodes; i++)
            group[i] = rank[group[i]];
    }
    free(sizes);
    free(rank);
    return result;
}
