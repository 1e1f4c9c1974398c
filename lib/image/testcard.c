#include "image/testcard.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_COLUMNS = 24, CODE_ROWS = 2, CODE_BITS = CODE_COLUMNS * CODE_ROWS };
enum { RUN_BYTES = 48 }; /* whole samples of 1, 2, 3 and 4 bytes */

struct testcard {
    struct pixfmt_planes planes;
    uint32_t format, flags;
    int width, height;
    uint8_t *still; /* the parts that do not move, in the card's format */
};

/* A colour: repeated samples of each plane. */
struct ink {
    uint8_t run[3][RUN_BYTES];
};

/* Position of a code and the side of its square cells, in pixels. */
struct code_place {
    int x, y, cell;
};

/* false: the card is too small for codes. */
static bool code_place(int width, int height, int which, struct code_place *out)
{
    out->cell = width >= 1600 && height >= 800 ? 16 : width >= 480 && height >= 240 ? 8 : 4;
    /* Aligned to JPEG's 8 x 8 blocks, which keeps cells clean. */
    out->x = (width - CODE_COLUMNS * out->cell) / 2 & ~7;
    out->y = (height - CODE_ROWS * out->cell) * which / (TESTCARD_CODES - 1) & ~7;
    return width >= TESTCARD_WIDTH_MIN && height >= TESTCARD_HEIGHT_MIN;
}

/* A CRC-16 (CCITT) of the number and its place, which detects displaced rows, then the number. Both
 * rows of cells change with the number, so a tear between them is detected. */
static uint64_t code_bits(uint32_t number, int which)
{
    uint64_t text = (uint64_t)number << 8 | (unsigned)which;
    unsigned crc = 0xffff;
    for (int bit = 39; bit >= 0; bit--)
        crc = (crc << 1 ^ (((crc >> 15 ^ text >> bit) & 1) ? 0x1021 : 0)) & 0xffff;
    return (uint64_t)crc << 32 | number;
}

static bool code_bit(uint64_t bits, int row, int column)
{
    return bits >> (CODE_BITS - 1 - row * CODE_COLUMNS - column) & 1;
}

unsigned testcard_read(const struct image *image, const struct pixfmt_planes *planes, uint8_t *row,
                       uint32_t numbers[TESTCARD_CODES])
{
    int width = (int)image->width, height = (int)image->height;
    unsigned found = 0;
    for (int which = 0; which < TESTCARD_CODES; which++) {
        struct code_place at;
        uint64_t bits = 0;
        numbers[which] = 0;
        if (!code_place(width, height, which, &at))
            continue;
        for (int r = 0; r < CODE_ROWS; r++) {
            int luma[CODE_COLUMNS] = {0};
            /* Only the inner half of each cell: its edges may be blurred. */
            for (int y = at.cell / 4; y < at.cell * 3 / 4; y++) {
                pixfmt_rgb_row(image, planes, (uint32_t)(at.y + r * at.cell + y), row, NULL);
                for (int c = 0; c < CODE_COLUMNS; c++)
                    for (int x = at.cell / 4; x < at.cell * 3 / 4; x++) {
                        const uint8_t *p = row + 3 * (at.x + c * at.cell + x);
                        luma[c] += 299 * p[0] + 587 * p[1] + 114 * p[2] - 127500;
                    }
            }
            for (int c = 0; c < CODE_COLUMNS; c++)
                bits = bits << 1 | (luma[c] > 0);
        }
        numbers[which] = (uint32_t)bits;
        if (code_bits(numbers[which], which) == bits)
            found |= 1u << which;
    }
    return found;
}

/* One sample of each plane. */
static void put_samples(uint32_t format, const uint8_t rgb[3], uint8_t sample[3][4])
{
    if (pixfmt_is_yuv(format) || format == PIXFMT_GRAY8) {
        pixfmt_ycc_row(rgb, 1, sample[0], sample[1], sample[2]);
        return;
    }
    bool swapped = format == PIXFMT_BGR24 || format == PIXFMT_BGRA;
    sample[0][0] = rgb[swapped ? 2 : 0];
    sample[0][1] = rgb[1];
    sample[0][2] = rgb[swapped ? 0 : 2];
    sample[0][3] = 255;
}

static struct ink ink_of(uint32_t format, uint8_t r, uint8_t g, uint8_t b)
{
    struct ink ink = {0};
    uint8_t rgb[3] = {r, g, b}, sample[3][4] = {{0}};
    unsigned step = pixfmt_channels(format);
    put_samples(format, rgb, sample);
    for (int plane = 0; plane < (pixfmt_is_yuv(format) ? 3 : 1); plane++)
        for (unsigned i = 0; i < RUN_BYTES; i += step)
            memcpy(ink.run[plane] + i, sample[plane], step);
    return ink;
}

