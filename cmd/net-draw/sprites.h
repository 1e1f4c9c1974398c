/*
 * Small nodes drawn in software, shaded as OpenGL shades the large ones. Each is a sprite that was
 * rendered beforehand for its radius and its position within a pixel.
 */
#ifndef NET_DRAW_SPRITES_H
#define NET_DRAW_SPRITES_H

#include <stdint.h>
#include "raster.h"
#include "theme.h"

enum {
    SPRITES_STEPS = 4,  /* radii and positions per pixel: smaller differences share a sprite */
    SPRITES_RADIUS = 3, /* the largest radius, in pixels */
    SPRITES_SIDE = 2 * SPRITES_RADIUS + 3
};

struct sprite_pixel {
    raster_pixel added; /* highlight and rim, added to the node's colour */
    uint16_t factor;    /* of the node's colour, in 1/256 */
    uint16_t coverage;  /* of the pixel by the node, in 1/256 */
};

struct sprites {
    const struct theme *theme; /* the theme that the sprites were rendered for, or NULL */
    struct sprite_pixel sprite[SPRITES_RADIUS * SPRITES_STEPS][SPRITES_STEPS][SPRITES_STEPS]
                              [SPRITES_SIDE][SPRITES_SIDE];
};

/* Renders the sprites of a theme. Required before sprites_draw. */
void sprites_begin(struct sprites *sprites, const struct theme *theme);

/* Draws a node over the raster; x, y are pixels from the top left, radius is at most
 * SPRITES_RADIUS. */
void sprites_draw(const struct sprites *sprites, struct raster *raster, float x, float y,
                  float radius, const uint8_t rgb[3]);

#endif
