/*
 * The WebRTC pipeline of one stream: its frames, one encoder, all its peers. The server's side
 * includes this header only, which hides GStreamer and the transport.
 *
 * The server's thread makes every call and receives every callback, from pipeline_dispatch. Our
 * own threads and GStreamer's block all signals but SIGBUS.
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ice.h"
#include "sentframe.h"

struct pipeline;
struct pipeline_peer;

enum {
    PIPELINE_OFFER_BYTES = 1 << 16 /* longest offer accepted */
};

/* Strings must outlive the pipeline. */
struct pipeline_options {
    const char *codec;                          /* "vp8" or "h264" */
    unsigned bitrate_min, bitrate, bitrate_max; /* kbit/s, each at least 1 */
    const struct iceserver *servers;            /* up to one without a host; outlive it */
    const char *rtp_host;                       /* destination of plain RTP, or NULL */
    int rtp_port;                               /* RTCP uses rtp_port + 1 */
    unsigned reserved_descriptors;              /* left to the rest of the process */
    void (*notify)(void *arg); /* requests pipeline_dispatch soon; called on any thread */
    void *notify_arg;
};

/* user is the argument of pipeline_offer or pipeline_propose. After refused or closed, and after
 * pipeline_peer_close, the peer is gone and receives no further callback. */
struct pipeline_ops {
    /* Our complete answer or offer, all candidates included. */
    void (*local)(void *user, const char *sdp);
    /* An SDP fragment with further candidates, which the peer wants; or NULL: not interested. */
    void (*candidates)(void *user, const char *sdp);
    /* No answer: 404 the stream is gone, 406 the offer has nothing to answer, 500 our failure, 503
     * too few descriptors or threads, or too little memory. */
    void (*refused)(void *user, int http_status, const char *why);
    void (*connected)(void *user); /* called once, when media can flow */
    void (*open)(void *user);      /* the data channel is open */
    void (*message)(void *user, const char *text, size_t bytes);
    /* A frame was sent. Only for peers with an open data channel. */
    void (*frame)(void *user, const struct sent_frame *frame);
    void (*closed)(void *user, const char *why);
};

struct pipeline_stats {
    unsigned peers;                    /* connected peers */
    unsigned bitrate;                  /* the encoder's target, kbit/s */
    uint32_t width, height;            /* of the last frame; 0 before the first */
    uint64_t frames, keyframes, bytes; /* encoder output */
    uint64_t packets, packet_bytes;    /* sent to peers, without RTP overhead below the payload */
    uint64_t dropped;                  /* frames skipped by slow peers */
    uint64_t keyframe_requests;        /* received from peers */
};

/* The first GStreamer element that this codec needs and that is not installed: a line to print,
 * in static storage; or NULL. */
const char *pipeline_missing(const char *codec);

/* The options' strings must outlive it. NULL with errno: EINVAL invalid options, ENOPKG
 * pipeline_missing, EADDRNOTAVAIL unknown rtp_host, or a failure to get sockets or threads. The
 * caller ends with pipeline_close. */
struct pipeline *pipeline_open(const char *stream, const struct pipeline_options *options);

/* Descriptors that a peer uses at most. */
unsigned pipeline_peer_descriptors(void);

/* Ends all peers without callbacks. NULL is allowed. */
void pipeline_close(struct pipeline *pipeline);

/* Answers an offer later, through ops. NULL: EINVAL, not an offer; ENOMEM. */
struct pipeline_peer *pipeline_offer(struct pipeline *pipeline, const char *sdp, size_t bytes,
                                     const struct pipeline_ops *ops, void *user);

/* Makes an offer, through ops; channel: with a data channel. */
struct pipeline_peer *pipeline_propose(struct pipeline *pipeline, bool channel,
                                       const struct pipeline_ops *ops, void *user);

/* The answer to that offer, and servers to use as well (taken; NULL: none). 0, or -1 with *why: it
 * is none, and the peer goes on waiting. */
int pipeline_accept(struct pipeline_peer *peer, const char *sdp, size_t bytes,
                    struct iceserver *servers, const char **why);

/* Ends the peer without a callback. Never blocks. */
void pipeline_peer_close(struct pipeline_peer *peer);

/* Sends text over the data channel, in order. 0, or -1 with errno: EAGAIN, the channel is not open
 * or its buffer is full; EMSGSIZE. */
int pipeline_send(struct pipeline_peer *peer, const char *text, size_t bytes);

/* Makes all pending callbacks. */
void pipeline_dispatch(struct pipeline *pipeline);

void pipeline_stats(struct pipeline *pipeline, struct pipeline_stats *out);

#endif
