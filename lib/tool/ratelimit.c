#include "tool/ratelimit.h"

struct ratelimit ratelimit_per_second(double per_second)
{
    struct ratelimit limit = {0, 0};
    if (per_second > 0)
        limit.period_ns = (uint64_t)(1e9 / per_second + 0.5);
    return limit;
}

uint64_t ratelimit_next(struct ratelimit *limit, uint64_t now)
{
    uint64_t next = limit->due_ns + limit->period_ns;
    if (!limit->due_ns || next + limit->period_ns < now)
        next = now;
    limit->due_ns = next;
    return next;
}
