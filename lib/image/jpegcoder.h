/*
 * One thread's part of the JPEG encoder: encodes rectangles of a frame by libjpeg-turbo, each as a
 * baseline JPEG of its own.
 */
#ifndef SHMCAST_JPEGCODER_H
#define SHMCAST_JPEGCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/bt601.h"
#include "image/jpeg.h"
#include "pixfmt.h"

struct jpegcoder;

/* The frame being encoded, shared by all threads. */
struct jpegcoder_job {
    struct image image;
    struct pixfmt_planes planes;
    int quality;
    bool gray;         /* the JPEG has one component */
    int h, v;          /* sampling factors of its first component; the others' are 1 */
    bool other_matrix; /* the planes must be converted by to_bt601 */
    struct bt601 to_bt601;
    const char *comment; /* or NULL */
    unsigned interval;   /* MCUs between restart markers */
};

/* Destination of JPEGs: the caller's memory, or a malloc'ed buffer that grows up to a limit. */
struct jpegcoder_sink {
    uint8_t *data;
    size_t room, bytes, limit;
    bool grows;
};

/* A part of the frame: whole MCUs, except at the frame's right and bottom edge. */
struct jpegcoder_area {
    uint32_t left, top, width, height; /* pixels */
};

enum { JPEGCODER_BLOCK = 8 }; /* width and height of a block in samples */

/* Completes a job with image and quality. false: bad size, format or other property of the image,
 * or quality. */
bool jpegcoder_plan(struct jpegcoder_job *job, enum jpeg_sampling sampling);

/* NULL with errno. The caller ends with jpegcoder_free. */
struct jpegcoder *jpegcoder_new(void);
void jpegcoder_free(struct jpegcoder *coder); /* NULL is allowed */

/* Appends an area as a JPEG, with the comment if it has the frame's first row. 0, or an errno:
 * ENOSPC, ENOMEM, EPROTO (libjpeg failed). */
int jpegcoder_encode(struct jpegcoder *coder, const struct jpegcoder_job *job,
                     const struct jpegcoder_area *area, struct jpegcoder_sink *sink);

#endif
