/*
 * pixfmt-test: unit test of lib/pixfmt and lib/image/bt601. Colours of every matrix and range
 * against the standards' formulas; conversion to BT.601 against RGB; alpha of each kind; padded
 * images against packed ones, right before an inaccessible page; impossible images. Exit: 0; 1 with
 * the failure on stdout. An access outside the memory ends it with SIGSEGV.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image/bt601.h"
#include "pixfmt.h"
#include "support/fence.h"

static const struct {
    uint8_t matrix;
    double red, blue;
} matrices[] = {{0, 0.299, 0.114}, {1, 0.2126, 0.0722}, {2, 0.299, 0.114},
                {5, 0.299, 0.114}, {6, 0.299, 0.114},   {9, 0.2627, 0.0593}};

enum { MATRICES = sizeof matrices / sizeof matrices[0] };

static double bounded(double v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* R G B by the formulas of ITU-R BT.601, BT.709 and BT.2020. */
static void formula(int which, bool limited, const uint8_t yuv[3], double rgb[3])
{
    double kr = matrices[which].red, kb = matrices[which].blue;
    double y = limited ? (yuv[0] - 16) / 219.0 : yuv[0] / 255.0;
    double cb = (yuv[1] - 128) / (limited ? 224.0 : 255.0);
    double cr = (yuv[2] - 128) / (limited ? 224.0 : 255.0);
    double r = y + cr * (2 - 2 * kr), b = y + cb * (2 - 2 * kb);
    rgb[0] = bounded(255 * r);
    rgb[1] = bounded(255 * (y - kr * r - kb * b) / (1 - kr - kb));
    rgb[2] = bounded(255 * b);
}

static void to_rgb(uint8_t matrix, bool limited, const uint8_t yuv[3], uint8_t rgb[3])
{
    struct image image = {.data = yuv,
                          .width = 1,
                          .height = 1,
                          .format = PIXFMT_YUV444P,
                          .flags = limited ? PIXFMT_LIMITED : 0,
                          .matrix = matrix};
    struct pixfmt_planes planes;
    CHECK(pixfmt_known(&image) && pixfmt_plan_image(&image, &planes), "matrix %d", matrix);
    pixfmt_rgb_row(&image, &planes, 0, rgb, NULL);
}

static void test_colours(void)
{
    for (int which = 0; which < MATRICES; which++)
        for (int limited = 0; limited < 2; limited++)
            for (int n = 0; n < 16 * 16 * 16; n++) {
                uint8_t yuv[3] = {(uint8_t)(n % 16 * 17), (uint8_t)(n / 16 % 16 * 17),
                                  (uint8_t)(n / 256 * 17)};
                uint8_t rgb[3];
                double want[3];
                to_rgb(matrices[which].matrix, limited, yuv, rgb);
                formula(which, limited, yuv, want);
                for (int i = 0; i < 3; i++)
                    CHECK(fabs(rgb[i] - want[i]) < 0.51,
                          "matrix %d, limited %d, %d %d %d: %d, not %f", matrices[which].matrix,
                          limited, yuv[0], yuv[1], yuv[2], rgb[i], want[i]);
            }
}

