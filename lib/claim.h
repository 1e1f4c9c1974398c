/*
 * Claims: which process holds which role in a stream. A claim is an open-file-description lock on
 * the stream's own descriptor. The kernel releases it when the holder exits, even by SIGKILL and in
 * another pid namespace. Claims last until claim_drop or stream_close. Only one thread at a time
 * may use the claims of a stream.
 *
 * Unless stated otherwise, functions return 0, or -1 with errno.
 */
#ifndef SHMCAST_CLAIM_H
#define SHMCAST_CLAIM_H

#include <stdbool.h>
#include <stdint.h>
#include "shmfmt.h"

struct stream;

/* The use of a reader's claim, as shm-ls reports it. CLAIM_ROLE_EVENTS: of older versions; readers
 * of events take no claim, which they do not need and readers of images do. */
enum claim_role { CLAIM_ROLE_NONE, CLAIM_ROLE_FRAMES, CLAIM_ROLE_PACKETS, CLAIM_ROLE_EVENTS };

/* A claim's record, as its holder wrote it: for people only. */
struct claim_info {
    uint32_t pid;        /* in the holder's pid namespace */
    uint32_t role;       /* enum claim_role */
    uint64_t start_time; /* of the process, clock ticks after boot */
    uint64_t since_ns;   /* CLOCK_REALTIME when the claim was taken */
    uint64_t pid_ns;     /* inode of the holder's pid namespace */
    char command[17];    /* printable, NUL-terminated */
};

/* Takes a claim (enum shmfmt_claims, but not a reader's). EBUSY: another process holds it; EROFS:
 * the stream is mapped read-only. */
int claim_take(struct stream *stream, unsigned claim);

/* As claim_take, but waits while another process holds it. EINTR: a signal arrived. */
int claim_wait(struct stream *stream, unsigned claim);

/* Releases a claim; does nothing if it is not ours. */
void claim_drop(struct stream *stream, unsigned claim);

/* Takes a free reader's claim and clears what its last holder left in the rings. Returns the
 * reader's index 0 … SHMFMT_READERS - 1, or -1: EBUSY (all are taken), EROFS. */
int claim_take_reader(struct stream *stream, enum claim_role role);

/* Shares the watch claim, for which read permission suffices, or stops sharing it; calls count. It
 * has no record. 0, or -1: EBUSY (another program holds it alone). */
int claim_watch(struct stream *stream, bool watch);

/* Whether any process shares the watch claim, this one included. */
bool claim_watched(const struct stream *stream);

/* If the holder of a reader's claim has exited, clears what it left in the rings: its pins and its
 * demand. Holds the claim meanwhile, so that no new reader can take it. */
void claim_reap_reader(struct stream *stream, unsigned reader);

/*
 * Waiting until another process drops a claim or exits. claim_mark_waiter sets the claim's waiter
 * mark, which claim_has_waiter reports to other processes. claim_await_exit waits, or with wait
 * false fails with EBUSY; after it has succeeded no process can take the claim.
 * claim_unmark_waiter ends both; errno survives. claim_mark_waiter and claim_await_exit are
 * cancellation points; EINTR: a signal arrived. The claim must not be ours.
 */
int claim_mark_waiter(const struct stream *stream, unsigned claim);
int claim_await_exit(const struct stream *stream, unsigned claim, bool wait);
void claim_unmark_waiter(const struct stream *stream, unsigned claim);

/* Whether another process has marked the claim as waited for: 1, 0, or -1. */
int claim_has_waiter(const struct stream *stream, unsigned claim);

/* Whether another process holds the claim: 1 with *info filled in, 0, or -1. info may be NULL. */
int claim_holder(const struct stream *stream, unsigned claim, struct claim_info *info);

/*
 * As claim_holder, for messages: info->pid is 0 unless the record is that of a living process of
 * our pid namespace. A process that was killed leaves its record to the next holder, which
 * overwrites it just after it has taken the claim; this function waits for that, for at most 50 ms.
 */
int claim_identify(const struct stream *stream, unsigned claim, struct claim_info *info);

/* Whether another process holds any claim, the attached claim included: 1, 0, or -1. */
int claim_any(const struct stream *stream);

/* SHMFMT_CLAIMS bytes: not 0 for each claim held through this stream. Lives as long as stream. */
const uint8_t *claim_own(const struct stream *stream);

/* The attached claim. claim_share waits while another process excludes, whatever signal arrives:
 * nobody excludes for long. claim_exclude fails with EBUSY while another process shares. */
int claim_share(struct stream *stream);
int claim_exclude(struct stream *stream);

/* "frames", "packets", "events", "owner", "watch", "reader" or "attached". Static storage. */
const char *claim_name(unsigned claim);

#endif
