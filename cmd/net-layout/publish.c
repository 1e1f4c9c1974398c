#include "publish.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "claim.h"
#include "monotonic.h"
#include "net/net.h"
#include "tool/cli.h"
#include "evlog.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include "futex.h"

enum { SLOTS = 4, EVENTS = 4096, RETRY_MS = 100 };

struct publish {
    const char *name;
    struct stream *stream; /* NULL if there is none yet */
    struct ring *frames, *nets;
    bool made;     /* true if this process has created the stream */
    bool leftover; /* true if its creator has died, so it will be replaced */
    uint64_t cursor;
};

static void detach(struct publish *p)
{
    ring_close(p->frames);
    ring_close(p->nets);
    stream_close(p->stream);
    p->frames = p->nets = NULL;
    p->stream = NULL;
}

_Noreturn static void die_busy(const struct publish *p, unsigned claim)
{
    struct claim_info holder;
    if (claim_identify(p->stream, claim, &holder) == 1 && holder.pid)
        cli_die(CLI_FAIL, "%s: already written by pid %" PRIu32 " (%s)", p->name, holder.pid,
                holder.command);
    cli_die_stream(p->name, EBUSY);
}

/* Claims both rings for writing. */
static void open_rings(struct publish *p)
{
    p->frames = ring_open_writer(p->stream, RING_FRAMES);
    if (!p->frames && errno == EBUSY)
        die_busy(p, SHMFMT_CLAIM_FRAMES);
    p->nets = p->frames ? ring_open_writer(p->stream, RING_PACKETS) : NULL;
    if (!p->nets && errno == EBUSY)
        die_busy(p, SHMFMT_CLAIM_PACKETS);
    if (!p->nets)
        cli_die_stream(p->name, errno);
    ring_set_packet_kind(p->nets, SHMFMT_PACKET_NET);
}

/* false: there is no such stream. */
static bool attach(struct publish *p)
{
    p->made = false;
    p->stream = stream_attach(p->name, STREAM_WRITE);
    if (!p->stream && errno == ENOENT)
        return false;
    if (!p->stream)
        cli_die_stream(p->name, errno);
    p->leftover = (stream_header(p->stream)->flags & SHMFMT_OWNED) &&
                  claim_holder(p->stream, SHMFMT_CLAIM_OWNER, NULL) == 0;
    open_rings(p);
    p->cursor = evlog_head(p->stream);
    return true;
}

struct publish *publish_open(const char *name)
{
    struct publish *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->name = name;
    attach(p);
    return p;
}

void publish_close(struct publish *p)
{
    if (p->stream && p->made)
        stream_remove(p->stream, true);
    detach(p);
    free(p);
}

static size_t frame_bytes(uint32_t nodes, unsigned dimensions)
{
    return pixfmt_bytes(PIXFMT_F32, dimensions, nodes);
}

/* Creates a stream of our own, which replaces the previous one. */
static void create(struct publish *p, const struct net *net, unsigned dimensions, bool growing)
{
    uint64_t nodes = net->nodes, bytes = net_bytes(net);
    bool replace = p->stream != NULL;
    if (growing) { /* leave room for more than twice as much */
        nodes = 2 * nodes + 1024;
        bytes = 2 * bytes + 65536;
    }
    struct stream_spec spec = {.width = dimensions,
                               .height = (uint32_t)(nodes < NET_NODES_MAX ? nodes : NET_NODES_MAX),
                               .format = PIXFMT_F32,
                               .slots = SLOTS,
                               .events = EVENTS,
                               .packet_bytes = bytes,
                               .owned = true};
    if (replace && stream_inherit(&spec, p->stream))
        cli_die_stream(p->name, errno);
    if (replace) /* in a small /dev/shm stream_create waits until all have left the old stream */
        claim_drop(p->stream, SHMFMT_CLAIM_ATTACHED);
    struct stream *stream = stream_create(p->name, &spec, replace);
    if (!stream)
        cli_die_stream(p->name, errno);
    detach(p); /* after stream_create has redirected its readers to the new one */
    p->stream = stream;
    p->made = true;
    p->leftover = false;
    p->cursor = 0;
    open_rings(p);
}

