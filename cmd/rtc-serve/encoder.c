#include "encoder.h"
#include "i420.h"
#include "pixfmt.h"
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/video/video.h>
#include <string.h>
#include <unistd.h>

enum {
    RTP_BYTES = 1200, /* size of a packet: with extensions and SRTP it fits into every path MTU */
    /* Limits of a frame's duration in ns, from which the rate control derives its budget. */
    DURATION_MIN = 5000000,
    DURATION_MAX = 100000000
};

struct encoder {
    bool h264;
    GstElement *bin, *codec;
    GstPad *in, *out;   /* our pads: frames enter the bin from in, packets leave it to out */
    GPtrArray *packets; /* of the current frame */
    bool keyframe;      /* the current frame is one */
    GstVideoInfo info;  /* of raw frames; width 0: none yet */
    GstBuffer *raw;     /* memory for one raw frame */
    bool started;       /* stream-start and segment events were sent */
    uint64_t last_ns;   /* time of the last frame */
    unsigned kbit;
};

static GstFlowReturn take_packet(GstPad *pad, GstObject *parent, GstBuffer *packet)
{
    struct encoder *encoder = gst_pad_get_element_private(pad);
    (void)parent;
    g_ptr_array_add(encoder->packets, packet);
    return GST_FLOW_OK;
}

/* Watches the codec's output for keyframes. */
static GstPadProbeReturn see_encoded(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    struct encoder *encoder = user;
    (void)pad;
    if (!GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT))
        encoder->keyframe = true;
    return GST_PAD_PROBE_OK;
}

static const char vp8[] =
    "vp8enc name=codec deadline=1 cpu-used=-8 end-usage=cbr lag-in-frames=0 static-threshold=1 "
    "keyframe-mode=disabled keyframe-max-dist=2147483647 undershoot=95 overshoot=15 "
    "buffer-initial-size=300 buffer-optimal-size=400 buffer-size=600 "
    "min-quantizer=2 max-quantizer=60 max-intra-bitrate=900 ! "
    "rtpvp8pay name=out picture-id-mode=15-bit";
static const char h264[] =
    "openh264enc name=codec complexity=low rate-control=bitrate gop-size=2147483647 "
    "deblocking=on background-detection=false scene-change-detection=false ! "
    "video/x-h264,profile=constrained-baseline ! "
    "rtph264pay name=out config-interval=-1 aggregate-mode=zero-latency";

/* Templates with any caps: a pad without a template accepts only the first caps it gets. */
static GstStaticPadTemplate frames_in =
    GST_STATIC_PAD_TEMPLATE("in", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate packets_out =
    GST_STATIC_PAD_TEMPLATE("out", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static GstPad *join(struct encoder *encoder, const char *name, const char *pad_name,
                    GstPadDirection direction)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(encoder->bin), name);
    GstPad *theirs = gst_element_get_static_pad(element, pad_name);
    GstPad *ours = gst_pad_new_from_static_template(
        direction == GST_PAD_SINK ? &packets_out : &frames_in, NULL);
    gst_pad_set_element_private(ours, encoder);
    if (direction == GST_PAD_SINK)
        gst_pad_set_chain_function(ours, take_packet);
    gst_pad_set_active(ours, TRUE);
    /* Unchecked: the pads have different parents, the bin and none. */
    if (direction == GST_PAD_SINK)
        gst_pad_link_full(theirs, ours, GST_PAD_LINK_CHECK_NOTHING);
    else
        gst_pad_link_full(ours, theirs, GST_PAD_LINK_CHECK_NOTHING);
    gst_object_unref(theirs);
    gst_object_unref(element);
    return ours;
}

/* Encoder threads spin while they wait for each other: one per processor would be slower than one
 * alone on a busy machine. */
static int threads_for(uint64_t pixels)
{
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
    encoder->in = join(encoder, "codec", "sink", GST_PAD_SRC);
    encoder->out = join(encoder, "out", "src", GST_PAD_SINK);
    GstElement *pay = gst_bin_get_by_name(GST_BIN(bin), "out");
    g_object_set(pay, "mtu", (guint)RTP_BYTES, "ssrc", (guint)ssrc, "timestamp-offset", 0U, NULL);
    gst_object_unref(pay);
    GstPad *encoded = gst_element_get_static_pad(encoder->codec, "src");
    gst_pad_add_probe(encoded, GST_PAD_PROBE_TYPE_BUFFER, see_encoded, encoder, NULL);
    gst_object_unref(encoded);
    encoder_set_bitrate(encoder, kbit);
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
    gst_clear_buffer(&encoder->raw);
    g_free(encoder);
}