/* Colours that BT.601 can express are the same after the conversion. */
static void test_bt601(void)
{
    for (int which = 0; which < MATRICES; which++)
        for (int limited = 0; limited < 2; limited++) {
            struct bt601 c;
            double red = matrices[which].red;
            CHECK(bt601_from(&c, matrices[which].matrix, limited) == (red != 0.299), "matrix %d",
                  matrices[which].matrix);
            for (int n = 0; red != 0.299 && n < 9 * 9 * 9; n++) {
                double rgb[3] = {n % 9 * 31, n / 9 % 9 * 31, n / 81 * 31},
                       blue = matrices[which].blue;
                double y = red * rgb[0] + blue * rgb[2] + (1 - red - blue) * rgb[1];
                double scale = limited ? 224.0 / 255 : 1;
                uint8_t yuv[3], got[3];
                yuv[0] = (uint8_t)lrint(limited ? 16 + y * 219 / 255 : y);
                yuv[1] = (uint8_t)bounded(lrint(128 + scale * (rgb[2] - y) / (2 - 2 * blue)));
                yuv[2] = (uint8_t)bounded(lrint(128 + scale * (rgb[0] - y) / (2 - 2 * red)));
                uint8_t *luma[] = {yuv};
                bt601_rows(&c, luma, 1, 1, yuv + 1, yuv + 2, 1, 1);
                to_rgb(PIXFMT_BT601, limited, yuv, got);
                for (int i = 0; i < 3; i++)
                    CHECK(fabs(got[i] - rgb[i]) < 4, "matrix %d, limited %d: %.0f became %d",
                          matrices[which].matrix, limited, rgb[i], got[i]);
            }
        }
}

/* Rows of every length, with one or two samples for each of chroma, give the same in each place. */
static void test_rows(void)
{
    enum { MOST = 70 };
    struct bt601 c;
    CHECK(bt601_from(&c, PIXFMT_BT709, false), "BT.709");
    for (unsigned across = 1; across <= 2; across++)
        for (unsigned width = 1; width <= MOST; width++) {
            uint8_t luma[2][2 * MOST], cb[MOST], cr[MOST];
            uint8_t *rows[2] = {luma[0], luma[1]};
            unsigned chroma = (width + across - 1) / across;
            memset(luma, 7, sizeof luma);
            for (unsigned x = 0; x < width; x++)
                luma[0][x] = luma[1][x] = (uint8_t)(40 + 2 * x);
            for (unsigned x = 0; x < chroma; x++) {
                cb[x] = (uint8_t)(30 + 2 * x);
                cr[x] = (uint8_t)(200 - 2 * x);
            }
            bt601_rows(&c, rows, 2, width, cb, cr, chroma, across);
            for (unsigned x = 0; x < width; x++) {
                uint8_t yuv[3] = {(uint8_t)(40 + 2 * x), (uint8_t)(30 + 2 * (x / across)),
                                  (uint8_t)(200 - 2 * (x / across))};
                uint8_t *one[] = {yuv};
                bt601_rows(&c, one, 1, 1, yuv + 1, yuv + 2, 1, 1);
                CHECK(luma[0][x] == yuv[0] && luma[1][x] == yuv[0] && cb[x / across] == yuv[1] &&
                          cr[x / across] == yuv[2],
                      "sample %u of %u", x, width);
            }
            CHECK(luma[0][width] == 7 && luma[1][width] == 7, "beyond a row of %u", width);
        }
}

static void test_alpha(void)
{
    for (int kind = 0; kind < PIXFMT_ALPHAS; kind++)
        for (int alpha = 0; alpha < 256; alpha++)
            for (int colour = 0; colour < 256; colour++) {
                uint8_t pixel[4] = {(uint8_t)colour, 0, (uint8_t)alpha, (uint8_t)alpha}, rgb[3], a;
                struct image image = {.data = pixel,
                                      .width = 1,
                                      .height = 1,
                                      .format = PIXFMT_BGRA,
                                      .alpha = (uint8_t)kind};
                struct pixfmt_planes planes;
                pixfmt_plan_image(&image, &planes);
                pixfmt_rgb_row(&image, &planes, 0, rgb, NULL);
                CHECK(rgb[0] == alpha && rgb[2] == colour, "not as stored, without alpha");
                pixfmt_rgb_row(&image, &planes, 0, rgb, &a);
                int want = colour;
                if (kind == PIXFMT_ALPHA_PREMULTIPLIED)
                    want = alpha ? (int)fmin(255, floor(colour * 255.0 / alpha + 0.5)) : 0;
                CHECK(a == (kind == PIXFMT_ALPHA_IGNORED ? 255 : alpha), "alpha %d of kind %d",
                      alpha, kind);
                CHECK(rgb[2] == want, "kind %d: %d of alpha %d became %d", kind, colour, alpha,
                      rgb[2]);
            }
}

