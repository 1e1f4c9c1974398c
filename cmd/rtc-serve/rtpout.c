#include "rtpout.h"
#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PAYLOAD = 96,
    REPORT_MS = 1000, /* time between our RTCP reports, which announce us */
    KEYFRAME_S = 5    /* keyframe interval while the destination sends no RTCP */
};

struct rtpout {
    struct fanout *fanout;
    struct packetsink *sink;
    int rtp, rtcp; /* sockets */
    GSource *timer, *input;
    unsigned seconds;
    bool rtcp_seen;
};

/* A UDP socket connected to host:port. -1 with errno. */
static int socket_new(const char *host, int port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen)) {
        int err = errno;
        close(fd);
        errno = err;
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static bool send_packets(void *user, struct packet *packets, unsigned count)
{
    const struct rtpout *out = user;
    bool sent = true;
    for (unsigned i = 0; i < count; i++) /* ECONNREFUSED is of an earlier packet */
        sent &= send(out->rtp, packets[i].data, packets[i].bytes, MSG_NOSIGNAL) >= 0 ||
                errno == ECONNREFUSED;
    return sent;
}

static void send_rtcp(void *user, struct packet *packet)
{
    const struct rtpout *out = user;
    send(out->rtcp, packet->data, packet->bytes, MSG_NOSIGNAL);
}

static gboolean on_rtcp(int fd, GIOCondition condition, gpointer user)
{
    struct rtpout *out = user;
    struct packet packet;
    (void)condition;
    ssize_t bytes = recv(fd, packet.data, sizeof packet.data, 0);
    if (bytes > 0) {
        out->rtcp_seen = true;
        packetsink_take_rtcp(out->sink, packet.data, (size_t)bytes);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean each_second(gpointer user)
{
    struct rtpout *out = user;
    packetsink_report(out->sink);
    if (++out->seconds % KEYFRAME_S == 0 && !out->rtcp_seen)
        packetsink_request_keyframe(out->sink);
    return G_SOURCE_CONTINUE;
}

static void start(gpointer user)
{
    struct rtpout *out = user;
    fanout_add(out->fanout, out->sink);
}

static void close_all(struct rtpout *out)
{
    int err = errno;
    if (out->rtp >= 0)
        close(out->rtp);
    if (out->rtcp >= 0)
        close(out->rtcp);
    packetsink_free(out->sink);
    g_free(out);
    errno = err;
}

struct rtpout *rtpout_new(const struct rtpout_options *options)
{
    struct rtpout *out = g_new0(struct rtpout, 1);
    out->fanout = options->fanout;
    out->rtp = socket_new(options->host, options->port);
    out->rtcp = out->rtp < 0 ? -1 : socket_new(options->host, options->port + 1);
    if (out->rtcp < 0) {
        close_all(out);
        return NULL;
    }
    out->sink = packetsink_new(&(struct packetsink_options){
        .ssrc = options->ssrc,
        .payload = PAYLOAD,
        .rtx = -1,
        .bitrate = options->bitrate,
        .word = fanout_word(options->fanout),
        .send = send_packets,
        .send_rtcp = send_rtcp,
        .user = out,
    });
    out->input = g_unix_fd_source_new(out->rtcp, G_IO_IN);
    g_source_set_callback(out->input, (GSourceFunc)(void (*)(void))on_rtcp, out, NULL);
    g_source_attach(out->input, loopthread_context(options->thread));
    out->timer = loopthread_timer(options->thread, REPORT_MS, each_second, out, NULL);
    loopthread_call(options->thread, start, out);
    return out;
}

void rtpout_free(struct rtpout *out)
{
    if (!out)
        return;
    fanout_remove(out->fanout, out->sink);
    loopthread_end(&out->timer);
    loopthread_end(&out->input);
    close_all(out);
}
