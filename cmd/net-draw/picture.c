#include "picture.h"
#include "futex.h"
#include "monotonic.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So long edges may take to be painted while something moves. */
#define HURRY_NS 9e6

enum { NAME_SHOWN = 48, CANDIDATES = 3000 };

#define SMALL 2.6f /* pixels: what is smaller is painted */
_Static_assert(SMALL <= DOTS_RADIUS, "a painted node's radius");

static const char help_text[] = "drag            turn, in 2D move\n"
                                "right drag   move\n"
                                "wheel          zoom\n"
                                "drag a node: it pulls the others\n"
                                "click a node: its neighbours\n"
                                "double click: there, and back\n"
                                "\n"
                                "r  whole network     d  2D or 3D\n"
                                "l  labels                 e  edges\n"
                                "t  dark or light       space  pause\n"
                                "h  this";

static void free_arrays(struct picture *picture)
{
    free(picture->nodes);
    free(picture->ends);
    free(picture->inks);
    free(picture->colours);
    free(picture->near);
    picture->nodes = NULL;
    picture->ends = NULL;
    picture->inks = NULL;
    picture->colours = NULL;
    picture->near = NULL;
    picture->room = 0;
}

void picture_free(struct picture *picture)
{
    free_arrays(picture);
    paint_free(&picture->paint);
    labels_free(picture->labels);
    gl_free(picture->gl);
}

int picture_network(struct picture *picture, const struct net *net)
{
    picture->marked = NULL;
    if (net->nodes > picture->room) {
        size_t n = net->nodes;
        free_arrays(picture);
        picture->nodes = calloc(n + 2, sizeof *picture->nodes); /* and the lights of two */
        picture->ends = calloc(n, sizeof *picture->ends);
        picture->inks = calloc(n, sizeof *picture->inks);
        picture->colours = calloc(n, sizeof *picture->colours);
        picture->near = calloc(n, 1);
        if (!picture->nodes || !picture->ends || !picture->inks || !picture->colours ||
            !picture->near) {
            free_arrays(picture);
            errno = ENOMEM;
            return -1;
        }
        picture->room = net->nodes;
    }
    if (!picture->own_lines)
        gl_network(picture->gl, net->edge, net->edges);
    return 0;
}

/* Who is chosen, and their neighbours. */
static void mark(struct picture *picture, const struct net *net, uint32_t chosen)
{
    if (picture->marked == net && picture->marked_for == chosen)
        return;
    picture->marked = net;
    picture->marked_for = chosen;
    memset(picture->near, 0, net->nodes);
    if (chosen == SCENE_NONE)
        return;
    picture->near[chosen] = 1;
    for (size_t i = 0; i < (size_t)net->edges * 2; i++)
        if (net->edge[i] == chosen)
            picture->near[net->edge[i ^ 1]] = 1;
}

static void mix(uint8_t out[3], const uint8_t from[3], const float to[3], float part)
{
    for (int i = 0; i < 3; i++)
        out[i] = (uint8_t)((float)from[i] + (to[i] * 255 - (float)from[i]) * part + 0.5f);
}

/* What is far away is pale; so is what isn't near to a node that is chosen. */
static void colour_nodes(struct picture *picture, const struct scene *scene,
                         const struct steer *steer)
{
    const struct net *net = scene->net;
    const struct theme *theme = steer->theme;
    float depth = scene->far - scene->near;
    float fog = depth > 0 ? 0.5f * (1 - steer->camera.flatness) / depth : 0;
    for (uint32_t i = 0; i < net->nodes; i++) {
        const uint8_t *hue =
            net->degree[i] ? theme->hue[net->community[i] % THEME_HUES] : theme->alone;
        float pale = scene->spots[i].radius > 0 ? (scene->spots[i].depth - scene->near) * fog : 0;
        pale = fminf(fmaxf(pale, 0), 0.9f);
        if (steer->chosen != SCENE_NONE && !picture->near[i])
            pale = 0.82f + pale * 0.1f;
        mix(picture->colours[i], hue, theme->middle, pale);
        picture->colours[i][3] = (uint8_t)(255 * (1 - pale));
        picture->inks[i] = paint_colour(picture->colours[i]);
    }
}

