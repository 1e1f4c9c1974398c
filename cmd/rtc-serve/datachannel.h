/*
 * A peer's data channel named "events": text messages (RFC 8831, RFC 8832) in both directions, with
 * a bounded queue in each.
 */
#ifndef DATACHANNEL_H
#define DATACHANNEL_H

#include <gst/gst.h>
#include <stddef.h>

struct datachannel;

/* Called on GStreamer's threads; user is that of datachannel_new. */
struct datachannel_ops {
    void (*open)(void *user);
    void (*text)(void *user, char *text, size_t bytes); /* owns text, by g_malloc */
    void (*failed)(void *user, const char *why);        /* the peer broke the rules */
    /* References to user, which owns the data channel: one for each signal connected. */
    void *(*hold)(void *user);
    void (*release)(void *user);
};

/* Waits for the channel that the peer opens. ops must outlive it. */
struct datachannel *datachannel_new(const struct datachannel_ops *ops, void *user);
void datachannel_watch(struct datachannel *channel, GstElement *webrtcbin);

/* Drops the channel; nothing can be sent any more. May be called twice. */
void datachannel_close(struct datachannel *channel);
void datachannel_free(struct datachannel *channel); /* closed */

/* Any thread. 0, or -1 with errno: EMSGSIZE, or EAGAIN: not open, or too much is queued. */
int datachannel_send(struct datachannel *channel, const char *text, size_t bytes);

/* Any thread: the text of ops->text was processed, and no longer counts as queued. */
void datachannel_consumed(struct datachannel *channel, size_t bytes);

#endif
