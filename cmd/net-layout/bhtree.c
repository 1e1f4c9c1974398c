#include "bhtree.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"

enum {
    LEAF = 8,   /* maximum number of nodes in a leaf above the deepest level */
    DEPTH = 48, /* maximum number of times the root cube is halved */
    BATCH = 16, /* nodes near each other whose repulsion is computed together */
    LANES = 8,  /* floats in a vector */
    VECTORS = BATCH / LANES,
    LIST = 512,   /* sources collected before a batch is computed */
    UNIT = 16,    /* batches in a unit of work */
    LARGE = 4096, /* nodes of a group that is sorted by all threads */
    CHUNK = 8192, /* nodes of it that one thread sorts at once */
    LEVELS = 3,   /* levels of a large group's tree above the subtrees of single threads */
    KEYS = 1 << 3 * LEVELS,
    TOP = 1 + 8 + 64 /* cells of these levels */
};

#define NONE UINT32_MAX

static const float opening = 1.0f;    /* largest size / distance of a cell taken as one body */
static const float softening = 1e-6f; /* square of the distance below which repulsion fades */

struct point {
    float x, y, z, mass;
    uint32_t node;
};

struct cell {
    float x, y, z, mass; /* centre of mass */
    float reach2;        /* square of the distance beyond which the cell counts as one body */
    uint32_t next;       /* the cell after the whole subtree, or NONE */
    uint32_t first;      /* of a leaf: its first point; otherwise its first child */
    uint32_t count;      /* points of a leaf; 0 in other cells */
};

struct cube {
    float x, y, z, half;
};

/* A subtree that one thread builds. */
struct task {
    uint32_t first, count;
    uint32_t after; /* the cell after the subtree, or NONE */
    struct cube cube;
    bool gather;   /* a whole group, whose cube is still unknown */
    bool scratch;  /* its points are in `scratch` */
    uint32_t used; /* the next free cell */
};

struct batch {
    uint32_t first, count, root;
    enum bhtree_law law;
};

struct bhtree {
    struct pool *pool;
    bool flat, wide; /* wide: the processor has AVX2 */
    uint32_t count, capacity;
    struct point *points, *scratch; /* in the order of members at first, later each group sorted */
    uint16_t *key;                  /* of each point of a large group: its cell LEVELS down */
    struct cell *cells; /* the subtree of points i … k is in cells 2 i … 2 k; then the top cells */
    uint32_t top_first, top_used, top_capacity;
    struct task *tasks;
    uint32_t task_count, task_capacity;
    struct batch *batches;
    uint32_t batch_count, batch_capacity;
    uint32_t (*histogram)[KEYS]; /* of each chunk of a large group */
    float (*box)[6];             /* of each chunk: low x, y, z, high x, y, z */
    uint32_t chunk_capacity;
    /* arguments of the work at hand: */
    const struct body *bodies;
    struct repulsion *repulsion;
    uint32_t first, end; /* the large group */
    struct cube cube;
};

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
        size_t capacity = (size_t)count + count / 4, top = TOP * (capacity / LARGE + 1),
               chunks = capacity / CHUNK + 2;
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

/* --- sorting into cells */

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

/* Reads the positions of some points, and extends the box by them. */
static void gather(struct bhtree *tree, uint32_t first, uint32_t end, float box[6])
{
    for (uint32_t i = first; i < end; i++) {
        uint32_t node = tree->points[i].node;
        const struct body *p = &tree->bodies[node];
        tree->points[i] = (struct point){p->x, p->y, p->z, p->mass, node};
        const float at[3] = {p->x, p->y, p->z};
        for (int k = 0; k < 3; k++) {
            box[k] = at[k] < box[k] ? at[k] : box[k];
            box[k + 3] = at[k] > box[k + 3] ? at[k] : box[k + 3];
        }
    }
}

static void empty_box(float box[6])
{
    for (int k = 0; k < 3; k++) {
        box[k] = INFINITY;
        box[k + 3] = -INFINITY;
    }
}

/* A cube around the box. Its size is a power of two, and its place a multiple of a part of it, so
 * that the cells rarely change between steps. */
static struct cube cube_of(const float box[6])
{
    float widest = 1e-3f, at[3];
    for (int k = 0; k < 3; k++)
        widest = fmaxf(widest, box[k + 3] - box[k]);
    float half = ldexpf(1, ilogbf(widest * 0.6f) + 1), part = half / 8;
    for (int k = 0; k < 3; k++)
        at[k] = roundf((box[k] + box[k + 3]) / 2 / part) * part;
    return (struct cube){at[0], at[1], at[2], half};
}

