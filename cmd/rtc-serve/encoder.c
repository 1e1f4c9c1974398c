#include "encoder.h"
#include "pix.h"
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/video/video.h>
#include <string.h>
#include <unistd.h>

enum {
    RTP_BYTES = 1200,       /* of a packet: what every way takes, extensions and SRTP beside it */
    DURATION_MIN = 5000000, /* ns; the rate control takes a picture's for a share of its budget */
    DURATION_MAX = 100000000
};

struct encoder {
    bool h264;
    GstElement *bin, *codec;
    GstPad *in, *out; /* ours: in pushes into the bin, out is pushed to by it */
    GPtrArray *packets;
    bool begun; /* the first events are through */
    bool keyframe;
    struct ring_meta last; /* what the caps were made for */
    uint64_t last_ns;
    unsigned kbit;
};

static const GstVideoFormat formats[PIX_FORMATS] = {
    [PIX_GRAY8] = GST_VIDEO_FORMAT_GRAY8,  [PIX_RGB24] = GST_VIDEO_FORMAT_RGB,
    [PIX_BGR24] = GST_VIDEO_FORMAT_BGR,    [PIX_RGBA] = GST_VIDEO_FORMAT_RGBx,
    [PIX_BGRA] = GST_VIDEO_FORMAT_BGRx,    [PIX_YUV420P] = GST_VIDEO_FORMAT_I420,
    [PIX_YUV422P] = GST_VIDEO_FORMAT_Y42B, [PIX_YUV444P] = GST_VIDEO_FORMAT_Y444,
};

static GstFlowReturn take_packet(GstPad *pad, GstObject *parent, GstBuffer *packet)
{
    struct encoder *encoder = gst_pad_get_element_private(pad);
    (void)parent;
    g_ptr_array_add(encoder->packets, packet);
    return GST_FLOW_OK;
}

/* What the codec makes: is it a keyframe? */
static GstPadProbeReturn see_coded(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    struct encoder *encoder = user;
    (void)pad;
    if (!GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT))
        encoder->keyframe = true;
    return GST_PAD_PROBE_OK;
}

static const char vp8[] =
    "videoconvert name=in dither=none chroma-resampler=linear ! "
    "video/x-raw,format=I420,colorimetry=bt601 ! "
    "vp8enc name=codec deadline=1 cpu-used=-8 end-usage=cbr lag-in-frames=0 static-threshold=1 "
    "keyframe-mode=disabled keyframe-max-dist=2147483647 undershoot=95 overshoot=15 "
    "buffer-initial-size=300 buffer-optimal-size=400 buffer-size=600 "
    "min-quantizer=2 max-quantizer=60 max-intra-bitrate=900 ! "
    "rtpvp8pay name=out picture-id-mode=15-bit";
static const char h264[] =
    "videoconvert name=in dither=none chroma-resampler=linear ! "
    "video/x-raw,format=I420,colorimetry=bt601 ! "
    "openh264enc name=codec complexity=low rate-control=bitrate gop-size=2147483647 "
    "deblocking=on background-detection=false scene-change-detection=false ! "
    "video/x-h264,profile=constrained-baseline ! "
    "rtph264pay name=out config-interval=-1 aggregate-mode=zero-latency";

static GstPad *join(struct encoder *encoder, const char *name, const char *pad_name,
                    GstPadDirection direction)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(encoder->bin), name);
    GstPad *theirs = gst_element_get_static_pad(element, pad_name);
    GstPad *ours = gst_pad_new(NULL, direction);
    gst_pad_set_element_private(ours, encoder);
    if (direction == GST_PAD_SINK)
        gst_pad_set_chain_function(ours, take_packet);
    gst_pad_set_active(ours, TRUE);
    /* Without checks: theirs has the bin for a parent, ours has none. */
    if (direction == GST_PAD_SINK)
        gst_pad_link_full(theirs, ours, GST_PAD_LINK_CHECK_NOTHING);
    else
        gst_pad_link_full(ours, theirs, GST_PAD_LINK_CHECK_NOTHING);
    gst_object_unref(theirs);
    gst_object_unref(element);
    return ours;
}

/* As many as pay: they wait for each other by spinning, and so not all processors, or beside others
 * they are slower than one. */
static int threads_for(const struct ring_meta *meta)
{
    uint64_t pixels = (uint64_t)meta->width * meta->height;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return pixels > 1920 * 1080 && cpus >= 8 ? 4 : pixels > 640 * 480 && cpus >= 4 ? 2 : 1;
}

struct encoder *encoder_new(const char *codec, unsigned kbit, uint32_t ssrc)
{
    bool is_h264 = !strcmp(codec, "h264");
    GstElement *bin =
        gst_parse_launch_full(is_h264 ? h264 : vp8, NULL,
                              GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_PLACE_IN_BIN, NULL);
    if (!bin)
        return NULL;
    struct encoder *encoder = g_new0(struct encoder, 1);
    encoder->h264 = is_h264;
    encoder->bin = gst_object_ref_sink(bin);
    encoder->packets = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    encoder->codec = gst_bin_get_by_name(GST_BIN(bin), "codec");
    encoder->in = join(encoder, "in", "sink", GST_PAD_SRC);
    encoder->out = join(encoder, "out", "src", GST_PAD_SINK);
    GstElement *pay = gst_bin_get_by_name(GST_BIN(bin), "out");
    g_object_set(pay, "mtu", (guint)RTP_BYTES, "ssrc", (guint)ssrc, NULL);
    gst_object_unref(pay);
    GstPad *coded = gst_element_get_static_pad(encoder->codec, "src");
    gst_pad_add_probe(coded, GST_PAD_PROBE_TYPE_BUFFER, see_coded, encoder, NULL);
    gst_object_unref(coded);
    encoder_bitrate(encoder, kbit);
    gst_element_set_state(bin, GST_STATE_PLAYING);
    return encoder;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    gst_element_set_state(encoder->bin, GST_STATE_NULL);
    gst_pad_set_active(encoder->in, FALSE);
    gst_pad_set_active(encoder->out, FALSE);
    gst_object_unref(encoder->codec);
    gst_object_unref(encoder->bin);
    gst_object_unref(encoder->in);
    gst_object_unref(encoder->out);
    g_ptr_array_unref(encoder->packets);
    g_free(encoder);
}

