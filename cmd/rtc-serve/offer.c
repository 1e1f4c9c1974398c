#include "offer.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 32, CANDIDATES_MAX = 64, EXTENSION_MAX = 14 };

#define PLAYOUT_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
#define SEND_TIME     "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

static const GstSDPMedia *line_at(const struct offer *offer, int line)
{
    return gst_sdp_message_get_media(offer->sdp, (guint)line);
}

/* An attribute of an m-line, or of the session where the line has none. NULL: neither. */
static const char *line_value(const struct offer *offer, int line, const char *key)
{
    const char *value = gst_sdp_media_get_attribute_val(line_at(offer, line), key);
    return value ? value : gst_sdp_message_get_attribute_val(offer->sdp, key);
}

/* Is every character a letter, a digit or one of others? */
static bool made_of(const char *text, size_t least, size_t most, const char *others)
{
    size_t n = 0;
    for (; text[n]; n++)
        if (n == most || (!g_ascii_isalnum(text[n]) && !strchr(others, text[n])))
            return false;
    return n >= least;
}

static bool is_token(const char *text)
{
    return text && made_of(text, 1, 64, "-._!#$%&'*+^`{|}~");
}

/* A number 0 … most at text, followed by a character of ends or the end; -1: none. */
static int number_at(const char *text, int most, const char *ends)
{
    int n = 0;
    if (!g_ascii_isdigit(*text))
        return -1;
    for (; g_ascii_isdigit(*text); text++)
        if ((n = n * 10 + (*text - '0')) > most)
            return -1;
    return !*text || strchr(ends, *text) ? n : -1;
}

/* The attribute's value behind a payload type, of that one: "a=fmtp:96 VALUE". NULL: none. */
static const char *value_of(const GstSDPMedia *media, const char *key, int payload)
{
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        if (strcmp(a->key, key) || !a->value || number_at(a->value, 127, " ") != payload)
            continue;
        const char *value = strchr(a->value, ' ');
        return value ? value + 1 : "";
    }
    return NULL;
}

/* A parameter of a fmtp line: "b" in "a=1;b=2" is "2", up to its semicolon. NULL: none. */
static const char *parameter(const char *fmtp, const char *name)
{
    size_t n = strlen(name);
    while (fmtp && *fmtp) {
        fmtp += strspn(fmtp, " ;");
        if (!g_ascii_strncasecmp(fmtp, name, n) && fmtp[n] == '=')
            return fmtp + n + 1;
        fmtp = strchr(fmtp, ';');
    }
    return NULL;
}

/* Constrained baseline, or what contains it, in packets of more than one NAL unit. */
static bool h264_fits(const char *fmtp)
{
    const char *mode = parameter(fmtp, "packetization-mode");
    const char *profile = parameter(fmtp, "profile-level-id");
    return mode && *mode == '1' && (!profile || !g_ascii_strncasecmp(profile, "42", 2));
}

/* Finds the codec among the line's formats. */
static bool choose_payload(struct offer *offer, const GstSDPMedia *media)
{
    char rate[16];
    snprintf(rate, sizeof rate, "%s/90000", offer->codec);
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        int payload = number_at(gst_sdp_media_get_format(media, i), 127, "");
        const char *map = payload < 0 ? NULL : value_of(media, "rtpmap", payload);
        if (!map || g_ascii_strcasecmp(map, rate))
            continue;
        if (!strcmp(offer->codec, "H264") && !h264_fits(value_of(media, "fmtp", payload)))
            continue;
        offer->payload = (unsigned)payload;
        return true;
    }
    return false;
}

/* Retransmissions of the chosen format. */
static int find_rtx(const struct offer *offer, const GstSDPMedia *media)
{
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++) {
        int payload = number_at(gst_sdp_media_get_format(media, i), 127, "");
        const char *map = payload < 0 ? NULL : value_of(media, "rtpmap", payload);
        const char *apt = map ? parameter(value_of(media, "fmtp", payload), "apt") : NULL;
        if (apt && !g_ascii_strcasecmp(map, "rtx/90000") &&
            number_at(apt, 127, "; ") == (int)offer->payload)
            return payload;
    }
    return -1;
}

