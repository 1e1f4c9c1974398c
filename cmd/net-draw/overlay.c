#include "overlay.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    NAME_SHOWN = 48,  /* bytes of a name */
    DETAILS = 12,     /* attributes that are shown of the node under the pointer */
    CANDIDATES = 3000 /* visible nodes that are considered for a name */
};

static const char help_text[] = "drag            turn, in 2D move\n"
                                "right drag   move\n"
                                "wheel          zoom\n"
                                "drag a node: it pulls the others\n"
                                "click a node: its neighbours\n"
                                "/  find a node by its name\n"
                                "double click: there, and back\n"
                                "\n"
                                "r  whole network     d  2D or 3D\n"
                                "l  labels                 e  edges\n"
                                "t  dark or light       space  pause\n"
                                "h  this";

/* Returns the length of a node's label, cut between characters if it is too long. */
static size_t find_label(const struct scene *scene, uint32_t node, char buffer[32],
                         const char **label)
{
    size_t bytes;
    *label = netstyle_label(&scene->style, node, buffer, &bytes);
    return utf8_cut(*label, bytes, NAME_SHOWN);
}

static bool add_name(struct labels *labels, const struct scene *scene, uint32_t node, float scale,
                     unsigned size)
{
    const struct projected_node *p = &scene->projected[node];
    const char *name;
    char buffer[32];
    size_t bytes = find_label(scene, node, buffer, &name);
    return bytes && labels_add(labels, name, bytes, p->x, p->y - p->radius - 4 * scale, size);
}

static bool in_image(const struct projected_node *p, const struct camera *camera)
{
    return p->radius > 0 && p->x >= 0 && p->y >= 0 && p->x <= camera->width &&
           p->y <= camera->height;
}

/* Adds as many names as fit, those of the highest degrees first. */
static void add_names(struct labels *labels, const struct scene *scene,
                      const struct interaction *interaction, const uint8_t *highlighted)
{
    float scale = interaction->scale, area = interaction->camera.width * interaction->camera.height;
    unsigned most = (unsigned)fminf(fmaxf(area / (scale * scale * 36000), 6), 60), added = 0;
    uint32_t considered = 0, selected = interaction->selected;
    if (selected != SCENE_NONE && scene->projected[selected].radius > 0)
        add_name(labels, scene, selected, scale, (unsigned)(18 * scale));
    for (uint32_t k = 0; k < scene->listed && added < most && considered < CANDIDATES; k++) {
        uint32_t i = scene->list[k];
        if (i == selected || !in_image(&scene->projected[i], &interaction->camera))
            continue;
        if (selected != SCENE_NONE && !highlighted[i])
            continue;
        considered++;
        float size = (added < 4 ? 17.0f : added < 14 ? 14.0f : 12.0f) * scale;
        added += add_name(labels, scene, i, scale, (unsigned)(size + 0.5f));
    }
}

/* Appends a line with the node's value of an attribute, if it has one. Returns the length. */
static size_t append_value(char *text, size_t room, const struct net_attribute *a, uint32_t node)
{
    size_t bytes;
    int used = 0;
    const char *value = netattribute_text(a, node, &bytes);
    if (value)
        used = snprintf(text, room, "\n%.24s: %.*s", a->name,
                        (int)utf8_cut(value, bytes, NAME_SHOWN), value);
    else if (!a->texts && !isnan(a->number[node]))
        used = snprintf(text, room, "\n%.24s: %.6g", a->name, a->number[node]);
    return (size_t)used < room ? (size_t)used : 0;
}

/* Adds the details of the node under the pointer. */
static void add_details(struct labels *labels, const struct scene *scene,
                        const struct interaction *interaction)
{
    char text[(1 + DETAILS) * (NAME_SHOWN + 96)], buffer[32];
    const char *name;
    const struct net *net = scene->net;
    uint32_t node = interaction->hover;
    size_t bytes = find_label(scene, node, buffer, &name);
    int first = bytes ? snprintf(text, sizeof text, "%.*s", (int)bytes, name)
                      : snprintf(text, sizeof text, "node %" PRIu32, node);
    size_t used = (size_t)first;
    used += (size_t)snprintf(text + used, sizeof text - used,
                             "\ndegree %" PRIu32 "\ncommunity %" PRIu32, net->degree[node],
                             net->community[node] + 1);
    for (uint32_t i = 0, shown = 0; i < net->attributes && shown < DETAILS; i++)
        if (!net->attribute[i].of_edges) {
            used += append_value(text + used, sizeof text - used, &net->attribute[i], node);
            shown++;
        }
    const struct projected_node *p = &scene->projected[node];
    labels_add_panel(labels, text, p->x, p->y, p->radius + 9 * interaction->scale,
                     (unsigned)(14 * interaction->scale + 0.5f));
}

/* Adds the meanings of colours, or the name of an attribute that the network does not have. */
static void add_legends(struct labels *labels, const struct scene *scene,
                        const struct interaction *interaction)
{
    const struct netstyle *style = &scene->style;
    float scale = interaction->scale, bottom = interaction->camera.height - 16 * scale;
    unsigned size = (unsigned)(13 * scale + 0.5f);
    struct netstyle_legend missing = {.count = 0};
    for (int i = 1; i >= 0; i--)
        if (style->legends[i].count)
            bottom =
                labels_add_legend(labels, &style->legends[i], 16 * scale, bottom, size) - 8 * scale;
    if (!style->missing)
        return;
    snprintf(missing.title, sizeof missing.title, "no attribute %.40s", style->missing);
    labels_add_legend(labels, &missing, 16 * scale, bottom, size);
}

/* Adds the name that is searched for. */
static void add_search(struct labels *labels, const struct interaction *interaction)
{
    char text[INTERACTION_TEXT + 32];
    snprintf(text, sizeof text, interaction->searching ? "find: %s_" : "%s: no such node",
             interaction->search);
    labels_add_panel(labels, text, 0, 0, 16 * interaction->scale,
                     (unsigned)(14 * interaction->scale));
}

void overlay_draw(struct overlay *overlay, struct gl *gl, const struct scene *scene,
                  const struct interaction *interaction, const uint8_t *highlighted, float width,
                  float height)
{
    struct labels *labels = overlay->labels;
    float scale = interaction->scale;
    if (!labels)
        return;
    labels_begin(labels, interaction->theme, width, height);
    if (!scene->net) {
        char text[300];
        int bytes = snprintf(text, sizeof text, "waiting for a network in %s", overlay->net_name);
        labels_add(labels, text, (size_t)bytes, width / 2, height / 2, (unsigned)(16 * scale));
    } else if (interaction->labels) {
        add_names(labels, scene, interaction, highlighted);
        add_legends(labels, scene, interaction);
    }
    if (scene->net && interaction->hover != SCENE_NONE)
        add_details(labels, scene, interaction);
    if (interaction->help)
        labels_add_panel(labels, help_text, 0, 0, 16 * scale, (unsigned)(14 * scale));
    else if (interaction->searching || interaction->not_found)
        add_search(labels, interaction);
    else if (interaction->paused)
        labels_add_panel(labels, "paused", 0, 0, 16 * scale, (unsigned)(14 * scale));
    labels_draw(labels, gl);
}
