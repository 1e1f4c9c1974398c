#include "force.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "adjacency.h"
#include "array.h"
#include "fire.h"
#include "packing.h"
#include "placement.h"

enum {
    CHUNK = 1024,   /* nodes whose sums are added up together, whatever the number of threads */
    ROUGH = 200,    /* most steps of 1 / distance repulsion, which unfold a network, before 1 /
                       distance² */
    QUIET = 10,     /* consecutive still steps after which a component has settled */
    FIRST_PACK = 16 /* steps before components are packed again; then twice as many each time */
};

static const double still = 1e-3;  /* movement of a still step, in mean edge lengths */
static const float step_limit = 2; /* largest movement of a node in a step, in mean edge lengths */
static const float gap = 0.7f;     /* least distance between components, in mean edge lengths */
static const float slide =
    0.2f; /* share of the way to its place that a component slides in a step */
static const float in_place =
    0.02f; /* distance from its place at which it stops, in edge lengths */

struct vector {
    float x, y, z;
};

struct sums {
    double power, speed2, force2, energy, length, links, moved2;
    double x, y, z; /* sums of the coordinates, for the centre, and for whether they are finite */
};

/* A connected component of two nodes or more. They have the lowest numbers of all components. */
struct part {
    struct fire fire;
    double energy, length, links, moved2; /* of the last step */
    float edge;                           /* mean length of an edge */
    unsigned quiet;                       /* consecutive still steps */
    enum bhtree_law law;
    bool settled;
    bool refine;         /* true if the law changes before the next step */
    struct vector shift; /* of the next step, towards its place */
    uint32_t first_span; /* of its spans, while it is not settled */
};

/* Some nodes of a part that is not settled. */
struct span {
    uint32_t part, first, end; /* in the list of members */
    struct sums sums;
};

struct force {
    struct pool *pool;
    struct bhtree *tree;
    bool flat;
    enum bhtree_law law;
    uint64_t seed;
    uint32_t nodes, capacity;
    struct body *bodies;
    struct vector *velocity, *force;
    struct repulsion *repulsion;
    float *stiffness;
    bool *pinned;
    struct adjacency adjacency;
    struct spot *place; /* of each component's centre */
    uint32_t *pins;     /* number of pinned nodes of each component */
    struct part *parts;
    uint32_t part_count;
    /* work of a step: */
    struct bhtree_group *groups; /* for each part that is not settled */
    struct span *spans;
    uint32_t *units; /* [unit_count + 1]: first span of each unit of work */
    uint32_t group_count, span_count, unit_count;
    bool work_changed;
    bool refine;           /* true if any part's law changes */
    bool sliding;          /* true if a component may be away from its place */
    bool pack_due, afresh; /* afresh: all components may leave their places */
    uint64_t steps, next_pack;
    bool started; /* true if the first positions were given */
    struct force_state state;
};

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
    size_t n = (size_t)nodes + nodes / 2, parts = n / 2 + 1, spans = n / CHUNK + parts;
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

static float length_of(const struct vector *v)
{
    return sqrtf(v->x * v->x + v->y * v->y + v->z * v->z);
}

static struct vector between(const struct body *a, const struct body *b)
{
    return (struct vector){b->x - a->x, b->y - a->y, b->z - a->z};
}

/* Lists what a step works on: the parts that have not settled, in spans of up to CHUNK nodes, in
 * units of about as many. */
static void list_work(struct force *s)
{
    uint32_t nodes = CHUNK;
    s->group_count = s->span_count = s->unit_count = 0;
    for (uint32_t p = 0; p < s->part_count; p++) {
        struct part *part = &s->parts[p];
        uint32_t first = s->adjacency.start[p], end = s->adjacency.start[p + 1];
        if (part->settled)
            continue;
        s->groups[s->group_count++] = (struct bhtree_group){first, end - first, part->law};
        part->first_span = s->span_count;
        for (uint32_t next; first < end; first = next) {
            next = end - first > CHUNK ? first + CHUNK : end;
            if (nodes + next - first > CHUNK) {
                s->units[s->unit_count++] = s->span_count;
                nodes = 0;
            }
            nodes += next - first;
            s->spans[s->span_count++] = (struct span){.part = p, .first = first, .end = next};
        }
    }
    s->units[s->unit_count] = s->span_count;
    s->work_changed = false;
}

