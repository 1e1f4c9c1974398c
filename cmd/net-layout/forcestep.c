#include <errno.h>
#include <math.h>
#include <string.h>
#include "forcestate.h"

enum {
    ROUGH = 200, /* most steps of 1 / distance repulsion, which unfold a network, before 1 /
                    distance² */
    QUIET = 10   /* consecutive still steps after which a component has settled */
};

static const double still = 1e-3;  /* movement of a still step, in mean edge lengths */
static const float step_limit = 2; /* largest movement of a node in a step, in mean edge lengths */
static const float slide =
    0.2f; /* share of the way to its place that a component slides in a step */
static const float in_place =
    0.02f; /* distance from its place at which it stops, in edge lengths */

/* Adds up the sums of a part's spans. */
static struct sums add_up(const struct force *s, uint32_t p)
{
    struct sums all = {0};
    uint32_t spans = (s->adjacency.start[p + 1] - s->adjacency.start[p] + FORCESTATE_CHUNK - 1) /
                     FORCESTATE_CHUNK;
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

static void sum_span(struct force *s, struct span *span)
{
    const struct adjacency *a = &s->adjacency;
    struct sums sums = {0};
    for (uint32_t k = span->first; k < span->end; k++) {
        uint32_t i = a->member[k];
        struct vector f = {s->repulsion[i].x, s->repulsion[i].y, s->repulsion[i].z};
        float stiffness = s->repulsion[i].stiffness;
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            struct vector v = vector_between(&s->bodies[i], &s->bodies[a->other[e]]);
            float length = vector_length(&v), attraction = a->weight[e] * length;
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
            float length = step * vector_length(v);
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
    bool there = s->pins[component] || vector_length(by) < in_place * (float)s->state.edge;
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
    forcestate_find_edge(s);
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
    return forcestate_scale(s, s->groups, count);
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
        forcestate_shift(s, c, &by);
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
        forcestate_list_work(s);
    if (s->pack_due && (!s->group_count || s->steps >= s->next_pack)) {
        s->pack_due = s->group_count;
        if (forcestate_pack(s, s->afresh && !s->group_count ? 0 : s->nodes))
            return -1;
    }
    s->state.settled = !s->group_count && !s->sliding;
    return 0;
}
