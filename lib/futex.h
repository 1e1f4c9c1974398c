/* Waiting on a word in shared memory. Works across processes and on read-only mappings. */
#ifndef SHMCAST_FUTEX_H
#define SHMCAST_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* Increments the word and wakes all waiters. */
void futex_wake(_Atomic uint32_t *word);

/* Wakes all waiters without changing the word, and returns their number. */
unsigned futex_knock(const _Atomic uint32_t *word);

/*
 * Sleeps until the word differs from seen, or until deadline (absolute, CLOCK_MONOTONIC; NULL:
 * none). 0: woken, or the word had changed already, so the caller checks again; -1 with errno
 * ETIMEDOUT, or EINTR when a signal arrived.
 */
int futex_wait(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline);

/* As futex_wait, but returns 0 after ns nanoseconds at the latest. */
int futex_wait_briefly(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline,
                       uint64_t ns);

/* A futex word and the value last read from it. */
struct futex_word {
    const _Atomic uint32_t *word;
    uint32_t seen;
};

enum { FUTEX_WORDS = 16 };

/*
 * As futex_wait, for 1 … FUTEX_WORDS words: sleeps until any of them has changed. Linux
 * before 5.16, and seccomp filters from that time, refuse to wait on several words: there only the
 * first wakes at once, and this returns 0 every second.
 */
int futex_wait_any(const struct futex_word *words, unsigned count, const struct timespec *deadline);

/* futex_wait_any for two words. */
int futex_wait_two(struct futex_word first, struct futex_word second,
                   const struct timespec *deadline);

#endif
