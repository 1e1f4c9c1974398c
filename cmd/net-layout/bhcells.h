/* The cells of the Barnes-Hut tree, and how they are built; for bhtree.c only. */
#ifndef NET_LAYOUT_BHCELLS_H
#define NET_LAYOUT_BHCELLS_H

#include "bhtree.h"

enum {
    BHCELLS_BATCH = 16,   /* nodes near each other whose repulsion is computed together */
    BHCELLS_LARGE = 4096, /* nodes of a group that is sorted by all threads */
    BHCELLS_CHUNK = 8192, /* nodes of it that one thread sorts at once */
    BHCELLS_LEVELS = 3,   /* levels of a large group's tree above the subtrees of single threads */
    BHCELLS_KEYS = 1 << 3 * BHCELLS_LEVELS,
    BHCELLS_TOP = 1 + 8 + 64 /* cells of these levels */
};

#define BHCELLS_NONE UINT32_MAX

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
    uint32_t (*histogram)[BHCELLS_KEYS]; /* of each chunk of a large group */
    float (*box)[6];                     /* of each chunk: low x, y, z, high x, y, z */
    uint32_t chunk_capacity;
    /* arguments of the work at hand: */
    const struct body *bodies;
    struct repulsion *repulsion;
    uint32_t first, end; /* the large group */
    struct cube cube;
};

/* Sorts the members into a tree for each group: sets cells and batches. 0, or -1 with ENOMEM. */
int bhcells_build(struct bhtree *tree, const struct bhtree_group *groups, uint32_t count);

#endif