/* The number of a header extension, or 0. */
static unsigned find_extension(const GstSDPMedia *media, const char *uri)
{
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        const char *value = strcmp(a->key, "extmap") ? NULL : a->value;
        int id = value ? number_at(value, EXTENSION_MAX, " /") : -1;
        if (id > 0 && (value = strchr(value, ' ')) && !strcmp(value + 1, uri))
            return (unsigned)id;
    }
    return 0;
}

/* Has the line what a transport of its own needs? */
static bool has_transport(const struct offer *offer, int line)
{
    const char *user = line_value(offer, line, "ice-ufrag");
    const char *password = line_value(offer, line, "ice-pwd");
    const char *print = line_value(offer, line, "fingerprint");
    const char *setup = line_value(offer, line, "setup");
    return user && made_of(user, 4, 256, "+/") && password && made_of(password, 22, 256, "+/") &&
           print && made_of(print, 9, 256, "-: ") && (!setup || is_token(setup)) &&
           is_token(gst_sdp_media_get_attribute_val(line_at(offer, line), "mid"));
}

/* Is mid one of the words behind BUNDLE? Its place, or -1. */
static int bundle_place(const struct offer *offer, const char *mid)
{
    const char *group = NULL;
    for (guint i = 0; (group = gst_sdp_message_get_attribute_val_n(offer->sdp, "group", i)); i++) {
        if (strncmp(group, "BUNDLE ", 7))
            continue;
        char **words = g_strsplit(group + 7, " ", -1);
        int place = -1;
        for (int w = 0; words[w] && place < 0; w++)
            if (!strcmp(words[w], mid))
                place = w;
        g_strfreev(words);
        return place;
    }
    return -1;
}

static const char *mid_of(const struct offer *offer, int line)
{
    return gst_sdp_media_get_attribute_val(line_at(offer, line), "mid");
}

static bool is_bundled(const struct offer *offer)
{
    return offer->channel < 0 || (bundle_place(offer, mid_of(offer, offer->video)) >= 0 &&
                                  bundle_place(offer, mid_of(offer, offer->channel)) >= 0);
}

static bool is_open(const GstSDPMedia *media)
{
    return gst_sdp_media_get_port(media) != 0 ||
           gst_sdp_media_get_attribute_val(media, "bundle-only");
}

static bool may_receive(const GstSDPMedia *media)
{
    return !gst_sdp_media_get_attribute_val(media, "sendonly") &&
           !gst_sdp_media_get_attribute_val(media, "inactive");
}

/* The older way to offer a data channel: m=application 9 DTLS/SCTP 5000, with a sctpmap. */
static bool is_old_channel(const GstSDPMedia *media)
{
    return !strcmp(gst_sdp_media_get_proto(media), "DTLS/SCTP");
}

/* That of a data channel, 1 … 65535; else it isn't one that is understood. */
static int sctp_port(const GstSDPMedia *media)
{
    const char *port = gst_sdp_media_get_attribute_val(media, "sctp-port");
    if (is_old_channel(media))
        port = gst_sdp_media_formats_len(media) == 1 ? gst_sdp_media_get_format(media, 0) : NULL;
    else if (!g_str_has_suffix(gst_sdp_media_get_proto(media), "/DTLS/SCTP"))
        port = NULL;
    return port ? number_at(port, 65535, "") : -1;
}

/* Looks for the lines that will be answered. NULL, or what is wrong with the offer. */
static const char *choose_lines(struct offer *offer)
{
    bool video = false;
    offer->video = offer->channel = -1;
    for (int i = 0; i < (int)gst_sdp_message_medias_len(offer->sdp); i++) {
        const GstSDPMedia *media = line_at(offer, i);
        const char *kind = gst_sdp_media_get_media(media);
        const char *proto = gst_sdp_media_get_proto(media);
        if (!kind || !proto || !is_open(media))
            continue;
        if (!strcmp(kind, "video") && may_receive(media)) {
            video = true;
            if (offer->video < 0 && g_str_has_suffix(proto, "/SAVPF") &&
                choose_payload(offer, media))
                offer->video = i;
        } else if (!strcmp(kind, "application") && offer->channel < 0 && sctp_port(media) > 0) {
            offer->channel = i;
        }
    }
    return !video             ? "the offer has no video to be received"
           : offer->video < 0 ? "the offer has no video codec that is spoken here"
                              : NULL;
}

