#include "evlock.h"
#include "stream.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Reads of the word before a system call: an append takes less time than that. */
enum { SPINS = 200 };

static _Atomic uint32_t *evlock_word(const struct stream *stream)
{
    return &((struct shmfmt_events *)stream_at(stream, stream_header(stream)->events_at))->lock;
}

/* The lock slot that a word names; 0: none. */
static unsigned word_slot(uint32_t word)
{
    unsigned slot = (word & ~SHMFMT_LOCK_WAITED) - 1;
    bool valid =
        slot == SHMFMT_CLAIM_EVENTS || (slot >= SHMFMT_CLAIM_WRITER && slot < SHMFMT_CLAIMS);
    return valid ? slot : 0;
}

/* The lock slot that we hold; 0: none. */
static unsigned own_slot(const struct stream *stream)
{
    const uint8_t *own = claim_own(stream);
    const uint8_t *slot = memchr(own + SHMFMT_CLAIM_WRITER, 1, SHMFMT_WRITERS);
    if (slot)
        return (unsigned)(slot - own);
    return own[SHMFMT_CLAIM_EVENTS] ? SHMFMT_CLAIM_EVENTS : 0;
}

/*
 * Takes a lock slot to keep. Skips slots with a waiter mark: the waiter would block on us, an idle
 * writer. The exception is the slot that the word names: its owner has exited, so the lock is ours
 * now. If no slot is free, takes the shared one for a single append.
 */
static int take_slot(struct stream *stream, bool wait)
{
    for (unsigned slot = SHMFMT_CLAIM_WRITER; slot < SHMFMT_CLAIMS; slot++) {
        if (claim_take(stream, slot) == 0) {
            if (word_slot(atomic_load(evlock_word(stream))) == slot ||
                !claim_has_waiter(stream, slot))
                return 0;
            claim_drop(stream, slot);
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
 * Waits until the owner that *word names drops its slot or exits. No process can take the slot then
 * until claim_unmark_waiter. 1, with *word set to the value of the lock word; 0: the lock word has
 * changed meanwhile; -1 with errno.
 */
static int await_owner_exit(const struct stream *stream, uint32_t *word)
{
    unsigned slot = word_slot(*word);
    if (claim_mark_waiter(stream, slot))
        return -1;
    if (!atomic_compare_exchange_strong(evlock_word(stream), word, *word | SHMFMT_LOCK_WAITED))
        return 0;
    *word |= SHMFMT_LOCK_WAITED;
    return claim_await_exit(stream, slot, true) ? -1 : 1;
}

/*
 * Changes the lock word from seen, which has no owner, to us. If we hold the slot of an owner that
 * has exited, its living waiters wait for us now, so SHMFMT_LOCK_WAITED is set again. A waiter
 * marks the slot before it sets the flag, and we clear the flag before we check for the mark: we
 * see the mark, or the waiter sees that the word has changed, or sets the flag after us.
 */
static bool take_over(struct stream *stream, uint32_t seen, unsigned slot)
{
    _Atomic uint32_t *lock = evlock_word(stream);
    bool inherited = word_slot(seen) == slot;
    if (!atomic_compare_exchange_strong(lock, &seen, slot + 1))
        return false;
    if (inherited && claim_has_waiter(stream, slot))
        atomic_fetch_or(lock, SHMFMT_LOCK_WAITED);
    return true;
}

/* After spinning, another process still has the lock. 0 when it is ours; 1: try again; -1 with
 * errno. */
static int contend(struct stream *stream, uint32_t word, unsigned slot, bool wait)
{
    unsigned owner = word_slot(word);
    int exited = wait                                     ? await_owner_exit(stream, &word)
                 : claim_await_exit(stream, owner, false) ? -1
                                                          : 1;
    bool ours = exited > 0 && take_over(stream, word, slot);
    if (wait || exited > 0)
        claim_unmark_waiter(stream, owner);
    return exited < 0 ? -1 : !ours;
}

static int evlock_get(struct stream *stream, bool wait)
{
    _Atomic uint32_t *lock = evlock_word(stream);
    if (!own_slot(stream) && take_slot(stream, wait))
        return -1;
    unsigned slot = own_slot(stream);
    int result = 1;
    for (unsigned looks = 0; result > 0; looks++) {
        uint32_t word = atomic_load_explicit(lock, memory_order_relaxed);
        unsigned owner = word_slot(word);
        /* Our own slot: its last owner exited while locked. No slot but not 0: another program
         * overwrote the word. */
        if (!owner || owner == slot)
            result = !take_over(stream, word, slot);
        else if (looks < SPINS)
            relax();
        else
            result = contend(stream, word, slot, wait);
    }
    if (result < 0 && slot == SHMFMT_CLAIM_EVENTS)
        claim_drop(stream, slot);
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

/* An owner with waiters unlocks as if it had exited: dropping its slot also frees the lock. */
void evlock_unlock(struct stream *stream)
{
    unsigned slot = own_slot(stream);
    uint32_t word = slot + 1;
    if (!atomic_compare_exchange_strong(evlock_word(stream), &word, 0) ||
        slot == SHMFMT_CLAIM_EVENTS)
        claim_drop(stream, slot);
}

struct waiter {
    const struct stream *stream;
    unsigned slot;
};

static void waiter_end(void *arg)
{
    const struct waiter *waiter = arg;
    claim_unmark_waiter(waiter->stream, waiter->slot);
}

int evlock_await_free(struct stream *stream)
{
    uint32_t word = atomic_load(evlock_word(stream));
    struct waiter waiter = {stream, word_slot(word)};
    int result = 0;
    if (waiter.slot && waiter.slot == own_slot(stream))
        return 0;
    bool free = !waiter.slot; /* evlock_trylock failed because no slot was free */
    if (free)
        waiter.slot = SHMFMT_CLAIM_EVENTS;
    pthread_cleanup_push(waiter_end, &waiter);
    result = free ? claim_await_exit(stream, waiter.slot, true) : await_owner_exit(stream, &word);
    pthread_cleanup_pop(1);
    return result < 0 ? -1 : 0;
}

int evlock_holder(const struct stream *stream, struct claim_info *info)
{
    unsigned slot = word_slot(atomic_load(evlock_word(stream)));
    return slot ? claim_holder(stream, slot, info) : 0;
}
