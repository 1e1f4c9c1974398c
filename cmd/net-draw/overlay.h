/* The text over the network: node names, details of the node under the pointer, help. */
#ifndef NET_DRAW_OVERLAY_H
#define NET_DRAW_OVERLAY_H

#include <stdint.h>
#include "gl.h"
#include "interaction.h"
#include "labels.h"
#include "scene.h"

struct overlay {
    struct labels *labels; /* NULL: no font, no text */
    const char *net_name;  /* the stream of the network, shown while there is none */
};

/* Draws the overlay of a projected scene. highlighted: 1 for each node whose name is shown while
 * another one is selected. */
void overlay_draw(struct overlay *overlay, struct gl *gl, const struct scene *scene,
                  const struct interaction *interaction, const uint8_t *highlighted, float width,
                  float height);

#endif
