#include "camera.h"
#include <math.h>
#include <string.h>

#define HALF_VIEW 0.4142136f /* tan of half of the angle of view, 45 degrees */

static void upright(float turn[3][3])
{
    memset(turn, 0, 9 * sizeof turn[0][0]);
    turn[0][0] = turn[1][1] = turn[2][2] = 1;
}

void camera_reset(struct camera *camera, bool flat)
{
    float width = camera->width, height = camera->height;
    *camera = (struct camera){.distance = 3, .flat = flat, .flatness = flat, .follow = true};
    upright(camera->turn);
    camera_size(camera, width, height);
}

void camera_size(struct camera *camera, float width, float height)
{
    camera->width = width;
    camera->height = height;
    camera->focus = fminf(width, height) / 2 / HALF_VIEW;
}

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void add(float to[3], const float from[3], float times)
{
    for (int i = 0; i < 3; i++)
        to[i] += from[i] * times;
}

/* Three axes at right angles again, whatever rounding and mixing did to them. */
static void straighten(float turn[3][3])
{
    float length = sqrtf(dot(turn[2], turn[2]));
    for (int i = 0; i < 3; i++)
        turn[2][i] /= length;
    add(turn[1], turn[2], -dot(turn[1], turn[2]));
    length = sqrtf(dot(turn[1], turn[1]));
    for (int i = 0; i < 3; i++)
        turn[1][i] /= length;
    for (int i = 0; i < 3; i++) /* right = up × towards us */
        turn[0][i] = turn[1][(i + 1) % 3] * turn[2][(i + 2) % 3] -
                     turn[1][(i + 2) % 3] * turn[2][(i + 1) % 3];
}

/* Row a of the axes towards row b, by an angle. */
static void turn_rows(float turn[3][3], int a, int b, float angle)
{
    float c = cosf(angle), s = sinf(angle);
    for (int i = 0; i < 3; i++) {
        float x = turn[a][i], y = turn[b][i];
        turn[a][i] = c * x - s * y;
        turn[b][i] = s * x + c * y;
    }
}

void camera_orbit(struct camera *camera, float dx, float dy)
{
    float per_pixel = 3.1415927f / fminf(camera->width, camera->height);
    camera->going = camera->follow = false;
    turn_rows(camera->turn, 0, 2, -dx * per_pixel);
    turn_rows(camera->turn, 1, 2, dy * per_pixel);
    straighten(camera->turn);
}

void camera_pan(struct camera *camera, float dx, float dy)
{
    float per_pixel = camera->distance / camera->focus;
    camera->going = camera->follow = false;
    add(camera->centre, camera->turn[0], -dx * per_pixel);
    add(camera->centre, camera->turn[1], dy * per_pixel);
}

void camera_zoom(struct camera *camera, float x, float y, float factor, const struct ball *whole)
{
    float at[3], nearest = whole->radius / 2000, farthest = whole->radius * 40;
    float distance = fminf(fmaxf(camera->distance * factor, nearest), farthest);
    camera_place(camera, x, y, camera->distance, at);
    factor = distance / camera->distance;
    for (int i = 0; i < 3; i++)
        camera->centre[i] = at[i] + (camera->centre[i] - at[i]) * factor;
    camera->distance = distance;
    camera->going = camera->follow = false;
}

float camera_fit(const struct ball *ball)
{
    return ball->radius / HALF_VIEW * 1.05f;
}

void camera_go(struct camera *camera, const struct ball *goal)
{
    camera->goal = *goal;
    camera->going = true;
}

/* How much of the way is gone in this time. */
static float part(float seconds, float rate)
{
    return 1 - expf(-seconds * rate);
}

static bool step_flat(struct camera *camera, float seconds)
{
    float wanted = camera->flat, some = part(seconds, 9);
    float off = fabsf(camera->flatness - wanted);
    if (camera->flat) {
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                off += fabsf(camera->turn[i][j] - (i == j));
                camera->turn[i][j] += ((i == j) - camera->turn[i][j]) * some;
            }
        if (camera->turn[2][2] < 0.05f) /* seen from behind: there is no way through the middle */
            turn_rows(camera->turn, 0, 2, 0.3f);
        straighten(camera->turn);
    }
    camera->flatness += (wanted - camera->flatness) * some;
    if (off > 0.004f)
        return true;
    camera->flatness = wanted;
    if (camera->flat)
        upright(camera->turn);
    return false;
}

static bool step_goal(struct camera *camera, float seconds, const struct ball *whole)
{
    if (camera->follow)
        camera_go(camera, whole);
    if (!camera->going)
        return false;
    float some = part(seconds, 6), distance = camera_fit(&camera->goal);
    float off = fabsf(camera->distance - distance);
    for (int i = 0; i < 3; i++) {
        float left = camera->goal.centre[i] - camera->centre[i];
        off += fabsf(left);
        camera->centre[i] += left * some;
    }
    camera->distance += (distance - camera->distance) * some;
    camera->going = off > distance * 0.003f;
    return camera->going;
}

bool camera_step(struct camera *camera, float seconds, const struct ball *whole)
{
    bool turning = step_flat(camera, seconds);
    return step_goal(camera, seconds, whole) || turning;
}

void camera_project(const struct camera *camera, const float place[3], float out[3])
{
    float thin = 1 - camera->flatness;
    float p[3] = {place[0] - camera->centre[0], place[1] - camera->centre[1],
                  place[2] * thin - camera->centre[2] * thin};
    float depth = camera->distance - dot(camera->turn[2], p);
    depth = depth != 0 ? depth : 1e-20f;
    float scale = camera->focus / depth;
    out[0] = camera->width / 2 + dot(camera->turn[0], p) * scale;
    out[1] = camera->height / 2 - dot(camera->turn[1], p) * scale;
    out[2] = depth;
}

void camera_place(const struct camera *camera, float x, float y, float depth, float out[3])
{
    float scale = depth / camera->focus;
    memcpy(out, camera->centre, sizeof camera->centre);
    add(out, camera->turn[0], (x - camera->width / 2) * scale);
    add(out, camera->turn[1], (camera->height / 2 - y) * scale);
    add(out, camera->turn[2], camera->distance - depth);
}
