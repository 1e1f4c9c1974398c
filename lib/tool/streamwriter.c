#include "tool/streamwriter.h"
#include "claim.h"
#include "stream.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int streamwriter_open(struct streamwriter *feed, const char *name, enum ring_channel channel)
{
    feed->name = name;
    feed->channel = channel;
    feed->opened++;
    feed->ring = NULL;
    feed->stream = stream_attach(name, STREAM_WRITE);
    if (feed->stream)
        feed->ring = ring_open_writer(feed->stream, channel);
    return feed->ring ? 0 : -1;
}

void streamwriter_close(struct streamwriter *feed)
{
    int err = errno;
    ring_close(feed->ring);
    stream_close(feed->stream);
    feed->ring = NULL;
    feed->stream = NULL;
    errno = err;
}

void *streamwriter_begin(struct streamwriter *feed)
{
    for (;;) {
        void *slot = ring_begin(feed->ring);
        if (slot || errno != ESTALE)
            return slot;
        streamwriter_close(feed);
        if (streamwriter_open(feed, feed->name, feed->channel)) {
            if (errno == ENOENT) /* superseded, and that one removed */
                errno = EIDRM;
            return NULL;
        }
    }
}

const char *streamwriter_problem(const struct streamwriter *feed, int err)
{
    static char line[96];
    struct claim_info who;
    unsigned claim = feed->channel == RING_FRAMES ? SHMFMT_CLAIM_FRAMES : SHMFMT_CLAIM_PACKETS;
    if (err != EBUSY || !feed->stream || claim_holder(feed->stream, claim, &who) != 1)
        return stream_problem(err);
    snprintf(line, sizeof line, "already written by pid %" PRIu32 " (%s)", who.pid, who.command);
    return line;
}
