#include "springs.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "place.h"

enum {
    CHUNK = 1024, /* nodes that are summed up together, whatever the number of threads */
    RUNS = 32,    /* runs of the tree that a thread takes at once */
    PATIENCE = 5, /* steps downhill before the step grows */
    QUIET = 10    /* steps that move nothing before it is settled */
};

/* FIRE's own, but for the longest step, which is what stiffness as mass bears. */
static const double step_first = 0.3, step_longest = 1.0, step_grows = 1.1, step_shrinks = 0.5,
                    steer_first = 0.1, steer_fades = 0.99;
static const double still = 1e-3; /* mean edge lengths a step */
static const float rim = 1.2f;    /* of the largest part, where the others come to rest */
static const float leap = 2;      /* mean edge lengths that a step moves a node at most */

struct vector {
    float x, y, z;
};

struct sums {
    double power, speed2, force2, energy, length, moved2, links;
};

struct middle {
    double x, y, z, nodes;
};

struct springs {
    struct pool *pool;
    struct tree *tree;
    bool flat;
    uint64_t seed;
    uint32_t nodes, room, link_room;
    struct place *at;
    struct vector *velocity, *force;
    struct push *push;
    float *stiff;
    bool *pinned;
    /* who pulls whom */
    uint32_t *first, *other;
    float *pull;
    uint32_t *part, parts;
    struct middle *middle; /* of each part */
    float gravity;
    struct sums *sums; /* of each chunk */
    /* FIRE */
    double step, steer, turn, keep;
    unsigned downhill, quiet;
    struct springs_state state;
};

struct springs *springs_new(struct pool *pool, bool flat, uint64_t seed)
{
    struct springs *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->pool = pool;
    s->flat = flat;
    s->seed = seed;
    s->tree = tree_new();
    if (s->tree)
        return s;
    free(s);
    return NULL;
}

void springs_free(struct springs *s)
{
    if (!s)
        return;
    tree_free(s->tree);
    free(s->at);
    free(s->velocity);
    free(s->force);
    free(s->push);
    free(s->stiff);
    free(s->pinned);
    free(s->first);
    free(s->other);
    free(s->pull);
    free(s->part);
    free(s->middle);
    free(s->sums);
    free(s);
}

struct place *springs_places(struct springs *s)
{
    return s->at;
}

const bool *springs_pinned(const struct springs *s)
{
    return s->pinned;
}

struct springs_state springs_state(const struct springs *s)
{
    return s->state;
}

/* From standing still. */
static void start(struct springs *s)
{
    s->step = step_first;
    s->steer = steer_first;
    s->downhill = s->quiet = 0;
    s->state.settled = false;
    memset(s->velocity, 0, s->nodes * sizeof *s->velocity);
}

void springs_moved(struct springs *s, bool settled)
{
    s->state.settled = settled;
}

static void wake(struct springs *s)
{
    s->quiet = 0;
    s->state.settled = false;
}

void springs_pin(struct springs *s, uint32_t node, float x, float y, float z)
{
    s->at[node].x = x;
    s->at[node].y = y;
    s->at[node].z = s->flat ? 0 : z;
    s->velocity[node] = (struct vector){0, 0, 0};
    s->pinned[node] = true;
    wake(s);
}

void springs_unpin(struct springs *s, uint32_t node)
{
    s->pinned[node] = false;
    wake(s);
}

static int grow(void *array, size_t room, size_t bytes)
{
    void **at = array, *grown = realloc(*at, room * bytes);
    if (!grown)
        return -1;
    *at = grown;
    return 0;
}

static int node_room(struct springs *s, uint32_t nodes)
{
    size_t room = (size_t)nodes + nodes / 2, chunks = room / CHUNK + 1;
    if (nodes <= s->room)
        return 0;
    if (grow(&s->at, room, sizeof *s->at) || grow(&s->velocity, room, sizeof *s->velocity) ||
        grow(&s->force, room, sizeof *s->force) || grow(&s->push, room, sizeof *s->push) ||
        grow(&s->stiff, room, sizeof *s->stiff) || grow(&s->pinned, room, sizeof *s->pinned) ||
        grow(&s->first, room + 2, sizeof *s->first) || grow(&s->part, room, sizeof *s->part) ||
        grow(&s->middle, room, sizeof *s->middle) || grow(&s->sums, chunks, sizeof *s->sums))
        return -1;
    s->room = (uint32_t)room;
    return 0;
}

static int link_room(struct springs *s, uint32_t edges)
{
    size_t room = 2 * ((size_t)edges + edges / 2) + 1;
    if (2 * edges <= s->link_room)
        return 0;
    if (grow(&s->other, room, sizeof *s->other) || grow(&s->pull, room, sizeof *s->pull))
        return -1;
    s->link_room = (uint32_t)room;
    return 0;
}

