/* Random numbers that depend on their arguments alone, so that layouts can be repeated. */
#ifndef NET_LAYOUT_RANDOM_H
#define NET_LAYOUT_RANDOM_H

#include <stdint.h>

/* The finalizer of SplitMix64. */
static inline uint64_t random_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Uniform from -1 to 1. */
static inline float random_signed(uint64_t seed, uint32_t node, unsigned axis)
{
    return (float)(random_mix(random_mix(seed) ^ (uint64_t)node << 2 ^ axis) >> 40) /
               (float)(1 << 23) -
           1;
}

#endif
