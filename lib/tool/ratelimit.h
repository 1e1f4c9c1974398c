/* Caps the rate of images by absolute times; late images build no backlog. */
#ifndef SHMCAST_RATELIMIT_H
#define SHMCAST_RATELIMIT_H

#include <stdint.h>

struct ratelimit {
    uint64_t period_ns; /* 0: no limit */
    uint64_t due_ns;    /* CLOCK_MONOTONIC, when the last image was due; 0 before the first */
};

/* per_second 0: no limit. */
struct ratelimit ratelimit_per_second(double per_second);

/*
 * The time when the next image is due: one period after the last; now if it is the first, or more
 * than a period late. A time up to now requires no wait.
 */
uint64_t ratelimit_next(struct ratelimit *limit, uint64_t now);

#endif
