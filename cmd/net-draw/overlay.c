#include "overlay.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    NAME_SHOWN = 48,  /* bytes of a name */
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

/* Returns the length of a node's name, cut between characters if it is too long. */
static size_t find_name(const struct net *net, uint32_t node, const char **name)
{
    size_t bytes;
    *name = net_name(net, node, &bytes);
    return utf8_cut(*name, bytes, NAME_SHOWN);
}

static bool add_name(struct labels *labels, const struct scene *scene, uint32_t node, float scale,
                     unsigned size)
{
    const struct projected_node *p = &scene->projected[node];
    const char *name;
    size_t bytes = find_name(scene->net, node, &name);
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
    for (uint32_t k = 0; k < scene->net->nodes && added < most && considered < CANDIDATES; k++) {
        uint32_t i = scene->by_degree[k];
        if (i == selected || !in_image(&scene->projected[i], &interaction->camera))
            continue;
        if (selected != SCENE_NONE && !highlighted[i])
            continue;
        considered++;
        float size = (added < 4 ? 17.0f : added < 14 ? 14.0f : 12.0f) * scale;
        added += add_name(labels, scene, i, scale, (unsigned)(size + 0.5f));
    }
}

/* Adds the details of the node under the pointer. */
static void add_details(struct labels *labels, const struct scene *scene,
                        const struct interaction *interaction)
{
    char text[NAME_SHOWN + 96];
    const char *name;
    const struct net *net = scene->net;
    uint32_t node = interaction->hover;
    size_t bytes = find_name(net, node, &name);
    int used = bytes ? snprintf(text, sizeof text, "%.*s", (int)bytes, name)
                     : snprintf(text, sizeof text, "node %" PRIu32, node);
    snprintf(text + used, sizeof text - (size_t)used, "\ndegree %" PRIu32 "\ncommunity %" PRIu32,
             net->degree[node], net->community[node] + 1);
    const struct projected_node *p = &scene->projected[node];
    labels_add_panel(labels, text, p->x, p->y, p->radius + 9 * interaction->scale,
                     (unsigned)(14 * interaction->scale + 0.5f));
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
