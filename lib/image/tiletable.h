/*
 * The table of a JPEG packet's tiles, in the packet's extra data: where the coded bytes of each
 * tile are, and in which packet it last changed. shmcast-stream(5) describes the same bytes. A tile
 * is one restart interval of the JPEG: some MCUs side by side.
 */
#ifndef SHMCAST_TILETABLE_H
#define SHMCAST_TILETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TILETABLE_MAGIC UINT32_C(0x656c6974) /* "tile" */

/* tiletable.flags: the picture is sharper than those that are sent while it moves. */
enum { TILETABLE_SHARP = 1 };

/* In raster order. Tile i is followed by the marker RST (i % 8), the last one by EOI. */
struct tiletable_tile {
    uint64_t changed;   /* number of the packet in which its pixels last changed */
    uint32_t at, bytes; /* its coded bytes, from the start of the JPEG, without a marker */
};

struct tiletable {
    uint32_t magic;                   /* TILETABLE_MAGIC */
    uint32_t flags;                   /* TILETABLE_SHARP */
    uint32_t tile_width, tile_height; /* pixels; less in the last column and row */
    uint32_t columns, rows;
    uint64_t first;    /* number of the packet since which `changed` is known for all tiles */
    uint64_t reserved; /* 0 */
    struct tiletable_tile tiles[]; /* columns * rows */
};

/* Size of a table of that many tiles. */
size_t tiletable_bytes(size_t tiles);

/*
 * Whether a table of `bytes` bytes, which the caller has copied out of shared memory, is that of a
 * JPEG of this size in pixels and bytes in the packet with this number: then its tiles cover the
 * picture, each has its bytes within the JPEG, 2 bytes follow each, and no number is above the
 * packet's or below `first`, which is at least 1. Nothing is known of the JPEG itself.
 */
bool tiletable_sound(const struct tiletable *table, size_t bytes, uint32_t width, uint32_t height,
                     size_t jpeg_bytes, uint64_t number);

#endif
