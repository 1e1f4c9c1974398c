#include "futex.h"
#include "monotonic.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv /* old headers; equal on all 64-bit machines */
#define SYS_futex_waitv 449
#endif

unsigned futex_knock(const _Atomic uint32_t *word)
{
    long woken = syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    return woken > 0 ? (unsigned)woken : 0;
}

void futex_wake(_Atomic uint32_t *word)
{
    atomic_fetch_add(word, 1);
    futex_knock(word);
}

int futex_wait(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline)
{
    /* WAIT_BITSET takes an absolute deadline, unlike WAIT. Not PRIVATE: other processes wake us. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, deadline, NULL, FUTEX_BITSET_MATCH_ANY) ==
            0 ||
        errno == EAGAIN)
        return 0;
    return -1;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

int futex_wait_briefly(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline,
                       uint64_t ns)
{
    uint64_t end = monotonic_ns() + ns;
    struct timespec at = {(time_t)(end / 1000000000), (long)(end % 1000000000)};
    bool early = !deadline || is_before(&at, deadline);
    if (futex_wait(word, seen, early ? &at : deadline) == 0)
        return 0;
    return errno == ETIMEDOUT && early ? 0 : -1;
}

int futex_wait_any(const struct futex_word *words, unsigned count, const struct timespec *deadline)
{
    struct futex_waitv list[FUTEX_WORDS] = {0};
    for (unsigned i = 0; i < count; i++)
        list[i] = (struct futex_waitv){
            .val = words[i].seen, .uaddr = (uintptr_t)words[i].word, .flags = FUTEX_32};
    if (syscall(SYS_futex_waitv, list, count, 0, deadline, CLOCK_MONOTONIC) >= 0 || errno == EAGAIN)
        return 0;
    if (errno != ENOSYS && errno != EPERM) /* EPERM: a seccomp filter that does not know the call */
        return -1;
    return futex_wait_briefly(words[0].word, words[0].seen, deadline, 1000000000);
}

int futex_wait_two(struct futex_word first, struct futex_word second,
                   const struct timespec *deadline)
{
    return futex_wait_any((struct futex_word[]){first, second}, 2, deadline);
}
