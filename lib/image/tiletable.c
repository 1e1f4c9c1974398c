#include "image/tiletable.h"
#include "shmfmt.h"

enum { MARKER = 2 }; /* bytes of a marker */

_Static_assert(sizeof(struct tiletable) == 40, "tiletable");
_Static_assert(offsetof(struct tiletable, first) == 24, "tiletable.first");
_Static_assert(sizeof(struct tiletable_tile) == 16, "tiletable_tile");

size_t tiletable_bytes(size_t tiles)
{
    return sizeof(struct tiletable) + tiles * sizeof(struct tiletable_tile);
}

/* Whether `count` tiles of this side cover a side of the picture, and none is outside of it. */
static bool covers(uint32_t tile, uint32_t count, uint32_t side)
{
    return tile >= 1 && side >= 1 && side <= SHMFMT_SIDE_MAX && count == (side - 1) / tile + 1;
}

bool tiletable_sound(const struct tiletable *table, size_t bytes, uint32_t width, uint32_t height,
                     size_t jpeg_bytes, uint64_t number)
{
    if (bytes < sizeof *table || table->magic != TILETABLE_MAGIC ||
        (table->flags & ~(uint32_t)TILETABLE_SHARP) ||
        !covers(table->tile_width, table->columns, width) ||
        !covers(table->tile_height, table->rows, height) || table->first < 1 ||
        table->first > number)
        return false;
    size_t count = (size_t)table->columns * table->rows;
    if (bytes != tiletable_bytes(count))
        return false;
    size_t at = table->tiles[0].at;
    for (size_t i = 0; i < count; i++) {
        const struct tiletable_tile *tile = &table->tiles[i];
        if (tile->at != at || tile->changed < table->first || tile->changed > number)
            return false;
        at += (size_t)tile->bytes + MARKER;
    }
    return at == jpeg_bytes;
}
