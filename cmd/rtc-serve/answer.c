#include "answer.h"
#include "datachannel.h"
#include "association.h"
#include "sdp.h"
#include <stdio.h>
#include <string.h>

bool answer_is_dtls_client(const struct offer *offer)
{
    const char *setup = offer_attribute(offer, offer->transport, "setup");
    return !setup || strcmp(setup, "active");
}

/* A section like the offered one, without formats. */
static GstSDPMedia *section_new(const struct offer *offer, int section, unsigned port)
{
    const GstSDPMedia *offered = offer_section(offer, section);
    const char *mid = gst_sdp_media_get_attribute_val(offered, "mid");
    GstSDPMedia *media;
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, gst_sdp_media_get_media(offered));
    gst_sdp_media_set_port_info(media, port, 1);
    gst_sdp_media_set_proto(media, gst_sdp_media_get_proto(offered));
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    if (sdp_is_token(mid))
        gst_sdp_media_add_attribute(media, "mid", mid);
    return media;
}

static void add_transport(const struct offer *offer, int section, GstSDPMedia *media,
                          const struct answer_transport *transport)
{
    gst_sdp_media_add_attribute(media, "ice-ufrag", transport->user);
    gst_sdp_media_add_attribute(media, "ice-pwd", transport->password);
    gst_sdp_media_add_attribute(media, "fingerprint", transport->fingerprint);
    gst_sdp_media_add_attribute(media, "setup", transport->setup);
    if (section != offer->transport)
        return;
    for (char *const *candidate = transport->candidates; *candidate; candidate++)
        gst_sdp_media_add_attribute(media, "candidate", *candidate);
}

/* A rejected section repeats the transport, as some clients require one. */
static GstSDPMedia *reject(const struct offer *offer, int section,
                           const struct answer_transport *transport)
{
    const GstSDPMedia *offered = offer_section(offer, section);
    GstSDPMedia *media = section_new(offer, section, 0);
    for (guint i = 0; i < gst_sdp_media_formats_len(offered); i++)
        gst_sdp_media_add_format(media, gst_sdp_media_get_format(offered, i));
    add_transport(offer, section, media, transport);
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    gst_sdp_media_add_attribute(media, "inactive", "");
    return media;
}

static void add_h264(const struct offer *offer, GstSDPMedia *media)
{
    const char *fmtp =
        sdp_format_value(offer_section(offer, offer->video), "fmtp", (int)offer->payload);
    const char *profile = sdp_parameter(fmtp, "profile-level-id");
    bool valid = profile && strspn(profile, "0123456789abcdefABCDEF") >= 6;
    sdp_add(media, "fmtp",
            "%u packetization-mode=1;level-asymmetry-allowed=1;profile-level-id=%.6s",
            offer->payload, valid ? profile : "42e01f");
}

static void add_format(GstSDPMedia *media, int payload)
{
    char text[16];
    snprintf(text, sizeof text, "%d", payload);
    gst_sdp_media_add_format(media, text);
}

/* "nack" requires retransmissions: without them there is nothing to send again. */
static void add_feedback(const struct offer *offer, GstSDPMedia *media)
{
    static const char *const known[] = {"nack", "nack pli", "ccm fir", "goog-remb"};
    for (size_t i = offer->rtx < 0; i < G_N_ELEMENTS(known); i++)
        if (offer_has_feedback(offer, known[i]))
            sdp_add(media, "rtcp-fb", "%u %s", offer->payload, known[i]);
}

static void add_sources(const struct offer *offer, GstSDPMedia *media,
                        const struct answer_transport *transport)
{
    unsigned first = transport->ssrc, last = first + (offer->rtx >= 0);
    sdp_add(media, "msid", "shmcast video");
    if (last > first)
        sdp_add(media, "ssrc-group", "FID %u %u", first, last);
    for (unsigned ssrc = first; ssrc <= last; ssrc++)
        sdp_add(media, "ssrc", "%u cname:%s", ssrc, transport->cname);
}

