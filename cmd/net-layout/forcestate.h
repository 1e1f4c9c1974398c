/* The state of the force simulation, and what both its growth and its steps do; for force.c and
 * forcestep.c only. */
#ifndef NET_LAYOUT_FORCESTATE_H
#define NET_LAYOUT_FORCESTATE_H

#include <math.h>
#include "adjacency.h"
#include "fire.h"
#include "force.h"
#include "packing.h"

enum {
    FORCESTATE_CHUNK = 1024,   /* nodes whose sums are added up together, whatever the number of
                                  threads */
    FORCESTATE_FIRST_PACK = 16 /* steps before components are packed again; then twice as many each
                                  time */
};

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

static inline float vector_length(const struct vector *v)
{
    return sqrtf(v->x * v->x + v->y * v->y + v->z * v->z);
}

static inline struct vector vector_between(const struct body *a, const struct body *b)
{
    return (struct vector){b->x - a->x, b->y - a->y, b->z - a->z};
}

/* Lists what a step works on: the parts that have not settled, in spans of up to FORCESTATE_CHUNK
 * nodes, in units of about as many. */
void forcestate_list_work(struct force *force);

/* Scales each of some parts. -1 with ENOMEM. */
int forcestate_scale(struct force *force, const struct bhtree_group *groups, uint32_t count);

/* Packs the components; those that have any of the first `kept` nodes stay if there is room. -1
 * with ENOMEM. */
int forcestate_pack(struct force *force, uint32_t kept);

/* Sets the mean length of an edge from those of the parts. */
void forcestate_find_edge(struct force *force);

/* Moves all nodes of a component. */
void forcestate_shift(struct force *force, uint32_t component, const struct vector *by);

#endif