/* 0, 400 or 406. */
static int understand(struct offer *offer, const char **why)
{
    guint lines = gst_sdp_message_medias_len(offer->sdp);
    if (!gst_sdp_message_get_version(offer->sdp) || lines == 0 || lines > LINES_MAX) {
        *why = "not an SDP offer";
        return 400;
    }
    if ((*why = choose_lines(offer)))
        return 406;
    const GstSDPMedia *media = line_at(offer, offer->video);
    if (!has_transport(offer, offer->video) ||
        (offer->channel >= 0 && !has_transport(offer, offer->channel))) {
        *why = "the offer lacks mid, ICE user and password, or DTLS fingerprint";
        return 400;
    }
    if (!is_bundled(offer) || !gst_sdp_media_get_attribute_val(media, "rtcp-mux")) {
        *why = "the offer must bundle what it has, with RTCP multiplexed";
        return 406;
    }
    offer->rtx = find_rtx(offer, media);
    offer->playout_delay_id = find_extension(media, PLAYOUT_DELAY);
    offer->send_time_id = find_extension(media, SEND_TIME);
    return 0;
}

struct offer *offer_read(const char *text, size_t bytes, const char *codec, int *status,
                         const char **why)
{
    struct offer *offer = g_new0(struct offer, 1);
    offer->codec = strcmp(codec, "h264") ? "VP8" : "H264";
    *status = 400;
    *why = "not an SDP offer";
    if (gst_sdp_message_new(&offer->sdp) == GST_SDP_OK && !memchr(text, 0, bytes) && bytes > 2 &&
        !strncmp(text, "v=0", 3) &&
        gst_sdp_message_parse_buffer((const guint8 *)text, (guint)bytes, offer->sdp) == GST_SDP_OK)
        *status = understand(offer, why);
    if (!*status)
        return offer;
    offer_free(offer);
    return NULL;
}

void offer_free(struct offer *offer)
{
    if (offer && offer->sdp)
        gst_sdp_message_free(offer->sdp);
    g_free(offer);
}

/* Of a peer's addresses those that can be used: UDP, and no name that only its own network knows
 * (mDNS): its checks of our addresses show where it is. */
