#include "scene.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE_MAX 1e9f /* steps leave larger ones unchanged */

/* The longest interpolation between two steps. */
#define PERIOD_MAX UINT64_C(1000000000)

enum {
    LARGE_NODES = 100000, /* a network of more nodes, */
    LARGE_EDGES = 400000, /* or edges, has a sample */
    FEW_EDGES = 24000,    /* about the number of edges in it, with their ends */
    FEW_NODES = 20000,    /* about the number of other nodes in it */
    FEW_LARGEST = 2000    /* nodes in it for their degrees, the highest */
};

void scene_init(struct scene *scene, const struct netstyle_options *options)
{
    *scene = (struct scene){
        .options = options, .dimensions = 3, .held = SCENE_NONE, .bounds = {.radius = 1}};
}

static void free_arrays(struct scene *scene)
{
    free(scene->from);
    free(scene->to);
    free(scene->at);
    free(scene->growth);
    free(scene->projected);
    free(scene->order);
    free(scene->few);
    free(scene->by_degree);
    free(scene->scratch);
    free(scene->key);
    netstyle_free(&scene->style);
}

void scene_free(struct scene *scene)
{
    free_arrays(scene);
    net_free(scene->net);
    net_free(scene->next);
    scene_init(scene, scene->options);
}

/* Sorts nodes by their key, ascending: a stable counting sort. */
static void sort_nodes(const uint32_t *from, uint32_t *to, uint32_t count, const uint16_t *keys)
{
    static uint32_t offset[1 << 16];
    memset(offset, 0, sizeof offset);
    for (uint32_t i = 0; i < count; i++)
        offset[keys[from[i]]]++;
    for (uint32_t i = 0, sum = 0; i < 1 << 16; i++) {
        uint32_t n = offset[i];
        offset[i] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++)
        to[offset[keys[from[i]]]++] = from[i];
}

static void rank_by_degree(struct scene *scene)
{
    const struct net *net = scene->net;
    for (uint32_t i = 0; i < net->nodes; i++) {
        uint32_t degree = net->degree[i];
        scene->scratch[i] = i;
        scene->key[i] = (uint16_t)(degree < UINT16_MAX ? UINT16_MAX - degree : 0);
        scene->growth[i] = scene->style.size ? 1 + 5 * sqrtf(scene->style.size[i])
                                             : powf(1 + (float)degree, 0.36f);
    }
    sort_nodes(scene->scratch, scene->by_degree, net->nodes, scene->key);
}

/* Chooses the sample of a large network. 0, or -1 with ENOMEM. */
static int choose_few(struct scene *scene)
{
    const struct net *net = scene->net;
    uint32_t *marked = scene->scratch, step = net->nodes / FEW_NODES + 1;
    scene->few_count = 0;
    if (net->nodes <= LARGE_NODES && net->edges <= LARGE_EDGES)
        return 0;
    scene->few_stride = net->edges / FEW_EDGES + 2;
    memset(marked, 0, net->nodes * sizeof *marked);
    for (size_t e = 0; e < net->edges; e += scene->few_stride)
        marked[net->edge[2 * e]] = marked[net->edge[2 * e + 1]] = 1;
    for (uint32_t k = 0; k < net->nodes; k++) {
        uint32_t node = scene->by_degree[k];
        marked[node] = marked[node] || k < FEW_LARGEST || node % step == 0;
        scene->few_count += marked[node];
    }
    scene->few = malloc(scene->few_count * sizeof *scene->few);
    if (!scene->few)
        return -1;
    for (uint32_t k = 0, i = 0; k < net->nodes; k++)
        if (marked[scene->by_degree[k]])
            scene->few[i++] = scene->by_degree[k];
    return 0;
}

/* Replaces the network with the next one. Nodes of both keep their positions. */
static int adopt_next(struct scene *scene)
{
    struct net *net = scene->next;
    size_t n = net->nodes, old = scene->net ? scene->net->nodes : 0;
    struct scene s = *scene;
    s.from = calloc(n, 3 * sizeof(float));
    s.to = calloc(n, 3 * sizeof(float));
    s.at = calloc(n, 3 * sizeof(float));
    s.growth = calloc(n, sizeof(float));
    s.projected = calloc(n, sizeof(struct projected_node));
    s.order = calloc(n, sizeof(uint32_t));
    s.by_degree = calloc(n, sizeof(uint32_t));
    s.scratch = calloc(n, sizeof(uint32_t));
    s.key = calloc(n, sizeof(uint16_t));
    s.visible = s.listed = 0;
    s.few = NULL;
    s.list = NULL;
    bool styled = netstyle_apply(&s.style, scene->options, net) == 0;
    if (!styled || !s.from || !s.to || !s.at || !s.growth || !s.projected || !s.order ||
        !s.by_degree || !s.scratch || !s.key) {
        free_arrays(&s);
        errno = ENOMEM;
        return -1;
    }
    size_t kept = (old < n ? old : n) * 3 * sizeof(float);
    if (kept)
        memcpy(s.at, scene->at, kept);
    free_arrays(scene);
    net_free(scene->net);
    s.net = net;
    s.next = NULL;
    s.version++;
    if (s.held != SCENE_NONE && s.held >= n)
        s.held = SCENE_NONE;
    *scene = s;
    rank_by_degree(scene);
    return choose_few(scene);
}

