#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/netcolour.h"
#include "output.h"
#include "utf8.h"

enum { SIDE = 1000, MARGIN = 30, LABELS = 40, CANDIDATES = 400, LABEL_BYTES = 48 };

static const float font = 12, letter = 0.6f; /* size, and width of a letter relative to it */

struct box {
    float left, top, right, bottom;
};

struct picture {
    const struct output *o;
    float scale, left, top; /* of the positions: pixels per unit, and the corner */
    float width, height;
    float radius; /* of a node without edges */
    struct box labels[LABELS];
    unsigned label_count;
};

static float radius_of(const struct picture *p, uint32_t i)
{
    const struct output *o = p->o;
    return p->radius * (o->style->size ? 1 + 5 * sqrtf(o->style->size[i])
                                       : powf(1 + (float)o->net->degree[i], 0.36f));
}

static float x_of(const struct picture *p, uint32_t i)
{
    return MARGIN + (p->o->at[(size_t)i * p->o->dimensions] - p->left) * p->scale;
}

static float y_of(const struct picture *p, uint32_t i)
{
    return MARGIN + (p->top - p->o->at[(size_t)i * p->o->dimensions + 1]) * p->scale;
}

/* Fits the nodes that are shown into the picture. */
static void fit(struct picture *p)
{
    const struct output *o = p->o;
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    uint32_t shown = 0;
    for (uint32_t i = 0; i < o->net->nodes; i++) {
        if (!output_node(o, i))
            continue;
        shown++;
        for (unsigned k = 0; k < 2; k++) {
            float at = o->at[(size_t)i * o->dimensions + k];
            low[k] = fminf(low[k], at);
            high[k] = fmaxf(high[k], at);
        }
    }
    float wide = shown ? high[0] - low[0] : 0, tall = shown ? high[1] - low[1] : 0;
    float widest = fmaxf(wide, tall);
    p->scale = widest > 0 ? (SIDE - 2 * MARGIN) / widest : 0;
    p->left = shown ? low[0] : 0;
    p->top = shown ? high[1] : 0;
    p->width = 2 * MARGIN + wide * p->scale;
    p->height = 2 * MARGIN + tall * p->scale;
    p->radius = fminf(fmaxf(0.075f * sqrtf(p->width * p->height / (float)(shown + 1)), 0.5f), 5);
}

static void colour_of(const struct output *o, uint32_t node, uint8_t rgb[3])
{
    if (o->style->colour)
        memcpy(rgb, o->style->colour[node], 3);
    else
        netcolour_category(o->net->degree[node] ? o->net->community[node] : UINT32_MAX, rgb);
}

static void put_edges(const struct picture *p)
{
    const struct output *o = p->o;
    const struct netstyle *style = o->style;
    float opacity = fminf(fmaxf(1.4f * powf(120 / ((float)o->net->edges + 1), 0.3f), 0.08f), 0.55f);
    printf("<g stroke=\"#777777\" stroke-opacity=\"%.2f\" stroke-width=\"%.2f\">\n",
           (double)opacity, (double)fminf(1, p->radius));
    for (uint32_t e = 0; e < o->net->edges; e++) {
        uint32_t a = o->net->edge[2 * (size_t)e], b = o->net->edge[2 * (size_t)e + 1];
        if (!output_edge(o, e))
            continue;
        printf("<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"", (double)x_of(p, a),
               (double)y_of(p, a), (double)x_of(p, b), (double)y_of(p, b));
        if (style->edge_colour) {
            const uint8_t *c = style->edge_colour[e];
            printf(" stroke=\"#%02x%02x%02x\"", c[0], c[1], c[2]);
        }
        if (style->edge_width)
            printf(" stroke-width=\"%.2f\"", (double)(1 + 5 * style->edge_width[e]));
        puts("/>");
    }
    puts("</g>");
}

static void put_nodes(const struct picture *p, const uint32_t *by_degree)
{
    const struct output *o = p->o;
    puts("<g stroke=\"#000000\" stroke-opacity=\"0.4\" stroke-width=\"0.5\">");
    for (uint32_t k = o->net->nodes; k-- > 0;) { /* large nodes on top */
        uint32_t i = by_degree[k];
        char buffer[16];
        size_t bytes;
        uint8_t rgb[3];
        if (!output_node(o, i))
            continue;
        const char *name = output_name(o, i, buffer, &bytes);
        colour_of(o, i, rgb);
        printf("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"#%02x%02x%02x\"><title>",
               (double)x_of(p, i), (double)y_of(p, i), (double)radius_of(p, i), rgb[0], rgb[1],
               rgb[2]);
        output_xml(name, bytes);
        puts("</title></circle>");
    }
    puts("</g>");
}

