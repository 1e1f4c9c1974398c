#include "ladder.h"
#include "claim.h"
#include "monotonic.h"
#include "shmfmt.h"
#include "stream.h"
#include "tool/cli.h"
#include <inttypes.h>

#define SECOND UINT64_C(1000000000)

enum { COUNT_MIN = 8 /* fewer packets prove nothing */ };

static const uint64_t PERIOD_NS = 3 * SECOND;     /* over which packets are counted */
static const uint64_t CHECK_NS = 5 * SECOND;      /* between checks for a move up; first hold */
static const uint64_t HOLD_MAX_NS = 320 * SECOND; /* longest hold */
static const uint64_t SUCCESS_NS = 30 * SECOND;   /* a move up that lasts longer was right */

/* Whether a program writes packets to the stream. */
static bool is_alive(const struct served *served)
{
    return served->reader.stream &&
           claim_holder(served->reader.stream, SHMFMT_CLAIM_PACKETS, NULL) == 1;
}

static struct served *rung_below(const struct viewer *viewer)
{
    struct served *rung = viewer->shown->lower;
    while (rung && !is_alive(rung))
        rung = rung->lower;
    return rung;
}

static struct served *rung_above(const struct viewer *viewer)
{
    struct served *rung = viewer->shown;
    while (rung != viewer->served) {
        rung = rung->upper;
        if (is_alive(rung))
            return rung;
    }
    return NULL;
}

static void on_timer(lws_sorted_usec_list_t *timer);

static void start_timer(struct viewer *viewer, uint64_t ns)
{
    lws_sul_schedule(viewer->served->streams->context, 0, &viewer->abr.timer, on_timer,
                     (lws_usec_t)(ns / 1000 + 1));
}

static void move(struct viewer *viewer, struct served *target, bool down)
{
    struct abr *abr = &viewer->abr;
    struct served *from = viewer->shown;
    uint64_t now = monotonic_ns();
    if (down) {
        abr->hold_ns =
            abr->moved_up_ns && now - abr->moved_up_ns < SUCCESS_NS ? 2 * abr->hold_ns : CHECK_NS;
        if (abr->hold_ns > HOLD_MAX_NS)
            abr->hold_ns = HOLD_MAX_NS;
    } else {
        abr->moved_up_ns = now;
    }
    abr->steady_ns = now;
    abr->published = abr->missed = 0;
    abr->unsent = abr->congested = abr->move_down = false;
    /* No packet is older than the last one sent; after a move down, none repeats its frame. */
    viewer->not_before_ns = viewer->captured_ns + (down && viewer->captured_ns);
    if (viewer->served->streams->verbose)
        cli_warn("%s: viewer %" PRIu32 " moves to %s", viewer->served->name, viewer->id,
                 target->name);
    viewer_show(viewer, target);
    viewer->moved = viewer->hello;
    if (target == viewer->served)
        lws_sul_cancel(&abr->timer);
    else
        start_timer(viewer, CHECK_NS);
    viewer_want_write(viewer);
    control_changed(viewer);
    served_watchers_changed(target);
    served_watchers_changed(from);
}

/* Moves are made from the timer, outside of any loop over a stream's watchers. */
static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct viewer *viewer = lws_container_of(timer, struct viewer, abr.timer);
    struct abr *abr = &viewer->abr;
    struct served *below = abr->move_down ? rung_below(viewer) : NULL;
    abr->move_down = false;
    if (below) {
        move(viewer, below, true);
    } else if (viewer->shown != viewer->served) {
        struct served *above = rung_above(viewer);
        if (above && (monotonic_ns() - abr->steady_ns >= abr->hold_ns || !is_alive(viewer->shown)))
            move(viewer, above, false);
        else
            start_timer(viewer, CHECK_NS);
    }
}

/* Evaluates the counts of the last period. */
static void evaluate(struct viewer *viewer, uint64_t now)
{
    struct abr *abr = &viewer->abr;
    bool heard = viewer->flow.acked != abr->acked; /* silence is not slowness */
    if (heard && abr->missed * 10 > abr->published)
        abr->steady_ns = now;
    if (heard && abr->missed * 2 > abr->published && viewer->shown->lower) {
        abr->move_down = true;
        start_timer(viewer, 0);
    }
    abr->published = abr->missed = 0;
    abr->acked = viewer->flow.acked;
}

void ladder_count_packet(struct viewer *viewer)
{
    struct abr *abr = &viewer->abr;
    if (!flow_window(&viewer->flow) || (!viewer->shown->lower && viewer->shown == viewer->served))
        return;
    uint64_t now = monotonic_ns();
    bool full = !flow_open(&viewer->flow) || viewer->transport->congested(viewer->link);
    if (!abr->published)
        abr->since_ns = now;
    abr->published++;
    abr->missed += abr->unsent && (full || abr->congested);
    abr->unsent = true;
    abr->congested = full;
    if (abr->published > 2) /* all packets on the way are of this rung by now */
        viewer->not_before_ns = 0;
    if (abr->published >= COUNT_MIN && now - abr->since_ns >= PERIOD_NS)
        evaluate(viewer, now);
}

void ladder_count_sent(struct viewer *viewer)
{
    viewer->abr.unsent = false;
}

void ladder_leave_ended(struct viewer *viewer)
{
    struct served *rung = viewer->shown;
    while (rung != viewer->served && !rung->reader.stream)
        rung = rung->upper;
    if (rung->reader.stream)
        move(viewer, rung, false);
    else
        viewer_close(viewer, LWS_CLOSE_STATUS_GOINGAWAY);
}
