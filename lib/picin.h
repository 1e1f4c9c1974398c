/*
 * Pictures from a descriptor: raw frames, YUV4MPEG2, or binary PNM/PAM one after the other, told
 * apart by their first bytes. Reads straight into the caller's memory; holds no whole picture.
 */
#ifndef SHMCAST_PICIN_H
#define SHMCAST_PICIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct picin;

struct picin_spec {
    uint32_t width, height, format; /* of raw frames */
    uint32_t flags; /* PIX_BOTTOM_UP: of all pictures; PIX_LIMITED: of raw yuv frames */
    bool raw;       /* size or format were given: input that starts like PNM is raw */
};

struct picin_head {
    uint32_t width, height, format, flags;
    uint64_t event; /* number of the last event that it shows, from "event=N" in a comment; or 0 */
    size_t bytes;
};

/* Raises the pipe fd to its largest size. NULL with ENOMEM, or EINVAL (no such raw picture). The
 * caller ends with picin_close. */
struct picin *picin_open(int fd, const struct picin_spec *spec);
void picin_close(struct picin *in); /* the descriptor stays open */

/*
 * The next picture's head. 1; 0 at a clean end; -1 with errno: EINTR (a signal), EILSEQ (not what
 * it should be), ENODATA (cut off), or read(2)'s own; picin_why tells. None of them can be gone on
 * from. Waits until the picture has begun to come, so that nobody need hold a slot for it before.
 */
int picin_next(struct picin *in, struct picin_head *head);

/* Then its head.bytes of data, into data; or away, with data NULL. 0, or -1 as above. A cut-off
 * picture: ENODATA. */
int picin_data(struct picin *in, void *data);

/* One line about the last -1, with byte counts ("cut off: got 12 of 6220800 bytes of frame 3"). */
const char *picin_why(const struct picin *in);

#endif
