#include "pipeline.h"
#include "budget.h"
#include "dtls.h"
#include "encodethread.h"
#include "fanout.h"
#include "loopthread.h"
#include "mailbox.h"
#include "plugins.h"
#include "rtcpeer.h"
#include "rtpout.h"
#include "association.h"
#include "srtpsession.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

struct pipeline {
    struct pipeline_options options;
    struct bitrate_range bitrate;
    uint32_t ssrc; /* of the video, for all peers */
    struct mailbox *mailbox;
    struct fanout *fanout;
    struct loopthread *thread;
    struct rtcpeers *rtcpeers;
    struct encodethread *encodethread;
    struct rtpout *rtpout;                /* NULL: no plain RTP */
    struct pipeline_peer *peers, *cursor; /* cursor: the next peer of a running iteration */
};

struct pipeline_peer {
    struct pipeline *pipeline;
    struct pipeline_peer *next, **link;
    struct rtcpeer *rtcpeer;
    const struct pipeline_ops *ops;
    void *user;
    bool has_channel; /* the data channel is open */
};

const char *pipeline_missing(const char *codec)
{
    return plugins_missing(codec);
}

unsigned pipeline_peer_descriptors(void)
{
    return budget_peer_descriptors();
}

/* --- start and end --- */

/* The libraries of the transport are started with the first pipeline, and ended with the last. */
static unsigned pipelines;

static struct loopthread *start_transport(void)
{
    if (pipelines++)
        return loopthread_get();
    if (dtls_init() || srtpsession_init())
        return NULL;
    association_init();
    return loopthread_get();
}

static void end_transport(struct loopthread *thread)
{
    if (thread)
        loopthread_put(thread);
    if (--pipelines)
        return;
    association_exit();
    srtpsession_exit();
    dtls_exit();
}

static void preload(gpointer codec)
{
    plugins_preload(codec);
}

struct loss {
    struct rtcpeers *rtcpeers;
    const char *why;
};

static void end_lost(gpointer user)
{
    const struct loss *loss = user;
    rtcpeers_end(loss->rtcpeers, loss->why);
}

/* On the encoder thread. */
static void on_lost(void *arg, const char *why)
{
    struct pipeline *pipeline = arg;
    struct loss *loss = g_new(struct loss, 1);
    *loss = (struct loss){pipeline->rtcpeers, why};
    loopthread_invoke(pipeline->thread, end_lost, loss, g_free);
}

static int start_encoder(struct pipeline *pipeline, const char *stream)
{
    pipeline->encodethread = encodethread_start(&(struct encodethread_options){
        .stream = stream,
        .codec = pipeline->options.codec,
        .ssrc = pipeline->ssrc,
        .bitrate = pipeline->bitrate.start,
        .bitrate_max = pipeline->bitrate.max,
        .fanout = pipeline->fanout,
        .mailbox = pipeline->mailbox,
        .lost = on_lost,
        .arg = pipeline,
    });
    return pipeline->encodethread ? 0 : -1;
}

static int start_rtpout(struct pipeline *pipeline)
{
    pipeline->rtpout = rtpout_new(&(struct rtpout_options){
        .host = pipeline->options.rtp_host,
        .port = pipeline->options.rtp_port,
        .ssrc = pipeline->ssrc,
        .bitrate = pipeline->bitrate,
        .thread = pipeline->thread,
        .fanout = pipeline->fanout,
    });
    return pipeline->rtpout ? 0 : -1;
}

static void prepare_peers(struct pipeline *pipeline)
{
    pipeline->rtcpeers = rtcpeers_new(&(struct rtcpeers_options){
        .thread = pipeline->thread,
        .fanout = pipeline->fanout,
        .mailbox = pipeline->mailbox,
        .servers = pipeline->options.servers,
        .ssrc = pipeline->ssrc,
        .bitrate = pipeline->bitrate,
    });
}

