#include "image/tileparts.h"
#include "image/jpegcomment.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RST0 = 0xd0,
    EOI = 0xd9,
    MARKER = 2,     /* bytes of a marker */
    WORDS_MAX = 128 /* words of a part, after the packet's comment */
};

/* Weight of a tile that must not be sent: more than can be saved. */
#define UNFIT INT64_C(0x400000000)

/* A rectangle of tiles: columns left … right - 1, rows top … bottom - 1. */
struct rect {
    uint32_t left, top, right, bottom;
};

bool tileparts_open(struct tileparts *parts, const uint8_t *jpeg, size_t bytes,
                    const struct tiletable *table, size_t table_bytes, uint32_t width,
                    uint32_t height, uint64_t number)
{
    *parts = (struct tileparts){
        .jpeg = jpeg, .bytes = bytes, .table = table, .width = width, .height = height};
    if (!tiletable_sound(table, table_bytes, width, height, bytes, number) ||
        !jpeghead_find(&parts->head, jpeg, bytes) || parts->head.bytes != table->tiles[0].at)
        return false;
    for (size_t i = 0; i < (size_t)table->columns * table->rows; i++)
        if (parts->changed < table->tiles[i].changed)
            parts->changed = table->tiles[i].changed;
    return true;
}

bool tileparts_is_sharp(const struct tileparts *parts)
{
    return parts->table->flags & TILETABLE_SHARP;
}

/* --- rectangles --- */

/* Weights of all tiles, summed up: sums[row * stride + column] is that of all tiles above row and
 * left of column. A tile weighs its bytes, or UNFIT. */
struct weights {
    int64_t *sums;
    size_t stride;
};

static int64_t weigh(const struct weights *weights, const struct rect *r)
{
    const int64_t *top = weights->sums + r->top * weights->stride;
    const int64_t *bottom = weights->sums + r->bottom * weights->stride;
    return bottom[r->right] - bottom[r->left] - top[r->right] + top[r->left];
}

/* A tile changed after the packet `fit` may be sent without need. */
static int weigh_tiles(struct weights *weights, const struct tiletable *table, uint64_t fit)
{
    size_t stride = weights->stride = (size_t)table->columns + 1;
    weights->sums = calloc(stride * ((size_t)table->rows + 1), sizeof *weights->sums);
    if (!weights->sums)
        return -1;
    for (size_t row = 0; row < table->rows; row++) {
        const struct tiletable_tile *tile = table->tiles + row * table->columns;
        int64_t *above = weights->sums + row * stride, *sums = above + stride;
        for (size_t i = 0; i < table->columns; i++)
            sums[i + 1] = sums[i] + above[i + 1] - above[i] +
                          (tile[i].changed > fit ? (int64_t)tile[i].bytes : UNFIT);
    }
    return 0;
}

static struct rect joined(const struct rect *a, const struct rect *b)
{
    return (struct rect){.left = a->left < b->left ? a->left : b->left,
                         .top = a->top,
                         .right = a->right > b->right ? a->right : b->right,
                         .bottom = b->bottom};
}

/* Adds a run of tiles to the rectangle that it enlarges least, if that costs less than a part of
 * its own. Returns the number of rectangles. */
static size_t add_run(struct rect *rects, size_t count, const struct rect *run,
                      const struct weights *weights, int64_t part_bytes)
{
    struct rect *best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct rect both = joined(&rects[i], run);
        if (rects[i].bottom < run->top)
            continue;
        int64_t more = weigh(weights, &both) - weigh(weights, &rects[i]) - weigh(weights, run);
        if (more < part_bytes) {
            part_bytes = more;
            best = &rects[i];
        }
    }
    if (best) {
        *best = joined(best, run);
        return count;
    }
    if (count < TILEPARTS_MAX)
        rects[count] = *run;
    return count + 1;
}

/* Rectangles that cover the tiles changed after the packet `after`, and no others that are not fit.
 * Returns their number; more than TILEPARTS_MAX: too many, or no memory. */
static size_t choose(const struct tileparts *parts, uint64_t after, uint64_t fit,
                     struct rect rects[TILEPARTS_MAX])
{
    const struct tiletable *table = parts->table;
    size_t count = 0;
    struct weights weights;
    if (weigh_tiles(&weights, table, fit))
        return TILEPARTS_MAX + 1;
    for (uint32_t row = 0; row < table->rows; row++) {
        const struct tiletable_tile *tile = table->tiles + (size_t)row * table->columns;
        for (uint32_t i = 0; i < table->columns && count <= TILEPARTS_MAX; i++) {
            struct rect run = {i, row, i, row + 1};
            while (run.right < table->columns && tile[run.right].changed > after)
                run.right++;
            if (run.right > run.left)
                count = add_run(rects, count, &run, &weights, (int64_t)parts->head.bytes);
            i = run.right;
        }
    }
    free(weights.sums);
    return count;
}

/* --- JPEGs --- */

