/*
 * Pictures in, RTP packets out, in the caller's thread: what goes in has come out when the call
 * returns, so nothing ever waits in between.
 */
#ifndef ENCODER_H
#define ENCODER_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>
#include "ring.h"

struct encoder;

/* A picture as packets. */
struct coded {
    GPtrArray *packets; /* of GstBuffer; RTP's header is the first 12 bytes of each */
    bool keyframe;
    uint32_t rtp; /* timestamp */
    uint64_t bytes;
};

/* codec: "vp8" or "h264". NULL when an element is missing. */
struct encoder *encoder_new(const char *codec, unsigned kbit, uint32_t ssrc);
void encoder_free(struct encoder *encoder); /* NULL is allowed */

void encoder_bitrate(struct encoder *encoder, unsigned kbit);

/*
 * Encodes one picture; out lives until the next call. now_ns: rises from call to call. 1; 0: the
 * encoder leaves this one out; -1: it can't be encoded, for its size or format; another one may.
 */
int encoder_picture(struct encoder *encoder, const struct ring_view *view, bool keyframe,
                    uint64_t now_ns, struct coded *out);

#endif
