#include "dots.h"
#include <math.h>
#include <stddef.h>

static float within(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

static float smooth(float from, float to, float value)
{
    float t = within((value - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
}

/* What gl.c's shader of nodes does, dx and dy pixels right of the middle and above it. */
static struct dots_pixel shade(const struct theme *theme, float radius, float dx, float dy)
{
    float edge = 1 / fmaxf(radius, 0.5f), x = dx / radius, y = dy / radius;
    float square = x * x + y * y, off = sqrtf(square), up = sqrtf(fmaxf(1 - square, 0));
    float lit = within(-0.37f * x + 0.56f * y + 0.74f * up, 0, 1);
    float rim = smooth(1 - 1.6f * edge, 1, off) * within(1.25f - edge, 0, 1) * 0.55f;
    float gloss = powf(lit, 24) * 0.28f * theme->shade * (1 - rim);
    struct dots_pixel out = {
        .times = (uint16_t)(256 * (1 - theme->shade * (1 - lit)) * (1 - rim) * (1 - gloss)),
        .part = (uint16_t)(256 * within((1 - off) / edge + 0.5f, 0, 1))};
    for (int i = 0; i < 3; i++)
        out.more |= (paint_ink)(PAINT_FULL * within(gloss + theme->rim[i] * rim, 0, 1)) << (16 * i);
    return out;
}

static float part_of(int step)
{
    return ((float)step + 0.5f) / DOTS_STEPS;
}

void dots_begin(struct dots *dots, const struct theme *theme)
{
    if (dots->theme == theme)
        return;
    dots->theme = theme;
    for (int r = 0; r < DOTS_RADIUS * DOTS_STEPS; r++)
        for (int v = 0; v < DOTS_STEPS; v++)
            for (int u = 0; u < DOTS_STEPS; u++)
                for (int j = 0; j < DOTS_SIDE; j++)
                    for (int i = 0; i < DOTS_SIDE; i++)
                        dots->stamp[r][v][u][j][i] =
                            shade(theme, part_of(r), (float)(i - DOTS_RADIUS) - part_of(u) - 0.5f,
                                  (float)(j - DOTS_RADIUS) - part_of(v) - 0.5f);
}

/* Of three colours and the ink, each in 16 bits, so many 256th parts. */
static paint_ink take(paint_ink all, uint64_t part)
{
    const paint_ink even = UINT64_C(0x0000ffff0000ffff);
    return ((all & even) * part >> 8 & even) | ((all >> 16 & even) * part >> 8 & even) << 16;
}

void dots_put(const struct dots *dots, struct paint *paint, float x, float y, float radius,
              const uint8_t rgb[3])
{
    const int reach = DOTS_RADIUS + 1, width = (int)paint->width, height = (int)paint->height;
    y = (float)height - y; /* rows from the bottom up */
    if (!(x > -4 && y > -4 && x < (float)width + 4 && y < (float)height + 4))
        return;
    int column = (int)floorf(x), row = (int)floorf(y), size = (int)(radius * DOTS_STEPS);
    int u = (int)((x - (float)column) * DOTS_STEPS), v = (int)((y - (float)row) * DOTS_STEPS);
    size = size < DOTS_RADIUS * DOTS_STEPS ? size : DOTS_RADIUS * DOTS_STEPS - 1;
    const struct dots_pixel(*stamp)[DOTS_SIDE] =
        dots->stamp[size][v < DOTS_STEPS ? v : 0][u < DOTS_STEPS ? u : 0];
    paint_ink colour = 0;
    for (int i = 0; i < 3; i++)
        colour |= (paint_ink)(rgb[i] * PAINT_FULL / 255) << (16 * i);
    int span = size / DOTS_STEPS + 2; /* of the stamp, from its middle: the rest is empty */
    for (int j = reach - span; j <= reach + span; j++)
        for (int i = reach - span; i <= reach + span; i++) {
            const struct dots_pixel *s = &stamp[j][i];
            int at_x = column + i - reach, at_y = row + j - reach;
            if (!s->part || at_x < 0 || at_y < 0 || at_x >= width || at_y >= height)
                continue;
            paint_ink *p = paint->ink + (size_t)at_y * paint->width + at_x;
            paint_ink full = (take(colour, s->times) + s->more) | (paint_ink)PAINT_FULL << 48;
            *p = take(*p, 256u - s->part) + take(full, s->part);
        }
}
