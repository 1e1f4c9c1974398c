/* The loop of shm-encode: from the frames of a stream to packets, or to stdout. */
#ifndef SHMCAST_ENCODER_H
#define SHMCAST_ENCODER_H

#include <stdbool.h>
#include <stdint.h>
#include "picture.h"
#include "tool/ratelimit.h"

struct encoder_options {
    const char *name;   /* of the stream with the frames */
    const char *target; /* name of the stream for the packets, NULL: stdout */
    struct picture_quality base, sharp;
    uint64_t still_ns; /* time without a change after which a picture is sharpened; 0: never */
    struct ratelimit rate;
    unsigned threads;
    bool always, skip_unchanged, verbose;
};

/* Runs until the stream is removed or a stop signal comes, or ends the program with a message.
 * Returns the exit code. */
int encoder_run(const struct encoder_options *options);

#endif