/* Adds up the sums of a part's spans. */
static struct sums add_up(const struct force *s, uint32_t p)
{
    struct sums all = {0};
    uint32_t spans = (s->adjacency.start[p + 1] - s->adjacency.start[p] + CHUNK - 1) / CHUNK;
    for (uint32_t i = 0; i < spans; i++) {
        const struct sums *add = &s->spans[s->parts[p].first_span + i].sums;
        all.power += add->power;
        all.speed2 += add->speed2;
        all.force2 += add->force2;
        all.energy += add->energy;
        all.length += add->length;
        all.links += add->links;
        all.moved2 += add->moved2;
        all.x += add->x;
        all.y += add->y;
        all.z += add->z;
    }
    return all;
}

/*
 * Scales a part around its centre, so that it neither grows nor shrinks by the repulsion that was
 * computed: its virial then equals that of the attraction, the sum of weight * length³.
 */
static void scale_part(struct force *s, const struct bhtree_group *group)
{
    const struct adjacency *a = &s->adjacency;
    uint32_t end = group->first + group->count;
    struct spot c = packing_centre(a, s->bodies, a->component[a->member[group->first]]);
    double attraction = 0, repulsion = 0, degree = group->law == BHTREE_SQUARE ? 4 : 3;
    for (uint32_t k = group->first; k < end; k++) {
        uint32_t i = a->member[k];
        const struct repulsion *r = &s->repulsion[i];
        const struct body *b = &s->bodies[i];
        repulsion += (double)(r->x * (b->x - c.x) + r->y * (b->y - c.y) + r->z * (b->z - c.z));
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            struct vector v = between(b, &s->bodies[a->other[e]]);
            double length = (double)length_of(&v);
            attraction += (double)a->weight[e] * length * length * length / 2;
        }
    }
    if (!(attraction > 0 && repulsion > 0))
        return;
    float scale = (float)pow(repulsion / attraction, 1 / degree);
    for (uint32_t k = group->first; k < end; k++) {
        struct body *b = &s->bodies[a->member[k]];
        b->x = c.x + (b->x - c.x) * scale;
        b->y = c.y + (b->y - c.y) * scale;
        b->z = c.z + (b->z - c.z) * scale;
    }
}

/* Scales each of some parts. -1 with ENOMEM. */
static int scale_parts(struct force *s, const struct bhtree_group *groups, uint32_t count)
{
    if (count && bhtree_repel(s->tree, s->bodies, groups, count, s->repulsion))
        return -1;
    for (uint32_t g = 0; g < count; g++)
        scale_part(s, &groups[g]);
    return 0;
}

/* Packs the components; those that have any of the first `kept` nodes stay if there is room. */
static int pack(struct force *s, uint32_t kept)
{
    s->next_pack = 2 * s->steps > FIRST_PACK ? 2 * s->steps : FIRST_PACK;
    s->sliding = true;
    return packing_run(&s->adjacency, s->bodies, s->flat, gap * (float)s->state.edge, kept,
                       s->place);
}

static void find_edge(struct force *s)
{
    double length = 0, links = 0;
    for (uint32_t p = 0; p < s->part_count; p++) {
        length += s->parts[p].length;
        links += s->parts[p].links;
    }
    s->state.edge = links > 0 ? fmax(length / links, 1e-3) : 1;
}

static void measure_edges(struct force *s)
{
    const struct adjacency *a = &s->adjacency;
    for (uint32_t p = 0; p < s->part_count; p++)
        for (uint32_t k = a->start[p]; k < a->start[p + 1]; k++) {
            uint32_t i = a->member[k];
            for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
                struct vector v = between(&s->bodies[i], &s->bodies[a->other[e]]);
                s->parts[p].length += (double)length_of(&v);
                s->parts[p].links++;
            }
        }
    find_edge(s);
}

