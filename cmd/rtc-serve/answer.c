#include "answer.h"
#include "sdp.h"
#include <string.h>

/* A rejected section. like: an accepted one, whose transport it repeats, as some clients require
 * one. */
static GstSDPMedia *reject(const GstSDPMedia *offered, const GstSDPMedia *like)
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
    if (sdp_is_token(mid))
        gst_sdp_media_add_attribute(media, "mid", mid);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        gst_sdp_media_add_attribute(media, keys[i], gst_sdp_media_get_attribute_val(like, keys[i]));
    gst_sdp_media_add_attribute(media, "rtcp-mux", "");
    gst_sdp_media_add_attribute(media, "inactive", "");
    return media;
}

static GstSDPMedia *accept_video(const struct offer *offer, const GstSDPMedia *local)
{
    GstSDPMedia *media;
    gst_sdp_media_copy(local, &media);
    sdp_add(media, "rtcp-fb", "%u goog-remb", offer->payload); /* webrtcbin drops it */
    if (offer->playout_delay_id)
        sdp_add(media, "extmap", "%u %s", offer->playout_delay_id, OFFER_PLAYOUT_DELAY);
    if (offer->send_time_id)
        sdp_add(media, "extmap", "%u %s", offer->send_time_id, OFFER_SEND_TIME);
    return media;
}

static GstSDPMedia *accept_channel(const struct offer *offer, const GstSDPMedia *local)
{
    enum { PORT = 5000 }; /* webrtcbin's */
    GstSDPMedia *media;
    if (!offer->legacy_channel) {
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
    sdp_add(media, "sctpmap", "%d webrtc-datachannel 256", PORT);
    return media;
}

/* The answer up to its media sections. */
static GstSDPMessage *session_new(const GstSDPMessage *local)
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

char *answer_text(const struct offer *offer, const GstSDPMessage *local)
{
    GstSDPMessage *answer = session_new(local);
    guint sections = gst_sdp_message_medias_len(offer->sdp);
    /* The local description has video and data channel in the order of the offer. */
    guint video = offer->channel >= 0 && offer->channel < offer->video;
    for (int i = 0; i < (int)sections; i++) {
        GstSDPMedia *media;
        if (i == offer->video)
            media = accept_video(offer, gst_sdp_message_get_media(local, video));
        else if (i == offer->channel)
            media = accept_channel(offer, gst_sdp_message_get_media(local, 1 - video));
        else
            media = reject(offer_section(offer, i), gst_sdp_message_get_media(local, video));
        gst_sdp_message_add_media(answer, media);
        gst_sdp_media_free(media);
    }
    char *text = gst_sdp_message_as_text(answer);
    gst_sdp_message_free(answer);
    return text;
}
