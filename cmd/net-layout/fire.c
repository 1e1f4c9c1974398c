#include "fire.h"
#include <math.h>

enum { PATIENCE = 5 }; /* steps downhill before the time step grows */

/* FIRE's own parameters, except for the longest step, which suits stiffness as mass. */
static const double step_first = 0.3, step_longest = 1.0, step_grows = 1.1, step_shrinks = 0.5,
                    mixing_first = 0.1, mixing_decays = 0.99;

void fire_start(struct fire *f)
{
    f->step = step_first;
    f->mixing = mixing_first;
    f->keep = f->turn = 0;
    f->downhill = 0;
}

void fire_adapt(struct fire *f, double power, double speed2, double force2)
{
    f->keep = 1 - f->mixing;
    if (power > 0) {
        if (++f->downhill > PATIENCE) {
            f->step = fmin(f->step * step_grows, step_longest);
            f->mixing *= mixing_decays;
        }
    } else {
        f->downhill = 0;
        f->step = fmax(f->step * step_shrinks, step_first / 8);
        f->mixing = mixing_first;
        f->keep = 0;
    }
    f->turn = f->keep > 0 && force2 > 0 ? f->mixing * sqrt(speed2 / force2) : 0;
}
