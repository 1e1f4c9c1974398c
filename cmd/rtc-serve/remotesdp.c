#include "remotesdp.h"
#include "sdp.h"
#include <stdio.h>
#include <string.h>

enum { CANDIDATES_MAX = 64 };

/* Accepts UDP candidates (RFC 8839) with an IP address. An mDNS name resolves only in the peer's
 * own network; the peer's connectivity checks reveal its address all the same. */
static bool is_usable(const char *candidate)
{
    char **words = g_strsplit(candidate, " ", 32);
    guint n = g_strv_length(words);
    bool usable = n >= 8 && n < 32 && !strcmp(words[1], "1") &&
                  !g_ascii_strcasecmp(words[2], "udp") && !strcmp(words[6], "typ") &&
                  g_hostname_is_ip_address(words[4]) && sdp_number(words[5], 65535, "") > 0 &&
                  sdp_is_made_of(words[0], 1, 64, "+/") &&
                  strspn(words[3], "0123456789") == strlen(words[3]) && sdp_is_token(words[7]);
    g_strfreev(words);
    return usable;
}

static void copy_candidates(const GstSDPMedia *from, GstSDPMedia *to)
{
    unsigned count = 0;
    for (guint i = 0; i < gst_sdp_media_attributes_len(from) && count < CANDIDATES_MAX; i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(from, i);
        if (strcmp(a->key, "candidate") || !a->value || !is_usable(a->value))
            continue;
        gst_sdp_media_add_attribute(to, "candidate", a->value);
        count++;
    }
}

/* A section with the transport's attributes. */
static GstSDPMedia *section_new(const struct offer *offer, int section, const char *kind,
                                const char *proto)
{
    static const char *const keys[] = {"ice-ufrag", "ice-pwd", "fingerprint"};
    const char *setup = offer_attribute(offer, offer->transport, "setup");
    GstSDPMedia *media;
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, kind);
    gst_sdp_media_set_port_info(media, 9, 1);
    gst_sdp_media_set_proto(media, proto);
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    gst_sdp_media_add_attribute(media, "mid", offer_mid(offer, section));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        gst_sdp_media_add_attribute(media, keys[i],
                                    offer_attribute(offer, offer->transport, keys[i]));
    gst_sdp_media_add_attribute(media, "setup",
                                setup && !strcmp(setup, "passive") ? "passive" : "actpass");
    if (section == offer->transport)
        copy_candidates(offer_section(offer, section), media);
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

static void add_video(const struct offer *offer, GstSDPMessage *remote)
{
    static const char *const feedback[] = {"nack", "nack pli", "ccm fir", "goog-remb"};
    GstSDPMedia *media = section_new(offer, offer->video, "video", "UDP/TLS/RTP/SAVPF");
    add_format(media, (int)offer->payload);
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    gst_sdp_media_add_attribute(media, "recvonly", "");
    sdp_add(media, "rtpmap", "%u %s/90000", offer->payload, offer->codec);
    if (!strcmp(offer->codec, "H264"))
        add_h264(offer, media);
    for (size_t i = 0; i < G_N_ELEMENTS(feedback); i++)
        sdp_add(media, "rtcp-fb", "%u %s", offer->payload, feedback[i]);
    if (offer->rtx >= 0) {
        add_format(media, offer->rtx);
        sdp_add(media, "rtpmap", "%d rtx/90000", offer->rtx);
        sdp_add(media, "fmtp", "%d apt=%u", offer->rtx, offer->payload);
    }
    gst_sdp_message_add_media(remote, media);
    gst_sdp_media_free(media);
}

static void add_channel(const struct offer *offer, GstSDPMessage *remote)
{
    GstSDPMedia *media = section_new(offer, offer->channel, "application", "UDP/DTLS/SCTP");
    gst_sdp_media_add_format(media, "webrtc-datachannel");
    sdp_add(media, "sctp-port", "%d", offer->sctp_port);
    gst_sdp_media_add_attribute(media, "max-message-size", "262144");
    gst_sdp_message_add_media(remote, media);
    gst_sdp_media_free(media);
}

static void add_bundle(const struct offer *offer, GstSDPMessage *remote)
{
    const char *first = offer_mid(offer, offer->transport), *second = "";
    if (offer->channel >= 0)
        second = offer_mid(offer, offer->transport == offer->video ? offer->channel : offer->video);
    char *group = g_strconcat("BUNDLE ", first, *second ? " " : "", second, NULL);
    gst_sdp_message_add_attribute(remote, "group", group);
    g_free(group);
}

GstSDPMessage *remotesdp_new(const struct offer *offer)
{
    GstSDPMessage *remote;
    gst_sdp_message_new(&remote);
    gst_sdp_message_set_version(remote, "0");
    gst_sdp_message_set_origin(remote, "-", "1", "1", "IN", "IP4", "0.0.0.0");
    gst_sdp_message_set_session_name(remote, "-");
    gst_sdp_message_add_time(remote, "0", "0", NULL);
    gst_sdp_message_add_attribute(remote, "ice-options", "trickle");
    add_bundle(offer, remote);
    if (offer->channel >= 0 && offer->channel < offer->video)
        add_channel(offer, remote);
    add_video(offer, remote);
    if (offer->channel > offer->video)
        add_channel(offer, remote);
    return remote;
}
