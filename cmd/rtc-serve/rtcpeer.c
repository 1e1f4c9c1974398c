#include "rtcpeer.h"
#include "answer.h"
#include "datachannel.h"
#include "monotonic.h"
#include "negotiation.h"
#include "remotesdp.h"
#include "webrtcbin.h"
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <stdatomic.h>

enum {
    GATHER_MS = 3000,   /* time to gather candidates; later ones are not in the answer */
    CONNECT_MS = 20000, /* time from the answer until the peer is connected */
    LOST_MS = 10000     /* time disconnected or without RTCP until the peer is ended */
};

struct rtcpeers {
    struct rtcpeers_options options;
    struct rtcpeer *running; /* peers with a GStreamer pipeline; the pipeline thread's */
};

struct rtcpeer {
    _Atomic unsigned references;
    struct rtcpeers *peers;
    void *owner; /* the server thread's; NULL: none any more */
    struct packetsink *sink;
    struct datachannel *channel;
    _Atomic uint64_t rtcp_ns; /* time of the last RTCP */
    _Atomic bool rtcp_seen;

    /* The pipeline thread's. */
    struct rtcpeer *next, **link; /* in the list of running peers; link NULL: not running */
    struct offer *offer;
    GstElement *webrtcbin; /* in the sink's pipeline */
    GSource *timer;        /* for the next step to expect, or NULL */
    bool answered, connected, dropped, ended;
};

static _Atomic unsigned connecting;

/* --- references --- */

gpointer rtcpeer_hold(gpointer user)
{
    struct rtcpeer *peer = user;
    atomic_fetch_add(&peer->references, 1);
    return peer;
}

void rtcpeer_release(gpointer user)
{
    struct rtcpeer *peer = user;
    if (atomic_fetch_sub(&peer->references, 1) > 1)
        return;
    datachannel_free(peer->channel);
    packetsink_free(peer->sink);
    offer_free(peer->offer);
    g_free(peer);
}

static void closure_release(gpointer user, GClosure *closure)
{
    (void)closure;
    rtcpeer_release(user);
}

static void connect_signal(struct rtcpeer *peer, gpointer object, const char *signal,
                           GCallback callback)
{
    g_signal_connect_data(object, signal, callback, rtcpeer_hold(peer), closure_release,
                          (GConnectFlags)0);
}

static void invoke(struct rtcpeer *peer, GSourceFunc work)
{
    loopthread_invoke(peer->peers->options.thread, work, rtcpeer_hold(peer), rtcpeer_release);
}

static void post(struct rtcpeer *peer, enum message_kind kind, int status, char *text, size_t bytes)
{
    mailbox_post(peer->peers->options.mailbox, &(struct message){.kind = kind,
                                                                 .status = status,
                                                                 .from = rtcpeer_hold(peer),
                                                                 .text = text,
                                                                 .bytes = bytes});
}

/* --- the end --- */

static void stop_timer(struct rtcpeer *peer)
{
    if (!peer->timer)
        return;
    g_source_destroy(peer->timer);
    g_source_unref(peer->timer);
    peer->timer = NULL;
}

/* Replaces the peer's timer. */
static void set_timer(struct rtcpeer *peer, unsigned ms, GSourceFunc work)
{
    stop_timer(peer);
    peer->timer = loopthread_timer(peer->peers->options.thread, ms, work, rtcpeer_hold(peer),
                                   rtcpeer_release);
}

static void stop(struct rtcpeer *peer)
{
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
    peer->link = NULL;
    fanout_remove(peer->peers->options.fanout, peer->sink);
    datachannel_close(peer->channel);
    packetsink_stop(peer->sink);
    peer->webrtcbin = NULL;
}

/* Ends the peer and posts why, unless it is NULL. status: of the refusal, if there was no answer
 * yet. */
