/* Turns the events of the viewers into changes of the view, and into events for the layout. */
#ifndef NET_DRAW_INTERACTION_H
#define NET_DRAW_INTERACTION_H

#include <stdbool.h>
#include <stdint.h>
#include "camera.h"
#include "events.h"
#include "scene.h"
#include "theme.h"

enum interaction_drag { INTERACTION_IDLE, INTERACTION_ORBIT, INTERACTION_PAN, INTERACTION_NODE };

enum { INTERACTION_EVENTS = 8, INTERACTION_TEXT = 64 };

/* Events that are to be sent, oldest first. */
struct event_queue {
    struct event events[INTERACTION_EVENTS];
    unsigned pending; /* number of events */
};

struct interaction {
    struct camera camera;
    struct scene *scene;
    const struct theme *theme;
    float scale; /* image pixels per CSS pixel */
    bool labels, edges, paused, help;
    bool started; /* the camera was placed for the first network */

    float x, y;        /* position of the pointer that moved last */
    bool inside;       /* that pointer is over the image */
    uint32_t hover;    /* the node under it, or SCENE_NONE */
    uint32_t selected; /* the node whose neighbours are highlighted, or SCENE_NONE */

    enum interaction_drag drag;       /* the effect of the pressed pointer */
    uint32_t viewer, pointer, button; /* its identity */
    float down_x, down_y;             /* where it was pressed */
    bool moved;                       /* too far for a click */
    uint32_t node;                    /* the node that was pressed, or SCENE_NONE */
    float offset_x, offset_y;         /* from the pointer to that node */
    float depth;                      /* of that node */

    uint32_t width, height; /* of the viewer's window; 0: unknown */
    float ratio;            /* device pixels per CSS pixel */

    bool searching;                /* keys are written to search */
    char search[INTERACTION_TEXT]; /* the name that is searched for */
    bool not_found;                /* no node has that name */

    struct event_queue to_layout, to_view;
};

void interaction_init(struct interaction *interaction, struct scene *scene,
                      const struct theme *theme);

/* Handles an event. Returns true when it changes the image. */
bool interaction_event(struct interaction *interaction, const struct event *event);

/* Adapts to a new network: discards references to nodes that no longer exist. */
void interaction_network(struct interaction *interaction);

/* Updates hover after scene_project. Returns true when it has changed. */
bool interaction_hover(struct interaction *interaction);

#endif