/* Weights count relative to their mean, so that an edge is about as long with them as without. */
static void make_links(struct springs *s, const struct graph *graph)
{
    double all = 0;
    memset(s->first, 0, ((size_t)s->nodes + 2) * sizeof *s->first);
    for (uint32_t e = 0; e < graph->edges; e++) {
        all += (double)graph->weight[e];
        s->first[graph->edge[2 * (size_t)e] + 2]++;
        s->first[graph->edge[2 * (size_t)e + 1] + 2]++;
    }
    for (uint32_t i = 0; i < s->nodes; i++)
        s->first[i + 2] += s->first[i + 1];
    float unit = all > 0 ? (float)(graph->edges / all) : 0;
    for (uint32_t e = 0; e < graph->edges; e++)
        for (unsigned end = 0; end < 2; end++) {
            uint32_t at = s->first[graph->edge[2 * (size_t)e + end] + 1]++;
            s->other[at] = graph->edge[2 * (size_t)e + 1 - end];
            s->pull[at] = graph->weight[e] * unit;
        }
}

struct size {
    uint32_t root, nodes;
};

static int larger_first(const void *a, const void *b)
{
    const struct size *x = a, *y = b;
    if (x->nodes != y->nodes)
        return x->nodes > y->nodes ? -1 : 1;
    return x->root < y->root ? -1 : 1;
}

/* Numbers the connected parts, the largest first. */
static int make_parts(struct springs *s, struct graph *graph)
{
    struct size *sizes = malloc(s->nodes * sizeof *sizes);
    uint32_t *number = calloc(s->nodes, sizeof *number);
    int result = sizes && number ? 0 : -1;
    if (!result) {
        s->parts = 0;
        for (uint32_t i = 0; i < s->nodes; i++) /* a root is the smallest number of its part */
            if (graph_part(graph, i) == i) {
                number[i] = s->parts;
                sizes[s->parts++] = (struct size){i, 0};
            }
        for (uint32_t i = 0; i < s->nodes; i++)
            sizes[number[graph_part(graph, i)]].nodes++;
        qsort(sizes, s->parts, sizeof *sizes, larger_first);
        for (uint32_t p = 0; p < s->parts; p++)
            number[sizes[p].root] = p;
        for (uint32_t i = 0; i < s->nodes; i++)
            s->part[i] = number[graph_part(graph, i)];
    }
    free(sizes);
    free(number);
    return result;
}

static float length_of(const struct vector *v)
{
    return sqrtf(v->x * v->x + v->y * v->y + v->z * v->z);
}

static struct vector between(const struct place *a, const struct place *b)
{
    return (struct vector){b->x - a->x, b->y - a->y, b->z - a->z};
}

/*
 * The size at which the largest part neither grows nor shrinks: there what its springs pull, the
 * sum of weight * length³, is what its pairs of nodes push, 1 each.
 */
static void find_scale(struct springs *s)
{
    double pull = 0, nodes = 0;
    for (uint32_t i = 0; i < s->nodes; i++) {
        if (s->part[i])
            continue;
        nodes++;
        for (uint32_t e = s->first[i]; e < s->first[i + 1]; e++) {
            struct vector v = between(&s->at[i], &s->at[s->other[e]]);
            double length = (double)length_of(&v);
            pull += (double)s->pull[e] * length * length * length / 2;
        }
    }
    float scale = pull > 0 ? (float)cbrt(nodes * (nodes - 1) / 2 / pull) : 1;
    for (uint32_t i = 0; i < s->nodes; i++) {
        s->at[i].x *= scale;
        s->at[i].y *= scale;
        s->at[i].z *= scale;
    }
}

int springs_grow(struct springs *s, struct graph *graph)
{
    uint32_t had = s->nodes;
    if (node_room(s, graph->nodes) || link_room(s, graph->edges))
        return -1;
    s->nodes = graph->nodes;
    for (uint32_t i = had; i < s->nodes; i++) {
        s->pinned[i] = false;
        s->at[i].mass = 1;
    }
    make_links(s, graph);
    if (make_parts(s, graph))
        return -1;
    struct links links = {s->nodes, s->first, s->other, s->part, s->parts};
    if (had >= s->nodes - had) {
        place_new(&links, had, s->flat, s->seed, (float)s->state.edge, s->at);
    } else {
        if (place_all(&links, s->flat, s->seed, s->at))
            return -1;
        find_scale(s);
    }
    start(s);
    return 0;
}

static void push_runs(void *user, unsigned part)
{
    struct springs *s = user;
    uint32_t runs = tree_runs(s->tree), end = (part + 1) * RUNS;
    for (uint32_t run = part * RUNS; run < end && run < runs; run++)
        tree_push(s->tree, run, s->flat, s->push);
}

/* The middle of each part, and gravity, which leaves room for the largest within the others. */
static void find_middles(struct springs *s)
{
    double spread = 0;
    memset(s->middle, 0, s->parts * sizeof *s->middle);
    for (uint32_t i = 0; i < s->nodes; i++) {
        struct middle *m = &s->middle[s->part[i]];
        m->x += (double)s->at[i].x;
        m->y += (double)s->at[i].y;
        m->z += (double)s->at[i].z;
        m->nodes++;
    }
    for (uint32_t p = 0; p < s->parts; p++) {
        s->middle[p].x /= s->middle[p].nodes;
        s->middle[p].y /= s->middle[p].nodes;
        s->middle[p].z /= s->middle[p].nodes;
    }
    const struct middle *m = &s->middle[0];
    for (uint32_t i = 0; i < s->nodes; i++)
        if (s->part[i] == 0) {
            double x = (double)s->at[i].x - m->x, y = (double)s->at[i].y - m->y;
            double z = (double)s->at[i].z - m->z;
            spread += x * x + y * y + z * z;
        }
    /* At the rim of an even disk, or ball, of that spread, all its nodes push with nodes / radius.
     */
    double radius2 = (s->flat ? 2.0 : 5.0 / 3) * spread / m->nodes * (double)(rim * rim);
    s->gravity = (float)(m->nodes / (radius2 > m->nodes / 3 ? radius2 : m->nodes / 3));
}