/* A writable row of a plane. */
static uint8_t *plane_row(const struct testcard *card, void *out, int plane, int y)
{
    return (uint8_t *)out +
           (pixfmt_plane_row(out, &card->planes.plane[plane], card->flags, (uint32_t)y) -
            (const uint8_t *)out);
}

static int bounded(int n, int low, int high)
{
    return n < low ? low : n > high ? high : n;
}

static void fill_row(uint8_t *to, size_t bytes, const uint8_t run[RUN_BYTES])
{
    for (; bytes >= RUN_BYTES; to += RUN_BYTES, bytes -= RUN_BYTES)
        memcpy(to, run, RUN_BYTES);
    memcpy(to, run, bytes);
}

/* A filled rectangle, clipped to the card. */
static void fill(const struct testcard *card, void *out, int x, int y, int width, int height,
                 const struct ink *ink)
{
    int right = bounded(x + width, 0, card->width), below = bounded(y + height, 0, card->height);
    x = bounded(x, 0, right);
    y = bounded(y, 0, below);
    if (x == right || y == below)
        return;
    for (int i = 0; i < card->planes.count; i++) {
        const struct pixfmt_plane *plane = &card->planes.plane[i];
        int across = plane->width < card->planes.plane[0].width;
        int down = plane->height < card->planes.plane[0].height;
        size_t step = pixfmt_channels(card->format);
        size_t from = (size_t)(x >> across) * step,
               to = (size_t)((right + across) >> across) * step;
        for (int row = y >> down; row < (below + down) >> down; row++)
            fill_row(plane_row(card, out, i, row) + from, to - from, ink->run[i]);
    }
}

static void fill_disc(const struct testcard *card, void *out, double x, double y, double radius,
                      const struct ink *ink)
{
    for (int row = (int)floor(y - radius); row <= (int)ceil(y + radius); row++) {
        double half = radius * radius - (row + 0.5 - y) * (row + 0.5 - y);
        if (half <= 0)
            continue;
        half = sqrt(half);
        fill(card, out, (int)lround(x - half), row, (int)lround(2 * half), 1, ink);
    }
}

static void draw_digits(const struct testcard *card, void *out, uint32_t number)
{
    static const uint8_t font[10][7] = {{14, 17, 19, 21, 25, 17, 14}, {4, 12, 4, 4, 4, 4, 14},
                                        {14, 17, 1, 2, 4, 8, 31},     {31, 2, 4, 2, 1, 17, 14},
                                        {2, 6, 10, 18, 31, 2, 2},     {31, 16, 30, 1, 1, 17, 14},
                                        {6, 8, 16, 30, 17, 17, 14},   {31, 1, 2, 4, 8, 8, 8},
                                        {14, 17, 17, 14, 17, 17, 14}, {14, 17, 17, 15, 1, 2, 12}};
    struct ink black = ink_of(card->format, 0, 0, 0), white = ink_of(card->format, 255, 255, 255);
    char text[12];
    int digits = snprintf(text, sizeof text, "%06u", (unsigned)number);
    int dot = card->height / 64;
    if (dot < 1 || (6 * digits + 1) * dot > card->width)
        return;
    int x = (card->width - (6 * digits - 1) * dot) / 2, y = card->height * 76 / 100;
    fill(card, out, x - dot, y - dot, (6 * digits + 1) * dot, 9 * dot, &black);
    for (int i = 0; i < digits; i++, x += 6 * dot)
        for (int row = 0; row < 7; row++)
            for (int column = 0; column < 5; column++)
                if (font[text[i] - '0'][row] >> (4 - column) & 1)
                    fill(card, out, x + column * dot, y + row * dot, dot, dot, &white);
}

static void draw_codes(const struct testcard *card, void *out, uint32_t number)
{
    struct ink ink[2] = {ink_of(card->format, 0, 0, 0), ink_of(card->format, 255, 255, 255)};
    struct code_place at;
    for (int which = 0; which < TESTCARD_CODES && code_place(card->width, card->height, which, &at);
         which++) {
        uint64_t bits = code_bits(number, which);
        for (int r = 0; r < CODE_ROWS; r++)
            for (int c = 0; c < CODE_COLUMNS; c++)
                fill(card, out, at.x + c * at.cell, at.y + r * at.cell, at.cell, at.cell,
                     &ink[code_bit(bits, r, c)]);
    }
}

