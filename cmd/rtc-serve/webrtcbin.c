#include "webrtcbin.h"
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

static void disable_unused_ice(GstElement *webrtcbin)
{
    GObject *ice, *agent;
    g_object_get(webrtcbin, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, NULL); /* asks routers for nothing */
    g_object_unref(agent);
    g_object_unref(ice);
}

/* Requests the pad for the source's packets and sets up its transceiver. The pad gets its caps at
 * once: with caps that arrive later through the pad, webrtcbin sometimes answers that it sends
 * nothing. */
static GstPad *sending_pad(GstElement *webrtcbin, GstElement *source, bool retransmit)
{
    GstPadTemplate *template = gst_element_get_pad_template(webrtcbin, "sink_%u");
    GstCaps *caps;
    GObject *transceiver;
    g_object_get(source, "caps", &caps, NULL);
    GstPad *pad = gst_element_request_pad(webrtcbin, template, NULL, caps);
    if (pad) {
        g_object_get(pad, "transceiver", &transceiver, NULL);
        g_object_set(transceiver, "do-nack", retransmit, "direction",
                     GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "codec-preferences", caps,
                     NULL);
        g_object_unref(transceiver);
    }
    gst_caps_unref(caps);
    return pad;
}

static bool link_source(GstElement *webrtcbin, GstElement *source, bool retransmit)
{
    GstPad *from = gst_element_get_static_pad(source, "src");
    GstPad *to = sending_pad(webrtcbin, source, retransmit);
    bool linked = to && gst_pad_link(from, to) == GST_PAD_LINK_OK;
    gst_object_unref(from);
    if (to)
        gst_object_unref(to);
    return linked;
}

GstElement *webrtcbin_new(const struct packetsink *sink, const struct webrtcbin_options *options)
{
    GstElement *webrtcbin = gst_element_factory_make("webrtcbin", NULL);
    g_object_set(webrtcbin, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 0,
                 NULL);
    if (options->stun)
        g_object_set(webrtcbin, "stun-server", options->stun, NULL);
    if (options->turn)
        g_object_set(webrtcbin, "turn-server", options->turn, NULL);
    disable_unused_ice(webrtcbin);
    gst_bin_add(GST_BIN(packetsink_pipeline(sink)), webrtcbin);
    return link_source(webrtcbin, packetsink_source(sink), options->retransmit) ? webrtcbin : NULL;
}

GstElement *webrtcbin_rtpbin(GstElement *webrtcbin)
{
    return gst_bin_get_by_name(GST_BIN(webrtcbin), "rtpbin");
}

void webrtcbin_each_dtls(GstElement *webrtcbin, void (*each)(GObject *encoder, void *user),
                         void *user)
{
    GValue item = G_VALUE_INIT;
    GstIterator *found =
        gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtcbin), "dtlssrtpenc");
    while (gst_iterator_next(found, &item) == GST_ITERATOR_OK) {
        each(g_value_get_object(&item), user);
        g_value_reset(&item);
    }
    g_value_unset(&item);
    gst_iterator_free(found);
}
