#include "offer.h"
#include "dtls.h"
#include "sdp.h"
#include <stdio.h>
#include <string.h>

enum {
    SECTIONS_MAX = 32,
    CANDIDATES_MAX = 64,
    EXTENSION_MAX = 14 /* highest ID of a one-byte header extension (RFC 8285) */
};

const GstSDPMedia *offer_section(const struct offer *offer, int section)
{
    return gst_sdp_message_get_media(offer->sdp, (guint)section);
}

const char *offer_mid(const struct offer *offer, int section)
{
    return gst_sdp_media_get_attribute_val(offer_section(offer, section), "mid");
}

const char *offer_attribute(const struct offer *offer, int section, const char *key)
{
    const char *value = gst_sdp_media_get_attribute_val(offer_section(offer, section), key);
    return value ? value : gst_sdp_message_get_attribute_val(offer->sdp, key);
}

/* --- video --- */

/* Requires a profile that includes constrained baseline, and packetization mode 1 (RFC 6184). */
static bool accepts_h264(const char *fmtp)
{
    const char *mode = sdp_parameter(fmtp, "packetization-mode");
    const char *profile = sdp_parameter(fmtp, "profile-level-id");
    return mode && *mode == '1' && (!profile || !g_ascii_strncasecmp(profile, "42", 2));
}

/* The payload type at index i, with its rtpmap value, or -1. */
static int payload_at(const GstSDPMedia *media, guint i, const char **map)
{
    int payload = sdp_number(gst_sdp_media_get_format(media, i), 127, "");
    *map = payload < 0 ? NULL : sdp_format_value(media, "rtpmap", payload);
    return *map ? payload : -1;
}

/* Sets the payload type: the first one of the codec. */
static bool choose_payload(struct offer *offer, const GstSDPMedia *media)
{
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%s/90000", offer->codec);
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        const char *map;
        int payload = payload_at(media, i, &map);
        if (payload < 0 || g_ascii_strcasecmp(map, wanted))
            continue;
        if (!strcmp(offer->codec, "H264") &&
            !accepts_h264(sdp_format_value(media, "fmtp", payload)))
            continue;
        offer->payload = (unsigned)payload;
        return true;
    }
    return false;
}

/* The payload type of the video's retransmissions (RFC 4588), or -1. */
static int find_rtx(const struct offer *offer, const GstSDPMedia *media)
{
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        const char *map;
        int payload = payload_at(media, i, &map);
        const char *apt =
            payload < 0 ? NULL : sdp_parameter(sdp_format_value(media, "fmtp", payload), "apt");
        if (apt && !g_ascii_strcasecmp(map, "rtx/90000") &&
            sdp_number(apt, 127, "; ") == (int)offer->payload)
            return payload;
    }
    return -1;
}

/* The ID of a header extension, or 0. */
static unsigned find_extension(const GstSDPMedia *media, const char *uri)
{
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        const char *value = strcmp(a->key, "extmap") ? NULL : a->value;
        int id = value ? sdp_number(value, EXTENSION_MAX, " /") : -1;
        if (id > 0 && (value = strchr(value, ' ')) && !strcmp(value + 1, uri))
            return (unsigned)id;
    }
    return 0;
}

bool offer_has_feedback(const struct offer *offer, const char *feedback)
{
    const GstSDPMedia *media = offer_section(offer, offer->video);
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        const char *value = strcmp(a->key, "rtcp-fb") ? NULL : a->value;
        const char *kind = value ? strchr(value, ' ') : NULL;
        if (kind && !strcmp(kind + 1, feedback) &&
            (*value == '*' || sdp_number(value, 127, " ") == (int)offer->payload))
            return true;
    }
    return false;
}

/* --- sections and their transport --- */

/* Accepts UDP candidates with an IP address. An mDNS name resolves only in the peer's own network;
 * the peer's connectivity checks reveal its address all the same. */
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