static void end(struct rtcpeer *peer, int status, const char *why)
{
    if (peer->ended)
        return;
    peer->ended = true;
    if (peer->offer && !peer->connected)
        atomic_fetch_sub(&connecting, 1);
    rtcpeer_hold(peer);
    stop_timer(peer);
    if (peer->link)
        stop(peer);
    if (why)
        post(peer, peer->answered ? MESSAGE_CLOSED : MESSAGE_REFUSED, status, g_strdup(why), 0);
    rtcpeer_release(peer);
}

struct ending {
    struct rtcpeer *peer;
    int status;
    const char *why;
};

static gboolean end_now(gpointer user)
{
    struct ending *ending = user;
    end(ending->peer, ending->status, ending->why);
    return G_SOURCE_REMOVE;
}

static void ending_free(gpointer user)
{
    struct ending *ending = user;
    rtcpeer_release(ending->peer);
    g_free(ending);
}

/* Any thread: ends the peer on the pipeline thread. why is a literal. */
static void end_soon(struct rtcpeer *peer, int status, const char *why)
{
    struct ending *ending = g_new(struct ending, 1);
    *ending = (struct ending){rtcpeer_hold(peer), status, why};
    loopthread_invoke(peer->peers->options.thread, end_now, ending, ending_free);
}

static gboolean end_dropped(gpointer user)
{
    end(user, 0, NULL);
    return G_SOURCE_REMOVE;
}

/* Waits until webrtcbin has made its answer: stopped before, it may leak its sockets. */
static gboolean drop(gpointer user)
{
    struct rtcpeer *peer = user;
    if (!peer->link || peer->answered)
        return end_dropped(peer);
    peer->dropped = true;
    if (!peer->timer)
        set_timer(peer, GATHER_MS, end_dropped);
    return G_SOURCE_REMOVE;
}

void rtcpeer_drop(struct rtcpeer *peer)
{
    loopthread_invoke(peer->peers->options.thread, drop, peer, rtcpeer_release);
}

void rtcpeers_end(struct rtcpeers *peers, const char *why)
{
    while (peers->running)
        end(peers->running, 404, why);
}

/* --- connection state --- */

static gboolean connect_timeout(gpointer user)
{
    end(user, 500, "not connected in time");
    return G_SOURCE_REMOVE;
}

static gboolean disconnect_timeout(gpointer user)
{
    end(user, 500, "disconnected");
    return G_SOURCE_REMOVE;
}

/* Ends a peer that sends no RTCP: a killed one says no goodbye. */
static gboolean check_rtcp(gpointer user)
{
    struct rtcpeer *peer = user;
    uint64_t silent_ms = (monotonic_ns() - atomic_load(&peer->rtcp_ns)) / 1000000;
    if (silent_ms >= LOST_MS)
        end(peer, 500, "no RTCP for 10 seconds");
    else
        set_timer(peer, (unsigned)(LOST_MS - silent_ms), check_rtcp);
    return G_SOURCE_REMOVE;
}

/* A DTLS close is a peer's goodbye, which webrtcbin itself does not report. */
static void on_dtls_state(GObject *encoder, GParamSpec *spec, struct rtcpeer *peer)
{
    enum { CLOSED = 1 }; /* of GstDtlsConnectionState, which has no public header */
    int state;
    (void)spec;
    g_object_get(encoder, "connection-state", &state, NULL);
    if (state == CLOSED)
        end_soon(peer, 500, "closed by the peer");
}

static void watch_dtls(GObject *encoder, void *user)
{
    connect_signal(user, encoder, "notify::connection-state", G_CALLBACK(on_dtls_state));
}

static void set_connected(struct rtcpeer *peer)
{
    atomic_store(&peer->rtcp_ns, monotonic_ns());
    set_timer(peer, LOST_MS, check_rtcp);
    if (peer->connected)
        return;
    peer->connected = true;
    atomic_fetch_sub(&connecting, 1);
    webrtcbin_each_dtls(peer->webrtcbin, watch_dtls, peer);
    fanout_add(peer->peers->options.fanout, peer->sink);
    post(peer, MESSAGE_CONNECTED, 0, NULL, 0);
}

