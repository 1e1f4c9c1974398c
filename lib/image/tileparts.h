/*
 * Parts of a tiled JPEG: the tiles that a viewer lacks, cut out of the JPEG as few small JPEGs, one
 * for each rectangle, without decoding. JPEG and table may be any bytes: they come from shared
 * memory.
 */
#ifndef SHMCAST_TILEPARTS_H
#define SHMCAST_TILEPARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/jpeghead.h"
#include "image/tiletable.h"

enum { TILEPARTS_MAX = 96 /* parts of one message */ };

/* A JPEG and its table, both checked. They must outlive it. */
struct tileparts {
    const uint8_t *jpeg;
    size_t bytes;
    const struct tiletable *table;
    uint32_t width, height;
    struct jpeghead head;
    uint64_t changed; /* number of the packet in which any tile last changed */
};

/* The picture that a viewer shows: numbers of packets, 0: none. */
struct tileparts_shown {
    uint64_t number; /* of the last one that it got */
    uint64_t sharp;  /* of the last sharp one, if no other whole picture has followed */
};

/*
 * Checks the packet with this number, a JPEG of a picture of this size; table, aligned to 8, is its
 * extra data. Both must be copies that no other program can change. false: no parts can be made of
 * it.
 */
bool tileparts_open(struct tileparts *parts, const uint8_t *jpeg, size_t bytes,
                    const struct tiletable *table, size_t table_bytes, uint32_t width,
                    uint32_t height, uint64_t number);

bool tileparts_is_sharp(const struct tileparts *parts);

/*
 * Makes the parts that bring a viewer up to date, one after the other, in malloc'ed memory with
 * lead bytes before them. *bytes: their size. NULL: the whole JPEG is smaller, or the viewer needs
 * it; or there is no memory.
 */
uint8_t *tileparts_make(const struct tileparts *parts, const struct tileparts_shown *shown,
                        size_t lead, size_t *bytes);

#endif
