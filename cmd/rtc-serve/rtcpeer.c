/* A peer: webrtcbin in a pipeline of its own, fed by an outlet. All of it on the care thread, but
 * for what GStreamer calls. */
#include "mediaparts.h"
#include "futex.h"
#include "monotonic.h"
#include <errno.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

enum {
    GATHER_MS = 3000,        /* addresses that take longer are left out of the answer */
    CONNECT_MS = 20000,      /* who isn't there by then doesn't come */
    GONE_MS = 10000,         /* disconnected, or not heard of, for so long */
    CHANNEL_BYTES = 1 << 16, /* that may wait in the data channel */
    UNREAD_BYTES = 1 << 20   /* of messages that the server hasn't read yet */
};

struct pipeline_peer *peer_hold(struct pipeline_peer *peer)
{
    atomic_fetch_add(&peer->holders, 1);
    return peer;
}

void peer_release(gpointer user)
{
    struct pipeline_peer *peer = user;
    if (atomic_fetch_sub(&peer->holders, 1) > 1)
        return;
    offer_free(peer->offer);
    pthread_mutex_destroy(&peer->lock);
    g_free(peer);
}

static void peer_unhold(gpointer user, GClosure *closure)
{
    (void)closure;
    peer_release(user);
}

static void connect_peer(gpointer object, const char *signal, GCallback call,
                         struct pipeline_peer *peer)
{
    g_signal_connect_data(object, signal, call, peer_hold(peer), peer_unhold, (GConnectFlags)0);
}

static void care(struct pipeline_peer *peer, GSourceFunc work)
{
    pipeline_care(peer->media, work, peer_hold(peer), peer_release);
}

static void peer_timer_stop(struct pipeline_peer *peer)
{
    if (!peer->timer)
        return;
    g_source_destroy(peer->timer);
    g_source_unref(peer->timer);
    peer->timer = NULL;
}

/* The one timer that runs for a peer: what is waited for next. */
static void peer_timer(struct pipeline_peer *peer, unsigned ms, GSourceFunc work)
{
    peer_timer_stop(peer);
    peer->timer = g_timeout_source_new(ms);
    g_source_set_callback(peer->timer, work, peer_hold(peer), peer_release);
    g_source_attach(peer->timer, peer->media->context);
}

static void peer_channel(struct pipeline_peer *peer, GObject *channel)
{
    pthread_mutex_lock(&peer->lock);
    GObject *last = peer->channel;
    peer->channel = channel;
    pthread_mutex_unlock(&peer->lock);
    if (last)
        g_object_unref(last);
}

static void peer_take_down(struct pipeline_peer *peer)
{
    *peer->cared_link = peer->cared_next;
    if (peer->cared_next)
        peer->cared_next->cared_link = peer->cared_link;
    pipeline_outlet_remove(peer->media, &peer->outlet);
    peer_channel(peer, NULL);
    gst_element_set_state(peer->pipeline, GST_STATE_NULL);
    gst_object_unref(peer->pipeline);
    peer->pipeline = peer->webrtc = NULL;
}

void peer_end(struct pipeline_peer *peer, int status, const char *why)
{
    if (peer->ended)
        return;
    peer->ended = true;
    peer_hold(peer);
    peer_timer_stop(peer);
    if (peer->pipeline)
        peer_take_down(peer);
    if (why)
        pipeline_tell(peer->media, peer, peer->answered ? NOTE_CLOSED : NOTE_REFUSED, g_strdup(why),
                      0, status);
    peer_release(peer);
}

static gboolean peer_dropped(gpointer user)
{
    peer_end(user, 0, NULL);
    return G_SOURCE_REMOVE;
}

/* Not while webrtcbin makes the answer: stopped then, it may leave its sockets behind. */
gboolean peer_drop(gpointer user)
{
    struct pipeline_peer *peer = user;
    if (!peer->pipeline || peer->answered)
        return peer_dropped(peer);
    peer->dropped = true;
    if (!peer->timer)
        peer_timer(peer, GATHER_MS, peer_dropped);
    return G_SOURCE_REMOVE;
}

static gboolean peer_fail(gpointer user)
{
    peer_end(user, 500, "the connection failed");
    return G_SOURCE_REMOVE;
}

static gboolean peer_late(gpointer user)
{
    peer_end(user, 500, "not connected in time");
    return G_SOURCE_REMOVE;
}

static gboolean peer_gone(gpointer user)
{
    peer_end(user, 500, "disconnected");
    return G_SOURCE_REMOVE;
}

/* --- connected or not */

