#include "wake.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t wake_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void wake_all(_Atomic uint32_t *word)
{
    atomic_fetch_add(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int wake_wait(const _Atomic uint32_t *word, uint32_t seen, const struct timespec *deadline)
{
    /* WAIT_BITSET: unlike WAIT its time-out is absolute. Not PRIVATE: other processes wake us. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, deadline, NULL, FUTEX_BITSET_MATCH_ANY) ==
            0 ||
        errno == EAGAIN)
        return 0;
    return -1;
}
