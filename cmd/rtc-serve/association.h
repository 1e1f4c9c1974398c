/*
 * An SCTP association over DTLS (RFC 8261) with one peer. The transport thread makes all calls and
 * gets all callbacks.
 */
#ifndef ASSOCIATION_H
#define ASSOCIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loopthread.h"

struct association;

enum { SCTP_PORT = 5000, /* ours */ SCTP_STREAMS = 64 };

/* user is that of association_new. No callback may free the association. */
struct association_ops {
    void (*output)(void *user, const void *packet, size_t bytes);
    /* A part of a message; last: its end. ppid: what the message is. */
    void (*input)(void *user, unsigned stream, uint32_t ppid, const void *data, size_t bytes,
                  bool last);
    void (*reset)(void *user, unsigned stream); /* the peer has closed the stream */
    void (*closed)(void *user);
};

/* Starts and ends the library. Main thread, before and after the transport thread. */
void association_init(void);
void association_exit(void);

/* Connects to the peer's port. NULL with errno. */
struct association *association_new(struct loopthread *thread, int port,
                                    const struct association_ops *ops, void *user);
void association_free(struct association *association); /* aborts; NULL is allowed */

/* Takes a packet of the peer. */
void association_input(struct association *association, const void *packet, size_t bytes);

/* Sends a message. 0, or -1 with errno: EWOULDBLOCK, as too much is unsent. */
int association_send(struct association *association, unsigned stream, uint32_t ppid,
                     const void *data, size_t bytes);

#endif
