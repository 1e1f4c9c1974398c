#include "fire.h"
#include <math.h>

enum {
    PATIENCE = 5,     /* steps downhill before the time step grows */
    RESTLESS = 150,   /* steps without a new minimum of movement before friction is increased, */
    UPHILL = 8,       /* once there were that many steps uphill, */
    UNSETTLED = 2000, /* or without them */
};

/* FIRE's own parameters, except for the longest step, which suits stiffness as mass. */
static const double step_first = 0.3, step_longest = 1.0, step_shortest = 0.3 / 8, step_grows = 1.1,
                    step_shrinks = 0.5, mixing_first = 0.1, mixing_decays = 0.99;

static const double limit_shrinks = 0.7, friction = 0.3; /* share of the velocity, at limit 0 */

void fire_start(struct fire *f)
{
    f->step = step_first;
    f->mixing = mixing_first;
    f->keep = f->align = 0;
    f->downhill = 0;
    fire_release(f);
}

void fire_release(struct fire *f)
{
    f->limit = 1;
    f->calmest = INFINITY;
    f->restless = f->uphill = 0;
}

void fire_adapt(struct fire *f, double power, double speed2, double force2)
{
    f->keep = 1 - f->mixing - friction * (1 - f->limit);
    if (power > 0) {
        if (++f->downhill > PATIENCE) {
            f->step = fmin(f->step * step_grows, step_longest * f->limit);
            f->mixing *= mixing_decays;
        }
    } else {
        f->downhill = 0;
        f->uphill++;
        f->step = fmax(f->step * step_shrinks, step_shortest * f->limit);
        f->mixing = mixing_first;
        f->keep = 0;
    }
    f->align = f->keep > 0 && force2 > 0 ? f->mixing * sqrt(speed2 / force2) : 0;
}

void fire_damp(struct fire *f, double moved)
{
    f->restless++;
    if (moved < f->calmest) {
        f->calmest = moved;
        f->restless = 0;
    } else if (f->restless >= (f->uphill >= UPHILL ? RESTLESS : UNSETTLED)) {
        f->limit *= limit_shrinks;
        f->step = fmin(f->step, step_longest * f->limit);
        f->restless = 0;
    }
}
