#include "place.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIVOTS = 50, ENOUGH = 5000000, ROUNDS = 60, UNSEEN = UINT32_MAX };

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* -1 … 1, the same for the same seed, node and axis. */
static float chance(uint64_t seed, uint32_t node, unsigned axis)
{
    return (float)(mix(mix(seed) ^ (uint64_t)node << 2 ^ axis) >> 40) / (float)(1 << 23) - 1;
}

/* One part on its way to its places. */
struct part {
    const struct links *links;
    const uint32_t *nodes; /* those that belong to it */
    uint32_t count, pivots;
    float *from;    /* [pivots][count]: distance to each pivot, later squared and centred */
    uint32_t *rank; /* of a node within the part */
    uint32_t *queue, *steps;
};

/* Steps from a node to all of its part. Returns the last node reached. */
static uint32_t spread(const struct part *part, uint32_t start)
{
    const struct links *links = part->links;
    uint32_t head = 0, tail = 0, node = start;
    for (uint32_t i = 0; i < part->count; i++)
        part->steps[i] = UNSEEN;
    part->queue[tail++] = start;
    part->steps[part->rank[start]] = 0;
    while (head < tail) {
        node = part->queue[head++];
        uint32_t next = part->steps[part->rank[node]] + 1;
        for (uint32_t e = links->first[node]; e < links->first[node + 1]; e++) {
            uint32_t *steps = &part->steps[part->rank[links->other[e]]];
            if (*steps == UNSEEN) {
                *steps = next;
                part->queue[tail++] = links->other[e];
            }
        }
    }
    return node;
}

/* Distances from pivots, each of them the node that is farthest from those before. */
static void measure(const struct part *part, uint32_t start, uint32_t *nearest)
{
    uint32_t pivot = spread(part, start);
    for (uint32_t i = 0; i < part->count; i++)
        nearest[i] = UNSEEN;
    for (uint32_t p = 0; p < part->pivots; p++) {
        float *row = part->from + (size_t)p * part->count;
        uint32_t farthest = 0;
        spread(part, pivot);
        for (uint32_t i = 0; i < part->count; i++) {
            row[i] = (float)part->steps[i];
            if (part->steps[i] < nearest[i])
                nearest[i] = part->steps[i];
            if (nearest[i] > nearest[farthest])
                farthest = i;
        }
        pivot = part->nodes[farthest];
    }
}

/* Squares, and takes the means of rows and columns away. */
static void centre(const struct part *part)
{
    uint32_t n = part->count, pivots = part->pivots;
    for (uint32_t p = 0; p < pivots; p++) {
        float *row = part->from + (size_t)p * n;
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
            sum += (double)part->from[(size_t)p * n + i];
        for (uint32_t p = 0; p < pivots; p++) {
            float *at = &part->from[(size_t)p * n + i];
            *at = -0.5f * (*at - (float)(sum / pivots));
        }
    }
}