/* A ball and a line, at positions given by the number; smooth at 60 fps. */
static void draw_motion(const struct testcard *card, void *out, uint32_t number)
{
    const double cycle = 2 * 3.14159265358979323846;
    double radius = card->height / 12.0;
    double x = card->width * (0.5 + 0.42 * sin(cycle * (number % 300) / 300));
    double y = card->height * (0.5 + 0.38 * sin(cycle * (number % 220) / 220));
    struct ink white = ink_of(card->format, 255, 255, 255);
    int thick = 1 + card->width / 640;
    fill(card, out, (int)((uint64_t)card->width * (number % 240) / 240), 0, thick, card->height,
         &white);
    for (int ring = 0; ring < 8; ring++) { /* lit from the top left */
        struct ink ink = ink_of(card->format, (uint8_t)(200 + 7 * ring), (uint8_t)(80 + 22 * ring),
                                (uint8_t)(20 + 26 * ring));
        double off = radius * 0.05 * ring;
        fill_disc(card, out, x - off, y - off, radius * (1 - 0.12 * ring), &ink);
    }
}

static void draw_pointer(const struct testcard *card, void *out,
                         const struct testcard_pointer *pointer)
{
    struct ink black = ink_of(card->format, 0, 0, 0), white = ink_of(card->format, 255, 255, 255);
    struct ink red = ink_of(card->format, 230, 30, 60);
    /* fmin and fmax map a NaN to an edge too. */
    int x = (int)(fmin(fmax((double)pointer->x, 0), 1) * (card->width - 1) + 0.5);
    int y = (int)(fmin(fmax((double)pointer->y, 0), 1) * (card->height - 1) + 0.5);
    int arm = card->height / 24 < 4 ? 4 : card->height / 24, thick = arm / 8;
    if (pointer->held) {
        fill_disc(card, out, x + 0.5, y + 0.5, arm * 0.75, &white);
        fill_disc(card, out, x + 0.5, y + 0.5, arm * 0.65, &red);
    }
    fill(card, out, x - arm - 1, y - thick - 1, 2 * arm + 3, 2 * thick + 3, &black);
    fill(card, out, x - thick - 1, y - arm - 1, 2 * thick + 3, 2 * arm + 3, &black);
    fill(card, out, x - arm, y - thick, 2 * arm + 1, 2 * thick + 1, &white);
    fill(card, out, x - thick, y - arm, 2 * thick + 1, 2 * arm + 1, &white);
}

void testcard_draw(const struct testcard *card, uint32_t number,
                   const struct testcard_pointer *pointer, void *out)
{
    memcpy(out, card->still, card->planes.bytes);
    draw_motion(card, out, number);
    draw_digits(card, out, number);
    if (pointer->shown)
        draw_pointer(card, out, pointer);
    draw_codes(card, out, number);
}

static void blend(uint8_t rgb[3], const double over[3], double alpha)
{
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)(rgb[i] * (1 - alpha) + over[i] * alpha + 0.5);
}

/* One pixel of the parts that do not move. */
static void still_pixel(const struct testcard *card, int x, int y, uint8_t rgb[3])
{
    double u = (x + 0.5) / card->width, v = (y + 0.5) / card->height;
    int grid = card->height / 18 < 4 ? 4 : card->height / 18;
    bool line = x % grid == 0 || y % grid == 0;
    double ground[3] = {22 + 26 * v, 26 + 30 * v, 38 + 40 * v};
    double light[3] = {235, 240, 250};
    blend(rgb, ground, 1);
    if (line)
        blend(rgb, light, 0.12);

    double across = (u - 0.08) / 0.84;
    if (across >= 0 && across < 1 && v > 0.12 && v < 0.36) { /* bars, from white to black */
        int bar = 7 - (int)(across * 8);
        double colour[3] = {bar & 2 ? 191 : 0, bar & 4 ? 191 : 0, bar & 1 ? 191 : 0};
        blend(rgb, colour, 1);
    } else if (across >= 0 && across < 1 && v >= 0.36 && v < 0.42) { /* all hues */
        double colour[3];
        for (int i = 0; i < 3; i++) {
            double h = fmod(across * 6 + (i == 0 ? 0 : i == 1 ? 4 : 2), 6);
            colour[i] = 255 * fmin(fmax(fabs(h - 3) - 1, 0), 1);
        }
        blend(rgb, colour, 1);
    } else if (across >= 0 && across < 1 && v >= 0.6 && v < 0.65) { /* gray in 11 steps */
        double step = 25.5 * (int)(across * 11), colour[3] = {step, step, step};
        blend(rgb, colour, 1);
    } else if (across >= 0 && across < 1 && v >= 0.65 && v < 0.7) { /* smooth gray */
        double colour[3] = {255 * across, 255 * across, 255 * across};
        blend(rgb, colour, 1);
    }

    double from = hypot(x + 0.5 - card->width / 2.0, y + 0.5 - card->height / 2.0);
    double off = fabs(from - card->height * 0.46), thick = 0.5 + card->height / 720.0;
    if (off < thick + 1) /* a circle, to show the aspect ratio */
        blend(rgb, light, 0.7 * fmin(1, thick + 1 - off));
    if (x == 0 || y == 0 || x == card->width - 1 ||
        y == card->height - 1) /* a border, to show cropping */
        blend(rgb, light, 1);
}

