/* Renders the scene as the viewers see it. */
#ifndef NET_DRAW_RENDERER_H
#define NET_DRAW_RENDERER_H

#include "gl.h"
#include "interaction.h"
#include "overlay.h"
#include "raster.h"
#include "scene.h"
#include "sprites.h"

struct renderer {
    struct gl *gl;
    struct overlay overlay;
    bool rasterize; /* draw edges and small nodes in software */

    struct raster raster;
    struct sprites sprites;
    struct { /* the state that raster shows */
        struct camera camera;
        uint64_t version;
        const struct theme *theme;
        uint32_t selected, width, height;
        bool edges;
        uint32_t stride; /* 1: all edges; n: every nth; 0: the raster is invalid */
    } rasterized;
    double edge_ns; /* average time to rasterize an edge */
    bool coarse;    /* the image has only some of the nodes or edges */

    uint32_t capacity;        /* of the arrays, in nodes */
    struct gl_node *nodes;    /* in drawing order */
    struct gl_edge_end *ends; /* of each node */
    raster_pixel *inks;       /* of each node */
    uint8_t (*colours)[4];    /* of each node; alpha is 255 at the front and less in the fog */
    uint8_t *highlighted;     /* of each node: 1 if selected, or a neighbour of that node */
    const struct net *marked; /* the network that highlighted refers to */
    uint32_t marked_for;      /* the selected node that highlighted refers to */
};

void renderer_free(struct renderer *renderer);

/* Adapts to a new network. Returns 0, or -1 with ENOMEM. */
int renderer_network(struct renderer *renderer, const struct net *net);

/*
 * Levels of detail. RENDERER_MOST: where all edges would take too long to rasterize, every second,
 * fourth or eighth one, stronger by that factor. RENDERER_FEW: of a large network only the sample.
 */
enum renderer_detail { RENDERER_ALL, RENDERER_MOST, RENDERER_FEW };

/* Whether an image of this scene and camera should have the sample only: the raster shows another
 * state, or the sample. */
bool renderer_wants_few(const struct renderer *renderer, const struct scene *scene,
                        const struct interaction *interaction);

/* Draws a scene that was projected for this detail; gl_read returns the image. Returns 0, or -1
 * when the size isn't supported or memory is short. */
int renderer_draw(struct renderer *renderer, const struct scene *scene,
                  const struct interaction *interaction, uint32_t width, uint32_t height,
                  enum renderer_detail detail);

#endif
