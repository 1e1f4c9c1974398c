#include "igraphfr.h"
#include <math.h>
#include "igraphbase.h"

static int layout_step(const igraph_t *g, const igraph_vector_t *weights,
                       igraph_matrix_t *positions, const igraph_vector_t *low,
                       const igraph_vector_t *high, bool flat, double temperature)
{
    if (flat)
        return igraph_layout_fruchterman_reingold(g, positions, true, 1, temperature,
                                                  IGRAPH_LAYOUT_AUTOGRID, weights, &low[0],
                                                  &high[0], &low[1], &high[1])
                   ? -1
                   : 0;
    return igraph_layout_fruchterman_reingold_3d(g, positions, true, 1, temperature, weights,
                                                 &low[0], &high[0], &low[1], &high[1], &low[2],
                                                 &high[2])
               ? -1
               : 0;
}

int igraphfr_step(const struct graph *graph, struct body *bodies, const bool *pinned, bool flat,
                  double temperature)
{
    igraph_t g;
    igraph_vector_t weights, low[3], high[3];
    igraph_matrix_t positions;
    int vectors = 0, result = -1, columns = flat ? 2 : 3;
    igraphbase_clear_error();
    if (igraphbase_graph(graph, &g, &weights))
        return -1;
    if (igraph_matrix_init(&positions, graph->nodes, columns))
        goto out;
    for (; vectors < 3; vectors++) {
        if (igraph_vector_init(&low[vectors], graph->nodes))
            goto out_vectors;
        if (igraph_vector_init(&high[vectors], graph->nodes)) {
            igraph_vector_destroy(&low[vectors]);
            goto out_vectors;
        }
    }
    for (uint32_t i = 0; i < graph->edges; i++) /* igraph requires weights > 0 */
        VECTOR(weights)[i] = fmax(VECTOR(weights)[i], 1e-6);
    for (uint32_t i = 0; i < graph->nodes; i++) {
        double at[3] = {(double)bodies[i].x, (double)bodies[i].y, (double)bodies[i].z};
        for (int k = 0; k < columns; k++) {
            MATRIX(positions, i, k) = at[k];
            VECTOR(low[k])[i] = pinned[i] ? at[k] : -IGRAPH_INFINITY;
            VECTOR(high[k])[i] = pinned[i] ? at[k] : IGRAPH_INFINITY;
        }
    }
    result = layout_step(&g, &weights, &positions, low, high, flat, temperature);
    for (uint32_t i = 0; i < graph->nodes && !result; i++) {
        bodies[i].x = (float)MATRIX(positions, i, 0);
        bodies[i].y = (float)MATRIX(positions, i, 1);
        bodies[i].z = flat ? 0 : (float)MATRIX(positions, i, 2);
        if (!isfinite(bodies[i].x + bodies[i].y + bodies[i].z)) {
            igraphbase_set_error(
                "positions are no longer finite numbers; use less extreme weights");
            result = -1;
        }
    }
out_vectors:
    while (vectors-- > 0) {
        igraph_vector_destroy(&low[vectors]);
        igraph_vector_destroy(&high[vectors]);
    }
    igraph_matrix_destroy(&positions);
out:
    igraph_destroy(&g);
    igraph_vector_destroy(&weights);
    return result;
}
