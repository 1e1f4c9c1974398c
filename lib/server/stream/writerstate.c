#include "writerstate.h"
#include <inttypes.h>
#include <stdio.h>
#include "claim.h"
#include "procstat.h"

static bool stopped(const struct claim_info *info)
{
    char pid[16];
    struct procstat process;
    snprintf(pid, sizeof pid, "%" PRIu32, info->pid);
    return info->pid_ns == procstat_pid_ns("self") && procstat_read(pid, &process) &&
           process.start_time == info->start_time && (process.state == 'T' || process.state == 't');
}

const char *writerstate(const struct stream *stream, enum ring_channel channel)
{
    struct claim_info info;
    unsigned claim = channel == RING_FRAMES ? SHMFMT_CLAIM_FRAMES : SHMFMT_CLAIM_PACKETS;
    if (claim_holder(stream, claim, &info) == 1)
        return stopped(&info) ? "stopped" : "live";
    struct ring_stats ring;
    ring_stats(stream, channel, &ring);
    return ring.published ? "gone" : NULL;
}
