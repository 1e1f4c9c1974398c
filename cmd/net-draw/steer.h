/* What the viewers do, turned into what is seen, and into events for who lays the network out. */
#ifndef NET_DRAW_STEER_H
#define NET_DRAW_STEER_H

#include <stdbool.h>
#include <stdint.h>
#include "camera.h"
#include "events.h"
#include "scene.h"
#include "theme.h"

enum steer_hand { STEER_FREE, STEER_ORBIT, STEER_PAN, STEER_NODE };

enum { STEER_OUT = 8 };

struct steer {
    struct camera camera;
    struct scene *scene;
    const struct theme *theme;
    float scale; /* pixels of the picture a CSS pixel */
    bool labels, edges, paused, help;
    bool started; /* dimensions of the network are known */

    float x, y; /* the pointer that moved last */
    bool inside;
    uint32_t hover, chosen; /* nodes, or SCENE_NONE */

    enum steer_hand hand; /* what a pointer that is down does */
    uint32_t viewer, pointer, button;
    float down_x, down_y;
    bool moved;                /* far enough to be no click */
    uint32_t node;             /* under it */
    float off_x, off_y, depth; /* of the node from it */

    uint32_t width, height; /* that the viewer would like, 0: not told */
    float ratio;

    struct event out[STEER_OUT]; /* for the layout, oldest first */
    unsigned outs;
};

void steer_init(struct steer *steer, struct scene *scene, const struct theme *theme);

/* true: it changes what is seen. */
bool steer_event(struct steer *steer, const struct event *event);

/* The network has changed: nodes of the last one are forgotten. */
void steer_network(struct steer *steer);

/* Which node the pointer is on, after scene_project. true: another one than before. */
bool steer_hover(struct steer *steer);

#endif
