/*
 * The turn of those who write events: a word in shared memory, so that to take and to leave it
 * needs no system call while nobody else wants it. It tells the claim by which the kernel knows the
 * holder, who keeps that for as long as it is attached: the turn of a dead one is taken from it,
 * that of one who was merely stopped never. Not for use from several threads on one stream.
 */
#ifndef SHMCAST_EVLOCK_H
#define SHMCAST_EVLOCK_H

#include "claim.h"

struct stream;

/* Waits for the turn. 0, or -1: EINTR when a signal came, EROFS when the stream may only be read.
 */
int evlock_lock(struct stream *stream);

/* The same for programs that must not wait: -1 with EBUSY when it is somebody else's. */
int evlock_trylock(struct stream *stream);

void evlock_unlock(struct stream *stream);

/* Waits until evlock_trylock is worth another try. To be called by a thread beside the one that has
 * stream: meanwhile that one must leave the turn alone. A cancellation point. 0 or -1. */
int evlock_await_free(struct stream *stream);

/* Whose turn is it? 1 and *info filled, 0: nobody's that lives, or ours; or -1 with errno. */
int evlock_holder(const struct stream *stream, struct claim_info *info);

#endif
