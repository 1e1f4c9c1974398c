#include "rtcpeer.h"
#include "answer.h"
#include "datachannel.h"
#include "dtls.h"
#include "iceagent.h"
#include "monotonic.h"
#include "negotiation.h"
#include "packetsink.h"
#include "srtpsession.h"
#include <stdatomic.h>
#include <string.h>

enum {
    GATHER_MS = 3000,   /* time to gather candidates; later ones are not in the answer */
    OFFER_MS = 30000,   /* time from our offer until its answer */
    CONNECT_MS = 20000, /* time from the answer until the peer is connected */
    LOST_MS = 10000,    /* time without RTCP until the peer is ended */
    REPORT_MS = 1000    /* time between our reports */
};

struct rtcpeers {
    struct rtcpeers_options options;
    struct rtcpeer *running; /* peers with an ICE agent; the transport thread's */
};

struct rtcpeer {
    _Atomic unsigned references;
    struct rtcpeers *peers;
    void *owner; /* the server thread's; NULL: none any more */
    struct datachannel *channel;
    bool started;

    /* The transport thread's. */
    struct rtcpeer *next, **link; /* in the list of running peers; link NULL: not running */
    struct negotiation *negotiation;
    struct packetsink *sink;
    struct iceagent *ice;
    struct dtls *dtls;
    struct srtpsession *srtp; /* NULL: not connected */
    GSource *timer;           /* for the next step to expect, or NULL */
    uint64_t rtcp_ns;         /* time of the last RTCP */
    bool answered, rtcp_seen, ended;
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
    negotiation_free(peer->negotiation);
    g_free(peer);
}

static void invoke(struct rtcpeer *peer, void (*work)(gpointer user))
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

/* Replaces the peer's timer. */
static void set_timer(struct rtcpeer *peer, unsigned ms, GSourceFunc work)
{
    loopthread_end(&peer->timer);
    peer->timer = loopthread_timer(peer->peers->options.thread, ms, work, rtcpeer_hold(peer),
                                   rtcpeer_release);
}

/* The order matters: the end of the data channel goes out over DTLS, and that of DTLS over ICE. */
static void stop(struct rtcpeer *peer)
{
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
    peer->link = NULL;
    fanout_remove(peer->peers->options.fanout, peer->sink);
    datachannel_close(peer->channel);
    dtls_free(peer->dtls);
    srtpsession_free(peer->srtp);
    iceagent_free(peer->ice);
    peer->dtls = NULL;
    peer->srtp = NULL;
    peer->ice = NULL;
}

/* Ends the peer and posts why, unless it is NULL. status: of the refusal, if there was no answer
 * yet. Not to be called by callbacks of the peer's parts. */
