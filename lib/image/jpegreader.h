/*
 * Reads JPEGs from an input: one after the other, or as parts of multipart/x-mixed-replace. A JPEG
 * ends where its own structure does; all bytes between JPEGs are skipped.
 */
#ifndef SHMCAST_JPEGREADER_H
#define SHMCAST_JPEGREADER_H

#include "image/jpegscan.h"

struct imginput;

struct jpegreader {
    struct imginput *input;
    struct jpegscan scan; /* of the current JPEG */
    uint8_t *data;        /* read ahead */
    size_t room, at, end; /* size of data; unread part of it, from the current JPEG's SOI on */
    size_t dropped;       /* bytes of the current JPEG that are no longer in data */
    bool inside;          /* the current JPEG has begun */
};

enum jpegreader_result {
    JPEGREADER_END, /* of the input; with a message if it has no JPEG */
    JPEGREADER_JPEG,
    JPEGREADER_DAMAGED, /* scan.why has the reason */
    JPEGREADER_LARGE    /* far larger than most: not kept in memory */
};

/* Starts zeroed but for input. */
void jpegreader_free(struct jpegreader *reader);

/*
 * Waits for the next JPEG. JPEGREADER_JPEG: *jpeg points to its scan.at bytes until the next call.
 * most: the size up to which a JPEG is kept in memory in any case. -1 with errno and a message of
 * the input: EINTR (a signal), EILSEQ (no JPEG in the first 64 KiB), ENODATA (ends within a JPEG),
 * ENOMEM, or that of read(2).
 */
int jpegreader_next(struct jpegreader *reader, size_t most, const uint8_t **jpeg);

/* Size so far of the current JPEG. */
size_t jpegreader_bytes(const struct jpegreader *reader);

#endif
