#include "flow.h"

#define MS UINT64_C(1000000)

static const unsigned START = 2;               /* window: one on the way, one being drawn */
static const uint64_t QUEUE_NS = 25 * MS;      /* excess over the shortest round trip: no queue */
static const uint64_t LATE_NS = 50 * MS;       /* excess of the average: a queue */
static const uint64_t CALM_NS = 4000 * MS;     /* time after closing in which it is not opened */
static const uint64_t STALE_NS = 10000 * MS;   /* age at which the base is measured anew */
static const uint64_t SILENCE_NS = 2000 * MS;  /* time without acknowledgement before a probe */
static const uint64_t LONGEST_NS = 64000 * MS; /* between two probes */

unsigned flow_window(const struct flow *flow)
{
    /* A packet alone in flight measures the round-trip time. */
    return flow->window && !flow->base_ns ? 1 : flow->window;
}

bool flow_open(const struct flow *flow)
{
    return !flow->window || flow->in_flight < flow_window(flow) || flow->probe;
}

bool flow_idle(const struct flow *flow)
{
    return !flow->window || !flow->in_flight || flow->probe;
}

void flow_sent(struct flow *flow, uint64_t number, uint64_t now)
{
    if (flow->in_flight == FLOW_MAX) { /* the oldest was never acknowledged */
        flow->first = (flow->first + 1) % FLOW_MAX;
        flow->in_flight--;
    }
    unsigned at = (flow->first + flow->in_flight) % FLOW_MAX;
    flow->flights[at].number = number;
    flow->flights[at].sent_ns = now;
    flow->flights[at].alone = flow->in_flight == 0;
    flow->in_flight++;
    flow->sent++;
    flow->probe = false;
}

static void flow_smooth(struct flow *flow, uint64_t trip)
{
    if (!flow->srtt_ns) {
        flow->srtt_ns = trip;
        flow->rttvar_ns = trip / 2;
        return;
    }
    uint64_t off = trip > flow->srtt_ns ? trip - flow->srtt_ns : flow->srtt_ns - trip;
    flow->rttvar_ns = (3 * flow->rttvar_ns + off) / 4;
    flow->srtt_ns = (7 * flow->srtt_ns + trip) / 8;
}

static void flow_measure(struct flow *flow, uint64_t trip, bool alone, uint64_t now)
{
    trip += !trip; /* 0 means: not measured */
    flow_smooth(flow, trip);
    if (!flow->least_ns || trip < flow->least_ns)
        flow->least_ns = trip;
    if (flow->base_ns ? trip < flow->base_ns : alone)
        flow->base_ns = trip;
    if (trip < flow->base_ns + QUEUE_NS)
        flow->base_seen_ns = now;
    else if (flow->base_ns && now - flow->base_seen_ns > STALE_NS)
        flow->base_ns = 0;
}

/* At the end of a round trip. A single late acknowledgement does not mean a queue, nor does a
 * single quick one mean its end: the window is closed if both the average and the shortest of this
 * round are long. */
static void flow_adjust(struct flow *flow, uint64_t now)
{
    uint64_t base = flow->base_ns, least = flow->least_ns;
    if (base && least > base + QUEUE_NS && flow->srtt_ns > base + LATE_NS) {
        flow->window -= flow->window > 1;
        flow->calm_ns = now + CALM_NS;
    } else if (base && least < base + QUEUE_NS && flow->held_back && now >= flow->calm_ns) {
        flow->window += flow->window < FLOW_MAX;
    }
    flow->held_back = false;
    flow->least_ns = 0;
    flow->round = flow->sent;
}

bool flow_ack(struct flow *flow, uint64_t number, uint64_t now)
{
    unsigned ahead = 0;
    while (ahead < flow->in_flight &&
           flow->flights[(flow->first + ahead) % FLOW_MAX].number != number)
        ahead++;
    if (ahead == flow->in_flight) {
        flow->ignored++;
        return false;
    }
    unsigned at = (flow->first + ahead) % FLOW_MAX;
    if (!flow->window)
        flow->window = START;
    flow->first = (at + 1) % FLOW_MAX;
    flow->in_flight -= ahead + 1;
    flow->acked++;
    flow->heard_ns = now;
    flow->probes = 0;
    flow_measure(flow, now - flow->flights[at].sent_ns, flow->flights[at].alone, now);
    if (flow->sent - flow->in_flight >= flow->round)
        flow_adjust(flow, now);
    return true;
}

void flow_probe(struct flow *flow)
{
    flow->probe = true;
}

uint64_t flow_wait(struct flow *flow, uint64_t now)
{
    uint64_t since = flow->heard_ns, silence = 2 * (flow->srtt_ns + 4 * flow->rttvar_ns);
    flow->held_back |= !flow_open(flow); /* else it waits until nothing is in flight */
    if (silence < SILENCE_NS)
        silence = SILENCE_NS;
    if (flow->in_flight && flow->flights[flow->first].sent_ns > since)
        since = flow->flights[flow->first].sent_ns;
    for (unsigned i = 0; i < flow->probes && silence < LONGEST_NS; i++)
        silence *= 2;
    if (silence > LONGEST_NS)
        silence = LONGEST_NS;
    if (now - since < silence)
        return silence - (now - since);
    flow->probe = true;
    flow->probes++;
    flow->heard_ns = now;
    return 0;
}