void encoder_bitrate(struct encoder *encoder, unsigned kbit)
{
    if (kbit == encoder->kbit)
        return;
    encoder->kbit = kbit;
    if (encoder->h264)
        g_object_set(encoder->codec, "bitrate", kbit * 1000, NULL);
    else
        g_object_set(encoder->codec, "target-bitrate", (int)kbit * 1000, NULL);
}

static void begin(struct encoder *encoder)
{
    GstSegment segment;
    if (encoder->begun)
        return;
    gst_pad_push_event(encoder->in, gst_event_new_stream_start("frames"));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    encoder->begun = true;
}

/* Tells what kind of pictures come from now on. */
static bool set_caps(struct encoder *encoder, const struct ring_meta *meta)
{
    const struct ring_meta *last = &encoder->last;
    if (last->width == meta->width && last->height == meta->height &&
        last->format == meta->format && ((last->flags ^ meta->flags) & PIX_LIMITED) == 0)
        return true;
    GstVideoInfo info;
    gst_video_info_set_format(&info, formats[meta->format], meta->width, meta->height);
    if (pix_is_yuv(meta->format) || meta->format == PIX_GRAY8)
        gst_video_colorimetry_from_string(&info.colorimetry,
                                          meta->flags & PIX_LIMITED ? "bt601" : "1:4:16:4");
    GstCaps *caps = gst_video_info_to_caps(&info);
    bool first = !last->width, taken;
    g_object_set(encoder->codec, encoder->h264 ? "multi-thread" : "threads", threads_for(meta),
                 NULL);
    taken = gst_pad_push_event(encoder->in, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    if (first && taken) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_pad_push_event(encoder->in, gst_event_new_segment(&segment));
    }
    if (taken)
        encoder->last = *meta;
    return taken;
}

/* The frame's own memory as a buffer: rows where they are, the lowest first turned round by where
 * rows begin and in which direction they go. */
static GstBuffer *wrap(const struct ring_view *view)
{
    const struct ring_meta *meta = &view->meta;
    struct pix_layout layout;
    gsize offsets[GST_VIDEO_MAX_PLANES] = {0};
    gint strides[GST_VIDEO_MAX_PLANES] = {0};
    if (!pix_plan(meta->format, meta->width, meta->height, &layout))
        return NULL;
    for (int i = 0; i < layout.planes; i++) {
        const struct pix_plane *plane = &layout.plane[i];
        offsets[i] = plane->offset;
        strides[i] = (gint)plane->stride;
        if (meta->flags & PIX_BOTTOM_UP) {
            offsets[i] += plane->stride * (plane->height - 1);
            strides[i] = -strides[i];
        }
    }
    GstBuffer *buffer = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)view->data,
                                                    meta->bytes, 0, meta->bytes, NULL, NULL);
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, formats[meta->format],
                                   meta->width, meta->height, (guint)layout.planes, offsets,
                                   strides);
    return buffer;
}

static uint32_t rtp_time(GstBuffer *packet)
{
    uint8_t header[12];
    gst_buffer_extract(packet, 0, header, sizeof header);
    return GST_READ_UINT32_BE(header + 4);
}

bool encoder_picture(struct encoder *encoder, const struct ring_view *view, bool keyframe,
                     uint64_t now_ns, struct coded *out)
{
    g_ptr_array_set_size(encoder->packets, 0);
    encoder->keyframe = false;
    begin(encoder);
    if (!set_caps(encoder, &view->meta))
        return false;
    GstBuffer *buffer = wrap(view);
    if (!buffer)
        return false;
    uint64_t duration = encoder->last_ns ? now_ns - encoder->last_ns : DURATION_MAX;
    GST_BUFFER_PTS(buffer) = now_ns;
    GST_BUFFER_DURATION(buffer) = CLAMP(duration, DURATION_MIN, DURATION_MAX);
    encoder->last_ns = now_ns;
    if (keyframe)
        gst_pad_push_event(encoder->in, gst_video_event_new_downstream_force_key_unit(
                                            now_ns, now_ns, now_ns, TRUE, 0));
    if (gst_pad_push(encoder->in, buffer) != GST_FLOW_OK || !encoder->packets->len)
        return false;
    *out = (struct coded){.packets = encoder->packets,
                          .keyframe = encoder->keyframe,
                          .rtp = rtp_time(g_ptr_array_index(encoder->packets, 0))};
    for (guint i = 0; i < encoder->packets->len; i++)
        out->bytes += gst_buffer_get_size(g_ptr_array_index(encoder->packets, i));
    return true;
}
