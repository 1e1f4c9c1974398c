/* Formats of raw frames: images and arrays. Planes follow each other without a gap; rows may have
 * padding. */
#ifndef SHMCAST_PIXFMT_H
#define SHMCAST_PIXFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are in shared memory and never change. */
enum pixfmt {
    PIXFMT_GRAY8 = 1,
    PIXFMT_RGB24,
    PIXFMT_BGR24,
    PIXFMT_RGBA,
    PIXFMT_BGRA,
    PIXFMT_YUV420P,
    PIXFMT_YUV422P,
    PIXFMT_YUV444P,
    PIXFMT_F32, /* an array, not an image: height rows of width floats, e.g. node positions */
    PIXFMT_FORMATS
};

/* Flags of an image. */
enum {
    PIXFMT_BOTTOM_UP = 1, /* the first row in memory is the bottom row */
    PIXFMT_LIMITED = 2    /* YUV range 16 … 235/240 as in video, not 0 … 255 as in JPEG */
};

/* Matrix coefficients of YUV, by their numbers in ITU-T H.273. 2 and 5 there are unspecified and
 * BT.601 too. */
enum {
    PIXFMT_MATRIX_NONE = 0, /* unspecified: BT.601 is assumed */
    PIXFMT_BT709 = 1,
    PIXFMT_BT601 = 6,
    PIXFMT_BT2020 = 9 /* non-constant luminance */
};

/* Meaning of the fourth channel of rgba and bgra. */
enum pixfmt_alpha {
    PIXFMT_ALPHA_STRAIGHT,      /* or the format has none */
    PIXFMT_ALPHA_PREMULTIPLIED, /* the colours are multiplied by alpha */
    PIXFMT_ALPHA_IGNORED,       /* the channel has no meaning: the image is opaque */
    PIXFMT_ALPHAS
};

enum { PIXFMT_PLANES = 3, PIXFMT_ASPECT_MAX = 65535 };

struct pixfmt_plane {
    size_t offset;    /* bytes from the start of the image */
    size_t stride;    /* bytes from one row to the next */
    size_t row_bytes; /* bytes of a row without padding */
    uint32_t width;   /* samples (YUV, gray) or pixels (packed formats) */
    uint32_t height;  /* rows */
};

struct pixfmt_planes {
    size_t bytes; /* size of the whole image */
    int count;    /* 1 or 3 */
    struct pixfmt_plane plane[PIXFMT_PLANES];
};

/* One raw frame in memory. Without strides it has pixfmt_bytes(format, width, height) bytes. */
struct image {
    const void *data;
    uint32_t width, height;
    uint32_t format;                 /* enum pixfmt */
    uint32_t flags;                  /* PIXFMT_BOTTOM_UP | PIXFMT_LIMITED */
    uint32_t stride[PIXFMT_PLANES];  /* bytes from row to row of each plane; 0: no padding */
    uint32_t aspect_num, aspect_den; /* width and height of a pixel; 0 and 0: square */
    uint8_t matrix;                  /* PIXFMT_BT709 … */
    uint8_t alpha;                   /* enum pixfmt_alpha */
};

/* Format of that name, as ffmpeg calls it (pixfmt_names, and gray for gray8), or 0. */
uint32_t pixfmt_find(const char *name);

/* Name of a format, or NULL if there is no such format. Static storage. */
const char *pixfmt_name(uint32_t format);

/* All names, comma-separated, for messages. Static storage. */
const char *pixfmt_names(void);

bool pixfmt_is_yuv(uint32_t format);
bool pixfmt_is_image(uint32_t format); /* an existing format, but not an array */

/* Bytes per pixel of a packed format, 1 for YUV and gray, 4 for f32, 0 if there is no such format.
 */
unsigned pixfmt_channels(uint32_t format);

/* Computes where the planes of an image are; with PIXFMT_BOTTOM_UP each plane is upside down. Width
 * and height are 1 … SHMFMT_SIDE_MAX, the height of an array 1 … SHMFMT_ROWS_MAX. false if one of
 * them or the format is out of range. */
bool pixfmt_plan(uint32_t format, uint32_t width, uint32_t height, struct pixfmt_planes *out);

/* The same for an image with its strides. Each is 0, or a row's bytes … INT32_MAX; 0 for planes
 * that the format does not have. false if one is out of range, or as pixfmt_plan. */
bool pixfmt_plan_image(const struct image *image, struct pixfmt_planes *out);

/* Whether both numbers of a pixel aspect are 1 … PIXFMT_ASPECT_MAX, or both are 0. */
bool pixfmt_aspect_known(uint32_t num, uint32_t den);

/* Whether flags, matrix, alpha and pixel aspect have known values. */
bool pixfmt_known(const struct image *image);

/* Whether two images differ in nothing but their data. */
bool pixfmt_alike(const struct image *a, const struct image *b);

/* Name of a known matrix, "bt709", and of an alpha kind, "straight"; NULL: unknown. */
const char *pixfmt_matrix_name(uint32_t matrix);
const char *pixfmt_alpha_name(uint32_t alpha);

/* The reverse, in upper or lower case; -1: there is none of that name, or it is "unspecified". */
int pixfmt_matrix_find(const char *name);
int pixfmt_alpha_find(const char *name);

/* The weights of red and blue in the luma of a known matrix. */
struct pixfmt_weights {
    double red, blue;
};
struct pixfmt_weights pixfmt_matrix_weights(uint8_t matrix);

/* Size of an image in bytes, or 0 where pixfmt_plan returns false. */
size_t pixfmt_bytes(uint32_t format, uint32_t width, uint32_t height);

/*
 * Row y (0 is the top one, whatever the flags) of an image as 3 bytes per pixel, R G B, full range;
 * black for an array. planes: pixfmt_plan_image of the image, of known values. out: width * 3
 * bytes. alpha: NULL, or width bytes for straight alpha (255 if the image has none). Without alpha,
 * premultiplied colours are shown as they are, which is over black, and straight ones as if opaque.
 */
void pixfmt_rgb_row(const struct image *image, const struct pixfmt_planes *planes, uint32_t y,
                    uint8_t *out, uint8_t *alpha);

/* The reverse: width R G B pixels to full-range BT.601 samples, width bytes in each of luma, cb and
 * cr. */
void pixfmt_ycc_row(const uint8_t *rgb, uint32_t width, uint8_t *luma, uint8_t *cb, uint8_t *cr);

/* Address of row y (0 is the top one, whatever the flags) of one plane. */
const uint8_t *pixfmt_plane_row(const void *data, const struct pixfmt_plane *plane, uint32_t flags,
                                uint32_t y);

#endif