/* --- subtrees */

static void set_mass(struct cell *cell, double mass, double x, double y, double z)
{
    cell->mass = (float)mass;
    cell->x = (float)(x / mass);
    cell->y = (float)(y / mass);
    cell->z = (float)(z / mass);
}

static void add_children(struct bhtree *tree, struct cell *cell)
{
    double mass = 0, x = 0, y = 0, z = 0;
    for (uint32_t c = cell->first; c != cell->next; c = tree->cells[c].next) {
        const struct cell *below = &tree->cells[c];
        mass += (double)below->mass;
        x += (double)below->mass * (double)below->x;
        y += (double)below->mass * (double)below->y;
        z += (double)below->mass * (double)below->z;
    }
    set_mass(cell, mass, x, y, z);
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
}

/* Builds the subtree of count points from `first` on in `from`, sorting them into `to`. last: no
 * other cell of the task comes after it. */
static void build(struct bhtree *tree, struct task *task, struct point *from, struct point *to,
                  uint32_t first, uint32_t count, struct cube cube, int depth, bool last)
{
    uint32_t starts[9] = {0};
    struct cell *cell = &tree->cells[task->used++];
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
        cell->next = last ? task->after : task->used;
        return;
    }
    uint32_t at[8];
    unsigned final = 0;
    for (unsigned o = 0; o < 8; o++) {
        final = starts[o + 1] ? o : final;
        starts[o + 1] += starts[o];
        at[o] = first + starts[o];
    }
    for (uint32_t i = first; i < first + count; i++)
        to[at[octant(&from[i], &cube)]++] = from[i];
    cell->first = task->used;
    cell->count = 0;
    for (unsigned o = 0; o < 8; o++)
        if (starts[o + 1] > starts[o])
            build(tree, task, to, from, first + starts[o], starts[o + 1] - starts[o],
                  child(&cube, o), depth, last && o == final);
    cell->next = last ? task->after : task->used;
    add_children(tree, cell);
}

static void build_task(void *user, unsigned index)
{
    struct bhtree *tree = user;
    struct task *task = &tree->tasks[index];
    float box[6];
    if (task->gather) {
        empty_box(box);
        gather(tree, task->first, task->first + task->count, box);
        task->cube = cube_of(box);
    }
    struct point *from = task->scratch ? tree->scratch : tree->points;
    struct point *to = task->scratch ? tree->points : tree->scratch;
    build(tree, task, from, to, task->first, task->count, task->cube, DEPTH, true);
}

/* --- large groups: all threads sort them into the cells LEVELS down */

static uint32_t chunk_first(const struct bhtree *tree, unsigned chunk)
{
    return tree->first + chunk * CHUNK;
}

static uint32_t chunk_end(const struct bhtree *tree, unsigned chunk)
{
    uint32_t end = chunk_first(tree, chunk) + CHUNK;
    return end < tree->end ? end : tree->end;
}

static void gather_chunk(void *user, unsigned chunk)
{
    struct bhtree *tree = user;
    empty_box(tree->box[chunk]);
    gather(tree, chunk_first(tree, chunk), chunk_end(tree, chunk), tree->box[chunk]);
}

static void count_chunk(void *user, unsigned chunk)
{
    struct bhtree *tree = user;
    uint32_t *count = tree->histogram[chunk];
    memset(count, 0, sizeof tree->histogram[chunk]);
    for (uint32_t i = chunk_first(tree, chunk); i < chunk_end(tree, chunk); i++) {
        struct cube cube = tree->cube;
        unsigned key = 0;
        for (int level = 0; level < LEVELS; level++) {
            unsigned o = octant(&tree->points[i], &cube);
            key = key << 3 | o;
            cube = child(&cube, o);
        }
        tree->key[i] = (uint16_t)key;
        count[key]++;
    }
}

static void scatter_chunk(void *user, unsigned chunk)
{
    struct bhtree *tree = user;
    uint32_t *at = tree->histogram[chunk];
    for (uint32_t i = chunk_first(tree, chunk); i < chunk_end(tree, chunk); i++)
        tree->scratch[at[tree->key[i]]++] = tree->points[i];
}

/* Adds the cell of 8^(LEVELS - level) keys, or of a single octant of it that has all points. Its
 * subtrees become tasks. Returns its index. */
