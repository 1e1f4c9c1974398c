#include "force.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "adjacency.h"
#include "array.h"
#include "bhtree.h"
#include "fire.h"
#include "placement.h"

enum {
    CHUNK = 1024, /* nodes whose sums are added up together, whatever the number of threads */
    BATCHES = 32, /* batches of the tree in a unit of work */
    QUIET = 10    /* consecutive still steps after which the layout has settled */
};

static const double still = 1e-3;  /* movement of a still step, in mean edge lengths */
static const float rim = 1.2f;     /* distance of the other components, in radii of the largest */
static const float step_limit = 2; /* largest movement of a node in a step, in mean edge lengths */

struct vector {
    float x, y, z;
};

struct sums {
    double power, speed2, force2, energy, length, moved2, links;
    double position; /* sum of all coordinates, for whether they are finite */
};

struct centre {
    double x, y, z, nodes;
};

struct force {
    struct pool *pool;
    struct bhtree *tree;
    bool flat;
    uint64_t seed;
    uint32_t nodes, capacity;
    struct body *bodies;
    struct vector *velocity, *force;
    struct repulsion *repulsion;
    float *stiffness;
    bool *pinned;
    struct adjacency adjacency;
    struct centre *centre; /* of each component */
    float gravity;
    struct sums *sums; /* of each chunk */
    struct fire fire;
    unsigned quiet; /* consecutive still steps */
    struct force_state state;
};

struct force *force_new(struct pool *pool, bool flat, uint64_t seed)
{
    struct force *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->pool = pool;
    s->flat = flat;
    s->seed = seed;
    s->tree = bhtree_new();
    if (s->tree)
        return s;
    free(s);
    return NULL;
}

void force_free(struct force *s)
{
    if (!s)
        return;
    bhtree_free(s->tree);
    adjacency_free(&s->adjacency);
    free(s->bodies);
    free(s->velocity);
    free(s->force);
    free(s->repulsion);
    free(s->stiffness);
    free(s->pinned);
    free(s->centre);
    free(s->sums);
    free(s);
}

struct body *force_bodies(struct force *s)
{
    return s->bodies;
}

const bool *force_pinned(const struct force *s)
{
    return s->pinned;
}

uint32_t force_components(const struct force *s)
{
    return s->adjacency.components;
}

struct force_state force_state(const struct force *s)
{
    return s->state;
}

static void wake(struct force *s)
{
    s->quiet = 0;
    s->state.settled = false;
    fire_release(&s->fire);
}

static void start_from_rest(struct force *s)
{
    fire_start(&s->fire);
    memset(s->velocity, 0, s->nodes * sizeof *s->velocity);
    wake(s);
}

void force_moved(struct force *s, bool settled)
{
    s->state.settled = settled;
}

void force_pin(struct force *s, uint32_t node, float x, float y, float z)
{
    s->bodies[node].x = x;
    s->bodies[node].y = y;
    s->bodies[node].z = s->flat ? 0 : z;
    s->velocity[node] = (struct vector){0, 0, 0};
    s->pinned[node] = true;
    wake(s);
}

void force_unpin(struct force *s, uint32_t node)
{
    s->pinned[node] = false;
    wake(s);
}

static int reserve(struct force *s, uint32_t nodes)
{
    size_t n = (size_t)nodes + nodes / 2, chunks = n / CHUNK + 1;
    if (nodes <= s->capacity)
        return 0;
    if (array_resize(&s->bodies, n, sizeof *s->bodies) ||
        array_resize(&s->velocity, n, sizeof *s->velocity) ||
        array_resize(&s->force, n, sizeof *s->force) ||
        array_resize(&s->repulsion, n, sizeof *s->repulsion) ||
        array_resize(&s->stiffness, n, sizeof *s->stiffness) ||
        array_resize(&s->pinned, n, sizeof *s->pinned) ||
        array_resize(&s->centre, n, sizeof *s->centre) ||
        array_resize(&s->sums, chunks, sizeof *s->sums))
        return -1;
    s->capacity = (uint32_t)n;
    return 0;
}

static float length_of(const struct vector *v)
{
    return sqrtf(v->x * v->x + v->y * v->y + v->z * v->z);
}

static struct vector between(const struct body *a, const struct body *b)
{
    return (struct vector){b->x - a->x, b->y - a->y, b->z - a->z};
}

