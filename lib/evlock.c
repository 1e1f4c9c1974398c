#include "evlock.h"
#include "stream.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Looks at the word before it is worth asking the kernel: an append takes less than that. */
enum { SPINS = 200 };

static _Atomic uint32_t *evlock_word(const struct stream *stream)
{
    return &((struct shmfmt_events *)stream_at(stream, stream_header(stream)->events_at))->lock;
}

/* The claim that a word tells, or 0 when it tells none. */
static unsigned evlock_claim(uint32_t turn)
{
    unsigned claim = (turn & ~SHMFMT_LOCK_WAITED) - 1;
    bool known =
        claim == SHMFMT_CLAIM_EVENTS || (claim >= SHMFMT_CLAIM_WRITER && claim < SHMFMT_CLAIMS);
    return known ? claim : 0;
}

/* The claim that we have, or 0. */
static unsigned seat_own(struct stream *stream)
{
    const uint8_t *mine = stream_mine(stream);
    const uint8_t *seat = memchr(mine + SHMFMT_CLAIM_WRITER, 1, SHMFMT_WRITERS);
    if (seat)
        return (unsigned)(seat - mine);
    return mine[SHMFMT_CLAIM_EVENTS] ? SHMFMT_CLAIM_EVENTS : 0;
}

/*
 * Takes a claim to keep. Not one that somebody is about to wait for: he would wait for us, who may
 * have nothing to write for a long time; unless the word tells this very claim, for then a dead
 * one's turn is ours now. With none free the one for all such, for one turn.
 */
static int seat_take(struct stream *stream, bool wait)
{
    for (unsigned seat = SHMFMT_CLAIM_WRITER; seat < SHMFMT_CLAIMS; seat++) {
        if (claim_take(stream, seat) == 0) {
            if (evlock_claim(atomic_load(evlock_word(stream))) == seat ||
                !claim_has_waiter(stream, seat))
                return 0;
            claim_drop(stream, seat);
        } else if (errno != EBUSY) {
            return -1;
        }
    }
    return wait ? claim_wait(stream, SHMFMT_CLAIM_EVENTS) : claim_take(stream, SHMFMT_CLAIM_EVENTS);
}

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/*
 * Waits until the holder that the word tells has dropped its claim, or died; nobody can take that
 * claim then until claim_unmark_waiter. 1: so it is, with *turn what the word holds; 0: the word
 * has changed meanwhile; -1.
 */
static int evlock_await_exit(const struct stream *stream, uint32_t *turn)
{
    unsigned claim = evlock_claim(*turn);
    if (claim_mark_waiter(stream, claim))
        return -1;
    if (!atomic_compare_exchange_strong(evlock_word(stream), turn, *turn | SHMFMT_LOCK_WAITED))
        return 0;
    *turn |= SHMFMT_LOCK_WAITED;
    return claim_await_exit(stream, claim, true) ? -1 : 1;
}

/* From what the word holds, which is nobody's any more, to us. Who waits for a dead one whose claim
 * we have now waits for us. */
static bool evlock_pass(_Atomic uint32_t *word, uint32_t turn, unsigned seat)
{
    uint32_t ours = evlock_claim(turn) == seat ? turn : seat + 1;
    return atomic_compare_exchange_strong(word, &turn, ours);
}

/* After a long look at it the turn is still another's. As evlock_lock and evlock_trylock; 1: look
 * again. */
static int evlock_contend(struct stream *stream, uint32_t turn, unsigned seat, bool wait)
{
    unsigned claim = evlock_claim(turn);
    int outlived = wait                                     ? evlock_await_exit(stream, &turn)
                   : claim_await_exit(stream, claim, false) ? -1
                                                            : 1;
    bool ours = outlived > 0 && evlock_pass(evlock_word(stream), turn, seat);
    if (wait || outlived > 0)
        claim_unmark_waiter(stream, claim);
    return outlived < 0 ? -1 : !ours;
}

static int evlock_get(struct stream *stream, bool wait)
{
    _Atomic uint32_t *word = evlock_word(stream);
    if (!seat_own(stream) && seat_take(stream, wait))
        return -1;
    unsigned seat = seat_own(stream);
    int result = 1;
    for (unsigned looks = 0; result > 0; looks++) {
        uint32_t turn = atomic_load_explicit(word, memory_order_relaxed);
        unsigned claim = evlock_claim(turn);
        /* Ours: of one who died. None but not 0: somebody scribbled over it. */
        if (!claim || claim == seat)
            result = !evlock_pass(word, turn, seat);
        else if (looks < SPINS)
            relax();
        else
            result = evlock_contend(stream, turn, seat, wait);
    }
    if (result < 0 && seat == SHMFMT_CLAIM_EVENTS)
        claim_drop(stream, seat);
    return result;
}

int evlock_lock(struct stream *stream)
{
    return evlock_get(stream, true);
}

int evlock_trylock(struct stream *stream)
{
    return evlock_get(stream, false);
}

/* Who is awaited leaves as if it died: the claim goes, and with it the turn, in one step. */
void evlock_unlock(struct stream *stream)
{
    unsigned seat = seat_own(stream);
    uint32_t turn = seat + 1;
    if (!atomic_compare_exchange_strong(evlock_word(stream), &turn, 0) ||
        seat == SHMFMT_CLAIM_EVENTS)
        claim_drop(stream, seat);
}

struct watch {
    const struct stream *stream;
    unsigned claim;
};

static void watch_end(void *arg)
{
    const struct watch *watch = arg;
    claim_unmark_waiter(watch->stream, watch->claim);
}

int evlock_await_free(struct stream *stream)
{
    uint32_t turn = atomic_load(evlock_word(stream));
    struct watch watch = {stream, evlock_claim(turn)};
    int result = 0;
    if (watch.claim && watch.claim == seat_own(stream))
        return 0;
    bool free = !watch.claim; /* then it was a claim that was missing */
    if (free)
        watch.claim = SHMFMT_CLAIM_EVENTS;
    pthread_cleanup_push(watch_end, &watch);
    result = free ? claim_await_exit(stream, watch.claim, true) : evlock_await_exit(stream, &turn);
    pthread_cleanup_pop(1);
    return result < 0 ? -1 : 0;
}

int evlock_holder(const struct stream *stream, struct claim_info *info)
{
    unsigned claim = evlock_claim(atomic_load(evlock_word(stream)));
    return claim ? claim_holder(stream, claim, info) : 0;
}
