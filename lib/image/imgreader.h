/*
 * Reads images from a descriptor: raw frames, YUV4MPEG2, or concatenated PNM/PAM, detected by the
 * first bytes. Images in a pixel format of streams are read directly into the caller's memory;
 * others are converted row by row. JPEGs are left to a jpegreader; other encoded input (PNG, AVI,
 * …) is refused.
 */
#ifndef SHMCAST_IMGREADER_H
#define SHMCAST_IMGREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/imghead.h"

struct imgreader;
struct jpegreader;

struct imgreader_spec {
    uint32_t width, height; /* of raw frames */
    uint32_t format;        /* of raw frames: enum pixfmt, or one of imgreader_format */
    size_t stride;          /* bytes per row of the first plane of raw frames; 0: no padding */
    uint32_t flags;         /* PIXFMT_BOTTOM_UP for all images; PIXFMT_LIMITED for raw yuv frames */
    uint32_t aspect_num, aspect_den; /* of raw frames */
    uint8_t matrix;                  /* of raw frames, and of YUV4MPEG2 without one in its header */
    uint8_t alpha;                   /* of raw frames */
    bool raw;                        /* all input but YUV4MPEG2 is raw: size or format were given */
};

enum { IMGREADER_JPEG = 2 };

/* A format of raw frames by its name: enum pixfmt, or nv12, nv21, yuyv422, uyvy422, which are
 * converted to yuv420p and yuv422p. 0 if there is none of that name. */
uint32_t imgreader_format(const char *name);

/* All names, comma-separated, for messages. Static storage. */
const char *imgreader_formats(void);

/* If fd is a pipe, sets its largest size. NULL with ENOMEM, or EINVAL (no such raw format, size or
 * stride). The caller ends with imgreader_close. */
struct imgreader *imgreader_open(int fd, const struct imgreader_spec *spec);
void imgreader_close(struct imgreader *in); /* the descriptor stays open */

/*
 * Reads the next image's header; waits until the image has begun to arrive, so that the caller
 * needs no slot for it before. 1; IMGREADER_JPEG: the input is JPEGs, which imgreader_jpegs reads
 * from now on; 0: end of input; -1 with errno: EINTR (a signal), EILSEQ
 * (malformed, encoded), ENODATA (truncated), ENOMEM, or that of read(2); imgreader_why has the
 * details. Reading cannot continue after -1.
 */
int imgreader_next(struct imgreader *in, struct imgreader_head *head);

/* Keeps the padding of raw frames, which saves the conversion, if such a frame fits in room bytes:
 * changes head's bytes and strides. To be called for each frame before imgreader_data. */
void imgreader_pad(struct imgreader *in, size_t room, struct imgreader_head *head);

/* Then reads its head.bytes of data; skips them if data is NULL. 0, or -1 as above; ENODATA for a
 * truncated image. */
int imgreader_data(struct imgreader *in, void *data);

/* The reader of an input of JPEGs, from the first one on. Lives as long as in. */
struct jpegreader *imgreader_jpegs(struct imgreader *in);

/* One line about the last -1, such as "cut off: got 12 of 6220800 bytes of frame 3", or about an
 * end of input without any image. */
const char *imgreader_why(const struct imgreader *in);

#endif