/* Whether a label has room, which it then takes. */
static bool take_room(struct picture *p, struct box b)
{
    if (p->label_count == LABELS || b.left < 0 || b.top < 0 || b.right > p->width)
        return false;
    for (unsigned i = 0; i < p->label_count; i++) {
        const struct box *other = &p->labels[i];
        if (b.left < other->right && other->left < b.right && b.top < other->bottom &&
            other->top < b.bottom)
            return false;
    }
    p->labels[p->label_count++] = b;
    return true;
}

/* Labels of the nodes of the highest degrees, as far as there is room. */
static void put_labels(struct picture *p, const uint32_t *by_degree)
{
    const struct output *o = p->o;
    printf("<g font-family=\"sans-serif\" font-size=\"%g\" text-anchor=\"middle\" fill=\"#000000\" "
           "stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">\n",
           (double)font);
    for (uint32_t k = 0; k < o->net->nodes && k < CANDIDATES; k++) {
        uint32_t i = by_degree[k];
        char buffer[32];
        size_t bytes;
        if (!output_node(o, i))
            continue;
        const char *label = netstyle_label(o->style, i, buffer, &bytes);
        bytes = utf8_cut(label, bytes, LABEL_BYTES);
        float x = x_of(p, i), y = y_of(p, i) - radius_of(p, i) - 3;
        float half = letter * font * (float)bytes / 2;
        if (!bytes || !take_room(p, (struct box){x - half, y - font, x + half, y + 3}))
            continue;
        printf("<text x=\"%.2f\" y=\"%.2f\">", (double)x, (double)y);
        output_xml(label, bytes);
        puts("</text>");
    }
    puts("</g>");
}

/* The height of a legend with its distance to the next one. */
static float legend_height(const struct netstyle_legend *legend)
{
    return legend->count ? 1.5f * font * (float)(legend->count + 2) : 0;
}

static void put_legend(const struct netstyle_legend *legend, float y)
{
    for (unsigned i = 0; i <= legend->count && legend->count; i++) {
        const struct netstyle_row *row = i ? &legend->rows[i - 1] : NULL;
        const char *text = row ? row->text : legend->title;
        y += 1.5f * font;
        if (row)
            printf("<rect x=\"%d\" y=\"%.2f\" width=\"10\" height=\"10\" "
                   "fill=\"#%02x%02x%02x\"/>\n",
                   MARGIN, (double)(y - 10), row->rgb[0], row->rgb[1], row->rgb[2]);
        printf("<text x=\"%d\" y=\"%.2f\">", row ? MARGIN + 16 : MARGIN, (double)y);
        output_xml(text, strlen(text));
        puts("</text>");
    }
}

/* Sorts nodes by degree, the highest first: a counting sort. NULL: ENOMEM. */
static uint32_t *rank_by_degree(const struct net *net)
{
    enum { DEGREES = 1 << 16 };
    uint32_t *order = malloc(net->nodes * sizeof *order), *at = calloc(DEGREES + 1, sizeof *at);
    for (uint32_t i = 0; at && i < net->nodes; i++)
        at[DEGREES - (net->degree[i] < DEGREES ? net->degree[i] : DEGREES - 1)]++;
    for (uint32_t d = 1; at && d <= DEGREES; d++)
        at[d] += at[d - 1];
    for (uint32_t i = 0; order && at && i < net->nodes; i++)
        order[at[DEGREES - 1 - (net->degree[i] < DEGREES ? net->degree[i] : DEGREES - 1)]++] = i;
    free(at);
    if (!at) {
        free(order);
        return NULL;
    }
    return order;
}

int svg_print(const struct output *o)
{
    struct picture p = {.o = o};
    uint32_t *by_degree = rank_by_degree(o->net);
    if (!by_degree)
        return -1;
    fit(&p);
    float legends = legend_height(&o->style->legends[0]) + legend_height(&o->style->legends[1]);
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\">\n"
           "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
           (double)fmaxf(p.width, legends > 0 ? SIDE / 4 : 0), (double)(p.height + legends));
    put_edges(&p);
    put_nodes(&p, by_degree);
    put_labels(&p, by_degree);
    printf("<g font-family=\"sans-serif\" font-size=\"%g\">\n", (double)font);
    put_legend(&o->style->legends[0], p.height);
    put_legend(&o->style->legends[1], p.height + legend_height(&o->style->legends[0]));
    puts("</g>\n</svg>");
    free(by_degree);
    return 0;
}