static double product(const double *a, const double *b, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The directions in which pivots differ most: the first eigenvectors, by powers. */
static void directions(const struct part *part, unsigned axes, uint64_t seed,
                       double axis[3][PIVOTS])
{
    double square[PIVOTS][PIVOTS], next[PIVOTS];
    uint32_t k = part->pivots;
    for (uint32_t a = 0; a < k; a++)
        for (uint32_t b = 0; b <= a; b++) {
            const float *x = part->from + (size_t)a * part->count;
            const float *y = part->from + (size_t)b * part->count;
            double sum = 0;
            for (uint32_t i = 0; i < part->count; i++)
                sum += (double)x[i] * (double)y[i];
            square[a][b] = square[b][a] = sum;
        }
    for (unsigned d = 0; d < axes; d++) {
        for (uint32_t a = 0; a < k; a++)
            axis[d][a] = (double)chance(seed, a, d);
        for (int round = 0; round < ROUNDS; round++) {
            for (uint32_t a = 0; a < k; a++)
                next[a] = product(square[a], axis[d], k);
            for (unsigned other = 0; other < d; other++) {
                double along = product(next, axis[other], k);
                for (uint32_t a = 0; a < k; a++)
                    next[a] -= along * axis[other][a];
            }
            double length = sqrt(product(next, next, k));
            for (uint32_t a = 0; a < k; a++)
                axis[d][a] = length > 0 ? next[a] / length : 0;
        }
    }
}

/* Makes the mean edge 1 long, shakes all a little, and returns the distance of the farthest. */
static float settle(const struct part *part, bool flat, uint64_t seed, struct place *at)
{
    const struct links *links = part->links;
    double sum = 0, edges = 0;
    for (uint32_t i = 0; i < part->count; i++) {
        uint32_t a = part->nodes[i];
        for (uint32_t e = links->first[a]; e < links->first[a + 1]; e++) {
            const struct place *p = &at[a], *q = &at[links->other[e]];
            sum += sqrt((double)((p->x - q->x) * (p->x - q->x) + (p->y - q->y) * (p->y - q->y) +
                                 (p->z - q->z) * (p->z - q->z)));
            edges++;
        }
    }
    float scale = sum > 0 ? (float)(edges / sum) : 1, far2 = 0;
    for (uint32_t i = 0; i < part->count; i++) {
        uint32_t a = part->nodes[i];
        at[a].x = at[a].x * scale + 0.3f * chance(seed, a, 0);
        at[a].y = at[a].y * scale + 0.3f * chance(seed, a, 1);
        at[a].z = flat ? 0 : at[a].z * scale + 0.3f * chance(seed, a, 2);
        float r2 = at[a].x * at[a].x + at[a].y * at[a].y + at[a].z * at[a].z;
        far2 = r2 > far2 ? r2 : far2;
    }
    return sqrtf(far2);
}

static void project(const struct part *part, unsigned axes, double axis[3][PIVOTS],
                    struct place *at)
{
    for (uint32_t i = 0; i < part->count; i++) {
        double to[3] = {0, 0, 0};
        for (unsigned d = 0; d < axes; d++)
            for (uint32_t p = 0; p < part->pivots; p++)
                to[d] += axis[d][p] * (double)part->from[(size_t)p * part->count + i];
        struct place *place = &at[part->nodes[i]];
        place->x = (float)to[0];
        place->y = (float)to[1];
        place->z = (float)to[2];
    }
}

/* A part around the origin. Returns how far it reaches, or -1. */
static float shape(struct part *part, bool flat, uint64_t seed, struct place *at)
{
    double axis[3][PIVOTS];
    uint32_t most = part->count > ENOUGH / PIVOTS ? ENOUGH / part->count : PIVOTS;
    part->pivots = most < 10 ? 10 : most;
    if (part->pivots > part->count)
        part->pivots = part->count;
    for (uint32_t i = 0; i < part->count; i++)
        at[part->nodes[i]].x = at[part->nodes[i]].y = at[part->nodes[i]].z = 0;
    if (part->count > 2) {
        uint32_t *nearest = malloc(part->count * sizeof *nearest);
        part->from = malloc((size_t)part->pivots * part->count * sizeof *part->from);
        if (!nearest || !part->from) {
            free(nearest);
            free(part->from);
            return -1;
        }
        for (uint32_t i = 0; i < part->count; i++)
            part->rank[part->nodes[i]] = i;
        measure(part, part->nodes[0], nearest);
        free(nearest);
        centre(part);
        directions(part, flat ? 2 : 3, seed, axis);
        project(part, flat ? 2 : 3, axis, at);
        free(part->from);
    } else if (part->count == 2) {
        at[part->nodes[1]].x = 1;
    }
    return settle(part, flat, seed, at);
}

/* Nodes by part: those of part p are nodes[start[p] … start[p + 1] - 1]. */
static void sort_parts(const struct links *links, uint32_t *nodes, uint32_t *start)
{
    memset(start, 0, (links->parts + (size_t)2) * sizeof *start);
    for (uint32_t i = 0; i < links->nodes; i++)
        start[links->part[i] + 2]++;
    for (uint32_t p = 0; p < links->parts; p++)
        start[p + 2] += start[p + 1];
    for (uint32_t i = 0; i < links->nodes; i++)
        nodes[start[links->part[i] + 1]++] = i;
}

/* A seat for the part number p, when those before it take so much room: a golden angle further. */
static struct place seat(uint32_t p, double room, bool flat)
{
    const double golden = 2.399963229728653;
    double r = flat ? sqrt(room) : cbrt(room), turn = p * golden, up = 0;
    if (!flat && p)
        up = 2 * fmod(p * 0.6180339887498949, 1) - 1;
    double around = r * sqrt(1 - up * up);
    return (struct place){(float)(around * cos(turn)), (float)(around * sin(turn)), (float)(r * up),
                          0};
}

int place_all(const struct links *links, bool flat, uint64_t seed, struct place *at)
{
    size_t n = links->nodes, bytes = n * sizeof(uint32_t);
    uint32_t *nodes = malloc(bytes), *start = malloc((links->parts + (size_t)2) * sizeof *start);
    struct part part = {.links = links, .rank = malloc(bytes)};
    double room = 0;
    part.queue = malloc(bytes);
    part.steps = malloc(bytes);
    int result = nodes && start && part.rank && part.queue && part.steps ? 0 : -1;
    if (!result)
        sort_parts(links, nodes, start);
    for (uint32_t p = 0; p < links->parts && !result; p++) {
        part.nodes = nodes + start[p];
        part.count = start[p + 1] - start[p];
        float reach = shape(&part, flat, seed, at);
        if (reach < 0)
            result = -1;
        double r = (double)reach + 1, size = flat ? r * r : r * r * r;
        room += p ? size / 2 : size;
        struct place to = p ? seat(p, room, flat) : (struct place){0, 0, 0, 0};
        room += p ? size / 2 : 0;
        for (uint32_t i = 0; i < part.count; i++) {
            at[part.nodes[i]].x += to.x;
            at[part.nodes[i]].y += to.y;
            at[part.nodes[i]].z += to.z;
        }
    }
    free(nodes);
    free(start);
    free(part.rank);
    free(part.queue);
    free(part.steps);
    if (result)
        errno = ENOMEM;
    return result;
}

void place_new(const struct links *links, uint32_t from, bool flat, uint64_t seed, float edge,
               struct place *at)
{
    float far2 = 0;
    for (uint32_t i = 0; i < from; i++) {
        float r2 = at[i].x * at[i].x + at[i].y * at[i].y + at[i].z * at[i].z;
        far2 = r2 > far2 ? r2 : far2;
    }
    for (uint32_t i = from; i < links->nodes; i++) {
        float x = 0, y = 0, z = 0, known = 0, away = edge;
        for (uint32_t e = links->first[i]; e < links->first[i + 1]; e++)
            if (links->other[e] < i) {
                const struct place *p = &at[links->other[e]];
                x += p->x;
                y += p->y;
                z += p->z;
                known++;
            }
        if (known == 0) /* nobody to stand beside */
            away = sqrtf(far2) + edge;
        else
            x /= known, y /= known, z /= known;
        float dx = chance(seed, i, 0), dy = chance(seed, i, 1), dz = flat ? 0 : chance(seed, i, 2);
        float length = sqrtf(dx * dx + dy * dy + dz * dz) + 1e-3f;
        at[i].x = x + away * dx / length;
        at[i].y = y + away * dy / length;
        at[i].z = z + away * dz / length;
    }
}
