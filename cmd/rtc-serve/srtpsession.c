#include "srtpsession.h"
#include <errno.h>
#include <glib.h>
#include <srtp2/srtp.h>
#include <string.h>

enum { SOURCES_MAX = 16 };

struct srtpsession {
    srtp_t out, in;
    uint8_t sources[SOURCES_MAX][4]; /* SSRCs of the RTCP that was opened */
    unsigned source_count;
};

void srtpkeys_sizes(const struct srtpkeys *keys, size_t *key, size_t *salt)
{
    *key = srtp_profile_get_master_key_length((srtp_profile_t)keys->profile);
    *salt = srtp_profile_get_master_salt_length((srtp_profile_t)keys->profile);
    if (*key + *salt > SRTPKEYS_BYTES)
        *key = *salt = 0;
}

int srtpsession_init(void)
{
    errno = ENOMEM;
    return srtp_init() == srtp_err_status_ok ? 0 : -1;
}

void srtpsession_exit(void)
{
    srtp_shutdown();
}

static srtp_t direction_new(const struct srtpkeys *keys, bool outbound)
{
    uint8_t key[SRTPKEYS_BYTES];
    srtp_policy_t policy = {.ssrc = {outbound ? ssrc_any_outbound : ssrc_any_inbound, 0},
                            .key = key};
    srtp_t session;
    memcpy(key, outbound ? keys->local : keys->remote, sizeof key);
    srtp_profile_t profile = (srtp_profile_t)keys->profile;
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile) ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile) ||
        srtp_create(&session, &policy))
        return NULL;
    return session;
}

struct srtpsession *srtpsession_new(const struct srtpkeys *keys)
{
    struct srtpsession *session = g_new0(struct srtpsession, 1);
    session->out = direction_new(keys, true);
    session->in = direction_new(keys, false);
    if (session->out && session->in)
        return session;
    srtpsession_free(session);
    return NULL;
}

void srtpsession_free(struct srtpsession *session)
{
    if (!session)
        return;
    if (session->out)
        srtp_dealloc(session->out);
    if (session->in)
        srtp_dealloc(session->in);
    g_free(session);
}

static bool transform(srtp_t direction, srtp_err_status_t (*call)(srtp_t, void *, int *),
                      struct packet *packet)
{
    int bytes = (int)packet->bytes;
    bool done = call(direction, packet->data, &bytes) == srtp_err_status_ok;
    packet->bytes = (size_t)bytes;
    return done;
}

bool srtpsession_protect(struct srtpsession *session, struct packet *packet)
{
    return transform(session->out, srtp_protect, packet);
}

bool srtpsession_protect_rtcp(struct srtpsession *session, struct packet *packet)
{
    return transform(session->out, srtp_protect_rtcp, packet);
}

bool srtpsession_open_rtcp(struct srtpsession *session, struct packet *packet)
{
    const uint8_t *source = packet->data + 4;
    unsigned i = 0;
    while (i < session->source_count && memcmp(session->sources[i], source, 4) != 0)
        i++;
    if (i == SOURCES_MAX)
        return false;
    bool opened = transform(session->in, srtp_unprotect_rtcp, packet);
    if (opened && i == session->source_count)
        memcpy(session->sources[session->source_count++], source, 4);
    return opened;
}
