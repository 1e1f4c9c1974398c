/*
 * Flow control: the number of packets that may be in flight to a viewer that acknowledges them.
 * Pure bookkeeping, without clock or socket; times are CLOCK_MONOTONIC in ns, from the caller.
 *
 * Flow control starts with a viewer's first valid acknowledgement; before that, and for viewers
 * that never acknowledge, there is no limit. The window is as small as the round-trip time allows.
 * While round trips stay near the shortest one seen, packets don't queue on the way: a packet that
 * had to wait for the window opens it by one. When round trips get longer, packets do queue, and
 * the window is closed by one. It changes once per round trip, so that the effect can be seen.
 */
#ifndef SERVER_FLOW_H
#define SERVER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

enum { FLOW_MAX = 16 /* packets in flight */ };

struct flow {
    unsigned first, in_flight;   /* index of the oldest packet in flight, number of them */
    unsigned window;             /* 0: the viewer has not acknowledged anything */
    bool held_back;              /* a packet has waited for the window since the last adjustment */
    bool probe;                  /* one packet may be sent though the window is full */
    unsigned probes;             /* since the last acknowledgement */
    uint64_t sent;               /* packets */
    uint64_t round;              /* number of acknowledged packets that ends this round trip */
    uint64_t heard_ns;           /* time of the last acknowledgement or probe */
    uint64_t acked, ignored;     /* acknowledgements, valid and invalid ones */
    uint64_t srtt_ns, rttvar_ns; /* as in RFC 6298 */
    uint64_t least_ns;           /* shortest round trip since the last adjustment */
    uint64_t base_ns;            /* round-trip time without a queue; 0: to be measured */
    uint64_t base_seen_ns;       /* time of the last round trip that was nearly as short */
    uint64_t calm_ns;            /* time before which the window is not opened */
    struct {
        uint64_t number; /* of the packet */
        uint64_t sent_ns;
        bool alone; /* no other packet was in flight when it was sent */
    } flights[FLOW_MAX];
};

/* A packet was sent. */
void flow_sent(struct flow *flow, uint64_t number, uint64_t now);

/* Acknowledges this packet and all before it; false if it is not in flight. */
bool flow_ack(struct flow *flow, uint64_t number, uint64_t now);

/* Whether a packet may be sent. */
bool flow_open(const struct flow *flow);

/* Whether a packet may be sent that would hold up others: as far as is known, nothing is in flight.
 */
bool flow_idle(const struct flow *flow);

/* For a packet that waits for the window: the ns until a probe is allowed, which a long silence
 * requires; 0: the next packet may be sent. */
uint64_t flow_wait(struct flow *flow, uint64_t now);

/* The viewer draws none of the packets in flight, and needs the next one: it may be sent. */
void flow_probe(struct flow *flow);

/* Packets that may be in flight, 0: unlimited. */
unsigned flow_window(const struct flow *flow);

#endif
