/* Waiting for images, and demand for them. */
#include "ringobj.h"
#include "claim.h"
#include "monotonic.h"
#include "stream.h"
#include <errno.h>

/* Minimum interval between checks whether the readers with demand have exited. */
#define REAP_NS UINT64_C(1000000000)

void ring_rouse(struct ring *ring)
{
    if (!atomic_load(&ring->head->asleep))
        return;
    atomic_store(&ring->head->asleep, 0);
    stream_notify(ring->stream, &ring->head->wake, &ring->head->notify);
}

/* Sleeps until wake is other than seen, as futex_wait, or briefly. */
static int ring_sleep(struct ring *ring, uint32_t seen, const struct timespec *deadline)
{
    if (!ring->unheard || ring_want(ring, true))
        return futex_wait(&ring->head->wake, seen, deadline);
    return futex_wait_briefly(&ring->head->wake, seen, deadline, RING_KNOCK_NS);
}

int ring_wait(struct ring *ring, uint64_t after, const struct timespec *deadline)
{
    for (;;) {
        uint32_t seen = atomic_load(&ring->head->wake);
        if (stream_alive(ring->stream))
            return -1;
        if (ring_news(ring, after))
            return 1;
        if (ring_sleep(ring, seen, deadline))
            return errno == ETIMEDOUT ? 0 : -1;
    }
}

/* The demand of a reader with a claim. */
static void want_in_line(struct ring *ring, bool want)
{
    struct shmfmt_pin *pin = &ring->head->pins[ring->reader];
    if (want == (atomic_load(&pin->wants) != 0))
        return;
    atomic_store(&pin->wants, want);
    uint32_t serial = atomic_load(&pin->serial) + 1;
    atomic_store(&pin->serial, serial);
    atomic_store(&ring->head->demand, serial * SHMFMT_DEMAND_STEP + (uint32_t)ring->reader);
    futex_knock(&ring->head->demand);
    stream_announce(ring->stream, &ring->head->notify);
}

/*
 * The demand of a reader that copies. It may be unable to change a word for which the writer waits,
 * so it wakes the writer without that. A writer that has stored asleep, but does not sleep yet, may
 * have checked the watch claim before we had it: true only when it was woken or has stored 0.
 */
static bool want_by_lock(struct ring *ring, bool want)
{
    if (ring->watches != want) {
        if (claim_watch(ring->stream, want))
            return false;
        ring->watches = want;
    }
    ring->unheard = want && ring_stale(ring) && !futex_knock(&ring->head->demand);
    return !ring->unheard;
}

bool ring_want(struct ring *ring, bool want)
{
    if (ring->reader < 0 && ring->channel == RING_PACKETS)
        return (ring->watches == want && !ring->unheard) || want_by_lock(ring, want);
    if (ring->reader >= 0)
        want_in_line(ring, want);
    return true;
}

static struct futex_word word_now(const _Atomic uint32_t *word)
{
    return (struct futex_word){word, atomic_load(word)};
}

uint64_t ring_wanted_by(const struct shmfmt_ring *head)
{
    uint64_t wanted = 0;
    for (unsigned i = 0; i < SHMFMT_READERS; i++)
        wanted |= (uint64_t)(atomic_load(&head->pins[i].wants) != 0) << i;
    return wanted;
}

bool ring_wanted(const struct ring *ring)
{
    for (unsigned i = 0; i < SHMFMT_READERS; i++)
        if (atomic_load(&ring->head->pins[i].wants))
            return true;
    return ring->channel == RING_PACKETS && claim_watched(ring->stream);
}

bool ring_stale(const struct ring *ring)
{
    return atomic_load(&ring->head->asleep) &&
           claim_holder(ring->stream, ring_writer_claim(ring->channel), NULL) == 1;
}

int ring_refresh(struct ring *ring, const struct timespec *deadline)
{
    for (;;) {
        uint32_t seen = atomic_load(&ring->head->wake);
        if (stream_alive(ring->stream))
            return -1;
        if (!ring_stale(ring))
            return 0;
        if (ring_sleep(ring, seen, deadline))
            return -1;
    }
}

/* At times, clears the demand of readers that exited without doing so. Whether it has checked. */
static bool reap_demand(struct ring *ring)
{
    uint64_t now = monotonic_ns();
    if (now - ring->reaped_ns < REAP_NS)
        return false;
    ring->reaped_ns = now;
    uint64_t wanted = ring_wanted_by(ring->head);
    for (unsigned i = 0; i < SHMFMT_READERS; i++)
        if (wanted >> i & 1)
            claim_reap_reader(ring->stream, i);
    return true;
}

struct futex_word ring_seen(const struct ring *ring)
{
    return word_now(&ring->head->wake);
}

bool ring_watched(struct ring *ring)
{
    return ring_wanted(ring) && (!reap_demand(ring) || ring_wanted(ring));
}

struct futex_word ring_demand(const struct ring *ring)
{
    return word_now(&ring->head->demand);
}

static bool has_come(const struct timespec *at)
{
    return at && monotonic_ns() >= (uint64_t)at->tv_sec * 1000000000 + (uint64_t)at->tv_nsec;
}

int ring_wait_demand(struct ring *in, uint64_t after, struct ring *out, bool always,
                     const struct timespec *due)
{
    bool one = in->stream == out->stream; /* its end changes all words of both rings */
    for (;;) {
        /* Loaded before the conditions are checked: see ring.h. */
        struct futex_word demand = word_now(&out->head->demand);
        struct futex_word frame = word_now(&in->head->wake), end = word_now(&in->head->demand);
        if (stream_alive(in->stream) || stream_alive(out->stream))
            return -1;
        bool asked = (due || !always) && ring_wanted(out);
        bool fresh = ring_news(in, after), late = has_come(due);
        if (asked && (fresh || late) && reap_demand(out))
            asked = ring_wanted(out);
        bool wanted = always || asked;
        ring_want(in, wanted);
        if ((wanted && fresh) || (asked && late))
            return fresh;
        if (wanted) {
            ring_rouse(out);
        } else {
            atomic_store(&out->head->asleep, 1);
            if (claim_watched(out->stream)) /* checked again: see want_by_lock */
                continue;
        }
        struct futex_word first = wanted ? frame : demand, second = wanted ? demand : end;
        const struct timespec *until = asked ? due : NULL;
        if ((one && !wanted ? futex_wait(first.word, first.seen, NULL)
                            : futex_wait_two(first, second, until)) &&
            errno != ETIMEDOUT)
            return -1;
    }
}
