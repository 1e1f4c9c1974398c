/* Colour themes. */
#ifndef NET_DRAW_THEME_H
#define NET_DRAW_THEME_H

#include <stdint.h>

enum { THEME_HUES = 16 };

struct theme {
    const char *name;
    float middle[3], rim[3];    /* the background in the middle and at its corners */
    uint8_t hue[THEME_HUES][3]; /* of communities, largest first */
    uint8_t isolated[3];        /* of nodes without edges */
    uint8_t text[3], halo[3];   /* of labels and their halos */
    uint8_t panel[4], line[4];  /* of the panels and their frames */
    float ink;                  /* opacity of edges, relative to the dark theme */
    float shade;                /* darkness of the unlit side of a node, 0 … 1 */
};

/* Returns NULL when there is no theme of this name. */
const struct theme *theme_find(const char *name);
const struct theme *theme_other(const struct theme *theme);

#endif
