#include "net/netstyle.h"
#include "net/netcolour.h"
#include "net/netparts.h"
#include "utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const map_names[NETSTYLE_MAPS] = {"colour", "size", "label", "edge-colour",
                                                     "edge-width"};

const char *netstyle_add_map(struct netstyle_options *options, const char *text)
{
    for (unsigned m = 0; m < NETSTYLE_MAPS; m++) {
        size_t n = strlen(map_names[m]);
        if (strncmp(text, map_names[m], n) != 0 || text[n] != '=' || !text[n + 1])
            continue;
        options->map[m] = text + n + 1;
        return NULL;
    }
    return "must be colour, size, label, edge-colour or edge-width, = and an attribute";
}

const char *netstyle_add_hide(struct netstyle_options *options, const char *text)
{
    static const char *const operators[] = {"<=", ">=", "!=", "<", ">", "="};
    size_t name = strcspn(text, "<>=!");
    if (options->hides == NETSTYLE_HIDES)
        return "more than 16 conditions";
    for (unsigned i = 0; name && i < sizeof operators / sizeof operators[0]; i++) {
        size_t n = strlen(operators[i]);
        if (strncmp(text + name, operators[i], n) != 0)
            continue;
        struct netstyle_hide *h = &options->hide[options->hides++];
        *h = (struct netstyle_hide){.text = text, .name_bytes = name, .value = text + name + n};
        memcpy(h->operator, operators[i], n);
        return NULL;
    }
    return "must be an attribute, one of < <= > >= = != and a value";
}

bool netstyle_edges(const struct netstyle_options *options)
{
    return options->map[NETSTYLE_EDGE_COLOUR] || options->map[NETSTYLE_EDGE_WIDTH] ||
           options->hides;
}

static uint32_t items(const struct net *net, bool of_edges)
{
    return of_edges ? net->edges : net->nodes;
}

/* Computes degree, community, part or weight. false: the name is none of them. */
static bool compute(const struct net *net, bool of_edges, const char *name, double *out)
{
    uint32_t *part = NULL;
    bool degree = !of_edges && !strcmp(name, "degree"),
         community = !of_edges && !strcmp(name, "community"),
         parts = !of_edges && !strcmp(name, "part"), weight = of_edges && !strcmp(name, "weight");
    if (parts)
        part = netparts_find(net);
    for (uint32_t i = 0; i < items(net, of_edges); i++)
        out[i] = degree      ? net->degree[i]
                 : community ? net->community[i] + 1
                 : part      ? part[i] + 1
                 : weight    ? (net->weight ? (double)net->weight[i] : 1)
                             : (double)NAN;
    free(part);
    return degree || community || part || weight;
}

/* Finds an attribute of the network, or computes it into *computed, which the caller frees. 1; 0:
 * there is none; -1 with ENOMEM. */
static int find(const struct net *net, bool of_edges, const char *name, struct net_attribute *out,
                double **computed)
{
    const struct net_attribute *has = net_attribute(net, of_edges, name);
    *computed = NULL;
    if (has) {
        *out = *has;
        return 1;
    }
    *computed = malloc((items(net, of_edges) + 1) * sizeof **computed);
    if (!*computed)
        return -1;
    *out = (struct net_attribute){.of_edges = of_edges, .number = *computed};
    if (compute(net, of_edges, name, *computed))
        return 1;
    free(*computed);
    *computed = NULL;
    return 0;
}

/* The least and the greatest number. false: there are none. */
static bool find_range(const struct net_attribute *a, uint32_t count, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (uint32_t i = 0; !a->texts && i < count; i++) {
        range[0] = a->number[i] < range[0] ? a->number[i] : range[0];
        range[1] = a->number[i] > range[1] ? a->number[i] : range[1];
    }
    return isfinite(range[0]) && isfinite(range[1]);
}

static double share_of(double value, const double range[2])
{
    double half = range[1] / 2 - range[0] / 2;
    return half > 0 ? (value / 2 - range[0] / 2) / half : 0.5;
}

static float *find_shares(const struct net_attribute *a, uint32_t count)
{
    double range[2];
    float *out = calloc((size_t)count + 1, sizeof *out);
    if (out && find_range(a, count, range))
        for (uint32_t i = 0; i < count; i++)
            out[i] = isnan(a->number[i]) ? 0 : (float)share_of(a->number[i], range);
    return out;
}

/* --- colours */

static struct netstyle_row *add_row(struct netstyle_legend *legend, const uint8_t rgb[3])
{
    struct netstyle_row *row = &legend->rows[legend->count++];
    memcpy(row->rgb, rgb, 3);
    return row;
}

