/*
 * The event log of a stream: many writers, many readers each with a cursor of its own, in order.
 * A reader that is too slow is told how many events it lost; nobody can block a writer.
 */
#ifndef SHMCAST_EVLOG_H
#define SHMCAST_EVLOG_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "events.h"
#include "futex.h"

struct stream;

/* Number of the last event that was written, 0: none yet. A cursor that starts here reads only what
 * comes from now on; a cursor of 0 starts with the oldest that is still there. */
uint64_t evlog_head(const struct stream *stream);

/*
 * Appends count events (≥ 1) in one go, none of another writer's between them, and wakes the
 * readers. Fills in each event's number, and its time_ns where that is 0. When it returns 0 they
 * are in the log and stay readable until the log wraps. A batch longer than the log is cut in
 * several. -1: EINTR (a signal came while waiting for the turn; none appended), ESTALE, EIDRM,
 * EROFS.
 */
int evlog_append(struct stream *stream, struct event *events, size_t count);

/* The same for programs that must not wait: -1 with EBUSY when it is somebody else's turn. */
int evlog_try(struct stream *stream, struct event *events, size_t count);

/*
 * Copies up to max events after *cursor and moves the cursor. *lost is the number of events that
 * were overwritten before they could be read, and are skipped. Returns how many were copied; 0 when
 * there is nothing new. After 0, stream_alive tells whether more may come.
 */
size_t evlog_read(const struct stream *stream, uint64_t *cursor, struct event *out, size_t max,
                  uint64_t *lost);

/* Sleeps until there is an event after cursor. 1; 0 at the deadline (NULL: none); -1: EINTR (a
 * signal), ESTALE, EIDRM. */
int evlog_wait(const struct stream *stream, uint64_t cursor, const struct timespec *deadline);

/* For who waits for more than one thing: the word that changes with each batch of events, and when
 * the stream ends. To be taken before looking at what there is. */
struct futex_word evlog_seen(const struct stream *stream);

#endif
