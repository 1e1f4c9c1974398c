/*
 * A WebRTC peer: its connection from the offer, which it or this side makes, to the end, and the
 * video and data channel over it.
 * Peers have no threads of their own: all run on the transport thread, and report through the
 * mailbox, each message with a reference to the peer.
 */
#ifndef RTCPEER_H
#define RTCPEER_H

#include <glib.h>
#include <stddef.h>
#include "fanout.h"
#include "feedback.h"
#include "ice.h"
#include "loopthread.h"
#include "mailbox.h"
#include "offer.h"

struct rtcpeers;
struct rtcpeer;

/* Everything here outlives the peers. */
struct rtcpeers_options {
    struct loopthread *thread;
    struct fanout *fanout;
    struct mailbox *mailbox;
    const struct iceserver *servers;
    uint32_t ssrc;
    struct bitrate_range bitrate;
};

/* The peers of a stream. */
struct rtcpeers *rtcpeers_new(const struct rtcpeers_options *options);
void rtcpeers_free(struct rtcpeers *peers); /* NULL is allowed */

/* On the transport thread: ends all peers, as for a stream that is gone. Each posts MESSAGE_REFUSED
 * or MESSAGE_CLOSED, unless why is NULL. */
void rtcpeers_end(struct rtcpeers *peers, const char *why);

/* Creates a peer with one reference, for an object of the server's thread, its owner. Takes the
 * peer's offer, remote, or that of offer_of_all, own; a peer without either (NULL) never starts. */
struct rtcpeer *rtcpeer_new(struct rtcpeers *peers, struct offer *own, struct offer *remote,
                            void *owner);
gpointer rtcpeer_hold(gpointer peer);
void rtcpeer_release(gpointer peer);

/* Any thread: connects soon. Posts our answer or offer, or a refusal; then connected, open and
 * texts, in the end closed. */
void rtcpeer_start(struct rtcpeer *peer);

/* Any thread: the peer's answer to our offer, and TURN servers to use as well (NULL: none), both of
 * which are taken. Posts the candidates that they add. */
void rtcpeer_accept(struct rtcpeer *peer, struct offer *answer, struct iceserver *servers);

/* Any thread: the number of peers, of all streams, that have started but are not connected: their
 * descriptors may not all be in use yet. */
unsigned rtcpeer_connecting(void);

/* Any thread: ends the peer without a message, and takes the caller's reference. */
void rtcpeer_drop(struct rtcpeer *peer);

/* Any thread: as datachannel_send and datachannel_consumed. */
int rtcpeer_send(struct rtcpeer *peer, const char *text, size_t bytes);
void rtcpeer_consumed(struct rtcpeer *peer, size_t bytes);

/* The owner, or NULL after rtcpeer_disown. Server's thread only. */
void *rtcpeer_owner(const struct rtcpeer *peer);
void rtcpeer_disown(struct rtcpeer *peer);

#endif
