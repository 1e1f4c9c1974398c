/* The offer and the answer of a peer's connection, one of which is ours. The transport thread makes
 * all calls, but for negotiation_new and negotiation_free. */
#ifndef NEGOTIATION_H
#define NEGOTIATION_H

#include <stdbool.h>
#include <stdint.h>
#include "iceagent.h"
#include "offer.h"

struct negotiation;

/* remote: the peer's offer. own: that of offer_of_all, if we make the offer. One of them is NULL;
 * both are taken. */
struct negotiation *negotiation_new(struct offer *own, struct offer *remote);
void negotiation_free(struct negotiation *negotiation);

/* Whether we make the offer. */
bool negotiation_is_ours(const struct negotiation *negotiation);

/* Takes the peer's answer to our offer. false: there was one before. */
bool negotiation_answered(struct negotiation *negotiation, struct offer *answer);

/* The peer's offer or answer, or NULL: not known yet. */
const struct offer *negotiation_remote(const struct negotiation *negotiation);

/* Whether both sides want a data channel. */
bool negotiation_has_channel(const struct negotiation *negotiation);

/* Our SDP, with all of the agent's candidates; by g_malloc. */
char *negotiation_local(struct negotiation *negotiation, struct iceagent *ice, uint32_t ssrc);

/* The candidates that this did not have yet, if the peer wants them, as an SDP fragment; by
 * g_malloc, or NULL. */
char *negotiation_more(const struct negotiation *negotiation, struct iceagent *ice);

/* Gives the peer's user, password and candidates to the agent. */
void negotiation_use(const struct negotiation *negotiation, struct iceagent *ice);

#endif
