#include "outlet.h"
#include "encoder.h"
#include "mediaparts.h"
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/video/video.h>
#include <string.h>

enum {
    RTP_HEADER = 12,
    BEHIND_BYTES = 1 << 20, /* packets that wait: so far behind, only a keyframe helps */
};

static GstPadProbeReturn upstream_event(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    (void)pad;
    /* What PLI and FIR turn into. */
    if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info))) {
        struct outlet *outlet = user;
        atomic_fetch_add(&outlet->asked, 1);
        outlet_ask(outlet);
    }
    return GST_PAD_PROBE_OK;
}

GstElement *outlet_source(struct outlet *outlet, struct pipeline *media, const char *codec,
                          unsigned payload, uint32_t ssrc)
{
    GstElement *src = gst_element_factory_make("appsrc", NULL);
    GstCaps *caps =
        gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name",
                            G_TYPE_STRING, codec, "clock-rate", G_TYPE_INT, 90000, "payload",
                            G_TYPE_INT, (int)payload, "ssrc", G_TYPE_UINT, ssrc, NULL);
    g_object_set(src, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes",
                 (guint64)0, NULL);
    gst_caps_unref(caps);
    GstPad *pad = gst_element_get_static_pad(src, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, upstream_event, outlet, NULL);
    gst_object_unref(pad);
    outlet->media = media;
    atomic_store(&outlet->allowed, media->options.bitrate);
    outlet->src = GST_APP_SRC(src);
    outlet->payload = payload;
    outlet->sequence = (uint16_t)g_random_int();
    return src;
}

void outlet_ask(struct outlet *outlet)
{
    if (!atomic_exchange(&outlet->wants_key, true))
        pipeline_stir(outlet->media);
}

/* One-byte header extensions (RFC 8285) at out. Returns their size with what comes before them. */
static size_t put_extensions(const struct outlet *outlet, uint8_t *out)
{
    size_t bytes = 4;
    if (outlet->playout_delay_id) { /* least and greatest delay: 0, show it at once */
        out[bytes] = (uint8_t)(outlet->playout_delay_id << 4 | 2);
        memset(out + bytes + 1, 0, 3);
        bytes += 4;
    }
    if (outlet->send_time_id) { /* seconds, 6.18 bits */
        uint64_t now = (uint64_t)g_get_monotonic_time(), time = (now << 18) / 1000000;
        out[bytes] = (uint8_t)(outlet->send_time_id << 4 | 2);
        out[bytes + 1] = (uint8_t)(time >> 16);
        out[bytes + 2] = (uint8_t)(time >> 8);
        out[bytes + 3] = (uint8_t)time;
        bytes += 4;
    }
    if (bytes == 4)
        return 0;
    out[0] = 0xbe;
    out[1] = 0xde;
    out[2] = 0;
    out[3] = (uint8_t)(bytes / 4 - 1);
    return bytes;
}

/* The encoder's packet with this outlet's header before the same payload. */
static GstBuffer *packet_for(struct outlet *outlet, GstBuffer *made)
{
    uint8_t header[RTP_HEADER + 12];
    gst_buffer_extract(made, 0, header, RTP_HEADER);
    size_t extra = put_extensions(outlet, header + RTP_HEADER);
    header[0] = extra ? 0x90 : 0x80;
    header[1] = (uint8_t)((header[1] & 0x80) | outlet->payload);
    header[2] = (uint8_t)(outlet->sequence >> 8);
    header[3] = (uint8_t)outlet->sequence;
    outlet->sequence++;
    GstBuffer *packet = gst_buffer_new_allocate(NULL, RTP_HEADER + extra, NULL);
    gst_buffer_fill(packet, 0, header, RTP_HEADER + extra);
    gst_buffer_copy_into(packet, made, GST_BUFFER_COPY_MEMORY, RTP_HEADER, (gsize)-1);
    GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(made);
    return packet;
}

void outlet_push(struct outlet *outlet, const struct coded *picture)
{
    if (gst_app_src_get_current_level_bytes(outlet->src) > BEHIND_BYTES) {
        outlet->begun = false;
        atomic_fetch_add(&outlet->left_out, 1);
        return;
    }
    if (!picture->keyframe && !outlet->begun) {
        atomic_fetch_add(&outlet->left_out, 1);
        outlet_ask(outlet);
        return;
    }
    uint64_t bytes = 0;
    for (guint i = 0; i < picture->packets->len; i++) {
        GstBuffer *packet = packet_for(outlet, g_ptr_array_index(picture->packets, i));
        bytes += gst_buffer_get_size(packet);
        /* No list of them: a source of 1.22 that is stopped just then warns on stderr. */
        gst_app_src_push_buffer(outlet->src, packet);
    }
    if (picture->keyframe)
        atomic_store(&outlet->wants_key, false);
    outlet->begun = true;
    atomic_fetch_add(&outlet->packets, picture->packets->len);
    atomic_fetch_add(&outlet->bytes, bytes);
}
