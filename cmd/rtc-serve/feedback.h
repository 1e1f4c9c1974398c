/*
 * The bitrate that a receiver's connection carries, estimated from the receiver's RTCP.
 *
 * REMB (draft-alvestrand-rmcat-remb) is the receiver's own estimate, derived from the growth of the
 * delays between packets. The estimate is at most little above what the receiver gets, so one well
 * above the rate sent means only that nothing more was sent. Loss (RFC 3550, section 6.4) reveals
 * congestion that REMB misses.
 */
#ifndef FEEDBACK_H
#define FEEDBACK_H

#include <gst/rtp/gstrtcpbuffer.h>
#include <stdint.h>

struct feedback;

/* kbit/s */
struct bitrate_range {
    uint32_t min, start, max;
};

/* ssrc: that of the stream sent. Ends with feedback_free. */
struct feedback *feedback_new(uint32_t ssrc, const struct bitrate_range *range);
void feedback_free(struct feedback *feedback);

/* Take the packets of a compound RTCP packet: first, the bytes sent to the receiver so far; then
 * each packet. One thread at a time. */
void feedback_begin(struct feedback *feedback, uint64_t sent);
void feedback_take(struct feedback *feedback, GstRTCPPacket *packet);

/* The estimate within the range, kbit/s. Any thread. */
uint32_t feedback_bitrate(const struct feedback *feedback);

#endif
