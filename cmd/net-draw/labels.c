#include "labels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_GLYPH_H
#include FT_STROKER_H

enum {
    GLYPHS = 4096,     /* size of the hash table, a power of two; at most half of it is used */
    RECTANGLES = 4096, /* glyphs, halos and panels per image */
    LABELS = 128       /* labels per image */
};

struct glyph {
    uint32_t code, size;          /* size: 0 in an unused entry, odd for a halo */
    uint16_t x, y, width, height; /* in the atlas */
    int16_t left, top;
    float advance;
};

struct rect {
    float left, top, right, bottom;
};

struct labels {
    FT_Library library;
    FT_Face face;
    FT_Stroker stroker;
    struct glyph glyphs[GLYPHS];
    unsigned used;
    uint8_t atlas[GL_ATLAS * GL_ATLAS];
    uint32_t x, y;      /* position of the next glyph in the atlas */
    uint32_t shelf;     /* height of the current row of the atlas */
    uint32_t low, high; /* rows of the atlas that have changed */
    bool full;          /* no room left: the next image begins with an empty atlas */
    const struct theme *theme;
    float width, height;
    struct gl_glyph_corner corners[RECTANGLES * 6];
    uint32_t rectangles;
    struct rect occupied[LABELS];
    unsigned count;
};

struct labels *labels_new(const char *font, const char **why)
{
    struct labels *labels = calloc(1, sizeof *labels);
    *why = "out of memory";
    if (!labels)
        return NULL;
    if (FT_Init_FreeType(&labels->library))
        goto fail;
    *why = "not a readable font";
    if (FT_New_Face(labels->library, font, 0, &labels->face) || !FT_IS_SCALABLE(labels->face) ||
        FT_Stroker_New(labels->library, &labels->stroker))
        goto fail;
    return labels;
fail:
    labels_free(labels);
    return NULL;
}

void labels_free(struct labels *labels)
{
    if (!labels)
        return;
    if (labels->stroker)
        FT_Stroker_Done(labels->stroker);
    if (labels->face)
        FT_Done_Face(labels->face);
    if (labels->library)
        FT_Done_FreeType(labels->library);
    free(labels);
}

static void clear_atlas(struct labels *labels)
{
    memset(labels->glyphs, 0, sizeof labels->glyphs);
    memset(labels->atlas, 0, sizeof labels->atlas);
    labels->used = 0;
    labels->x = labels->y = labels->shelf = 0;
    labels->low = 0;
    labels->high = GL_ATLAS;
    labels->full = false;
}

void labels_begin(struct labels *labels, const struct theme *theme, float width, float height)
{
    if (labels->full)
        clear_atlas(labels);
    labels->theme = theme;
    labels->width = width;
    labels->height = height;
    labels->rectangles = 0;
    labels->count = 0;
}

/* Allocates room in the atlas. Returns false when it is full. */
static bool allocate_glyph(struct labels *labels, struct glyph *glyph)
{
    uint32_t width = glyph->width + 1u, height = glyph->height + 1u;
    if (labels->x + width > GL_ATLAS) {
        labels->x = 0;
        labels->y += labels->shelf;
        labels->shelf = 0;
    }
    if (width > GL_ATLAS || labels->y + height > GL_ATLAS)
        return false;
    glyph->x = (uint16_t)labels->x;
    glyph->y = (uint16_t)labels->y;
    labels->x += width;
    labels->shelf = height > labels->shelf ? height : labels->shelf;
    if (labels->high <= labels->low) {
        labels->low = glyph->y;
        labels->high = glyph->y + height;
    }
    labels->low = glyph->y < labels->low ? glyph->y : labels->low;
    labels->high = glyph->y + height > labels->high ? glyph->y + height : labels->high;
    return true;
}

static void copy_glyph(struct labels *labels, const struct glyph *glyph, const FT_Bitmap *bitmap)
{
    for (uint32_t row = 0; row < glyph->height; row++)
        memcpy(labels->atlas + (size_t)(glyph->y + row) * GL_ATLAS + glyph->x,
               bitmap->buffer + (ptrdiff_t)row * bitmap->pitch, glyph->width);
}

