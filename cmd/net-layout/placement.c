#include "placement.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pivotmds.h"
#include "random.h"

static const float noise = 0.3f; /* in mean edge lengths */

/* Scales a component to a mean edge length of 1, adds noise, and returns its radius. */
static float scale_component(const struct adjacency *links, const uint32_t *nodes, uint32_t count,
                             bool flat, uint64_t seed, struct body *bodies)
{
    double sum = 0, edges = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t a = nodes[i];
        for (uint32_t e = links->first[a]; e < links->first[a + 1]; e++) {
            const struct body *p = &bodies[a], *q = &bodies[links->other[e]];
            sum += sqrt((double)((p->x - q->x) * (p->x - q->x) + (p->y - q->y) * (p->y - q->y) +
                                 (p->z - q->z) * (p->z - q->z)));
            edges++;
        }
    }
    float scale = sum > 0 ? (float)(edges / sum) : 1, far2 = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t a = nodes[i];
        bodies[a].x = bodies[a].x * scale + noise * random_signed(seed, a, 0);
        bodies[a].y = bodies[a].y * scale + noise * random_signed(seed, a, 1);
        bodies[a].z = flat ? 0 : bodies[a].z * scale + noise * random_signed(seed, a, 2);
        float r2 =
            bodies[a].x * bodies[a].x + bodies[a].y * bodies[a].y + bodies[a].z * bodies[a].z;
        far2 = r2 > far2 ? r2 : far2;
    }
    return sqrtf(far2);
}

/* Sorts nodes by component: those of component c are nodes[start[c]] … nodes[start[c + 1] - 1]. */
static void sort_components(const struct adjacency *links, uint32_t *nodes, uint32_t *start)
{
    memset(start, 0, (links->components + (size_t)2) * sizeof *start);
    for (uint32_t i = 0; i < links->nodes; i++)
        start[links->component[i] + 2]++;
    for (uint32_t c = 0; c < links->components; c++)
        start[c + 2] += start[c + 1];
    for (uint32_t i = 0; i < links->nodes; i++)
        nodes[start[links->component[i] + 1]++] = i;
}

/* The centre of component c, when its predecessors fill the area or volume: on a golden spiral. */
static struct body spiral(uint32_t c, double filled, bool flat)
{
    const double golden = 2.399963229728653;
    double r = flat ? sqrt(filled) : cbrt(filled), angle = c * golden, up = 0;
    if (!flat && c)
        up = 2 * fmod(c * 0.6180339887498949, 1) - 1;
    double around = r * sqrt(1 - up * up);
    return (struct body){(float)(around * cos(angle)), (float)(around * sin(angle)),
                         (float)(r * up), 0};
}

/* Gives a component its shape, around the origin. Returns its radius, or -1 with ENOMEM. */
static float shape_component(struct pivotmds *mds, const struct adjacency *links,
                             const uint32_t *nodes, uint32_t count, bool flat, uint64_t seed,
                             struct body *bodies)
{
    for (uint32_t i = 0; i < count; i++)
        bodies[nodes[i]].x = bodies[nodes[i]].y = bodies[nodes[i]].z = 0;
    if (count == 2)
        bodies[nodes[1]].x = 1;
    if (count > 2 && pivotmds_place(mds, nodes, count, flat ? 2 : 3, seed, bodies))
        return -1;
    return scale_component(links, nodes, count, flat, seed, bodies);
}

static int place_components(const struct adjacency *links, struct pivotmds *mds,
                            const uint32_t *nodes, const uint32_t *start, bool flat, uint64_t seed,
                            struct body *bodies)
{
    double filled = 0;
    for (uint32_t c = 0; c < links->components; c++) {
        const uint32_t *members = nodes + start[c];
        uint32_t count = start[c + 1] - start[c];
        float radius = shape_component(mds, links, members, count, flat, seed, bodies);
        if (radius < 0)
            return -1;
        double r = (double)radius + 1, size = flat ? r * r : r * r * r;
        filled += c ? size / 2 : size;
        struct body centre = c ? spiral(c, filled, flat) : (struct body){0, 0, 0, 0};
        filled += c ? size / 2 : 0;
        for (uint32_t i = 0; i < count; i++) {
            bodies[members[i]].x += centre.x;
            bodies[members[i]].y += centre.y;
            bodies[members[i]].z += centre.z;
        }
    }
    return 0;
}

int placement_all(const struct adjacency *links, bool flat, uint64_t seed, struct body *bodies)
{
    uint32_t *nodes = malloc(links->nodes * sizeof *nodes);
    uint32_t *start = malloc((links->components + (size_t)2) * sizeof *start);
    struct pivotmds *mds = pivotmds_new(links);
    int result = nodes && start && mds ? 0 : -1;
    if (!result) {
        sort_components(links, nodes, start);
        result = place_components(links, mds, nodes, start, flat, seed, bodies);
    }
    free(nodes);
    free(start);
    pivotmds_free(mds);
    if (result)
        errno = ENOMEM;
    return result;
}

void placement_new(const struct adjacency *links, uint32_t from, bool flat, uint64_t seed,
                   float edge, struct body *bodies)
{
    float far2 = 0;
    for (uint32_t i = 0; i < from; i++) {
        float r2 =
            bodies[i].x * bodies[i].x + bodies[i].y * bodies[i].y + bodies[i].z * bodies[i].z;
        far2 = r2 > far2 ? r2 : far2;
    }
    for (uint32_t i = from; i < links->nodes; i++) {
        float x = 0, y = 0, z = 0, placed = 0, away = edge;
        for (uint32_t e = links->first[i]; e < links->first[i + 1]; e++)
            if (links->other[e] < i) {
                const struct body *p = &bodies[links->other[e]];
                x += p->x;
                y += p->y;
                z += p->z;
                placed++;
            }
        if (placed == 0)
            away = sqrtf(far2) + edge;
        else
            x /= placed, y /= placed, z /= placed;
        float dx = random_signed(seed, i, 0), dy = random_signed(seed, i, 1),
              dz = flat ? 0 : random_signed(seed, i, 2);
        float length = sqrtf(dx * dx + dy * dy + dz * dz) + 1e-3f;
        bodies[i].x = x + away * dx / length;
        bodies[i].y = y + away * dy / length;
        bodies[i].z = z + away * dz / length;
    }
}
