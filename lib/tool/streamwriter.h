/*
 * The writing end of one channel of a stream by name. After shm-create --replace the writer
 * continues in the new stream.
 */
#ifndef SHMCAST_STREAMWRITER_H
#define SHMCAST_STREAMWRITER_H

#include "ring.h"

struct streamwriter {
    const char *name;
    enum ring_channel channel;
    struct stream *stream;
    struct ring *ring;
    bool borrowed;   /* by streamwriter_join: the stream is the caller's */
    unsigned opened; /* number of streams written to so far; images in earlier ones are gone */
};

/*
 * Attaches the stream and takes the channel's claim. 0, or -1 with the errno of stream_attach or
 * ring_open_writer. The struct starts zeroed; the caller ends with streamwriter_close either way;
 * errno survives that.
 */
int streamwriter_open(struct streamwriter *writer, const char *name, enum ring_channel channel);
void streamwriter_close(struct streamwriter *writer);

/* The same on a stream that the caller has attached for writing, which must outlive the writer. The
 * caller follows --replace: streamwriter_begin fails with ESTALE. */
int streamwriter_join(struct streamwriter *writer, struct stream *stream, const char *name,
                      enum ring_channel channel);

/* As ring_begin, but goes on in the new stream after the old one was superseded. NULL: EAGAIN,
 * EIDRM (removed), or the errno of streamwriter_open. */
void *streamwriter_begin(struct streamwriter *writer);

/* One line for an errno of these functions; for EBUSY it names the other writer. Static storage. */
const char *streamwriter_problem(const struct streamwriter *writer, int err);

#endif
