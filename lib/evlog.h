/*
 * The event log of a stream: many writers, and many readers with a cursor each. Events keep their
 * order. A slow reader learns how many events it has lost; readers never block a writer.
 */
#ifndef SHMCAST_EVLOG_H
#define SHMCAST_EVLOG_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "events.h"
#include "futex.h"

struct stream;

/* Number of the last event written, 0 if there is none. As a cursor it skips all events up to now;
 * a cursor of 0 starts with the oldest event that is still in the log. */
uint64_t evlog_head(const struct stream *stream);

/*
 * Appends count events (≥ 1) with no other writer's events between them, and wakes the readers.
 * Sets each event's number, and its time_ns if that is 0. Events stay readable until the log wraps.
 * Batches larger than the log are written in several parts. Waits for the event-log lock. 0, or -1:
 * EINTR (a signal arrived while waiting; nothing was appended), ESTALE, EIDRM, EROFS.
 */
int evlog_append(struct stream *stream, struct event *events, size_t count);

/* As evlog_append for programs that must not wait: EBUSY while another process has the lock. */
int evlog_try(struct stream *stream, struct event *events, size_t count);

/*
 * Copies up to max events after *cursor to out and advances *cursor. *lost: number of events that
 * were overwritten before they could be read; they are skipped. Returns the number of events
 * copied. After 0, stream_alive reports whether more may follow.
 */
size_t evlog_read(const struct stream *stream, uint64_t *cursor, struct event *out, size_t max,
                  uint64_t *lost);

/* Sleeps until there is an event after cursor. 1; 0 at the deadline (absolute, CLOCK_MONOTONIC;
 * NULL: none); -1: EINTR (a signal arrived), ESTALE, EIDRM. */
int evlog_wait(const struct stream *stream, uint64_t cursor, const struct timespec *deadline);

/* For callers that wait on several futexes: the word that changes with each batch of events and
 * when the stream ends. Take it before evlog_read. Lives as long as stream. */
struct futex_word evlog_seen(const struct stream *stream);

#endif
