#include "tree.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKET = 8, /* nodes of a leaf */
    DEPTH = 48, /* halvings of the box; who is still together then stays so */
    LANES = 4,  /* floats that are worked on at once */
    LIST = 512  /* sources that push a run together */
};

static const float opening = 1.0f;  /* a cell of that size at distance 1 is taken as one node */
static const float near_by = 1e-6f; /* square of a distance: nearer nodes repel no more */

struct point {
    float x, y, z, mass;
    uint32_t node;
};

/* In the order of a walk that goes down first. */
struct cell {
    float x, y, z, mass;   /* centre of mass */
    float reach2;          /* square of the distance from which it counts as one node */
    uint32_t next;         /* cell behind it and all in it */
    uint32_t first, count; /* of a leaf: its points; count 0: not a leaf */
};

struct cube {
    float x, y, z, half;
};

struct tree {
    struct point *points, *spare;
    struct cell *cells;
    uint32_t count, point_room, cell_count;
};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

struct tree *tree_new(void)
{
    return calloc(1, sizeof(struct tree));
}

void tree_free(struct tree *tree)
{
    if (!tree)
        return;
    free(tree->points);
    free(tree->spare);
    free(tree->cells);
    free(tree);
}

static int make_room(struct tree *tree, uint32_t count)
{
    if (count <= tree->point_room)
        return 0;
    size_t room = (size_t)count + count / 4;
    free(tree->points);
    free(tree->spare);
    free(tree->cells);
    tree->point_room = 0;
    tree->points = malloc(room * sizeof *tree->points);
    tree->spare = malloc(room * sizeof *tree->spare);
    /* Every cell that isn't a leaf has two below it or more. */
    tree->cells = malloc(2 * room * sizeof *tree->cells);
    if (!tree->points || !tree->spare || !tree->cells)
        return -1;
    tree->point_room = (uint32_t)room;
    tree->count = 0;
    return 0;
}

static unsigned octant(const struct point *p, const struct cube *cube)
{
    return (unsigned)(p->x >= cube->x) | (unsigned)(p->y >= cube->y) << 1 |
           (unsigned)(p->z >= cube->z) << 2;
}

static struct cube child(const struct cube *cube, unsigned octant)
{
    float half = cube->half / 2;
    return (struct cube){cube->x + (octant & 1 ? half : -half),
                         cube->y + (octant & 2 ? half : -half),
                         cube->z + (octant & 4 ? half : -half), half};
}

static void weigh(struct cell *cell, double mass, double x, double y, double z)
{
    cell->mass = (float)mass;
    cell->x = (float)(x / mass);
    cell->y = (float)(y / mass);
    cell->z = (float)(z / mass);
}

static void build_leaf(struct tree *tree, struct cell *cell, const struct point *from,
                       uint32_t first, uint32_t count)
{
    double mass = 0, x = 0, y = 0, z = 0;
    if (from != tree->points)
        memcpy(tree->points + first, from + first, count * sizeof *from);
    for (uint32_t i = first; i < first + count; i++) {
        const struct point *p = &tree->points[i];
        mass += (double)p->mass;
        x += (double)p->mass * (double)p->x;
        y += (double)p->mass * (double)p->y;
        z += (double)p->mass * (double)p->z;
    }
    weigh(cell, mass, x, y, z);
    cell->first = first;
    cell->count = count;
    cell->next = tree->cell_count;
}

/* Points first … of `from` become a cell and all below it; they are sorted into `to` on the way. */
static void build(struct tree *tree, struct point *from, struct point *to, uint32_t first,
                  uint32_t count, struct cube cube, int depth)
{
    uint32_t starts[9] = {0};
    struct cell *cell = &tree->cells[tree->cell_count++];
    bool together = count > BUCKET;
    /* A box of which only one corner is in use is no cell of its own. */
    while (together && depth-- > 0) {
        memset(starts, 0, sizeof starts);
        for (uint32_t i = first; i < first + count; i++)
            starts[octant(&from[i], &cube) + 1]++;
        unsigned fullest = 0;
        for (unsigned o = 1; o < 8; o++)
            if (starts[o + 1] > starts[fullest + 1])
                fullest = o;
        together = starts[fullest + 1] == count;
        if (together)
            cube = child(&cube, fullest);
    }
    cell->reach2 = 4 * cube.half * cube.half / (opening * opening);
    if (together || count <= BUCKET) {
        build_leaf(tree, cell, from, first, count);
        return;
    }
    uint32_t at[8];
    for (unsigned o = 0; o < 8; o++) {
        starts[o + 1] += starts[o];
        at[o] = first + starts[o];
    }
    for (uint32_t i = first; i < first + count; i++)
        to[at[octant(&from[i], &cube)]++] = from[i];
    double mass = 0, x = 0, y = 0, z = 0;
    for (unsigned o = 0; o < 8; o++) {
        if (starts[o + 1] == starts[o])
            continue;
        const struct cell *below = &tree->cells[tree->cell_count];
        build(tree, to, from, first + starts[o], starts[o + 1] - starts[o], child(&cube, o), depth);
        mass += (double)below->mass;
        x += (double)below->mass * (double)below->x;
        y += (double)below->mass * (double)below->y;
        z += (double)below->mass * (double)below->z;
    }
    weigh(cell, mass, x, y, z);
    cell->first = cell->count = 0;
    cell->next = tree->cell_count;
}