static void end(struct rtcpeer *peer, int status, const char *why)
{
    if (peer->ended)
        return;
    peer->ended = true;
    if (peer->started && !peer->srtp)
        atomic_fetch_sub(&connecting, 1);
    rtcpeer_hold(peer);
    loopthread_end(&peer->timer);
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

static void end_now(gpointer user)
{
    const struct ending *ending = user;
    end(ending->peer, ending->status, ending->why);
}

static void ending_free(gpointer user)
{
    struct ending *ending = user;
    rtcpeer_release(ending->peer);
    g_free(ending);
}

/* Ends the peer in the next round of the loop. why is a literal. */
static void end_soon(struct rtcpeer *peer, int status, const char *why)
{
    struct ending *ending = g_new(struct ending, 1);
    *ending = (struct ending){rtcpeer_hold(peer), status, why};
    loopthread_invoke(peer->peers->options.thread, end_now, ending, ending_free);
}

static void drop(gpointer user)
{
    end(user, 0, NULL);
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

/* --- packets --- */

static bool send_packets(void *user, struct packet *packets, unsigned count)
{
    const struct rtcpeer *peer = user;
    for (unsigned i = 0; i < count; i++)
        if (!peer->srtp || !srtpsession_protect(peer->srtp, &packets[i]))
            return false;
    return iceagent_send_packets(peer->ice, packets, count);
}

static void send_rtcp(void *user, struct packet *packet)
{
    const struct rtcpeer *peer = user;
    if (peer->srtp && srtpsession_protect_rtcp(peer->srtp, packet))
        iceagent_send_packets(peer->ice, packet, 1);
}

static void take_rtcp(struct rtcpeer *peer, const uint8_t *data, size_t bytes)
{
    struct packet packet = {.bytes = bytes};
    if (!peer->srtp || bytes > sizeof packet.data)
        return;
    memcpy(packet.data, data, bytes);
    if (!srtpsession_open_rtcp(peer->srtp, &packet))
        return;
    peer->rtcp_ns = monotonic_ns();
    /* The first RTCP proves that the peer receives. It may have missed the first keyframe, and not
     * every peer requests another. */
    if (!peer->rtcp_seen)
        packetsink_request_keyframe(peer->sink);
    peer->rtcp_seen = true;
    packetsink_take_rtcp(peer->sink, packet.data, packet.bytes);
}

/* The first bytes distinguish the kinds of packets (RFC 7983, RFC 5761). */
static void on_received(void *user, const uint8_t *data, size_t bytes)
{
    struct rtcpeer *peer = user;
    if (!peer->dtls) /* our offer has no answer yet */
        return;
    if (bytes > 12 && data[0] >= 20 && data[0] < 64)
        dtls_input(peer->dtls, data, bytes);
    else if (bytes >= 8 && data[0] >= 128 && data[0] < 192 && data[1] >= 192 && data[1] < 224)
        take_rtcp(peer, data, bytes);
}

/* Once per second: reports, and ends a peer that sends no RTCP, as a killed one says no goodbye. */
static gboolean each_second(gpointer user)
{
    struct rtcpeer *peer = user;
    if ((monotonic_ns() - peer->rtcp_ns) / 1000000 >= LOST_MS) {
        end(peer, 500, "no RTCP for 10 seconds");
        return G_SOURCE_REMOVE;
    }
    packetsink_report(peer->sink);
    return G_SOURCE_CONTINUE;
}

/* --- data channel --- */

static void on_channel_output(void *user, const void *packet, size_t bytes)
{
    const struct rtcpeer *peer = user;
    dtls_send(peer->dtls, packet, bytes);
}

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
    .output = on_channel_output,
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

/* --- encryption --- */

static void on_dtls_send(void *user, const uint8_t *data, size_t bytes)
{
    const struct rtcpeer *peer = user;
    iceagent_send(peer->ice, data, bytes);
}

static void on_dtls_connected(void *user)
{
    struct rtcpeer *peer = user;
    struct srtpkeys keys;
    peer->srtp = dtls_srtp_keys(peer->dtls, &keys) ? srtpsession_new(&keys) : NULL;
    if (!peer->srtp) {
        end_soon(peer, 500, "encryption failed: no keys for the video");
        return;
    }
    atomic_fetch_sub(&connecting, 1);
    peer->rtcp_ns = monotonic_ns();
    set_timer(peer, REPORT_MS, each_second);
    fanout_add(peer->peers->options.fanout, peer->sink);
    post(peer, MESSAGE_CONNECTED, 0, NULL, 0);
    if (negotiation_has_channel(peer->negotiation))
        datachannel_start(peer->channel, negotiation_remote(peer->negotiation)->sctp_port);
}

static void on_dtls_data(void *user, const uint8_t *data, size_t bytes)
{
    const struct rtcpeer *peer = user;
    datachannel_input(peer->channel, data, bytes);
}

static void on_dtls_closed(void *user, const char *why)
{
    end_soon(user, 500, why);
}

static const struct dtls_ops dtls_ops = {
    .send = on_dtls_send,
    .connected = on_dtls_connected,
    .data = on_dtls_data,
    .closed = on_dtls_closed,
};

/* --- offer and answer --- */

static gboolean connect_timeout(gpointer user)
{
    end(user, 500, "not connected in time");
    return G_SOURCE_REMOVE;
}

static gboolean answer_timeout(gpointer user)
{
    end(user, 500, "no answer to our offer in time");
    return G_SOURCE_REMOVE;
}

/* Posts our answer or offer. */
static void describe(struct rtcpeer *peer)
{
    if (peer->ended || peer->answered)
        return;
    peer->answered = true;
    post(peer, MESSAGE_LOCAL, 0,
         negotiation_local(peer->negotiation, peer->ice, peer->peers->options.ssrc), 0);
    if (negotiation_is_ours(peer->negotiation))
        set_timer(peer, OFFER_MS, answer_timeout);
    else if (!peer->srtp)
        set_timer(peer, CONNECT_MS, connect_timeout);
}

static gboolean gather_timeout(gpointer user)
{
    describe(user);
    return G_SOURCE_REMOVE;
}

static void on_ice_gathered(void *user)
{
    struct rtcpeer *peer = user;
    char *more = peer->answered ? negotiation_more(peer->negotiation, peer->ice) : NULL;
    if (more)
        post(peer, MESSAGE_CANDIDATES, 0, more, 0);
    else
        describe(peer);
}

static void on_ice_connected(void *user)
{
    const struct rtcpeer *peer = user;
    if (peer->dtls && answer_is_dtls_client(negotiation_remote(peer->negotiation)))
        dtls_start(peer->dtls);
}

static void on_ice_failed(void *user)
{
    end_soon(user, 500, "the connection failed");
}

static const struct iceagent_ops ice_ops = {
    .gathered = on_ice_gathered,
    .connected = on_ice_connected,
    .failed = on_ice_failed,
    .received = on_received,
};

/* --- the beginning --- */

static void sink_new(struct rtcpeer *peer)
{
    const struct rtcpeers_options *options = &peer->peers->options;
    const struct offer *offer = negotiation_remote(peer->negotiation);
    peer->sink = packetsink_new(&(struct packetsink_options){
        .ssrc = options->ssrc,
        .payload = offer->payload,
        .rtx = offer->rtx,
        .playout_delay_id = offer->playout_delay_id,
        .send_time_id = offer->send_time_id,
        .bitrate = options->bitrate,
        .word = fanout_word(options->fanout),
        .send = send_packets,
        .send_rtcp = send_rtcp,
        .user = peer,
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

/* Uses the peer's offer or answer. False: failed. */
static bool take_remote(struct rtcpeer *peer)
{
    const struct offer *offer = negotiation_remote(peer->negotiation);
    sink_new(peer);
    peer->dtls = dtls_new(peer->peers->options.thread, answer_is_dtls_client(offer),
                          offer_attribute(offer, offer->transport, "fingerprint"), &dtls_ops, peer);
    if (peer->dtls)
        negotiation_use(peer->negotiation, peer->ice);
    return peer->dtls;
}

static bool connect_transport(struct rtcpeer *peer)
{
    const struct rtcpeers_options *options = &peer->peers->options;
    bool ours = negotiation_is_ours(peer->negotiation);
    peer->ice = iceagent_new(options->thread, ours, options->servers, &ice_ops, peer);
    if (!peer->ice || (!ours && !take_remote(peer)))
        return false;
    set_timer(peer, GATHER_MS, gather_timeout);
    return iceagent_gather(peer->ice);
}

static void start(gpointer user)
{
    struct rtcpeer *peer = user;
    if (peer->ended)
        return;
    list(peer);
    if (!connect_transport(peer))
        end(peer, 500, "ICE does not start");
}

struct acceptance {
    struct rtcpeer *peer;
    struct offer *answer;
    struct iceserver *servers;
};

static void acceptance_free(gpointer user)
{
    struct acceptance *acceptance = user;
    offer_free(acceptance->answer);
    iceservers_free(acceptance->servers);
    rtcpeer_release(acceptance->peer);
    g_free(acceptance);
}

static void accept_now(gpointer user)
{
    struct acceptance *acceptance = user;
    struct rtcpeer *peer = acceptance->peer;
    struct offer *answer = acceptance->answer;
    acceptance->answer = NULL;
    if (!negotiation_answered(peer->negotiation, answer) || peer->ended || !peer->answered)
        return;
    set_timer(peer, CONNECT_MS, connect_timeout);
    if (acceptance->servers)
        iceagent_add_servers(peer->ice, acceptance->servers);
    if (!take_remote(peer))
        end(peer, 500, "no memory");
}

void rtcpeer_accept(struct rtcpeer *peer, struct offer *answer, struct iceserver *servers)
{
    struct acceptance *acceptance = g_new(struct acceptance, 1);
    *acceptance = (struct acceptance){rtcpeer_hold(peer), answer, servers};
    loopthread_invoke(peer->peers->options.thread, accept_now, acceptance, acceptance_free);
}

void rtcpeer_start(struct rtcpeer *peer)
{
    peer->started = true;
    atomic_fetch_add(&connecting, 1);
    invoke(peer, start);
}

unsigned rtcpeer_connecting(void)
{
    return atomic_load(&connecting);
}

struct rtcpeer *rtcpeer_new(struct rtcpeers *peers, struct offer *own, struct offer *remote,
                            void *owner)
{
    struct rtcpeer *peer = g_new0(struct rtcpeer, 1);
    atomic_store(&peer->references, 1);
    peer->peers = peers;
    peer->negotiation = negotiation_new(own, remote);
    peer->owner = owner;
    peer->channel = datachannel_new(peers->options.thread, &channel_ops, peer);
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
