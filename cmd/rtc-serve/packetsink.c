#include "packetsink.h"
#include "futex.h"
#include <gst/app/gstappsrc.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/video/video.h>
#include <string.h>

enum {
    RTP_HEADER = 12,
    QUEUE_MAX = 1 << 20 /* bytes queued from which on frames are skipped */
};

struct packetsink {
    GstElement *pipeline;
    GstAppSrc *source; /* in the pipeline */
    unsigned payload, playout_delay_id, send_time_id;
    uint16_t sequence;
    bool in_sync; /* got a keyframe and every frame since */
    _Atomic bool wants_keyframe;
    _Atomic uint32_t *word;
    struct feedback *feedback;
    _Atomic uint64_t packets, bytes, dropped, keyframe_requests;
};

/* PLI (RFC 4585) and FIR (RFC 5104) arrive as force-key-unit events. */
static GstPadProbeReturn upstream_event(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    (void)pad;
    if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info))) {
        struct packetsink *sink = user;
        atomic_fetch_add(&sink->keyframe_requests, 1);
        packetsink_request_keyframe(sink);
    }
    return GST_PAD_PROBE_OK;
}

static GstElement *source_new(struct packetsink *sink, const struct packetsink_options *options)
{
    GstElement *source = gst_element_factory_make("appsrc", NULL);
    GstCaps *caps = gst_caps_new_simple(
        "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING,
        options->codec, "clock-rate", G_TYPE_INT, 90000, "payload", G_TYPE_INT,
        (int)options->payload, "ssrc", G_TYPE_UINT, options->ssrc, NULL);
    g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes",
                 (guint64)0, NULL);
    gst_caps_unref(caps);
    GstPad *pad = gst_element_get_static_pad(source, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, upstream_event, sink, NULL);
    gst_object_unref(pad);
    return source;
}

static GstElement *pipeline_new(GstElement *source)
{
    GstElement *pipeline = gst_object_ref_sink(gst_pipeline_new(NULL));
    GstClock *clock = gst_system_clock_obtain();
    gst_bin_add(GST_BIN(pipeline), source);
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock);
    gst_object_unref(clock);
    gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(pipeline, 0);
    return pipeline;
}

struct packetsink *packetsink_new(const struct packetsink_options *options)
{
    struct packetsink *sink = g_new0(struct packetsink, 1);
    GstElement *source = source_new(sink, options);
    sink->source = GST_APP_SRC(source);
    sink->pipeline = pipeline_new(source);
    sink->payload = options->payload;
    sink->playout_delay_id = options->playout_delay_id;
    sink->send_time_id = options->send_time_id;
    sink->sequence = (uint16_t)g_random_int();
    sink->word = options->word;
    sink->feedback = feedback_new(options->ssrc, &options->bitrate);
    return sink;
}

void packetsink_stop(struct packetsink *sink)
{
    if (!sink->pipeline)
        return;
    gst_element_set_state(sink->pipeline, GST_STATE_NULL);
    gst_object_unref(sink->pipeline);
    sink->pipeline = NULL;
    sink->source = NULL;
}

void packetsink_free(struct packetsink *sink)
{
    if (!sink)
        return;
    feedback_free(sink->feedback);
    g_free(sink);
}

GstElement *packetsink_pipeline(const struct packetsink *sink)
{
    return sink->pipeline;
}

GstElement *packetsink_source(const struct packetsink *sink)
{
    return GST_ELEMENT(sink->source);
}

/* Writes one-byte header extensions (RFC 8285) at out. Returns their size with their header. */
static size_t put_extensions(const struct packetsink *sink, uint8_t *out)
{
    size_t bytes = 4;
    if (sink->playout_delay_id) { /* minimum and maximum delay 0: show the frame at once */
        out[bytes] = (uint8_t)(sink->playout_delay_id << 4 | 2);
        memset(out + bytes + 1, 0, 3);
        bytes += 4;
    }
    if (sink->send_time_id) { /* abs-send-time: seconds, fixed point 6.18 */
        uint64_t now = (uint64_t)g_get_monotonic_time(), time = (now << 18) / 1000000;
        out[bytes] = (uint8_t)(sink->send_time_id << 4 | 2);
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

/* The encoder's packet with the sink's own header and the shared payload. */
static GstBuffer *packet_new(struct packetsink *sink, GstBuffer *encoded)
{
    uint8_t header[RTP_HEADER + 12];
    gst_buffer_extract(encoded, 0, header, RTP_HEADER);
    size_t extra = put_extensions(sink, header + RTP_HEADER);
    header[0] = extra ? 0x90 : 0x80;
    header[1] = (uint8_t)((header[1] & 0x80) | sink->payload);
    header[2] = (uint8_t)(sink->sequence >> 8);
    header[3] = (uint8_t)sink->sequence;
    sink->sequence++;
    GstBuffer *packet = gst_buffer_new_allocate(NULL, RTP_HEADER + extra, NULL);
    gst_buffer_fill(packet, 0, header, RTP_HEADER + extra);
    gst_buffer_copy_into(packet, encoded, GST_BUFFER_COPY_MEMORY, RTP_HEADER, (gsize)-1);
    GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(encoded);
    return packet;
}

void packetsink_push(struct packetsink *sink, const struct encoded_frame *frame)
{
    if (gst_app_src_get_current_level_bytes(sink->source) > QUEUE_MAX) {
        sink->in_sync = false;
        atomic_fetch_add(&sink->dropped, 1);
        return;
    }
    if (!frame->keyframe && !sink->in_sync) {
        atomic_fetch_add(&sink->dropped, 1);
        packetsink_request_keyframe(sink);
        return;
    }
    uint64_t bytes = 0;
    for (guint i = 0; i < frame->packets->len; i++) {
        GstBuffer *packet = packet_new(sink, g_ptr_array_index(frame->packets, i));
        bytes += gst_buffer_get_size(packet);
        /* Not a buffer list: an appsrc of GStreamer 1.22 that stops during the push of a list
         * warns on stderr. */
        gst_app_src_push_buffer(sink->source, packet);
    }
    if (frame->keyframe)
        atomic_store(&sink->wants_keyframe, false);
    sink->in_sync = true;
    atomic_fetch_add(&sink->packets, frame->packets->len);
    atomic_fetch_add(&sink->bytes, bytes);
}

void packetsink_take_rtcp(struct packetsink *sink, GstBuffer *rtcp)
{
    feedback_read(sink->feedback, rtcp, atomic_load(&sink->bytes));
}

void packetsink_request_keyframe(struct packetsink *sink)
{
    if (!atomic_exchange(&sink->wants_keyframe, true))
        futex_wake(sink->word);
}

bool packetsink_wants_keyframe(const struct packetsink *sink)
{
    return atomic_load(&sink->wants_keyframe);
}

uint32_t packetsink_bitrate(const struct packetsink *sink)
{
    return feedback_bitrate(sink->feedback);
}

void packetsink_add_stats(const struct packetsink *sink, struct packetsink_stats *total)
{
    total->packets += atomic_load(&sink->packets);
    total->bytes += atomic_load(&sink->bytes);
    total->dropped += atomic_load(&sink->dropped);
    total->keyframe_requests += atomic_load(&sink->keyframe_requests);
}
