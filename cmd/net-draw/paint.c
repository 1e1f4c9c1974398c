#include "paint.h"
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 32, SHIFT = 16 };

/* A pixel that has this in any of its sums takes no more, so that none overflows into the next. */
#define SATURATED UINT64_C(0x8000800080008000)

int paint_begin(struct paint *paint, uint32_t width, uint32_t height)
{
    uint32_t pixels = width * height;
    if (pixels > paint->room) {
        free(paint->ink);
        paint->ink = malloc((size_t)pixels * sizeof(paint_ink));
        paint->room = paint->ink ? pixels : 0;
        if (!paint->ink)
            return -1;
    }
    paint->width = width;
    paint->height = height;
    memset(paint->ink, 0, (size_t)pixels * sizeof(paint_ink));
    return 0;
}

void paint_free(struct paint *paint)
{
    free(paint->ink);
    *paint = (struct paint){0};
}

/* Sixteen steps of each colour are enough: they are averaged over all that crosses a pixel. */
paint_ink paint_colour(const uint8_t rgb[3])
{
    paint_ink ink = (paint_ink)16 << 48;
    for (int i = 0; i < 3; i++)
        ink |= (paint_ink)((rgb[i] * 16 + 127) / 255) << (16 * i);
    return ink;
}

paint_ink paint_mix(paint_ink a, paint_ink b)
{
    return (a + b) >> 1 & UINT64_C(0x001f001f001f001f);
}

static void add(paint_ink *pixel, paint_ink ink)
{
    if (!(*pixel & SATURATED))
        *pixel += ink;
}

/* What of a line from *a to *b is within 0 … limit, in one direction; the other goes with it. */
static bool clip(float *a, float *a2, float *b, float *b2, float limit)
{
    float slope;
    if ((*a < 0 && *b < 0) || (*a > limit && *b > limit))
        return false;
    slope = *a == *b ? 0 : (*b2 - *a2) / (*b - *a);
    for (int end = 0; end < 2; end++) {
        float *p = end ? b : a, *p2 = end ? b2 : a2;
        float to = *p < 0 ? 0 : *p > limit ? limit : *p;
        *p2 += (to - *p) * slope;
        *p = to;
    }
    return true;
}

/* Along one direction a pixel at a time; across it two pixels share the ink. */
static void draw(paint_ink *pixel, int count, int64_t across, int64_t slope, ptrdiff_t step,
                 ptrdiff_t side, paint_ink ink, uint64_t weight)
{
    for (int i = 0; i < count; i++, pixel += step, across += slope) {
        paint_ink *p = pixel + (across >> SHIFT) * side;
        uint64_t low = (uint64_t)(across >> (SHIFT - 5) & (PARTS - 1));
        uint64_t second = low * weight >> 5, first = weight - second;
        add(p, ink * first);
        add(p + side, ink * second);
    }
}

void paint_line(struct paint *paint, float ax, float ay, float bx, float by, paint_ink ink,
                float weight)
{
    float right = (float)paint->width - 2, bottom = (float)paint->height - 2;
    float part = weight * PARTS;
    uint64_t whole = (uint64_t)(part + 0.5f);
    /* the centre of a pixel is at a half */
    ax -= 0.5f, ay -= 0.5f, bx -= 0.5f, by -= 0.5f;
    if (!whole || right < 1 || bottom < 1 || !clip(&ax, &ay, &bx, &by, right) ||
        !clip(&ay, &ax, &by, &bx, bottom))
        return;
    if (!(ax >= 0 && ay >= 0 && bx >= 0 && by >= 0 && ax <= right && bx <= right && ay <= bottom &&
          by <= bottom))
        return;                                 /* rounding at a corner, or no number */
    ay = bottom + 1 - ay, by = bottom + 1 - by; /* rows from the bottom up */
    bool flat = fabsf(bx - ax) >= fabsf(by - ay);
    float a = flat ? ax : ay, b = flat ? bx : by, a2 = flat ? ay : ax, b2 = flat ? by : bx;
    if (a > b) {
        float t = a;
        a = b, b = t, t = a2, a2 = b2, b2 = t;
    }
    int first = (int)(a + 0.5f), count = (int)(b + 0.5f) - first + 1;
    double slope = b > a ? (double)(b2 - a2) / (b - a) : 0;
    double start = a2 + slope * (first - a), end = start + slope * (count - 1);
    double limit = flat ? paint->height - 1.001 : paint->width - 1.001;
    if (start < 0 || end < 0 || start >= limit || end >= limit)
        return;
    ptrdiff_t row = paint->width;
    draw(paint->ink + (flat ? first : first * row), count, (int64_t)(start * (1 << SHIFT)),
         (int64_t)(slope * (1 << SHIFT)), flat ? 1 : row, flat ? row : 1, ink, whole);
}
