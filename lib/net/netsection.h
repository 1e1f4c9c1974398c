/* Sections of a network's packet: each begins at a multiple of 8 bytes and is zero-padded to one.
 */
#ifndef SHMCAST_NETSECTION_H
#define SHMCAST_NETSECTION_H

#include <stdint.h>
#include <string.h>

static inline uint64_t netsection_pad(uint64_t bytes)
{
    return (bytes + 7) & ~UINT64_C(7);
}

/* Writes a section and its padding at an offset of a packet. */
static inline void netsection_write(void *packet, uint64_t at, const void *from, uint64_t bytes)
{
    unsigned char *to = (unsigned char *)packet + at;
    if (bytes)
        memcpy(to, from, (size_t)bytes);
    memset(to + bytes, 0, (size_t)(netsection_pad(bytes) - bytes));
}

#endif
