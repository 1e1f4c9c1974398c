#include "negotiation.h"
#include "answer.h"
#include "dtls.h"
#include "packetsink.h"
#include <string.h>

struct negotiation {
    struct offer *own, *remote;
    char **sent; /* the candidates in our SDP */
};

struct negotiation *negotiation_new(struct offer *own, struct offer *remote)
{
    struct negotiation *negotiation = g_new0(struct negotiation, 1);
    negotiation->own = own;
    negotiation->remote = remote;
    return negotiation;
}

void negotiation_free(struct negotiation *negotiation)
{
    offer_free(negotiation->own);
    offer_free(negotiation->remote);
    g_strfreev(negotiation->sent);
    g_free(negotiation);
}

bool negotiation_is_ours(const struct negotiation *negotiation)
{
    return negotiation->own;
}

bool negotiation_answered(struct negotiation *negotiation, struct offer *answer)
{
    if (negotiation->remote) {
        offer_free(answer);
        return false;
    }
    negotiation->remote = answer;
    return true;
}

const struct offer *negotiation_remote(const struct negotiation *negotiation)
{
    return negotiation->remote;
}

bool negotiation_has_channel(const struct negotiation *negotiation)
{
    return negotiation->remote->channel >= 0 &&
           (!negotiation->own || negotiation->own->channel >= 0);
}

char *negotiation_local(struct negotiation *negotiation, struct iceagent *ice, uint32_t ssrc)
{
    char *user, *password;
    const struct offer *to = negotiation->own ? negotiation->own : negotiation->remote;
    iceagent_local(ice, &user, &password, &negotiation->sent);
    const struct answer_transport transport = {
        .user = user,
        .password = password,
        .candidates = negotiation->sent,
        .fingerprint = dtls_fingerprint(),
        .setup = negotiation->own            ? "actpass"
                 : answer_is_dtls_client(to) ? "active"
                                             : "passive",
        .ssrc = ssrc,
        .cname = packetsink_cname(),
    };
    char *text = answer_text(to, &transport);
    g_free(user);
    g_free(password);
    return text;
}

char *negotiation_more(const struct negotiation *negotiation, struct iceagent *ice)
{
    char *user, *password, **candidates;
    const struct offer *remote = negotiation->remote;
    const char *options = remote ? offer_attribute(remote, remote->transport, "ice-options") : NULL;
    if (!negotiation->own || !options || !strstr(options, "trickle"))
        return NULL;
    iceagent_local(ice, &user, &password, &candidates);
    const struct answer_transport transport = {
        .user = user, .password = password, .candidates = candidates};
    char *text = answer_fragment(negotiation->own, &transport, negotiation->sent);
    g_free(user);
    g_free(password);
    g_strfreev(candidates);
    return text;
}

void negotiation_use(const struct negotiation *negotiation, struct iceagent *ice)
{
    const struct offer *remote = negotiation->remote;
    char **candidates = offer_candidates(remote);
    iceagent_set_remote(ice, offer_attribute(remote, remote->transport, "ice-ufrag"),
                        offer_attribute(remote, remote->transport, "ice-pwd"), candidates);
    g_strfreev(candidates);
}
