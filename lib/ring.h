/*
 * A ring of picture slots in a stream: one writer, newest wins, a reader never sees a torn picture,
 * nobody can block the writer.
 *
 * The steps have the names that tests/model gives them. Writer: mark a slot busy (odd seq), look at
 * the pins, fill, publish. Reader: look at newest, pin, re-check seq. All four are sequentially
 * consistent atomics, so either the writer sees the pin or the reader sees the mark.
 *
 * Demand: a reader says that it wants new pictures by a bit of its own in `wanted`, and a writer
 * may sleep while there is none. The reader sets its bit, then changes the futex word `demand` and
 * wakes; the writer loads demand, then looks at the bits, then sleeps only if demand still is what
 * it loaded. So either the writer sees the bit, or its sleep doesn't begin, or it is woken: a wish
 * is never lost (tests/model/demand.pml).
 */
#ifndef SHMCAST_RING_H
#define SHMCAST_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "futex.h"
#include "pixfmt.h"

struct stream;
struct ring;

enum ring_channel { RING_FRAMES, RING_PACKETS };

struct ring_meta {
    uint64_t number;        /* set by ring_commit: 1, 2, 3 … for the life of the stream */
    uint64_t frame;         /* number of the frame shown; set by ring_commit in the frame ring */
    uint64_t event;         /* number of the last event the picture shows, or 0 */
    uint64_t captured_ns;   /* CLOCK_MONOTONIC; 0: ring_commit takes now */
    uint64_t published_ns;  /* set by ring_commit */
    uint64_t bytes;         /* of data */
    uint32_t width, height; /* in the packet ring their meaning depends on the kind */
    uint32_t format;        /* enum pixfmt; in the packet ring its kind, set by ring_commit */
    uint32_t flags;         /* PIXFMT_BOTTOM_UP, PIXFMT_LIMITED */
};

struct ring_view {
    struct ring_meta meta;
    const void
        *data; /* meta.bytes of it; lives until the next ring_pin, ring_unpin or ring_close */
};

/* The frame in a view of the frame ring; its data lives as long as the view's. */
struct image ring_image(const struct ring_view *view);

/*
 * Opens one channel of an attached stream, which must outlive it. As writer it takes the channel's
 * claim (EBUSY: somebody else writes; claim_holder tells who). As reader it takes a reader's claim
 * when the stream is writable; a read-only reader, or one too many, copies pictures instead.
 * The caller ends with ring_close. NULL with errno.
 */
struct ring *ring_open_writer(struct stream *stream, enum ring_channel channel);
struct ring *ring_open_reader(struct stream *stream, enum ring_channel channel);
void ring_close(struct ring *ring); /* NULL is allowed */

/* Sets the kind of packets (SHMFMT_PACKET_…) that a writer publishes or a reader accepts:
 * SHMFMT_PACKET_JPEG unless set. */
void ring_set_packet_kind(struct ring *ring, uint32_t kind);

size_t ring_capacity(const struct ring *ring); /* bytes of room in one slot */

/* Takes a free slot and returns its memory (ring_capacity bytes, page aligned), the caller's until
 * ring_commit or ring_abort. NULL: EAGAIN when every slot is in use: drop the picture and say
 * ring_drop; ESTALE, EIDRM. */
void *ring_begin(struct ring *ring);

/* Publishes what was filled in and wakes the readers. Fills in meta's number and times. */
void ring_commit(struct ring *ring, struct ring_meta *meta);
void ring_abort(struct ring *ring); /* gives the slot back unpublished */

void ring_drop(struct ring *ring); /* counts a picture that could not be published */
void ring_skip(struct ring *ring); /* counts a picture left out because nothing had changed */

/*
 * The newest picture, if its number differs from after (0: any), pinned so that it stays whole.
 * 1 and *view filled; 0 when there is none; -1: ESTALE, EIDRM, EPROTO (somebody scribbled over it),
 * ENOMSG (a network where pictures were asked for, or the other way round). view.meta was checked:
 * bytes within the slot, sides 1 … SHMFMT_SIDE_MAX (rows of an array and nodes of a network 1 …
 * SHMFMT_ROWS_MAX), and in the frame ring bytes that fit format and size; frames may be arrays. One
 * picture at a time: pinning lets go of the last one.
 */
int ring_pin(struct ring *ring, uint64_t after, struct ring_view *view);
void ring_unpin(struct ring *ring);

/* Sleeps until there is a picture with a number other than after. 1; 0 at the deadline (absolute,
 * CLOCK_MONOTONIC; NULL: none); -1: EINTR (a signal came), ESTALE, EIDRM. */
int ring_wait(struct ring *ring, uint64_t after, const struct timespec *deadline);

/* For who waits for more than one thing: the word that changes with each picture, and when the
 * stream ends. To be taken before looking at what there is. */
struct futex_word ring_seen(const struct ring *ring);

/*
 * A reader wants new pictures from now on, or no more; at first it doesn't. true: the writer is
 * told. false: one that copies has no place to say it. Wakes the writer, if need be.
 */
bool ring_want(struct ring *ring, bool want);

/* Does anybody want pictures of it? */
bool ring_wanted(const struct ring *ring);

/*
 * Does its living writer sleep because nobody wanted pictures, so that the newest may be old? Once
 * somebody wants them this changes, soon, with a new picture if there is anything new to show, and
 * then the waiters for pictures are woken in any case.
 */
bool ring_stale(const struct ring *ring);

/* Sleeps while ring_stale, for a reader that wants pictures. 0; -1 as ring_wait, and ETIMEDOUT. */
int ring_refresh(struct ring *ring, const struct timespec *deadline);

/*
 * For who makes pictures of one ring, out, from those of another: sleeps until in has one with a
 * number other than after, and somebody wants pictures of out, or always. While nobody does, those
 * that come do not wake it. Takes back the wishes of readers that died, at most once a second.
 * 1; -1: EINTR, or ESTALE, EIDRM of either stream.
 */
int ring_wait_demand(struct ring *in, uint64_t after, struct ring *out, bool always);

struct ring_stats {
    uint64_t published, dropped, skipped;
    uint64_t wanted;    /* bit i: by reader i, were it dead too */
    bool asleep;        /* its writer, were it dead too */
    uint64_t newest_ns; /* published_ns of the newest, 0 if none */
    struct ring_meta newest;
};

/* May be called on a stream that is only peeked at. The numbers are for people. */
void ring_stats(const struct stream *stream, enum ring_channel channel, struct ring_stats *out);

#endif
