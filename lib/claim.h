/*
 * Who holds what in a stream. A claim is an open-file-description lock on the stream's own
 * descriptor: the kernel drops it when its holder dies, whatever way, across pid namespaces.
 * Claims last until claim_drop or seg_close. Not for use from several threads on one seg.
 */
#ifndef SHMCAST_CLAIM_H
#define SHMCAST_CLAIM_H

#include <stdint.h>
#include "layout.h"

struct seg;

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

/* Takes a claim (enum layout_claims, not a reader's). 0, or -1: EBUSY when another holds it, EROFS
 * when the stream may only be read. */
int claim_take(struct seg *seg, unsigned claim);

/* Waits for it instead; -1 with EINTR when a signal came. */
int claim_wait(struct seg *seg, unsigned claim);

/* Waits until nobody else holds it, and does not keep it. To be called by a thread beside the one
 * that has seg: meanwhile that one must leave this claim alone. A cancellation point; once
 * cancelled the claim may be held until seg_close. 0 or -1. */
int claim_await(const struct seg *seg, unsigned claim);

/* Takes a free reader's claim and clears what its last holder left. Returns the reader's index
 * 0 … LAYOUT_READERS - 1, or -1 with EBUSY (all taken) or EROFS. */
int claim_take_reader(struct seg *seg, enum claim_role role);

void claim_drop(struct seg *seg, unsigned claim);

/* Is it held by anybody but us? 1 and *info filled, 0, or -1 with errno. info may be NULL. */
int claim_holder(const struct seg *seg, unsigned claim, struct claim_info *info);

/* Is any claim at all held by anybody but us (attached included)? 1, 0, or -1 with errno. */
int claim_any(const struct seg *seg);

/* Is a reader's holder dead? Then clears what it left in the rings: its pins, and that it wanted
 * pictures. Holds the claim meanwhile, so that no new reader can come in between. */
void claim_reap_reader(struct seg *seg, unsigned reader);

/* The attached claim. share: waits while somebody excludes. exclude: EBUSY when anybody shares. */
int claim_share(struct seg *seg);
int claim_exclude(struct seg *seg);

/* "frames", "packets", "events", "owner", "reader", "attached". */
const char *claim_name(unsigned claim);

#endif
