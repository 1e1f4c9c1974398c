#include "placement.h"
#include <errno.h>
#include <math.h>
#include "pivotmds.h"
#include "random.h"
#include "tool/cli.h"

static const float noise = 0.3f; /* in mean edge lengths */

/* Scales a component to a mean edge length of 1, and adds noise. */
static void scale_component(const struct adjacency *links, const uint32_t *nodes, uint32_t count,
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
    float scale = sum > 0 ? (float)(edges / sum) : 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t a = nodes[i];
        bodies[a].x = bodies[a].x * scale + noise * random_signed(seed, a, 0);
        bodies[a].y = bodies[a].y * scale + noise * random_signed(seed, a, 1);
        bodies[a].z = flat ? 0 : bodies[a].z * scale + noise * random_signed(seed, a, 2);
    }
}

/* Gives a component its shape, around the origin. 0, or -1 as pivotmds_place. */
static int shape_component(struct pivotmds *mds, const struct adjacency *links,
                           const uint32_t *nodes, uint32_t count, bool flat, uint64_t seed,
                           struct body *bodies)
{
    for (uint32_t i = 0; i < count; i++)
        bodies[nodes[i]].x = bodies[nodes[i]].y = bodies[nodes[i]].z = 0;
    if (count == 1)
        return 0;
    if (count == 2)
        bodies[nodes[1]].x = 1;
    else if (pivotmds_place(mds, nodes, count, flat ? 2 : 3, seed, bodies))
        return -1;
    scale_component(links, nodes, count, flat, seed, bodies);
    return 0;
}

int placement_all(const struct adjacency *links, bool flat, uint64_t seed, struct body *bodies)
{
    struct pivotmds *mds = pivotmds_new(links);
    int result = mds ? 0 : -1;
    for (uint32_t c = 0; c < links->components && !result; c++)
        result = shape_component(mds, links, links->member + links->start[c],
                                 links->start[c + 1] - links->start[c], flat, seed, bodies);
    pivotmds_free(mds);
    if (result)
        errno = cli_stopped() ? EINTR : ENOMEM;
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
