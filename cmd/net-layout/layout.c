#include "layout.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clustering.h"
#include "force.h"
#include "graph.h"
#include "igraphbase.h"
#include "igraphfr.h"
#include "loader.h"
#include "monotonic.h"
#include "net/netevents.h"
#include "npy.h"
#include "publish.h"
#include "table.h"
#include "tool/cli.h"

enum { COOLING = 500 }; /* default number of steps in which igraph's layout cools down */

static const uint64_t progress_ns = 250000000; /* between two lines of progress */

/* Changes, and wakes its waiters, when input has arrived or communities were found. The threads
 * that change it may outlive layout_run. */
static _Atomic uint32_t news;

struct layout {
    const struct layout_options *o;
    struct loader *loader;
    struct table *table; /* NULL: none */
    struct graph graph;
    struct clustering *clustering;
    struct force *force;
    struct publish *publish;
    bool net_pending, positions_pending; /* true if the last state is not published yet */
    bool paused;
    uint64_t steps; /* since the last change */
    uint64_t all_steps;
    uint64_t event;     /* number of the last event applied */
    double temperature; /* initial temperature of igraph's layout; 1 for the first layout */
    bool terminal;      /* true if progress is shown */
    uint64_t shown_ns, shown_steps; /* time and all_steps of the last line of progress */
    bool failed;                    /* true if positions are not valid any more */
    int code;                       /* exit status */
};

static void restart(struct layout *l)
{
    l->steps = 0;
    l->temperature = l->all_steps ? 0.1 : 1;
}

/* Makes the loop end without publishing anything more. Reports the problem, unless a signal
 * interrupted the work. */
static void fail(struct layout *l, const char *why)
{
    l->failed = true;
    if (cli_stopped())
        return;
    cli_warn("%s", why);
    l->code = CLI_FAIL;
}

static void fail_force(struct layout *l)
{
    fail(l, errno == EDOM ? "positions are no longer finite numbers; use less extreme weights"
                          : strerror(errno));
}

static void adopt_growth(struct layout *l)
{
    clustering_update(l->clustering, &l->graph);
    if (force_grow(l->force, &l->graph))
        fail_force(l);
    restart(l);
    l->net_pending = l->positions_pending = true;
}

static void apply_event(struct layout *l, const struct event *ev)
{
    l->event = ev->number;
    if (!event_valid(ev))
        return;
    if (ev->type == EVENT_LAYOUT_PAUSE) {
        l->paused = ev->on;
        return;
    }
    if ((ev->type != EVENT_NODE_DRAG && ev->type != EVENT_NODE_DROP) || ev->node >= l->graph.nodes)
        return;
    if (ev->type == EVENT_NODE_DRAG)
        force_pin(l->force, ev->node, ev->x, ev->y, ev->z);
    else
        force_unpin(l->force, ev->node);
    restart(l);
    l->positions_pending = true;
}

static void apply_events(struct layout *l)
{
    struct event events[64];
    uint64_t lost;
    size_t n;
    while ((n = publish_events(l->publish, events, 64, &lost)) > 0 || lost) {
        for (uint32_t i = 0; lost && i < l->graph.nodes; i++)
            if (force_pinned(l->force)[i]) /* its node_drop may be among the lost events */
                force_unpin(l->force, i);
        for (size_t i = 0; i < n; i++)
            apply_event(l, &events[i]);
    }
}

static enum published publish_both(struct layout *l)
{
    enum published got = publish_check(l->publish);
    unsigned d = l->o->dimensions;
    if (got == PUBLISHED && l->net_pending) {
        bool growing = !loader_ended(l->loader) || (l->table && !table_ended(l->table));
        got = publish_net(l->publish, &l->graph, d, growing);
        l->net_pending = got != PUBLISHED;
    }
    if (got == PUBLISHED && l->positions_pending) {
        got = publish_positions(l->publish, force_bodies(l->force), l->graph.nodes, d, l->event);
        l->positions_pending = got != PUBLISHED;
    }
    return got;
}

/* Publishes the pending network and positions, as far as there are free slots. false: the stream
 * was removed. */
static bool publish_pending(struct layout *l)
{
    enum published got;
    while ((got = publish_both(l)) == PUBLISHED_ANEW)
        l->net_pending = l->positions_pending = true;
    return got != PUBLISHED_NEVER;
}

static bool at_rest(const struct layout *l)
{
    return l->paused || l->o->fixed || force_state(l->force).settled ||
           (l->o->iterations && l->steps >= l->o->iterations);
}

/* Shows progress on a terminal. */
static void show_progress(struct layout *l, bool last)
{
    uint64_t now = monotonic_ns();
    if (!l->terminal || (!last && now - l->shown_ns < progress_ns))
        return;
    struct force_state state = force_state(l->force);
    double seconds = (double)(now - l->shown_ns) / 1e9;
    double rate = (double)(l->all_steps - l->shown_steps) * l->graph.nodes / seconds;
    fprintf(stderr,
            "\r%s: %" PRIu32 " nodes, %" PRIu32 " edges, step %" PRIu64
            ", energy %.3g, moved %.2g, %.3g nodes/s\033[K%s",
            l->o->stream, l->graph.nodes, l->graph.edges, l->all_steps, state.energy, state.moved,
            rate, last ? "\n" : "");
    l->shown_ns = now;
    l->shown_steps = l->all_steps;
}

