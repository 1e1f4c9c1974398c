/* Colours: all of them stand in theme.c. */
#ifndef NET_DRAW_THEME_H
#define NET_DRAW_THEME_H

#include <stdint.h>

enum { THEME_HUES = 16 };

struct theme {
    const char *name;
    float middle[3], rim[3];    /* the background, where it is looked at and at its corners */
    uint8_t hue[THEME_HUES][3]; /* of communities, the largest first */
    uint8_t alone[3];           /* of nodes without an edge */
    uint8_t text[3], halo[3];   /* of labels, and what is around their letters */
    uint8_t panel[4], line[4];  /* behind the text that belongs to the pointer, and around that */
    float ink;                  /* how dark one edge is, to that of the other theme */
    float shade;                /* how dark the far side of a node is, 0 … 1 */
};

/* NULL: no such theme. */
const struct theme *theme_of(const char *name);
const struct theme *theme_other(const struct theme *theme);

#endif
