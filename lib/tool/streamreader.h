/*
 * The reading end of a stream by name: its rings and its event log, in whichever stream has the
 * name. After shm-create --replace the reader attaches the new stream.
 */
#ifndef SHMCAST_STREAMREADER_H
#define SHMCAST_STREAMREADER_H

#include "ring.h"

/* Parts of a stream to read, combined by |. */
enum {
    STREAMREADER_FRAMES = 1 << RING_FRAMES,
    STREAMREADER_PACKETS = 1 << RING_PACKETS,
    STREAMREADER_NETS = STREAMREADER_PACKETS | 1 << 2, /* packets that are networks, not JPEG */
    STREAMREADER_EVENTS = 1 << 3,                      /* needs no claim: nothing is pinned */
    STREAMREADER_WRITE = 1 << 4 /* the caller writes to the stream too: STREAM_WRITE */
};

enum { STREAMREADER_REPLACED = 2 };

/* Starts zeroed. */
struct streamreader {
    const char *name;
    unsigned parts;
    struct stream *stream; /* NULL: not attached */
    struct ring *rings[2]; /* by enum ring_channel; NULL: not among the parts */
    uint64_t seen[2];      /* number of the image last pinned in each ring, 0: none */
    uint64_t cursor;       /* in the event log */
    unsigned opened;       /* number of streams attached so far */
};

/*
 * Attaches the stream and opens its parts; the cursor is 0, the oldest event. 0, or -1 with the
 * errno of stream_attach or ring_open_reader. name must outlive the reader. The caller ends with
 * streamreader_close either way; errno survives that.
 */
int streamreader_open(struct streamreader *reader, const char *name, unsigned parts);
void streamreader_close(struct streamreader *reader); /* a zeroed or closed one is allowed */

/*
 * After a call on the stream or a ring has failed: on ESTALE closes it, attaches the stream that
 * has the name now, starts over there (seen and cursor are 0) and returns STREAMREADER_REPLACED.
 * If that is the same stream, because it could not be replaced after all, the cursor stays.
 * Otherwise -1 with errno: the one from before, EIDRM when the new stream was removed meanwhile, or
 * streamreader_open's.
 */
int streamreader_follow(struct streamreader *reader);

/* 0 while the stream lives; otherwise as streamreader_follow. */
int streamreader_check(struct streamreader *reader);

/* The newest image of a ring, pinned until the next call, if it is not the last one pinned. 1; 0:
 * none; STREAMREADER_REPLACED: look again; -1 as ring_pin. */
int streamreader_pin(struct streamreader *reader, enum ring_channel channel,
                     struct ring_view *view);

/* Reports images that ring_pin has skipped on stderr, when ring_unknown requires it. To be called
 * after each ring_pin; streamreader_pin does so itself. */
void streamreader_report(struct ring *ring, const char *name);

/* Sleeps until streamreader_pin has a new image. 1; 0 at the deadline (NULL: none);
 * STREAMREADER_REPLACED; -1 as ring_wait. */
int streamreader_wait(struct streamreader *reader, enum ring_channel channel,
                      const struct timespec *deadline);

#endif
