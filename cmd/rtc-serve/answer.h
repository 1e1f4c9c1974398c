/* The answer to the peer: webrtcbin's local description, with every other offered section rejected
 * in place (RFC 3264, section 6). */
#ifndef ANSWER_H
#define ANSWER_H

#include "offer.h"

/* The answer from webrtcbin's local description; by g_malloc. */
char *answer_text(const struct offer *offer, const GstSDPMessage *local);

#endif
