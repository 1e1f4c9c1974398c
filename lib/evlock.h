/*
 * The event-log lock: held by the one process that is writing to the event log. It is a futex-like
 * word in shared memory, so the uncontended path makes no system call. The word names the owner's
 * lock slot: a claim, which the owner keeps while it is attached and the kernel releases when it
 * exits. The lock of a process that has exited is taken over; that of a stopped process is not.
 * Only one thread at a time may use the lock of a stream.
 */
#ifndef SHMCAST_EVLOCK_H
#define SHMCAST_EVLOCK_H

#include "claim.h"

struct stream;

/* Locks, waiting if need be. 0, or -1: EINTR (a signal arrived), EROFS (mapped read-only). */
int evlock_lock(struct stream *stream);

/* As evlock_lock for programs that must not wait: EBUSY while another process has the lock. */
int evlock_trylock(struct stream *stream);

/* Unlocks. The lock must be ours. */
void evlock_unlock(struct stream *stream);

/* Waits until another evlock_trylock is worthwhile. 0 or -1 with errno. A cancellation point. For a
 * helper thread: the stream's own thread must not lock or unlock meanwhile. */
int evlock_await_free(struct stream *stream);

/* Whether another process that has not exited has the lock: 1 with *info filled in, 0, or -1 with
 * errno. */
int evlock_holder(const struct stream *stream, struct claim_info *info);

#endif