/* It must be heard of: who was killed says nothing. */
static gboolean peer_silent(gpointer user)
{
    struct pipeline_peer *peer = user;
    uint64_t quiet_ms = (monotonic_ns() - atomic_load(&peer->heard_ns)) / 1000000;
    if (quiet_ms >= GONE_MS)
        peer_end(peer, 500, "not heard of for 10 seconds");
    else
        peer_timer(peer, (unsigned)(GONE_MS - quiet_ms), peer_silent);
    return G_SOURCE_REMOVE;
}

static gboolean peer_left(gpointer user)
{
    peer_end(user, 500, "closed by the peer");
    return G_SOURCE_REMOVE;
}

/* It said so, as who closes a page does: webrtcbin doesn't tell. */
static void dtls_changed(GObject *dtls, GParamSpec *spec, struct pipeline_peer *peer)
{
    enum { CLOSED = 1 }; /* GstDtlsConnectionState, which has no header */
    int state;
    (void)spec;
    g_object_get(dtls, "connection-state", &state, NULL);
    if (state == CLOSED)
        care(peer, peer_left);
}

static void watch_dtls(struct pipeline_peer *peer)
{
    GValue item = G_VALUE_INIT;
    GstIterator *found =
        gst_bin_iterate_all_by_element_factory_name(GST_BIN(peer->webrtc), "dtlssrtpenc");
    while (gst_iterator_next(found, &item) == GST_ITERATOR_OK) {
        connect_peer(g_value_get_object(&item), "notify::connection-state",
                     G_CALLBACK(dtls_changed), peer);
        g_value_reset(&item);
    }
    g_value_unset(&item);
    gst_iterator_free(found);
}

static void peer_connected(struct pipeline_peer *peer)
{
    atomic_store(&peer->heard_ns, monotonic_ns());
    peer_timer(peer, GONE_MS, peer_silent);
    if (peer->connected)
        return;
    peer->connected = true;
    watch_dtls(peer);
    pipeline_outlet_add(peer->media, &peer->outlet);
    pipeline_tell(peer->media, peer, NOTE_CONNECTED, NULL, 0, 0);
}

static gboolean peer_state(gpointer user)
{
    struct pipeline_peer *peer = user;
    GstWebRTCPeerConnectionState state;
    if (peer->ended)
        return G_SOURCE_REMOVE;
    g_object_get(peer->webrtc, "connection-state", &state, NULL);
    switch (state) {
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
        peer_connected(peer);
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
        peer_timer(peer, GONE_MS, peer_gone);
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
        peer_end(peer, 500, "the connection failed");
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
        peer_end(peer, 500, "closed");
        break;
    default:
        break;
    }
    return G_SOURCE_REMOVE;
}

static void state_changed(GObject *webrtc, GParamSpec *spec, struct pipeline_peer *peer)
{
    (void)webrtc;
    (void)spec;
    care(peer, peer_state);
}

static void rtcp_came(GObject *session, GstBuffer *rtcp, struct pipeline_peer *peer)
{
    (void)session;
    atomic_store(&peer->heard_ns, monotonic_ns());
    /* By now it listens; the first picture may have come before, and not all ask for another. */
    if (!atomic_exchange(&peer->heard, true))
        outlet_ask(&peer->outlet);
    feedback_read(&peer->outlet, rtcp);
}

/* --- the data channel */

static void channel_open(GObject *channel, struct pipeline_peer *peer)
{
    (void)channel;
    pipeline_tell(peer->media, peer, NOTE_OPEN, NULL, 0, 0);
}

static gboolean peer_too_long(gpointer user)
{
    peer_end(user, 500, "a message of more than 64 KiB, or more of them than can be read");
    return G_SOURCE_REMOVE;
}

static gboolean peer_binary(gpointer user)
{
    peer_end(user, 500, "text is due, not binary");
    return G_SOURCE_REMOVE;
}

static void channel_text(GObject *channel, const char *text, struct pipeline_peer *peer)
{
    (void)channel;
    size_t bytes = text ? strlen(text) : 0;
    size_t unread = atomic_fetch_add(&peer->unread, bytes) + bytes;
    if (bytes > PIPELINE_TEXT_BYTES || unread > UNREAD_BYTES)
        care(peer, peer_too_long);
    else
        pipeline_tell(peer->media, peer, NOTE_MESSAGE, g_strndup(text ? text : "", bytes), bytes,
                      0);
}

static void channel_data(GObject *channel, GBytes *data, struct pipeline_peer *peer)
{
    (void)channel;
    (void)data;
    care(peer, peer_binary);
}

