/*
 * The video encoder: raw frames to RTP packets, in the caller's thread. Every packet of a frame is
 * out when the call returns; nothing is queued.
 */
#ifndef ENCODER_H
#define ENCODER_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>
#include "ring.h"

struct encoder;

struct encoded_frame {
    GPtrArray *packets; /* of GstBuffer, each with a 12-byte RTP header */
    bool keyframe;
    uint32_t rtp; /* RTP timestamp */
    uint64_t bytes;
};

/* codec: "vp8" or "h264". NULL when an element is missing. */
struct encoder *encoder_new(const char *codec, unsigned kbit, uint32_t ssrc);
void encoder_free(struct encoder *encoder); /* NULL is allowed */

void encoder_set_bitrate(struct encoder *encoder, unsigned kbit);

/*
 * Encodes one frame; out lives until the next call. now_ns must increase from call to call. 1; 0:
 * the encoder skipped the frame; -1: the frame cannot be encoded for its size or format. After -1
 * the encoder's state is undefined: free it.
 */
int encoder_encode(struct encoder *encoder, const struct ring_view *view, bool keyframe,
                   uint64_t now_ns, struct encoded_frame *out);

#endif
