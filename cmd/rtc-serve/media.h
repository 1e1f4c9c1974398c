/*
 * A stream over WebRTC: its frames, one encoder, all of its peers. GStreamer stands behind this and
 * nowhere else.
 *
 * Every call is made on the server's one thread, and every call back comes on it, from
 * media_dispatch. What works beside it are threads of our own and GStreamer's: they have no signals
 * but SIGBUS.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stddef.h>
#include <stdint.h>

struct media;
struct media_peer;

enum {
    MEDIA_OFFER_BYTES = 1 << 16,  /* longest offer that is read */
    MEDIA_MESSAGE_BYTES = 1 << 16 /* longest message of a peer; a longer one ends it */
};

/* All strings must live as long as the media. */
struct media_options {
    const char *codec;                          /* "vp8" or "h264" */
    unsigned bitrate_min, bitrate, bitrate_max; /* kbit/s, each at least 1 */
    const char *stun;                           /* stun://HOST:PORT, or NULL */
    const char *turn;                           /* turn://USER:PASSWORD@HOST:PORT, or NULL */
    const char *rtp_host;                       /* where it goes as plain RTP too, or NULL */
    int rtp_port;                               /* RTCP is the port after it */
    void (*wake)(void *arg);                    /* from any thread: call media_dispatch soon */
    void *wake_arg;
};

/*
 * user is that of media_offer. After refused and closed the peer is gone, as after
 * media_peer_close: nothing more is called for it.
 */
struct media_calls {
    /* With all candidates in it. */
    void (*answer)(void *user, const char *sdp);
    /* Instead of an answer: 404 the stream is gone, 406 nothing in the offer that can be answered,
     * 500 a failure of ours. */
    void (*refused)(void *user, int http_status, const char *why);
    void (*connected)(void *user); /* once; media can flow */
    void (*open)(void *user);      /* its data channel is open */
    void (*message)(void *user, const char *text, size_t bytes);
    /* A frame is on its way: its number in the stream, the last event that it shows (0: not told),
     * when it was captured (CLOCK_MONOTONIC), and its RTP timestamp. Only for who has a channel. */
    void (*frame)(void *user, uint64_t number, uint64_t event, uint64_t captured_ns, uint32_t rtp);
    void (*closed)(void *user, const char *why);
};

struct media_numbers {
    unsigned peers;                      /* connected ones */
    unsigned bitrate;                    /* kbit/s that the encoder is told */
    uint32_t width, height;              /* of the last picture; 0 before it */
    uint64_t pictures, keyframes, bytes; /* that the encoder made */
    uint64_t packets, packet_bytes;      /* that went to peers, without what RTP and below adds */
    uint64_t left_out;                   /* pictures that a peer was behind with */
    uint64_t asked;                      /* times that peers asked for a keyframe */
};

/*
 * What of GStreamer isn't installed and is needed for this codec: a line to print, which lives in
 * static storage; or NULL.
 */
const char *media_missing(const char *codec);

/* calls and what options point to must outlive it. NULL with errno: EINVAL bad options, ENOPKG
 * media_missing, EADDRNOTAVAIL no such rtp_host, or no sockets or threads. Ends with media_close.
 */
struct media *media_open(const char *stream, const struct media_options *options,
                         const struct media_calls *calls);

/* Ends all peers, with no call back. NULL is allowed. */
void media_close(struct media *media);

/* Answers an offer, later. NULL: EINVAL, that is no offer; ENOMEM. */
struct media_peer *media_offer(struct media *media, const char *sdp, size_t bytes, void *user);

/* Ends it, with no call back. Never blocks. */
void media_peer_close(struct media_peer *peer);

/* Text over the data channel, in order. 0; -1: EAGAIN when it isn't open, or too much of what was
 * sent before hasn't left; EMSGSIZE. */
int media_send(struct media_peer *peer, const char *text, size_t bytes);

/* Everything that is to be called back now. */
void media_dispatch(struct media *media);

void media_numbers(struct media *media, struct media_numbers *out);

#endif
