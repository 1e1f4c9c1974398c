/*
 * Text: FreeType renders glyphs into an atlas, and labels place them in the image. Each glyph of a
 * label has a halo, which keeps it readable over any background.
 */
#ifndef NET_DRAW_LABELS_H
#define NET_DRAW_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gl.h"
#include "net/netstyle.h"

struct labels;

enum { LABELS_SIZE_MAX = 64 }; /* the largest font size, in pixels */

/* Returns NULL, with one line in *why, when the font can't be read. The caller ends with
 * labels_free. */
struct labels *labels_new(const char *font, const char **why);
void labels_free(struct labels *labels); /* NULL is allowed */

/* Begins an image without labels. */
void labels_begin(struct labels *labels, const struct theme *theme, float width, float height);

/* Returns the width of a UTF-8 text in pixels. */
float labels_width(struct labels *labels, const char *text, size_t bytes, unsigned size);

/*
 * Adds a label, centred at x with its baseline at y. Returns false when it would overlap another
 * label or the border of the image.
 */
bool labels_add(struct labels *labels, const char *text, size_t bytes, float x, float y,
                unsigned size);

/* Adds a panel with lines of text, separated by \n, at a distance from x, y. It hides whatever is
 * below it. */
void labels_add_panel(struct labels *labels, const char *text, float x, float y, float distance,
                      unsigned size);

/* Adds a panel with the meaning of colours; x, y is its bottom left. Returns its top. */
float labels_add_legend(struct labels *labels, const struct netstyle_legend *legend, float x,
                        float y, unsigned size);

void labels_draw(struct labels *labels, struct gl *gl);

#endif
