/*
 * Finds the tiles in which a frame differs from the one before. It keeps a copy of the last frame.
 * In full motion it keeps only a few bytes of each tile, which say when it is worth comparing
 * again.
 */
#ifndef SHMCAST_DAMAGE_H
#define SHMCAST_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/jpeg.h"
#include "pixfmt.h"
#include "tool/scratch.h"

enum damage_kind {
    DAMAGE_FAILED = -1, /* with errno: EINVAL (not an image that can be a JPEG), ENOMEM */
    DAMAGE_MOTION,      /* not compared */
    DAMAGE_NEW,         /* the first frame that is kept: all tiles */
    DAMAGE_TILES        /* the marked tiles */
};

/* Starts zeroed, with `always` set or not; the caller ends with damage_free. */
struct damage {
    bool always;       /* compares in full motion too */
    struct image last; /* the last frame, if data is not NULL; width 0: there was none */
    struct pixfmt_planes planes;
    struct jpeg_tiling tiling;
    struct scratch kept;     /* its data */
    struct scratch grid;     /* memory of marks */
    uint8_t *marks;          /* of DAMAGE_TILES: 1 for each tile that differs */
    size_t marked;           /* their number */
    struct scratch samples;  /* in full motion: bytes of each tile */
    unsigned full;           /* frames in a row of which nearly all tiles had changed */
    bool useful;             /* since it began to compare, a frame had not */
    unsigned pause, penalty; /* frames to wait before it compares again */
};

/* Compares a frame with the one before, and keeps it. */
enum damage_kind damage_look(struct damage *damage, const struct image *image,
                             enum jpeg_sampling sampling);

/* Keeps a frame without comparing it: the next one is compared with it. Returns DAMAGE_NEW, or
 * DAMAGE_FAILED. */
enum damage_kind damage_keep(struct damage *damage, const struct image *image,
                             enum jpeg_sampling sampling);

void damage_forget(struct damage *damage); /* there was no frame before */
void damage_free(struct damage *damage);

#endif
