#include "scene.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 512 };

#define FAR_OFF 1e9f /* coordinates are at most so large */

/* Steps that come more seldom than that aren't waited for. */
#define PERIOD_MAX UINT64_C(1000000000)

void scene_init(struct scene *scene)
{
    *scene = (struct scene){.dimensions = 3, .held = SCENE_NONE, .whole = {.radius = 1}};
}

static void free_arrays(struct scene *scene)
{
    free(scene->from);
    free(scene->to);
    free(scene->at);
    free(scene->growth);
    free(scene->spots);
    free(scene->order);
    free(scene->by_degree);
    free(scene->scratch);
    free(scene->key);
}

void scene_free(struct scene *scene)
{
    free_arrays(scene);
    net_free(scene->net);
    net_free(scene->next);
    scene_init(scene);
}

/* The nodes in from into to, those of the least key first, else in the order that they had. */
static void sort_nodes(const uint32_t *from, uint32_t *to, uint32_t count, const uint16_t *keys)
{
    static uint32_t place[1 << 16];
    memset(place, 0, sizeof place);
    for (uint32_t i = 0; i < count; i++)
        place[keys[from[i]]]++;
    for (uint32_t i = 0, sum = 0; i < 1 << 16; i++) {
        uint32_t here = place[i];
        place[i] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < count; i++)
        to[place[keys[from[i]]]++] = from[i];
}

static void rank(struct scene *scene)
{
    const struct net *net = scene->net;
    for (uint32_t i = 0; i < net->nodes; i++) {
        uint32_t degree = net->degree[i];
        scene->scratch[i] = i;
        scene->key[i] = (uint16_t)(degree < UINT16_MAX ? UINT16_MAX - degree : 0);
        scene->growth[i] = powf(1 + (float)degree, 0.36f);
    }
    sort_nodes(scene->scratch, scene->by_degree, net->nodes, scene->key);
}

