/*
 * JPEG encoder on libjpeg-turbo: raw frames to baseline JFIF, written directly to the caller's
 * memory, or only some tiles of them. With several threads a frame is cut into strips on
 * restart-marker boundaries, which are encoded in parallel; the bytes are those of one thread. A
 * struct jpeg serves one caller at a time. Its memory is reused: a frame of the same size as the
 * last one allocates nothing.
 */
#ifndef SHMCAST_JPEG_H
#define SHMCAST_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/tilerects.h"

struct image;
struct jpeg;

enum jpeg_sampling { JPEG_444, JPEG_422, JPEG_420, JPEG_GRAY };

/* "444", "422", "420", "gray"; -1: none. */
int jpeg_sampling(const char *name);

/* threads ≥ 1. NULL with errno. The caller ends with jpeg_free. */
struct jpeg *jpeg_new(unsigned threads);
void jpeg_free(struct jpeg *jpeg); /* NULL is allowed */

/*
 * YUV images keep their own subsampling unless sampling is JPEG_GRAY; other matrices and limited
 * range become JPEG's BT.601 of full range. A pixel aspect becomes the densities of the JFIF
 * header. A restart marker follows each row of MCUs but the last. quality: 1 … 100. comment: text
 * for a COM segment right after the JFIF header, or NULL. out: room bytes. Returns the JPEG's size,
 * or 0 with errno: ENOSPC (room too small), EINVAL (size, format, other properties of the image, or
 * quality), ENOMEM, EPROTO (libjpeg failed).
 */
size_t jpeg_encode(struct jpeg *jpeg, const struct image *image, int quality,
                   enum jpeg_sampling sampling, const char *comment, void *out, size_t room);

/* Upper bound of the size of a JPEG with these sides; 0: sides out of range. */
size_t jpeg_bound(uint32_t width, uint32_t height);

/* The tiles of a picture: each is a restart interval, some MCUs side by side, and decodes without
 * the others. */
struct jpeg_tiling {
    uint32_t tile_width, tile_height; /* pixels; less at the right and bottom edge */
    uint32_t columns, rows;
};

/* Cuts a picture into tiles about 160 pixels wide: as close as the width allows, as each row of
 * MCUs has whole tiles. false: size, format or other properties of the image are invalid. */
bool jpeg_tile(const struct image *image, enum jpeg_sampling sampling, struct jpeg_tiling *out);

/*
 * Encodes the `count` marked tiles of a picture as jpeg_encode does, and clears their marks.
 * Returns the number of pieces, or -1 with errno: EINVAL, ENOMEM, EPROTO.
 */
int jpeg_encode_tiles(struct jpeg *jpeg, const struct image *image, int quality,
                      enum jpeg_sampling sampling, uint8_t *marked, size_t count);

/* A rectangle of the tiles last encoded, as a JPEG of its own without a comment. */
struct jpeg_piece {
    struct tilerect tiles;
    const uint8_t *data; /* bytes bytes, until jpeg is used again */
    size_t bytes;
};
struct jpeg_piece jpeg_piece(const struct jpeg *jpeg, unsigned number);

#endif