/* Renders a glyph into the atlas. A glyph that can't be rendered is blank and keeps its advance. */
static void render_glyph(struct labels *labels, struct glyph *glyph, unsigned pixels, bool halo)
{
    FT_Glyph outline = NULL;
    if (FT_Set_Pixel_Sizes(labels->face, 0, pixels) ||
        FT_Load_Char(labels->face, glyph->code, FT_LOAD_NO_BITMAP | FT_LOAD_TARGET_LIGHT))
        return;
    glyph->advance = (float)labels->face->glyph->advance.x / 64;
    if (labels->face->glyph->format != FT_GLYPH_FORMAT_OUTLINE ||
        FT_Get_Glyph(labels->face->glyph, &outline))
        return;
    FT_Stroker_Set(labels->stroker, (FT_Fixed)(pixels * 64 / 7), FT_STROKER_LINECAP_ROUND,
                   FT_STROKER_LINEJOIN_ROUND, 0);
    if ((!halo || !FT_Glyph_StrokeBorder(&outline, labels->stroker, 0, 1)) &&
        !FT_Glyph_To_Bitmap(&outline, FT_RENDER_MODE_NORMAL, NULL, 1)) {
        const FT_BitmapGlyph rendered = (FT_BitmapGlyph)outline;
        glyph->left = (int16_t)rendered->left;
        glyph->top = (int16_t)rendered->top;
        glyph->width = (uint16_t)rendered->bitmap.width;
        glyph->height = (uint16_t)rendered->bitmap.rows;
        if (glyph->width && allocate_glyph(labels, glyph)) {
            copy_glyph(labels, glyph, &rendered->bitmap);
        } else {
            labels->full = labels->full || glyph->width;
            glyph->width = glyph->height = 0;
        }
    }
    FT_Done_Glyph(outline);
}

static const struct glyph *find_glyph(struct labels *labels, uint32_t code, unsigned pixels,
                                      bool halo)
{
    static const struct glyph blank;
    uint32_t size = pixels * 2 + halo;
    uint32_t at = (code * 2654435761u ^ size * 40503u) % GLYPHS;
    while (labels->glyphs[at].size &&
           (labels->glyphs[at].code != code || labels->glyphs[at].size != size))
        at = (at + 1) % GLYPHS;
    struct glyph *glyph = &labels->glyphs[at];
    if (glyph->size)
        return glyph;
    if (labels->used == GLYPHS / 2) {
        labels->full = true;
        return &blank;
    }
    labels->used++;
    *glyph = (struct glyph){.code = code, .size = size};
    render_glyph(labels, glyph, pixels, halo);
    return glyph;
}

/* Decodes the next UTF-8 character. A truncated one yields U+FFFD. */
static uint32_t next_code(const char **text, const char *end)
{
    const unsigned char *s = (const unsigned char *)*text;
    unsigned more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
    uint32_t code = more ? s[0] & (0x3fu >> more) : s[0];
    if ((size_t)(end - *text) <= more)
        more = 0, code = 0xfffd;
    for (unsigned i = 1; i <= more; i++)
        code = code << 6 | (s[i] & 0x3fu);
    *text += more + 1;
    return code;
}

static unsigned clamp_size(unsigned size)
{
    return size < 6 ? 6 : size > LABELS_SIZE_MAX ? LABELS_SIZE_MAX : size;
}

float labels_width(struct labels *labels, const char *text, size_t bytes, unsigned size)
{
    float width = 0;
    for (const char *end = text + bytes; text < end;)
        width += find_glyph(labels, next_code(&text, end), clamp_size(size), false)->advance;
    return width;
}

static void add_rectangle(struct labels *labels, struct rect a, const struct rect *glyph,
                          const uint8_t rgb[3], uint8_t alpha)
{
    static const struct rect plain = {-1, -1, -1, -1};
    const struct rect *t = glyph ? glyph : &plain;
    if (labels->rectangles == RECTANGLES)
        return;
    struct gl_glyph_corner *c = labels->corners + (size_t)labels->rectangles++ * 6;
    const struct gl_glyph_corner corner[4] = {
        {a.left, a.top, t->left, t->top, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.right, a.top, t->right, t->top, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.left, a.bottom, t->left, t->bottom, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.right, a.bottom, t->right, t->bottom, {rgb[0], rgb[1], rgb[2], alpha}}};
    const int order[6] = {0, 2, 1, 1, 2, 3};
    for (int i = 0; i < 6; i++)
        c[i] = corner[order[i]];
}

static void add_glyphs(struct labels *labels, const char *text, size_t bytes, float x, float y,
                       unsigned size, bool halo)
{
    const uint8_t *rgb = halo ? labels->theme->halo : labels->theme->text;
    for (const char *end = text + bytes; text < end;) {
        uint32_t code = next_code(&text, end);
        const struct glyph *g = find_glyph(labels, code, size, halo);
        float left = floorf(x + 0.5f) + (float)g->left, top = floorf(y + 0.5f) - (float)g->top;
        struct rect to = {left, top, left + g->width, top + g->height};
        struct rect from = {g->x, g->y, (float)g->x + g->width, (float)g->y + g->height};
        if (g->width)
            add_rectangle(labels, to, &from, rgb, halo ? 215 : 255);
        x += find_glyph(labels, code, size, false)->advance;
    }
}