/* The size in pixels; tiles at the right and the lower edge of the picture are cut off there. */
static uint32_t width_of(const struct tileparts *parts, const struct rect *r)
{
    uint64_t right = (uint64_t)r->right * parts->table->tile_width;
    return (uint32_t)(right < parts->width ? right : parts->width) -
           r->left * parts->table->tile_width;
}

static uint32_t height_of(const struct tileparts *parts, const struct rect *r)
{
    uint64_t bottom = (uint64_t)r->bottom * parts->table->tile_height;
    return (uint32_t)(bottom < parts->height ? bottom : parts->height) -
           r->top * parts->table->tile_height;
}

static const struct tiletable_tile *tile_at(const struct tiletable *table, uint32_t column,
                                            uint32_t row)
{
    return &table->tiles[(size_t)row * table->columns + column];
}

/* The text of a part's comment: that of the packet, then words of its own. */
struct comment {
    char text[JPEGCOMMENT_MAX + WORDS_MAX];
    size_t packet, bytes; /* size of the packet's, and of all */
};

static bool read_comment(const struct tileparts *parts, struct comment *out)
{
    const struct jpeghead *head = &parts->head;
    if (head->rest - head->comment < JPEGHEAD_COM)
        return false;
    out->packet = head->rest - head->comment - JPEGHEAD_COM;
    if (out->packet > JPEGCOMMENT_MAX)
        return false;
    memcpy(out->text, parts->jpeg + head->comment + JPEGHEAD_COM, out->packet);
    return true;
}

/* The size of a part without the words of its own. */
static size_t fixed_size(const struct tileparts *parts, const struct rect *r)
{
    size_t tiles = (size_t)(r->right - r->left) * (r->bottom - r->top);
    size_t bytes = parts->head.bytes + MARKER * tiles;
    for (uint32_t row = r->top; row < r->bottom; row++)
        for (uint32_t i = r->left; i < r->right; i++)
            bytes += tile_at(parts->table, i, row)->bytes;
    return bytes;
}

/* The comment of part `part` of `count`, from 1. Returns the size of the part's JPEG. */
static size_t write_comment(const struct tileparts *parts, const struct rect *r, size_t part,
                            size_t count, struct comment *out)
{
    size_t fixed = fixed_size(parts, r), words = 0, bytes;
    do { /* the size counts its own digits */
        bytes = fixed + words;
        words = (size_t)snprintf(
            out->text + out->packet, WORDS_MAX,
            " part=%zu/%zu x=%" PRIu32 " y=%" PRIu32 " bytes=%zu of=%" PRIu32 "x%" PRIu32, part,
            count, r->left * parts->table->tile_width, r->top * parts->table->tile_height, bytes,
            parts->width, parts->height);
    } while (bytes != fixed + words);
    out->bytes = out->packet + words;
    return bytes;
}

static uint8_t *put_part(uint8_t *out, const struct tileparts *parts, const struct rect *r,
                         const struct comment *comment)
{
    unsigned marker = 0;
    out += jpeghead_write(&parts->head, parts->jpeg, width_of(parts, r), height_of(parts, r),
                          comment->text, comment->bytes, out);
    for (uint32_t row = r->top; row < r->bottom; row++) {
        for (uint32_t i = r->left; i < r->right; i++) {
            const struct tiletable_tile *tile = tile_at(parts->table, i, row);
            memcpy(out, parts->jpeg + tile->at, tile->bytes);
            out += tile->bytes;
            *out++ = 0xff;
            *out++ = (uint8_t)(RST0 + marker++ % 8);
        }
    }
    out[-1] = EOI;
    return out;
}

uint8_t *tileparts_make(const struct tileparts *parts, const struct tileparts_shown *shown,
                        size_t lead, size_t *bytes)
{
    struct rect rects[TILEPARTS_MAX] = {{.right = 1, .bottom = 1}};
    struct comment comment;
    uint64_t first = parts->table->first;
    size_t total = 0;
    if (shown->number < first || !read_comment(parts, &comment))
        return NULL;
    /* A tile that is sharp on the screen must not be replaced without need. */
    uint64_t sharp = shown->sharp < first ? 0 : shown->sharp;
    bool is_sharp = tileparts_is_sharp(parts);
    size_t count = choose(parts, is_sharp ? sharp : shown->number, is_sharp ? 0 : sharp, rects);
    if (count > TILEPARTS_MAX)
        return NULL;
    size_t jpegs = count ? count : 1; /* if nothing has changed, one tile carries the comment */
    for (size_t i = 0; i < jpegs; i++)
        total += write_comment(parts, &rects[i], count ? i + 1 : 0, count, &comment);
    uint8_t *message = total < parts->bytes ? malloc(lead + total) : NULL;
    if (!message)
        return NULL;
    uint8_t *out = message + lead;
    for (size_t i = 0; i < jpegs; i++) {
        write_comment(parts, &rects[i], count ? i + 1 : 0, count, &comment);
        out = put_part(out, parts, &rects[i], &comment);
    }
    *bytes = total;
    return message;
}
