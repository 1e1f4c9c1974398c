/* An RTP or RTCP packet (RFC 3550) on its way to a destination. */
#ifndef RTP_H
#define RTP_H

#include <stddef.h>
#include <stdint.h>

enum {
    RTP_HEADER = 12,
    PACKET_BYTES = 1350, /* longest packet without SRTP */
    PACKET_ROOM = 1500,
    PACKET_BATCH = 16 /* packets sent at once, at most */
};

struct packet {
    size_t bytes;
    uint8_t data[PACKET_ROOM] __attribute__((aligned(8))); /* libsrtp reads words */
};

static inline uint8_t *put_16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return out + 2;
}

static inline uint8_t *put_32(uint8_t *out, uint32_t value)
{
    return put_16(put_16(out, value >> 16), value);
}

#endif
