/*
 * A peer's data channel named "events": text messages (RFC 8831, RFC 8832) in both directions, with
 * a bounded queue in each.
 */
#ifndef DATACHANNEL_H
#define DATACHANNEL_H

#include <stddef.h>
#include "loopthread.h"

struct datachannel;

enum { DATACHANNEL_TEXT_BYTES = 1 << 16 /* longest message */ };

/* Called on the transport thread; user is that of datachannel_new. No callback may free the
 * channel.
 */
struct datachannel_ops {
    void (*output)(void *user, const void *packet, size_t bytes); /* for the peer, over DTLS */
    void (*open)(void *user);
    void (*text)(void *user, char *text, size_t bytes); /* owns text, by g_malloc */
    void (*failed)(void *user, const char *why);        /* the peer broke the rules, or has left */
    /* References to user, which owns the data channel. */
    void *(*hold)(void *user);
    void (*release)(void *user);
};

/* ops must outlive it. Any thread. */
struct datachannel *datachannel_new(struct loopthread *thread, const struct datachannel_ops *ops,
                                    void *user);

/* Waits for the channel that the peer opens. port: the peer's SCTP port. */
void datachannel_start(struct datachannel *channel, int port);

/* Takes a packet of the peer. */
void datachannel_input(struct datachannel *channel, const void *packet, size_t bytes);

/* Nothing can be sent any more. The channel may not have started. */
void datachannel_close(struct datachannel *channel);
void datachannel_free(struct datachannel *channel); /* closed; any thread */

/* Any thread. 0, or -1 with errno: EMSGSIZE, or EAGAIN: not open, or too much is queued. */
int datachannel_send(struct datachannel *channel, const char *text, size_t bytes);

/* Any thread: the text of ops->text was processed, and no longer counts as queued. */
void datachannel_consumed(struct datachannel *channel, size_t bytes);

#endif
