/* Formats of pictures and arrays, and the bytes that one takes. Rows and planes are packed without
 * padding. */
#ifndef SHMCAST_PIX_H
#define SHMCAST_PIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers stand in shared memory and never change. */
enum pix_format {
    PIX_GRAY8 = 1,
    PIX_RGB24,
    PIX_BGR24,
    PIX_RGBA,
    PIX_BGRA,
    PIX_YUV420P,
    PIX_YUV422P,
    PIX_YUV444P,
    PIX_F32, /* no picture: height rows of width floats, as a layout's positions */
    PIX_FORMATS
};

enum { PIX_ROWS_MAX = 1 << 24 }; /* of an array; a picture has LAYOUT_SIDE_MAX */

/* Flags of a picture. */
enum {
    PIX_BOTTOM_UP = 1, /* the first row in memory is the lowest */
    PIX_LIMITED = 2    /* YUV in 16 … 235/240 as video has it, not 0 … 255 as JPEG has it */
};

struct pix_plane {
    size_t offset;          /* of its first byte in the picture */
    size_t stride;          /* bytes from row to row */
    uint32_t width, height; /* in samples (yuv, gray) or pixels (packed) */
};

struct pix_layout {
    size_t bytes; /* of the whole picture */
    int planes;   /* 1 or 3 */
    struct pix_plane plane[3];
};

/* ffmpeg's names: gray8 (and gray), rgb24, bgr24, rgba, bgra, yuv420p, yuv422p, yuv444p; and f32.
 * 0: none. */
uint32_t pix_format(const char *name);
const char *pix_name(uint32_t format); /* NULL: none */
const char *pix_names(void);           /* all, for messages */
bool pix_is_yuv(uint32_t format);
bool pix_is_picture(uint32_t format);   /* not an array: it has colours */
unsigned pix_channels(uint32_t format); /* bytes per pixel of packed formats, 1 for yuv and gray,
                                         4 for f32 */

/* Where its planes lie; those of a bottom-up picture are upside down each. Sides 1 …
 * LAYOUT_SIDE_MAX; an array may have PIX_ROWS_MAX rows. false when a side or the format is out of
 * range.
 */
bool pix_plan(uint32_t format, uint32_t width, uint32_t height, struct pix_layout *out);

/* pix_plan(...)->bytes, or 0. */
size_t pix_bytes(uint32_t format, uint32_t width, uint32_t height);

/*
 * Row y (0 is the top one, whatever flags say) of a picture as 3 bytes a pixel, R G B, full range,
 * BT.601; black for an array. out: width * 3 bytes. With alpha != NULL also its alpha, width bytes
 * (255 where none).
 */
void pix_rgb_row(const void *data, const struct pix_layout *layout, uint32_t format, uint32_t flags,
                 uint32_t y, uint8_t *out, uint8_t *alpha);

/* The other way: pixels R G B to full-range BT.601 samples, width bytes each. */
void pix_ycc_row(const uint8_t *rgb, uint32_t width, uint8_t *luma, uint8_t *cb, uint8_t *cr);

/* Row y (0 is the top one) of one plane, where flags put it in memory. */
const uint8_t *pix_plane_row(const void *data, const struct pix_plane *plane, uint32_t flags,
                             uint32_t y);

#endif