static void put_packed_row(const struct testcard *card, int y, const uint8_t *rgb)
{
    uint8_t *p = plane_row(card, card->still, 0, y);
    size_t step = pixfmt_channels(card->format);
    for (int x = 0; x < card->width; x++, rgb += 3, p += step) {
        uint8_t sample[3][4];
        put_samples(card->format, rgb, sample);
        memcpy(p, sample[0], step);
    }
}

/* Chroma is the mean of the pixels that share it. work: room for 2 rows of samples; sums: chroma
 * carried over from the row before. */
static void put_yuv_row(const struct testcard *card, int y, const uint8_t *rgb, uint8_t *work,
                        uint32_t *sums)
{
    const struct pixfmt_plane *luma = &card->planes.plane[0], *chroma = &card->planes.plane[1];
    int across = chroma->width < luma->width, down = chroma->height < luma->height;
    pixfmt_ycc_row(rgb, luma->width, plane_row(card, card->still, 0, y), work, work + luma->width);
    for (int i = 0; i < 2; i++) {
        uint32_t *sum = sums + (size_t)i * 2 * luma->width, *pixels = sum + luma->width;
        for (uint32_t x = 0; x < luma->width; x++) {
            sum[x >> across] += work[i * luma->width + x];
            pixels[x >> across]++;
        }
        if (down && y % 2 == 0 && y + 1 < card->height)
            continue;
        uint8_t *out = plane_row(card, card->still, 1 + i, y >> down);
        for (uint32_t x = 0; x < chroma->width; x++)
            out[x] = (uint8_t)((sum[x] + pixels[x] / 2) / pixels[x]);
        memset(sum, 0, 2 * luma->width * sizeof *sum);
    }
}

/* A dark margin around each code. */
static void put_margins(const struct testcard *card)
{
    struct ink black = ink_of(card->format, 0, 0, 0);
    struct code_place at;
    for (int i = 0; i < TESTCARD_CODES && code_place(card->width, card->height, i, &at); i++)
        fill(card, card->still, at.x - at.cell, at.y - at.cell, (CODE_COLUMNS + 2) * at.cell,
             (CODE_ROWS + 2) * at.cell, &black);
}

struct testcard *testcard_new(uint32_t width, uint32_t height, uint32_t format, uint32_t flags)
{
    struct testcard *card = calloc(1, sizeof *card);
    uint8_t *row = NULL;
    uint32_t *sums = NULL;
    if (!card)
        return NULL;
    if (!pixfmt_is_image(format) || !pixfmt_plan(format, width, height, &card->planes)) {
        errno = EINVAL;
        goto out;
    }
    card->format = format;
    card->flags = flags & PIXFMT_BOTTOM_UP;
    card->width = (int)width;
    card->height = (int)height;
    card->still = malloc(card->planes.bytes);
    row = malloc((size_t)width * 5);
    sums = calloc((size_t)width * 4, sizeof *sums);
    if (!card->still || !row || !sums)
        goto out;
    for (int y = 0; y < card->height; y++) {
        for (int x = 0; x < card->width; x++)
            still_pixel(card, x, y, row + 3 * (size_t)x);
        if (card->planes.count == 3)
            put_yuv_row(card, y, row, row + 3 * (size_t)width, sums);
        else
            put_packed_row(card, y, row);
    }
    put_margins(card);
    free(row);
    free(sums);
    return card;
out:
    free(row);
    free(sums);
    testcard_free(card);
    return NULL;
}

void testcard_free(struct testcard *card)
{
    if (!card)
        return;
    int err = errno;
    free(card->still);
    free(card);
    errno = err;
}

const struct pixfmt_planes *testcard_planes(const struct testcard *card)
{
    return &card->planes;
}