static GstSDPMedia *accept_video(const struct offer *offer,
                                 const struct answer_transport *transport)
{
    GstSDPMedia *media = section_new(offer, offer->video, 9);
    add_format(media, (int)offer->payload);
    if (offer->rtx >= 0)
        add_format(media, offer->rtx);
    add_transport(offer, offer->video, media, transport);
    gst_sdp_media_add_attribute(media, "sendonly", "");
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    if (!strcmp(transport->setup, "actpass")) /* an offer (RFC 8858) */
        gst_sdp_media_add_attribute(media, "rtcp-mux-only", "");
    if (gst_sdp_media_get_attribute_val(offer_section(offer, offer->video), "rtcp-rsize"))
        gst_sdp_media_add_attribute(media, "rtcp-rsize", "");
    sdp_add(media, "rtpmap", "%u %s/90000", offer->payload, offer->codec);
    if (!strcmp(offer->codec, "H264"))
        add_h264(offer, media);
    add_feedback(offer, media);
    if (offer->rtx >= 0) {
        sdp_add(media, "rtpmap", "%d rtx/90000", offer->rtx);
        sdp_add(media, "fmtp", "%d apt=%u", offer->rtx, offer->payload);
    }
    if (offer->playout_delay_id)
        sdp_add(media, "extmap", "%u %s", offer->playout_delay_id, OFFER_PLAYOUT_DELAY);
    if (offer->send_time_id)
        sdp_add(media, "extmap", "%u %s", offer->send_time_id, OFFER_SEND_TIME);
    add_sources(offer, media, transport);
    return media;
}

static GstSDPMedia *accept_channel(const struct offer *offer,
                                   const struct answer_transport *transport)
{
    GstSDPMedia *media = section_new(offer, offer->channel, 9);
    if (offer->legacy_channel)
        add_format(media, SCTP_PORT);
    else
        gst_sdp_media_add_format(media, "webrtc-datachannel");
    add_transport(offer, offer->channel, media, transport);
    if (offer->legacy_channel)
        sdp_add(media, "sctpmap", "%d webrtc-datachannel %d", SCTP_PORT, SCTP_STREAMS);
    else
        sdp_add(media, "sctp-port", "%d", SCTP_PORT);
    sdp_add(media, "max-message-size", "%d", DATACHANNEL_TEXT_BYTES);
    return media;
}

/* The answer up to its media sections. */
static GstSDPMessage *session_new(const struct offer *offer)
{
    GstSDPMessage *answer;
    char id[24];
    snprintf(id, sizeof id, "%" G_GUINT64_FORMAT,
             (guint64)(g_random_int() >> 1) << 32 | g_random_int());
    gst_sdp_message_new(&answer);
    gst_sdp_message_set_version(answer, "0");
    gst_sdp_message_set_origin(answer, "-", id, "0", "IN", "IP4", "0.0.0.0");
    gst_sdp_message_set_session_name(answer, "-");
    gst_sdp_message_add_time(answer, "0", "0", NULL);
    const char *first = offer_mid(offer, offer->transport), *second = NULL;
    if (offer->channel >= 0)
        second = offer_mid(offer, offer->transport == offer->video ? offer->channel : offer->video);
    char *group = g_strconcat("BUNDLE ", first, second ? " " : NULL, second, NULL);
    gst_sdp_message_add_attribute(answer, "group", group);
    g_free(group);
    return answer;
}

char *answer_text(const struct offer *offer, const struct answer_transport *transport)
{
    GstSDPMessage *answer = session_new(offer);
    for (int i = 0; i < (int)gst_sdp_message_medias_len(offer->sdp); i++) {
        GstSDPMedia *media = i == offer->video     ? accept_video(offer, transport)
                             : i == offer->channel ? accept_channel(offer, transport)
                                                   : reject(offer, i, transport);
        gst_sdp_message_add_media(answer, media);
        gst_sdp_media_free(media);
    }
    char *text = gst_sdp_message_as_text(answer);
    gst_sdp_message_free(answer);
    return text;
}

char *answer_fragment(const struct offer *own, const struct answer_transport *transport,
                      char *const *known)
{
    GString *text = g_string_new(NULL);
    bool more = false;
    g_string_printf(text,
                    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\nm=video 9 UDP/TLS/RTP/SAVPF %u\r\n"
                    "a=mid:%s\r\n",
                    transport->user, transport->password, own->payload, offer_mid(own, own->video));
    for (char *const *candidate = transport->candidates; *candidate; candidate++) {
        if (g_strv_contains((const char *const *)known, *candidate))
            continue;
        g_string_append_printf(text, "a=candidate:%s\r\n", *candidate);
        more = true;
    }
    g_string_append(text, "a=end-of-candidates\r\n");
    return g_string_free(text, !more);
}
