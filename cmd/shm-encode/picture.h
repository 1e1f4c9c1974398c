/*
 * A stream's newest frame as a JPEG: as tiles of which only those that changed are encoded again,
 * or in full motion as a whole; and sharpened, when it does not change.
 */
#ifndef SHMCAST_PICTURE_H
#define SHMCAST_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "damage.h"
#include "image/jpeg.h"
#include "image/jpegcomment.h"
#include "tilechain.h"

enum picture_kind { PICTURE_BASE, PICTURE_SHARP, PICTURE_KINDS };

struct picture_quality {
    int quality;
    enum jpeg_sampling sampling;
};

/* Starts zeroed, but for jpeg, wanted and damage.always; the caller ends with picture_free. */
struct picture {
    struct jpeg *jpeg;
    struct picture_quality wanted[PICTURE_KINDS]; /* quality 0: no such pictures */
    int quality;        /* of base pictures from now on: as wanted, or less */
    int series_quality; /* of those in the chain */
    struct damage damage;
    bool tiled; /* there are chains for this frame; otherwise its base picture is encoded whole */
    struct tilechain chains[PICTURE_KINDS];
};

/* The place for a JPEG, and what became of it. */
struct picture_room {
    void *data;
    size_t bytes;
    size_t extra; /* size of the table after the JPEG, see ring_extra_at; 0: none */
    bool tables;  /* a table is wanted */
};

/* Looks at the frame that becomes packet `number`. 1: it differs from the one before, or may do so;
 * 0: it does not; -1 with errno as damage_look. */
int picture_look(struct picture *picture, const struct image *image, uint64_t number);

/* Whether the base picture of the frame looked at has been encoded since its last change. */
bool picture_current(const struct picture *picture);

/* Whether frames like the last one look better in sharpened pictures. */
bool picture_sharpens(const struct picture *picture);

/*
 * Encodes the frame looked at, as packet `number`. comment: all but the time of publication, which
 * is set. Returns the JPEG's size, or 0 with errno as jpeg_encode; ENOSPC: also without a table it
 * does not fit.
 */
size_t picture_encode(struct picture *picture, enum picture_kind kind, const struct image *image,
                      uint64_t number, struct jpegcomment *comment, struct picture_room *room);

void picture_forget(struct picture *picture); /* the next frame has all to be encoded */
void picture_free(struct picture *picture);

#endif