/* How much of what is behind it an edge covers: many edges are finer, and near ones stronger. */
static float edge_cover(const struct scene *scene, const struct steer *steer)
{
    float edges = (float)scene->net->edges + 1, fit = camera_fit(&scene->whole);
    float zoom = sqrtf(fmaxf(fit / steer->camera.distance, 0.3f));
    return fminf(fmaxf(1.4f * powf(120 / edges, 0.3f) * zoom, 0.05f), 0.55f) * steer->theme->ink;
}

static void paint_edges(struct picture *picture, const struct scene *scene,
                        const struct steer *steer, float cover, uint32_t every)
{
    const struct net *net = scene->net;
    float times = fminf((float)every, 15);
    float usual = 0.16f * fminf(steer->camera.width, steer->camera.height);
    float strong = fminf(0.7f / cover, 15);
    for (uint32_t pass = 0; pass < 2; pass++) {
        if (pass && steer->chosen == SCENE_NONE)
            break;
        for (uint32_t e = 0; e < net->edges; e += pass ? 1 : every) {
            uint32_t a = net->edge[2 * (size_t)e], b = net->edge[2 * (size_t)e + 1];
            bool chosen = steer->chosen != SCENE_NONE && (a == steer->chosen || b == steer->chosen);
            const struct spot *p = &scene->spots[a], *q = &scene->spots[b];
            if (chosen != (pass == 1) || p->radius <= 0 || q->radius <= 0)
                continue;
            float clear = (float)(picture->colours[a][3] + picture->colours[b][3]) / 510;
            float long_way = fabsf(p->x - q->x) + fabsf(p->y - q->y);
            float weight =
                pass ? strong : times * clear * (long_way > usual ? sqrtf(usual / long_way) : 1);
            paint_line(&picture->paint, p->x, p->y, q->x, q->y,
                       paint_mix(picture->inks[a], picture->inks[b]), weight);
        }
    }
}

static void draw_edges(struct picture *picture, const struct scene *scene, float cover)
{
    for (uint32_t i = 0; i < scene->net->nodes; i++) {
        const struct spot *spot = &scene->spots[i];
        struct gl_end *end = &picture->ends[i];
        *end = (struct gl_end){.x = spot->x, .y = spot->y, .depth = spot->depth};
        memcpy(end->rgba, picture->colours[i], 3);
        end->rgba[3] = (uint8_t)(cover * (float)picture->colours[i][3]);
    }
    gl_edges(picture->gl, picture->ends, scene->net->nodes);
}

/* A light around a node. */
static void light(struct gl_node *out, const struct spot *spot, const uint8_t rgb[3], float scale,
                  uint8_t strength)
{
    *out = (struct gl_node){
        spot->x, spot->y, spot->radius * 1.6f + 14 * scale, {rgb[0], rgb[1], rgb[2], strength}};
}

/* Nodes in the order of their distance; small ones are painted if they may be. */
static void draw_nodes(struct picture *picture, const struct scene *scene,
                       const struct steer *steer, bool small)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < scene->visible; k++) {
        uint32_t i = scene->order[k];
        const struct spot *spot = &scene->spots[i];
        const uint8_t *c = picture->colours[i];
        bool painted = picture->own_lines && spot->radius < SMALL;
        if (small && painted)
            dots_put(&picture->dots, &picture->paint, spot->x, spot->y, spot->radius, c);
        if (small || painted)
            continue;
        picture->nodes[count++] =
            (struct gl_node){spot->x, spot->y, spot->radius, {c[0], c[1], c[2], 255}};
    }
    if (!small)
        gl_nodes(picture->gl, picture->nodes, count, steer->theme);
}

