/*
 * Events on their way into a stream's event log. The server never waits for the log's lock, which a
 * program that was stopped while it wrote may keep for ever. Events that find the log locked are
 * queued here, in order, with all that come after them, while a thread waits for the lock and then
 * wakes the loop.
 */
#ifndef SERVER_BACKLOG_H
#define SERVER_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include "events.h"
#include "served.h"

struct backlog;

/* NULL: no memory. */
struct backlog *backlog_new(struct served *served);

/* Reports events that are lost. NULL is allowed. */
void backlog_free(struct backlog *backlog);

/* Number of queued events; 0 for NULL. */
size_t backlog_count(const struct backlog *backlog);

enum backlog_result { BACKLOG_WRITTEN, BACKLOG_QUEUED, BACKLOG_DROPPED };

/* Appends events to the log, with their numbers and times filled in, or queues them. Events for a
 * stream that has ended or is read-only are dropped. */
enum backlog_result backlog_append(struct backlog *backlog, struct event *events, size_t count);

/* Tries again if the log may be free, and calls written for events that are in the log now. True:
 * the queue has been emptied. */
bool backlog_retry(struct backlog *backlog,
                   void (*written)(struct served *served, const struct event *events,
                                   size_t count));

/* Stops waiting for the lock, before the stream is detached; the events stay. */
void backlog_stop(struct backlog *backlog);

#endif
