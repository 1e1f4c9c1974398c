/* The header of an image in the input, and the parts of it that formats have in common. */
#ifndef SHMCAST_IMGHEAD_H
#define SHMCAST_IMGHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imgreader_head {
    uint32_t width, height;
    uint32_t format; /* enum pixfmt */
    uint32_t flags;  /* PIXFMT_BOTTOM_UP, PIXFMT_LIMITED */
    uint64_t event;  /* number of the last event shown, from "event=N" in a comment; or 0 */
    size_t bytes;    /* of the image data */
    uint32_t aspect_width, aspect_height; /* of a pixel; 0: not specified */
};

struct imginput;

/* Parses a decimal number of at most max. */
bool imghead_number(const char *text, uint64_t max, uint64_t *out);

/* Parses a width or height; what: its name, for the message. 0, or -1 with a message. */
int imghead_side(struct imginput *in, const char *what, const char *text, uint32_t *out);

/* Sets the event from a word of a comment: key, such as "event=", and a number. */
void imghead_event(struct imgreader_head *head, const char *comment, const char *key);

/* Sets bytes from size and format. 0, or -1 with a message. */
int imghead_settle(struct imginput *in, struct imgreader_head *head);

#endif
