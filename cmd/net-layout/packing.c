#include "packing.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tool/cli.h"

enum {
    CELLS = 1 << 24,       /* largest sum of the components' boxes, in cells, */
    CELLS_SPACE = 1 << 21, /* in three dimensions */
    EXTENT = 4096,         /* largest distance of a cell from the centre of its component, */
    EXTENT_SPACE = 128,    /* in three dimensions */
    CLASSES = 96           /* of components of similar size */
};

static const double golden = 2.399963229728653;

/* The cells of a component, relative to its centre: a run of them for each y and z. */
struct shape {
    int32_t low[3], high[3]; /* of all cells */
    int32_t *first, *last;   /* of each run, x; none if first > last */
    size_t capacity;
};

struct grid {
    const struct adjacency *links;
    const struct body *bodies;
    bool flat;
    float cell;         /* length of a cell's side */
    int32_t half;       /* cells from the centre to each side */
    int32_t depth_half; /* the same of z: 0 if flat */
    size_t words;       /* words of a row of cells */
    uint64_t *taken;    /* a bit for each cell */
    struct shape shape;
};

/* A place in the order in which places are tried: on circles or spheres around the centre. */
struct search {
    int32_t radius;
    uint32_t index;
};

struct spot packing_centre(const struct adjacency *links, const struct body *bodies,
                           uint32_t component)
{
    double x = 0, y = 0, z = 0, count = links->start[component + 1] - links->start[component];
    for (uint32_t k = links->start[component]; k < links->start[component + 1]; k++) {
        const struct body *b = &bodies[links->member[k]];
        x += (double)b->x;
        y += (double)b->y;
        z += (double)b->z;
    }
    return (struct spot){(float)(x / count), (float)(y / count), (float)(z / count)};
}

static void cell_at(const struct grid *g, const struct body *b, const struct spot *centre,
                    int32_t at[3])
{
    at[0] = (int32_t)floorf((b->x - centre->x) / g->cell + 0.5f);
    at[1] = (int32_t)floorf((b->y - centre->y) / g->cell + 0.5f);
    at[2] = g->flat ? 0 : (int32_t)floorf((b->z - centre->z) / g->cell + 0.5f);
}

/* Finds the box of a component in cells. Returns the number of cells in it and next to it. */
static double measure(struct grid *g, uint32_t component, const struct spot *centre)
{
    struct shape *s = &g->shape;
    double cells = 1;
    float widest = 0;
    for (uint32_t i = g->links->start[component]; i < g->links->start[component + 1]; i++) {
        const struct body *b = &g->bodies[g->links->member[i]];
        widest = fmaxf(widest, fmaxf(fabsf(b->x - centre->x),
                                     fmaxf(fabsf(b->y - centre->y), fabsf(b->z - centre->z))));
    }
    if (widest / g->cell > 1e8f)
        return INFINITY;
    memset(s->low, 0, sizeof s->low);
    memset(s->high, 0, sizeof s->high);
    for (uint32_t i = g->links->start[component]; i < g->links->start[component + 1]; i++) {
        int32_t at[3];
        cell_at(g, &g->bodies[g->links->member[i]], centre, at);
        for (int k = 0; k < 3; k++) {
            s->low[k] = at[k] < s->low[k] ? at[k] : s->low[k];
            s->high[k] = at[k] > s->high[k] ? at[k] : s->high[k];
        }
    }
    for (int k = 0; k < (g->flat ? 2 : 3); k++)
        cells *= s->high[k] - s->low[k] + 3;
    return cells;
}

static size_t run_of(const struct shape *s, int32_t y, int32_t z)
{
    return (size_t)(z - s->low[2]) * (size_t)(s->high[1] - s->low[1] + 1) + (size_t)(y - s->low[1]);
}

static void add_cell(struct shape *s, const int32_t at[3])
{
    size_t run = run_of(s, at[1], at[2]);
    s->first[run] = at[0] < s->first[run] ? at[0] : s->first[run];
    s->last[run] = at[0] > s->last[run] ? at[0] : s->last[run];
}

