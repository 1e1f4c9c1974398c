#include "leiden.h"
#include <stdlib.h>
#include <string.h>
#include "igraphbase.h"
#include "rank.h"

struct leiden {
    igraph_t graph;
    igraph_vector_t weights;
    igraph_vector_int_t community; /* community of each node */
    uint32_t nodes;
    igraph_integer_t communities;
};

struct leiden *leiden_new(const struct graph *graph)
{
    struct leiden *l = calloc(1, sizeof *l);
    if (!l || igraph_vector_int_init(&l->community, 0)) {
        free(l);
        return NULL;
    }
    l->nodes = graph->nodes;
    if (!igraphbase_graph(graph, &l->graph, &l->weights))
        return l;
    igraph_vector_int_destroy(&l->community);
    free(l);
    return NULL;
}

void leiden_free(struct leiden *l)
{
    if (!l)
        return;
    igraph_destroy(&l->graph);
    igraph_vector_destroy(&l->weights);
    igraph_vector_int_destroy(&l->community);
    free(l);
}

/* Each node is a community of its own. */
static int find_singletons(struct leiden *l)
{
    if (igraph_vector_int_resize(&l->community, l->nodes))
        return -1;
    for (uint32_t i = 0; i < l->nodes; i++)
        VECTOR(l->community)[i] = i;
    l->communities = l->nodes;
    return 0;
}

/* Optimizes modularity: nodes weigh as much as their edges, at the resolution 1 / (2 * total). */
int leiden_find(struct leiden *l, uint64_t seed)
{
    igraph_vector_t strength;
    double total = igraph_vector_sum(&l->weights);
    igraphbase_init(seed); /* the settings may be thread-local */
    if (!(total > 0))
        return find_singletons(l);
    if (igraph_vector_init(&strength, l->nodes))
        return -1;
    igraph_error_t failed = igraph_strength(&l->graph, &strength, igraph_vss_all(), IGRAPH_ALL,
                                            IGRAPH_LOOPS, &l->weights);
    if (!failed)
        failed = igraph_community_leiden(&l->graph, &l->weights, &strength,
#if IGRAPH_VERSION_MAJOR >= 1
                                         NULL, /* in-strengths, of directed graphs */
#endif
                                         1 / (2 * total), 0.01, false, 2, &l->community,
                                         &l->communities, NULL);
    igraph_vector_destroy(&strength);
    return failed ? -1 : 0;
}

int leiden_apply(struct leiden *l, struct graph *graph)
{
    uint32_t *community = malloc(l->nodes * sizeof *community);
    for (uint32_t i = 0; community && i < l->nodes; i++)
        community[i] = (uint32_t)VECTOR(l->community)[i];
    int result = community ? rank_by_size(community, l->nodes, (uint32_t)l->communities) : -1;
    if (!result) {
        memcpy(graph->community, community, l->nodes * sizeof *community);
        graph->communities = (uint32_t)l->communities;
    }
    free(community);
    return result;
}
