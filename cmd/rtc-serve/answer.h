/* The answer to an offer (RFC 8829, RFC 3264): video that is sent, the data channel, and every
 * other section rejected in place. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdint.h>
#include "offer.h"

struct answer_transport {
    const char *user, *password; /* of ICE */
    char *const *candidates;     /* SDP values, up to NULL */
    const char *fingerprint;
    uint32_t ssrc; /* of the video; retransmissions have the next one */
    const char *cname;
};

/* True if this side begins the DTLS handshake. */
bool answer_is_dtls_client(const struct offer *offer);

/* The text of the answer; by g_malloc. */
char *answer_text(const struct offer *offer, const struct answer_transport *transport);

#endif
