/* The fields of a ring, for ring.c and ringwait.c only: opaque to all others. */
#ifndef SHMCAST_RINGOBJ_H
#define SHMCAST_RINGOBJ_H

#include "ring.h"
#include "shmfmt.h"

struct ring {
    struct stream *stream;
    enum ring_channel channel;
    struct shmfmt_ring *head;
    struct shmfmt_slot *slots;
    uint8_t *data;
    size_t capacity;
    unsigned count;
    uint32_t kind; /* packet kind, opaque to the ring */
    bool writer;
    bool busy;          /* writer: slot `at` is marked */
    unsigned at;        /* writer: the slot last taken */
    int reader;         /* index of our reader's claim; -1: none, we copy images */
    bool watches;       /* reader: shares the watch claim */
    bool unheard;       /* reader: the writer may be about to sleep without noticing that */
    uint64_t reaped_ns; /* writer: time of the last check whether readers with demand have exited */
    uint8_t *copy;      /* of the image, if we have no claim: capacity bytes, which never move */
    uint64_t unknown;   /* number of the last image skipped as unknown; 0: none */
    uint64_t unknowns;  /* images skipped as unknown */
    uint64_t next_report; /* value of unknowns at which ring_unknown reports again */
};

/* The claim of a channel's writer. */
static inline unsigned ring_writer_claim(enum ring_channel channel)
{
    return channel == RING_FRAMES ? SHMFMT_CLAIM_FRAMES : SHMFMT_CLAIM_PACKETS;
}

/* A writer that slept has nothing new to publish: wakes the readers that wait in ring_refresh. */
void ring_rouse(struct ring *ring);

/* Bit i: reader i wants images. */
uint64_t ring_wanted_by(const struct shmfmt_ring *head);

#endif
