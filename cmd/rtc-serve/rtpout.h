/* Plain RTP to one destination, such as an SFU. RTCP goes to the next port and comes from there:
 * keyframe requests and receiver reports. */
#ifndef RTPOUT_H
#define RTPOUT_H

#include "fanout.h"
#include "loopthread.h"

struct rtpout;

struct rtpout_options {
    const char *host; /* need not outlive the call */
    int port;
    uint32_t ssrc;
    struct bitrate_range bitrate;
    struct loopthread *thread; /* outlives it, like fanout */
    struct fanout *fanout;
};

/* Blocks while the host's name is resolved. NULL with errno: EADDRNOTAVAIL unknown host, or that of
 * socket or connect. */
struct rtpout *rtpout_new(const struct rtpout_options *options);
void rtpout_free(struct rtpout *out); /* on the transport thread; NULL is allowed */

#endif