/* Whether the stream has room for the network and its positions. */
static bool fits(const struct publish *p, const struct net *net, unsigned dimensions)
{
    return p->stream && !p->leftover &&
           frame_bytes(net->nodes, dimensions) <= ring_capacity(p->frames) &&
           net_bytes(net) <= ring_capacity(p->nets);
}

/* Handles a failure of ring_begin or stream_alive. */
static enum published follow(struct publish *p)
{
    if (errno == EAGAIN)
        return PUBLISHED_LATER;
    if (errno == EIDRM)
        return PUBLISHED_NEVER;
    if (errno != ESTALE)
        cli_die_stream(p->name, errno);
    detach(p);
    return attach(p) ? PUBLISHED_ANEW : PUBLISHED_NEVER;
}

enum published publish_check(struct publish *p)
{
    return p->stream && stream_alive(p->stream) ? follow(p) : PUBLISHED;
}

/* The graph as the packet describes it; valid until the graph grows. */
static struct net describe(const struct graph *g)
{
    return (struct net){.nodes = g->nodes,
                        .edges = g->edges,
                        .communities = g->communities,
                        .degree = g->degree,
                        .community = g->community,
                        .edge = g->edge,
                        .weight = g->weighted ? g->weight : NULL,
                        .name_at = g->named ? g->name_at : NULL,
                        .names = g->text,
                        .attributes = g->attributes.count,
                        .attribute = g->attributes.packed};
}

enum published publish_net(struct publish *p, struct graph *graph, unsigned dimensions,
                           bool growing)
{
    if (attributes_pack(&graph->attributes, graph->nodes, graph->edges))
        cli_die(CLI_FAIL, "%s: %s", p->name, strerror(errno));
    struct net net = describe(graph);
    if (!net_bytes(&net))
        cli_die(CLI_FAIL,
                "%s: a network of %" PRIu32 " nodes and %" PRIu32
                " edges is more than a stream can hold",
                p->name, net.nodes, net.edges);
    if (!fits(p, &net, dimensions)) {
        if (p->stream && !p->made && !p->leftover)
            cli_die(CLI_FAIL,
                    "%s: too small for %" PRIu32 " nodes, which take %zu bytes, and %zu with their "
                    "edges; remove it, and net-layout will create one that is large enough",
                    p->name, net.nodes, frame_bytes(net.nodes, dimensions), net_bytes(&net));
        create(p, &net, dimensions, growing);
    }
    void *slot = ring_begin(p->nets);
    if (!slot)
        return follow(p);
    net_write(&net, slot);
    struct ring_meta meta = {.bytes = net_bytes(&net), .width = dimensions, .height = net.nodes};
    ring_commit(p->nets, &meta);
    return PUBLISHED;
}

enum published publish_positions(struct publish *p, const struct body *bodies, uint32_t nodes,
                                 unsigned dimensions, uint64_t event)
{
    float *slot = ring_begin(p->frames);
    if (!slot)
        return follow(p);
    for (uint32_t i = 0; i < nodes; i++) {
        *slot++ = bodies[i].x;
        *slot++ = bodies[i].y;
        if (dimensions == 3)
            *slot++ = bodies[i].z;
    }
    struct ring_meta meta = {.bytes = frame_bytes(nodes, dimensions),
                             .width = dimensions,
                             .height = nodes,
                             .format = PIXFMT_F32,
                             .event = event};
    ring_commit(p->frames, &meta);
    return PUBLISHED;
}

void publish_dropped(struct publish *p)
{
    ring_drop(p->frames);
}

size_t publish_events(struct publish *p, struct event *events, size_t max, uint64_t *lost)
{
    return evlog_read(p->stream, &p->cursor, events, max, lost);
}

void publish_wait(struct publish *p, const _Atomic uint32_t *other, uint32_t seen, bool retry)
{
    const struct shmfmt_events *log = stream_at(p->stream, stream_header(p->stream)->events_at);
    struct futex_word events = {&log->wake, atomic_load(&log->wake)};
    struct timespec deadline, *until = NULL;
    if (evlog_head(p->stream) != p->cursor || stream_alive(p->stream))
        return;
    if (retry) { /* readers that release a slot wake nobody */
        uint64_t ns = monotonic_ns() + RETRY_MS * UINT64_C(1000000);
        deadline = (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
        until = &deadline;
    }
    futex_wait_two(events, (struct futex_word){other, seen}, until);
}
