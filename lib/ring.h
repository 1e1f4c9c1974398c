/*
 * A ring of slots in a stream, for raw frames or for encoded packets. One writer publishes images;
 * readers see only the newest one, always whole, and can never block the writer.
 *
 * Readers pin the slot that they use: hazard pointers (Michael 2004, "Hazard Pointers: Safe Memory
 * Reclamation for Lock-Free Objects"). The steps are named as in tests/model/ring.pml. Writer: mark
 * a slot busy (odd seq), check the pins, fill, publish. Reader: read newest, pin, check seq again.
 * All are sequentially consistent atomics, so either the writer sees the pin, or the reader sees
 * the mark. Readers without a pin copy under a sequence lock (Boehm 2012, "Can seqlocks get along
 * with programming language memory models?").
 *
 * Demand: each reader sets `wants` in its own pin line while it wants new images; the writer may
 * sleep while no reader does. A reader sets or clears wants, then stores a value in the futex word
 * `demand` that nobody has stored there before, and wakes the writer: plain stores, no
 * read-modify-write.
 * The writer loads demand, then checks all wants, and sleeps only while demand is unchanged. So the
 * writer sees wants, or does not go to sleep, or is woken: demand is never missed
 * (tests/model/demand.pml). A reader that copies shares the watch claim instead, which needs no
 * write permission, and then tries to wake the writer until it has woken it or asleep is 0. The
 * writer stores asleep before it checks that claim for the last time.
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
    uint64_t number;       /* set by ring_commit: 1, 2, 3 … for the life of the stream */
    uint64_t frame;        /* number of the frame shown; set by ring_commit in the frame ring */
    uint64_t event;        /* number of the last event that the image shows; 0: unknown */
    uint64_t captured_ns;  /* CLOCK_MONOTONIC; 0: ring_commit sets the current time */
    uint64_t published_ns; /* CLOCK_MONOTONIC, set by ring_commit */
    uint64_t bytes;        /* size of the data */
    uint32_t extra_bytes;  /* of a packet: size of further data, as its kind defines */
    uint32_t width;        /* pixels; other units for some packet kinds */
    uint32_t height;       /* pixels; other units for some packet kinds */
    uint32_t format;       /* enum pixfmt; of a packet its kind, set by ring_commit */
    uint32_t flags;        /* PIXFMT_BOTTOM_UP, PIXFMT_LIMITED */
    uint32_t stride[PIXFMT_PLANES];  /* of a frame, as in struct image */
    uint32_t aspect_num, aspect_den; /* width and height of a pixel; 0 and 0: square */
    uint8_t matrix, alpha;           /* of a frame, as in struct image */
};

struct ring_view {
    struct ring_meta meta;
    const void *data;  /* meta.bytes bytes, until the next ring_pin, ring_unpin or ring_close */
    const void *extra; /* meta.extra_bytes bytes likewise, aligned to 8; NULL: none */
};

/* The frame in a view of the frame ring. Its data lives as long as the view's. */
struct image ring_image(const struct ring_view *view);

/* The reverse: sets what meta has in common with an image. */
void ring_describe(struct ring_meta *meta, const struct image *image);

/*
 * Open one channel of an attached stream, which must outlive the ring. A writer takes the channel's
 * claim; EBUSY: another process writes (claim_holder identifies it). A reader takes a reader's
 * claim if the stream is writable and one is free; otherwise it copies images instead of pinning
 * them. An observer takes no claim: it is for ring_watched and ring_demand. NULL with errno on
 * failure. The caller ends with ring_close.
 */
struct ring *ring_open_writer(struct stream *stream, enum ring_channel channel);
struct ring *ring_open_reader(struct stream *stream, enum ring_channel channel);
struct ring *ring_open_observer(struct stream *stream, enum ring_channel channel);
void ring_close(struct ring *ring); /* NULL is allowed; errno survives */

/* Sets the kind of packets (SHMFMT_PACKET_…) that a writer publishes or a reader accepts:
 * SHMFMT_PACKET_JPEG unless set. */
void ring_set_packet_kind(struct ring *ring, uint32_t kind);

/* Size of one slot in bytes. */
size_t ring_capacity(const struct ring *ring);

/* Takes a free slot and returns its memory: ring_capacity bytes, page aligned, the caller's until
 * ring_commit or ring_abort. NULL: EAGAIN (every slot is in use: drop the image and call
 * ring_drop), ESTALE, EIDRM. */
void *ring_begin(struct ring *ring);

