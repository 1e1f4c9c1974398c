#include "steer.h"
#include "net/netevents.h"
#include <math.h>
#include <string.h>

#define CLICK 4 /* CSS pixels: who moves farther drags */
#define REACH 5 /* how near to a node is on it */

void steer_init(struct steer *steer, struct scene *scene, const struct theme *theme)
{
    *steer = (struct steer){.scene = scene,
                            .theme = theme,
                            .scale = 1,
                            .labels = true,
                            .edges = true,
                            .hover = SCENE_NONE,
                            .chosen = SCENE_NONE,
                            .node = SCENE_NONE,
                            .ratio = 1};
    camera_size(&steer->camera, 1, 1);
    camera_reset(&steer->camera, false);
}

/* For the layout. A drag takes the place of one that was not sent yet; else the oldest gives way.
 */
static struct event *put_out(struct steer *steer, uint32_t type)
{
    if (steer->outs && type == EVENT_NODE_DRAG && steer->out[steer->outs - 1].type == type)
        steer->outs--;
    if (steer->outs == STEER_OUT)
        memmove(steer->out, steer->out + 1, --steer->outs * sizeof steer->out[0]);
    struct event *out = &steer->out[steer->outs++];
    event_init(out, type);
    return out;
}

void steer_network(struct steer *steer)
{
    const struct net *net = steer->scene->net;
    uint32_t nodes = net ? net->nodes : 0;
    if (steer->hover >= nodes)
        steer->hover = SCENE_NONE;
    if (steer->chosen >= nodes)
        steer->chosen = SCENE_NONE;
    if (steer->node >= nodes) {
        steer->node = SCENE_NONE;
        if (steer->hand == STEER_NODE)
            steer->hand = STEER_FREE;
    }
    if (!steer->started && net) {
        steer->started = true;
        camera_reset(&steer->camera, steer->scene->dimensions < 3);
        steer->camera.distance = camera_fit(&steer->scene->whole);
        memcpy(steer->camera.centre, steer->scene->whole.centre, sizeof steer->camera.centre);
    }
}

bool steer_hover(struct steer *steer)
{
    uint32_t before = steer->hover;
    steer->hover = SCENE_NONE;
    if (steer->hand == STEER_NODE)
        steer->hover = steer->node;
    else if (steer->hand == STEER_FREE && steer->inside && steer->scene->net)
        steer->hover = scene_pick(steer->scene, steer->x, steer->y, REACH * steer->scale);
    return steer->hover != before;
}

static void press(struct steer *steer, const struct event *event)
{
    bool pan = event->button > 1 || event->modifiers & (EVENT_SHIFT | EVENT_CTRL);
    if (steer->hand != STEER_FREE)
        return;
    steer->viewer = event->viewer;
    steer->pointer = event->pointer;
    steer->button = event->button;
    steer->down_x = steer->x;
    steer->down_y = steer->y;
    steer->moved = false;
    steer->hand = pan || steer->camera.flat ? STEER_PAN : STEER_ORBIT;
    steer->node = SCENE_NONE;
    if (pan || !steer->scene->net)
        return;
    steer->node = scene_pick(steer->scene, steer->x, steer->y, REACH * steer->scale);
    if (steer->node == SCENE_NONE)
        return;
    const struct spot *spot = &steer->scene->spots[steer->node];
    steer->hand = STEER_NODE;
    steer->off_x = spot->x - steer->x;
    steer->off_y = spot->y - steer->y;
    steer->depth = spot->depth;
}

static void drag_node(struct steer *steer)
{
    struct scene *scene = steer->scene;
    float place[3];
    camera_place(&steer->camera, steer->x + steer->off_x, steer->y + steer->off_y, steer->depth,
                 place);
    if (steer->camera.flat) /* its depth isn't seen, and stays */
        place[2] = scene->at[3 * (size_t)steer->node + 2];
    for (int i = 0; i < 3; i++)
        if (!(fabsf(place[i]) < 1e6f))
            return;
    scene_hold(scene, steer->node, place);
    struct event *out = put_out(steer, EVENT_NODE_DRAG);
    out->node = steer->node;
    out->x = place[0];
    out->y = place[1];
    out->z = place[2];
}

static bool is_hand(const struct steer *steer, const struct event *event)
{
    return steer->hand != STEER_FREE && event->viewer == steer->viewer &&
           event->pointer == steer->pointer;
}

static bool move(struct steer *steer, const struct event *event, float dx, float dy)
{
    float x = steer->x - steer->down_x, y = steer->y - steer->down_y;
    if (!is_hand(steer, event))
        return false;
    if (!steer->moved && x * x + y * y <= CLICK * CLICK * steer->scale * steer->scale)
        return false;
    if (!steer->moved) /* what was held back until it was no click */
        dx = x, dy = y;
    steer->moved = true;
    if (steer->hand == STEER_ORBIT)
        camera_orbit(&steer->camera, dx, dy);
    else if (steer->hand == STEER_PAN)
        camera_pan(&steer->camera, dx, dy);
    else
        drag_node(steer);
    return true;
}

