#include "rtpout.h"
#include "mediaparts.h"
#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PAYLOAD = 96,
    REPORT_MS = 1000, /* least time between our reports; who takes part learns of us by the first */
    KEY_SECONDS = 5   /* as long as nobody there can ask for a keyframe */
};

struct rtpout {
    struct pipeline *media;
    struct outlet outlet;
    GstElement *pipeline;
    GSource *timer;
    _Atomic bool heard;
};

/* A socket that hears nobody but host:port. */
static GSocket *socket_to(const char *host, int port, char *address, size_t room)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found)) {
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    GSocket *made = NULL;
    int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
        getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)room, NULL, 0,
                    NI_NUMERICHOST) == 0)
        made = g_socket_new_from_fd(fd, NULL);
    int err = errno;
    if (!made && fd >= 0)
        close(fd);
    freeaddrinfo(found);
    errno = err;
    return made;
}

static void rtcp_came(GObject *session, GstBuffer *rtcp, struct rtpout *out)
{
    (void)session;
    atomic_store(&out->heard, true);
    feedback_read(&out->outlet, rtcp);
}

static gboolean key_due(gpointer user)
{
    struct rtpout *out = user;
    if (atomic_load(&out->heard))
        return G_SOURCE_REMOVE;
    outlet_ask(&out->outlet);
    return G_SOURCE_CONTINUE;
}

static GstElement *add(struct rtpout *out, const char *name)
{
    GstElement *element = gst_element_factory_make(name, NULL);
    gst_bin_add(GST_BIN(out->pipeline), element);
    return element;
}

static void watch_rtcp(struct rtpout *out, GstElement *rtpbin)
{
    GObject *session = NULL;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    g_object_set(session, "rtcp-min-interval", (guint64)REPORT_MS * 1000000, NULL);
    g_signal_connect(session, "on-receiving-rtcp", G_CALLBACK(rtcp_came), out);
    g_object_unref(session);
}

static void assemble(struct rtpout *out, const char *codec, const char *host, int port,
                     GSocket *socket)
{
    GstElement *src = outlet_source(&out->outlet, out->media, codec, PAYLOAD, out->media->ssrc);
    out->pipeline = gst_object_ref_sink(gst_pipeline_new(NULL));
    gst_bin_add(GST_BIN(out->pipeline), src);
    GstElement *rtpbin = add(out, "rtpbin"), *rtp = add(out, "udpsink");
    GstElement *rtcp = add(out, "udpsink"), *from = add(out, "udpsrc");
    GstClock *clock = gst_system_clock_obtain();
    g_object_set(rtp, "host", host, "port", port, "sync", FALSE, "async", FALSE, NULL);
    g_object_set(rtcp, "host", host, "port", port + 1, "sync", FALSE, "async", FALSE, "socket",
                 socket, "close-socket", FALSE, NULL);
    g_object_set(from, "socket", socket, "close-socket", FALSE, NULL);
    gst_pipeline_use_clock(GST_PIPELINE(out->pipeline), clock);
    gst_object_unref(clock);
    gst_element_set_start_time(out->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(out->pipeline, 0);
    gst_element_link_pads(src, "src", rtpbin, "send_rtp_sink_0");
    gst_element_link_pads(rtpbin, "send_rtp_src_0", rtp, "sink");
    gst_element_link_pads(rtpbin, "send_rtcp_src_0", rtcp, "sink");
    gst_element_link_pads(from, "src", rtpbin, "recv_rtcp_sink_0");
    watch_rtcp(out, rtpbin);
}

struct rtpout *rtpout_new(struct pipeline *media, const char *codec, const char *host, int port)
{
    char address[NI_MAXHOST];
    GSocket *socket = socket_to(host, port + 1, address, sizeof address);
    if (!socket)
        return NULL;
    struct rtpout *out = g_new0(struct rtpout, 1);
    out->media = media;
    assemble(out, codec, address, port, socket);
    g_object_unref(socket);
    gst_element_set_state(out->pipeline, GST_STATE_PLAYING);
    out->timer = g_timeout_source_new_seconds(KEY_SECONDS);
    g_source_set_callback(out->timer, key_due, out, NULL);
    g_source_attach(out->timer, media->context);
    pipeline_outlet_add(media, &out->outlet);
    return out;
}

void rtpout_free(struct rtpout *out)
{
    if (!out)
        return;
    g_source_destroy(out->timer);
    g_source_unref(out->timer);
    pipeline_outlet_remove(out->media, &out->outlet);
    gst_element_set_state(out->pipeline, GST_STATE_NULL);
    gst_object_unref(out->pipeline);
    g_free(out);
}
