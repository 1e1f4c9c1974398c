/* Encoded images and videos, by their first bytes, and how to decode them. */
#ifndef SHMCAST_IMGMAGIC_H
#define SHMCAST_IMGMAGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imgmagic {
    const char *name;  /* "GIF" */
    const char *input; /* ffmpeg's options to read it, "-f gif -i -"; from a file if it must seek;
                          NULL: jpegreader reads it */
};

/* Sets *found to what data begins, or to NULL. Returns false when more bytes could decide
 * otherwise. */
bool imgmagic_find(const uint8_t *data, size_t bytes, const struct imgmagic **found);

#endif
