/* The answer to an offer (RFC 8829, RFC 3264), or this side's own offer: video that is sent, the
 * data channel, and every other section rejected in place. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdint.h>
#include "offer.h"

struct answer_transport {
    const char *user, *password; /* of ICE */
    char *const *candidates;     /* SDP values, up to NULL */
    const char *fingerprint;
    const char *setup; /* "active", "passive", or "actpass" in an offer */
    uint32_t ssrc;     /* of the video; retransmissions have the next one */
    const char *cname;
};

/* True if this side begins the DTLS handshake, after the peer's offer or answer. */
bool answer_is_dtls_client(const struct offer *offer);

/* The text of the answer; by g_malloc. */
char *answer_text(const struct offer *offer, const struct answer_transport *transport);

/* The candidates that are not among those known, as an SDP fragment for an offer of this side (RFC
 * 8840); by g_malloc. NULL: there are none. */
char *answer_fragment(const struct offer *own, const struct answer_transport *transport,
                      char *const *known);

#endif
