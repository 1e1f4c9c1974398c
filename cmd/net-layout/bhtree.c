#include "bhtree.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAF = 8,   /* maximum number of nodes in a leaf above the deepest level */
    DEPTH = 48, /* maximum number of times the root cube is halved */
    LANES = 4,  /* floats in a vector */
    LIST = 512  /* sources collected before a batch is computed */
};

static const float opening = 1.0f;    /* largest size / distance of a cell taken as one body */
static const float softening = 1e-6f; /* square of the distance below which repulsion fades */

struct point {
    float x, y, z, mass;
    uint32_t node;
};

/* Cells are in depth-first order. */
struct cell {
    float x, y, z, mass;   /* centre of mass */
    float reach2;          /* square of the distance beyond which the cell counts as one body */
    uint32_t next;         /* index of the cell after the whole subtree */
    uint32_t first, count; /* points of a leaf; count is 0 in other cells */
};

struct cube {
    float x, y, z, half;
};

struct bhtree {
    struct point *points, *scratch;
    struct cell *cells;
    uint32_t count, capacity, cell_count;
};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

struct bhtree *bhtree_new(void)
{
    return calloc(1, sizeof(struct bhtree));
}

void bhtree_free(struct bhtree *tree)
{
    if (!tree)
        return;
    free(tree->points);
    free(tree->scratch);
    free(tree->cells);
    free(tree);
}

