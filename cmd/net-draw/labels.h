/*
 * Text: letters of a font as FreeType draws them, kept in an atlas, and put into the picture as
 * boxes. A letter is dark or light with a halo around it, so that it is read over whatever is
 * behind.
 */
#ifndef NET_DRAW_LABELS_H
#define NET_DRAW_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gl.h"

struct labels;

enum { LABELS_SIZE_MAX = 64 }; /* pixels of a letter's body */

/* NULL, and *why in one line: the font can't be read. The caller ends with labels_free. */
struct labels *labels_new(const char *font, const char **why);
void labels_free(struct labels *labels); /* NULL is allowed */

/* A new picture: nothing is in it. */
void labels_begin(struct labels *labels, const struct theme *theme, float width, float height);

/* How wide a text is: UTF-8, size in pixels. */
float labels_width(struct labels *labels, const char *text, size_t bytes, unsigned size);

/*
 * Puts it with its middle above x y, y the line it stands on; not over one that was put before, nor
 * beyond the picture. false: it has no place there.
 */
bool labels_put(struct labels *labels, const char *text, size_t bytes, float x, float y,
                unsigned size);

/* Lines of text (\n between them) in a panel so far away from x y, over whatever is there. */
void labels_panel(struct labels *labels, const char *text, float x, float y, float away,
                  unsigned size);

void labels_draw(struct labels *labels, struct gl *gl);

#endif