static gboolean check_connection(gpointer user)
{
    struct rtcpeer *peer = user;
    GstWebRTCPeerConnectionState state;
    if (peer->ended)
        return G_SOURCE_REMOVE;
    g_object_get(peer->webrtcbin, "connection-state", &state, NULL);
    switch (state) {
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
        set_connected(peer);
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
        set_timer(peer, LOST_MS, disconnect_timeout);
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
        end(peer, 500, "the connection failed");
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
        end(peer, 500, "closed");
        break;
    default:
        break;
    }
    return G_SOURCE_REMOVE;
}

static void on_connection_state(GObject *webrtcbin, GParamSpec *spec, struct rtcpeer *peer)
{
    (void)webrtcbin;
    (void)spec;
    invoke(peer, check_connection);
}

static void on_rtcp(GObject *session, GstBuffer *rtcp, struct rtcpeer *peer)
{
    (void)session;
    atomic_store(&peer->rtcp_ns, monotonic_ns());
    /* The first RTCP proves that the peer receives. It may have missed the first keyframe, and not
     * every peer requests another. */
    if (!atomic_exchange(&peer->rtcp_seen, true))
        packetsink_request_keyframe(peer->sink);
    packetsink_take_rtcp(peer->sink, rtcp);
}

static void on_rtpbin_pad(GstElement *rtpbin, GstPad *pad, struct rtcpeer *peer)
{
    GObject *session = NULL;
    if (!g_str_has_prefix(GST_PAD_NAME(pad), "send_rtp_sink"))
        return;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    if (session) {
        connect_signal(peer, session, "on-receiving-rtcp", G_CALLBACK(on_rtcp));
        g_object_unref(session);
    }
}

/* --- data channel --- */

static void on_channel_open(void *user)
{
    post(user, MESSAGE_OPEN, 0, NULL, 0);
}

static void on_channel_text(void *user, char *text, size_t bytes)
{
    post(user, MESSAGE_TEXT, 0, text, bytes);
}

static void on_channel_failed(void *user, const char *why)
{
    end_soon(user, 500, why);
}

static const struct datachannel_ops channel_ops = {
    .open = on_channel_open,
    .text = on_channel_text,
    .failed = on_channel_failed,
    .hold = rtcpeer_hold,
    .release = rtcpeer_release,
};

int rtcpeer_send(struct rtcpeer *peer, const char *text, size_t bytes)
{
    return datachannel_send(peer->channel, text, bytes);
}

void rtcpeer_consumed(struct rtcpeer *peer, size_t bytes)
{
    datachannel_consumed(peer->channel, bytes);
}

/* --- offer and answer --- */

static gboolean answer(gpointer user)
{
    struct rtcpeer *peer = user;
    GstWebRTCSessionDescription *local = NULL;
    if (peer->ended || peer->answered)
        return G_SOURCE_REMOVE;
    if (peer->dropped)
        return end_dropped(peer);
    g_object_get(peer->webrtcbin, "local-description", &local, NULL);
    if (!local) {
        end(peer, 500, "the answer could not be created");
        return G_SOURCE_REMOVE;
    }
    peer->answered = true;
    post(peer, MESSAGE_ANSWER, 0, answer_text(peer->offer, local->sdp), 0);
    gst_webrtc_session_description_free(local);
    if (!peer->connected)
        set_timer(peer, CONNECT_MS, connect_timeout);
    return G_SOURCE_REMOVE;
}

