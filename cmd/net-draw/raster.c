#include "raster.h"
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 32, SHIFT = 16 };

/* The top bit of each sum. A pixel with any of them set takes no more ink, so no sum overflows into
 * the next one. */
#define SATURATED UINT64_C(0x8000800080008000)

int raster_begin(struct raster *raster, uint32_t width, uint32_t height)
{
    uint32_t pixels = width * height;
    if (pixels > raster->capacity) {
        free(raster->pixels);
        raster->pixels = malloc((size_t)pixels * sizeof(raster_pixel));
        raster->capacity = raster->pixels ? pixels : 0;
        if (!raster->pixels)
            return -1;
    }
    raster->width = width;
    raster->height = height;
    memset(raster->pixels, 0, (size_t)pixels * sizeof(raster_pixel));
    return 0;
}

void raster_free(struct raster *raster)
{
    free(raster->pixels);
    *raster = (struct raster){0};
}

/* Sixteen levels of each colour suffice: a pixel averages all lines that cross it. */
raster_pixel raster_colour(const uint8_t rgb[3])
{
    raster_pixel ink = (raster_pixel)16 << 48;
    for (int i = 0; i < 3; i++)
        ink |= (raster_pixel)((rgb[i] * 16 + 127) / 255) << (16 * i);
    return ink;
}

raster_pixel raster_mix(raster_pixel a, raster_pixel b)
{
    return (a + b) >> 1 & UINT64_C(0x001f001f001f001f);
}

static void add_ink(raster_pixel *pixel, raster_pixel ink)
{
    if (!(*pixel & SATURATED))
        *pixel += ink;
}

/* Clips a line to 0 … limit along one axis: a and b are its ends on that axis, a2 and b2 on the
 * other one. Returns false when the line lies outside. */
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

/* Advances one pixel at a time along the major axis; two pixels of the minor axis share the ink. */
static void draw_line(raster_pixel *pixel, int count, int64_t minor, int64_t slope, ptrdiff_t step,
                      ptrdiff_t minor_step, raster_pixel ink, uint64_t weight)
{
    for (int i = 0; i < count; i++, pixel += step, minor += slope) {
        raster_pixel *p = pixel + (minor >> SHIFT) * minor_step;
        uint64_t low = (uint64_t)(minor >> (SHIFT - 5) & (PARTS - 1));
        uint64_t second = low * weight >> 5, first = weight - second;
        add_ink(p, ink * first);
        add_ink(p + minor_step, ink * second);
    }
}

void raster_line(struct raster *raster, float ax, float ay, float bx, float by, raster_pixel ink,
                 float weight)
{
    float right = (float)raster->width - 2, bottom = (float)raster->height - 2;
    float scaled = weight * PARTS;
    uint64_t parts = (uint64_t)(scaled + 0.5f);
    /* Pixel centres are at half-integers. */
    ax -= 0.5f, ay -= 0.5f, bx -= 0.5f, by -= 0.5f;
    if (!parts || right < 1 || bottom < 1 || !clip(&ax, &ay, &bx, &by, right) ||
        !clip(&ay, &ax, &by, &bx, bottom))
        return;
    if (!(ax >= 0 && ay >= 0 && bx >= 0 && by >= 0 && ax <= right && bx <= right && ay <= bottom &&
          by <= bottom))
        return;                                 /* rounding at a corner, or NaN */
    ay = bottom + 1 - ay, by = bottom + 1 - by; /* rows run from the bottom up */
    bool x_major = fabsf(bx - ax) >= fabsf(by - ay);
    float a = x_major ? ax : ay, a2 = x_major ? ay : ax;
    float b = x_major ? bx : by, b2 = x_major ? by : bx;
    if (a > b) {
        float t = a;
        a = b, b = t, t = a2, a2 = b2, b2 = t;
    }
    int first = (int)(a + 0.5f), count = (int)(b + 0.5f) - first + 1;
    double slope = b > a ? (double)(b2 - a2) / (b - a) : 0;
    double start = a2 + slope * (first - a), end = start + slope * (count - 1);
    double limit = x_major ? raster->height - 1.001 : raster->width - 1.001;
    if (start < 0 || end < 0 || start >= limit || end >= limit)
        return;
    ptrdiff_t row = raster->width;
    draw_line(raster->pixels + (x_major ? first : first * row), count,
              (int64_t)(start * (1 << SHIFT)), (int64_t)(slope * (1 << SHIFT)), x_major ? 1 : row,
              x_major ? row : 1, ink, parts);
}
