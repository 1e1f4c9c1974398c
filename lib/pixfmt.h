/* Formats of pictures and arrays, and the bytes that one takes. Rows and planes are packed without
 * padding. */
#ifndef SHMCAST_PIXFMT_H
#define SHMCAST_PIXFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers stand in shared memory and never change. */
enum pixfmt {
    PIXFMT_GRAY8 = 1,
    PIXFMT_RGB24,
    PIXFMT_BGR24,
    PIXFMT_RGBA,
    PIXFMT_BGRA,
    PIXFMT_YUV420P,
    PIXFMT_YUV422P,
    PIXFMT_YUV444P,
    PIXFMT_F32, /* no picture: height rows of width floats, as a layout's positions */
    PIXFMT_FORMATS
};

/* Flags of a picture. */
enum {
    PIXFMT_BOTTOM_UP = 1, /* the first row in memory is the lowest */
    PIXFMT_LIMITED = 2    /* YUV in 16 … 235/240 as video has it, not 0 … 255 as JPEG has it */
};

struct pixfmt_plane {
    size_t offset;          /* of its first byte in the picture */
    size_t stride;          /* bytes from row to row */
    uint32_t width, height; /* in samples (yuv, gray) or pixels (packed) */
};

struct pixfmt_planes {
    size_t bytes; /* of the whole picture */
    int planes;   /* 1 or 3 */
    struct pixfmt_plane plane[3];
};

/* One raw frame in memory, pixfmt_bytes(format, width, height) bytes at data. */
struct image {
    const void *data;
    uint32_t width, height;
    uint32_t format; /* enum pixfmt */
    uint32_t flags;  /* PIXFMT_BOTTOM_UP | PIXFMT_LIMITED */
};

/* ffmpeg's names: gray8 (and gray), rgb24, bgr24, rgba, bgra, yuv420p, yuv422p, yuv444p; and f32.
 * 0: none. */
uint32_t pixfmt_find(const char *name);
const char *pixfmt_name(uint32_t format); /* NULL: none */
const char *pixfmt_names(void);           /* all, for messages */
bool pixfmt_is_yuv(uint32_t format);
bool pixfmt_is_picture(uint32_t format);   /* not an array: it has colours */
unsigned pixfmt_channels(uint32_t format); /* bytes per pixel of packed formats, 1 for yuv and gray,
                                         4 for f32 */

/* Where its planes lie; those of a bottom-up picture are upside down each. Sides 1 …
 * SHMFMT_SIDE_MAX; an array may have SHMFMT_ROWS_MAX rows. false when a side or the format is out
 * of range.
 */
bool pixfmt_plan(uint32_t format, uint32_t width, uint32_t height, struct pixfmt_planes *out);

/* pixfmt_plan(...)->bytes, or 0. */
size_t pixfmt_bytes(uint32_t format, uint32_t width, uint32_t height);

/*
 * Row y (0 is the top one, whatever the flags) of an image as 3 bytes per pixel, R G B, full range,
 * BT.601; black for an array. planes: pixfmt_plan of the image. out: width * 3 bytes. alpha: NULL,
 * or width bytes for its alpha (255 if the format has none).
 */
void pixfmt_rgb_row(const struct image *image, const struct pixfmt_planes *planes, uint32_t y,
                    uint8_t *out, uint8_t *alpha);

/* The other way: pixels R G B to full-range BT.601 samples, width bytes each. */
void pixfmt_ycc_row(const uint8_t *rgb, uint32_t width, uint8_t *luma, uint8_t *cb, uint8_t *cr);

/* Row y (0 is the top one) of one plane, where flags put it in memory. */
const uint8_t *pixfmt_plane_row(const void *data, const struct pixfmt_plane *plane, uint32_t flags,
                                uint32_t y);

#endif