static void test_padding(void)
{
    for (uint32_t format = 1; pixfmt_is_image(format); format++)
        for (uint32_t flags = 0; flags < 4; flags++)
            for (uint32_t side = 1; side < 20; side++) {
                struct image packed = {
                    .width = side, .height = 21 - side, .format = format, .flags = flags};
                struct image padded = packed;
                struct pixfmt_planes from, to;
                CHECK(pixfmt_plan_image(&packed, &from), "packed");
                for (int i = 0; i < from.count; i++)
                    padded.stride[i] = (uint32_t)from.plane[i].row_bytes + (uint32_t)(i * side) % 5;
                CHECK(pixfmt_plan_image(&padded, &to), "padded");
                struct fenced data = fence(from.bytes, true), wide = fence(to.bytes, true);
                uint8_t rgb[2][60], alpha[2][20];
                packed.data = data.data;
                padded.data = wide.data;
                memset(wide.data, 0xa5, to.bytes);
                for (size_t i = 0; i < from.bytes; i++)
                    data.data[i] = (uint8_t)(i * 37 + i / 11);
                for (int i = 0; i < from.count; i++)
                    for (uint32_t y = 0; y < from.plane[i].height; y++)
                        memcpy(wide.data + to.plane[i].offset + y * to.plane[i].stride,
                               data.data + from.plane[i].offset + y * from.plane[i].stride,
                               from.plane[i].row_bytes);
                for (uint32_t y = 0; y < packed.height; y++) {
                    pixfmt_rgb_row(&packed, &from, y, rgb[0], alpha[0]);
                    pixfmt_rgb_row(&padded, &to, y, rgb[1], alpha[1]);
                    CHECK(!memcmp(rgb[0], rgb[1], (size_t)3 * side) &&
                              !memcmp(alpha[0], alpha[1], side),
                          "%s, %u wide, row %u", pixfmt_name(format), side, y);
                }
                fence_free(&data);
                fence_free(&wide);
            }
}

static void test_impossible(void)
{
    static const struct {
        struct image image;
        bool fits, known;
    } table[] = {
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {9}}, true, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {8}}, false, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {INT32_MAX}}, true, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {0x80000000u}}, false, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {UINT32_MAX}}, false, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGB24, .stride = {9, 9}}, false, true},
        {{.width = 3, .height = 2, .format = PIXFMT_YUV420P, .stride = {3, 2, 2}}, true, true},
        {{.width = 3, .height = 2, .format = PIXFMT_YUV420P, .stride = {0, 0, 5}}, true, true},
        {{.width = 3, .height = 2, .format = PIXFMT_YUV420P, .stride = {0, 1}}, false, true},
        {{.width = 3, .height = 1 << 24, .format = PIXFMT_F32, .stride = {INT32_MAX}}, true, true},
        {{.width = 3, .height = 2, .format = PIXFMT_RGBA, .stride = {11}}, false, true},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .alpha = 3}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .matrix = 3}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .matrix = 255}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .flags = 4}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .aspect_num = 1}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .aspect_den = 1}, true, false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .aspect_num = 65536, .aspect_den = 1},
         true,
         false},
        {{.width = 1, .height = 1, .format = PIXFMT_RGBA, .aspect_num = 65535, .aspect_den = 1},
         true,
         true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct pixfmt_planes planes;
        CHECK(pixfmt_plan_image(&table[i].image, &planes) == table[i].fits, "fits: number %zu", i);
        CHECK(pixfmt_known(&table[i].image) == table[i].known, "known: number %zu", i);
    }
}

int main(void)
{
    test_colours();
    test_bt601();
    test_rows();
    test_alpha();
    test_padding();
    test_impossible();
    return 0;
}
