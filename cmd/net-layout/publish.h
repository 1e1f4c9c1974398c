/*
 * The stream that the layout is published in: an existing one, or one that is created, and removed
 * again at the end. A stream left by a killed net-layout is replaced, as is a stream of our own
 * that has become too small.
 */
#ifndef NET_LAYOUT_PUBLISH_H
#define NET_LAYOUT_PUBLISH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "body.h"
#include "events.h"
#include "graph.h"

struct publish;

/* Results of publish_check, publish_net and publish_positions. */
enum published {
    PUBLISHED,
    PUBLISHED_LATER, /* all slots are in use: try again */
    PUBLISHED_ANEW,  /* the stream was replaced, and the new one has no network yet */
    PUBLISHED_NEVER  /* the stream was removed */
};

/* Attaches the stream if it exists; if it is unsuitable, the program ends with a message. NULL:
 * ENOMEM. The caller ends with publish_close. */
struct publish *publish_open(const char *name);
void publish_close(struct publish *publish); /* removes a stream of our own */

/* Checks whether the stream was replaced or removed. */
enum published publish_check(struct publish *publish);

/* Publishes the network, and packs its attributes for that. Creates or replaces the stream if
 * necessary; if that is not allowed, the program ends with a message. growing: leaves room for
 * more. */
enum published publish_net(struct publish *publish, struct graph *graph, unsigned dimensions,
                           bool growing);

/* Publishes positions. event: number of the last event whose effect they show. */
enum published publish_positions(struct publish *publish, const struct body *bodies, uint32_t nodes,
                                 unsigned dimensions, uint64_t event);

/* Counts positions that newer ones have replaced after PUBLISHED_LATER as dropped. */
void publish_dropped(struct publish *publish);

/* Reads up to max new events; *lost: number of events that were overwritten before. */
size_t publish_events(struct publish *publish, struct event *events, size_t max, uint64_t *lost);

/* Sleeps until an event arrives, the stream ends, *other differs from seen, or a signal arrives.
 * retry: sleeps only for a moment, since a slot may become free. */
void publish_wait(struct publish *publish, const _Atomic uint32_t *other, uint32_t seen,
                  bool retry);

#endif
