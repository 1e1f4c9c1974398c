/* The header of an image in the input, and the parts of it that formats have in common. */
#ifndef SHMCAST_IMGHEAD_H
#define SHMCAST_IMGHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pixfmt.h"

struct imgreader_head {
    struct image image; /* without data */
    uint64_t event;     /* number of the last event shown, from "event=N" in a comment; or 0 */
    size_t bytes;       /* of the image data */
};

struct imginput;

/* The image that this header and data describe. */
struct image imghead_image(const struct imgreader_head *head, const void *data);

/* Parses a ratio, "16:11", of numbers of 32 bits that are not 0. */
bool imghead_ratio(const char *text, uint32_t *num, uint32_t *den);

/* Sets the pixel aspect, in lowest terms and rounded to what a stream can have. Neither is 0. */
void imghead_aspect(struct image *image, uint32_t num, uint32_t den);

/* Parses a decimal number of at most max. */
bool imghead_number(const char *text, uint64_t max, uint64_t *out);

/* Parses a width or height; what: its name, for the message. 0, or -1 with a message. */
int imghead_side(struct imginput *in, const char *what, const char *text, uint32_t *out);

/* Sets the event from a word of a comment: key, such as "event=", and a number. */
void imghead_event(struct imgreader_head *head, const char *comment, const char *key);

/* Sets bytes from size and format. 0, or -1 with a message. */
int imghead_settle(struct imginput *in, struct imgreader_head *head);

#endif
