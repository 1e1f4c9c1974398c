#include "bhcells.h"
#include <math.h>
#include <string.h>
#include "array.h"

enum {
    LEAF = 8,   /* maximum number of nodes in a leaf above the deepest level */
    DEPTH = 48, /* maximum number of times the root cube is halved */
    BATCH = BHCELLS_BATCH,
    LARGE = BHCELLS_LARGE,
    CHUNK = BHCELLS_CHUNK,
    LEVELS = BHCELLS_LEVELS,
    KEYS = BHCELLS_KEYS
};

#define NONE BHCELLS_NONE

static const float opening = 1.0f; /* largest size / distance of a cell taken as one body */

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

int bhcells_build(struct bhtree *tree, const struct bhtree_group *groups, uint32_t count)
{
    if (reserve(tree, groups, count))
        return -1;
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
    return 0;
}
