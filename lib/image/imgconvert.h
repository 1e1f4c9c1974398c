/*
 * Conversion of input that isn't in a pixel format of streams: samples of other depths, padded
 * rows, other arrangements of YUV, bitmaps. Input arrives row by row.
 */
#ifndef SHMCAST_IMGCONVERT_H
#define SHMCAST_IMGCONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/imghead.h"
#include "pixfmt.h"

enum imgconvert_kind {
    IMGCONVERT_NONE,       /* the input has the bytes of the image */
    IMGCONVERT_ROWS,       /* padded rows; otherwise the bytes of the image */
    IMGCONVERT_SAMPLES,    /* samples through the table */
    IMGCONVERT_GRAY_ALPHA, /* pairs of samples, to rgba */
    IMGCONVERT_BITS,       /* bitmap, 1 is black, to gray8 */
    IMGCONVERT_TEXT,       /* decimal samples as text, through the table */
    IMGCONVERT_TEXT_BITS,  /* bitmap as text, 1 is black, to gray8 */
    IMGCONVERT_NV12,       /* to yuv420p */
    IMGCONVERT_NV21,       /* to yuv420p */
    IMGCONVERT_YUYV,       /* to yuv422p */
    IMGCONVERT_UYVY,       /* to yuv422p */
    IMGCONVERT_411,        /* to yuv422p */
    IMGCONVERT_444ALPHA    /* to rgba */
};

enum imgconvert_order { IMGCONVERT_BYTES, IMGCONVERT_LITTLE, IMGCONVERT_BIG }; /* of a sample */

struct imgconvert {
    enum imgconvert_kind kind;
    enum imgconvert_order order;
    bool limited;   /* range of the YUV of 444ALPHA */
    uint8_t matrix; /* of that YUV */
    int planes;     /* of the input */
    struct {
        uint32_t rows;
        size_t bytes; /* per row, with padding */
    } plane[4];
    struct pixfmt_planes out; /* of the image */
    uint32_t max;             /* the table's largest sample; 0: no table */
    bool shifted;             /* the table is for video range */
    uint8_t table[65536];     /* 8-bit value of each sample */
};

/* Formats of raw input beside enum pixfmt. */
enum { IMGCONVERT_RAW_NV12 = 256, IMGCONVERT_RAW_NV21, IMGCONVERT_RAW_YUYV, IMGCONVERT_RAW_UYVY };

/* A raw format by its name, as ffmpeg calls it, or 0. */
uint32_t imgconvert_raw_find(const char *name);

/* The pixel format to which a raw format is converted: itself for those of enum pixfmt. */
uint32_t imgconvert_raw_target(uint32_t raw);

/*
 * Prepares raw input of a format, and head's size and format, with stride bytes from row to row of
 * the first plane (0: no padding; in chroma planes it is divided as the width is). Returns 0, or -1
 * with EINVAL when format, size or stride aren't possible.
 */
int imgconvert_raw(struct imgconvert *c, uint32_t raw, size_t stride, struct imgreader_head *head);

/* Prepares a conversion. head: the image after conversion. */
void imgconvert_set(struct imgconvert *c, enum imgconvert_kind kind, enum imgconvert_order order,
                    const struct imgreader_head *head);

/* Sets the table for samples up to max (1 … 65535): v / max of 255, or, for YUV of limited range
 * with max = 2^n - 1, v / 2^(n - 8). Both are rounded. */
void imgconvert_table(struct imgconvert *c, uint32_t max, bool shifted);

/* Bytes of input for an image; not for text. */
size_t imgconvert_bytes(const struct imgconvert *c);

/* Converts row y of a plane of the input into the image at data. After the last row of the last
 * plane the image is complete. */
void imgconvert_row(const struct imgconvert *c, int plane, uint32_t y, const uint8_t *row,
                    uint8_t *data);

#endif
