/*
 * Where the network is looked at from: a point that is turned and zoomed about, how far it is away,
 * and how the scene is turned. Places are of the layout; x and y in the picture are pixels from its
 * top left.
 */
#ifndef NET_DRAW_CAMERA_H
#define NET_DRAW_CAMERA_H

#include <stdbool.h>

struct ball { /* what has to be in sight */
    float centre[3], radius;
};

struct camera {
    float centre[3], distance;
    float turn[3][3]; /* rows: right, up, towards us */
    float flatness;   /* 0: as it is; 1: all in one plane, seen from the front */
    bool flat;        /* where flatness goes */
    bool follow;      /* the whole network is kept in sight */
    bool going;       /* to the next two */
    struct ball goal;
    float width, height; /* of the picture */
    float focus;         /* pixels: what is as far away as wide is as wide as this */
};

/* Looks at nothing, from the front. */
void camera_reset(struct camera *camera, bool flat);
void camera_size(struct camera *camera, float width, float height);

/* Turned by so many pixels of the pointer. */
void camera_orbit(struct camera *camera, float dx, float dy);
void camera_pan(struct camera *camera, float dx, float dy);

/* The distance by this factor, what is at x y stays there; all within what is reasonable for whole.
 */
void camera_zoom(struct camera *camera, float x, float y, float factor, const struct ball *whole);

/* How far away all of it is in sight. */
float camera_fit(const struct ball *ball);

/* Goes there by and by. */
void camera_go(struct camera *camera, const struct ball *goal);

/* So many seconds later; is it still on its way? */
bool camera_step(struct camera *camera, float seconds, const struct ball *whole);

/* A place in the picture: x, y, and how far in front of us, > 0; else it isn't in front. */
void camera_project(const struct camera *camera, const float place[3], float out[3]);

/* The place that is at x y in the picture and as far away as this. */
void camera_place(const struct camera *camera, float x, float y, float depth, float out[3]);

#endif
