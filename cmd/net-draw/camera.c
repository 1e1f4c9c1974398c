#include "camera.h"
#include <math.h>
#include <string.h>

#define TAN_HALF_VIEW 0.4142136f /* of a field of view of 45 degrees */
#define SIN_HALF_VIEW 0.3826834f

static void set_identity(float rotation[3][3])
{
    memset(rotation, 0, 9 * sizeof rotation[0][0]);
    rotation[0][0] = rotation[1][1] = rotation[2][2] = 1;
}

void camera_reset(struct camera *camera, bool flat)
{
    float width = camera->width, height = camera->height;
    *camera = (struct camera){.distance = 3, .flat = flat, .flatness = flat, .follow = true};
    set_identity(camera->rotation);
    camera_size(camera, width, height);
}

void camera_size(struct camera *camera, float width, float height)
{
    camera->width = width;
    camera->height = height;
    camera->focal_length = fminf(width, height) / 2 / TAN_HALF_VIEW;
}

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void add_scaled(float to[3], const float from[3], float factor)
{
    for (int i = 0; i < 3; i++)
        to[i] += from[i] * factor;
}

/* Restores orthonormal rows, which rounding and interpolation disturb (Gram-Schmidt). */
static void orthonormalize(float rotation[3][3])
{
    float length = sqrtf(dot(rotation[2], rotation[2]));
    for (int i = 0; i < 3; i++)
        rotation[2][i] /= length;
    add_scaled(rotation[1], rotation[2], -dot(rotation[1], rotation[2]));
    length = sqrtf(dot(rotation[1], rotation[1]));
    for (int i = 0; i < 3; i++)
        rotation[1][i] /= length;
    for (int i = 0; i < 3; i++) /* right = up × towards the viewer */
        rotation[0][i] = rotation[1][(i + 1) % 3] * rotation[2][(i + 2) % 3] -
                         rotation[1][(i + 2) % 3] * rotation[2][(i + 1) % 3];
}

/* Rotates row a towards row b by an angle. */
static void rotate_rows(float rotation[3][3], int a, int b, float angle)
{
    float c = cosf(angle), s = sinf(angle);
    for (int i = 0; i < 3; i++) {
        float x = rotation[a][i], y = rotation[b][i];
        rotation[a][i] = c * x - s * y;
        rotation[b][i] = s * x + c * y;
    }
}

void camera_orbit(struct camera *camera, float dx, float dy)
{
    float per_pixel = 3.1415927f / fminf(camera->width, camera->height);
    camera->flying = camera->follow = false;
    rotate_rows(camera->rotation, 0, 2, -dx * per_pixel);
    rotate_rows(camera->rotation, 1, 2, dy * per_pixel);
    orthonormalize(camera->rotation);
}

void camera_pan(struct camera *camera, float dx, float dy)
{
    float per_pixel = camera->distance / camera->focal_length;
    camera->flying = camera->follow = false;
    add_scaled(camera->centre, camera->rotation[0], -dx * per_pixel);
    add_scaled(camera->centre, camera->rotation[1], dy * per_pixel);
}

void camera_zoom(struct camera *camera, float x, float y, float factor,
                 const struct bounding_sphere *bounds)
{
    float at[3], nearest = bounds->radius / 2000, farthest = bounds->radius * 40;
    float distance = fminf(fmaxf(camera->distance * factor, nearest), farthest);
    camera_unproject(camera, x, y, camera->distance, at);
    factor = distance / camera->distance;
    for (int i = 0; i < 3; i++)
        camera->centre[i] = at[i] + (camera->centre[i] - at[i]) * factor;
    camera->distance = distance;
    camera->flying = camera->follow = false;
}

float camera_fit_distance(const struct bounding_sphere *sphere)
{
    return sphere->radius / SIN_HALF_VIEW * 1.04f;
}

void camera_fly_to(struct camera *camera, const struct bounding_sphere *goal)
{
    camera->goal = *goal;
    camera->flying = true;
}

/* The fraction of the remaining way that an exponential approach covers in this time. */
static float approach(float seconds, float rate)
{
    return 1 - expf(-seconds * rate);
}

static bool step_flat(struct camera *camera, float seconds)
{
    float target = camera->flat, fraction = approach(seconds, 9);
    float error = fabsf(camera->flatness - target);
    if (camera->flat) {
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                error += fabsf(camera->rotation[i][j] - (i == j));
                camera->rotation[i][j] += ((i == j) - camera->rotation[i][j]) * fraction;
            }
        /* From the back, interpolation would pass through a zero vector. */
        if (camera->rotation[2][2] < 0.05f)
            rotate_rows(camera->rotation, 0, 2, 0.3f);
        orthonormalize(camera->rotation);
    }
    camera->flatness += (target - camera->flatness) * fraction;
    if (error > 0.004f)
        return true;
    camera->flatness = target;
    if (camera->flat)
        set_identity(camera->rotation);
    return false;
}

static bool step_goal(struct camera *camera, float seconds, const struct bounding_sphere *bounds)
{
    if (camera->follow)
        camera_fly_to(camera, bounds);
    if (!camera->flying)
        return false;
    float fraction = approach(seconds, 6), distance = camera_fit_distance(&camera->goal);
    float error = fabsf(camera->distance - distance);
    for (int i = 0; i < 3; i++) {
        float rest = camera->goal.centre[i] - camera->centre[i];
        error += fabsf(rest);
        camera->centre[i] += rest * fraction;
    }
    camera->distance += (distance - camera->distance) * fraction;
    camera->flying = error > distance * 0.003f;
    return camera->flying;
}

bool camera_step(struct camera *camera, float seconds, const struct bounding_sphere *bounds)
{
    bool flattening = step_flat(camera, seconds);
    return step_goal(camera, seconds, bounds) || flattening;
}

void camera_project(const struct camera *camera, const float position[3], float out[3])
{
    float depth_scale = 1 - camera->flatness;
    float p[3] = {position[0] - camera->centre[0], position[1] - camera->centre[1],
                  position[2] * depth_scale - camera->centre[2] * depth_scale};
    float depth = camera->distance - dot(camera->rotation[2], p);
    depth = depth != 0 ? depth : 1e-20f;
    float scale = camera->focal_length / depth;
    out[0] = camera->width / 2 + dot(camera->rotation[0], p) * scale;
    out[1] = camera->height / 2 - dot(camera->rotation[1], p) * scale;
    out[2] = depth;
}

void camera_unproject(const struct camera *camera, float x, float y, float depth, float out[3])
{
    float scale = depth / camera->focal_length;
    memcpy(out, camera->centre, sizeof camera->centre);
    add_scaled(out, camera->rotation[0], (x - camera->width / 2) * scale);
    add_scaled(out, camera->rotation[1], (camera->height / 2 - y) * scale);
    add_scaled(out, camera->rotation[2], camera->distance - depth);
}
