/*
 * A test card: colour bars, ramps, moving parts, and its number in three places as black and white
 * cells that testcard_read decodes. A torn frame has different numbers.
 */
#ifndef SHMCAST_TESTCARD_H
#define SHMCAST_TESTCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pixfmt.h"

enum {
    TESTCARD_CODES = 3,      /* number of places: top, middle, bottom */
    TESTCARD_WIDTH_MIN = 96, /* smaller cards have no code */
    TESTCARD_HEIGHT_MIN = 24
};

struct testcard;

struct testcard_pointer {
    bool shown, held;
    float x, y; /* 0 … 1 from the top left; clipped to the edge */
};

/* flags: PIXFMT_BOTTOM_UP; yuv is full-range. NULL with ENOMEM, or EINVAL (size or format). The
 * caller ends with testcard_free. */
struct testcard *testcard_new(uint32_t width, uint32_t height, uint32_t format, uint32_t flags);
void testcard_free(struct testcard *card); /* NULL is allowed */

const struct pixfmt_planes *testcard_planes(const struct testcard *card);

/* Draws the whole card, testcard_planes(card)->bytes. */
void testcard_draw(const struct testcard *card, uint32_t number,
                   const struct testcard_pointer *pointer, void *out);

/*
 * Reads the numbers in an image, numbers[0] the topmost; planes: pixfmt_plan of it. row: width * 3
 * bytes of work space. Returns a mask: bit i is set if numbers[i] is readable.
 */
unsigned testcard_read(const struct image *image, const struct pixfmt_planes *planes, uint8_t *row,
                       uint32_t numbers[TESTCARD_CODES]);

#endif