static void release(struct steer *steer, const struct event *event)
{
    if (!is_hand(steer, event) || event->button != steer->button)
        return;
    if (steer->hand == STEER_NODE && steer->moved) {
        put_out(steer, EVENT_NODE_DROP)->node = steer->node;
        scene_drop(steer->scene);
    } else if (!steer->moved && event->button == 1) {
        steer->chosen = steer->node == steer->chosen ? SCENE_NONE : steer->node;
    }
    steer->hand = STEER_FREE;
}

/* To a node and what is around it; elsewhere to all of it. */
static void come_near(struct steer *steer)
{
    struct scene *scene = steer->scene;
    struct ball goal = scene->whole;
    uint32_t node =
        scene->net ? scene_pick(scene, steer->x, steer->y, REACH * steer->scale) : SCENE_NONE;
    if (node != SCENE_NONE) {
        memcpy(goal.centre, scene->at + 3 * (size_t)node, sizeof goal.centre);
        goal.radius = fminf(goal.radius / 6, steer->camera.distance / 6);
        steer->camera.follow = false;
        steer->chosen = node;
    } else {
        steer->camera.follow = true;
    }
    camera_go(&steer->camera, &goal);
}

static void set_flat(struct steer *steer, bool flat)
{
    steer->camera.flat = flat;
    if (!flat && steer->camera.turn[2][2] > 0.999f) /* seen from the front nothing would change */
        camera_orbit(&steer->camera, steer->camera.height * 0.12f, steer->camera.height * 0.09f);
}

static void use_arrows(struct steer *steer, const char *key)
{
    float step = steer->camera.height * 0.04f;
    float dx = !strcmp(key, "ArrowLeft") ? step : !strcmp(key, "ArrowRight") ? -step : 0;
    float dy = !strcmp(key, "ArrowUp") ? step : !strcmp(key, "ArrowDown") ? -step : 0;
    if (steer->camera.flat)
        camera_pan(&steer->camera, dx, dy);
    else
        camera_orbit(&steer->camera, dx, dy);
}

static bool use_key(struct steer *steer, const struct event *event)
{
    struct camera *camera = &steer->camera;
    const char *key = event->key;
    const struct ball *whole = &steer->scene->whole;
    if (event->modifiers & (EVENT_CTRL | EVENT_ALT | EVENT_META))
        return false;
    if (!strcmp(key, "r") || !strcmp(key, "Home")) {
        float flatness = camera->flatness, distance = camera->distance;
        camera_reset(camera, steer->camera.flat);
        camera->flatness = flatness;
        camera->distance = distance;
        camera->follow = true;
    } else if (!strcmp(key, "l")) {
        steer->labels = !steer->labels;
    } else if (!strcmp(key, "e")) {
        steer->edges = !steer->edges;
    } else if (!strcmp(key, " ") || !strcmp(key, "p")) {
        steer->paused = !steer->paused;
        put_out(steer, EVENT_LAYOUT_PAUSE)->on = steer->paused;
    } else if (!strcmp(key, "d") || !strcmp(key, "2") || !strcmp(key, "3")) {
        set_flat(steer, *key == 'd' ? !camera->flat : *key == '2');
    } else if (!strcmp(key, "t")) {
        steer->theme = theme_other(steer->theme);
    } else if (!strcmp(key, "h") || !strcmp(key, "?")) {
        steer->help = !steer->help;
    } else if (!strcmp(key, "Escape")) {
        steer->chosen = SCENE_NONE;
        steer->help = false;
    } else if (!strcmp(key, "+") || !strcmp(key, "=") || !strcmp(key, "-")) {
        camera_zoom(camera, camera->width / 2, camera->height / 2, *key == '-' ? 1.25f : 0.8f,
                    whole);
    } else if (!strncmp(key, "Arrow", 5)) {
        use_arrows(steer, key);
    } else {
        return false;
    }
    return true;
}

static bool use_pointer(struct steer *steer, const struct event *event)
{
    float x = event->x * steer->camera.width, y = event->y * steer->camera.height;
    float dx = x - steer->x, dy = y - steer->y;
    if (steer->hand != STEER_FREE && !is_hand(steer, event))
        return false; /* one hand at a time */
    steer->x = x;
    steer->y = y;
    steer->inside = event->type != EVENT_POINTER_LEAVE;
    switch (event->type) {
    case EVENT_POINTER_DOWN:
        press(steer, event);
        return true;
    case EVENT_POINTER_MOVE:
        if (steer->hand == STEER_FREE)
            return steer_hover(steer);
        return move(steer, event, dx, dy);
    case EVENT_POINTER_UP:
        release(steer, event);
        return true;
    case EVENT_DOUBLE_CLICK:
        come_near(steer);
        return true;
    default:
        return steer_hover(steer);
    }
}

bool steer_event(struct steer *steer, const struct event *event)
{
    switch (event->type) {
    case EVENT_WHEEL:
        steer->x = event->x * steer->camera.width;
        steer->y = event->y * steer->camera.height;
        camera_zoom(&steer->camera, steer->x, steer->y, expf(event->dy / 1000),
                    &steer->scene->whole);
        return true;
    case EVENT_KEY_DOWN:
        return use_key(steer, event);
    case EVENT_KEY_UP:
        return false;
    case EVENT_RESIZE:
        steer->width = event->width;
        steer->height = event->height;
        steer->ratio = event->ratio;
        return true;
    default:
        return event->type <= EVENT_DOUBLE_CLICK && use_pointer(steer, event);
    }
}
