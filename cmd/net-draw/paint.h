/*
 * Edges, and nodes of few pixels, drawn by this program itself: OpenGL in software takes as long
 * for a line or a point of three pixels as for a hundred, some microseconds, and there are a
 * hundred thousand of them. What is painted is a sum: of each pixel how much ink there is, and of
 * which colour. dots.h has the nodes.
 */
#ifndef NET_DRAW_PAINT_H
#define NET_DRAW_PAINT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PAINT_LINE = 512,   /* the ink of one edge at its full weight */
    PAINT_FULL = 0x8000 /* of ink that nothing shines through */
};

/* Red, green, blue, ink: 16 bits each, the colours as bright as they are, times ink. */
typedef uint64_t paint_ink;

struct paint {
    uint32_t width, height; /* of what is painted on */
    uint32_t room;          /* pixels that there is memory for */
    paint_ink *ink;         /* rows from the bottom up */
};

/* Clean, and of this size. -1: ENOMEM. */
int paint_begin(struct paint *paint, uint32_t width, uint32_t height);
void paint_free(struct paint *paint);

/* An edge's ink: of a colour, for each of the 32 parts of a pixel that it covers. */
paint_ink paint_colour(const uint8_t rgb[3]);
paint_ink paint_mix(paint_ink a, paint_ink b);

/* From a to b, pixels from the top left; weight 0 … 1. */
void paint_line(struct paint *paint, float ax, float ay, float bx, float by, paint_ink ink,
                float weight);

#endif
