#include "tool/ratelimit.h"

struct ratelimit ratelimit_per_second(double per_second)
{
    struct ratelimit pace = {0, 0};
    if (per_second > 0)
        pace.period_ns = (uint64_t)(1e9 / per_second + 0.5);
    return pace;
}

uint64_t ratelimit_next(struct ratelimit *pace, uint64_t now)
{
    uint64_t next = pace->due_ns + pace->period_ns;
    if (!pace->due_ns || next + pace->period_ns < now)
        next = now;
    pace->due_ns = next;
    return next;
}