/* Categories: the distinct values, with the number of items that have each. */
struct category {
    uint32_t text; /* number of the text */
    double number;
    uint32_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct category *p = a, *q = b;
    if (p->count != q->count)
        return p->count < q->count ? 1 : -1;
    return p->text < q->text ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
    const struct category *p = a, *q = b;
    return p->number < q->number ? -1 : 1;
}

/* The colours of texts by the number of items that have them. */
static int colour_texts(const struct net_attribute *a, uint32_t count, uint8_t (*out)[3],
                        struct netstyle_legend *legend)
{
    struct category *all = calloc(a->texts, sizeof *all);
    uint8_t(*colour)[3] = calloc(a->texts, sizeof *colour), rgb[3];
    uint32_t used = 0, others = 0;
    bool colours = true;
    if (!all || !colour) {
        free(all);
        free(colour);
        return -1;
    }
    for (uint32_t i = 0; i < a->texts; i++)
        all[i].text = i;
    for (uint32_t i = 0; i < count; i++)
        if (a->text[i] != NET_NO_TEXT)
            all[a->text[i]].count++;
    qsort(all, a->texts, sizeof *all, by_count);
    for (; used < a->texts && all[used].count; used++) {
        const uint32_t *at = a->text_at + all[used].text;
        colours =
            colours && netcolour_parse(a->chars + at[0], at[1] - at[0], colour[all[used].text]);
    }
    for (uint32_t k = 0; k < used && !colours; k++) {
        const uint32_t *at = a->text_at + all[k].text;
        netcolour_category(k, colour[all[k].text]);
        others += k >= NETCOLOUR_CATEGORIES ? all[k].count : 0;
        if (k >= NETCOLOUR_CATEGORIES)
            continue;
        struct netstyle_row *row = add_row(legend, colour[all[k].text]);
        snprintf(row->text, sizeof row->text, "%.*s (%u)",
                 (int)utf8_cut(a->chars + at[0], at[1] - at[0], 32), a->chars + at[0],
                 (unsigned)all[k].count);
    }
    netcolour_category(NETCOLOUR_CATEGORIES, rgb);
    if (others)
        snprintf(add_row(legend, rgb)->text, sizeof legend->rows[0].text, "%u others (%u)",
                 (unsigned)(used - NETCOLOUR_CATEGORIES), (unsigned)others);
    for (uint32_t i = 0; i < count; i++)
        memcpy(out[i], a->text[i] == NET_NO_TEXT ? rgb : colour[a->text[i]], 3);
    free(all);
    free(colour);
    return 0;
}

/* Finds the distinct numbers, if they are whole and at most NETCOLOUR_CATEGORIES; 0 otherwise. */
static unsigned find_classes(const struct net_attribute *a, uint32_t count,
                             struct category classes[NETCOLOUR_CATEGORIES])
{
    unsigned used = 0;
    for (uint32_t i = 0; i < count; i++) {
        double value = a->number[i];
        unsigned k = 0;
        if (isnan(value))
            continue;
        while (k < used && classes[k].number != value)
            k++;
        if (k == used) {
            if (used == NETCOLOUR_CATEGORIES || floor(value) != value)
                return 0;
            classes[used++] = (struct category){.number = value};
        }
        classes[k].count++;
    }
    qsort(classes, used, sizeof *classes, by_number);
    return used;
}

static void colour_numbers(const struct net_attribute *a, uint32_t count, uint8_t (*out)[3],
                           struct netstyle_legend *legend)
{
    enum { STEPS = 5 };
    struct category classes[NETCOLOUR_CATEGORIES] = {{0}};
    uint8_t rgb[3];
    double range[2];
    unsigned used = find_classes(a, count, classes);
    bool numbers = find_range(a, count, range);
    for (unsigned k = 0; k < used; k++) {
        netcolour_category(k, rgb);
        snprintf(add_row(legend, rgb)->text, sizeof legend->rows[0].text, "%g (%u)",
                 classes[k].number, (unsigned)classes[k].count);
    }
    for (unsigned k = 0; !used && numbers && k < STEPS; k++) {
        double share = 1 - (double)k / (STEPS - 1);
        netcolour_scale(share, rgb);
        snprintf(add_row(legend, rgb)->text, sizeof legend->rows[0].text, "%.4g",
                 range[0] * (1 - share) + range[1] * share);
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned k = 0;
        while (k < used && classes[k].number != a->number[i])
            k++;
        if (isnan(a->number[i]) || used)
            netcolour_category(k < used ? k : NETCOLOUR_CATEGORIES, out[i]);
        else
            netcolour_scale(share_of(a->number[i], range), out[i]);
    }
}

static int colour(const struct net_attribute *a, uint32_t count, uint8_t (**out)[3],
                  struct netstyle_legend *legend)
{
    *out = malloc(((size_t)count + 1) * sizeof **out);
    if (!*out)
        return -1;
    if (a->texts)
        return colour_texts(a, count, *out, legend);
    colour_numbers(a, count, *out, legend);
    return 0;
}

