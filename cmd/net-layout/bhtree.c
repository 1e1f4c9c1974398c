#include "bhtree.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "bhcells.h"

enum {
    BATCH = BHCELLS_BATCH,
    LANES = 8, /* floats in a vector */
    VECTORS = BATCH / LANES,
    LIST = 512, /* sources collected before a batch is computed */
    UNIT = 16   /* batches in a unit of work */
};

static const float softening = 1e-6f; /* square of the distance below which repulsion fades */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

struct bhtree *bhtree_new(struct pool *pool, bool flat)
{
    struct bhtree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return NULL;
    tree->pool = pool;
    tree->flat = flat;
#ifdef __x86_64__
    tree->wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return tree;
}

void bhtree_free(struct bhtree *tree)
{
    if (!tree)
        return;
    free(tree->points);
    free(tree->scratch);
    free(tree->key);
    free(tree->cells);
    free(tree->tasks);
    free(tree->batches);
    free(tree->histogram);
    free(tree->box);
    free(tree);
}

int bhtree_members(struct bhtree *tree, const uint32_t *members, uint32_t count)
{
    if (count > tree->capacity) {
        size_t capacity = (size_t)count + count / 4,
               top = BHCELLS_TOP * (capacity / BHCELLS_LARGE + 1),
               chunks = capacity / BHCELLS_CHUNK + 2;
        tree->capacity = 0;
        if (array_resize(&tree->points, capacity, sizeof *tree->points) ||
            array_resize(&tree->scratch, capacity, sizeof *tree->scratch) ||
            array_resize(&tree->key, capacity, sizeof *tree->key) ||
            array_resize(&tree->cells, 2 * capacity + top, sizeof *tree->cells) ||
            array_resize(&tree->histogram, chunks, sizeof *tree->histogram) ||
            array_resize(&tree->box, chunks, sizeof *tree->box))
            return -1;
        tree->capacity = (uint32_t)capacity;
        tree->top_first = 2 * tree->capacity;
    }
    tree->count = count;
    for (uint32_t i = 0; i < count; i++)
        tree->points[i].node = members[i];
    return 0;
}

/* --- repulsion */

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

struct sums {
    lanes x[VECTORS], y[VECTORS], z[VECTORS];
    lanes fx[VECTORS], fy[VECTORS], fz[VECTORS], stiffness[VECTORS];
    struct body list[LIST];
    unsigned used;
    enum bhtree_law law;
};

/* Adds the repulsion of the listed sources to the batch, and empties the list. Inlined with
 * constant flat and law. */
static inline __attribute__((always_inline)) void add_sources(struct sums *sums, bool flat,
                                                              enum bhtree_law law)
{
    for (unsigned v = 0; v < VECTORS; v++) {
        lanes x = sums->x[v], y = sums->y[v], z = sums->z[v];
        lanes fx = sums->fx[v], fy = sums->fy[v], fz = sums->fz[v], stiffness = sums->stiffness[v];
        for (unsigned i = 0; i < sums->used; i++) {
            const struct body *from = &sums->list[i];
            lanes dx = x - from->x, dy = y - from->y, dz = z - from->z;
            lanes d2 = dx * dx + dy * dy;
            if (!flat)
                d2 += dz * dz;
            lanes inverse = 1.0f / (d2 + softening), f = from->mass * inverse;
            if (law == BHTREE_SQUARE) {
                lanes root = inverse;
                for (unsigned l = 0; l < LANES; l++)
                    root[l] = sqrtf(inverse[l]);
                f *= root;
            }
            fx += dx * f;
            fy += dy * f;
            if (!flat)
                fz += dz * f;
            stiffness += f * (d2 * inverse);
        }
        sums->fx[v] = fx;
        sums->fy[v] = fy;
        sums->fz[v] = fz;
        sums->stiffness[v] = stiffness;
    }
    sums->used = 0;
}

