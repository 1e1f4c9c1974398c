#include "image/bt601.h"
#include "pixfmt.h"
#include <math.h>

enum { ONE = 512, SHIFT = 9, BLOCK = 32 };

bool bt601_from(struct bt601 *out, uint8_t matrix, bool limited)
{
    struct pixfmt_weights from = pixfmt_matrix_weights(matrix),
                          to = pixfmt_matrix_weights(PIXFMT_BT601);
    double green = 1 - from.red - from.blue, to_green = 1 - to.red - to.blue;
    /* R - Y, G - Y and B - Y of each chroma sample */
    double red_cr = 2 * (1 - from.red), blue_cb = 2 * (1 - from.blue);
    double green_cb = -from.blue * blue_cb / green, green_cr = -from.red * red_cr / green;
    double luma_cb = to_green * green_cb + to.blue * blue_cb;
    double luma_cr = to_green * green_cr + to.red * red_cr;
    double range = limited ? 219.0 / 224 : 1;
    *out = (struct bt601){
        .luma_cb = (int16_t)lrint(ONE * luma_cb * range),
        .luma_cr = (int16_t)lrint(ONE * luma_cr * range),
        .cb_cb = (int16_t)lrint(ONE * ((blue_cb - luma_cb) / (2 * (1 - to.blue)) - 1)),
        .cb_cr = (int16_t)lrint(ONE * -luma_cr / (2 * (1 - to.blue))),
        .cr_cb = (int16_t)lrint(ONE * -luma_cb / (2 * (1 - to.red))),
        .cr_cr = (int16_t)lrint(ONE * ((red_cr - luma_cr) / (2 * (1 - to.red)) - 1)),
    };
    return from.red != to.red || from.blue != to.blue;
}

static inline uint8_t clamp(int sample)
{
    return (uint8_t)(sample < 0 ? 0 : sample > 255 ? 255 : sample);
}

/* The sum of both products, rounded; fits 16 bits for each matrix. */
static inline int16_t mix(int16_t a, int16_t u, int16_t b, int16_t v)
{
    return (int16_t)((int16_t)(a * u + b * v + ONE / 2) >> SHIFT);
}

/* Sets what must be added to the luma, and converts the chroma. Compilers vectorize these loops
 * when n is a constant. */
static inline void convert_chroma(const struct bt601 *c, uint8_t *restrict cb, uint8_t *restrict cr,
                                  size_t n, int16_t *restrict add)
{
    for (size_t i = 0; i < n; i++) {
        int16_t u = (int16_t)(cb[i] - 128), v = (int16_t)(cr[i] - 128);
        add[i] = mix(c->luma_cb, u, c->luma_cr, v);
        cb[i] = clamp(cb[i] + mix(c->cb_cb, u, c->cb_cr, v));
        cr[i] = clamp(cr[i] + mix(c->cr_cb, u, c->cr_cr, v));
    }
}

static inline void add_luma(uint8_t *restrict luma, size_t n, const int16_t *restrict add)
{
    for (size_t i = 0; i < n; i++)
        luma[i] = clamp(luma[i] + add[i]);
}

void bt601_rows(const struct bt601 *c, uint8_t *const luma[], unsigned rows, size_t width,
                uint8_t *cb, uint8_t *cr, size_t chroma, unsigned across)
{
    for (size_t x = 0; x < chroma; x += BLOCK) {
        int16_t add[BLOCK], twice[2 * BLOCK];
        size_t n = chroma - x, at = x * across;
        if (n >= BLOCK)
            convert_chroma(c, cb + x, cr + x, BLOCK, add);
        else
            convert_chroma(c, cb + x, cr + x, n, add);
        for (size_t i = 0; i < BLOCK && i < n && across == 2; i++)
            twice[2 * i] = twice[2 * i + 1] = add[i];
        const int16_t *sums = across == 2 ? twice : add;
        size_t most = (size_t)BLOCK * across, left = at < width ? width - at : 0;
        for (unsigned y = 0; y < rows; y++) {
            if (left < most)
                add_luma(luma[y] + at, left, sums);
            else if (across == 2)
                add_luma(luma[y] + at, 2 * BLOCK, sums);
            else
                add_luma(luma[y] + at, BLOCK, sums);
        }
    }
}
