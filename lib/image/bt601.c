#include "image/bt601.h"
#include "pixfmt.h"
#include <math.h>
#include <string.h>

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

/* All in 16 bits: the sums fit for each matrix, and compilers vectorize the loops of fixed size. */
static inline uint8_t clamp(int16_t sample)
{
    return (uint8_t)(sample < 0 ? 0 : sample > 255 ? 255 : sample);
}

static inline int16_t mix(int16_t a, int16_t u, int16_t b, int16_t v)
{
    return (int16_t)((int16_t)((int16_t)(a * u) + (int16_t)(b * v) + ONE / 2) >> SHIFT);
}

/* Sets what must be added to the luma, and converts the chroma. */
static void convert_chroma(const struct bt601 *c, uint8_t *restrict cb, uint8_t *restrict cr,
                           int16_t *restrict add)
{
    for (int i = 0; i < BLOCK; i++) {
        int16_t u = (int16_t)(cb[i] - 128), v = (int16_t)(cr[i] - 128);
        add[i] = mix(c->luma_cb, u, c->luma_cr, v);
        cb[i] = clamp((int16_t)(cb[i] + mix(c->cb_cb, u, c->cb_cr, v)));
        cr[i] = clamp((int16_t)(cr[i] + mix(c->cr_cb, u, c->cr_cr, v)));
    }
}

static void double_each(const int16_t *restrict from, int16_t *restrict to)
{
    for (int i = 0; i < BLOCK; i++)
        to[2 * i] = to[2 * i + 1] = from[i];
}

static void add_luma(uint8_t *restrict luma, const int16_t *restrict add)
{
    for (int i = 0; i < BLOCK; i++)
        luma[i] = clamp((int16_t)(luma[i] + add[i]));
}

void bt601_rows(const struct bt601 *c, uint8_t *const luma[], unsigned rows, size_t width,
                uint8_t *cb, uint8_t *cr, size_t chroma, unsigned across)
{
    for (size_t x = 0; x < chroma; x += BLOCK) {
        int16_t add[BLOCK], twice[2 * BLOCK];
        size_t n = chroma - x < BLOCK ? chroma - x : BLOCK;
        if (n == BLOCK) {
            convert_chroma(c, cb + x, cr + x, add);
        } else {
            uint8_t rest[2][BLOCK] = {{0}};
            memcpy(rest[0], cb + x, n);
            memcpy(rest[1], cr + x, n);
            convert_chroma(c, rest[0], rest[1], add);
            memcpy(cb + x, rest[0], n);
            memcpy(cr + x, rest[1], n);
        }
        if (across == 2)
            double_each(add, twice);
        const int16_t *from = across == 2 ? twice : add;
        for (size_t part = 0; part < across; part++) {
            size_t at = x * across + part * BLOCK;
            for (unsigned y = 0; y < rows && at < width; y++) {
                if (width - at >= BLOCK) {
                    add_luma(luma[y] + at, from + part * BLOCK);
                    continue;
                }
                uint8_t rest[BLOCK] = {0};
                memcpy(rest, luma[y] + at, width - at);
                add_luma(rest, from + part * BLOCK);
                memcpy(luma[y] + at, rest, width - at);
            }
        }
    }
}
