#include "renderer.h"
#include "monotonic.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The time limit for rasterizing edges while something moves. */
#define EDGES_NS 9e6

#define EDGE_WIDER 5    /* CSS pixels: the difference between the widest and the narrowest edge */
#define SMALL      2.6f /* pixels: nodes with a smaller radius are drawn as sprites */
_Static_assert((int)SMALL < SPRITES_RADIUS, "the radius of a sprite");

static void free_arrays(struct renderer *renderer)
{
    free(renderer->nodes);
    free(renderer->ends);
    free(renderer->inks);
    free(renderer->colours);
    free(renderer->highlighted);
    renderer->nodes = NULL;
    renderer->ends = NULL;
    renderer->inks = NULL;
    renderer->colours = NULL;
    renderer->highlighted = NULL;
    renderer->capacity = 0;
}

void renderer_free(struct renderer *renderer)
{
    free_arrays(renderer);
    raster_free(&renderer->raster);
    labels_free(renderer->overlay.labels);
    gl_free(renderer->gl);
}

int renderer_network(struct renderer *renderer, const struct net *net)
{
    renderer->marked = NULL;
    if (net->nodes > renderer->capacity) {
        size_t n = net->nodes;
        free_arrays(renderer);
        renderer->nodes = calloc(n, sizeof *renderer->nodes);
        renderer->ends = calloc(n, sizeof *renderer->ends);
        renderer->inks = calloc(n, sizeof *renderer->inks);
        renderer->colours = calloc(n, sizeof *renderer->colours);
        renderer->highlighted = calloc(n, 1);
        if (!renderer->nodes || !renderer->ends || !renderer->inks || !renderer->colours ||
            !renderer->highlighted) {
            free_arrays(renderer);
            errno = ENOMEM;
            return -1;
        }
        renderer->capacity = net->nodes;
    }
    if (!renderer->rasterize)
        gl_network(renderer->gl, net->edge, net->edges);
    return 0;
}

/* Marks the selected node and its neighbours. */
static void mark_highlighted(struct renderer *renderer, const struct net *net, uint32_t selected)
{
    if (renderer->marked == net && renderer->marked_for == selected)
        return;
    renderer->marked = net;
    renderer->marked_for = selected;
    memset(renderer->highlighted, 0, net->nodes);
    if (selected == SCENE_NONE)
        return;
    renderer->highlighted[selected] = 1;
    for (size_t i = 0; i < (size_t)net->edges * 2; i++)
        if (net->edge[i] == selected)
            renderer->highlighted[net->edge[i ^ 1]] = 1;
}

static void mix(uint8_t out[3], const uint8_t from[3], const float to[3], float fraction)
{
    for (int i = 0; i < 3; i++)
        out[i] = (uint8_t)((float)from[i] + (to[i] * 255 - (float)from[i]) * fraction + 0.5f);
}

/* Nodes fade with distance, and while one is selected, all but the highlighted ones fade. */
static void colour_nodes(struct renderer *renderer, const struct scene *scene,
                         const struct interaction *interaction)
{
    const struct net *net = scene->net;
    const struct theme *theme = interaction->theme;
    float depth = scene->far - scene->near;
    float fog = depth > 0 ? 0.5f * (1 - interaction->camera.flatness) / depth : 0;
    for (uint32_t k = 0; k < scene->listed; k++) {
        uint32_t i = scene->list[k];
        const uint8_t *hue = scene->style.colour ? scene->style.colour[i]
                             : net->degree[i]    ? theme->hue[net->community[i] % THEME_HUES]
                                                 : theme->isolated;
        float fade =
            scene->projected[i].radius > 0 ? (scene->projected[i].depth - scene->near) * fog : 0;
        fade = fminf(fmaxf(fade, 0), 0.9f);
        if (interaction->selected != SCENE_NONE && !renderer->highlighted[i])
            fade = 0.82f + fade * 0.1f;
        mix(renderer->colours[i], hue, theme->middle, fade);
        renderer->colours[i][3] = (uint8_t)(255 * (1 - fade));
        renderer->inks[i] = raster_colour(renderer->colours[i]);
    }
}

/* The opacity of an edge: less in networks of many edges, more at a close view. */
static float edge_cover(const struct scene *scene, const struct interaction *interaction)
{
    float edges = (float)scene->net->edges + 1, fit_distance = camera_fit_distance(&scene->bounds);
    float zoom = sqrtf(fmaxf(fit_distance / interaction->camera.distance, 0.3f));
    return fminf(fmaxf(1.4f * powf(120 / edges, 0.3f) * zoom, 0.05f), 0.55f) *
           interaction->theme->ink;
}

