/*
 * The network, the current positions of its nodes, and their projection into the image. Positions
 * are interpolated between the last two steps of the layout, so that nodes move smoothly even when
 * the layout is slow.
 */
#ifndef NET_DRAW_SCENE_H
#define NET_DRAW_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "camera.h"
#include "net/net.h"
#include "net/netstyle.h"

#define SCENE_NONE UINT32_MAX /* no node */

struct projected_node { /* in pixels from the top left */
    float x, y;
    float radius; /* 0: hidden, or not in front of the camera */
    float depth;
};

struct scene {
    struct net *net;  /* NULL: nothing to draw */
    struct net *next; /* a network without positions yet, or NULL */
    const struct netstyle_options *options;
    struct netstyle style;            /* of net */
    unsigned dimensions;              /* 2 or 3 */
    float *from;                      /* positions when the last step arrived, 3 per node */
    float *to;                        /* positions of the last step, 3 per node */
    float *at;                        /* current positions, 3 per node */
    float *growth;                    /* radius of each node, relative to one without edges */
    struct projected_node *projected; /* one per node */
    uint32_t *order;                  /* visible nodes in drawing order */
    uint32_t visible;                 /* length of order */
    uint32_t *few;                    /* a sample of the nodes, as by_degree; NULL: small network */
    uint32_t few_count, few_stride;   /* length of few; it has the ends of every nth edge */
    const uint32_t *list;             /* the nodes that are projected: by_degree or few */
    uint32_t listed;                  /* length of list */
    uint32_t *by_degree;              /* all nodes, highest degree first */
    uint32_t *scratch;                /* the output of sorting */
    uint16_t *key;                    /* the sort key of each node */
    struct bounding_sphere bounds;    /* of the network */
    float near, far;                  /* range of depths in front of the camera */
    uint64_t step_ns;                 /* time of the last step */
    uint64_t period_ns;               /* time between steps */
    uint64_t steps;
    struct { /* the state that projected belongs to */
        struct camera camera;
        uint64_t version;
        float scale;
    } shown;
    uint64_t version; /* changes with the network and with at */
    uint32_t held;    /* the node that is being dragged, or SCENE_NONE */
    float held_at[3]; /* its position */
    bool moving;      /* at has not reached to yet */
};

/* The options must live as long as the scene. */
void scene_init(struct scene *scene, const struct netstyle_options *options);
void scene_free(struct scene *scene);

/* Takes ownership of a network. It is shown once its positions arrive. Returns 0, or -1 with
 * ENOMEM. */
int scene_net(struct scene *scene, struct net *net);

/*
 * Takes a step of the layout: rows nodes of 2 or 3 dimensions. Values that aren't finite leave the
 * coordinate unchanged. Returns 1, 0 when the positions belong to another network, or -1 with
 * ENOMEM.
 */
int scene_positions(struct scene *scene, const float *data, uint32_t rows, unsigned dimensions,
                    uint64_t now, uint64_t frame_ns);

/* Moves nodes to their positions at a time. */
void scene_advance(struct scene *scene, uint64_t now);

/* Holds a node at a position until scene_drop. */
void scene_hold(struct scene *scene, uint32_t node, const float position[3]);
void scene_drop(struct scene *scene);

/* Sets list, projected, order, visible, near and far, unless nothing has changed. few: projects
 * only the sample of a large network, and these nodes unless they are SCENE_NONE. scale: image
 * pixels per CSS pixel. */
void scene_project(struct scene *scene, const struct camera *camera, float scale, bool few,
                   const uint32_t also[2]);

/* Returns the node at x, y or at most slack pixels from it, or SCENE_NONE. */
uint32_t scene_pick(const struct scene *scene, float x, float y, float slack);

#endif
