#include "sprites.h"
#include <math.h>
#include <stddef.h>

static float clamp(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

static float smoothstep(float from, float to, float value)
{
    float t = clamp((value - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
}

/* The node shader of gl.c, for a point dx pixels to the right of the centre and dy above it. */
static struct sprite_pixel shade(const struct theme *theme, float radius, float dx, float dy)
{
    float edge = 1 / fmaxf(radius, 0.5f), x = dx / radius, y = dy / radius;
    float square = x * x + y * y, off = sqrtf(square), up = sqrtf(fmaxf(1 - square, 0));
    float lit = clamp(-0.37f * x + 0.56f * y + 0.74f * up, 0, 1);
    float rim = smoothstep(1 - 1.6f * edge, 1, off) * clamp(1.25f - edge, 0, 1) * 0.55f;
    float gloss = powf(lit, 24) * 0.28f * theme->shade * (1 - rim);
    struct sprite_pixel out = {
        .factor = (uint16_t)(256 * (1 - theme->shade * (1 - lit)) * (1 - rim) * (1 - gloss)),
        .coverage = (uint16_t)(256 * clamp((1 - off) / edge + 0.5f, 0, 1))};
    for (int i = 0; i < 3; i++) {
        float added = RASTER_OPAQUE * clamp(gloss + theme->rim[i] * rim, 0, 1);
        out.added |= (raster_pixel)added << (16 * i);
    }
    return out;
}

static float middle_of(int step)
{
    return ((float)step + 0.5f) / SPRITES_STEPS;
}

void sprites_begin(struct sprites *sprites, const struct theme *theme)
{
    if (sprites->theme == theme)
        return;
    sprites->theme = theme;
    for (int r = 0; r < SPRITES_RADIUS * SPRITES_STEPS; r++)
        for (int v = 0; v < SPRITES_STEPS; v++)
            for (int u = 0; u < SPRITES_STEPS; u++)
                for (int j = 0; j < SPRITES_SIDE; j++)
                    for (int i = 0; i < SPRITES_SIDE; i++)
                        sprites->sprite[r][v][u][j][i] = shade(
                            theme, middle_of(r), (float)(i - SPRITES_RADIUS) - middle_of(u) - 0.5f,
                            (float)(j - SPRITES_RADIUS) - middle_of(v) - 0.5f);
}

/* Scales each of the four 16-bit components by factor / 256. */
static raster_pixel scale(raster_pixel pixel, uint64_t factor)
{
    const raster_pixel even = UINT64_C(0x0000ffff0000ffff);
    raster_pixel low = (pixel & even) * factor >> 8 & even;
    raster_pixel high = (pixel >> 16 & even) * factor >> 8 & even;
    return low | high << 16;
}

void sprites_draw(const struct sprites *sprites, struct raster *raster, float x, float y,
                  float radius, const uint8_t rgb[3])
{
    const int reach = SPRITES_RADIUS + 1, width = (int)raster->width, height = (int)raster->height;
    y = (float)height - y; /* rows run from the bottom up */
    if (!(x > -4 && y > -4 && x < (float)width + 4 && y < (float)height + 4))
        return;
    int column = (int)floorf(x), row = (int)floorf(y), size = (int)(radius * SPRITES_STEPS);
    int u = (int)((x - (float)column) * SPRITES_STEPS), v = (int)((y - (float)row) * SPRITES_STEPS);
    size = size < SPRITES_RADIUS * SPRITES_STEPS ? size : SPRITES_RADIUS * SPRITES_STEPS - 1;
    const struct sprite_pixel(*sprite)[SPRITES_SIDE] =
        sprites->sprite[size][v < SPRITES_STEPS ? v : 0][u < SPRITES_STEPS ? u : 0];
    raster_pixel colour = 0;
    for (int i = 0; i < 3; i++)
        colour |= (raster_pixel)(rgb[i] * RASTER_OPAQUE / 255) << (16 * i);
    int span = size / SPRITES_STEPS + 2; /* from the middle of the sprite: the rest is empty */
    for (int j = reach - span; j <= reach + span; j++)
        for (int i = reach - span; i <= reach + span; i++) {
            const struct sprite_pixel *s = &sprite[j][i];
            int at_x = column + i - reach, at_y = row + j - reach;
            if (!s->coverage || at_x < 0 || at_y < 0 || at_x >= width || at_y >= height)
                continue;
            raster_pixel *p = raster->pixels + (size_t)at_y * raster->width + at_x;
            raster_pixel node = scale(colour, s->factor) + s->added;
            node |= (raster_pixel)RASTER_OPAQUE << 48;
            *p = scale(*p, 256u - s->coverage) + scale(node, s->coverage);
        }
}