static bool is_usable(const char *candidate)
{
    char **words = g_strsplit(candidate, " ", 32);
    guint n = g_strv_length(words);
    bool usable = n >= 8 && n < 32 && !strcmp(words[1], "1") &&
                  !g_ascii_strcasecmp(words[2], "udp") && !strcmp(words[6], "typ") &&
                  g_hostname_is_ip_address(words[4]) && number_at(words[5], 65535, "") > 0 &&
                  made_of(words[0], 1, 64, "+/") &&
                  strspn(words[3], "0123456789") == strlen(words[3]) && is_token(words[7]);
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

static void add(GstSDPMedia *media, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add(GstSDPMedia *media, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *value = g_strdup_vprintf(format, args);
    va_end(args);
    gst_sdp_media_add_attribute(media, key, value);
    g_free(value);
}

/* The line whose transport all use: the first of the bundle. */
static int bundle_line(const struct offer *offer)
{
    return offer->channel >= 0 && bundle_place(offer, mid_of(offer, offer->channel)) <
                                      bundle_place(offer, mid_of(offer, offer->video))
               ? offer->channel
               : offer->video;
}

/* A line with the transport. */
static GstSDPMedia *line_new(const struct offer *offer, int line, const char *kind,
                             const char *proto)
{
    static const char *const keys[] = {"ice-ufrag", "ice-pwd", "fingerprint"};
    int transport = bundle_line(offer);
    const char *setup = line_value(offer, transport, "setup");
    GstSDPMedia *media;
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, kind);
    gst_sdp_media_set_port_info(media, 9, 1);
    gst_sdp_media_set_proto(media, proto);
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    gst_sdp_media_add_attribute(media, "mid", mid_of(offer, line));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        gst_sdp_media_add_attribute(media, keys[i], line_value(offer, transport, keys[i]));
    gst_sdp_media_add_attribute(media, "setup",
                                setup && !strcmp(setup, "passive") ? "passive" : "actpass");
    if (line == transport)
        copy_candidates(line_at(offer, line), media);
    return media;
}

static void add_video(const struct offer *offer, GstSDPMessage *remote)
{
    static const char *const feedback[] = {"nack", "nack pli", "ccm fir", "goog-remb"};
    GstSDPMedia *media = line_new(offer, offer->video, "video", "UDP/TLS/RTP/SAVPF");
    unsigned payload = offer->payload;
    const char *fmtp = value_of(line_at(offer, offer->video), "fmtp", (int)payload);
    const char *profile = parameter(fmtp, "profile-level-id");
    char text[16];
    snprintf(text, sizeof text, "%u", payload);
    gst_sdp_media_add_format(media, text);
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    gst_sdp_media_add_attribute(media, "recvonly", "");
    add(media, "rtpmap", "%u %s/90000", payload, offer->codec);
    if (!strcmp(offer->codec, "H264"))
        add(media, "fmtp",
            "%u packetization-mode=1;level-asymmetry-allowed=1;profile-level-id=%.6s", payload,
            profile && strspn(profile, "0123456789abcdefABCDEF") >= 6 ? profile : "42e01f");
    for (size_t i = 0; i < G_N_ELEMENTS(feedback); i++)
        add(media, "rtcp-fb", "%u %s", payload, feedback[i]);
    if (offer->rtx >= 0) {
        snprintf(text, sizeof text, "%d", offer->rtx);
        gst_sdp_media_add_format(media, text);
        add(media, "rtpmap", "%d rtx/90000", offer->rtx);
        add(media, "fmtp", "%d apt=%u", offer->rtx, payload);
    }
    gst_sdp_message_add_media(remote, media);
    gst_sdp_media_free(media);
}

static void add_channel(const struct offer *offer, GstSDPMessage *remote)
{
    GstSDPMedia *media = line_new(offer, offer->channel, "application", "UDP/DTLS/SCTP");
    gst_sdp_media_add_format(media, "webrtc-datachannel");
    add(media, "sctp-port", "%d", sctp_port(line_at(offer, offer->channel)));
    gst_sdp_media_add_attribute(media, "max-message-size", "262144");
    gst_sdp_message_add_media(remote, media);
    gst_sdp_media_free(media);
}

GstSDPMessage *offer_remote(const struct offer *offer)
{
    GstSDPMessage *remote;
    gst_sdp_message_new(&remote);
    gst_sdp_message_set_version(remote, "0");
    gst_sdp_message_set_origin(remote, "-", "1", "1", "IN", "IP4", "0.0.0.0");
    gst_sdp_message_set_session_name(remote, "-");
    gst_sdp_message_add_time(remote, "0", "0", NULL);
    gst_sdp_message_add_attribute(remote, "ice-options", "trickle");
    const char *first = mid_of(offer, bundle_line(offer)), *second = "";
    if (offer->channel >= 0)
        second = mid_of(offer, bundle_line(offer) == offer->video ? offer->channel : offer->video);
    char *group = g_strconcat("BUNDLE ", first, *second ? " " : "", second, NULL);
    gst_sdp_message_add_attribute(remote, "group", group);
    g_free(group);
    if (offer->channel >= 0 && offer->channel < offer->video)
        add_channel(offer, remote);
    add_video(offer, remote);
    if (offer->channel > offer->video)
        add_channel(offer, remote);
    return remote;
}

/* What was offered and isn't taken, in its place. like: a line that is; there are clients that want
 * a transport even so. */
static GstSDPMedia *rejected(const GstSDPMedia *offered, const GstSDPMedia *like)
{
    static const char *const keys[] = {"ice-ufrag", "ice-pwd", "fingerprint", "setup"};
    GstSDPMedia *media;
    const char *mid = gst_sdp_media_get_attribute_val(offered, "mid");
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, gst_sdp_media_get_media(offered));
    gst_sdp_media_set_port_info(media, 0, 1);
    gst_sdp_media_set_proto(media, gst_sdp_media_get_proto(offered));
    for (guint i = 0; i < gst_sdp_media_formats_len(offered); i++)
        gst_sdp_media_add_format(media, gst_sdp_media_get_format(offered, i));
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    if (is_token(mid))
        gst_sdp_media_add_attribute(media, "mid", mid);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        gst_sdp_media_add_attribute(media, keys[i], gst_sdp_media_get_attribute_val(like, keys[i]));
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    gst_sdp_media_add_attribute(media, "inactive", "");
    return media;
}

