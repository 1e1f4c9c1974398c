/* WebRTC offers in SDP, and answers to those of this side: parsed, checked, and reduced to the two
 * media sections in use, video and data channel. */
#ifndef OFFER_H
#define OFFER_H

#include <gst/sdp/gstsdpmessage.h>
#include <stdbool.h>
#include <stddef.h>

/* URIs of RTP header extensions. */
#define OFFER_PLAYOUT_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
#define OFFER_SEND_TIME     "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

struct offer {
    GstSDPMessage *sdp;                      /* as received */
    const char *codec;                       /* "VP8" or "H264" */
    int video, channel;                      /* indexes of media sections; channel -1: none */
    int transport;                           /* the one whose transport is used, first in BUNDLE */
    unsigned payload;                        /* RTP payload type of the video */
    int rtx;                                 /* payload type of retransmissions, or -1 */
    unsigned playout_delay_id, send_time_id; /* of header extensions; 0: not offered */
    int sctp_port;                           /* of the data channel */
    bool legacy_channel;                     /* offered as before RFC 8841: DTLS/SCTP 5000 */
};

/*
 * codec: "vp8" or "h264". NULL with *status and *why: 400 not valid, or 406 an offer that cannot be
 * answered. Ends with offer_free.
 */
struct offer *offer_read(const char *text, size_t bytes, const char *codec, int *status,
                         const char **why);
void offer_free(struct offer *offer); /* NULL is allowed */

/* An offer to receive all that this side can send, with a data channel or without. Its answer, with
 * setup "actpass", is this side's own offer. */
struct offer *offer_of_all(const char *codec, bool channel);

/* True if the video section offers this RTCP feedback (RFC 4585), such as "nack pli". */
bool offer_has_feedback(const struct offer *offer, const char *feedback);

/* The usable candidates (RFC 8839) of the transport, up to NULL; by g_malloc. */
char **offer_candidates(const struct offer *offer);

/* A media section, its mid, and an attribute of it or else of the session (NULL: neither). */
const GstSDPMedia *offer_section(const struct offer *offer, int section);
const char *offer_mid(const struct offer *offer, int section);
const char *offer_attribute(const struct offer *offer, int section, const char *key);

#endif