/* Finds the cells of a component: those of its nodes and edges, and all between them in a row. */
static int find_shape(struct grid *g, uint32_t component, const struct spot *centre)
{
    const struct adjacency *a = g->links;
    struct shape *s = &g->shape;
    measure(g, component, centre);
    size_t runs = run_of(s, s->high[1], s->high[2]) + 1;
    if (runs > s->capacity) {
        free(s->first);
        free(s->last);
        s->capacity = 2 * runs;
        s->first = malloc(s->capacity * sizeof *s->first);
        s->last = malloc(s->capacity * sizeof *s->last);
        if (!s->first || !s->last)
            return -1;
    }
    for (size_t r = 0; r < runs; r++) {
        s->first[r] = INT32_MAX;
        s->last[r] = INT32_MIN;
    }
    for (uint32_t i = a->start[component]; i < a->start[component + 1]; i++) {
        uint32_t node = a->member[i];
        const struct body *p = &g->bodies[node];
        int32_t at[3];
        cell_at(g, p, centre, at);
        add_cell(s, at);
        for (uint32_t e = a->first[node]; e < a->first[node + 1]; e++) {
            const struct body *q = &g->bodies[a->other[e]];
            if (a->other[e] < node)
                continue;
            float x = q->x - p->x, y = q->y - p->y, z = q->z - p->z;
            float steps = ceilf(2 * sqrtf(x * x + y * y + z * z) / g->cell);
            for (float k = 1; k < steps; k++) {
                const struct body on = {p->x + x * k / steps, p->y + y * k / steps,
                                        p->z + z * k / steps, 0};
                cell_at(g, &on, centre, at);
                add_cell(s, at);
            }
        }
    }
    return 0;
}

/* Bits from `from` to `to` of a word, both 0 … 63. */
static uint64_t bits(unsigned from, unsigned to)
{
    return (~UINT64_C(0) >> (63 - (to - from))) << from;
}

/* Takes a run of cells, or returns whether any of it is taken. */
static bool each_word(const struct grid *g, int32_t first, int32_t last, int32_t y, int32_t z,
                      bool take)
{
    size_t from = (size_t)(first + g->half), to = (size_t)(last + g->half);
    uint64_t *row = g->taken + ((size_t)(z + g->depth_half) * (2 * (size_t)g->half + 1) +
                                (size_t)(y + g->half)) *
                                   g->words;
    for (size_t word = from / 64; word <= to / 64; word++) {
        uint64_t mask = bits(word == from / 64 ? from % 64 : 0, word == to / 64 ? to % 64 : 63);
        if (take)
            row[word] |= mask;
        else if (row[word] & mask)
            return true;
    }
    return false;
}

/* Whether the shape is inside the grid, with a margin for its neighbourhood. */
static bool inside(const struct grid *g, const int32_t at[3])
{
    for (int k = 0; k < 3; k++) {
        int32_t half = k < 2 ? g->half - 1 : g->flat ? 0 : g->depth_half - 1;
        if (at[k] + g->shape.low[k] < -half || at[k] + g->shape.high[k] > half)
            return false;
    }
    return true;
}

static bool is_free(const struct grid *g, const int32_t at[3])
{
    const struct shape *s = &g->shape;
    /* From the middle row on, where other components are most likely. */
    int32_t rows = s->high[1] - s->low[1] + 1;
    for (int32_t z = s->low[2]; z <= s->high[2]; z++)
        for (int32_t i = 0; i < rows; i++) {
            int32_t y = s->low[1] + (i + rows / 2) % rows;
            size_t run = run_of(s, y, z);
            if (s->first[run] <= s->last[run] &&
                each_word(g, at[0] + s->first[run], at[0] + s->last[run], at[1] + y, at[2] + z,
                          false))
                return false;
        }
    return true;
}

/* Takes the cells of the shape, and those next to them. */
static void take(const struct grid *g, const int32_t at[3])
{
    const struct shape *s = &g->shape;
    int32_t deep = g->flat ? 0 : 1;
    for (int32_t z = s->low[2]; z <= s->high[2]; z++)
        for (int32_t y = s->low[1]; y <= s->high[1]; y++) {
            size_t run = run_of(s, y, z);
            for (int32_t dz = -deep; dz <= deep && s->first[run] <= s->last[run]; dz++)
                for (int32_t dy = -1; dy <= 1; dy++)
                    each_word(g, at[0] + s->first[run] - 1, at[0] + s->last[run] + 1,
                              at[1] + y + dy, at[2] + z + dz, true);
        }
}

/* Places on the circle or sphere of a radius, about `grain` cells apart. */
static uint32_t places(const struct grid *g, int32_t radius, int32_t grain)
{
    double r = (double)radius / grain;
    return radius ? (uint32_t)ceil(g->flat ? 2 * M_PI * r : 4 * M_PI * r * r) : 1;
}