static inline __attribute__((always_inline)) void add_any(struct sums *sums, bool flat,
                                                          enum bhtree_law law)
{
    if (flat && law == BHTREE_SQUARE)
        add_sources(sums, true, BHTREE_SQUARE);
    else if (flat)
        add_sources(sums, true, BHTREE_DISTANCE);
    else if (law == BHTREE_SQUARE)
        add_sources(sums, false, BHTREE_SQUARE);
    else
        add_sources(sums, false, BHTREE_DISTANCE);
}

#ifdef __x86_64__
__attribute__((target("avx2,fma")))
#endif
static void
add_wide(struct sums *sums, bool flat, enum bhtree_law law)
{
    add_any(sums, flat, law);
}

static void flush(const struct bhtree *tree, struct sums *sums)
{
    if (tree->wide)
        add_wide(sums, tree->flat, sums->law);
    else
        add_any(sums, tree->flat, sums->law);
}

static inline void add_source(const struct bhtree *tree, struct sums *sums, float x, float y,
                              float z, float mass)
{
    if (sums->used == LIST)
        flush(tree, sums);
    sums->list[sums->used++] = (struct body){x, y, z, mass};
}

static void walk(const struct bhtree *tree, uint32_t root, const struct box *box, struct sums *sums)
{
    for (uint32_t c = root; c != BHCELLS_NONE;) {
        const struct cell *cell = &tree->cells[c];
        if (distance2(box, cell) > cell->reach2) {
            add_source(tree, sums, cell->x, cell->y, cell->z, cell->mass);
            c = cell->next;
        } else if (cell->count) {
            for (uint32_t i = cell->first; i < cell->first + cell->count; i++)
                add_source(tree, sums, tree->points[i].x, tree->points[i].y, tree->points[i].z,
                           tree->points[i].mass);
            c = cell->next;
        } else {
            c = cell->first;
        }
    }
    flush(tree, sums);
}

static void repel_batch(struct bhtree *tree, const struct batch *batch)
{
    const struct point *points = tree->points + batch->first;
    struct sums sums;
    struct box box = {{points->x, points->y, points->z}, {points->x, points->y, points->z}};
    for (uint32_t i = 0; i < BATCH; i++) {
        const struct point *p = &points[i < batch->count ? i : 0];
        float at[3] = {p->x, p->y, p->z};
        for (int k = 0; k < 3; k++) {
            box.low[k] = fminf(box.low[k], at[k]);
            box.high[k] = fmaxf(box.high[k], at[k]);
        }
        sums.x[i / LANES][i % LANES] = p->x;
        sums.y[i / LANES][i % LANES] = p->y;
        sums.z[i / LANES][i % LANES] = p->z;
    }
    memset(sums.fx, 0, sizeof sums.fx);
    memset(sums.fy, 0, sizeof sums.fy);
    memset(sums.fz, 0, sizeof sums.fz);
    memset(sums.stiffness, 0, sizeof sums.stiffness);
    sums.used = 0;
    sums.law = batch->law;
    walk(tree, batch->root, &box, &sums);
    float steepness =
        batch->law == BHTREE_SQUARE ? 2 : 1; /* largest derivative * distance / force */
    for (uint32_t i = 0; i < batch->count; i++)
        tree->repulsion[points[i].node] = (struct repulsion){
            sums.fx[i / LANES][i % LANES], sums.fy[i / LANES][i % LANES],
            sums.fz[i / LANES][i % LANES], steepness * sums.stiffness[i / LANES][i % LANES]};
}

static void repel_unit(void *user, unsigned unit)
{
    struct bhtree *tree = user;
    uint32_t end = (unit + 1) * UNIT < tree->batch_count ? (unit + 1) * UNIT : tree->batch_count;
    for (uint32_t b = unit * UNIT; b < end; b++)
        repel_batch(tree, &tree->batches[b]);
}

int bhtree_repel(struct bhtree *tree, const struct body *bodies, const struct bhtree_group *groups,
                 uint32_t count, struct repulsion *repulsion)
{
    tree->bodies = bodies;
    tree->repulsion = repulsion;
    if (bhcells_build(tree, groups, count))
        return -1;
    pool_run(tree->pool, repel_unit, tree, (tree->batch_count + UNIT - 1) / UNIT);
    return 0;
}