int scene_net(struct scene *scene, struct net *net)
{
    net_free(scene->next);
    scene->next = net;
    if (!scene->net || scene->net->nodes != net->nodes)
        return 0;
    return adopt_next(scene) < 0 ? -1 : 0; /* the same nodes: their positions remain valid */
}

static float distance_to_centre(const struct scene *scene, uint32_t node)
{
    float square = 0;
    for (size_t i = 0; i < 3; i++) {
        float d = scene->to[3 * (size_t)node + i] - scene->bounds.centre[i];
        square += d * d;
    }
    return sqrtf(square);
}

/* Sets bounds: around all nodes. */
static void measure_bounds(struct scene *scene)
{
    uint32_t n = scene->net->nodes;
    float low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
    float farthest = 1e-3f;
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) {
            low[k] = fminf(low[k], scene->to[3 * (size_t)i + k]);
            high[k] = fmaxf(high[k], scene->to[3 * (size_t)i + k]);
        }
    for (int k = 0; k < 3; k++)
        scene->bounds.centre[k] = low[k] + (high[k] - low[k]) / 2;
    for (uint32_t i = 0; i < n; i++)
        farthest = fmaxf(farthest, distance_to_centre(scene, i));
    scene->bounds.radius = farthest;
}

int scene_positions(struct scene *scene, const float *data, uint32_t rows, unsigned dimensions,
                    uint64_t now, uint64_t frame_ns)
{
    bool fresh = false;
    if (scene->next && scene->next->nodes == rows) {
        fresh = !scene->net;
        if (adopt_next(scene) < 0)
            return -1;
    }
    if (!scene->net || scene->net->nodes != rows)
        return 0;
    memcpy(scene->from, scene->at, (size_t)rows * 3 * sizeof(float));
    for (uint32_t i = 0; i < rows; i++)
        for (unsigned k = 0; k < 3; k++) {
            float value = k < dimensions ? data[(size_t)i * dimensions + k] : 0;
            if (fabsf(value) <= COORDINATE_MAX) /* false for NaN */
                scene->to[3 * (size_t)i + k] = value;
        }
    if (fresh)
        memcpy(scene->from, scene->to, (size_t)rows * 3 * sizeof(float));
    uint64_t between = now - scene->step_ns;
    between = between < PERIOD_MAX ? between : PERIOD_MAX;
    scene->period_ns = scene->steps < 2 ? between : (scene->period_ns * 3 + between) / 4;
    if (fresh || !scene->steps || scene->period_ns < frame_ns * 3 / 2)
        scene->period_ns = scene->steps ? scene->period_ns : 0;
    scene->step_ns = now;
    scene->steps++;
    scene->dimensions = dimensions;
    scene->moving = true;
    if (scene->held == SCENE_NONE || fresh) /* the camera does not follow a dragged node */
        measure_bounds(scene);
    return 1;
}

void scene_advance(struct scene *scene, uint64_t now)
{
    if (!scene->net || !scene->moving)
        return;
    scene->version++;
    size_t count = (size_t)scene->net->nodes * 3;
    float *at = scene->at;
    const float *from = scene->from, *to = scene->to;
    float fraction = scene->period_ns ? (float)(now - scene->step_ns) / (float)scene->period_ns : 1;
    if (fraction >= 1) {
        memcpy(at, to, count * sizeof *at);
        scene->moving = false;
    } else {
        for (size_t i = 0; i < count; i++)
            at[i] = from[i] + (to[i] - from[i]) * fraction;
    }
    if (scene->held != SCENE_NONE)
        memcpy(at + 3 * (size_t)scene->held, scene->held_at, sizeof scene->held_at);
}

