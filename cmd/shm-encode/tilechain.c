#include "tilechain.h"
#include "pixfmt.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RST0 = 0xd0, EOI = 0xd9, MARKER = 2 };

/* Memory of a buffer that is empty then. NULL: no memory. */
static uint8_t *make_room(struct tilechain_buffer *buffer, size_t bytes)
{
    if (buffer->room < bytes) {
        size_t room = bytes + bytes / 4; /* sizes vary from picture to picture */
        uint8_t *data = malloc(room);
        if (!data)
            return NULL;
        free(buffer->data);
        buffer->data = data;
        buffer->room = room;
    }
    return buffer->data;
}

int tilechain_begin(struct tilechain *chain, const struct image *image, enum jpeg_sampling sampling,
                    uint64_t first)
{
    if (!jpeg_tile(image, sampling, &chain->tiling)) {
        errno = EINVAL;
        return -1;
    }
    chain->tiles = (size_t)chain->tiling.columns * chain->tiling.rows;
    if (chain->room < chain->tiles) {
        free(chain->dirty);
        free(chain->changed);
        free(chain->coded);
        chain->dirty = malloc(chain->tiles);
        chain->changed = malloc(chain->tiles * sizeof *chain->changed);
        chain->coded = malloc(chain->tiles * sizeof *chain->coded);
        chain->room = chain->tiles;
        if (!chain->dirty || !chain->changed || !chain->coded) {
            chain->room = chain->tiles = 0;
            return -1;
        }
    }
    chain->width = image->width;
    chain->height = image->height;
    chain->first = first;
    chain->head.bytes = 0;
    memset(chain->dirty, 1, chain->tiles);
    for (size_t i = 0; i < chain->tiles; i++)
        chain->changed[i] = first;
    return 0;
}

void tilechain_mark(struct tilechain *chain, const struct jpeg_tiling *tiling, const uint8_t *marks,
                    uint64_t number)
{
    const struct jpeg_tiling *own = &chain->tiling;
    for (uint32_t row = 0; row < tiling->rows; row++)
        for (uint32_t column = 0; column < tiling->columns; column++) {
            if (!*marks++)
                continue;
            uint32_t right = ((column + 1) * tiling->tile_width - 1) / own->tile_width;
            uint32_t bottom = ((row + 1) * tiling->tile_height - 1) / own->tile_height;
            for (uint32_t y = row * tiling->tile_height / own->tile_height;
                 y <= bottom && y < own->rows; y++)
                for (uint32_t x = column * tiling->tile_width / own->tile_width;
                     x <= right && x < own->columns; x++) {
                    chain->dirty[y * own->columns + x] = 1;
                    chain->changed[y * own->columns + x] = number;
                }
        }
}

bool tilechain_dirty(const struct tilechain *chain)
{
    return memchr(chain->dirty, 1, chain->tiles);
}

/* The next marker in coded bytes, or their end. */
static const uint8_t *next_marker(const uint8_t *p, const uint8_t *end)
{
    while ((p = memchr(p, 0xff, (size_t)(end - p))) && end - p > 1 && p[1] == 0)
        p += 2; /* 0xff is followed by 0 if it is not a marker */
    return p ? p : end;
}

/* Finds the coded bytes of the tiles of a piece. */
static int take_piece(struct tilechain *chain, const struct jpeg_piece *piece)
{
    const struct tilerect *tiles = &piece->tiles;
    struct jpeghead parts;
    if (!jpeghead_find(&parts, piece->data, piece->bytes)) {
        errno = EPROTO;
        return -1;
    }
    if (!chain->head.bytes) {
        if (!make_room(&chain->head, parts.bytes))
            return -1;
        memcpy(chain->head.data, piece->data, parts.bytes);
        chain->head.bytes = parts.bytes;
        chain->parts = parts;
    }
    const uint8_t *at = piece->data + parts.bytes, *end = piece->data + piece->bytes - MARKER;
    for (uint32_t y = tiles->row; y < tiles->row + tiles->rows; y++)
        for (uint32_t x = tiles->column; x < tiles->column + tiles->columns; x++) {
            const uint8_t *stop = next_marker(at, end);
            chain->coded[(size_t)y * chain->tiling.columns + x] =
                (struct tilechain_span){at, (size_t)(stop - at)};
            at = stop + MARKER;
        }
    return 0;
}

/* Joins the coded bytes of all tiles, from `now` and from pieces, into `next`, which becomes
 * `now`. */
static int join(struct tilechain *chain)
{
    size_t bytes = 0;
    for (size_t i = 0; i < chain->tiles; i++)
        bytes += chain->coded[i].bytes + MARKER;
    uint8_t *out = make_room(&chain->next, bytes);
    if (!out)
        return -1;
    for (size_t i = 0; i < chain->tiles; i++) {
        struct tilechain_span *tile = &chain->coded[i];
        memcpy(out, tile->data, tile->bytes);
        tile->data = out;
        out += tile->bytes;
        *out++ = 0xff;
        *out++ = i + 1 < chain->tiles ? (uint8_t)(RST0 + i % 8) : EOI;
    }
    struct tilechain_buffer old = chain->now;
    chain->now = chain->next;
    chain->now.bytes = bytes;
    chain->next = old;
    return 0;
}

int tilechain_encode(struct tilechain *chain, struct jpeg *jpeg, const struct image *image,
                     int quality, enum jpeg_sampling sampling)
{
    size_t dirty = 0;
    for (size_t i = 0; i < chain->tiles; i++)
        dirty += chain->dirty[i];
    if (!dirty)
        return 0;
    int pieces = jpeg_encode_tiles(jpeg, image, quality, sampling, chain->dirty, dirty);
    if (pieces < 0)
        return -1;
    for (unsigned i = 0; i < (unsigned)pieces; i++) {
        struct jpeg_piece piece = jpeg_piece(jpeg, i);
        if (take_piece(chain, &piece))
            return -1;
    }
    return join(chain);
}

static size_t head_bytes(const struct tilechain *chain, size_t comment_length)
{
    return chain->head.bytes + JPEGHEAD_COM + comment_length;
}

size_t tilechain_bytes(const struct tilechain *chain, size_t comment_length)
{
    return head_bytes(chain, comment_length) + chain->now.bytes;
}

void tilechain_write(const struct tilechain *chain, const char *comment, size_t length,
                     uint8_t *out)
{
    out += jpeghead_write(&chain->parts, chain->head.data, chain->width, chain->height, comment,
                          length, out);
    memcpy(out, chain->now.data, chain->now.bytes);
}

void tilechain_table(const struct tilechain *chain, uint32_t flags, size_t comment_length,
                     struct tiletable *out)
{
    size_t at = head_bytes(chain, comment_length);
    *out = (struct tiletable){.magic = TILETABLE_MAGIC,
                              .flags = flags,
                              .tile_width = chain->tiling.tile_width,
                              .tile_height = chain->tiling.tile_height,
                              .columns = chain->tiling.columns,
                              .rows = chain->tiling.rows,
                              .first = chain->first};
    for (size_t i = 0; i < chain->tiles; i++) {
        const struct tilechain_span *tile = &chain->coded[i];
        out->tiles[i] =
            (struct tiletable_tile){.changed = chain->changed[i],
                                    .at = (uint32_t)(at + (size_t)(tile->data - chain->now.data)),
                                    .bytes = (uint32_t)tile->bytes};
    }
}

void tilechain_free(struct tilechain *chain)
{
    free(chain->dirty);
    free(chain->changed);
    free(chain->coded);
    free(chain->now.data);
    free(chain->next.data);
    free(chain->head.data);
    *chain = (struct tilechain){0};
}
