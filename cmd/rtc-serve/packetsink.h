/*
 * A packet sink: one destination of the encoder's RTP packets (RFC 3550), a peer or plain RTP. Each
 * sink has its own sequence numbers, payload type and header extensions, and shares the payload
 * with the other sinks.
 */
#ifndef PACKETSINK_H
#define PACKETSINK_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>
#include "encoder.h"
#include "feedback.h"

struct packetsink;

struct packetsink_options {
    const char *codec; /* as in SDP: "VP8" or "H264"; need not outlive the call */
    uint32_t ssrc;
    unsigned payload;                        /* RTP payload type */
    unsigned playout_delay_id, send_time_id; /* of header extensions; 0: without */
    struct bitrate_range bitrate;
    _Atomic uint32_t *word; /* a futex word, woken when a keyframe is wanted; outlives the sink */
};

struct packetsink_stats {
    uint64_t packets, bytes;
    uint64_t dropped; /* frames skipped */
    uint64_t keyframe_requests;
};

/* Creates the sink and its GStreamer pipeline, which has only the source of the packets so far.
 * Ends with packetsink_free. */
struct packetsink *packetsink_new(const struct packetsink_options *options);

/* Stops the pipeline and drops the sink's reference to it. The sink is in no fanout by then. May be
 * called twice. */
void packetsink_stop(struct packetsink *sink);
void packetsink_free(struct packetsink *sink); /* stopped, or NULL */

/* Both live until packetsink_stop. The pipeline runs on the machine's clock and packets leave at
 * once. */
GstElement *packetsink_pipeline(const struct packetsink *sink);
GstElement *packetsink_source(const struct packetsink *sink);

/* Sends a frame, or skips it while the sink is congested or waits for a keyframe. Never blocks. One
 * thread at a time. */
void packetsink_push(struct packetsink *sink, const struct encoded_frame *frame);

/* Takes an RTCP packet from the destination; one thread at a time. */
void packetsink_take_rtcp(struct packetsink *sink, GstBuffer *rtcp);

/* Any thread. */
void packetsink_request_keyframe(struct packetsink *sink);
bool packetsink_wants_keyframe(const struct packetsink *sink);
uint32_t packetsink_bitrate(const struct packetsink *sink); /* kbit/s that the way carries */
void packetsink_add_stats(const struct packetsink *sink, struct packetsink_stats *total);

#endif