static void next_place(const struct grid *g, struct search *search, int32_t grain, int32_t at[3])
{
    uint32_t count = places(g, search->radius, grain);
    if (search->index >= count) {
        search->radius += grain;
        search->index = 0;
        count = places(g, search->radius, grain);
    }
    double k = search->index++, r = search->radius, up = 0, angle = k * golden;
    if (g->flat)
        angle = 2 * M_PI * k / count;
    else
        up = 1 - (2 * k + 1) / count;
    double around = r * sqrt(1 - up * up);
    at[0] = (int32_t)lround(around * cos(angle));
    at[1] = (int32_t)lround(around * sin(angle));
    at[2] = g->flat ? 0 : (int32_t)lround(r * up);
}

/* Finds the free place next to the centre. Components of similar size continue the same search.
 * false: the grid is full. */
static bool find_place(const struct grid *g, struct search searches[CLASSES], int32_t at[3])
{
    const struct shape *s = &g->shape;
    int32_t extent = s->high[0] - s->low[0] + s->high[1] - s->low[1] + s->high[2] - s->low[2];
    int32_t grain = 1 + extent / 32;
    struct search *search = &searches[extent < 64 ? extent : 58 + ilogb(extent)];
    do {
        next_place(g, search, grain, at);
        if (inside(g, at) && is_free(g, at))
            return true;
    } while (search->radius <= 2 * g->half);
    return false;
}

/* Chooses the size of the cells and of the grid. */
static void choose_cells(struct grid *g, float gap, struct spot *centres)
{
    double cells, limit = g->flat ? CELLS : CELLS_SPACE;
    limit += 64.0 * g->links->components; /* twice the least box */
    int32_t extent;
    for (uint32_t c = 0; c < g->links->components; c++)
        centres[c] = packing_centre(g->links, g->bodies, c);
    for (g->cell = gap;; g->cell *= 1.5f) {
        cells = 0;
        extent = 0;
        for (uint32_t c = 0; c < g->links->components && cells <= limit; c++) {
            cells += measure(g, c, &centres[c]);
            for (int k = 0; k < 3 && cells <= limit; k++) {
                int32_t reach =
                    g->shape.high[k] > -g->shape.low[k] ? g->shape.high[k] : -g->shape.low[k];
                extent = reach > extent ? reach : extent;
            }
        }
        if (cells <= limit && extent <= (g->flat ? EXTENT : EXTENT_SPACE))
            break;
    }
    g->half = 2 * extent + 4 + (int32_t)ceil(g->flat ? sqrt(cells) : cbrt(cells));
}

static int clear_grid(struct grid *g)
{
    size_t side = 2 * (size_t)g->half + 1;
    g->depth_half = g->flat ? 0 : g->half;
    g->words = side / 64 + 1;
    free(g->taken);
    g->taken = calloc(side * (g->flat ? 1 : side), g->words * sizeof *g->taken);
    return g->taken ? 0 : -1;
}

/* 1: done; 0: the grid is too small; -1: no memory, or a stop signal. */
static int place_all(struct grid *g, uint32_t kept, struct spot *centres)
{
    struct search searches[CLASSES] = {{0}};
    for (uint32_t c = 0; c < g->links->components; c++) {
        const struct spot *now = &centres[c];
        int32_t at[3] = {(int32_t)lroundf(fmaxf(-1e9f, fminf(1e9f, now->x / g->cell))),
                         (int32_t)lroundf(fmaxf(-1e9f, fminf(1e9f, now->y / g->cell))),
                         (int32_t)lroundf(fmaxf(-1e9f, fminf(1e9f, now->z / g->cell)))};
        if (cli_stopped() || find_shape(g, c, now))
            return -1;
        if (g->links->member[g->links->start[c]] < kept && inside(g, at) && is_free(g, at)) {
            take(g, at);
            continue;
        }
        if (!find_place(g, searches, at))
            return 0;
        take(g, at);
        centres[c] =
            (struct spot){(float)at[0] * g->cell, (float)at[1] * g->cell, (float)at[2] * g->cell};
    }
    return 1;
}

int packing_run(const struct adjacency *links, const struct body *bodies, bool flat, float gap,
                uint32_t kept, struct spot *centres)
{
    struct grid g = {.links = links, .bodies = bodies, .flat = flat};
    int result = 0;
    for (choose_cells(&g, gap, centres); !result; g.half += g.half / 2) {
        for (uint32_t c = 0; c < links->components; c++)
            centres[c] = packing_centre(links, bodies, c);
        result = clear_grid(&g) ? -1 : place_all(&g, kept, centres);
    }
    free(g.taken);
    free(g.shape.first);
    free(g.shape.last);
    if (result < 0)
        errno = cli_stopped() ? EINTR : ENOMEM;
    return result < 0 ? -1 : 0;
}
