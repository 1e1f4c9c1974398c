#include "pace.h"

struct pace pace_of(double per_second)
{
    struct pace pace = {0, 0};
    if (per_second > 0)
        pace.period_ns = (uint64_t)(1e9 / per_second + 0.5);
    return pace;
}

uint64_t pace_next(struct pace *pace, uint64_t now)
{
    uint64_t next = pace->due_ns + pace->period_ns;
    if (!pace->due_ns || next + pace->period_ns < now)
        next = now;
    pace->due_ns = next;
    return next;
}
