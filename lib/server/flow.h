/*
 * How many pictures may be under way to a viewer that acknowledges them. Pure bookkeeping: no
 * clock, no socket; times are CLOCK_MONOTONIC in ns and come from the caller.
 *
 * A viewer acknowledges from its first valid acknowledgement on; before that, and if it never does,
 * nothing here holds it back. The window is what a round trip needs and no more: as long as round
 * trips stay near the shortest one seen, pictures don't queue on the way, and a picture that had to
 * wait for the window is a reason to open it by one; when they get longer pictures do queue, and it
 * is closed by one. Once a round trip, so that what was changed can be seen.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stdint.h>

enum { FLOW_MAX = 16 }; /* pictures under way */

struct flow {
    unsigned first, in_flight;   /* the oldest, how many */
    unsigned window;             /* 0: not one that acknowledges */
    bool held_back;              /* since the window was last looked at, a picture waited for it */
    bool probe;                  /* one picture may go though the window is full */
    unsigned probes;             /* since the last acknowledgement */
    uint64_t sent;               /* pictures */
    uint64_t round;              /* the round trip ends when so many have been acknowledged */
    uint64_t heard_ns;           /* the last acknowledgement or probe */
    uint64_t acked, ignored;     /* acknowledgements; those of what wasn't under way */
    uint64_t srtt_ns, rttvar_ns; /* as in RFC 6298 */
    uint64_t least_ns;           /* of this round */
    uint64_t base_ns;            /* the way without a queue; 0: to be measured */
    uint64_t base_seen_ns;       /* when a round trip was last about as short */
    uint64_t calm_ns;            /* not to be opened before */
    struct {
        uint64_t number; /* of the picture */
        uint64_t sent_ns;
        bool alone; /* nothing else was under way when it was sent */
    } flights[FLOW_MAX];
};

/* A picture has been sent. */
void flow_sent(struct flow *flow, uint64_t number, uint64_t now);

/* An acknowledgement of this picture and of all before it; false when it isn't under way. */
bool flow_ack(struct flow *flow, uint64_t number, uint64_t now);

/* May a picture be sent? */
bool flow_open(const struct flow *flow);

/* A picture is there that may not be sent. When nothing was heard for long a probe is due: returns
 * the ns until then, or 0 and the next picture may go. */
uint64_t flow_wait(struct flow *flow, uint64_t now);

/* Pictures that may be under way, 0: as many as its connection takes. */
unsigned flow_window(const struct flow *flow);

#endif
