/* Checks at compile time that every field has its offset from shmcast-stream(5). */
#include "shmfmt.h"

#define SHMFMT_AT(type, member, offset)                                                            \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define SHMFMT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "shmcast streams are little-endian");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free across processes");

SHMFMT_SIZE(shmfmt_header, SHMFMT_PAGE);
SHMFMT_SIZE(shmfmt_claim, 64);
SHMFMT_SIZE(shmfmt_pin, 64);
SHMFMT_SIZE(shmfmt_ring, 64 + 64 * SHMFMT_READERS);
SHMFMT_SIZE(shmfmt_slot, 128);
SHMFMT_SIZE(shmfmt_events, 64);
SHMFMT_SIZE(shmfmt_event, 64);
SHMFMT_SIZE(shmfmt_event_body, 56);
SHMFMT_AT(shmfmt_header, version, 8);
SHMFMT_AT(shmfmt_header, header_bytes, 12);
SHMFMT_AT(shmfmt_header, total_bytes, 16);
SHMFMT_AT(shmfmt_header, generation, 24);
SHMFMT_AT(shmfmt_header, created_ns, 32);
SHMFMT_AT(shmfmt_header, boot_id, 40);
SHMFMT_AT(shmfmt_header, flags, 56);
SHMFMT_AT(shmfmt_header, state, 60);
SHMFMT_AT(shmfmt_header, width, 64);
SHMFMT_AT(shmfmt_header, height, 68);
SHMFMT_AT(shmfmt_header, format, 72);
SHMFMT_AT(shmfmt_header, frame_slots, 76);
SHMFMT_AT(shmfmt_header, packet_slots, 80);
SHMFMT_AT(shmfmt_header, events, 84);
SHMFMT_AT(shmfmt_header, frame_bytes, 88);
SHMFMT_AT(shmfmt_header, packet_bytes, 96);
SHMFMT_AT(shmfmt_header, claims_at, 104);
SHMFMT_AT(shmfmt_header, frames_at, 112);
SHMFMT_AT(shmfmt_header, packets_at, 120);
SHMFMT_AT(shmfmt_header, events_at, 128);
SHMFMT_AT(shmfmt_header, frame_data_at, 136);
SHMFMT_AT(shmfmt_header, packet_data_at, 144);
SHMFMT_AT(shmfmt_header, compatible, 152);
SHMFMT_AT(shmfmt_header, incompatible, 160);
SHMFMT_AT(shmfmt_header, creator, 168);
SHMFMT_AT(shmfmt_header, reserved, 192);
SHMFMT_AT(shmfmt_claim, start_time, 8);
SHMFMT_AT(shmfmt_claim, command, 32);
SHMFMT_AT(shmfmt_pin, wants, 4);
SHMFMT_AT(shmfmt_pin, serial, 8);
SHMFMT_AT(shmfmt_ring, wake, 8);
SHMFMT_AT(shmfmt_ring, demand, 12);
SHMFMT_AT(shmfmt_ring, dropped, 16);
SHMFMT_AT(shmfmt_ring, skipped, 24);
SHMFMT_AT(shmfmt_ring, asleep, 32);
SHMFMT_AT(shmfmt_ring, notify, 40);
SHMFMT_AT(shmfmt_ring, pins, 64);
SHMFMT_AT(shmfmt_slot, bytes, 8);
SHMFMT_AT(shmfmt_slot, width, 16);
SHMFMT_AT(shmfmt_slot, flags, 28);
SHMFMT_AT(shmfmt_slot, frame, 32);
SHMFMT_AT(shmfmt_slot, event, 40);
SHMFMT_AT(shmfmt_slot, captured_ns, 48);
SHMFMT_AT(shmfmt_slot, published_ns, 56);
SHMFMT_AT(shmfmt_slot, stride, 64);
SHMFMT_AT(shmfmt_slot, matrix, 76);
SHMFMT_AT(shmfmt_slot, alpha, 77);
SHMFMT_AT(shmfmt_slot, aspect_num, 80);
SHMFMT_AT(shmfmt_slot, aspect_den, 84);
SHMFMT_AT(shmfmt_slot, extra_bytes, 88);
SHMFMT_AT(shmfmt_events, wake, 8);
SHMFMT_AT(shmfmt_events, lock, 12);
SHMFMT_AT(shmfmt_events, notify, 16);
SHMFMT_AT(shmfmt_event_body, type, 8);
SHMFMT_AT(shmfmt_event_body, viewer, 16);
SHMFMT_AT(shmfmt_event_body, at, 24);

uint32_t shmfmt_packet_height_max(uint32_t kind)
{
    return kind == SHMFMT_PACKET_NET ? SHMFMT_ROWS_MAX : SHMFMT_SIDE_MAX;
}
