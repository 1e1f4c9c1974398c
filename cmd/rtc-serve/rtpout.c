#include "rtpout.h"
#include "tool/thread.h"
#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PAYLOAD = 96,
    REPORT_MS = 1000,  /* minimum time between our RTCP reports, which announce us */
    KEYFRAME_MS = 5000 /* keyframe interval while the destination sends no RTCP */
};

struct rtpout {
    struct fanout *fanout;
    struct packetsink *sink;
    GSource *timer;
    _Atomic bool rtcp_seen;
};

/* A UDP socket connected to host:port; *address gets the address as a number. */
static GSocket *socket_new(const char *host, int port, char *address, size_t room)
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

static void on_rtcp(GObject *session, GstBuffer *rtcp, struct rtpout *out)
{
    (void)session;
    atomic_store(&out->rtcp_seen, true);
    packetsink_take_rtcp(out->sink, rtcp);
}

static gboolean periodic_keyframe(gpointer user)
{
    struct rtpout *out = user;
    if (atomic_load(&out->rtcp_seen))
        return G_SOURCE_REMOVE;
    packetsink_request_keyframe(out->sink);
    return G_SOURCE_CONTINUE;
}

static void watch_rtcp(struct rtpout *out, GstElement *rtpbin)
{
    GObject *session = NULL;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    g_object_set(session, "rtcp-min-interval", (guint64)REPORT_MS * 1000000, NULL);
    g_signal_connect(session, "on-receiving-rtcp", G_CALLBACK(on_rtcp), out);
    g_object_unref(session);
}

static GstElement *add(GstElement *pipeline, const char *name)
{
    GstElement *element = gst_element_factory_make(name, NULL);
    gst_bin_add(GST_BIN(pipeline), element);
    return element;
}

/* Adds rtpbin and the UDP elements to the sink's pipeline. */
static void assemble(struct rtpout *out, const char *address, int port, GSocket *rtcp_socket)
{
    GstElement *pipeline = packetsink_pipeline(out->sink);
    GstElement *source = packetsink_source(out->sink);
    GstElement *rtpbin = add(pipeline, "rtpbin"), *rtp = add(pipeline, "udpsink");
    GstElement *rtcp = add(pipeline, "udpsink"), *from = add(pipeline, "udpsrc");
    g_object_set(rtp, "host", address, "port", port, "sync", FALSE, "async", FALSE, NULL);
    g_object_set(rtcp, "host", address, "port", port + 1, "sync", FALSE, "async", FALSE, "socket",
                 rtcp_socket, "close-socket", FALSE, NULL);
    g_object_set(from, "socket", rtcp_socket, "close-socket", FALSE, NULL);
    gst_element_link_pads(source, "src", rtpbin, "send_rtp_sink_0");
    gst_element_link_pads(rtpbin, "send_rtp_src_0", rtp, "sink");
    gst_element_link_pads(rtpbin, "send_rtcp_src_0", rtcp, "sink");
    gst_element_link_pads(from, "src", rtpbin, "recv_rtcp_sink_0");
    watch_rtcp(out, rtpbin);
}

static struct rtpout *open_output(const struct rtpout_options *options)
{
    char address[NI_MAXHOST];
    GSocket *socket = socket_new(options->host, options->port + 1, address, sizeof address);
    if (!socket)
        return NULL;
    struct rtpout *out = g_new0(struct rtpout, 1);
    out->fanout = options->fanout;
    out->sink = packetsink_new(&(struct packetsink_options){
        .codec = strcmp(options->codec, "h264") ? "VP8" : "H264",
        .ssrc = options->ssrc,
        .payload = PAYLOAD,
        .bitrate = options->bitrate,
        .word = fanout_word(options->fanout),
    });
    assemble(out, address, options->port, socket);
    g_object_unref(socket);
    gst_element_set_state(packetsink_pipeline(out->sink), GST_STATE_PLAYING);
    out->timer = loopthread_timer(options->thread, KEYFRAME_MS, periodic_keyframe, out, NULL);
    fanout_add(out->fanout, out->sink);
    return out;
}

struct request {
    const struct rtpout_options *options;
    struct rtpout *out;
    int err;
};

static void *run(void *arg)
{
    struct request *request = arg;
    request->out = open_output(request->options);
    request->err = errno;
    return NULL;
}

/* A GStreamer pipeline starts threads that inherit the signal mask: open it on a thread that blocks
 * signals. */
struct rtpout *rtpout_new(const struct rtpout_options *options)
{
    struct request request = {options, NULL, 0};
    pthread_t thread;
    if (thread_start(&thread, run, &request))
        return NULL;
    pthread_join(thread, NULL);
    errno = request.err;
    return request.out;
}

void rtpout_free(struct rtpout *out)
{
    if (!out)
        return;
    g_source_destroy(out->timer);
    g_source_unref(out->timer);
    fanout_remove(out->fanout, out->sink);
    packetsink_stop(out->sink);
    packetsink_free(out->sink);
    g_free(out);
}
