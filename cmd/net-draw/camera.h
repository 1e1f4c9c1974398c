/*
 * A perspective camera that orbits a centre. Positions are in the layout's coordinates; x and y in
 * the image are pixels from its top left.
 */
#ifndef NET_DRAW_CAMERA_H
#define NET_DRAW_CAMERA_H

#include <stdbool.h>

struct bounding_sphere {
    float centre[3], radius;
};

struct camera {
    float centre[3];             /* the point that the camera orbits and looks at */
    float distance;              /* from the centre */
    float rotation[3][3];        /* rows: right, up, towards the viewer */
    float flatness;              /* 0: three dimensions; 1: one plane, seen from the front */
    bool flat;                   /* the target of flatness: 1 or 0 */
    bool follow;                 /* keep the whole network in view */
    bool flying;                 /* moving to goal */
    struct bounding_sphere goal; /* the sphere to fit into the image */
    float width, height;         /* of the image */
    float focal_length;          /* in pixels */
};

/* Restores the front view of the origin. */
void camera_reset(struct camera *camera, bool flat);
void camera_size(struct camera *camera, float width, float height);

/* Rotates, or moves, by a distance that the pointer moved, in pixels. */
void camera_orbit(struct camera *camera, float dx, float dy);
void camera_pan(struct camera *camera, float dx, float dy);

/* Multiplies the distance by factor, within limits that suit bounds. The point at x, y keeps its
 * place in the image. */
void camera_zoom(struct camera *camera, float x, float y, float factor,
                 const struct bounding_sphere *bounds);

/* Returns the distance at which the sphere fits into the image. */
float camera_fit_distance(const struct bounding_sphere *sphere);

/* Starts an animation that ends with goal in view. */
void camera_fly_to(struct camera *camera, const struct bounding_sphere *goal);

/* Advances animations by a time. Returns true while any is in progress. */
bool camera_step(struct camera *camera, float seconds, const struct bounding_sphere *bounds);

/* Projects a position: out is x, y, and the depth, which is ≤ 0 at and behind the camera. */
void camera_project(const struct camera *camera, const float position[3], float out[3]);

/* Returns in out the position that projects to x, y at this depth. */
void camera_unproject(const struct camera *camera, float x, float y, float depth, float out[3]);

#endif