static int reserve(struct bhtree *tree, uint32_t count)
{
    if (count <= tree->capacity)
        return 0;
    size_t capacity = (size_t)count + count / 4;
    free(tree->points);
    free(tree->scratch);
    free(tree->cells);
    tree->capacity = 0;
    tree->points = malloc(capacity * sizeof *tree->points);
    tree->scratch = malloc(capacity * sizeof *tree->scratch);
    /* Inner cells have two children or more. */
    tree->cells = malloc(2 * capacity * sizeof *tree->cells);
    if (!tree->points || !tree->scratch || !tree->cells)
        return -1;
    tree->capacity = (uint32_t)capacity;
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

static void set_mass(struct cell *cell, double mass, double x, double y, double z)
{
    cell->mass = (float)mass;
    cell->x = (float)(x / mass);
    cell->y = (float)(y / mass);
    cell->z = (float)(z / mass);
}

static void build_leaf(struct bhtree *tree, struct cell *cell, const struct point *from,
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
    set_mass(cell, mass, x, y, z);
    cell->first = first;
    cell->count = count;
    cell->next = tree->cell_count;
}

/* Builds the subtree of count points from `first` on in `from`, sorting them into `to`. */
static void build(struct bhtree *tree, struct point *from, struct point *to, uint32_t first,
                  uint32_t count, struct cube cube, int depth)
{
    uint32_t starts[9] = {0};
    struct cell *cell = &tree->cells[tree->cell_count++];
    bool unsplit = count > LEAF;
    /* A cube with all points in one octant shrinks to that octant. */
    while (unsplit && depth-- > 0) {
        memset(starts, 0, sizeof starts);
        for (uint32_t i = first; i < first + count; i++)
            starts[octant(&from[i], &cube) + 1]++;
        unsigned fullest = 0;
        for (unsigned o = 1; o < 8; o++)
            if (starts[o + 1] > starts[fullest + 1])
                fullest = o;
        unsplit = starts[fullest + 1] == count;
        if (unsplit)
            cube = child(&cube, fullest);
    }
    cell->reach2 = 4 * cube.half * cube.half / (opening * opening);
    if (unsplit || count <= LEAF) {
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
    set_mass(cell, mass, x, y, z);
    cell->first = cell->count = 0;
    cell->next = tree->cell_count;
}

int bhtree_build(struct bhtree *tree, const struct body *bodies, uint32_t count)
{
    float widest = 0;
    if (reserve(tree, count))
        return -1;
    bool same = tree->count == count;
    for (uint32_t i = 0; i < count; i++) {
        /* The previous order is nearly sorted already. */
        uint32_t node = same ? tree->points[i].node : i;
        const struct body *p = &bodies[node];
        tree->points[i] = (struct point){p->x, p->y, p->z, p->mass, node};
        widest = fmaxf(widest, fmaxf(fabsf(p->x), fmaxf(fabsf(p->y), fabsf(p->z))));
    }
    tree->count = count;
    tree->cell_count = 0;
    /* A power of two, so that the cube and its cells rarely change between steps. */
    struct cube cube = {0, 0, 0, ldexpf(1, ilogbf(fmaxf(widest, 1e-3f)) + 1)};
    build(tree, tree->points, tree->scratch, 0, count, cube, DEPTH);
    return 0;
}

uint32_t bhtree_batches(const struct bhtree *tree)
{
    return (tree->count + BHTREE_BATCH - 1) / BHTREE_BATCH;
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

struct batch {
    lanes x[BHTREE_BATCH / LANES], y[BHTREE_BATCH / LANES], z[BHTREE_BATCH / LANES];
    lanes fx[BHTREE_BATCH / LANES], fy[BHTREE_BATCH / LANES], fz[BHTREE_BATCH / LANES],
        stiffness[BHTREE_BATCH / LANES];
    struct body list[LIST];
    unsigned used;
};

/* Adds the repulsion of the listed sources to the batch, and empties the list. */
static inline void repel_batch(struct batch *batch, bool flat)
{
    for (unsigned l = 0; l < BHTREE_BATCH / LANES; l++) {
        lanes x = batch->x[l], y = batch->y[l], z = batch->z[l];
        lanes fx = batch->fx[l], fy = batch->fy[l], fz = batch->fz[l],
              stiffness = batch->stiffness[l];
        for (unsigned i = 0; i < batch->used; i++) {
            const struct body *from = &batch->list[i];
            lanes dx = x - from->x, dy = y - from->y, dz = z - from->z;
            lanes d2 = dx * dx + dy * dy;
            if (!flat)
                d2 += dz * dz;
            lanes inverse = 1.0f / (d2 + softening);
            lanes f = from->mass * inverse;
            fx += dx * f;
            fy += dy * f;
            if (!flat)
                fz += dz * f;
            stiffness += f * (d2 * inverse);
        }
        batch->fx[l] = fx;
        batch->fy[l] = fy;
        batch->fz[l] = fz;
        batch->stiffness[l] = stiffness;
    }
    batch->used = 0;
}

static void flush(struct batch *batch, bool flat)
{
    if (flat)
        repel_batch(batch, true);
    else
        repel_batch(batch, false);
}

static inline void add_source(struct batch *batch, bool flat, float x, float y, float z, float mass)
{
    if (batch->used == LIST)
        flush(batch, flat);
    batch->list[batch->used++] = (struct body){x, y, z, mass};
}

void bhtree_repel(const struct bhtree *tree, uint32_t index, bool flat, struct repulsion *repulsion)
{
    const struct point *points = tree->points + (size_t)index * BHTREE_BATCH;
    uint32_t left = tree->count - index * BHTREE_BATCH,
             count = left < BHTREE_BATCH ? left : BHTREE_BATCH;
    struct batch batch;
    struct box box = {{points->x, points->y, points->z}, {points->x, points->y, points->z}};
    for (uint32_t i = 0; i < BHTREE_BATCH; i++) {
        const struct point *p = &points[i < count ? i : 0];
        float at[3] = {p->x, p->y, p->z};
        for (int k = 0; k < 3; k++) {
            box.low[k] = fminf(box.low[k], at[k]);
            box.high[k] = fmaxf(box.high[k], at[k]);
        }
        batch.x[i / LANES][i % LANES] = p->x;
        batch.y[i / LANES][i % LANES] = p->y;
        batch.z[i / LANES][i % LANES] = p->z;
    }
    memset(batch.fx, 0, sizeof batch.fx);
    memset(batch.fy, 0, sizeof batch.fy);
    memset(batch.fz, 0, sizeof batch.fz);
    memset(batch.stiffness, 0, sizeof batch.stiffness);
    batch.used = 0;
    for (uint32_t c = 0; c < tree->cell_count;) {
        const struct cell *cell = &tree->cells[c];
        if (distance2(&box, cell) > cell->reach2) {
            add_source(&batch, flat, cell->x, cell->y, cell->z, cell->mass);
            c = cell->next;
        } else if (cell->count) {
            for (uint32_t i = cell->first; i < cell->first + cell->count; i++)
                add_source(&batch, flat, tree->points[i].x, tree->points[i].y, tree->points[i].z,
                           tree->points[i].mass);
            c = cell->next;
        } else {
            c++;
        }
    }
    flush(&batch, flat);
    for (uint32_t i = 0; i < count; i++)
        repulsion[points[i].node] = (struct repulsion){
            batch.fx[i / LANES][i % LANES], batch.fy[i / LANES][i % LANES],
            batch.fz[i / LANES][i % LANES], batch.stiffness[i / LANES][i % LANES]};
}
