/* One picture of the scene as the viewers have it. */
#ifndef NET_DRAW_PICTURE_H
#define NET_DRAW_PICTURE_H

#include "dots.h"
#include "gl.h"
#include "labels.h"
#include "paint.h"
#include "scene.h"
#include "steer.h"

struct picture {
    struct gl *gl;
    struct labels *labels; /* NULL: there is no font */
    bool own_lines;        /* edges and small nodes are drawn by paint.c */
    const char *source;    /* the network's stream, to be named while there is none */

    struct paint paint;
    struct dots dots;
    struct { /* what paint shows */
        struct camera camera;
        uint64_t version;
        const struct theme *theme;
        uint32_t chosen, width, height, every;
        bool edges;
    } painted;
    double edge_ns;           /* what an edge takes to be painted */
    bool coarse;              /* paint has only some of the edges */
    uint32_t room;            /* nodes that there is memory for */
    struct gl_node *nodes;    /* as they are drawn */
    struct gl_end *ends;      /* of edges, by node */
    paint_ink *inks;          /* likewise */
    uint8_t (*colours)[4];    /* of each node; the fourth: how clearly it is seen, 255 is near */
    uint8_t *near;            /* 1: chosen, or next to that */
    const struct net *marked; /* whose near that is */
    uint32_t marked_for;
};

void picture_free(struct picture *picture);

/* The network was replaced. -1: ENOMEM. */
int picture_network(struct picture *picture, const struct net *net);

/*
 * Draws it; gl_read gives it. The scene was projected. hurry: where painting all edges would take
 * long, every second, fourth or eighth has to do, as strong as they would be together. -1: it can't
 * be so large, or ENOMEM.
 */
int picture_draw(struct picture *picture, const struct scene *scene, const struct steer *steer,
                 uint32_t width, uint32_t height, bool hurry);

#endif