static void channel_came(GObject *webrtc, GObject *channel, struct pipeline_peer *peer)
{
    char *label;
    GstWebRTCDataChannelState state;
    (void)webrtc;
    g_object_get(channel, "label", &label, NULL);
    bool events = label && !strcmp(label, "events");
    g_free(label);
    connect_peer(channel, "on-message-string", G_CALLBACK(channel_text), peer);
    connect_peer(channel, "on-message-data", G_CALLBACK(channel_data), peer);
    if (!events)
        return;
    peer_channel(peer, g_object_ref(channel));
    g_object_get(channel, "ready-state", &state, NULL);
    if (state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
        channel_open(channel, peer);
    else
        connect_peer(channel, "on-open", G_CALLBACK(channel_open), peer);
}

int pipeline_send(struct pipeline_peer *peer, const char *text, size_t bytes)
{
    GstWebRTCDataChannelState state;
    guint64 waiting;
    int result = -1;
    if (bytes > PIPELINE_TEXT_BYTES) {
        errno = EMSGSIZE;
        return -1;
    }
    pthread_mutex_lock(&peer->lock);
    GObject *channel = peer->channel ? g_object_ref(peer->channel) : NULL;
    pthread_mutex_unlock(&peer->lock);
    if (channel) {
        g_object_get(channel, "ready-state", &state, "buffered-amount", &waiting, NULL);
        if (state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN && waiting + bytes <= CHANNEL_BYTES) {
            char *copy = g_strndup(text, bytes);
            if (gst_webrtc_data_channel_send_string_full(GST_WEBRTC_DATA_CHANNEL(channel), copy,
                                                         NULL))
                result = 0;
            g_free(copy);
        }
        g_object_unref(channel);
    }
    if (result)
        errno = EAGAIN;
    return result;
}

/* --- offer and answer */

static gboolean peer_answer(gpointer user)
{
    struct pipeline_peer *peer = user;
    GstWebRTCSessionDescription *local = NULL;
    if (peer->ended || peer->answered)
        return G_SOURCE_REMOVE;
    if (peer->dropped)
        return peer_dropped(peer);
    g_object_get(peer->webrtc, "local-description", &local, NULL);
    if (!local) {
        peer_end(peer, 500, "no answer could be made");
        return G_SOURCE_REMOVE;
    }
    peer->answered = true;
    pipeline_tell(peer->media, peer, NOTE_ANSWER, offer_answer(peer->offer, local->sdp), 0, 0);
    gst_webrtc_session_description_free(local);
    if (!peer->connected)
        peer_timer(peer, CONNECT_MS, peer_late);
    return G_SOURCE_REMOVE;
}

static void gathering_changed(GObject *webrtc, GParamSpec *spec, struct pipeline_peer *peer)
{
    GstWebRTCICEGatheringState state;
    (void)spec;
    g_object_get(webrtc, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
        care(peer, peer_answer);
}

static GstPromise *promise_for(struct pipeline_peer *peer, GstPromiseChangeFunc call)
{
    return gst_promise_new_with_change_func(call, peer_hold(peer), peer_release);
}

/* What a promise was kept with: false and the peer ends, when it was an error. */
static bool promise_kept(struct pipeline_peer *peer, GstPromise *promise, GSourceFunc fail)
{
    const GstStructure *reply = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED
                                    ? gst_promise_get_reply(promise)
                                    : NULL;
    bool kept = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED &&
                !(reply && gst_structure_has_field(reply, "error"));
    if (!kept)
        care(peer, fail);
    return kept;
}

static gboolean peer_started(gpointer user)
{
    struct pipeline_peer *peer = user;
    if (!peer->ended && !peer->answered)
        peer_timer(peer, GATHER_MS, peer_answer);
    return G_SOURCE_REMOVE;
}

static void local_set(GstPromise *promise, gpointer user)
{
    if (promise_kept(user, promise, peer_fail))
        care(user, peer_started);
    gst_promise_unref(promise);
}

static void answer_made(GstPromise *promise, gpointer user)
{
    struct pipeline_peer *peer = user;
    GstWebRTCSessionDescription *answer = NULL;
    if (promise_kept(peer, promise, peer_fail)) {
        const GstStructure *reply = gst_promise_get_reply(promise);
        gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &answer, NULL);
        g_signal_emit_by_name(peer->webrtc, "set-local-description", answer,
                              promise_for(peer, local_set));
        gst_webrtc_session_description_free(answer);
    }
    gst_promise_unref(promise);
}

static gboolean peer_refuse(gpointer user)
{
    peer_end(user, 400, "the offer can't be answered");
    return G_SOURCE_REMOVE;
}

static void remote_set(GstPromise *promise, gpointer user)
{
    struct pipeline_peer *peer = user;
    if (promise_kept(peer, promise, peer_refuse))
        g_signal_emit_by_name(peer->webrtc, "create-answer", NULL, promise_for(peer, answer_made));
    gst_promise_unref(promise);
}

/* The pad for what src sends, and its transceiver. Told its caps at once: with those that come
 * through the pad, some day, webrtcbin answers now and then that nothing is sent. */
static GstPad *peer_sink(GstElement *webrtc, GstElement *src, bool nack)
{
    GstPadTemplate *template = gst_element_get_pad_template(webrtc, "sink_%u");
    GstCaps *caps;
    GObject *trans;
    g_object_get(src, "caps", &caps, NULL);
    GstPad *pad = gst_element_request_pad(webrtc, template, NULL, caps);
    if (pad) {
        g_object_get(pad, "transceiver", &trans, NULL);
        g_object_set(trans, "do-nack", nack, "direction",
                     GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "codec-preferences", caps,
                     NULL);
        g_object_unref(trans);
    }
    gst_caps_unref(caps);
    return pad;
}

static bool peer_pipeline(struct pipeline_peer *peer)
{
    const struct pipeline_options *options = &peer->media->options;
    const struct offer *offer = peer->offer;
    GstElement *src =
        outlet_source(&peer->outlet, peer->media, offer->codec, offer->payload, peer->media->ssrc);
    GstElement *webrtc = gst_element_factory_make("webrtcbin", NULL);
    GstClock *clock = gst_system_clock_obtain();
    GObject *ice, *agent;
    peer->outlet.playout_delay_id = offer->playout_delay_id;
    peer->outlet.send_time_id = offer->send_time_id;
    peer->pipeline = gst_object_ref_sink(gst_pipeline_new(NULL));
    peer->webrtc = webrtc;
    g_object_set(webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 0, NULL);
    if (options->stun)
        g_object_set(webrtc, "stun-server", options->stun, NULL);
    if (options->turn)
        g_object_set(webrtc, "turn-server", options->turn, NULL);
    g_object_get(webrtc, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, NULL); /* no router is told of us */
    g_object_unref(agent);
    g_object_unref(ice);
    gst_bin_add_many(GST_BIN(peer->pipeline), src, webrtc, NULL);
    /* Packets have the machine's time, and leave at once. */
    gst_pipeline_use_clock(GST_PIPELINE(peer->pipeline), clock);
    gst_object_unref(clock);
    gst_element_set_start_time(peer->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(peer->pipeline, 0);
    GstPad *from = gst_element_get_static_pad(src, "src");
    GstPad *to = peer_sink(webrtc, src, offer->rtx >= 0);
    bool linked = to && gst_pad_link(from, to) == GST_PAD_LINK_OK;
    gst_object_unref(from);
    if (to)
        gst_object_unref(to);
    return linked;
}

static void watch_rtcp(struct pipeline_peer *peer)
{
    GstElement *rtpbin = gst_bin_get_by_name(GST_BIN(peer->webrtc), "rtpbin");
    GObject *session = NULL;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    if (session) {
        connect_peer(session, "on-receiving-rtcp", G_CALLBACK(rtcp_came), peer);
        g_object_unref(session);
    }
    gst_object_unref(rtpbin);
}

static void session_made(GstElement *rtpbin, GstPad *pad, struct pipeline_peer *peer)
{
    (void)rtpbin;
    if (g_str_has_prefix(GST_PAD_NAME(pad), "send_rtp_sink"))
        watch_rtcp(peer);
}

gboolean peer_start(gpointer user)
{
    struct pipeline_peer *peer = user;
    struct pipeline *media = peer->media;
    if (peer->ended || peer->started)
        return G_SOURCE_REMOVE;
    peer->started = true;
    peer->cared_next = media->cared;
    peer->cared_link = &media->cared;
    if (peer->cared_next)
        peer->cared_next->cared_link = &peer->cared_next;
    media->cared = peer;
    bool made = peer_pipeline(peer);
    GstElement *rtpbin = gst_bin_get_by_name(GST_BIN(peer->webrtc), "rtpbin");
    connect_peer(rtpbin, "pad-added", G_CALLBACK(session_made), peer);
    gst_object_unref(rtpbin);
    connect_peer(peer->webrtc, "notify::connection-state", G_CALLBACK(state_changed), peer);
    connect_peer(peer->webrtc, "notify::ice-gathering-state", G_CALLBACK(gathering_changed), peer);
    connect_peer(peer->webrtc, "on-data-channel", G_CALLBACK(channel_came), peer);
    if (!made ||
        gst_element_set_state(peer->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        peer_end(peer, 500, "GStreamer can't start");
        return G_SOURCE_REMOVE;
    }
    GstWebRTCSessionDescription *remote =
        gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, offer_remote(peer->offer));
    g_signal_emit_by_name(peer->webrtc, "set-remote-description", remote,
                          promise_for(peer, remote_set));
    gst_webrtc_session_description_free(remote);
    return G_SOURCE_REMOVE;
}
