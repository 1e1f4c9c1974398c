/*
 * FIRE, the fast inertial relaxation engine: adapts the time step to whether the motion still goes
 * downhill. Here it also damps motion that does not come to rest by itself, because approximated
 * forces add energy.
 *
 * E. Bitzek, P. Koskinen, F. Gähler, M. Moseler, P. Gumbsch: Structural relaxation made simple.
 * Physical Review Letters 97, 2006.
 */
#ifndef NET_LAYOUT_FIRE_H
#define NET_LAYOUT_FIRE_H

struct fire {
    double step;       /* time step */
    double mixing;     /* FIRE's alpha: share of the velocity that turns to the force */
    double keep;       /* factor for the velocity in the next step */
    double align;      /* factor for force / stiffness, added to the velocity in the next step */
    unsigned downhill; /* consecutive steps with power > 0 */
    unsigned uphill;   /* number of other steps */
    double limit;      /* factor for the longest and the shortest step; less than 1 adds friction */
    double calmest;    /* least movement of a step */
    unsigned restless; /* steps since then, or since friction was last increased */
};

void fire_start(struct fire *fire);

/* Removes friction, after an intervention. */
void fire_release(struct fire *fire);

/* Sets keep, align and step from sums over all nodes: power = force * velocity, speed2 = stiffness
 * * velocity², force2 = force² / stiffness. */
void fire_adapt(struct fire *fire, double power, double speed2, double force2);

/* Takes the movement of the last step, and adds friction if movement no longer declines. */
void fire_damp(struct fire *fire, double moved);

#endif
