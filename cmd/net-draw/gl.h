/*
 * OpenGL ES 3 without a window: EGL, shaders, and a picture that is read into memory. All of it is
 * called by one thread. Places are pixels from the top left of the picture.
 */
#ifndef NET_DRAW_GL_H
#define NET_DRAW_GL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "paint.h"
#include "theme.h"

struct gl;

struct gl_node {
    float x, y, radius;
    uint8_t rgba[4]; /* 255: a ball; less: a light of this strength */
};

struct gl_end { /* of an edge; it may be behind us, at a depth < 0 */
    float x, y, depth;
    uint8_t rgba[4];
};

struct gl_corner {    /* of a letter's box, or of anything that has one colour: u < 0 */
    float x, y, u, v; /* u, v: pixels of the atlas */
    uint8_t rgba[4];
};

/* Sides of the atlas of letters, in pixels of a byte each. */
enum { GL_ATLAS = 1024 };

/* NULL, and *why in one line: there is no OpenGL ES 3. The caller ends with gl_free. */
struct gl *gl_new(const char **why);
void gl_free(struct gl *gl);

const char *gl_renderer(const struct gl *gl);
bool gl_software(const struct gl *gl); /* no graphics hardware */
uint32_t gl_side_max(const struct gl *gl);

/* A picture of this size, with the background and what was painted. paint: NULL, or as large;
 * fresh: it has changed; one edge covers this part of what is behind it. -1: it can't be so large.
 */
int gl_begin(struct gl *gl, uint32_t width, uint32_t height, const struct theme *theme,
             const struct paint *paint, bool fresh, float cover);

/* The edges of a network, two nodes each; the ends' places and colours come with gl_edges. */
void gl_network(struct gl *gl, const uint32_t *pairs, uint32_t edges);
void gl_edges(struct gl *gl, const struct gl_end *ends, uint32_t nodes);
void gl_nodes(struct gl *gl, const struct gl_node *nodes, uint32_t count,
              const struct theme *theme);

/* Rows low … high - 1 of the atlas have changed. */
void gl_atlas(struct gl *gl, const uint8_t *atlas, uint32_t low, uint32_t high);
void gl_letters(struct gl *gl, const struct gl_corner *corners, uint32_t boxes);

/* The picture, 4 bytes a pixel, the lowest row first. */
void gl_read(struct gl *gl, void *out);

#endif
