/* Repeatable random numbers for the tests' C programs. */
#ifndef SHMCAST_RANDOM_H
#define SHMCAST_RANDOM_H

#include <stdint.h>

static uint64_t random_state; /* the seed */

/* splitmix64 */
static inline uint64_t random_bits(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 … n - 1 */
static inline uint64_t below(uint64_t n)
{
    return random_bits() % n;
}

#endif
