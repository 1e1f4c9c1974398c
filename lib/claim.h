/*
 * Who holds what in a stream. A claim is an open-file-description lock on the stream's own
 * descriptor: the kernel drops it when its holder dies, whatever way, across pid namespaces.
 * Claims last until claim_drop or stream_close. Not for use from several threads on one stream.
 */
#ifndef SHMCAST_CLAIM_H
#define SHMCAST_CLAIM_H

#include <stdbool.h>
#include <stdint.h>
#include "shmfmt.h"

struct stream;

/* What a reader reads, for people. */
enum claim_role { CLAIM_ROLE_NONE, CLAIM_ROLE_FRAMES, CLAIM_ROLE_PACKETS, CLAIM_ROLE_EVENTS };

struct claim_info {
    uint32_t pid;
    uint32_t role; /* enum claim_role */
    uint64_t start_time;
    uint64_t since_ns;
    uint64_t pid_ns;
    char command[17]; /* printable, NUL-terminated */
};

/* Takes a claim (enum shmfmt_claims, not a reader's). 0, or -1: EBUSY when another holds it, EROFS
 * when the stream may only be read. */
int claim_take(struct stream *stream, unsigned claim);

/* Waits for it instead; -1 with EINTR when a signal came. */
int claim_wait(struct stream *stream, unsigned claim);

/*
 * To wait for whoever has a claim to drop it or to die. From claim_mark_waiter to
 * claim_unmark_waiter others can see by claim_has_waiter that somebody is about to wait.
 * claim_await_exit waits, or with wait false returns -1 and EBUSY, and from then to
 * claim_unmark_waiter nobody can take the claim. claim_mark_waiter and claim_await_exit are
 * cancellation points. 0, or -1: EINTR when a signal came. The claim must not be ours.
 */
int claim_mark_waiter(const struct stream *stream, unsigned claim);
int claim_await_exit(const struct stream *stream, unsigned claim, bool wait);
void claim_unmark_waiter(const struct stream *stream, unsigned claim);

/* Does anybody watch it? 1, 0, or -1 with errno. */
int claim_has_waiter(const struct stream *stream, unsigned claim);

/* Takes a free reader's claim and clears what its last holder left. Returns the reader's index
 * 0 … SHMFMT_READERS - 1, or -1 with EBUSY (all taken) or EROFS. */
int claim_take_reader(struct stream *stream, enum claim_role role);

void claim_drop(struct stream *stream, unsigned claim);

/* Is it held by anybody but us? 1 and *info filled, 0, or -1 with errno. info may be NULL. */
int claim_holder(const struct stream *stream, unsigned claim, struct claim_info *info);

/* Is any claim at all held by anybody but us (attached included)? 1, 0, or -1 with errno. */
int claim_any(const struct stream *stream);

/* Is a reader's holder dead? Then clears what it left in the rings: its pins, and that it wanted
 * pictures. Holds the claim meanwhile, so that no new reader can come in between. */
void claim_reap_reader(struct stream *stream, unsigned reader);

/* The attached claim. share: waits while somebody excludes. exclude: EBUSY when anybody shares. */
int claim_share(struct stream *stream);
int claim_exclude(struct stream *stream);

/* "frames", "packets", "events", "owner", "reader", "attached". */
const char *claim_name(unsigned claim);

#endif
