/* The GLSL sources of net-draw's programs. gl.c sets their attributes and uniforms. */
#ifndef NET_DRAW_SHADERS_H
#define NET_DRAW_SHADERS_H

enum { SHADERS_BACKGROUND, SHADERS_LINE, SHADERS_NODE, SHADERS_GLYPH, SHADERS_COUNT };

extern const char *const shaders_vertex[SHADERS_COUNT];
extern const char *const shaders_fragment[SHADERS_COUNT];

#endif
