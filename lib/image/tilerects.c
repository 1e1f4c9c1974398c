#include "image/tilerects.h"
#include <string.h>

/* Number of marked tiles from a column of a row on. */
static uint32_t run_length(const struct tilerects *left, uint32_t column, const uint8_t *row)
{
    uint32_t end = column;
    while (end < left->columns && row[end])
        end++;
    return end - column;
}

bool tilerects_next(struct tilerects *left, struct tilerect *out)
{
    size_t count = (size_t)left->columns * left->rows;
    const uint8_t *found =
        left->at < count ? memchr(left->marked + left->at, 1, count - left->at) : NULL;
    if (!found)
        return false;
    left->at = (size_t)(found - left->marked);
    uint32_t column = (uint32_t)(left->at % left->columns);
    uint8_t *row = left->marked + (left->at - column);
    *out = (struct tilerect){.column = column,
                             .row = (uint32_t)(left->at / left->columns),
                             .columns = run_length(left, column, row)};
    do {
        memset(row + column, 0, out->columns);
        row += left->columns;
        out->rows++;
    } while (out->row + out->rows < left->rows && !(column && row[column - 1]) &&
             run_length(left, column, row) == out->columns);
    return true;
}