static void draw_lights(struct picture *picture, const struct scene *scene,
                        const struct steer *steer)
{
    const uint32_t which[2] = {steer->chosen, steer->hover};
    struct gl_node lights[2];
    uint32_t count = 0;
    for (int i = 0; i < 2; i++)
        if (which[i] != SCENE_NONE && scene->spots[which[i]].radius > 0)
            light(&lights[count++], &scene->spots[which[i]], picture->colours[which[i]],
                  steer->scale, 200);
    gl_nodes(picture->gl, lights, count, steer->theme);
}

/* A name, cut where it gets too long, as it may be cut. */
static size_t shown_name(const struct net *net, uint32_t node, const char **name)
{
    size_t bytes;
    *name = net_name(net, node, &bytes);
    if (bytes > NAME_SHOWN) {
        bytes = NAME_SHOWN;
        while (bytes && ((*name)[bytes] & 0xc0) == 0x80)
            bytes--;
    }
    return bytes;
}

static bool put_name(struct picture *picture, const struct scene *scene, uint32_t node, float scale,
                     unsigned pixels)
{
    const struct spot *spot = &scene->spots[node];
    const char *name;
    size_t bytes = shown_name(scene->net, node, &name);
    return bytes && labels_put(picture->labels, name, bytes, spot->x,
                               spot->y - spot->radius - 4 * scale, pixels);
}

/* The largest in the picture, as many as there is room for. */
static void put_names(struct picture *picture, const struct scene *scene, const struct steer *steer)
{
    float scale = steer->scale, room = steer->camera.width * steer->camera.height;
    unsigned most = (unsigned)fminf(fmaxf(room / (scale * scale * 36000), 6), 60), placed = 0;
    uint32_t looked = 0;
    if (steer->chosen != SCENE_NONE && scene->spots[steer->chosen].radius > 0)
        put_name(picture, scene, steer->chosen, scale, (unsigned)(18 * scale));
    for (uint32_t k = 0; k < scene->net->nodes && placed < most && looked < CANDIDATES; k++) {
        uint32_t i = scene->by_degree[k];
        const struct spot *spot = &scene->spots[i];
        if (spot->radius <= 0 || spot->x < 0 || spot->y < 0 || spot->x > steer->camera.width ||
            spot->y > steer->camera.height || i == steer->chosen)
            continue;
        if (steer->chosen != SCENE_NONE && !picture->near[i])
            continue;
        looked++;
        float pixels = (placed < 4 ? 17.0f : placed < 14 ? 14.0f : 12.0f) * scale;
        placed += put_name(picture, scene, i, scale, (unsigned)(pixels + 0.5f));
    }
}

static void put_panel(struct picture *picture, const struct scene *scene, const struct steer *steer)
{
    char text[NAME_SHOWN + 96];
    const char *name;
    const struct net *net = scene->net;
    uint32_t node = steer->hover;
    size_t bytes = shown_name(net, node, &name);
    int used = bytes ? snprintf(text, sizeof text, "%.*s", (int)bytes, name)
                     : snprintf(text, sizeof text, "node %" PRIu32, node);
    snprintf(text + used, sizeof text - (size_t)used, "\ndegree %" PRIu32 "\ncommunity %" PRIu32,
             net->degree[node], net->community[node] + 1);
    const struct spot *spot = &scene->spots[node];
    labels_panel(picture->labels, text, spot->x, spot->y, spot->radius + 9 * steer->scale,
                 (unsigned)(14 * steer->scale + 0.5f));
}