/* Moves all nodes of a component. */
static void shift(struct force *s, uint32_t component, const struct vector *by)
{
    const struct adjacency *a = &s->adjacency;
    for (uint32_t k = a->start[component]; k < a->start[component + 1]; k++) {
        struct body *body = &s->bodies[a->member[k]];
        body->x += by->x;
        body->y += by->y;
        body->z += by->z;
    }
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
        scale_parts(s, s->groups, s->group_count) || check_finite(s))
        return -1;
    measure_edges(s);
    if (pack(s, 0))
        return -1;
    for (uint32_t c = 0; c < s->adjacency.components; c++) {
        struct spot at = packing_centre(&s->adjacency, s->bodies, c);
        struct vector by = {s->place[c].x - at.x, s->place[c].y - at.y, s->place[c].z - at.z};
        shift(s, c, &by);
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
    s->next_pack = FIRST_PACK;
    return check_finite(s);
}

static int place_new(struct force *s, uint32_t had)
{
    placement_new(&s->adjacency, had, s->flat, s->seed, (float)s->state.edge, s->bodies);
    measure_edges(s);
    return pack(s, had);
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
    list_work(s);
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

/* --- a step */

static void sum_span(struct force *s, struct span *span)
{
    const struct adjacency *a = &s->adjacency;
    struct sums sums = {0};
    for (uint32_t k = span->first; k < span->end; k++) {
        uint32_t i = a->member[k];
        struct vector f = {s->repulsion[i].x, s->repulsion[i].y, s->repulsion[i].z};
        float stiffness = s->repulsion[i].stiffness;
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
    span->sums = sums;
}

static void sum_unit(void *user, unsigned unit)
{
    struct force *s = user;
    for (uint32_t i = s->units[unit]; i < s->units[unit + 1]; i++)
        sum_span(s, &s->spans[i]);
}

static void move_span(struct force *s, struct span *span)
{
    const struct part *part = &s->parts[span->part];
    float step = (float)part->fire.step, keep = (float)part->fire.keep,
          align = (float)part->fire.align, limit = step_limit * part->edge;
    struct sums sums = {0};
    for (uint32_t k = span->first; k < span->end; k++) {
        uint32_t i = s->adjacency.member[k];
        struct vector *v = &s->velocity[i];
        const struct vector *f = &s->force[i];
        if (!s->pinned[i]) {
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
            s->bodies[i].x += step * v->x + part->shift.x;
            s->bodies[i].y += step * v->y + part->shift.y;
            s->bodies[i].z += step * v->z + part->shift.z;
            sums.moved2 += (double)(length * length);
        }
        sums.x += (double)s->bodies[i].x;
        sums.y += (double)s->bodies[i].y;
        sums.z += (double)s->bodies[i].z;
    }
    span->sums = sums;
}

static void move_unit(void *user, unsigned unit)
{
    struct force *s = user;
    for (uint32_t i = s->units[unit]; i < s->units[unit + 1]; i++)
        move_span(s, &s->spans[i]);
}

/* The way that a component slides in a step, if it is not held. Returns whether it is in place. */
static bool find_shift(const struct force *s, uint32_t component, const struct spot *centre,
                       struct vector *by)
{
    const struct spot *place = &s->place[component];
    *by = (struct vector){place->x - centre->x, place->y - centre->y, place->z - centre->z};
    bool there = s->pins[component] || length_of(by) < in_place * (float)s->state.edge;
    float share = s->pins[component] ? 0 : slide;
    *by = (struct vector){share * by->x, share * by->y, share * by->z};
    return there;
}

static void before_move(struct part *part, const struct sums *all)
{
    part->energy = all->energy;
    part->length = all->length;
    part->links = all->links;
    part->edge = (float)fmax(all->length / all->links, 1e-3);
    fire_adapt(&part->fire, all->power, all->speed2, all->force2);
}

static void after_move(struct force *s, uint32_t p, const struct sums *all)
{
    struct part *part = &s->parts[p];
    double nodes = s->adjacency.start[p + 1] - s->adjacency.start[p];
    struct spot centre = {(float)(all->x / nodes), (float)(all->y / nodes),
                          (float)(all->z / nodes)};
    double moved = sqrt(all->moved2 / nodes) / (double)part->edge;
    part->moved2 = all->moved2;
    fire_damp(&part->fire, moved);
    part->quiet = moved < still ? part->quiet + 1 : 0;
    part->settled = part->quiet >= QUIET && part->law == s->law;
    part->refine = part->law != s->law && (part->quiet >= QUIET || s->steps >= ROUGH);
    s->refine = s->refine || part->refine;
    find_shift(s, p, &centre, &part->shift);
    s->work_changed = s->work_changed || part->settled;
    s->sliding = s->sliding || part->settled;
}

/* Moves the parts by their forces. */
static int move_parts(struct force *s)
{
    double moved2 = 0, energy = 0, finite = 0;
    if (bhtree_repel(s->tree, s->bodies, s->groups, s->group_count, s->repulsion))
        return -1;
    pool_run(s->pool, sum_unit, s, s->unit_count);
    for (uint32_t p = 0; p < s->part_count; p++)
        if (!s->parts[p].settled) {
            struct sums all = add_up(s, p);
            before_move(&s->parts[p], &all);
        }
    find_edge(s);
    pool_run(s->pool, move_unit, s, s->unit_count);
    for (uint32_t p = 0; p < s->part_count; p++) {
        if (!s->parts[p].settled) {
            struct sums all = add_up(s, p);
            finite += all.x + all.y + all.z + all.moved2;
            after_move(s, p, &all);
        }
        moved2 += s->parts[p].moved2;
        energy += s->parts[p].energy;
    }
    s->state.energy = energy;
    s->state.moved = sqrt(moved2 / s->nodes) / s->state.edge;
    if (isfinite(finite))
        return 0;
    errno = EDOM;
    return -1;
}

/* Ends the rough steps of some parts. */
static int refine(struct force *s)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < s->part_count; p++) {
        struct part *part = &s->parts[p];
        uint32_t first = s->adjacency.start[p], end = s->adjacency.start[p + 1];
        if (!part->refine)
            continue;
        part->refine = false;
        part->law = s->law;
        part->quiet = 0;
        fire_start(&part->fire);
        for (uint32_t k = first; k < end; k++)
            s->velocity[s->adjacency.member[k]] = (struct vector){0, 0, 0};
        s->groups[count++] = (struct bhtree_group){first, end - first, part->law};
    }
    s->refine = false;
    s->work_changed = true; /* the list of groups was used */
    return scale_parts(s, s->groups, count);
}

/* Slides the components that have settled to their places. Returns whether all are there. */
static bool slide_settled(struct force *s)
{
    bool there = true;
    for (uint32_t c = 0; c < s->adjacency.components; c++) {
        struct vector by;
        if (c < s->part_count && !s->parts[c].settled)
            continue;
        struct spot centre = packing_centre(&s->adjacency, s->bodies, c);
        if (find_shift(s, c, &centre, &by))
            continue;
        shift(s, c, &by);
        there = false;
    }
    return there;
}

int force_step(struct force *s)
{
    s->steps++;
    s->state.moved = 0;
    if (s->group_count && move_parts(s))
        return -1;
    if (s->refine && refine(s))
        return -1;
    if (s->sliding)
        s->sliding = !slide_settled(s);
    if (s->work_changed)
        list_work(s);
    if (s->pack_due && (!s->group_count || s->steps >= s->next_pack)) {
        s->pack_due = s->group_count;
        if (pack(s, s->afresh && !s->group_count ? 0 : s->nodes))
            return -1;
    }
    s->state.settled = !s->group_count && !s->sliding;
    return 0;
}
