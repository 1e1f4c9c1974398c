/*
 * The network and where its nodes are now: between the layout's last step and the one before, so
 * that they move smoothly however slow the layout is. And where they are in the picture.
 */
#ifndef NET_DRAW_SCENE_H
#define NET_DRAW_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "camera.h"
#include "net/net.h"

#define SCENE_NONE UINT32_MAX /* no node */

struct spot { /* a node in the picture; pixels from the top left */
    float x, y;
    float radius; /* 0: it isn't in front of us */
    float depth;  /* how far in front of us */
};

struct scene {
    struct net *net;       /* NULL: nothing to draw */
    struct net *next;      /* its positions are still to come */
    unsigned dimensions;   /* 2 or 3 */
    float *from, *to, *at; /* 3 a node: the step before, the last step, now */
    float *growth;         /* of each node: its radius to that of one with no edge */
    struct spot *spots;    /* of each node */
    uint32_t *order;       /* nodes in sight, those to be drawn first first */
    uint32_t *by_degree;   /* nodes, most edges first */
    uint32_t *scratch;     /* of sorting, as key */
    uint16_t *key;
    uint32_t visible;            /* of order */
    struct ball whole;           /* all but what has strayed */
    float near, far;             /* depths of what is in sight */
    uint64_t came_ns, period_ns; /* the last step, and what is between two */
    uint64_t steps;
    uint64_t version; /* changes with at, and with the network */
    uint32_t held;    /* a node that is dragged, or SCENE_NONE */
    float held_at[3];
    bool moving; /* at isn't at to yet */
};

void scene_init(struct scene *scene);
void scene_free(struct scene *scene);

/* A network, which is the scene's from now on; shown when positions of its nodes come. -1: ENOMEM.
 */
int scene_net(struct scene *scene, struct net *net);

/*
 * Positions of rows nodes, dimensions (2 or 3) a row; what isn't finite stays where it was. 1 when
 * they are the network's and were taken, 0 when they belong to another. -1: ENOMEM.
 */
int scene_positions(struct scene *scene, const float *data, uint32_t rows, unsigned dimensions,
                    uint64_t now, uint64_t frame_ns);

/* Brings at to its time. */
void scene_advance(struct scene *scene, uint64_t now);

/* A node stays where the pointer has it, until scene_drop. */
void scene_hold(struct scene *scene, uint32_t node, const float place[3]);
void scene_drop(struct scene *scene);

/* Fills in spots, order, near and far. scale: pixels a CSS pixel. */
void scene_project(struct scene *scene, const struct camera *camera, float scale);

/* The node at x y, or at most slack pixels from it; SCENE_NONE. */
uint32_t scene_pick(const struct scene *scene, float x, float y, float slack);

#endif
