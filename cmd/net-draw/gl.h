/*
 * Offscreen OpenGL ES 3: EGL without a window, shaders, and readback into memory. All calls come
 * from one thread. Coordinates are pixels from the top left of the image.
 */
#ifndef NET_DRAW_GL_H
#define NET_DRAW_GL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "raster.h"
#include "theme.h"

struct gl;

struct gl_node {
    float x, y, radius;
    uint8_t rgba[4]; /* alpha 255: a shaded sphere; less: a glow of this strength */
};

struct gl_edge_end {
    float x, y, depth; /* depth < 0: behind the camera */
    uint8_t rgba[4];
};

/* A corner of a glyph's rectangle, or of a rectangle in one colour (u < 0). */
struct gl_glyph_corner {
    float x, y, u, v; /* u, v: pixels of the atlas */
    uint8_t rgba[4];
};

/* The side of the square glyph atlas, in pixels of one byte. */
enum { GL_ATLAS = 1024 };

/* Returns NULL, with one line in *why, when OpenGL ES 3 isn't available. The caller ends with
 * gl_free. */
struct gl *gl_new(const char **why);
void gl_free(struct gl *gl);

const char *gl_renderer(const struct gl *gl);
bool gl_software(const struct gl *gl); /* true without graphics hardware */
uint32_t gl_side_max(const struct gl *gl);

/*
 * Begins an image with the background and the raster. raster: NULL, or of the image's size; fresh:
 * its contents have changed; cover: the opacity of a single edge. Returns 0, or -1 when the size
 * isn't supported.
 */
int gl_begin(struct gl *gl, uint32_t width, uint32_t height, const struct theme *theme,
             const struct raster *raster, bool fresh, float cover);

/* Sets the edges of the network, two nodes each; gl_edges supplies positions and colours. */
void gl_network(struct gl *gl, const uint32_t *pairs, uint32_t edges);
void gl_edges(struct gl *gl, const struct gl_edge_end *ends, uint32_t nodes);
void gl_nodes(struct gl *gl, const struct gl_node *nodes, uint32_t count,
              const struct theme *theme);

/* Uploads rows low … high - 1 of the atlas. */
void gl_atlas(struct gl *gl, const uint8_t *atlas, uint32_t low, uint32_t high);

/* Draws rectangles of six corners each: two triangles. */
void gl_glyphs(struct gl *gl, const struct gl_glyph_corner *corners, uint32_t rectangles);

/* Copies the image: 4 bytes per pixel, the lowest row first. */
void gl_read(struct gl *gl, void *out);

#endif
