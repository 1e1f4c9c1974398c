#include "datachannel.h"
#include <errno.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum {
    TEXT_MAX = 1 << 16,     /* bytes of a message */
    SEND_QUEUE = 1 << 16,   /* bytes queued to the peer */
    RECEIVE_QUEUE = 1 << 20 /* bytes queued to the server */
};

struct datachannel {
    const struct datachannel_ops *ops;
    void *user;
    pthread_mutex_t lock;    /* protects object */
    GObject *object;         /* GstWebRTCDataChannel, or NULL */
    _Atomic size_t received; /* bytes in the receive queue */
};

struct datachannel *datachannel_new(const struct datachannel_ops *ops, void *user)
{
    struct datachannel *channel = g_new0(struct datachannel, 1);
    channel->ops = ops;
    channel->user = user;
    pthread_mutex_init(&channel->lock, NULL);
    return channel;
}

void datachannel_free(struct datachannel *channel)
{
    pthread_mutex_destroy(&channel->lock);
    g_free(channel);
}

static void replace_object(struct datachannel *channel, GObject *object)
{
    pthread_mutex_lock(&channel->lock);
    GObject *last = channel->object;
    channel->object = object;
    pthread_mutex_unlock(&channel->lock);
    if (last)
        g_object_unref(last);
}

void datachannel_close(struct datachannel *channel)
{
    replace_object(channel, NULL);
}

static void closure_free(gpointer user, GClosure *closure)
{
    struct datachannel *channel = user;
    (void)closure;
    channel->ops->release(channel->user);
}

static void connect_signal(struct datachannel *channel, gpointer object, const char *signal,
                           GCallback callback)
{
    channel->ops->hold(channel->user);
    g_signal_connect_data(object, signal, callback, channel, closure_free, (GConnectFlags)0);
}

static void on_open(GObject *object, struct datachannel *channel)
{
    (void)object;
    channel->ops->open(channel->user);
}

static void on_text(GObject *object, const char *text, struct datachannel *channel)
{
    size_t bytes = text ? strlen(text) : 0;
    (void)object;
    if (bytes > TEXT_MAX || atomic_fetch_add(&channel->received, bytes) + bytes > RECEIVE_QUEUE)
        channel->ops->failed(channel->user,
                             "messages over 64 KiB, or faster than the server reads them");
    else
        channel->ops->text(channel->user, g_strndup(text ? text : "", bytes), bytes);
}

static void on_binary(GObject *object, GBytes *data, struct datachannel *channel)
{
    (void)object;
    (void)data;
    channel->ops->failed(channel->user, "a binary message: only text is accepted");
}

static void on_channel(GObject *webrtcbin, GObject *object, struct datachannel *channel)
{
    char *label;
    GstWebRTCDataChannelState state;
    (void)webrtcbin;
    g_object_get(object, "label", &label, NULL);
    bool events = label && !strcmp(label, "events");
    g_free(label);
    connect_signal(channel, object, "on-message-string", G_CALLBACK(on_text));
    connect_signal(channel, object, "on-message-data", G_CALLBACK(on_binary));
    if (!events)
        return;
    replace_object(channel, g_object_ref(object));
    g_object_get(object, "ready-state", &state, NULL);
    if (state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
        on_open(object, channel);
    else
        connect_signal(channel, object, "on-open", G_CALLBACK(on_open));
}

void datachannel_watch(struct datachannel *channel, GstElement *webrtcbin)
{
    connect_signal(channel, webrtcbin, "on-data-channel", G_CALLBACK(on_channel));
}

static int send_text(GObject *object, const char *text, size_t bytes)
{
    GstWebRTCDataChannelState state;
    guint64 queued;
    g_object_get(object, "ready-state", &state, "buffered-amount", &queued, NULL);
    if (state != GST_WEBRTC_DATA_CHANNEL_STATE_OPEN || queued + bytes > SEND_QUEUE)
        return -1;
    char *copy = g_strndup(text, bytes);
    bool sent =
        gst_webrtc_data_channel_send_string_full(GST_WEBRTC_DATA_CHANNEL(object), copy, NULL);
    g_free(copy);
    return sent ? 0 : -1;
}

int datachannel_send(struct datachannel *channel, const char *text, size_t bytes)
{
    int result = -1;
    if (bytes > TEXT_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    pthread_mutex_lock(&channel->lock);
    GObject *object = channel->object ? g_object_ref(channel->object) : NULL;
    pthread_mutex_unlock(&channel->lock);
    if (object) {
        result = send_text(object, text, bytes);
        g_object_unref(object);
    }
    if (result)
        errno = EAGAIN;
    return result;
}

void datachannel_consumed(struct datachannel *channel, size_t bytes)
{
    atomic_fetch_sub(&channel->received, bytes);
}