static void sum_forces(void *user, unsigned part)
{
    struct springs *s = user;
    uint32_t first = part * CHUNK, end = first + CHUNK < s->nodes ? first + CHUNK : s->nodes;
    struct sums sums = {0};
    for (uint32_t i = first; i < end; i++) {
        const struct middle *m = &s->middle[s->part[i]];
        struct vector f = {s->push[i].x - s->gravity * (float)m->x,
                           s->push[i].y - s->gravity * (float)m->y,
                           s->push[i].z - s->gravity * (float)m->z};
        float stiff = s->push[i].stiff + s->gravity;
        for (uint32_t e = s->first[i]; e < s->first[i + 1]; e++) {
            struct vector v = between(&s->at[i], &s->at[s->other[e]]);
            float length = length_of(&v), pull = s->pull[e] * length;
            f.x += v.x * pull;
            f.y += v.y * pull;
            f.z += v.z * pull;
            stiff += 2 * pull;
            sums.length += (double)length;
        }
        sums.links += s->first[i + 1] - s->first[i];
        s->stiff[i] = stiff;
        s->force[i] = f;
        if (s->pinned[i])
            continue;
        const struct vector *v = &s->velocity[i];
        double force2 = (double)(f.x * f.x + f.y * f.y + f.z * f.z);
        sums.energy += force2;
        sums.force2 += force2 / (double)stiff;
        sums.power += (double)(f.x * v->x + f.y * v->y + f.z * v->z);
        sums.speed2 += (double)(stiff * (v->x * v->x + v->y * v->y + v->z * v->z));
    }
    s->sums[part] = sums;
}

static void move(void *user, unsigned part)
{
    struct springs *s = user;
    uint32_t first = part * CHUNK, end = first + CHUNK < s->nodes ? first + CHUNK : s->nodes;
    float step = (float)s->step, keep = (float)s->keep, turn = (float)s->turn;
    float most = leap * (float)s->state.edge;
    double moved2 = 0;
    for (uint32_t i = first; i < end; i++) {
        struct vector *v = &s->velocity[i];
        const struct vector *f = &s->force[i];
        if (s->pinned[i])
            continue;
        float by = (turn + step) / s->stiff[i];
        v->x = keep * v->x + by * f->x;
        v->y = keep * v->y + by * f->y;
        v->z = keep * v->z + by * f->z;
        float length = step * length_of(v);
        if (length > most) {
            v->x *= most / length;
            v->y *= most / length;
            v->z *= most / length;
            length = most;
        }
        s->at[i].x += step * v->x;
        s->at[i].y += step * v->y;
        s->at[i].z += step * v->z;
        moved2 += (double)(length * length);
    }
    s->sums[part].moved2 = moved2;
}

static struct sums add_up(const struct springs *s, unsigned chunks)
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
    }
    return all;
}

/* Downhill: a longer step, straighter on. Uphill: stop, and a shorter one. */
static void adapt(struct springs *s, const struct sums *all)
{
    s->keep = 1 - s->steer;
    if (all->power > 0) {
        if (++s->downhill > PATIENCE) {
            s->step = fmin(s->step * step_grows, step_longest);
            s->steer *= steer_fades;
        }
    } else {
        s->downhill = 0;
        s->step = fmax(s->step * step_shrinks, step_first / 8);
        s->steer = steer_first;
        s->keep = 0;
    }
    s->turn = s->keep > 0 && all->force2 > 0 ? s->steer * sqrt(all->speed2 / all->force2) : 0;
}

int springs_step(struct springs *s)
{
    unsigned chunks = (s->nodes + CHUNK - 1) / CHUNK;
    if (tree_build(s->tree, s->at, s->nodes))
        return -1;
    pool_run(s->pool, push_runs, s, (tree_runs(s->tree) + RUNS - 1) / RUNS);
    find_middles(s);
    pool_run(s->pool, sum_forces, s, chunks);
    struct sums all = add_up(s, chunks);
    s->state.energy = all.energy;
    s->state.edge = all.links > 0 ? fmax(all.length / all.links, 1e-3) : 1;
    adapt(s, &all);
    pool_run(s->pool, move, s, chunks);
    all = add_up(s, chunks);
    s->state.moved = sqrt(all.moved2 / s->nodes) / s->state.edge;
    s->quiet = s->state.moved < still ? s->quiet + 1 : 0;
    s->state.settled = s->quiet >= QUIET;
    return 0;
}