/* Offset of further data in a slot whose data has this size. */
static inline size_t ring_extra_at(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* Publishes the slot and wakes the readers. Sets meta's number and times. */
void ring_commit(struct ring *ring, struct ring_meta *meta);

/* Gives the slot back unpublished. */
void ring_abort(struct ring *ring);

void ring_drop(struct ring *ring); /* counts an image that could not be published */
void ring_skip(struct ring *ring); /* counts an image left out because nothing had changed */

/*
 * Pins the newest image, so that it stays whole, if its number differs from after (0: any). 1 with
 * *view filled in; 0: there is none; -1: ESTALE, EIDRM, EPROTO (the ring is corrupt), ENOMSG (a
 * packet of another kind). An image of a size, format, flags or packet kind that is unknown or
 * impossible is skipped: a newer program's, or an error of the writer's. view->meta has been
 * checked: the data and the further data fit the slot; ring_image of a frame satisfies
 * pixfmt_known, and bytes are those of pixfmt_plan_image; of a packet the width is 1 …
 * SHMFMT_SIDE_MAX, the height 1 … shmfmt_packet_height_max, and the pixel aspect as pixfmt_known
 * requires. A reader pins one image at a time: ring_pin releases the last one.
 */
int ring_pin(struct ring *ring, uint64_t after, struct ring_view *view);
void ring_unpin(struct ring *ring);

/* Number of images that ring_pin has skipped, for a message: after the 1st, 10th, 100th …, else 0.
 */
uint64_t ring_unknown(struct ring *ring);

/* Whether there is an image with a number other than after. */
bool ring_news(const struct ring *ring, uint64_t after);

/* Sleeps until ring_news. 1; 0 at the deadline (absolute,
 * CLOCK_MONOTONIC; NULL: none); -1: EINTR (a signal arrived), ESTALE, EIDRM. */
int ring_wait(struct ring *ring, uint64_t after, const struct timespec *deadline);

/* For callers that wait on several futexes: the word that changes with each image and when the
 * stream ends. Take it before ring_pin. Lives as long as ring. */
struct futex_word ring_seen(const struct ring *ring);

/* Starts or stops a reader's demand for new images; initially there is none. Wakes the writer if
 * need be. true: the writer will see it; false: it may be about to sleep, so call again after
 * RING_KNOCK_NS, as ring_wait and ring_refresh do. */
bool ring_want(struct ring *ring, bool want);
#define RING_KNOCK_NS UINT64_C(10000000)

/* Whether any reader wants new images. ring_watched clears the demand of readers that have exited,
 * at most once per second. */
bool ring_wanted(const struct ring *ring);
bool ring_watched(struct ring *ring);

/* As ring_seen, for the word that changes when a reader with a claim begins or ceases to want
 * images. Take it before ring_watched. */
struct futex_word ring_demand(const struct ring *ring);

/*
 * Whether the newest image may be old because the writer, which has not exited, sleeps for lack of
 * demand. Once a reader wants images, the writer publishes a new one if there is anything new, and
 * wakes the readers in any case.
 */
bool ring_stale(const struct ring *ring);

/* Sleeps while ring_stale, for a reader that wants images. 0; -1 as ring_wait, or ETIMEDOUT. */
int ring_refresh(struct ring *ring, const struct timespec *deadline);

/*
 * For a program that makes images of ring out from those of ring in: sleeps until in has an image
 * with a number other than after, and a reader wants images of out or always is true. Images that
 * arrive without demand do not wake it. in is wanted while out is, so that demand, and its end,
 * reach the writer of in. Clears the demand of readers that have exited, at most once per second.
 * due: a time (CLOCK_MONOTONIC; NULL: never) from which on a reader that wants images of out
 * suffices, without a new image of in. 1; 0: no such image, but due; -1: EINTR, or ESTALE, EIDRM of
 * either stream.
 */
int ring_wait_demand(struct ring *in, uint64_t after, struct ring *out, bool always,
                     const struct timespec *due);

struct ring_stats {
    uint64_t published; /* images so far */
    uint64_t dropped;   /* calls of ring_drop */
    uint64_t skipped;   /* calls of ring_skip */
    uint64_t wanted;    /* bit i: reader i wants images, even if it has exited */
    bool asleep;        /* the writer sleeps for lack of demand, even if it has exited */
    uint64_t newest_ns; /* published_ns of the newest image, 0 if there is none */
    struct ring_meta newest;
};

/* Reads the counters of a ring, for people. A stream attached by STREAM_PEEK suffices. */
void ring_stats(const struct stream *stream, enum ring_channel channel, struct ring_stats *out);

#endif
