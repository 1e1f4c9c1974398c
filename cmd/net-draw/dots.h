/*
 * Nodes of few pixels, painted: the same balls as OpenGL's. Each is a stamp that was made before,
 * for its size and its place between the pixels.
 */
#ifndef NET_DRAW_DOTS_H
#define NET_DRAW_DOTS_H

#include <stdint.h>
#include "paint.h"
#include "theme.h"

enum {
    DOTS_STEPS = 4,  /* of a pixel: sizes and places that differ by less are one */
    DOTS_RADIUS = 3, /* of the largest, in pixels */
    DOTS_SIDE = 2 * DOTS_RADIUS + 3
};

struct dots_pixel {
    paint_ink more; /* what the light and the rim add */
    uint16_t times; /* of the node's colour, in 256 parts */
    uint16_t part;  /* that the node covers, in 256 parts */
};

struct dots {
    const struct theme *theme; /* that the stamps were made for; NULL: there are none yet */
    struct dots_pixel stamp[DOTS_RADIUS * DOTS_STEPS][DOTS_STEPS][DOTS_STEPS][DOTS_SIDE][DOTS_SIDE];
};

/* Before any is put. */
void dots_begin(struct dots *dots, const struct theme *theme);

/* A ball, over what is there; pixels from the top left, radius at most DOTS_RADIUS. */
void dots_put(const struct dots *dots, struct paint *paint, float x, float y, float radius,
              const uint8_t rgb[3]);

#endif
