/*
 * Offers and answers (SDP). An offer is read here and checked; what webrtcbin gets is written anew
 * from what was understood, and holds nothing but the video and the data channel. The answer is
 * webrtcbin's, with everything else that was offered rejected in its place.
 */
#ifndef OFFER_H
#define OFFER_H

#include <gst/sdp/gstsdpmessage.h>
#include <stddef.h>

struct offer {
    GstSDPMessage *sdp;                      /* as it came */
    const char *codec;                       /* "VP8" or "H264" */
    int video, channel;                      /* m-lines; channel -1: none */
    unsigned payload;                        /* RTP payload type */
    int rtx;                                 /* that of retransmissions, or -1 */
    unsigned playout_delay_id, send_time_id; /* header extensions; 0: not offered */
};

/*
 * codec: "vp8" or "h264". NULL: *status is 400 for what is no offer, else 406, and *why says what
 * is wrong with it. Ends with offer_free.
 */
struct offer *offer_read(const char *text, size_t bytes, const char *codec, int *status,
                         const char **why);
void offer_free(struct offer *offer); /* NULL is allowed */

/* For webrtcbin; the caller frees it. */
GstSDPMessage *offer_remote(const struct offer *offer);

/* The answer, of webrtcbin's local description; by g_malloc. */
char *offer_answer(const struct offer *offer, const GstSDPMessage *local);

#endif