/* The next network in the place of the last one; nodes that were there stay where they were. */
static int turn_to_next(struct scene *scene)
{
    struct net *net = scene->next;
    size_t n = net->nodes, old = scene->net ? scene->net->nodes : 0;
    struct scene s = *scene;
    s.from = calloc(n, 3 * sizeof(float));
    s.to = calloc(n, 3 * sizeof(float));
    s.at = calloc(n, 3 * sizeof(float));
    s.growth = calloc(n, sizeof(float));
    s.spots = calloc(n, sizeof(struct spot));
    s.order = calloc(n, sizeof(uint32_t));
    s.by_degree = calloc(n, sizeof(uint32_t));
    s.scratch = calloc(n, sizeof(uint32_t));
    s.key = calloc(n, sizeof(uint16_t));
    s.visible = 0;
    if (!s.from || !s.to || !s.at || !s.growth || !s.spots || !s.order || !s.by_degree ||
        !s.scratch || !s.key) {
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
    rank(scene);
    return 0;
}

int scene_net(struct scene *scene, struct net *net)
{
    net_free(scene->next);
    scene->next = net;
    if (!scene->net || scene->net->nodes != net->nodes)
        return 0;
    return turn_to_next(scene) < 0 ? -1 : 0; /* of the same nodes: their positions hold */
}

static float off_centre(const struct scene *scene, uint32_t node)
{
    float square = 0;
    for (size_t i = 0; i < 3; i++) {
        float d = scene->to[3 * (size_t)node + i] - scene->whole.centre[i];
        square += d * d;
    }
    return sqrtf(square);
}

/* Around the middle, with 11 of 12 nodes in it. */
static void measure(struct scene *scene)
{
    uint32_t n = scene->net->nodes, bins[BINS] = {0}, inside = 0, bin = 0;
    double sum[3] = {0};
    float far = 1e-3f;
    for (size_t i = 0; i < (size_t)n * 3; i++)
        sum[i % 3] += scene->to[i];
    for (int i = 0; i < 3; i++)
        scene->whole.centre[i] = (float)(sum[i] / n);
    for (uint32_t i = 0; i < n; i++)
        far = fmaxf(far, off_centre(scene, i));
    for (uint32_t i = 0; i < n; i++)
        bins[(int)(off_centre(scene, i) / far * (BINS - 1))]++;
    while (bin < BINS && inside < n - n / 12)
        inside += bins[bin++];
    scene->whole.radius = far * (float)bin / BINS;
}

int scene_positions(struct scene *scene, const float *data, uint32_t rows, unsigned dimensions,
                    uint64_t now, uint64_t frame_ns)
{
    bool fresh = false;
    if (scene->next && scene->next->nodes == rows) {
        fresh = !scene->net;
        if (turn_to_next(scene) < 0)
            return -1;
    }
    if (!scene->net || scene->net->nodes != rows)
        return 0;
    memcpy(scene->from, scene->at, (size_t)rows * 3 * sizeof(float));
    for (uint32_t i = 0; i < rows; i++)
        for (unsigned k = 0; k < 3; k++) {
            float value = k < dimensions ? data[(size_t)i * dimensions + k] : 0;
            if (fabsf(value) <= FAR_OFF) /* not NaN either */
                scene->to[3 * (size_t)i + k] = value;
        }
    if (fresh)
        memcpy(scene->from, scene->to, (size_t)rows * 3 * sizeof(float));
    uint64_t between = now - scene->came_ns;
    between = between < PERIOD_MAX ? between : PERIOD_MAX;
    scene->period_ns = scene->steps < 2 ? between : (scene->period_ns * 3 + between) / 4;
    if (fresh || !scene->steps || scene->period_ns < frame_ns * 3 / 2)
        scene->period_ns = scene->steps ? scene->period_ns : 0;
    scene->came_ns = now;
    scene->steps++;
    scene->dimensions = dimensions;
    scene->moving = true;
    measure(scene);
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
    float part = scene->period_ns ? (float)(now - scene->came_ns) / (float)scene->period_ns : 1;
    if (part >= 1) {
        memcpy(at, to, count * sizeof *at);
        scene->moving = false;
    } else {
        for (size_t i = 0; i < count; i++)
            at[i] = from[i] + (to[i] - from[i]) * part;
    }
    if (scene->held != SCENE_NONE)
        memcpy(at + 3 * (size_t)scene->held, scene->held_at, sizeof scene->held_at);
}

void scene_hold(struct scene *scene, uint32_t node, const float place[3])
{
    size_t at = 3 * (size_t)node;
    scene->held = node;
    scene->version++;
    memcpy(scene->held_at, place, sizeof scene->held_at);
    memcpy(scene->at + at, place, sizeof scene->held_at);
    memcpy(scene->to + at, place, sizeof scene->held_at); /* where it stays if nobody lays out */
}

void scene_drop(struct scene *scene)
{
    scene->held = SCENE_NONE;
}

/* The radius of a node without edges, with all of the network in sight. */
static float smallest(const struct scene *scene, const struct camera *camera, float scale)
{
    float room = camera->width * camera->height / (float)scene->net->nodes;
    return fminf(fmaxf(0.075f * sqrtf(room), 0.55f * scale), 5 * scale);
}

static bool in_picture(const struct spot *spot, const struct camera *camera)
{
    float r = spot->radius;
    return spot->x > -r && spot->y > -r && spot->x < camera->width + r &&
           spot->y < camera->height + r;
}

/* The farthest first. */
static void sort_by_depth(struct scene *scene)
{
    float scale = scene->far > scene->near ? UINT16_MAX / (scene->far - scene->near) : 0;
    for (uint32_t k = 0; k < scene->visible; k++) {
        uint32_t i = scene->order[k];
        scene->key[i] = (uint16_t)((scene->far - scene->spots[i].depth) * scale);
    }
    sort_nodes(scene->order, scene->scratch, scene->visible, scene->key);
    uint32_t *other = scene->order;
    scene->order = scene->scratch;
    scene->scratch = other;
}

void scene_project(struct scene *scene, const struct camera *camera, float scale)
{
    if (!scene->net)
        return;
    float fit = camera_fit(&scene->whole), small = smallest(scene, camera, scale);
    float closest = camera->distance / 50, largest = 60 * scale;
    scene->near = INFINITY;
    scene->far = 0;
    scene->visible = 0;
    for (uint32_t k = 0; k < scene->net->nodes; k++) {
        uint32_t i = scene->by_degree[scene->net->nodes - 1 - k]; /* the largest on top */
        struct spot *spot = &scene->spots[i];
        float out[3];
        camera_project(camera, scene->at + 3 * (size_t)i, out);
        *spot = (struct spot){.x = out[0], .y = out[1], .depth = out[2]};
        if (out[2] < closest)
            continue;
        float zoom = fit / out[2];
        spot->radius = fminf(small * scene->growth[i] * sqrtf(zoom), largest);
        scene->near = fminf(scene->near, out[2]);
        scene->far = fmaxf(scene->far, out[2]);
        if (in_picture(spot, camera))
            scene->order[scene->visible++] = i;
    }
    if (camera->flatness < 1)
        sort_by_depth(scene);
}

uint32_t scene_pick(const struct scene *scene, float x, float y, float slack)
{
    uint32_t found = SCENE_NONE;
    float best = slack;
    for (uint32_t k = scene->visible; k-- > 0;) { /* who is in front first */
        const struct spot *spot = &scene->spots[scene->order[k]];
        float dx = spot->x - x, dy = spot->y - y, square = dx * dx + dy * dy;
        float reach = spot->radius + best;
        if (square >= reach * reach)
            continue;
        float off = sqrtf(square) - spot->radius;
        if (off <= 0)
            return scene->order[k];
        best = off;
        found = scene->order[k];
    }
    return found;
}
