/* Futex wait and wake on a word in shared memory. Usable across processes, read-only ones too. */
#ifndef SHMCAST_FUTEX_H
#define SHMCAST_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* Changes the word and wakes all who wait on it. */
void futex_wake(_Atomic uint32_t *word);

/*
 * Sleeps until the word no longer holds seen, or deadline (absolute, CLOCK_MONOTONIC; NULL: none).
 * Returns 0 when it was woken or the word had moved: look again; -1 with errno ETIMEDOUT, or EINTR
 * when a signal came.
 */
int futex_wait(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline);

/* A word, and what was read from it. */
struct futex_word {
    const _Atomic uint32_t *word;
    uint32_t seen;
};

/* The same for two words at once; see below. */
int futex_wait_two(struct futex_word first, struct futex_word second,
                   const struct timespec *deadline);

enum { FUTEX_WORDS = 16 };

/*
 * The same for 1 … FUTEX_WORDS words, and with a deadline as futex_wait. Linux before 5.16 can't:
 * there the first wakes at once, and the others are looked at once a second.
 */
int futex_wait_any(const struct futex_word *words, unsigned count, const struct timespec *deadline);

#endif
