/*
 * The tiles of a picture as coded bytes, from frame to frame: only marked tiles are encoded again,
 * and old and new bytes are joined into one plain JPEG, the same that encoding all tiles gives.
 */
#ifndef SHMCAST_TILECHAIN_H
#define SHMCAST_TILECHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/jpeg.h"
#include "image/jpeghead.h"
#include "image/tiletable.h"

/* A buffer of its own. */
struct tilechain_buffer {
    uint8_t *data;
    size_t room, bytes;
};

struct tilechain_span {
    const uint8_t *data;
    size_t bytes;
};

/* Starts zeroed; the caller ends with tilechain_free. */
struct tilechain {
    struct jpeg_tiling tiling;
    size_t tiles, room;                /* their number, and for how many there is memory */
    uint32_t width, height;            /* of the picture */
    uint64_t first;                    /* as in struct tiletable */
    uint8_t *dirty;                    /* 1: the tile is to be encoded */
    uint64_t *changed;                 /* as in struct tiletable_tile */
    struct tilechain_span *coded;      /* of each tile, in `now` */
    struct tilechain_buffer now, next; /* coded bytes with markers; next: while they are joined */
    struct tilechain_buffer head;      /* of the JPEG, without a comment */
    struct jpeghead parts;             /* of head */
};

/* Starts a series: all tiles are to be encoded and have changed in packet `first`. 0, or -1 with
 * EINVAL, ENOMEM. */
int tilechain_begin(struct tilechain *chain, const struct image *image, enum jpeg_sampling sampling,
                    uint64_t first);

/* Marks the tiles that overlap marked tiles of another tiling of the picture: they change in packet
 * `number`. */
void tilechain_mark(struct tilechain *chain, const struct jpeg_tiling *tiling, const uint8_t *marks,
                    uint64_t number);

/* Whether any tile is to be encoded. */
bool tilechain_dirty(const struct tilechain *chain);

/* Encodes the marked tiles of the picture, which has the properties and is encoded with quality and
 * sampling as since tilechain_begin. 0, or -1 as jpeg_encode_tiles. */
int tilechain_encode(struct tilechain *chain, struct jpeg *jpeg, const struct image *image,
                     int quality, enum jpeg_sampling sampling);

/* Size of the JPEG with a comment of this length. */
size_t tilechain_bytes(const struct tilechain *chain, size_t comment_length);

/* Writes the JPEG, tilechain_bytes bytes. */
void tilechain_write(const struct tilechain *chain, const char *comment, size_t length,
                     uint8_t *out);

/* Writes the table of that JPEG, tiletable_bytes(chain->tiles) bytes. */
void tilechain_table(const struct tilechain *chain, uint32_t flags, size_t comment_length,
                     struct tiletable *out);

void tilechain_free(struct tilechain *chain);

#endif
