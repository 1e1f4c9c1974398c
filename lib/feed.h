/* The writing end of one channel of a stream by name: a ring that follows shm-create --replace. */
#ifndef SHMCAST_FEED_H
#define SHMCAST_FEED_H

#include "ring.h"

struct feed {
    const char *name;
    enum ring_channel channel;
    struct seg *seg;
    struct ring *ring;
    unsigned opened; /* times it was: with each the pictures so far are gone */
};

/*
 * Attaches the stream and takes the channel's claim. 0, or -1 with seg_attach's or
 * ring_open_writer's errno. The caller ends with feed_close either way; errno survives that.
 */
int feed_open(struct feed *feed, const char *name, enum ring_channel channel);
void feed_close(struct feed *feed);

/* As ring_begin, but on a stream that was superseded it goes on in the new one. NULL: EAGAIN, EIDRM
 * (removed), or feed_open's errno. */
void *feed_begin(struct feed *feed);

/* One line for an errno of these, which names the other writer for EBUSY. Lives in static storage.
 */
const char *feed_problem(const struct feed *feed, int err);

#endif
