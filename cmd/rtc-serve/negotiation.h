/* The offer/answer exchange with webrtcbin (RFC 8829): set the remote description, create the
 * answer, set it as the local description. */
#ifndef NEGOTIATION_H
#define NEGOTIATION_H

#include <gst/gst.h>
#include <gst/sdp/gstsdpmessage.h>

enum negotiation_result {
    NEGOTIATION_STARTED, /* candidates are being gathered */
    NEGOTIATION_REFUSED, /* webrtcbin rejects the offer */
    NEGOTIATION_FAILED
};

/*
 * Starts the exchange. done is called once, on webrtcbin's thread, with a reference to user, and
 * release(user) after it, or without it when webrtcbin ends before. Takes remote.
 */
void negotiation_start(GstElement *webrtcbin, GstSDPMessage *remote,
                       void (*done)(void *user, enum negotiation_result result), void *user,
                       GDestroyNotify release);

#endif