int tree_build(struct tree *tree, const struct place *places, uint32_t count)
{
    float widest = 0;
    if (make_room(tree, count))
        return -1;
    bool same = tree->count == count;
    for (uint32_t i = 0; i < count; i++) {
        /* In the order of last time they are nearly sorted. */
        uint32_t node = same ? tree->points[i].node : i;
        const struct place *p = &places[node];
        tree->points[i] = (struct point){p->x, p->y, p->z, p->mass, node};
        widest = fmaxf(widest, fmaxf(fabsf(p->x), fmaxf(fabsf(p->y), fabsf(p->z))));
    }
    tree->count = count;
    tree->cell_count = 0;
    /* A power of two around the origin: the same box as last time, mostly, and so the same cells.
     */
    struct cube cube = {0, 0, 0, ldexpf(1, ilogbf(fmaxf(widest, 1e-3f)) + 1)};
    build(tree, tree->points, tree->spare, 0, count, cube, DEPTH);
    return 0;
}

uint32_t tree_runs(const struct tree *tree)
{
    return (tree->count + TREE_RUN - 1) / TREE_RUN;
}

struct box {
    float low[3], high[3];
};

static float outside(float low, float high, float x)
{
    float below = low - x, above = x - high, d = below > above ? below : above;
    return d > 0 ? d : 0;
}

static float distance2(const struct box *box, const struct cell *cell)
{
    float x = outside(box->low[0], box->high[0], cell->x);
    float y = outside(box->low[1], box->high[1], cell->y);
    float z = outside(box->low[2], box->high[2], cell->z);
    return x * x + y * y + z * z;
}

struct run {
    lanes x[TREE_RUN / LANES], y[TREE_RUN / LANES], z[TREE_RUN / LANES];
    lanes fx[TREE_RUN / LANES], fy[TREE_RUN / LANES], fz[TREE_RUN / LANES], stiff[TREE_RUN / LANES];
    struct place list[LIST];
    unsigned used;
};

/* All of the list push all of the run. */
static inline void push_run(struct run *run, bool flat)
{
    for (unsigned l = 0; l < TREE_RUN / LANES; l++) {
        lanes x = run->x[l], y = run->y[l], z = run->z[l];
        lanes fx = run->fx[l], fy = run->fy[l], fz = run->fz[l], stiff = run->stiff[l];
        for (unsigned i = 0; i < run->used; i++) {
            const struct place *from = &run->list[i];
            lanes dx = x - from->x, dy = y - from->y, dz = z - from->z;
            lanes d2 = dx * dx + dy * dy;
            if (!flat)
                d2 += dz * dz;
            lanes inverse = 1.0f / (d2 + near_by);
            lanes f = from->mass * inverse;
            fx += dx * f;
            fy += dy * f;
            if (!flat)
                fz += dz * f;
            stiff += f * (d2 * inverse);
        }
        run->fx[l] = fx;
        run->fy[l] = fy;
        run->fz[l] = fz;
        run->stiff[l] = stiff;
    }
    run->used = 0;
}

static void flush(struct run *run, bool flat)
{
    if (flat)
        push_run(run, true);
    else
        push_run(run, false);
}

static inline void add(struct run *run, bool flat, float x, float y, float z, float mass)
{
    if (run->used == LIST)
        flush(run, flat);
    run->list[run->used++] = (struct place){x, y, z, mass};
}

void tree_push(const struct tree *tree, uint32_t index, bool flat, struct push *push)
{
    const struct point *points = tree->points + (size_t)index * TREE_RUN;
    uint32_t left = tree->count - index * TREE_RUN, count = left < TREE_RUN ? left : TREE_RUN;
    struct run run;
    struct box box = {{points->x, points->y, points->z}, {points->x, points->y, points->z}};
    for (uint32_t i = 0; i < TREE_RUN; i++) {
        const struct point *p = &points[i < count ? i : 0];
        float at[3] = {p->x, p->y, p->z};
        for (int k = 0; k < 3; k++) {
            box.low[k] = fminf(box.low[k], at[k]);
            box.high[k] = fmaxf(box.high[k], at[k]);
        }
        run.x[i / LANES][i % LANES] = p->x;
        run.y[i / LANES][i % LANES] = p->y;
        run.z[i / LANES][i % LANES] = p->z;
    }
    memset(run.fx, 0, sizeof run.fx);
    memset(run.fy, 0, sizeof run.fy);
    memset(run.fz, 0, sizeof run.fz);
    memset(run.stiff, 0, sizeof run.stiff);
    run.used = 0;
    for (uint32_t c = 0; c < tree->cell_count;) {
        const struct cell *cell = &tree->cells[c];
        if (distance2(&box, cell) > cell->reach2) {
            add(&run, flat, cell->x, cell->y, cell->z, cell->mass);
            c = cell->next;
        } else if (cell->count) {
            for (uint32_t i = cell->first; i < cell->first + cell->count; i++)
                add(&run, flat, tree->points[i].x, tree->points[i].y, tree->points[i].z,
                    tree->points[i].mass);
            c = cell->next;
        } else {
            c++;
        }
    }
    flush(&run, flat);
    for (uint32_t i = 0; i < count; i++)
        push[points[i].node] =
            (struct push){run.fx[i / LANES][i % LANES], run.fy[i / LANES][i % LANES],
                          run.fz[i / LANES][i % LANES], run.stiff[i / LANES][i % LANES]};
}
