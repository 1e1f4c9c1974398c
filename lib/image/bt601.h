/* Conversion of YUV of other matrices to BT.601, which JPEG and our video have. */
#ifndef SHMCAST_BT601_H
#define SHMCAST_BT601_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Additions to samples, in 1/512 of the chroma's distance from 128. */
struct bt601 {
    int16_t luma_cb, luma_cr, cb_cb, cb_cr, cr_cb, cr_cr;
};

/* Sets the conversion from a known matrix, of limited or full range. false: none is needed. */
bool bt601_from(struct bt601 *out, uint8_t matrix, bool limited);

/*
 * Converts one row of chroma samples, and before it the rows of `width` luma samples that it
 * belongs to. across: luma samples per chroma sample, 1 or 2; width is at most chroma * across.
 */
void bt601_rows(const struct bt601 *c, uint8_t *const luma[], unsigned rows, size_t width,
                uint8_t *cb, uint8_t *cr, size_t chroma, unsigned across);

#endif
