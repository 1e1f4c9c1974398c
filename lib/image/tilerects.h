/* Rectangles of marked tiles. */
#ifndef SHMCAST_TILERECTS_H
#define SHMCAST_TILERECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tiles that are left to cover. */
struct tilerects {
    uint8_t *marked; /* columns * rows in raster order, 0 or 1 */
    uint32_t columns, rows;
    size_t at; /* no tile before this one is marked; starts at 0 */
};

struct tilerect {
    uint32_t column, row, columns, rows;
};

/*
 * Takes a rectangle of marked tiles and clears their marks: the next run of marked tiles in a row,
 * with the equal runs right below it. false: no tile is marked. Rectangles come in the raster order
 * of their first tiles.
 */
bool tilerects_next(struct tilerects *left, struct tilerect *out);

#endif
