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

#include <gst/gst.h>
#include <stdint.h>

struct feedback;

/* kbit/s */
struct bitrate_range {
    uint32_t min, start, max;
};

/* ssrc: that of the stream sent. Ends with feedback_free. */
struct feedback *feedback_new(uint32_t ssrc, const struct bitrate_range *range);
void feedback_free(struct feedback *feedback);

/* Reads an RTCP packet. sent: bytes sent to the receiver so far. One thread at a time. */
void feedback_read(struct feedback *feedback, GstBuffer *rtcp, uint64_t sent);

/* The estimate within the range, kbit/s. Any thread. */
uint32_t feedback_bitrate(const struct feedback *feedback);

#endif
