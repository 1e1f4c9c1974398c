/*
 * Ladders: streams with the same pictures at falling rates. A viewer whose acknowledgements show
 * that it can't follow moves a rung down, and up again after a calm time; its connection stays, and
 * its input goes on into the stream that it asked for.
 *
 * Moves are made from a timer, where nobody walks along a source's watchers.
 */
#include "serve.h"
#include "claim.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "shmfmt.h"
#include "stream.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

enum { FEW = 8 }; /* pictures that tell nothing yet */

static const uint64_t PERIOD_NS = 3 * SECOND; /* over which pictures are counted */
static const uint64_t LOOK_NS = 5 * SECOND;   /* between looks upwards, and the first calm time */
static const uint64_t CALM_NS = 320 * SECOND; /* the longest */
static const uint64_t STAY_NS = 30 * SECOND;  /* it held out for so long: the move up was right */

/* Is there somebody to put pictures into it? */
static bool ladder_serves(const struct source *source)
{
    return source->stream && claim_holder(source->stream, SHMFMT_CLAIM_PACKETS, NULL) == 1;
}

static struct source *ladder_below(const struct viewer *viewer)
{
    struct source *rung = viewer->shown->lower;
    while (rung && !ladder_serves(rung))
        rung = rung->lower;
    return rung;
}

static struct source *ladder_above(const struct viewer *viewer)
{
    struct source *rung = viewer->shown;
    while (rung != viewer->source) {
        rung = rung->upper;
        if (ladder_serves(rung))
            return rung;
    }
    return NULL;
}

static void ladder_look(lws_sorted_usec_list_t *timer);

static void ladder_wake(struct viewer *viewer, uint64_t ns)
{
    lws_sul_schedule(viewer->source->server->context, 0, &viewer->climb.timer, ladder_look,
                     (lws_usec_t)(ns / 1000 + 1));
}

/* May end streams, and with them their viewers. */
static void ladder_move(struct viewer *viewer, struct source *target, bool down)
{
    struct climb *climb = &viewer->climb;
    struct source *from = viewer->shown;
    uint64_t now = monotonic_ns();
    if (down) {
        climb->calm_ns =
            climb->up_ns && now - climb->up_ns < STAY_NS ? 2 * climb->calm_ns : LOOK_NS;
        if (climb->calm_ns > CALM_NS)
            climb->calm_ns = CALM_NS;
    } else {
        climb->up_ns = now;
    }
    climb->still_ns = now;
    climb->published = climb->missed = 0;
    climb->waits = climb->held_up = climb->behind = false;
    /* What it has seen, nothing older, and nothing again that is no better. */
    viewer->fresh_ns = viewer->captured_ns + (down && viewer->captured_ns);
    if (viewer->source->server->verbose)
        cli_warn("%s: viewer %" PRIu32 " is shown %s", viewer->source->name, viewer->id,
                 target->name);
    viewer_unwatch(viewer);
    viewer_watch(viewer, target);
    viewer->moved = viewer->hello;
    if (target == viewer->source)
        lws_sul_cancel(&climb->timer);
    else
        ladder_wake(viewer, LOOK_NS);
    lws_callback_on_writable(viewer->conn->wsi);
    control_notify(viewer);
    source_watch(target);
    source_watch(from);
}

static void ladder_look(lws_sorted_usec_list_t *timer)
{
    struct viewer *viewer = lws_container_of(timer, struct viewer, climb.timer);
    struct climb *climb = &viewer->climb;
    struct source *below = climb->behind ? ladder_below(viewer) : NULL, *above;
    climb->behind = false;
    if (below) {
        ladder_move(viewer, below, true);
    } else if (viewer->shown != viewer->source) {
        above = ladder_above(viewer);
        if (above &&
            (monotonic_ns() - climb->still_ns >= climb->calm_ns || !ladder_serves(viewer->shown)))
            ladder_move(viewer, above, false);
        else
            ladder_wake(viewer, LOOK_NS);
    }
}