static uint32_t add_top(struct bhtree *tree, const uint32_t *starts, unsigned key, int level,
                        struct cube cube, uint32_t after)
{
    unsigned keys = 1u << 3 * (LEVELS - level);
    if (level == LEVELS) {
        uint32_t first = starts[key], count = starts[key + 1] - first;
        tree->tasks[tree->task_count++] = (struct task){
            .first = first, .count = count, .after = after, .cube = cube, .scratch = true};
        return 2 * first;
    }
    unsigned used = 0, octants[8];
    for (unsigned o = 0; o < 8; o++)
        if (starts[key + o * keys / 8] < starts[key + (o + 1) * keys / 8])
            octants[used++] = o;
    uint32_t cell = used > 1 ? tree->top_first + tree->top_used++ : NONE, next = after;
    for (unsigned k = used; k-- > 0;)
        next = add_top(tree, starts, key + octants[k] * keys / 8, level + 1,
                       child(&cube, octants[k]), next);
    if (cell == NONE)
        return next;
    tree->cells[cell] = (struct cell){
        .reach2 = 4 * cube.half * cube.half / (opening * opening), .next = after, .first = next};
    return cell;
}

/* Returns the root. */
static uint32_t sort_large(struct bhtree *tree, const struct bhtree_group *group)
{
    unsigned chunks = (group->count + CHUNK - 1) / CHUNK;
    float box[6];
    tree->first = group->first;
    tree->end = group->first + group->count;
    pool_run(tree->pool, gather_chunk, tree, chunks);
    empty_box(box);
    for (unsigned c = 0; c < chunks; c++)
        for (int k = 0; k < 3; k++) {
            box[k] = fminf(box[k], tree->box[c][k]);
            box[k + 3] = fmaxf(box[k + 3], tree->box[c][k + 3]);
        }
    tree->cube = cube_of(box);
    pool_run(tree->pool, count_chunk, tree, chunks);
    uint32_t starts[KEYS + 1], at = group->first;
    for (unsigned key = 0; key < KEYS; key++) {
        starts[key] = at;
        for (unsigned c = 0; c < chunks; c++) {
            uint32_t count = tree->histogram[c][key];
            tree->histogram[c][key] = at;
            at += count;
        }
    }
    starts[KEYS] = at;
    pool_run(tree->pool, scatter_chunk, tree, chunks);
    return add_top(tree, starts, 0, 0, tree->cube, NONE);
}

/* --- all groups */

static int reserve(struct bhtree *tree, const struct bhtree_group *groups, uint32_t count)
{
    size_t tasks = 0, batches = 0;
    for (uint32_t g = 0; g < count; g++) {
        tasks += groups[g].count > LARGE ? KEYS : 1;
        batches += (groups[g].count + BATCH - 1) / BATCH;
    }
    if (tasks > tree->task_capacity) {
        if (array_resize(&tree->tasks, tasks, sizeof *tree->tasks))
            return -1;
        tree->task_capacity = (uint32_t)tasks;
    }
    if (batches > tree->batch_capacity) {
        if (array_resize(&tree->batches, batches, sizeof *tree->batches))
            return -1;
        tree->batch_capacity = (uint32_t)batches;
    }
    return 0;
}

static void add_batches(struct bhtree *tree, const struct bhtree_group *group, uint32_t root)
{
    for (uint32_t i = 0; i < group->count; i += BATCH) {
        uint32_t left = group->count - i;
        tree->batches[tree->batch_count++] =
            (struct batch){group->first + i, left < BATCH ? left : BATCH, root, group->law};
    }
}

static void build_all(struct bhtree *tree, const struct bhtree_group *groups, uint32_t count)
{
    tree->task_count = tree->batch_count = tree->top_used = 0;
    for (uint32_t g = 0; g < count; g++) {
        uint32_t root = 2 * groups[g].first;
        if (groups[g].count > LARGE)
            root = sort_large(tree, &groups[g]);
        else
            tree->tasks[tree->task_count++] = (struct task){
                .first = groups[g].first, .count = groups[g].count, .after = NONE, .gather = true};
        add_batches(tree, &groups[g], root);
    }
    for (uint32_t t = 0; t < tree->task_count; t++)
        tree->tasks[t].used = 2 * tree->tasks[t].first;
    pool_run(tree->pool, build_task, tree, tree->task_count);
    for (uint32_t c = tree->top_used; c-- > 0;) /* children come after their parents */
        add_children(tree, &tree->cells[tree->top_first + c]);
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
    for (uint32_t c = root; c != NONE;) {
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
    if (reserve(tree, groups, count))
        return -1;
    tree->bodies = bodies;
    tree->repulsion = repulsion;
    build_all(tree, groups, count);
    pool_run(tree->pool, repel_unit, tree, (tree->batch_count + UNIT - 1) / UNIT);
    return 0;
}
