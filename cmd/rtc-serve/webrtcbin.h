/* webrtcbin, GStreamer's peer connection, and the elements within it. */
#ifndef WEBRTCBIN_H
#define WEBRTCBIN_H

#include <gst/gst.h>
#include <stdbool.h>
#include "packetsink.h"

struct webrtcbin_options {
    const char *stun, *turn; /* URLs for GStreamer, or NULL */
    bool retransmit;         /* answer NACKs by RTX (RFC 4588) */
};

/* Adds a webrtcbin that only sends to the sink's pipeline, and links the sink's source to it. It
 * lives as long as the pipeline. NULL: they can't be linked. */
GstElement *webrtcbin_new(const struct packetsink *sink, const struct webrtcbin_options *options);

/* The rtpbin within it; the caller unrefs it. */
GstElement *webrtcbin_rtpbin(GstElement *webrtcbin);

/* Calls each(encoder, user) for every DTLS encoder within it. */
void webrtcbin_each_dtls(GstElement *webrtcbin, void (*each)(GObject *encoder, void *user),
                         void *user);

#endif