void encoder_set_bitrate(struct encoder *encoder, unsigned kbit)
{
    if (kbit == encoder->kbit)
        return;
    encoder->kbit = kbit;
    if (encoder->h264)
        g_object_set(encoder->codec, "bitrate", kbit * 1000, NULL);
    else
        g_object_set(encoder->codec, "target-bitrate", (int)kbit * 1000, NULL);
}

/* H.264 sides are even here, and at least 16 for this encoder; i420_convert pads the frame. */
static uint32_t side_for(const struct encoder *encoder, uint32_t side)
{
    return !encoder->h264 ? side : side < 16 ? 16 : (side + 1) & ~1U;
}

/* Sends the events that precede the first frame and each change of size. */
static bool push_caps(struct encoder *encoder)
{
    GstSegment segment;
    if (!encoder->started)
        gst_pad_push_event(encoder->in, gst_event_new_stream_start("frames"));
    GstCaps *caps = gst_video_info_to_caps(&encoder->info);
    bool accepted = gst_pad_push_event(encoder->in, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    gst_segment_init(&segment, GST_FORMAT_TIME);
    if (!encoder->started)
        gst_pad_push_event(encoder->in, gst_event_new_segment(&segment));
    encoder->started = true;
    return accepted;
}

/* Prepares for frames of this size. */
static bool set_size(struct encoder *encoder, uint32_t width, uint32_t height)
{
    GstVideoInfo *info = &encoder->info;
    width = side_for(encoder, width);
    height = side_for(encoder, height);
    if (encoder->raw && info->width == (gint)width && info->height == (gint)height)
        return true;
    gst_clear_buffer(&encoder->raw);
    if (!gst_video_info_set_format(info, GST_VIDEO_FORMAT_I420, width, height))
        return false;
    gst_video_colorimetry_from_string(&info->colorimetry, "bt601");
    encoder->raw = gst_buffer_new_allocate(NULL, info->size, NULL);
    g_object_set(encoder->codec, encoder->h264 ? "multi-thread" : "threads",
                 threads_for((uint64_t)width * height), NULL);
    return encoder->raw && push_caps(encoder);
}

/* Converts the frame into encoder->raw, which the codec releases before encoder_encode returns. */
static GstBuffer *convert(struct encoder *encoder, const struct ring_view *view)
{
    GstMapInfo map;
    encoder->raw = gst_buffer_make_writable(encoder->raw);
    if (!gst_buffer_map(encoder->raw, &map, GST_MAP_WRITE))
        return NULL;
    bool done = i420_convert(view, &encoder->info, map.data);
    gst_buffer_unmap(encoder->raw, &map);
    return done ? gst_buffer_ref(encoder->raw) : NULL;
}

static uint32_t rtp_time(GstBuffer *packet)
{
    uint8_t header[12];
    gst_buffer_extract(packet, 0, header, sizeof header);
    return GST_READ_UINT32_BE(header + 4);
}

int encoder_encode(struct encoder *encoder, const struct ring_view *view, bool keyframe,
                   uint64_t now_ns, struct encoded_frame *out)
{
    g_ptr_array_set_size(encoder->packets, 0);
    encoder->keyframe = false;
    if (!pixfmt_is_image(view->meta.format) ||
        !set_size(encoder, view->meta.width, view->meta.height))
        return -1;
    GstBuffer *buffer = convert(encoder, view);
    if (!buffer)
        return -1;
    uint64_t duration = encoder->last_ns ? now_ns - encoder->last_ns : DURATION_MAX;
    GST_BUFFER_PTS(buffer) = now_ns;
    GST_BUFFER_DURATION(buffer) = CLAMP(duration, DURATION_MIN, DURATION_MAX);
    encoder->last_ns = now_ns;
    if (keyframe)
        gst_pad_push_event(encoder->in, gst_video_event_new_downstream_force_key_unit(
                                            now_ns, now_ns, now_ns, TRUE, 0));
    if (gst_pad_push(encoder->in, buffer) != GST_FLOW_OK)
        return -1;
    if (!encoder->packets->len)
        return 0;
    *out = (struct encoded_frame){.packets = encoder->packets,
                                  .keyframe = encoder->keyframe,
                                  .rtp = rtp_time(g_ptr_array_index(encoder->packets, 0))};
    for (guint i = 0; i < encoder->packets->len; i++)
        out->bytes += gst_buffer_get_size(g_ptr_array_index(encoder->packets, i));
    return 1;
}
