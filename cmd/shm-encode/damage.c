#include "damage.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FULL_MAX = 4,     /* frames of full motion, after which comparing ends */
    PENALTY_MIN = 4,  /* frames to wait when it had been of no use, */
    PENALTY_MAX = 64, /* doubled up to this */
    SAMPLE = 64       /* bytes of a tile */
};

/* Some rows of some tiles side by side in one plane, as bytes. */
struct part {
    size_t at;     /* offset of the first row in memory */
    size_t stride; /* bytes from one row to the next */
    size_t bytes, rows;
};

/* Where in the plane the tiles from one column on are, in one row of tiles. */
static struct part part_of(const struct damage *d, int plane, uint32_t row, uint32_t column,
                           uint32_t columns)
{
    const struct pixfmt_plane *p = &d->planes.plane[plane];
    const struct jpeg_tiling *t = &d->tiling;
    uint32_t across = p->width < d->last.width ? 2 : 1, down = p->height < d->last.height ? 2 : 1;
    uint32_t left = column * t->tile_width / across, top = row * t->tile_height / down;
    uint32_t right = (column + columns) * t->tile_width / across;
    uint32_t bottom = (row + 1) * t->tile_height / down;
    right = right < p->width ? right : p->width;
    bottom = bottom < p->height ? bottom : p->height;
    if (d->last.flags & PIXFMT_BOTTOM_UP) { /* these rows are as many, in reverse order */
        uint32_t y = p->height - bottom;
        bottom = p->height - top;
        top = y;
    }
    size_t sample = p->row_bytes / p->width;
    return (struct part){.at = p->offset + top * p->stride + left * sample,
                         .stride = p->stride,
                         .bytes = (right - left) * sample,
                         .rows = bottom - top};
}

static bool differs(const struct part *part, const uint8_t *a, const uint8_t *b)
{
    a += part->at;
    b += part->at;
    if (part->bytes == part->stride)
        return memcmp(a, b, part->bytes * part->rows) != 0;
    for (size_t y = 0; y < part->rows; y++)
        if (memcmp(a + y * part->stride, b + y * part->stride, part->bytes) != 0)
            return true;
    return false;
}

static void copy(const struct part *part, uint8_t *to, const uint8_t *from)
{
    for (size_t at = part->at, y = 0; y < part->rows; y++, at += part->stride)
        memcpy(to + at, from + at, part->bytes);
}

/* Whether tiles side by side differ from the frame kept. */
static bool tiles_differ(const struct damage *d, const uint8_t *data, uint32_t row, uint32_t column,
                         uint32_t columns)
{
    for (int i = 0; i < d->planes.count; i++) {
        struct part part = part_of(d, i, row, column, columns);
        if (differs(&part, d->kept.data, data))
            return true;
    }
    return false;
}

/* Marks the tiles that differ from the frame kept, and keeps them. */
static void compare(struct damage *d, const uint8_t *data)
{
    const struct jpeg_tiling *t = &d->tiling;
    uint8_t *mark = d->marks;
    d->marked = 0;
    for (uint32_t row = 0; row < t->rows; row++, mark += t->columns) {
        memset(mark, 0, t->columns);
        if (!tiles_differ(d, data, row, 0, t->columns)) /* all memory of a row of tiles at once */
            continue;
        for (uint32_t column = 0; column < t->columns; column++) {
            if (!tiles_differ(d, data, row, column, 1))
                continue;
            for (int i = 0; i < d->planes.count; i++) {
                struct part part = part_of(d, i, row, column, 1);
                copy(&part, d->kept.data, data);
            }
            mark[column] = 1;
            d->marked++;
        }
    }
}

/* Takes samples of all tiles. Returns the number of tiles whose samples are as they were. */
static size_t sample(struct damage *d, const uint8_t *data)
{
    const struct jpeg_tiling *t = &d->tiling;
    uint8_t *sample = d->samples.data;
    size_t same = 0, n = 0;
    for (uint32_t row = 0; row < t->rows; row++)
        for (uint32_t column = 0; column < t->columns; column++, sample += SAMPLE) {
            struct part part = part_of(d, 0, row, column, 1);
            size_t bytes = part.bytes < SAMPLE ? part.bytes : SAMPLE;
            const uint8_t *now = data + part.at + n++ * 5 % part.rows * part.stride;
            same += memcmp(sample, now, bytes) == 0;
            memcpy(sample, now, bytes);
        }
    return same;
}

enum damage_kind damage_keep(struct damage *d, const struct image *image,
                             enum jpeg_sampling sampling)
{
    damage_forget(d);
    if (!pixfmt_is_image(image->format) || !pixfmt_plan_image(image, &d->planes) ||
        !jpeg_tile(image, sampling, &d->tiling)) {
        errno = EINVAL;
        return DAMAGE_FAILED;
    }
    size_t tiles = (size_t)d->tiling.columns * d->tiling.rows;
    uint8_t *kept = scratch_get(&d->kept, d->planes.bytes);
    d->marks = scratch_get(&d->grid, tiles);
    if (!kept || !d->marks || !scratch_get(&d->samples, tiles * SAMPLE))
        return DAMAGE_FAILED;
    memcpy(kept, image->data, d->planes.bytes);
    d->last = *image;
    d->last.data = kept;
    d->full = 0;
    d->useful = false;
    return DAMAGE_NEW;
}

/* In full motion: whether many tiles seem to be unchanged. */
static bool calms_down(struct damage *d, const uint8_t *data)
{
    size_t tiles = (size_t)d->tiling.columns * d->tiling.rows;
    bool calm = sample(d, data) > tiles / 3;
    if (d->pause) {
        d->pause--;
        return false;
    }
    return calm;
}

static void stop_comparing(struct damage *d, const uint8_t *data)
{
    d->penalty = d->useful ? 0 : d->penalty ? 2 * d->penalty : PENALTY_MIN;
    if (d->penalty > PENALTY_MAX)
        d->penalty = PENALTY_MAX;
    d->pause = d->penalty;
    d->last.data = NULL;
    sample(d, data);
}

enum damage_kind damage_look(struct damage *d, const struct image *image,
                             enum jpeg_sampling sampling)
{
    size_t tiles = (size_t)d->tiling.columns * d->tiling.rows;
    if (!d->last.width || !pixfmt_alike(&d->last, image))
        return damage_keep(d, image, sampling);
    if (!d->last.data)
        return calms_down(d, image->data) ? damage_keep(d, image, sampling) : DAMAGE_MOTION;
    compare(d, image->data);
    if (d->marked > tiles - tiles / 4) {
        d->full++;
    } else {
        d->full = 0;
        d->useful = true;
    }
    if (d->full < FULL_MAX || d->always)
        return DAMAGE_TILES;
    stop_comparing(d, image->data);
    return DAMAGE_MOTION;
}

void damage_forget(struct damage *d)
{
    d->last = (struct image){0};
}

void damage_free(struct damage *d)
{
    free(d->kept.data);
    free(d->grid.data);
    free(d->samples.data);
    *d = (struct damage){0};
}