/*
 * Scales the layout so that the largest component neither grows nor shrinks: there the attraction
 * of its edges, the sum of weight * length³, equals the repulsion of its pairs of nodes, 1 each.
 * -1: EDOM.
 */
static int scale_to_balance(struct force *s)
{
    const struct adjacency *a = &s->adjacency;
    double attraction = 0, nodes = 0, sum = 0;
    for (uint32_t i = 0; i < s->nodes; i++) {
        if (a->component[i])
            continue;
        nodes++;
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            struct vector v = between(&s->bodies[i], &s->bodies[a->other[e]]);
            double length = (double)length_of(&v);
            attraction += (double)a->weight[e] * length * length * length / 2;
        }
    }
    float scale = attraction > 0 ? (float)cbrt(nodes * (nodes - 1) / 2 / attraction) : 1;
    for (uint32_t i = 0; i < s->nodes; i++) {
        s->bodies[i].x *= scale;
        s->bodies[i].y *= scale;
        s->bodies[i].z *= scale;
        sum += (double)(s->bodies[i].x + s->bodies[i].y + s->bodies[i].z);
    }
    if (isfinite(sum))
        return 0;
    errno = EDOM;
    return -1;
}

int force_grow(struct force *s, const struct graph *graph)
{
    uint32_t had = s->nodes;
    if (reserve(s, graph->nodes) || adjacency_build(&s->adjacency, graph))
        return -1;
    s->nodes = graph->nodes;
    for (uint32_t i = had; i < s->nodes; i++) {
        s->pinned[i] = false;
        s->bodies[i].mass = 1;
    }
    if (had >= s->nodes - had) {
        placement_new(&s->adjacency, had, s->flat, s->seed, (float)s->state.edge, s->bodies);
    } else {
        if (placement_all(&s->adjacency, s->flat, s->seed, s->bodies))
            return -1;
        if (scale_to_balance(s))
            return -1;
    }
    start_from_rest(s);
    return 0;
}

static void repel(void *user, unsigned unit)
{
    struct force *s = user;
    uint32_t batches = bhtree_batches(s->tree), end = (unit + 1) * BATCHES;
    for (uint32_t batch = unit * BATCHES; batch < end && batch < batches; batch++)
        bhtree_repel(s->tree, batch, s->flat, s->repulsion);
}

static void find_centres(struct force *s)
{
    memset(s->centre, 0, s->adjacency.components * sizeof *s->centre);
    for (uint32_t i = 0; i < s->nodes; i++) {
        struct centre *c = &s->centre[s->adjacency.component[i]];
        c->x += (double)s->bodies[i].x;
        c->y += (double)s->bodies[i].y;
        c->z += (double)s->bodies[i].z;
        c->nodes++;
    }
    for (uint32_t i = 0; i < s->adjacency.components; i++) {
        s->centre[i].x /= s->centre[i].nodes;
        s->centre[i].y /= s->centre[i].nodes;
        s->centre[i].z /= s->centre[i].nodes;
    }
}

/* Sets gravity so that the other components come to rest around the largest one. */
static void find_gravity(struct force *s)
{
    const struct centre *c = &s->centre[0];
    double spread = 0;
    for (uint32_t i = 0; i < s->nodes; i++)
        if (s->adjacency.component[i] == 0) {
            double x = (double)s->bodies[i].x - c->x, y = (double)s->bodies[i].y - c->y;
            double z = (double)s->bodies[i].z - c->z;
            spread += x * x + y * y + z * z;
        }
    /* At the rim of a uniform disk or ball of that spread, its nodes repel by nodes / radius. */
    double radius2 = (s->flat ? 2.0 : 5.0 / 3) * spread / c->nodes * (double)(rim * rim);
    s->gravity = (float)(c->nodes / (radius2 > c->nodes / 3 ? radius2 : c->nodes / 3));
}