static void on_gathering_state(GObject *webrtcbin, GParamSpec *spec, struct rtcpeer *peer)
{
    GstWebRTCICEGatheringState state;
    (void)spec;
    g_object_get(webrtcbin, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
        invoke(peer, answer);
}

static gboolean gathering(gpointer user)
{
    struct rtcpeer *peer = user;
    if (!peer->ended && !peer->answered)
        set_timer(peer, GATHER_MS, answer);
    return G_SOURCE_REMOVE;
}

static void on_negotiation(void *user, enum negotiation_result result)
{
    if (result == NEGOTIATION_STARTED)
        invoke(user, gathering);
    else if (result == NEGOTIATION_REFUSED)
        end_soon(user, 400, "the offer cannot be answered");
    else
        end_soon(user, 500, "the connection failed");
}

/* --- the beginning --- */

static void sink_new(struct rtcpeer *peer)
{
    const struct rtcpeers_options *options = &peer->peers->options;
    const struct offer *offer = peer->offer;
    peer->sink = packetsink_new(&(struct packetsink_options){
        .codec = offer->codec,
        .ssrc = options->ssrc,
        .payload = offer->payload,
        .playout_delay_id = offer->playout_delay_id,
        .send_time_id = offer->send_time_id,
        .bitrate = options->bitrate,
        .word = fanout_word(options->fanout),
    });
}

static void list(struct rtcpeer *peer)
{
    peer->next = peer->peers->running;
    peer->link = &peer->peers->running;
    if (peer->next)
        peer->next->link = &peer->next;
    peer->peers->running = peer;
}

static bool run_pipeline(struct rtcpeer *peer)
{
    const struct rtcpeers_options *options = &peer->peers->options;
    const struct webrtcbin_options own = {options->stun, options->turn, peer->offer->rtx >= 0};
    peer->webrtcbin = webrtcbin_new(peer->sink, &own);
    if (!peer->webrtcbin)
        return false;
    GstElement *rtpbin = webrtcbin_rtpbin(peer->webrtcbin);
    connect_signal(peer, rtpbin, "pad-added", G_CALLBACK(on_rtpbin_pad));
    gst_object_unref(rtpbin);
    connect_signal(peer, peer->webrtcbin, "notify::connection-state",
                   G_CALLBACK(on_connection_state));
    connect_signal(peer, peer->webrtcbin, "notify::ice-gathering-state",
                   G_CALLBACK(on_gathering_state));
    datachannel_watch(peer->channel, peer->webrtcbin);
    return gst_element_set_state(packetsink_pipeline(peer->sink), GST_STATE_PLAYING) !=
           GST_STATE_CHANGE_FAILURE;
}

static gboolean start(gpointer user)
{
    struct rtcpeer *peer = user;
    if (peer->ended)
        return G_SOURCE_REMOVE;
    sink_new(peer);
    list(peer);
    if (run_pipeline(peer))
        negotiation_start(peer->webrtcbin, remotesdp_new(peer->offer), on_negotiation,
                          rtcpeer_hold(peer), rtcpeer_release);
    else
        end(peer, 500, "GStreamer does not start");
    return G_SOURCE_REMOVE;
}

void rtcpeer_start(struct rtcpeer *peer)
{
    atomic_fetch_add(&connecting, 1);
    invoke(peer, start);
}

unsigned rtcpeer_connecting(void)
{
    return atomic_load(&connecting);
}

struct rtcpeer *rtcpeer_new(struct rtcpeers *peers, struct offer *offer, void *owner)
{
    struct rtcpeer *peer = g_new0(struct rtcpeer, 1);
    atomic_store(&peer->references, 1);
    peer->peers = peers;
    peer->offer = offer;
    peer->owner = owner;
    peer->channel = datachannel_new(&channel_ops, peer);
    return peer;
}

void *rtcpeer_owner(const struct rtcpeer *peer)
{
    return peer->owner;
}

void rtcpeer_disown(struct rtcpeer *peer)
{
    peer->owner = NULL;
}

struct rtcpeers *rtcpeers_new(const struct rtcpeers_options *options)
{
    struct rtcpeers *peers = g_new0(struct rtcpeers, 1);
    peers->options = *options;
    return peers;
}

void rtcpeers_free(struct rtcpeers *peers)
{
    g_free(peers);
}
