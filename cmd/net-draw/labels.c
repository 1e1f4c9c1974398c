#include "labels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_GLYPH_H
#include FT_STROKER_H

enum {
    GLYPHS = 4096, /* a power of two; half of them are used at most */
    BOXES = 4096,  /* letters, halos and panels in a picture */
    PLACES = 128   /* labels in a picture */
};

struct glyph {
    uint32_t code, size;          /* size 0: not in use; odd: a halo */
    uint16_t x, y, width, height; /* in the atlas */
    int16_t left, top;
    float advance;
};

struct area {
    float left, top, right, bottom;
};

struct labels {
    FT_Library library;
    FT_Face face;
    FT_Stroker stroker;
    struct glyph glyphs[GLYPHS];
    unsigned used;
    uint8_t atlas[GL_ATLAS * GL_ATLAS];
    uint32_t x, y, shelf; /* where the next glyph goes, and how high this row is */
    uint32_t low, high;   /* rows that have changed */
    bool full;            /* begins anew with the next picture */
    const struct theme *theme;
    float width, height;
    struct gl_corner corners[BOXES * 6];
    uint32_t boxes;
    struct area taken[PLACES];
    unsigned places;
};

struct labels *labels_new(const char *font, const char **why)
{
    struct labels *labels = calloc(1, sizeof *labels);
    *why = "out of memory";
    if (!labels)
        return NULL;
    if (FT_Init_FreeType(&labels->library))
        goto fail;
    *why = "can't be read as a font";
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

static void forget_glyphs(struct labels *labels)
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
        forget_glyphs(labels);
    labels->theme = theme;
    labels->width = width;
    labels->height = height;
    labels->boxes = 0;
    labels->places = 0;
}

/* Room in the atlas. false: there is none. */
static bool place_glyph(struct labels *labels, struct glyph *glyph)
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

/* Draws a glyph into the atlas. What can't be drawn is as wide as it is, and empty. */
static void draw_glyph(struct labels *labels, struct glyph *glyph, unsigned pixels, bool halo)
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
        const FT_BitmapGlyph drawn = (FT_BitmapGlyph)outline;
        glyph->left = (int16_t)drawn->left;
        glyph->top = (int16_t)drawn->top;
        glyph->width = (uint16_t)drawn->bitmap.width;
        glyph->height = (uint16_t)drawn->bitmap.rows;
        if (glyph->width && place_glyph(labels, glyph)) {
            copy_glyph(labels, glyph, &drawn->bitmap);
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
    static const struct glyph nothing;
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
        return &nothing;
    }
    labels->used++;
    *glyph = (struct glyph){.code = code, .size = size};
    draw_glyph(labels, glyph, pixels, halo);
    return glyph;
}

/* The next character of UTF-8; what isn't is one of its own. */
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

static unsigned sound_size(unsigned size)
{
    return size < 6 ? 6 : size > LABELS_SIZE_MAX ? LABELS_SIZE_MAX : size;
}

float labels_width(struct labels *labels, const char *text, size_t bytes, unsigned size)
{
    float width = 0;
    for (const char *end = text + bytes; text < end;)
        width += find_glyph(labels, next_code(&text, end), sound_size(size), false)->advance;
    return width;
}

static void put_box(struct labels *labels, struct area a, const struct area *letter,
                    const uint8_t rgb[3], uint8_t alpha)
{
    static const struct area plain = {-1, -1, -1, -1};
    const struct area *t = letter ? letter : &plain;
    if (labels->boxes == BOXES)
        return;
    struct gl_corner *c = labels->corners + (size_t)labels->boxes++ * 6;
    const struct gl_corner corner[4] = {
        {a.left, a.top, t->left, t->top, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.right, a.top, t->right, t->top, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.left, a.bottom, t->left, t->bottom, {rgb[0], rgb[1], rgb[2], alpha}},
        {a.right, a.bottom, t->right, t->bottom, {rgb[0], rgb[1], rgb[2], alpha}}};
    const int which[6] = {0, 2, 1, 1, 2, 3};
    for (int i = 0; i < 6; i++)
        c[i] = corner[which[i]];
}

static void put_letters(struct labels *labels, const char *text, size_t bytes, float x, float y,
                        unsigned size, bool halo)
{
    const uint8_t *rgb = halo ? labels->theme->halo : labels->theme->text;
    for (const char *end = text + bytes; text < end;) {
        uint32_t code = next_code(&text, end);
        const struct glyph *g = find_glyph(labels, code, size, halo);
        float left = floorf(x + 0.5f) + (float)g->left, top = floorf(y + 0.5f) - (float)g->top;
        struct area to = {left, top, left + g->width, top + g->height};
        struct area from = {g->x, g->y, (float)g->x + g->width, (float)g->y + g->height};
        if (g->width)
            put_box(labels, to, &from, rgb, halo ? 215 : 255);
        x += find_glyph(labels, code, size, false)->advance;
    }
}

static bool overlap(const struct area *a, const struct area *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

bool labels_put(struct labels *labels, const char *text, size_t bytes, float x, float y,
                unsigned size)
{
    size = sound_size(size);
    float width = labels_width(labels, text, bytes, size), air = (float)size * 0.5f;
    float left = x - width / 2;
    struct area area = {left - air, y - (float)size, left + width + air, y + air};
    if (labels->places == PLACES || area.left < 0 || area.top < 0 || area.right > labels->width ||
        area.bottom > labels->height)
        return false;
    for (unsigned i = 0; i < labels->places; i++)
        if (overlap(&area, &labels->taken[i]))
            return false;
    labels->taken[labels->places++] = area;
    put_letters(labels, text, bytes, left, y, size, true);
    put_letters(labels, text, bytes, left, y, size, false);
    return true;
}

static struct area grown(struct area a, float by)
{
    return (struct area){a.left - by, a.top - by, a.right + by, a.bottom + by};
}

/* Where it begins that is so long: away from at, in front of it where there is no room behind. */
static float beside(float at, float away, float length, float limit)
{
    float begin = at + away + length < limit - 2 ? at + away : at - away - length;
    return floorf(fmaxf(fminf(begin, limit - 2 - length), 2));
}

void labels_panel(struct labels *labels, const char *text, float x, float y, float away,
                  unsigned size)
{
    const struct theme *theme = labels->theme;
    float width = 0, line, air;
    unsigned lines = 0;
    size = sound_size(size);
    line = floorf((float)size * 1.4f);
    air = floorf((float)size * 0.6f);
    for (const char *p = text; *p; lines++) {
        size_t bytes = strcspn(p, "\n");
        width = fmaxf(width, labels_width(labels, p, bytes, size));
        p += bytes + (p[bytes] == '\n');
    }
    width += 2 * air;
    float height = line * (float)lines + air;
    struct area area = {.left = beside(x, away, width, labels->width),
                        .top = beside(y, away, height, labels->height)};
    area.right = area.left + width;
    area.bottom = area.top + height;
    put_box(labels, grown(area, 1), NULL, theme->line, theme->line[3]);
    put_box(labels, area, NULL, theme->panel, theme->panel[3]);
    float at = area.top + air * 0.35f + (float)size;
    for (const char *p = text; *p; at += line) {
        size_t bytes = strcspn(p, "\n");
        put_letters(labels, p, bytes, area.left + air, at, size, false);
        p += bytes + (p[bytes] == '\n');
    }
}

void labels_draw(struct labels *labels, struct gl *gl)
{
    if (labels->high > labels->low)
        gl_atlas(gl, labels->atlas, labels->low, labels->high);
    labels->low = labels->high = 0;
    gl_letters(gl, labels->corners, labels->boxes);
}