/* --- conditions */

static bool holds(const struct netstyle_hide *h, const struct net_attribute *a, uint32_t item,
                  double wanted)
{
    size_t bytes;
    const char *text = netattribute_text(a, item, &bytes);
    bool equal, differ = h->operator[0] == '!';
    if (a->texts) {
        equal = text && bytes == strlen(h->value) && !memcmp(text, h->value, bytes);
        equal = equal || (!text && !*h->value);
        return h->operator[0] == '=' ? equal : differ && !equal;
    }
    double value = a->number[item];
    equal = value == wanted || (isnan(value) && !*h->value);
    switch (h->operator[0]) {
    case '<':
        return value < wanted || (h->operator[1] && equal);
    case '>':
        return value > wanted || (h->operator[1] && equal);
    case '=':
        return equal;
    default:
        return !equal;
    }
}

/* Hides what fulfils a condition: nodes, or edges if it is an attribute of those only. */
static int hide(struct netstyle *style, const struct netstyle_hide *h)
{
    const struct net *net = style->net;
    char name[NET_ATTRIBUTE_NAME], *end;
    struct net_attribute a;
    double *computed = NULL, wanted = strtod(h->value, &end);
    bool of_edges = false;
    if (h->name_bytes >= sizeof name) {
        style->missing = h->text;
        return 0;
    }
    memcpy(name, h->text, h->name_bytes);
    name[h->name_bytes] = 0;
    int found = find(net, false, name, &a, &computed);
    if (!found) {
        of_edges = true;
        found = find(net, true, name, &a, &computed);
    }
    bool **hidden = of_edges ? &style->edge_hidden : &style->hidden;
    uint32_t count = items(net, of_edges);
    if (found == 1 && !*hidden)
        *hidden = calloc((size_t)count + 1, sizeof **hidden);
    if (found < 0 || (found && !*hidden)) {
        free(computed);
        return -1;
    }
    if (!found)
        style->missing = h->text;
    if (!*h->value || *end)
        wanted = NAN;
    for (uint32_t i = 0; found && i < count; i++)
        (*hidden)[i] = (*hidden)[i] || holds(h, &a, i, wanted);
    free(computed);
    return 0;
}

/* --- all */

static int apply_map(struct netstyle *style, enum netstyle_map map, const char *name)
{
    const struct net *net = style->net;
    bool of_edges = map >= NETSTYLE_EDGE_COLOUR;
    uint32_t count = items(net, of_edges);
    struct net_attribute a;
    double *computed;
    int found = find(net, of_edges, name, &a, &computed), result = 0;
    struct netstyle_legend *legend = &style->legends[of_edges];
    if (found < 0)
        return -1;
    if (!found) {
        style->missing = name;
        return 0;
    }
    switch (map) {
    case NETSTYLE_COLOUR:
    case NETSTYLE_EDGE_COLOUR:
        snprintf(legend->title, sizeof legend->title, "%s%.63s", of_edges ? "edges: " : "", name);
        result = colour(&a, count, of_edges ? &style->edge_colour : &style->colour, legend);
        break;
    case NETSTYLE_SIZE:
        style->size = find_shares(&a, count);
        result = style->size ? 0 : -1;
        break;
    case NETSTYLE_EDGE_WIDTH:
        style->edge_width = find_shares(&a, count);
        result = style->edge_width ? 0 : -1;
        break;
    default:
        style->label = a;
        style->labelled = true;
        style->computed = computed;
        return 0;
    }
    free(computed);
    return result;
}

int netstyle_apply(struct netstyle *style, const struct netstyle_options *options,
                   const struct net *net)
{
    *style = (struct netstyle){.net = net};
    for (unsigned m = 0; m < NETSTYLE_MAPS; m++)
        if (options->map[m] && apply_map(style, m, options->map[m]))
            return -1;
    for (unsigned i = 0; i < options->hides; i++)
        if (hide(style, &options->hide[i]))
            return -1;
    return 0;
}

void netstyle_free(struct netstyle *style)
{
    free(style->colour);
    free(style->size);
    free(style->hidden);
    free(style->edge_colour);
    free(style->edge_width);
    free(style->edge_hidden);
    free(style->computed);
    *style = (struct netstyle){0};
}

const char *netstyle_label(const struct netstyle *style, uint32_t node, char buffer[32],
                           size_t *bytes)
{
    const char *text = NULL;
    if (style->labelled && style->label.texts) {
        text = netattribute_text(&style->label, node, bytes);
    } else if (style->labelled && !isnan(style->label.number[node])) {
        *bytes = (size_t)snprintf(buffer, 32, "%.15g", style->label.number[node]);
        text = buffer;
    }
    return text ? text : net_name(style->net, node, bytes);
}