void scene_hold(struct scene *scene, uint32_t node, const float position[3])
{
    size_t at = 3 * (size_t)node;
    scene->held = node;
    scene->version++;
    memcpy(scene->held_at, position, sizeof scene->held_at);
    memcpy(scene->at + at, position, sizeof scene->held_at);
    memcpy(scene->to + at, position, sizeof scene->held_at); /* kept when no layout runs */
}

void scene_drop(struct scene *scene)
{
    scene->held = SCENE_NONE;
}

/* The radius of a node without edges while the whole network is in view. */
static float base_radius(const struct scene *scene, const struct camera *camera, float scale)
{
    float area = camera->width * camera->height / (float)scene->net->nodes;
    return fminf(fmaxf(0.075f * sqrtf(area), 0.55f * scale), 5 * scale);
}

static bool in_image(const struct projected_node *p, const struct camera *camera)
{
    float r = p->radius;
    return p->x > -r && p->y > -r && p->x < camera->width + r && p->y < camera->height + r;
}

/* Sorts order, farthest first. */
static void sort_by_depth(struct scene *scene)
{
    float scale = scene->far > scene->near ? UINT16_MAX / (scene->far - scene->near) : 0;
    for (uint32_t k = 0; k < scene->visible; k++) {
        uint32_t i = scene->order[k];
        scene->key[i] = (uint16_t)((scene->far - scene->projected[i].depth) * scale);
    }
    sort_nodes(scene->order, scene->scratch, scene->visible, scene->key);
    uint32_t *other = scene->order;
    scene->order = scene->scratch;
    scene->scratch = other;
}

/* Projects a node. Returns whether it is in the image. */
static bool project_node(struct scene *scene, const struct camera *camera, uint32_t i,
                         float fit_distance, float base, float largest)
{
    struct projected_node *p = &scene->projected[i];
    float out[3];
    *p = (struct projected_node){0};
    if (scene->style.hidden && scene->style.hidden[i])
        return false;
    camera_project(camera, scene->at + 3 * (size_t)i, out);
    *p = (struct projected_node){.x = out[0], .y = out[1], .depth = out[2]};
    if (out[2] < camera->distance / 50)
        return false;
    p->radius = fminf(base * scene->growth[i] * sqrtf(fit_distance / out[2]), largest);
    scene->near = fminf(scene->near, out[2]);
    scene->far = fmaxf(scene->far, out[2]);
    return in_image(p, camera);
}

/* Whether the projection belongs to this state; remembers the state. */
static bool is_projected(struct scene *scene, const struct camera *camera, float scale,
                         const uint32_t *list)
{
    bool same = scene->list == list && scene->shown.version == scene->version &&
                scene->shown.scale == scale &&
                !memcmp(&scene->shown.camera, camera, sizeof *camera);
    scene->list = list;
    scene->shown.version = scene->version;
    scene->shown.scale = scale;
    scene->shown.camera = *camera;
    return same;
}

void scene_project(struct scene *scene, const struct camera *camera, float scale, bool few,
                   const uint32_t also[2])
{
    if (!scene->net)
        return;
    few = few && scene->few;
    if (is_projected(scene, camera, scale, few ? scene->few : scene->by_degree))
        return;
    scene->listed = few ? scene->few_count : scene->net->nodes;
    float fit_distance = camera_fit_distance(&scene->bounds);
    float base = base_radius(scene, camera, scale);
    float largest = 60 * scale;
    scene->near = INFINITY;
    scene->far = 0;
    scene->visible = 0;
    for (int k = 0; few && k < 2; k++)
        if (also[k] != SCENE_NONE)
            project_node(scene, camera, also[k], fit_distance, base, largest);
    for (uint32_t k = 0; k < scene->listed; k++) {
        uint32_t i = scene->list[scene->listed - 1 - k]; /* large nodes on top */
        if (project_node(scene, camera, i, fit_distance, base, largest))
            scene->order[scene->visible++] = i;
    }
    if (camera->flatness < 1)
        sort_by_depth(scene);
}

uint32_t scene_pick(const struct scene *scene, float x, float y, float slack)
{
    uint32_t found = SCENE_NONE;
    float best = slack;
    for (uint32_t k = scene->visible; k-- > 0;) { /* front to back */
        const struct projected_node *p = &scene->projected[scene->order[k]];
        float dx = p->x - x, dy = p->y - y, square = dx * dx + dy * dy;
        float reach = p->radius + best;
        if (square >= reach * reach)
            continue;
        float distance = sqrtf(square) - p->radius;
        if (distance <= 0)
            return scene->order[k];
        best = distance;
        found = scene->order[k];
    }
    return found;
}