static GstSDPMedia *video_answer(const struct offer *offer, const GstSDPMedia *local)
{
    GstSDPMedia *media;
    gst_sdp_media_copy(local, &media);
    add(media, "rtcp-fb", "%u goog-remb", offer->payload); /* webrtcbin drops it */
    if (offer->playout_delay_id)
        add(media, "extmap", "%u %s", offer->playout_delay_id, PLAYOUT_DELAY);
    if (offer->send_time_id)
        add(media, "extmap", "%u %s", offer->send_time_id, SEND_TIME);
    return media;
}

static GstSDPMedia *channel_answer(const GstSDPMedia *offered, const GstSDPMedia *local)
{
    enum { PORT = 5000 }; /* webrtcbin's */
    GstSDPMedia *media;
    if (!is_old_channel(offered)) {
        gst_sdp_media_copy(local, &media);
        return media;
    }
    gst_sdp_media_new(&media);
    gst_sdp_media_set_media(media, "application");
    gst_sdp_media_set_port_info(media, 9, 1);
    gst_sdp_media_set_proto(media, "DTLS/SCTP");
    gst_sdp_media_add_format(media, "5000");
    gst_sdp_media_add_connection(media, "IN", "IP4", "0.0.0.0", 0, 0);
    for (guint i = 0; i < gst_sdp_media_attributes_len(local); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(local, i);
        if (strcmp(a->key, "sctp-port"))
            gst_sdp_media_add_attribute(media, a->key, a->value);
    }
    add(media, "sctpmap", "%d webrtc-datachannel 256", PORT);
    return media;
}

/* What stands before the m-lines. */
static GstSDPMessage *session_of(const GstSDPMessage *local)
{
    const GstSDPOrigin *origin = gst_sdp_message_get_origin(local);
    GstSDPMessage *answer;
    gst_sdp_message_new(&answer);
    gst_sdp_message_set_version(answer, "0");
    gst_sdp_message_set_origin(answer, "-", origin->sess_id, origin->sess_version, "IN", "IP4",
                               "0.0.0.0");
    gst_sdp_message_set_session_name(answer, "-");
    gst_sdp_message_add_time(answer, "0", "0", NULL);
    for (guint i = 0; i < gst_sdp_message_attributes_len(local); i++) {
        const GstSDPAttribute *a = gst_sdp_message_get_attribute(local, i);
        gst_sdp_message_add_attribute(answer, a->key, a->value);
    }
    return answer;
}

char *offer_answer(const struct offer *offer, const GstSDPMessage *local)
{
    GstSDPMessage *answer = session_of(local);
    guint lines = gst_sdp_message_medias_len(offer->sdp);
    /* offer_remote kept their order. */
    guint video = offer->channel >= 0 && offer->channel < offer->video;
    for (int i = 0; i < (int)lines; i++) {
        const GstSDPMedia *offered = line_at(offer, i);
        GstSDPMedia *media;
        if (i == offer->video)
            media = video_answer(offer, gst_sdp_message_get_media(local, video));
        else if (i == offer->channel)
            media = channel_answer(offered, gst_sdp_message_get_media(local, 1 - video));
        else
            media = rejected(offered, gst_sdp_message_get_media(local, video));
        gst_sdp_message_add_media(answer, media);
        gst_sdp_media_free(media);
    }
    char *text = gst_sdp_message_as_text(answer);
    gst_sdp_message_free(answer);
    return text;
}
