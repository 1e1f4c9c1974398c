/*
 * Pictures from a descriptor: raw frames, YUV4MPEG2, or binary PNM/PAM one after the other, told
 * apart by their first bytes. Reads straight into the caller's memory; holds no whole picture.
 */
#ifndef SHMCAST_IMGREADER_H
#define SHMCAST_IMGREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imgreader;

struct imgreader_spec {
    uint32_t width, height, format; /* of raw frames */
    uint32_t flags; /* PIXFMT_BOTTOM_UP: of all pictures; PIXFMT_LIMITED: of raw yuv frames */
    bool raw;       /* size or format were given: input that starts like PNM is raw */
};

struct imgreader_head {
    uint32_t width, height, format, flags;
    uint64_t event; /* number of the last event that it shows, from "event=N" in a comment; or 0 */
    size_t bytes;
};

/* Raises the pipe fd to its largest size. NULL with ENOMEM, or EINVAL (no such raw picture). The
 * caller ends with imgreader_close. */
struct imgreader *imgreader_open(int fd, const struct imgreader_spec *spec);
void imgreader_close(struct imgreader *in); /* the descriptor stays open */

/*
 * The next picture's head. 1; 0 at a clean end; -1 with errno: EINTR (a signal), EILSEQ (not what
 * it should be), ENODATA (cut off), or read(2)'s own; imgreader_why tells. None of them can be gone
 * on from. Waits until the picture has begun to come, so that nobody need hold a slot for it
 * before.
 */
int imgreader_next(struct imgreader *in, struct imgreader_head *head);

/* Then its head.bytes of data, into data; or away, with data NULL. 0, or -1 as above. A cut-off
 * picture: ENODATA. */
int imgreader_data(struct imgreader *in, void *data);

/* One line about the last -1, with byte counts ("cut off: got 12 of 6220800 bytes of frame 3"). */
const char *imgreader_why(const struct imgreader *in);

#endif