static void step_igraph(struct layout *l)
{
    const struct layout_options *o = l->o;
    uint64_t limit = o->iterations ? o->iterations : COOLING;
    double cooling = 1 - (double)l->steps / (double)limit, hottest = sqrt(l->graph.nodes) / 10;
    if (igraphfr_step(&l->graph, force_bodies(l->force), force_pinned(l->force), o->dimensions == 2,
                      hottest * l->temperature * cooling))
        fail(l, igraphbase_error());
    force_moved(l->force, l->steps + 1 >= limit);
}

static void step(struct layout *l)
{
    if (l->o->igraph)
        step_igraph(l);
    else if (force_step(l->force))
        fail_force(l);
    if (l->positions_pending)
        publish_dropped(l->publish);
    l->steps++;
    l->all_steps++;
    l->positions_pending = true;
}

/* Records the positions if --record was given. false: standard output failed. */
static bool record(struct layout *l)
{
    if (!l->o->record || !npy_write(force_bodies(l->force), l->graph.nodes, l->o->dimensions))
        return true;
    if (!cli_stopped()) {
        cli_warn("standard output: %s", strerror(errno));
        l->code = CLI_FAIL;
    }
    return false;
}

/* Applies new input and events, and performs a step unless at rest. Returns whether it did; *go_on:
 * false if the stream was removed or standard output failed. */
static bool advance(struct layout *l, bool *go_on)
{
    if (loader_update(l->loader))
        adopt_growth(l);
    if (l->table)
        table_update(l->table);
    l->net_pending = l->graph.attributes.changed || l->net_pending;
    l->net_pending = clustering_update(l->clustering, &l->graph) || l->net_pending;
    apply_events(l);
    bool active = !l->failed && !at_rest(l);
    if (active)
        step(l);
    *go_on = !l->failed && publish_pending(l) && (!active || record(l));
    return active;
}

/* Lets the force simulation start at the attributes x, y and z, of which z may be missing. false: a
 * signal arrived, or a node has none. */
static bool start_at_attributes(struct layout *l)
{
    struct graph *g = &l->graph;
    const struct net_attribute *axis[3];
    if (l->table)
        table_start(l->table);
    if (cli_stopped())
        return false;
    if (attributes_pack(&g->attributes, g->nodes, g->edges))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (int k = 0; k < 3; k++)
        axis[k] = attributes_numbers(&g->attributes, &"x\0y\0z"[2 * k], g -> nodes);
    if (axis[0] && axis[1]) {
        if (force_start(l->force, axis, g->nodes))
            cli_die(CLI_FAIL, "%s", strerror(errno));
        return true;
    }
    fail(l, "--start: not every node has the attributes x and y");
    return false;
}

static void loop(struct layout *l)
{
    bool was_active = true;
    if (l->o->start && !start_at_attributes(l))
        return;
    adopt_growth(l);
    loader_summary(l->loader, force_components(l->force), l->terminal);
    l->shown_ns = monotonic_ns();
    for (bool go_on = !l->failed && publish_pending(l); go_on && !cli_stopped();) {
        uint32_t seen = atomic_load(&news);
        bool active = advance(l, &go_on);
        if (active || was_active)
            show_progress(l, !active);
        was_active = active;
        if (active || !go_on)
            continue;
        bool complete = loader_ended(l->loader) && !(l->table && table_unfinished(l->table));
        if (l->o->once && !l->paused && complete)
            break;
        publish_wait(l->publish, &news, seen, l->net_pending || l->positions_pending);
    }
}

int layout_run(const struct layout_options *o)
{
    struct layout l = {.o = o, .terminal = isatty(STDERR_FILENO)};
    l.publish = publish_open(o->stream);
    l.table = o->attributes ? table_open(o->attributes, &l.graph, &news) : NULL;
    l.loader = loader_open(o->file, o->format, o->negative, &l.graph, &news);
    igraphbase_init(o->seed);
    struct pool *pool = pool_new(o->threads);
    l.force =
        pool ? force_new(pool, o->dimensions == 2, o->fr ? BHTREE_DISTANCE : BHTREE_SQUARE, o->seed)
             : NULL;
    l.clustering = clustering_new(&news, o->seed, o->igraph);
    if (!l.publish || !l.force || !l.clustering)
        cli_die(CLI_FAIL, "%u threads: %s", o->threads, strerror(errno));
    if (loader_start(l.loader))
        loop(&l);
    if (loader_failed(l.loader))
        l.code = CLI_FAIL;
    publish_close(l.publish);
    loader_close(l.loader);
    table_close(l.table);
    clustering_free(l.clustering);
    force_free(l.force);
    pool_free(pool);
    graph_free(&l.graph);
    return l.code;
}