struct pipeline *pipeline_open(const char *stream, const struct pipeline_options *options)
{
    if (!options->bitrate_min || options->bitrate_min > options->bitrate ||
        options->bitrate > options->bitrate_max || options->bitrate_max > INT32_MAX / 1000) {
        errno = EINVAL;
        return NULL;
    }
    if (plugins_missing(options->codec)) {
        errno = ENOPKG;
        return NULL;
    }
    struct pipeline *pipeline = g_new0(struct pipeline, 1);
    pipeline->options = *options;
    pipeline->bitrate =
        (struct bitrate_range){options->bitrate_min, options->bitrate, options->bitrate_max};
    pipeline->ssrc = (uint32_t)g_random_int_range(1, INT32_MAX);
    pipeline->mailbox = mailbox_new(options->notify, options->notify_arg);
    pipeline->thread = start_transport();
    if (pipeline->thread) {
        loopthread_invoke(pipeline->thread, preload, (gpointer)pipeline->options.codec, NULL);
        pipeline->fanout = fanout_new(pipeline->thread);
        prepare_peers(pipeline);
        if (start_encoder(pipeline, stream) == 0 &&
            (!options->rtp_host || start_rtpout(pipeline) == 0))
            return pipeline;
    }
    int err = errno;
    pipeline_close(pipeline);
    errno = err;
    return NULL;
}

/* On the transport thread. */
static void end_all(gpointer arg)
{
    struct pipeline *pipeline = arg;
    rtcpeers_end(pipeline->rtcpeers, NULL);
    rtpout_free(pipeline->rtpout);
}

/* Frees the server's side of a peer. Returns its reference to the rtcpeer. */
static struct rtcpeer *detach(struct pipeline_peer *peer)
{
    struct rtcpeer *rtcpeer = peer->rtcpeer;
    if (peer->pipeline->cursor == peer)
        peer->pipeline->cursor = peer->next;
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
    g_free(peer);
    rtcpeer_disown(rtcpeer);
    return rtcpeer;
}

static void free_messages(struct message *messages)
{
    while (messages) {
        struct message *message = messages;
        messages = message->next;
        rtcpeer_release(message->from);
        message_free(message);
    }
}

void pipeline_close(struct pipeline *pipeline)
{
    struct mail mail;
    if (!pipeline)
        return;
    while (pipeline->peers)
        rtcpeer_release(detach(pipeline->peers));
    if (pipeline->encodethread)
        encodethread_stop(pipeline->encodethread);
    if (pipeline->thread)
        loopthread_call(pipeline->thread, end_all, pipeline);
    end_transport(pipeline->thread);
    mailbox_take(pipeline->mailbox, &mail);
    free_messages(mail.messages);
    rtcpeers_free(pipeline->rtcpeers);
    fanout_free(pipeline->fanout);
    mailbox_free(pipeline->mailbox);
    g_free(pipeline);
}

/* --- peers --- */

/* The reason why there is no room for another peer, or NULL. */
static const char *exhausted(const struct pipeline *pipeline)
{
    return budget_exhausted(rtcpeer_connecting() + 1, pipeline->options.reserved_descriptors);
}

/* Starts a peer with our own offer or the remote one, or refuses it (why is not NULL). */
static struct pipeline_peer *peer_new(struct pipeline *pipeline, struct offer *own,
                                      struct offer *remote, int status, const char *why,
                                      const struct pipeline_ops *ops, void *user)
{
    struct pipeline_peer *peer = g_new0(struct pipeline_peer, 1);
    peer->pipeline = pipeline;
    peer->ops = ops;
    peer->user = user;
    peer->next = pipeline->peers;
    peer->link = &pipeline->peers;
    if (peer->next)
        peer->next->link = &peer->next;
    pipeline->peers = peer;
    peer->rtcpeer = rtcpeer_new(pipeline->rtcpeers, own, remote, peer);
    if (!why)
        rtcpeer_start(peer->rtcpeer);
    else
        mailbox_post(pipeline->mailbox, &(struct message){.kind = MESSAGE_REFUSED,
                                                          .status = status,
                                                          .from = rtcpeer_hold(peer->rtcpeer),
                                                          .text = g_strdup(why)});
    return peer;
}

