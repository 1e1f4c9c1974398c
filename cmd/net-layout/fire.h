/*
 * FIRE, the fast inertial relaxation engine: adapts the time step to whether the motion still goes
 * downhill.
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
    double turn;       /* factor for force / stiffness, added to the velocity in the next step */
    unsigned downhill; /* consecutive steps with power > 0 */
};

void fire_start(struct fire *fire);

/* Sets keep, turn and step from sums over all nodes: power = force * velocity, speed2 = stiffness *
 * velocity², force2 = force² / stiffness. */
void fire_adapt(struct fire *fire, double power, double speed2, double force2);

#endif