static void sum_forces(void *user, unsigned chunk)
{
    struct force *s = user;
    const struct adjacency *a = &s->adjacency;
    uint32_t first = chunk * CHUNK, end = first + CHUNK < s->nodes ? first + CHUNK : s->nodes;
    struct sums sums = {0};
    for (uint32_t i = first; i < end; i++) {
        const struct centre *c = &s->centre[a->component[i]];
        struct vector f = {s->repulsion[i].x - s->gravity * (float)c->x,
                           s->repulsion[i].y - s->gravity * (float)c->y,
                           s->repulsion[i].z - s->gravity * (float)c->z};
        float stiffness = s->repulsion[i].stiffness + s->gravity;
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            struct vector v = between(&s->bodies[i], &s->bodies[a->other[e]]);
            float length = length_of(&v), attraction = a->weight[e] * length;
            f.x += v.x * attraction;
            f.y += v.y * attraction;
            f.z += v.z * attraction;
            stiffness += 2 * attraction;
            sums.length += (double)length;
        }
        sums.links += a->first[i + 1] - a->first[i];
        s->stiffness[i] = stiffness;
        s->force[i] = f;
        if (s->pinned[i])
            continue;
        const struct vector *v = &s->velocity[i];
        double force2 = (double)(f.x * f.x + f.y * f.y + f.z * f.z);
        sums.energy += force2;
        sums.force2 += force2 / (double)stiffness;
        sums.power += (double)(f.x * v->x + f.y * v->y + f.z * v->z);
        sums.speed2 += (double)(stiffness * (v->x * v->x + v->y * v->y + v->z * v->z));
    }
    s->sums[chunk] = sums;
}

static void move(void *user, unsigned chunk)
{
    struct force *s = user;
    uint32_t first = chunk * CHUNK, end = first + CHUNK < s->nodes ? first + CHUNK : s->nodes;
    float step = (float)s->fire.step, keep = (float)s->fire.keep, align = (float)s->fire.align;
    float limit = step_limit * (float)s->state.edge;
    double moved2 = 0, position = 0;
    for (uint32_t i = first; i < end; i++) {
        struct vector *v = &s->velocity[i];
        const struct vector *f = &s->force[i];
        if (s->pinned[i])
            continue;
        float by = (align + step) / s->stiffness[i];
        v->x = keep * v->x + by * f->x;
        v->y = keep * v->y + by * f->y;
        v->z = keep * v->z + by * f->z;
        float length = step * length_of(v);
        if (length > limit) {
            v->x *= limit / length;
            v->y *= limit / length;
            v->z *= limit / length;
            length = limit;
        }
        s->bodies[i].x += step * v->x;
        s->bodies[i].y += step * v->y;
        s->bodies[i].z += step * v->z;
        moved2 += (double)(length * length);
        position += (double)(s->bodies[i].x + s->bodies[i].y + s->bodies[i].z);
    }
    s->sums[chunk].moved2 = moved2;
    s->sums[chunk].position = position;
}

static struct sums add_up(const struct force *s, unsigned chunks)
{
    struct sums all = {0};
    for (unsigned c = 0; c < chunks; c++) {
        all.power += s->sums[c].power;
        all.speed2 += s->sums[c].speed2;
        all.force2 += s->sums[c].force2;
        all.energy += s->sums[c].energy;
        all.length += s->sums[c].length;
        all.moved2 += s->sums[c].moved2;
        all.links += s->sums[c].links;
        all.position += s->sums[c].position;
    }
    return all;
}

int force_step(struct force *s)
{
    unsigned chunks = (s->nodes + CHUNK - 1) / CHUNK;
    if (bhtree_build(s->tree, s->bodies, s->nodes))
        return -1;
    pool_run(s->pool, repel, s, (bhtree_batches(s->tree) + BATCHES - 1) / BATCHES);
    find_centres(s);
    find_gravity(s);
    pool_run(s->pool, sum_forces, s, chunks);
    struct sums all = add_up(s, chunks);
    s->state.energy = all.energy;
    s->state.edge = all.links > 0 ? fmax(all.length / all.links, 1e-3) : 1;
    fire_adapt(&s->fire, all.power, all.speed2, all.force2);
    pool_run(s->pool, move, s, chunks);
    all = add_up(s, chunks);
    if (!isfinite(all.moved2) || !isfinite(all.position)) {
        errno = EDOM;
        return -1;
    }
    s->state.moved = sqrt(all.moved2 / s->nodes) / s->state.edge;
    fire_damp(&s->fire, s->state.moved);
    s->quiet = s->state.moved < still ? s->quiet + 1 : 0;
    s->state.settled = s->quiet >= QUIET;
    return 0;
}
