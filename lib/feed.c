#include "feed.h"
#include "claim.h"
#include "seg.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int feed_open(struct feed *feed, const char *name, enum ring_channel channel)
{
    feed->name = name;
    feed->channel = channel;
    feed->opened++;
    feed->ring = NULL;
    feed->seg = seg_attach(name, SEG_WRITE);
    if (feed->seg)
        feed->ring = ring_open_writer(feed->seg, channel);
    return feed->ring ? 0 : -1;
}

void feed_close(struct feed *feed)
{
    int err = errno;
    ring_close(feed->ring);
    seg_close(feed->seg);
    feed->ring = NULL;
    feed->seg = NULL;
    errno = err;
}

void *feed_begin(struct feed *feed)
{
    for (;;) {
        void *slot = ring_begin(feed->ring);
        if (slot || errno != ESTALE)
            return slot;
        feed_close(feed);
        if (feed_open(feed, feed->name, feed->channel)) {
            if (errno == ENOENT) /* superseded, and that one removed */
                errno = EIDRM;
            return NULL;
        }
    }
}

const char *feed_problem(const struct feed *feed, int err)
{
    static char line[96];
    struct claim_info who;
    unsigned claim = feed->channel == RING_FRAMES ? LAYOUT_CLAIM_FRAMES : LAYOUT_CLAIM_PACKETS;
    if (err != EBUSY || !feed->seg || claim_holder(feed->seg, claim, &who) != 1)
        return seg_problem(err);
    snprintf(line, sizeof line, "already written by pid %" PRIu32 " (%s)", who.pid, who.command);
    return line;
}