/* Draws an edge of this width in pixels: lines beside one another. */
static void rasterize_edge(struct raster *raster, const struct projected_node *p,
                           const struct projected_node *q, raster_pixel ink, float weight,
                           float width)
{
    float dx = q->x - p->x, dy = q->y - p->y, length = sqrtf(dx * dx + dy * dy);
    int lines = length > 0 ? (int)ceilf(width) : 1;
    for (int i = 0; i < lines; i++) {
        float off = lines > 1 ? ((float)i - (float)(lines - 1) / 2) / length : 0;
        raster_line(raster, p->x - dy * off, p->y + dx * off, q->x - dy * off, q->y + dx * off, ink,
                    weight * width / (float)lines);
    }
}

static void rasterize_edges(struct renderer *renderer, const struct scene *scene,
                            const struct interaction *interaction, float cover, uint32_t stride)
{
    const struct net *net = scene->net;
    float strength = fminf((float)stride, 15);
    float full_length = 0.16f * fminf(interaction->camera.width, interaction->camera.height);
    float selected_weight = fminf(0.7f / cover, 15);
    const struct netstyle *style = &scene->style;
    float wide = style->edge_width ? fmaxf(interaction->scale, 1) : 1;
    for (uint32_t pass = 0; pass < 2; pass++) {
        if (pass && interaction->selected == SCENE_NONE)
            break;
        uint32_t step = pass && scene->listed == net->nodes ? 1 : stride;
        for (uint32_t e = 0; e < net->edges; e += step) {
            uint32_t a = net->edge[2 * (size_t)e], b = net->edge[2 * (size_t)e + 1];
            bool selected = interaction->selected != SCENE_NONE &&
                            (a == interaction->selected || b == interaction->selected);
            const struct projected_node *p = &scene->projected[a], *q = &scene->projected[b];
            if (selected != (pass == 1) || p->radius <= 0 || q->radius <= 0 ||
                (style->edge_hidden && style->edge_hidden[e]))
                continue;
            float alpha = (float)(renderer->colours[a][3] + renderer->colours[b][3]) / 510;
            float length = fabsf(p->x - q->x) + fabsf(p->y - q->y);
            float weight =
                pass ? selected_weight
                     : strength * alpha * (length > full_length ? sqrtf(full_length / length) : 1);
            raster_pixel ink = style->edge_colour
                                   ? raster_colour(style->edge_colour[e])
                                   : raster_mix(renderer->inks[a], renderer->inks[b]);
            float width = style->edge_width ? (1 + EDGE_WIDER * style->edge_width[e]) : 1;
            rasterize_edge(&renderer->raster, p, q, ink, weight, width * wide);
        }
    }
}

static void draw_edges(struct renderer *renderer, const struct scene *scene, float cover)
{
    for (uint32_t i = 0; i < scene->net->nodes; i++) {
        const struct projected_node *p = &scene->projected[i];
        struct gl_edge_end *end = &renderer->ends[i];
        *end = (struct gl_edge_end){.x = p->x, .y = p->y, .depth = p->depth};
        memcpy(end->rgba, renderer->colours[i], 3);
        end->rgba[3] = (uint8_t)(cover * (float)renderer->colours[i][3]);
    }
    gl_edges(renderer->gl, renderer->ends, scene->net->nodes);
}

/* Sets a glow around a node. */
static void set_glow(struct gl_node *out, const struct projected_node *p, const uint8_t rgb[3],
                     float scale, uint8_t strength)
{
    *out = (struct gl_node){
        p->x, p->y, p->radius * 1.6f + 14 * scale, {rgb[0], rgb[1], rgb[2], strength}};
}

/* Draws the nodes of one kind, in drawing order: sprites into the raster, or the rest in OpenGL. */
static void draw_nodes(struct renderer *renderer, const struct scene *scene,
                       const struct interaction *interaction, bool sprites)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < scene->visible; k++) {
        uint32_t i = scene->order[k];
        const struct projected_node *p = &scene->projected[i];
        const uint8_t *c = renderer->colours[i];
        bool is_sprite = renderer->rasterize && p->radius < SMALL;
        if (sprites && is_sprite)
            sprites_draw(&renderer->sprites, &renderer->raster, p->x, p->y, p->radius, c);
        if (sprites || is_sprite)
            continue;
        renderer->nodes[count++] = (struct gl_node){p->x, p->y, p->radius, {c[0], c[1], c[2], 255}};
    }
    if (!sprites)
        gl_nodes(renderer->gl, renderer->nodes, count, interaction->theme);
}

