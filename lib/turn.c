#include "turn.h"
#include "seg.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Looks at the word before it is worth asking the kernel: an append takes less than that. */
enum { SPINS = 200 };

static _Atomic uint32_t *turn_word(const struct seg *seg)
{
    return &((struct layout_events *)seg_at(seg, seg_header(seg)->events_at))->turn;
}

/* The claim that a word tells, or 0 when it tells none. */
static unsigned turn_claim(uint32_t turn)
{
    unsigned claim = (turn & ~LAYOUT_AWAITED) - 1;
    bool known =
        claim == LAYOUT_CLAIM_EVENTS || (claim >= LAYOUT_CLAIM_WRITER && claim < LAYOUT_CLAIMS);
    return known ? claim : 0;
}

/* The claim that we have, or 0. */
static unsigned seat_own(struct seg *seg)
{
    const uint8_t *mine = seg_mine(seg);
    const uint8_t *seat = memchr(mine + LAYOUT_CLAIM_WRITER, 1, LAYOUT_WRITERS);
    if (seat)
        return (unsigned)(seat - mine);
    return mine[LAYOUT_CLAIM_EVENTS] ? LAYOUT_CLAIM_EVENTS : 0;
}

/*
 * Takes a claim to keep. Not one that somebody is about to wait for: he would wait for us, who may
 * have nothing to write for a long time; unless the word tells this very claim, for then a dead
 * one's turn is ours now. With none free the one for all such, for one turn.
 */
static int seat_take(struct seg *seg, bool wait)
{
    for (unsigned seat = LAYOUT_CLAIM_WRITER; seat < LAYOUT_CLAIMS; seat++) {
        if (claim_take(seg, seat) == 0) {
            if (turn_claim(atomic_load(turn_word(seg))) == seat || !claim_watched(seg, seat))
                return 0;
            claim_drop(seg, seat);
        } else if (errno != EBUSY) {
            return -1;
        }
    }
    return wait ? claim_wait(seg, LAYOUT_CLAIM_EVENTS) : claim_take(seg, LAYOUT_CLAIM_EVENTS);
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
 * claim then until claim_unwatch. 1: so it is, with *turn what the word holds; 0: the word has
 * changed meanwhile; -1.
 */
static int turn_outlive(const struct seg *seg, uint32_t *turn)
{
    unsigned claim = turn_claim(*turn);
    if (claim_watch(seg, claim))
        return -1;
    if (!atomic_compare_exchange_strong(turn_word(seg), turn, *turn | LAYOUT_AWAITED))
        return 0;
    *turn |= LAYOUT_AWAITED;
    return claim_outlive(seg, claim, true) ? -1 : 1;
}

/* From what the word holds, which is nobody's any more, to us. Who waits for a dead one whose claim
 * we have now waits for us. */
static bool turn_pass(_Atomic uint32_t *word, uint32_t turn, unsigned seat)
{
    uint32_t ours = turn_claim(turn) == seat ? turn : seat + 1;
    return atomic_compare_exchange_strong(word, &turn, ours);
}

/* After a long look at it the turn is still another's. As turn_take and turn_try; 1: look again. */
static int turn_contend(struct seg *seg, uint32_t turn, unsigned seat, bool wait)
{
    unsigned claim = turn_claim(turn);
    int outlived = wait ? turn_outlive(seg, &turn) : claim_outlive(seg, claim, false) ? -1 : 1;
    bool ours = outlived > 0 && turn_pass(turn_word(seg), turn, seat);
    if (wait || outlived > 0)
        claim_unwatch(seg, claim);
    return outlived < 0 ? -1 : !ours;
}

static int turn_get(struct seg *seg, bool wait)
{
    _Atomic uint32_t *word = turn_word(seg);
    if (!seat_own(seg) && seat_take(seg, wait))
        return -1;
    unsigned seat = seat_own(seg);
    int result = 1;
    for (unsigned looks = 0; result > 0; looks++) {
        uint32_t turn = atomic_load_explicit(word, memory_order_relaxed);
        unsigned claim = turn_claim(turn);
        /* Ours: of one who died. None but not 0: somebody scribbled over it. */
        if (!claim || claim == seat)
            result = !turn_pass(word, turn, seat);
        else if (looks < SPINS)
            relax();
        else
            result = turn_contend(seg, turn, seat, wait);
    }
    if (result < 0 && seat == LAYOUT_CLAIM_EVENTS)
        claim_drop(seg, seat);
    return result;
}

int turn_take(struct seg *seg)
{
    return turn_get(seg, true);
}

int turn_try(struct seg *seg)
{
    return turn_get(seg, false);
}

/* Who is awaited leaves as if it died: the claim goes, and with it the turn, in one step. */
void turn_leave(struct seg *seg)
{
    unsigned seat = seat_own(seg);
    uint32_t turn = seat + 1;
    if (!atomic_compare_exchange_strong(turn_word(seg), &turn, 0) || seat == LAYOUT_CLAIM_EVENTS)
        claim_drop(seg, seat);
}

struct watch {
    const struct seg *seg;
    unsigned claim;
};

static void watch_end(void *arg)
{
    const struct watch *watch = arg;
    claim_unwatch(watch->seg, watch->claim);
}

int turn_await(struct seg *seg)
{
    uint32_t turn = atomic_load(turn_word(seg));
    struct watch watch = {seg, turn_claim(turn)};
    int result = 0;
    if (watch.claim && watch.claim == seat_own(seg))
        return 0;
    bool free = !watch.claim; /* then it was a claim that was missing */
    if (free)
        watch.claim = LAYOUT_CLAIM_EVENTS;
    pthread_cleanup_push(watch_end, &watch);
    result = free ? claim_outlive(seg, watch.claim, true) : turn_outlive(seg, &turn);
    pthread_cleanup_pop(1);
    return result < 0 ? -1 : 0;
}

int turn_holder(const struct seg *seg, struct claim_info *info)
{
    unsigned claim = turn_claim(atomic_load(turn_word(seg)));
    return claim ? claim_holder(seg, claim, info) : 0;
}
