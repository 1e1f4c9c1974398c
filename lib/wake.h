/* Futex wait and wake on a word in shared memory. Usable across processes, read-only ones too. */
#ifndef SHMCAST_WAKE_H
#define SHMCAST_WAKE_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ns: the clock of deadlines, and of the times of pictures and events. */
uint64_t wake_now(void);

/* Changes the word and wakes all who wait on it. */
void wake_all(_Atomic uint32_t *word);

/*
 * Sleeps until the word no longer holds seen, or deadline (absolute, CLOCK_MONOTONIC; NULL: none).
 * Returns 0 when it was woken or the word had moved: look again; -1 with errno ETIMEDOUT, or EINTR
 * when a signal came.
 */
int wake_wait(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline);

/* A word, and what was read from it. */
struct wake_seen {
    const _Atomic uint32_t *word;
    uint32_t seen;
};

/* The same for two words at once; see below. */
int wake_wait_two(struct wake_seen first, struct wake_seen second, const struct timespec *deadline);

enum { WAKE_WORDS = 16 };

/*
 * The same for 1 … WAKE_WORDS words, and with a deadline as wake_wait. Linux before 5.16 can't:
 * there the first wakes at once, and the others are looked at once a second.
 */
int wake_wait_any(const struct wake_seen *words, unsigned count, const struct timespec *deadline);

#endif
