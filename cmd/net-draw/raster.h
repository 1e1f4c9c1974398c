/*
 * A software rasterizer for edges. OpenGL in software spends some microseconds on a line or a small
 * point, whether it covers three pixels or a hundred, and a network has a hundred thousand of them.
 * The raster accumulates: each pixel holds an amount of ink and its colour. sprites.h draws small
 * nodes into the same raster.
 */
#ifndef NET_DRAW_RASTER_H
#define NET_DRAW_RASTER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RASTER_LINE = 512,     /* the ink of one edge at its full weight */
    RASTER_OPAQUE = 0x8000 /* the ink that hides everything below it */
};

/* Red, green, blue, ink: 16 bits each; the colours are premultiplied by the ink. */
typedef uint64_t raster_pixel;

struct raster {
    uint32_t width, height;
    uint32_t capacity;    /* in pixels */
    raster_pixel *pixels; /* rows from the bottom up */
};

/* Clears the raster and gives it this size. Returns 0, or -1 with ENOMEM. */
int raster_begin(struct raster *raster, uint32_t width, uint32_t height);
void raster_free(struct raster *raster);

/* The ink that an edge of this colour leaves where it covers 1/32 of a pixel. */
raster_pixel raster_colour(const uint8_t rgb[3]);
raster_pixel raster_mix(raster_pixel a, raster_pixel b);

/* Draws a line from a to b, in pixels from the top left; weight is 0 … 1. */
void raster_line(struct raster *raster, float ax, float ay, float bx, float by, raster_pixel ink,
                 float weight);

#endif
