/*
 * The structure of a JPEG, checked as its bytes arrive and without decoding: the marker segments,
 * their tables, and where the image ends. Accepted are whole baseline, extended and progressive
 * JPEGs with 8 bits per sample and sides of 1 … SHMFMT_SIDE_MAX.
 */
#ifndef SHMCAST_JPEGSCAN_H
#define SHMCAST_JPEGSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/jpegcomment.h"

enum jpegscan_state { JPEGSCAN_MORE, JPEGSCAN_WHOLE, JPEGSCAN_DAMAGED };

/* Starts zeroed, at a SOI. Offsets count from there. */
struct jpegscan {
    size_t at;      /* the next byte to check; of a whole JPEG its size */
    size_t last;    /* the last segment */
    size_t entropy; /* the first entropy-coded byte of the current scan; 0: between segments */

    uint32_t width, height;         /* 0: not known yet */
    size_t insert;                  /* the place for further segments: after SOI and APP0 */
    size_t comment, comment_bytes;  /* segment with a comment of shm-encode; 0: none */
    struct jpegcomment old;         /* that comment */
    const char *why;                /* of a damaged JPEG, for messages */
    unsigned components;            /* their number */
    uint8_t id[4], quantization[4]; /* of each component */
    unsigned scanned;               /* bit i: component i has a scan */
    unsigned scans;                 /* their number */
    unsigned tables[3];             /* bit i: table i is defined; quantization, DC, AC */
    bool progressive;
    bool no_huffman; /* uses Huffman tables without defining any: jpegscan_copy adds those of Annex
                        K.3 */
};

enum { JPEGSCAN_QUANTIZATION, JPEGSCAN_DC, JPEGSCAN_AC };

/*
 * Continues with the `have` bytes of the JPEG that have arrived so far. JPEGSCAN_DAMAGED: the next
 * JPEG begins at scan->at or later. With entropy set, bytes before scan->at are not read again.
 */
enum jpegscan_state jpegscan_more(struct jpegscan *scan, const uint8_t *jpeg, size_t have);

/* Number of bytes before scan->at that the caller may drop, as from a JPEG that is too large: they
 * no longer count in the offsets. */
size_t jpegscan_drop(struct jpegscan *scan);

/* Upper bound of jpegscan_copy's result. */
size_t jpegscan_bound(const struct jpegscan *scan, size_t comment_bytes);

/* Copies a whole JPEG with this comment in place of its own, and with Huffman tables. Returns its
 * size, or 0 if it is more than room. */
size_t jpegscan_copy(const struct jpegscan *scan, const uint8_t *jpeg, const char *comment,
                     size_t comment_bytes, uint8_t *out, size_t room);

#endif