static void draw_glows(struct renderer *renderer, const struct scene *scene,
                       const struct interaction *interaction)
{
    const uint32_t nodes[2] = {interaction->selected, interaction->hover};
    struct gl_node glows[2];
    uint32_t count = 0;
    for (int i = 0; i < 2; i++)
        if (nodes[i] != SCENE_NONE && scene->projected[nodes[i]].radius > 0)
            set_glow(&glows[count++], &scene->projected[nodes[i]], renderer->colours[nodes[i]],
                     interaction->scale, 200);
    gl_nodes(renderer->gl, glows, count, interaction->theme);
}

/* Chooses the stride over the edges that keeps the time limit. */
static uint32_t choose_stride(const struct renderer *renderer, const struct scene *scene,
                              enum renderer_detail detail)
{
    double all = renderer->edge_ns * scene->net->edges;
    if (detail == RENDERER_FEW && scene->few)
        return scene->few_stride;
    return detail == RENDERER_ALL || all < EDGES_NS ? 1
           : all < 2 * EDGES_NS                     ? 2
           : all < 4 * EDGES_NS                     ? 4
                                                    : 8;
}

bool renderer_wants_few(const struct renderer *renderer, const struct scene *scene,
                        const struct interaction *interaction)
{
    return renderer->rasterize && scene->few &&
           (!renderer->rasterized.stride || renderer->rasterized.stride >= scene->few_stride ||
            renderer->rasterized.version != scene->version ||
            memcmp(&renderer->rasterized.camera, &interaction->camera,
                   sizeof interaction->camera) != 0);
}

static bool is_current(const struct renderer *renderer, const struct scene *scene,
                       const struct interaction *interaction, uint32_t width, uint32_t height,
                       uint32_t stride)
{
    return renderer->rasterized.stride && renderer->rasterized.stride <= stride &&
           renderer->rasterized.version == scene->version &&
           renderer->rasterized.theme == interaction->theme &&
           renderer->rasterized.selected == interaction->selected &&
           renderer->rasterized.width == width && renderer->rasterized.height == height &&
           renderer->rasterized.edges == interaction->edges &&
           !memcmp(&renderer->rasterized.camera, &interaction->camera, sizeof interaction->camera);
}

/* Renders edges and small nodes into the raster. */
static int update_raster(struct renderer *renderer, const struct scene *scene,
                         const struct interaction *interaction, uint32_t width, uint32_t height,
                         float cover, uint32_t stride)
{
    renderer->rasterized.stride = 0;
    if (raster_begin(&renderer->raster, width, height))
        return -1;
    uint64_t start = monotonic_ns();
    if (interaction->edges)
        rasterize_edges(renderer, scene, interaction, cover, stride);
    uint32_t edges = interaction->edges ? scene->net->edges / stride : 0;
    if (edges > 1000) {
        double each = (double)(monotonic_ns() - start) / edges;
        renderer->edge_ns += (each - renderer->edge_ns) / (renderer->edge_ns > 0 ? 8 : 1);
    }
    sprites_begin(&renderer->sprites, interaction->theme);
    draw_nodes(renderer, scene, interaction, true);
    renderer->rasterized.camera = interaction->camera;
    renderer->rasterized.version = scene->version;
    renderer->rasterized.theme = interaction->theme;
    renderer->rasterized.selected = interaction->selected;
    renderer->rasterized.width = width;
    renderer->rasterized.height = height;
    renderer->rasterized.edges = interaction->edges;
    renderer->rasterized.stride = stride;
    return 0;
}

int renderer_draw(struct renderer *renderer, const struct scene *scene,
                  const struct interaction *interaction, uint32_t width, uint32_t height,
                  enum renderer_detail detail)
{
    const struct net *net = scene->net;
    float cover = net ? edge_cover(scene, interaction) : 0;
    bool rasterize = net && renderer->rasterize;
    uint32_t stride = rasterize ? choose_stride(renderer, scene, detail) : 1;
    bool current = rasterize && is_current(renderer, scene, interaction, width, height, stride);
    if (net && !current) {
        mark_highlighted(renderer, net, interaction->selected);
        colour_nodes(renderer, scene, interaction);
        if (rasterize && update_raster(renderer, scene, interaction, width, height, cover, stride))
            return -1;
    }
    renderer->coarse = rasterize && renderer->rasterized.stride > 1;
    if (gl_begin(renderer->gl, width, height, interaction->theme,
                 rasterize ? &renderer->raster : NULL, !current, cover))
        return -1;
    if (net) {
        if (!rasterize && interaction->edges)
            draw_edges(renderer, scene, cover);
        draw_glows(renderer, scene, interaction);
        draw_nodes(renderer, scene, interaction, false);
    }
    overlay_draw(&renderer->overlay, renderer->gl, scene, interaction, renderer->highlighted,
                 (float)width, (float)height);
    return 0;
}
