/* The comment in every JPEG of a packet: numbers and times, as shmcast-web(7) describes. */
#ifndef SHMCAST_JPEGCOMMENT_H
#define SHMCAST_JPEGCOMMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JPEGCOMMENT_MAX = 224 };

struct jpegcomment {
    uint64_t sequence; /* number of the packet */
    uint64_t frame, event, captured_ns;
    uint64_t published_ns;
    uint32_t clock; /* identifies the machine whose CLOCK_MONOTONIC the times are; 0: unknown */
    uint32_t aspect_num, aspect_den; /* of a pixel, as in struct image */
};

/* The clock of a machine, from its boot id, as in shmfmt_header. Not 0. */
uint32_t jpegcomment_clock(const uint8_t boot_id[16]);

/* Writes the text, NUL-terminated. Returns its length. */
size_t jpegcomment_text(char out[JPEGCOMMENT_MAX], const struct jpegcomment *comment);

/* Parses the text of a COM segment. false: it is not such a comment. */
bool jpegcomment_parse(const void *text, size_t bytes, struct jpegcomment *out);

#endif