static void put_text(struct picture *picture, const struct scene *scene, const struct steer *steer,
                     float width, float height)
{
    struct labels *labels = picture->labels;
    float scale = steer->scale;
    if (!labels)
        return;
    labels_begin(labels, steer->theme, width, height);
    if (!scene->net) {
        char text[300];
        int bytes = snprintf(text, sizeof text, "waiting for a network in %s", picture->source);
        labels_put(labels, text, (size_t)bytes, width / 2, height / 2, (unsigned)(16 * scale));
    } else if (steer->labels) {
        put_names(picture, scene, steer);
    }
    if (scene->net && steer->hover != SCENE_NONE)
        put_panel(picture, scene, steer);
    if (steer->help)
        labels_panel(labels, help_text, 0, 0, 16 * scale, (unsigned)(14 * scale));
    else if (steer->paused)
        labels_panel(labels, "paused", 0, 0, 16 * scale, (unsigned)(14 * scale));
    labels_draw(labels, picture->gl);
}

/* Of how many edges one is painted, so that it doesn't take longer than that. */
static uint32_t choose_share(const struct picture *picture, const struct net *net, bool hurry)
{
    double whole = picture->edge_ns * net->edges;
    return !hurry || whole < HURRY_NS ? 1 : whole < 2 * HURRY_NS ? 2 : whole < 4 * HURRY_NS ? 4 : 8;
}

static bool is_painted(const struct picture *picture, const struct scene *scene,
                       const struct steer *steer, uint32_t width, uint32_t height, uint32_t every)
{
    return picture->painted.every && picture->painted.every <= every &&
           picture->painted.version == scene->version && picture->painted.theme == steer->theme &&
           picture->painted.chosen == steer->chosen && picture->painted.width == width &&
           picture->painted.height == height && picture->painted.edges == steer->edges &&
           !memcmp(&picture->painted.camera, &steer->camera, sizeof steer->camera);
}

/* Edges and small nodes, unless they are there from the last picture. */
static int repaint(struct picture *picture, const struct scene *scene, const struct steer *steer,
                   uint32_t width, uint32_t height, float cover, uint32_t every)
{
    picture->painted.every = 0;
    if (paint_begin(&picture->paint, width, height))
        return -1;
    uint64_t start = monotonic_ns();
    if (steer->edges)
        paint_edges(picture, scene, steer, cover, every);
    uint32_t edges = steer->edges ? scene->net->edges / every : 0;
    if (edges > 1000) {
        double each = (double)(monotonic_ns() - start) / edges;
        picture->edge_ns += (each - picture->edge_ns) / (picture->edge_ns > 0 ? 8 : 1);
    }
    dots_begin(&picture->dots, steer->theme);
    draw_nodes(picture, scene, steer, true);
    picture->painted.camera = steer->camera;
    picture->painted.version = scene->version;
    picture->painted.theme = steer->theme;
    picture->painted.chosen = steer->chosen;
    picture->painted.width = width;
    picture->painted.height = height;
    picture->painted.edges = steer->edges;
    picture->painted.every = every;
    return 0;
}

int picture_draw(struct picture *picture, const struct scene *scene, const struct steer *steer,
                 uint32_t width, uint32_t height, bool hurry)
{
    const struct net *net = scene->net;
    float cover = net ? edge_cover(scene, steer) : 0;
    bool painting = net && picture->own_lines;
    uint32_t every = painting ? choose_share(picture, net, hurry) : 1;
    bool same = painting && is_painted(picture, scene, steer, width, height, every);
    if (net && !same) {
        mark(picture, net, steer->chosen);
        colour_nodes(picture, scene, steer);
        if (painting && repaint(picture, scene, steer, width, height, cover, every))
            return -1;
    }
    picture->coarse = painting && picture->painted.every > 1;
    if (gl_begin(picture->gl, width, height, steer->theme, painting ? &picture->paint : NULL, !same,
                 cover))
        return -1;
    if (net) {
        if (!painting && steer->edges)
            draw_edges(picture, scene, cover);
        draw_lights(picture, scene, steer);
        draw_nodes(picture, scene, steer, false);
    }
    put_text(picture, scene, steer, (float)width, (float)height);
    return 0;
}
