/* So many pictures a second and no more, by absolute times: what comes late isn't added up. */
#ifndef SHMCAST_RATELIMIT_H
#define SHMCAST_RATELIMIT_H

#include <stdint.h>

struct ratelimit {
    uint64_t period_ns; /* 0: no limit */
    uint64_t due_ns;    /* CLOCK_MONOTONIC, of the last picture; 0 before the first */
};

/* per_second > 0; 0: no limit. */
struct ratelimit ratelimit_per_second(double per_second);

/*
 * When the next picture is due: a period after the last one; at once when it is the first, or more
 * than a period late. Not after now: needn't be waited for.
 */
uint64_t ratelimit_next(struct ratelimit *pace, uint64_t now);

#endif
