/* Netpbm images: PBM, PGM and PPM (P1 … P6), and PAM (P7). */
#ifndef SHMCAST_PNM_H
#define SHMCAST_PNM_H

#include <stdbool.h>
#include "image/imgconvert.h"
#include "image/imghead.h"
#include "image/imginput.h"

/* Reads a header from its 'P' on. 1, or -1 with a message. */
int pnm_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c);

/* Reads the samples of an image in text, P1 … P3; skips them if data is NULL. 0, or -1 with a
 * message. */
int pnm_text(struct imginput *in, const struct imgreader_head *head, const struct imgconvert *c,
             uint8_t *data);

bool pnm_is_space(int c);

#endif
