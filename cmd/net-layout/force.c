#include "force.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "forcestate.h"
#include "placement.h"

struct force *force_new(struct pool *pool, bool flat, enum bhtree_law law, uint64_t seed)
{
    struct force *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->pool = pool;
    s->flat = flat;
    s->law = law;
    s->seed = seed;
    s->tree = bhtree_new(pool, flat);
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
    free(s->place);
    free(s->pins);
    free(s->parts);
    free(s->groups);
    free(s->spans);
    free(s->units);
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

void force_moved(struct force *s, bool settled)
{
    s->state.settled = settled;
}

/* --- waking up */

static void wake(struct force *s, uint32_t component)
{
    s->sliding = true;
    s->state.settled = false;
    if (component >= s->part_count)
        return;
    struct part *part = &s->parts[component];
    s->work_changed = s->work_changed || part->settled;
    part->quiet = 0;
    part->settled = false;
    fire_release(&part->fire);
}

void force_pin(struct force *s, uint32_t node, float x, float y, float z)
{
    uint32_t component = s->adjacency.component[node];
    s->bodies[node].x = x;
    s->bodies[node].y = y;
    s->bodies[node].z = s->flat ? 0 : z;
    s->velocity[node] = (struct vector){0, 0, 0};
    s->pins[component] += !s->pinned[node];
    s->pinned[node] = true;
    wake(s, component);
}

void force_unpin(struct force *s, uint32_t node)
{
    uint32_t component = s->adjacency.component[node];
    s->pins[component] -= s->pinned[node];
    s->pinned[node] = false;
    wake(s, component);
}

/* --- growth */

static int reserve(struct force *s, uint32_t nodes)
{
    size_t n = (size_t)nodes + nodes / 2, parts = n / 2 + 1, spans = n / FORCESTATE_CHUNK + parts;
    if (nodes <= s->capacity)
        return 0;
    if (array_resize(&s->bodies, n, sizeof *s->bodies) ||
        array_resize(&s->velocity, n, sizeof *s->velocity) ||
        array_resize(&s->force, n, sizeof *s->force) ||
        array_resize(&s->repulsion, n, sizeof *s->repulsion) ||
        array_resize(&s->stiffness, n, sizeof *s->stiffness) ||
        array_resize(&s->pinned, n, sizeof *s->pinned) ||
        array_resize(&s->place, n, sizeof *s->place) ||
        array_resize(&s->pins, n, sizeof *s->pins) ||
        array_resize(&s->parts, parts, sizeof *s->parts) ||
        array_resize(&s->groups, parts, sizeof *s->groups) ||
        array_resize(&s->spans, spans, sizeof *s->spans) ||
        array_resize(&s->units, spans + 1, sizeof *s->units))
        return -1;
    s->capacity = (uint32_t)n;
    return 0;
}

static void measure_edges(struct force *s)
{
    const struct adjacency *a = &s->adjacency;
    for (uint32_t p = 0; p < s->part_count; p++)
        for (uint32_t k = a->start[p]; k < a->start[p + 1]; k++) {
            uint32_t i = a->member[k];
            for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
                struct vector v = vector_between(&s->bodies[i], &s->bodies[a->other[e]]);
                s->parts[p].length += (double)vector_length(&v);
                s->parts[p].links++;
            }
        }
    forcestate_find_edge(s);
}

static int check_finite(const struct force *s)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->nodes; i++)
        sum += (double)(s->bodies[i].x + s->bodies[i].y + s->bodies[i].z);
    if (isfinite(sum))
        return 0;
    errno = EDOM;
    return -1;
}

/* Places all nodes, and packs the components. */
static int place_afresh(struct force *s)
{
    if (placement_all(&s->adjacency, s->flat, s->seed, s->bodies) ||
        forcestate_scale(s, s->groups, s->group_count) || check_finite(s))
        return -1;
    measure_edges(s);
    if (forcestate_pack(s, 0))
        return -1;
    for (uint32_t c = 0; c < s->adjacency.components; c++) {
        struct spot at = packing_centre(&s->adjacency, s->bodies, c);
        struct vector by = {s->place[c].x - at.x, s->place[c].y - at.y, s->place[c].z - at.z};
        forcestate_shift(s, c, &by);
    }
    return 0;
}

int force_start(struct force *s, const struct net_attribute *const axis[3], uint32_t nodes)
{
    if (reserve(s, nodes))
        return -1;
    for (uint32_t i = 0; i < nodes; i++) {
        s->bodies[i].x = (float)axis[0]->number[i];
        s->bodies[i].y = (float)axis[1]->number[i];
        s->bodies[i].z = axis[2] && !s->flat ? (float)axis[2]->number[i] : 0;
    }
    s->started = true;
    return 0;
}

/* Takes the places that were given. */
static int place_started(struct force *s)
{
    s->started = false;
    measure_edges(s);
    for (uint32_t c = 0; c < s->adjacency.components; c++)
        s->place[c] = packing_centre(&s->adjacency, s->bodies, c);
    s->next_pack = FORCESTATE_FIRST_PACK;
    return check_finite(s);
}

static int place_new(struct force *s, uint32_t had)
{
    placement_new(&s->adjacency, had, s->flat, s->seed, (float)s->state.edge, s->bodies);
    measure_edges(s);
    return forcestate_pack(s, had);
}

static void start_from_rest(struct force *s)
{
    const struct adjacency *a = &s->adjacency;
    memset(s->velocity, 0, s->nodes * sizeof *s->velocity);
    memset(s->pins, 0, a->components * sizeof *s->pins);
    for (uint32_t i = 0; i < s->nodes; i++)
        s->pins[a->component[i]] += s->pinned[i];
    s->part_count = 0;
    while (s->part_count < a->components &&
           a->start[s->part_count + 1] - a->start[s->part_count] > 1) {
        struct part *part = &s->parts[s->part_count++];
        *part = (struct part){.law = s->afresh ? BHTREE_DISTANCE : s->law};
        fire_start(&part->fire);
    }
    s->steps = 0;
    s->pack_due = a->components > 1;
    s->state.settled = false;
    forcestate_list_work(s);
}

int force_grow(struct force *s, const struct graph *graph)
{
    uint32_t had = s->nodes;
    if (reserve(s, graph->nodes) || adjacency_build(&s->adjacency, graph) ||
        bhtree_members(s->tree, s->adjacency.member, graph->nodes))
        return -1;
    s->nodes = graph->nodes;
    for (uint32_t i = had; i < s->nodes; i++) {
        s->pinned[i] = false;
        s->bodies[i].mass = 1;
    }
    s->afresh = had < s->nodes - had;
    start_from_rest(s);
    return s->started ? place_started(s) : s->afresh ? place_afresh(s) : place_new(s, had);
}
