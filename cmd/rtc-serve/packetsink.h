/*
 * A packet sink: one destination of the encoder's RTP packets (RFC 3550), a peer or plain RTP. Each
 * sink has its own sequence numbers, payload type, header extensions and retransmissions, and
 * shares the payload with the other sinks.
 */
#ifndef PACKETSINK_H
#define PACKETSINK_H

#include <stdbool.h>
#include <stdint.h>
#include "encoder.h"
#include "feedback.h"
#include "rtp.h"

struct packetsink;

struct packetsink_options {
    uint32_t ssrc;
    unsigned payload; /* RTP payload type */
    int rtx;          /* that of retransmissions (RFC 4588), with the next SSRC; -1: none */
    unsigned playout_delay_id, send_time_id; /* of header extensions; 0: without */
    struct bitrate_range bitrate;
    _Atomic uint32_t *word; /* a futex word, woken when a keyframe is wanted; outlives the sink */

    /* Send packets, at most PACKET_BATCH, which they may change. False: not all were sent. Never
     * block. */
    bool (*send)(void *user, struct packet *packets, unsigned count);
    void (*send_rtcp)(void *user, struct packet *packet);
    void *user;
};

struct packetsink_stats {
    uint64_t packets, bytes;
    uint64_t dropped; /* frames skipped, or not sent in full */
    uint64_t keyframe_requests;
};

struct packetsink *packetsink_new(const struct packetsink_options *options);
void packetsink_free(struct packetsink *sink); /* in no fanout any more; NULL is allowed */

/* --- the transport thread's --- */

/* Sends a frame, or skips it while the sink waits for a keyframe. */
void packetsink_push(struct packetsink *sink, const struct encoded_frame *frame);

/* The sink misses a frame. */
void packetsink_skip(struct packetsink *sink);

/* Takes an RTCP packet from the destination. */
void packetsink_take_rtcp(struct packetsink *sink, const uint8_t *data, size_t bytes);

/* Sends a report, once per second. */
void packetsink_report(struct packetsink *sink);

/* --- any thread's --- */

void packetsink_request_keyframe(struct packetsink *sink);
bool packetsink_wants_keyframe(const struct packetsink *sink);
uint32_t packetsink_bitrate(const struct packetsink *sink); /* kbit/s that the way carries */
void packetsink_add_stats(const struct packetsink *sink, struct packetsink_stats *total);

/* The CNAME of all sinks (RFC 7022), for SDP. */
const char *packetsink_cname(void);

#endif
