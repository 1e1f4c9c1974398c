/* The writing end of one channel of a stream by name: a ring that follows shm-create --replace. */
#ifndef SHMCAST_STREAMWRITER_H
#define SHMCAST_STREAMWRITER_H

#include "ring.h"

struct streamwriter {
    const char *name;
    enum ring_channel channel;
    struct stream *stream;
    struct ring *ring;
    unsigned opened; /* times it was: with each the pictures so far are gone */
};

/*
 * Attaches the stream and takes the channel's claim. 0, or -1 with stream_attach's or
 * ring_open_writer's errno. The caller ends with streamwriter_close either way; errno survives
 * that.
 */
int streamwriter_open(struct streamwriter *feed, const char *name, enum ring_channel channel);
void streamwriter_close(struct streamwriter *feed);

/* As ring_begin, but on a stream that was superseded it goes on in the new one. NULL: EAGAIN, EIDRM
 * (removed), or streamwriter_open's errno. */
void *streamwriter_begin(struct streamwriter *feed);

/* One line for an errno of these, which names the other writer for EBUSY. Lives in static storage.
 */
const char *streamwriter_problem(const struct streamwriter *feed, int err);

#endif
