/*
 * The stream that the layout goes into: made when there is none and then removed again, or one that
 * stands. One that a killed net-layout has left is replaced, as is one of our own that the network
 * has outgrown.
 */
#ifndef NET_LAYOUT_PUBLISH_H
#define NET_LAYOUT_PUBLISH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "events.h"
#include "net/net.h"
#include "tree.h"

struct publish;

/* What publish_check, publish_net and publish_places come to. */
enum published {
    PUBLISHED,
    PUBLISHED_LATER, /* every slot is in use: try again */
    PUBLISHED_ANEW,  /* the stream is another one: it has no network yet */
    PUBLISHED_NEVER  /* the stream was removed */
};

/* Attaches the stream if it is there. What is wrong with it ends the program with a message. NULL:
 * ENOMEM. The caller ends with publish_close. */
struct publish *publish_open(const char *name);
void publish_close(struct publish *publish); /* removes the stream if we have made it */

/* Is the stream still the one that it was? */
enum published publish_check(struct publish *publish);

/* The network, of so many dimensions, for which the stream is made or made larger where that may be
 * done; else the program ends with a message. growing: it is made larger than need be. */
enum published publish_net(struct publish *publish, const struct net *net, unsigned dimensions,
                           bool growing);

/* Where its nodes are; the last event that shows in it. */
enum published publish_places(struct publish *publish, const struct place *at, uint32_t nodes,
                              unsigned dimensions, uint64_t event);

/* There are others already: what came LATER will never be seen. */
void publish_dropped(struct publish *publish);

/* Up to max events that are new; *lost: how many were never seen. */
size_t publish_events(struct publish *publish, struct event *events, size_t max, uint64_t *lost);

/* Sleeps until there is an event, or the stream ends, or *other differs from seen, or a signal
 * comes. due: something waits for a slot, so for a moment at most. */
void publish_wait(struct publish *publish, const _Atomic uint32_t *other, uint32_t seen, bool due);

#endif