struct pipeline_peer *pipeline_offer(struct pipeline *pipeline, const char *sdp, size_t bytes,
                                     const struct pipeline_ops *ops, void *user)
{
    const char *why = NULL;
    int status = 400;
    struct offer *offer = NULL;
    if (bytes <= PIPELINE_OFFER_BYTES)
        offer = offer_read(sdp, bytes, pipeline->options.codec, &status, &why);
    if (offer && (why = exhausted(pipeline)))
        status = 503;
    if (offer || status != 400)
        return peer_new(pipeline, NULL, offer, status, why, ops, user);
    errno = EINVAL;
    return NULL;
}

struct pipeline_peer *pipeline_propose(struct pipeline *pipeline, bool channel,
                                       const struct pipeline_ops *ops, void *user)
{
    return peer_new(pipeline, offer_of_all(pipeline->options.codec, channel), NULL, 503,
                    exhausted(pipeline), ops, user);
}

int pipeline_accept(struct pipeline_peer *peer, const char *sdp, size_t bytes,
                    struct iceserver *servers, const char **why)
{
    int status;
    struct offer *answer = NULL;
    *why = "not SDP";
    if (bytes <= PIPELINE_OFFER_BYTES)
        answer = offer_read(sdp, bytes, peer->pipeline->options.codec, &status, why);
    if (answer)
        rtcpeer_accept(peer->rtcpeer, answer, servers);
    else
        iceservers_free(servers);
    return answer ? 0 : -1;
}

void pipeline_peer_close(struct pipeline_peer *peer)
{
    rtcpeer_drop(detach(peer));
}

int pipeline_send(struct pipeline_peer *peer, const char *text, size_t bytes)
{
    return rtcpeer_send(peer->rtcpeer, text, bytes);
}

/* --- callbacks --- */

static void deliver(const struct message *message)
{
    struct pipeline_peer *peer = rtcpeer_owner(message->from);
    if (message->kind == MESSAGE_TEXT)
        rtcpeer_consumed(message->from, message->bytes);
    if (!peer)
        return;
    const struct pipeline_ops *ops = peer->ops;
    void *user = peer->user;
    switch (message->kind) {
    case MESSAGE_LOCAL:
        ops->local(user, message->text);
        break;
    case MESSAGE_CANDIDATES:
        if (ops->candidates)
            ops->candidates(user, message->text);
        break;
    case MESSAGE_CONNECTED:
        ops->connected(user);
        break;
    case MESSAGE_OPEN:
        peer->has_channel = true;
        ops->open(user);
        break;
    case MESSAGE_TEXT:
        ops->message(user, message->text, message->bytes);
        break;
    case MESSAGE_REFUSED:
        rtcpeer_release(detach(peer));
        ops->refused(user, message->status, message->text);
        break;
    case MESSAGE_CLOSED:
        rtcpeer_release(detach(peer));
        ops->closed(user, message->text);
        break;
    }
}

static void deliver_frame(struct pipeline *pipeline, const struct sent_frame *frame)
{
    for (struct pipeline_peer *peer = pipeline->peers; peer; peer = pipeline->cursor) {
        pipeline->cursor = peer->next;
        if (peer->has_channel)
            peer->ops->frame(peer->user, frame);
    }
}

void pipeline_dispatch(struct pipeline *pipeline)
{
    struct mail mail;
    mailbox_take(pipeline->mailbox, &mail);
    for (const struct message *message = mail.messages; message; message = message->next)
        deliver(message);
    free_messages(mail.messages);
    for (unsigned i = 0; i < mail.frame_count; i++)
        deliver_frame(pipeline, &mail.frames[i]);
}

void pipeline_stats(struct pipeline *pipeline, struct pipeline_stats *out)
{
    struct encodethread_stats encoder;
    struct packetsink_stats sinks;
    encodethread_stats(pipeline->encodethread, &encoder);
    fanout_stats(pipeline->fanout, &sinks);
    *out = (struct pipeline_stats){
        .peers = fanout_count(pipeline->fanout),
        .bitrate = encoder.bitrate,
        .width = encoder.width,
        .height = encoder.height,
        .frames = encoder.frames,
        .keyframes = encoder.keyframes,
        .bytes = encoder.bytes,
        .packets = sinks.packets,
        .packet_bytes = sinks.bytes,
        .dropped = sinks.dropped,
        .keyframe_requests = sinks.keyframe_requests,
    };
}