static bool overlap(const struct rect *a, const struct rect *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

bool labels_add(struct labels *labels, const char *text, size_t bytes, float x, float y,
                unsigned size)
{
    size = clamp_size(size);
    float width = labels_width(labels, text, bytes, size), padding = (float)size * 0.5f;
    float left = x - width / 2;
    struct rect rect = {left - padding, y - (float)size, left + width + padding, y + padding};
    if (labels->count == LABELS || rect.left < 0 || rect.top < 0 || rect.right > labels->width ||
        rect.bottom > labels->height)
        return false;
    for (unsigned i = 0; i < labels->count; i++)
        if (overlap(&rect, &labels->occupied[i]))
            return false;
    labels->occupied[labels->count++] = rect;
    add_glyphs(labels, text, bytes, left, y, size, true);
    add_glyphs(labels, text, bytes, left, y, size, false);
    return true;
}

static struct rect grown(struct rect a, float margin)
{
    return (struct rect){a.left - margin, a.top - margin, a.right + margin, a.bottom + margin};
}

/* Adds a rectangle with a frame. */
static void add_frame(struct labels *labels, struct rect rect)
{
    const struct theme *theme = labels->theme;
    add_rectangle(labels, grown(rect, 1), NULL, theme->line, theme->line[3]);
    add_rectangle(labels, rect, NULL, theme->panel, theme->panel[3]);
}

/* The start of an interval of this length after at, or before at where the limit is too close. */
static float beside(float at, float distance, float length, float limit)
{
    float begin = at + distance + length < limit - 2 ? at + distance : at - distance - length;
    return floorf(fmaxf(fminf(begin, limit - 2 - length), 2));
}

void labels_add_panel(struct labels *labels, const char *text, float x, float y, float distance,
                      unsigned size)
{
    float width = 0, line, padding;
    unsigned lines = 0;
    size = clamp_size(size);
    line = floorf((float)size * 1.4f);
    padding = floorf((float)size * 0.6f);
    for (const char *p = text; *p; lines++) {
        size_t bytes = strcspn(p, "\n");
        width = fmaxf(width, labels_width(labels, p, bytes, size));
        p += bytes + (p[bytes] == '\n');
    }
    width += 2 * padding;
    float height = line * (float)lines + padding;
    struct rect rect = {.left = beside(x, distance, width, labels->width),
                        .top = beside(y, distance, height, labels->height)};
    rect.right = rect.left + width;
    rect.bottom = rect.top + height;
    add_frame(labels, rect);
    float at = rect.top + padding * 0.35f + (float)size;
    for (const char *p = text; *p; at += line) {
        size_t bytes = strcspn(p, "\n");
        add_glyphs(labels, p, bytes, rect.left + padding, at, size, false);
        p += bytes + (p[bytes] == '\n');
    }
}

float labels_add_legend(struct labels *labels, const struct netstyle_legend *legend, float x,
                        float y, unsigned size)
{
    size = clamp_size(size);
    float line = floorf((float)size * 1.4f), padding = floorf((float)size * 0.6f);
    float swatch = (float)size * 0.7f, indent = swatch + padding;
    float width = labels_width(labels, legend->title, strlen(legend->title), size);
    for (unsigned i = 0; i < legend->count; i++)
        width = fmaxf(width, indent + labels_width(labels, legend->rows[i].text,
                                                   strlen(legend->rows[i].text), size));
    float height = line * (float)(legend->count + 1) + padding;
    struct rect rect = {floorf(x), floorf(y - height), floorf(x + width + 2 * padding), floorf(y)};
    add_frame(labels, rect);
    float at = rect.top + padding * 0.35f + (float)size, left = rect.left + padding;
    add_glyphs(labels, legend->title, strlen(legend->title), left, at, size, false);
    for (unsigned i = 0; i < legend->count; i++) {
        const struct netstyle_row *row = &legend->rows[i];
        at += line;
        struct rect box = {left, floorf(at - swatch), left + floorf(swatch), floorf(at)};
        add_rectangle(labels, box, NULL, row->rgb, 255);
        add_glyphs(labels, row->text, strlen(row->text), left + indent, at, size, false);
    }
    return rect.top;
}

void labels_draw(struct labels *labels, struct gl *gl)
{
    if (labels->high > labels->low)
        gl_atlas(gl, labels->atlas, labels->low, labels->high);
    labels->low = labels->high = 0;
    gl_glyphs(gl, labels->corners, labels->rectangles);
}