char **offer_candidates(const struct offer *offer)
{
    const GstSDPMedia *media = offer_section(offer, offer->transport);
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; i < gst_sdp_media_attributes_len(media) && list->len < CANDIDATES_MAX; i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        if (!strcmp(a->key, "candidate") && a->value && is_usable(a->value))
            g_ptr_array_add(list, g_strdup(a->value));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

/* True if the section has a mid and the attributes of a transport: ICE (RFC 8839) and DTLS (RFC
 * 8842). */
static bool has_transport(const struct offer *offer, int section)
{
    const char *user = offer_attribute(offer, section, "ice-ufrag");
    const char *password = offer_attribute(offer, section, "ice-pwd");
    const char *fingerprint = offer_attribute(offer, section, "fingerprint");
    const char *setup = offer_attribute(offer, section, "setup");
    return user && sdp_is_made_of(user, 4, 256, "+/") && password &&
           sdp_is_made_of(password, 22, 256, "+/") && fingerprint &&
           sdp_is_made_of(fingerprint, 9, 256, "-: ") && dtls_is_fingerprint(fingerprint) &&
           (!setup || sdp_is_token(setup)) && sdp_is_token(offer_mid(offer, section));
}

/* The position of mid in the first BUNDLE group (RFC 9143), or -1. */
static int bundle_position(const struct offer *offer, const char *mid)
{
    const char *group = NULL;
    for (guint i = 0; (group = gst_sdp_message_get_attribute_val_n(offer->sdp, "group", i)); i++) {
        if (strncmp(group, "BUNDLE ", 7))
            continue;
        char **words = g_strsplit(group + 7, " ", -1);
        int position = -1;
        for (int w = 0; words[w] && position < 0; w++)
            if (!strcmp(words[w], mid))
                position = w;
        g_strfreev(words);
        return position;
    }
    return -1;
}

/* Sets the transport. False: video and data channel are not bundled. */
static bool choose_transport(struct offer *offer)
{
    offer->transport = offer->video;
    if (offer->channel < 0)
        return true;
    int video = bundle_position(offer, offer_mid(offer, offer->video));
    int channel = bundle_position(offer, offer_mid(offer, offer->channel));
    if (channel < video)
        offer->transport = offer->channel;
    return video >= 0 && channel >= 0;
}

static bool is_enabled(const GstSDPMedia *media)
{
    return gst_sdp_media_get_port(media) != 0 ||
           gst_sdp_media_get_attribute_val(media, "bundle-only");
}

static bool can_receive(const GstSDPMedia *media)
{
    return !gst_sdp_media_get_attribute_val(media, "sendonly") &&
           !gst_sdp_media_get_attribute_val(media, "inactive");
}

/* Accepts a data channel as in RFC 8841, or in the older syntax: m=application 9 DTLS/SCTP 5000. */
static void choose_channel(struct offer *offer, const GstSDPMedia *media, int section)
{
    const char *proto = gst_sdp_media_get_proto(media), *port = NULL;
    bool legacy = !strcmp(proto, "DTLS/SCTP");
    if (legacy && gst_sdp_media_formats_len(media) == 1)
        port = gst_sdp_media_get_format(media, 0);
    else if (!legacy && g_str_has_suffix(proto, "/DTLS/SCTP"))
        port = gst_sdp_media_get_attribute_val(media, "sctp-port");
    int number = port ? sdp_number(port, 65535, "") : -1;
    if (number <= 0)
        return;
    offer->channel = section;
    offer->sctp_port = number;
    offer->legacy_channel = legacy;
}

/* Chooses the sections to answer. NULL, or the fault of the offer. */
static const char *choose_sections(struct offer *offer)
{
    bool video = false;
    offer->video = offer->channel = -1;
    for (int i = 0; i < (int)gst_sdp_message_medias_len(offer->sdp); i++) {
        const GstSDPMedia *media = offer_section(offer, i);
        const char *kind = gst_sdp_media_get_media(media);
        const char *proto = gst_sdp_media_get_proto(media);
        if (!kind || !proto || !is_enabled(media))
            continue;
        if (!strcmp(kind, "video") && can_receive(media)) {
            video = true;
            if (offer->video < 0 && g_str_has_suffix(proto, "/SAVPF") &&
                choose_payload(offer, media))
                offer->video = i;
        } else if (!strcmp(kind, "application") && offer->channel < 0) {
            choose_channel(offer, media, i);
        }
    }
    return !video             ? "no video is received"
           : offer->video < 0 ? "no video codec in common with the server"
                              : NULL;
}

static void find_details(struct offer *offer)
{
    const GstSDPMedia *media = offer_section(offer, offer->video);
    offer->rtx = find_rtx(offer, media);
    offer->playout_delay_id = find_extension(media, OFFER_PLAYOUT_DELAY);
    offer->send_time_id = find_extension(media, OFFER_SEND_TIME);
}

/* 0, 400 or 406. */
static int check(struct offer *offer, const char **why)
{
    guint sections = gst_sdp_message_medias_len(offer->sdp);
    if (!gst_sdp_message_get_version(offer->sdp) || sections == 0 || sections > SECTIONS_MAX) {
        *why = "not SDP";
        return 400;
    }
    if ((*why = choose_sections(offer)))
        return 406;
    const GstSDPMedia *media = offer_section(offer, offer->video);
    if (!has_transport(offer, offer->video) ||
        (offer->channel >= 0 && !has_transport(offer, offer->channel))) {
        *why = "mid, ICE user and password, or DTLS fingerprint are missing";
        return 400;
    }
    if (!choose_transport(offer) || (!gst_sdp_media_get_attribute_val(media, "rtcp-mux") &&
                                     !gst_sdp_media_get_attribute_val(media, "rtcp-mux-only"))) {
        *why = "BUNDLE and rtcp-mux are required";
        return 406;
    }
    find_details(offer);
    return 0;
}

static struct offer *offer_new(const char *codec)
{
    struct offer *offer = g_new0(struct offer, 1);
    offer->codec = strcmp(codec, "h264") ? "VP8" : "H264";
    gst_sdp_message_new(&offer->sdp);
    return offer;
}

static bool parse(struct offer *offer, const char *text, size_t bytes)
{
    return gst_sdp_message_parse_buffer((const guint8 *)text, (guint)bytes, offer->sdp) ==
           GST_SDP_OK;
}

struct offer *offer_read(const char *text, size_t bytes, const char *codec, int *status,
                         const char **why)
{
    struct offer *offer = offer_new(codec);
    *status = 400;
    *why = "not SDP";
    if (!memchr(text, 0, bytes) && bytes > 2 && !strncmp(text, "v=0", 3) &&
        parse(offer, text, bytes))
        *status = check(offer, why);
    if (!*status)
        return offer;
    offer_free(offer);
    return NULL;
}

struct offer *offer_of_all(const char *codec, bool channel)
{
    static const char video[] =
        "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\na=rtcp-rsize\r\n"
        "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n"
        "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
        "a=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 goog-remb\r\n"
        "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        "a=extmap:1 " OFFER_SEND_TIME "\r\na=extmap:2 " OFFER_PLAYOUT_DELAY "\r\na=rtpmap:96 ";
    static const char data[] = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"
                               "a=sctp-port:5000\r\n";
    struct offer *offer = offer_new(codec);
    char *text = g_strconcat(video, offer->codec, "/90000\r\n", channel ? data : NULL, NULL);
    bool valid = parse(offer, text, strlen(text)) && !choose_sections(offer);
    g_free(text);
    g_assert(valid);
    offer->transport = offer->video;
    find_details(offer);
    return offer;
}

void offer_free(struct offer *offer)
{
    if (offer && offer->sdp)
        gst_sdp_message_free(offer->sdp);
    g_free(offer);
}
