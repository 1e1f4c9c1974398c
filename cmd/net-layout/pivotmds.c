#include "pivotmds.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "random.h"
#include "tool/cli.h"

enum {
    PIVOTS = 50,
    MIN_PIVOTS = 10,
    MAX_DISTANCES = 5000000, /* pivots * nodes; larger components get fewer pivots */
    ITERATIONS = 60          /* of the power iteration */
};

#define UNSEEN UINT32_MAX

struct pivotmds {
    const struct adjacency *adjacency;
    uint32_t *rank;  /* index in `nodes` of each node of the component */
    uint32_t *queue; /* nodes in the order in which the search reached them */
    uint32_t *steps; /* distance of each node of the component in the last search */
    /* the component: */
    const uint32_t *nodes;
    uint32_t count, pivots;
    float *distance; /* [pivots][count]: distance to each pivot, later squared and centred */
};

struct pivotmds *pivotmds_new(const struct adjacency *adjacency)
{
    struct pivotmds *mds = calloc(1, sizeof *mds);
    size_t bytes = adjacency->nodes * sizeof(uint32_t);
    if (!mds)
        return NULL;
    mds->adjacency = adjacency;
    mds->rank = malloc(bytes);
    mds->queue = malloc(bytes);
    mds->steps = malloc(bytes);
    if (mds->rank && mds->queue && mds->steps)
        return mds;
    pivotmds_free(mds);
    return NULL;
}

void pivotmds_free(struct pivotmds *mds)
{
    if (!mds)
        return;
    free(mds->rank);
    free(mds->queue);
    free(mds->steps);
    free(mds);
}

/* Sets the distances from start to the whole component. Returns one of the farthest nodes. */
static uint32_t breadth_first(const struct pivotmds *mds, uint32_t start)
{
    const struct adjacency *links = mds->adjacency;
    uint32_t head = 0, tail = 0, node = start;
    for (uint32_t i = 0; i < mds->count; i++)
        mds->steps[i] = UNSEEN;
    mds->queue[tail++] = start;
    mds->steps[mds->rank[start]] = 0;
    while (head < tail) {
        node = mds->queue[head++];
        uint32_t next = mds->steps[mds->rank[node]] + 1;
        for (uint32_t e = links->first[node]; e < links->first[node + 1]; e++) {
            uint32_t *steps = &mds->steps[mds->rank[links->other[e]]];
            if (*steps == UNSEEN) {
                *steps = next;
                mds->queue[tail++] = links->other[e];
            }
        }
    }
    return node;
}

/* Measures distances to pivots, each the node farthest from the previous pivots. false: a signal
 * interrupted it. */
static bool measure(const struct pivotmds *mds, uint32_t start, uint32_t *nearest)
{
    uint32_t pivot = breadth_first(mds, start);
    for (uint32_t i = 0; i < mds->count; i++)
        nearest[i] = UNSEEN;
    for (uint32_t p = 0; p < mds->pivots; p++) {
        if (cli_stopped())
            return false;
        float *row = mds->distance + (size_t)p * mds->count;
        uint32_t farthest = 0;
        breadth_first(mds, pivot);
        for (uint32_t i = 0; i < mds->count; i++) {
            row[i] = (float)mds->steps[i];
            if (mds->steps[i] < nearest[i])
                nearest[i] = mds->steps[i];
            if (nearest[i] > nearest[farthest])
                farthest = i;
        }
        pivot = mds->nodes[farthest];
    }
    return true;
}

/* Squares the distances, and subtracts the means of rows and columns. */
static void centre(const struct pivotmds *mds)
{
    uint32_t n = mds->count, pivots = mds->pivots;
    for (uint32_t p = 0; p < pivots; p++) {
        float *row = mds->distance + (size_t)p * n;
        double sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            row[i] *= row[i];
            sum += (double)row[i];
        }
        for (uint32_t i = 0; i < n; i++)
            row[i] -= (float)(sum / n);
    }
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint32_t p = 0; p < pivots; p++)
            sum += (double)mds->distance[(size_t)p * n + i];
        for (uint32_t p = 0; p < pivots; p++) {
            float *at = &mds->distance[(size_t)p * n + i];
            *at = -0.5f * (*at - (float)(sum / pivots));
        }
    }
}

static double dot_product(const double *a, const double *b, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The first eigenvectors of the pivots' covariance matrix, by power iteration. */
static void find_axes(const struct pivotmds *mds, unsigned dimensions, uint64_t seed,
                      double axis[3][PIVOTS])
{
    double covariance[PIVOTS][PIVOTS], next[PIVOTS];
    uint32_t k = mds->pivots;
    for (uint32_t a = 0; a < k; a++)
        for (uint32_t b = 0; b <= a; b++) {
            const float *x = mds->distance + (size_t)a * mds->count;
            const float *y = mds->distance + (size_t)b * mds->count;
            double sum = 0;
            for (uint32_t i = 0; i < mds->count; i++)
                sum += (double)x[i] * (double)y[i];
            covariance[a][b] = covariance[b][a] = sum;
        }
    for (unsigned d = 0; d < dimensions; d++) {
        for (uint32_t a = 0; a < k; a++)
            axis[d][a] = (double)random_signed(seed, a, d);
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            for (uint32_t a = 0; a < k; a++)
                next[a] = dot_product(covariance[a], axis[d], k);
            for (unsigned other = 0; other < d; other++) {
                double overlap = dot_product(next, axis[other], k);
                for (uint32_t a = 0; a < k; a++)
                    next[a] -= overlap * axis[other][a];
            }
            double length = sqrt(dot_product(next, next, k));
            for (uint32_t a = 0; a < k; a++)
                axis[d][a] = length > 0 ? next[a] / length : 0;
        }
    }
}

/* Places the component by its coordinates along the axes. */
static void project(const struct pivotmds *mds, unsigned dimensions, double axis[3][PIVOTS],
                    struct body *bodies)
{
    for (uint32_t i = 0; i < mds->count; i++) {
        double at[3] = {0, 0, 0};
        for (unsigned d = 0; d < dimensions; d++)
            for (uint32_t p = 0; p < mds->pivots; p++)
                at[d] += axis[d][p] * (double)mds->distance[(size_t)p * mds->count + i];
        struct body *body = &bodies[mds->nodes[i]];
        body->x = (float)at[0];
        body->y = (float)at[1];
        body->z = (float)at[2];
    }
}

static uint32_t choose_pivots(uint32_t count)
{
    uint32_t pivots = count > MAX_DISTANCES / PIVOTS ? MAX_DISTANCES / count : PIVOTS;
    if (pivots < MIN_PIVOTS)
        pivots = MIN_PIVOTS;
    return pivots < count ? pivots : count;
}

int pivotmds_place(struct pivotmds *mds, const uint32_t *nodes, uint32_t count, unsigned dimensions,
                   uint64_t seed, struct body *bodies)
{
    double axis[3][PIVOTS];
    mds->nodes = nodes;
    mds->count = count;
    mds->pivots = choose_pivots(count);
    uint32_t *nearest = malloc(count * sizeof *nearest);
    mds->distance = malloc((size_t)mds->pivots * count * sizeof *mds->distance);
    for (uint32_t i = 0; i < count; i++)
        mds->rank[nodes[i]] = i;
    int result = nearest && mds->distance && measure(mds, nodes[0], nearest) ? 0 : -1;
    if (!result) {
        centre(mds);
        find_axes(mds, dimensions, seed, axis);
        project(mds, dimensions, axis, bodies);
    }
    free(nearest);
    free(mds->distance);
    if (result)
        errno = cli_stopped() ? EINTR : ENOMEM;
    return result;
}