/* What the last seconds were like. */
static void ladder_judge(struct viewer *viewer, uint64_t now)
{
    struct climb *climb = &viewer->climb;
    bool heard = viewer->flow.acked != climb->acked; /* a silent one isn't slow */
    if (heard && climb->missed * 10 > climb->published)
        climb->still_ns = now;
    if (heard && climb->missed * 2 > climb->published && viewer->shown->lower) {
        climb->behind = true;
        ladder_wake(viewer, 0);
    }
    climb->published = climb->missed = 0;
    climb->acked = viewer->flow.acked;
}

void ladder_picture(struct viewer *viewer)
{
    struct climb *climb = &viewer->climb;
    if (!flow_window(&viewer->flow) || (!viewer->shown->lower && viewer->shown == viewer->source))
        return;
    uint64_t now = monotonic_ns();
    bool full = !flow_open(&viewer->flow) || lws_partial_buffered(viewer->conn->wsi);
    if (!climb->published)
        climb->since_ns = now;
    climb->published++;
    climb->missed += climb->waits && (full || climb->held_up);
    climb->waits = true;
    climb->held_up = full;
    if (climb->published > 2) /* on this rung by now */
        viewer->fresh_ns = 0;
    if (climb->published >= FEW && now - climb->since_ns >= PERIOD_NS)
        ladder_judge(viewer, now);
}

void ladder_sent(struct viewer *viewer)
{
    viewer->climb.waits = false;
}

void ladder_lost(struct viewer *viewer)
{
    struct source *rung = viewer->shown;
    while (rung != viewer->source && !rung->stream)
        rung = rung->upper;
    if (rung->stream)
        ladder_move(viewer, rung, false);
    else
        conn_end(viewer->conn, LWS_CLOSE_STATUS_GOINGAWAY);
}

/* A name's place in names, where it is put if it isn't there yet. */
static size_t ladder_name(struct names *names, const char *text, size_t bytes)
{
    char name[NAME_MAX + 1] = "";
    size_t i = 0;
    if (bytes <= NAME_MAX)
        memcpy(name, text, bytes);
    if (!stream_name(name))
        cli_die(CLI_USAGE, "--ladder %s: streams' names, with commas between them", text);
    while (i < names->count && strcmp(names->list[i], stream_name(name)))
        i++;
    if (i == names->count && !(names->list[names->count++] = strdup(stream_name(name))))
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return i;
}

void ladder_read(struct names *names, const char **ladders, size_t count)
{
    names->named = names->count;
    for (size_t i = 0; i < count; i++)
        ladder_name(names, ladders[i], strcspn(ladders[i], ","));
    names->listed = names->count;
    for (size_t i = 0; i < count; i++) {
        size_t upper = NO_RUNG, rungs = 0;
        for (const char *at = ladders[i]; at; rungs++) {
            size_t bytes = strcspn(at, ","), rung = ladder_name(names, at, bytes);
            if (names->rung[rung])
                cli_die(CLI_USAGE, "--ladder: %s is named twice", names->list[rung]);
            names->rung[rung] = true;
            if (upper != NO_RUNG)
                names->lower[upper] = rung;
            upper = rung;
            at = at[bytes] ? at + bytes + 1 : NULL;
        }
        if (rungs < 2 || rungs > LADDER_RUNGS)
            cli_die(CLI_USAGE, "--ladder %s: 2 to %d streams make one", ladders[i], LADDER_RUNGS);
    }
}

void ladder_link(struct server *server, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->lower[i] != NO_RUNG) {
            server->sources[i].lower = &server->sources[names->lower[i]];
            server->sources[names->lower[i]].upper = &server->sources[i];
        }
}

void ladder_free(struct names *names)
{
    for (size_t i = names->named; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    free(names->lower);
    free(names->rung);
}
