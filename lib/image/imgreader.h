/*
 * Reads images from a descriptor: raw frames, YUV4MPEG2, or concatenated binary PNM/PAM, detected
 * by the first bytes. Reads directly into the caller's memory.
 */
#ifndef SHMCAST_IMGREADER_H
#define SHMCAST_IMGREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imgreader;

struct imgreader_spec {
    uint32_t width, height, format; /* of raw frames */
    uint32_t flags; /* PIXFMT_BOTTOM_UP for all images; PIXFMT_LIMITED for raw yuv frames */
    bool raw;       /* input that starts like PNM is raw: size or format were given */
};

struct imgreader_head {
    uint32_t width, height, format, flags;
    uint64_t event; /* number of the last event shown, from "event=N" in a comment; or 0 */
    size_t bytes;   /* of the image data */
};

/* If fd is a pipe, sets its largest size. NULL with ENOMEM, or EINVAL (no such raw format or size).
 * The caller ends with imgreader_close. */
struct imgreader *imgreader_open(int fd, const struct imgreader_spec *spec);
void imgreader_close(struct imgreader *in); /* the descriptor stays open */

/*
 * Reads the next image's header; waits until the image has begun to arrive, so that the caller
 * needs no slot for it before. 1; 0: end of input; -1 with errno: EINTR (a signal), EILSEQ
 * (malformed), ENODATA (truncated), or that of read(2); imgreader_why has the details. Reading
 * cannot continue after -1.
 */
int imgreader_next(struct imgreader *in, struct imgreader_head *head);

/* Then reads its head.bytes of data; skips them if data is NULL. 0, or -1 as above; ENODATA for a
 * truncated image. */
int imgreader_data(struct imgreader *in, void *data);

/* One line about the last -1, such as "cut off: got 12 of 6220800 bytes of frame 3". */
const char *imgreader_why(const struct imgreader *in);

#endif
