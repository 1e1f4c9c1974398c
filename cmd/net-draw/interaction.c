#include "interaction.h"
#include "net/netevents.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "namesearch.h"

#define CLICK 4 /* CSS pixels: a pointer that moves farther drags */
#define REACH 5 /* CSS pixels around a node that belong to it */

void interaction_init(struct interaction *interaction, struct scene *scene,
                      const struct theme *theme)
{
    *interaction = (struct interaction){.scene = scene,
                                        .theme = theme,
                                        .scale = 1,
                                        .labels = true,
                                        .edges = true,
                                        .hover = SCENE_NONE,
                                        .selected = SCENE_NONE,
                                        .node = SCENE_NONE,
                                        .ratio = 1};
    camera_size(&interaction->camera, 1, 1);
    camera_reset(&interaction->camera, false);
}

/* Queues an event. A drag replaces a pending drag; a full queue drops the oldest. */
static struct event *queue_event(struct event_queue *queue, uint32_t type)
{
    if (queue->pending && type == EVENT_NODE_DRAG && queue->events[queue->pending - 1].type == type)
        queue->pending--;
    if (queue->pending == INTERACTION_EVENTS)
        memmove(queue->events, queue->events + 1, --queue->pending * sizeof queue->events[0]);
    struct event *event = &queue->events[queue->pending++];
    event_init(event, type);
    return event;
}

/* Selects a node or none; an event in the view's log reports it. */
static void select_node(struct interaction *interaction, uint32_t node, uint32_t viewer)
{
    if (node == interaction->selected)
        return;
    interaction->selected = node;
    struct event *event = queue_event(&interaction->to_view,
                                      node == SCENE_NONE ? EVENT_NODE_CLEAR : EVENT_NODE_SELECT);
    event->viewer = viewer;
    if (node == SCENE_NONE)
        return;
    event->node = node;
    size_t bytes;
    const char *name = net_name(interaction->scene->net, node, &bytes);
    bytes = utf8_cut(name, bytes, EVENT_NAME_MAX);
    memcpy(event->key, name, bytes);
    if (!bytes)
        snprintf(event->key, sizeof event->key, "%" PRIu32, node);
}

void interaction_network(struct interaction *interaction)
{
    const struct net *net = interaction->scene->net;
    uint32_t nodes = net ? net->nodes : 0;
    if (interaction->hover >= nodes)
        interaction->hover = SCENE_NONE;
    if (interaction->selected >= nodes)
        interaction->selected = SCENE_NONE;
    if (interaction->node >= nodes) {
        interaction->node = SCENE_NONE;
        if (interaction->drag == INTERACTION_NODE)
            interaction->drag = INTERACTION_IDLE;
    }
    if (!interaction->started && net) {
        interaction->started = true;
        camera_reset(&interaction->camera, interaction->scene->dimensions < 3);
        interaction->camera.distance = camera_fit_distance(&interaction->scene->bounds);
        memcpy(interaction->camera.centre, interaction->scene->bounds.centre,
               sizeof interaction->camera.centre);
    }
}

static uint32_t node_at_pointer(const struct interaction *interaction)
{
    if (!interaction->scene->net)
        return SCENE_NONE;
    return scene_pick(interaction->scene, interaction->x, interaction->y,
                      REACH * interaction->scale);
}

bool interaction_hover(struct interaction *interaction)
{
    uint32_t before = interaction->hover;
    interaction->hover = SCENE_NONE;
    if (interaction->drag == INTERACTION_NODE)
        interaction->hover = interaction->node;
    else if (interaction->drag == INTERACTION_IDLE && interaction->inside)
        interaction->hover = node_at_pointer(interaction);
    return interaction->hover != before;
}

static void handle_press(struct interaction *interaction, const struct event *event)
{
    bool pan = event->button > 1 || event->modifiers & (EVENT_SHIFT | EVENT_CTRL);
    if (interaction->drag != INTERACTION_IDLE)
        return;
    interaction->viewer = event->viewer;
    interaction->pointer = event->pointer;
    interaction->button = event->button;
    interaction->down_x = interaction->x;
    interaction->down_y = interaction->y;
    interaction->moved = false;
    interaction->drag = pan || interaction->camera.flat ? INTERACTION_PAN : INTERACTION_ORBIT;
    interaction->node = SCENE_NONE;
    if (pan)
        return;
    interaction->node = node_at_pointer(interaction);
    if (interaction->node == SCENE_NONE)
        return;
    const struct projected_node *p = &interaction->scene->projected[interaction->node];
    interaction->drag = INTERACTION_NODE;
    interaction->offset_x = p->x - interaction->x;
    interaction->offset_y = p->y - interaction->y;
    interaction->depth = p->depth;
}

static void drag_node(struct interaction *interaction)
{
    struct scene *scene = interaction->scene;
    float position[3];
    camera_unproject(&interaction->camera, interaction->x + interaction->offset_x,
                     interaction->y + interaction->offset_y, interaction->depth, position);
    if (interaction->camera.flat) /* the invisible depth stays */
        position[2] = scene->at[3 * (size_t)interaction->node + 2];
    for (int i = 0; i < 3; i++)
        if (!(fabsf(position[i]) < 1e6f))
            return;
    scene_hold(scene, interaction->node, position);
    struct event *event = queue_event(&interaction->to_layout, EVENT_NODE_DRAG);
    event->node = interaction->node;
    event->x = position[0];
    event->y = position[1];
    event->z = position[2];
}

static bool is_dragging(const struct interaction *interaction, const struct event *event)
{
    return interaction->drag != INTERACTION_IDLE && event->viewer == interaction->viewer &&
           event->pointer == interaction->pointer;
}

static bool handle_move(struct interaction *interaction, const struct event *event, float dx,
                        float dy)
{
    float x = interaction->x - interaction->down_x, y = interaction->y - interaction->down_y;
    if (!is_dragging(interaction, event))
        return false;
    if (!interaction->moved &&
        x * x + y * y <= CLICK * CLICK * interaction->scale * interaction->scale)
        return false;
    if (!interaction->moved) /* the whole way since the press */
        dx = x, dy = y;
    interaction->moved = true;
    if (interaction->drag == INTERACTION_ORBIT)
        camera_orbit(&interaction->camera, dx, dy);
    else if (interaction->drag == INTERACTION_PAN)
        camera_pan(&interaction->camera, dx, dy);
    else
        drag_node(interaction);
    return true;
}

static void handle_release(struct interaction *interaction, const struct event *event)
{
    if (!is_dragging(interaction, event) || event->button != interaction->button)
        return;
    if (interaction->drag == INTERACTION_NODE && interaction->moved) {
        queue_event(&interaction->to_layout, EVENT_NODE_DROP)->node = interaction->node;
        scene_drop(interaction->scene);
    } else if (!interaction->moved && event->button == 1) {
        uint32_t node = interaction->node;
        select_node(interaction, node == interaction->selected ? SCENE_NONE : node, event->viewer);
    }
    interaction->drag = INTERACTION_IDLE;
}

static void approach_node(struct interaction *interaction, uint32_t node)
{
    const struct scene *scene = interaction->scene;
    struct bounding_sphere goal = scene->bounds;
    memcpy(goal.centre, scene->at + 3 * (size_t)node, sizeof goal.centre);
    goal.radius = fminf(goal.radius / 6, interaction->camera.distance / 6);
    interaction->camera.follow = false;
    camera_fly_to(&interaction->camera, &goal);
}

/* Approaches the node at the pointer, or shows the whole network. */
static void handle_double_click(struct interaction *interaction, const struct event *event)
{
    uint32_t node = node_at_pointer(interaction);
    if (node != SCENE_NONE) {
        approach_node(interaction, node);
        select_node(interaction, node, event->viewer);
    } else {
        interaction->camera.follow = true;
        camera_fly_to(&interaction->camera, &interaction->scene->bounds);
    }
}

/* Approaches and selects the node of a name. */
static void find_node(struct interaction *interaction, const char *name, uint32_t viewer)
{
    uint32_t node =
        interaction->scene->net ? namesearch_find(interaction->scene, name) : SCENE_NONE;
    if (name != interaction->search)
        snprintf(interaction->search, sizeof interaction->search, "%s", name);
    interaction->searching = false;
    interaction->not_found = node == SCENE_NONE;
    if (node == SCENE_NONE)
        return;
    approach_node(interaction, node);
    select_node(interaction, node, viewer);
}

/* Writes a key to the name that is searched for. */
static void handle_search_key(struct interaction *interaction, const struct event *event)
{
    char *text = interaction->search;
    const char *key = event->key;
    size_t used = strlen(text), bytes = strlen(key);
    if (!strcmp(key, "Enter")) {
        find_node(interaction, text, event->viewer);
    } else if (!strcmp(key, "Escape")) {
        interaction->searching = false;
    } else if (!strcmp(key, "Backspace")) {
        text[used ? utf8_cut(text, used, used - 1) : 0] = 0;
    } else if ((bytes == 1 || (unsigned char)key[0] >= 0x80) && /* no name of a key */
               used + bytes < sizeof interaction->search) {
        memcpy(text + used, key, bytes + 1);
    }
}

static void set_flat(struct interaction *interaction, bool flat)
{
    interaction->camera.flat = flat;
    bool frontal = interaction->camera.rotation[2][2] > 0.999f;
    if (!flat && frontal) /* tilt, or the image wouldn't change */
        camera_orbit(&interaction->camera, interaction->camera.height * 0.12f,
                     interaction->camera.height * 0.09f);
}

static void handle_arrow(struct interaction *interaction, const char *key)
{
    float step = interaction->camera.height * 0.04f;
    float dx = !strcmp(key, "ArrowLeft") ? step : !strcmp(key, "ArrowRight") ? -step : 0;
    float dy = !strcmp(key, "ArrowUp") ? step : !strcmp(key, "ArrowDown") ? -step : 0;
    if (interaction->camera.flat)
        camera_pan(&interaction->camera, dx, dy);
    else
        camera_orbit(&interaction->camera, dx, dy);
}

static bool handle_key(struct interaction *interaction, const struct event *event)
{
    struct camera *camera = &interaction->camera;
    const char *key = event->key;
    const struct bounding_sphere *bounds = &interaction->scene->bounds;
    if (event->modifiers & (EVENT_CTRL | EVENT_ALT | EVENT_META))
        return false;
    interaction->not_found = false;
    if (interaction->searching) {
        handle_search_key(interaction, event);
    } else if (!strcmp(key, "/")) {
        interaction->searching = true;
        interaction->search[0] = 0;
    } else if (!strcmp(key, "r") || !strcmp(key, "Home")) {
        float flatness = camera->flatness, distance = camera->distance;
        camera_reset(camera, interaction->camera.flat);
        camera->flatness = flatness;
        camera->distance = distance;
        camera->follow = true;
    } else if (!strcmp(key, "l")) {
        interaction->labels = !interaction->labels;
    } else if (!strcmp(key, "e")) {
        interaction->edges = !interaction->edges;
    } else if (!strcmp(key, " ") || !strcmp(key, "p")) {
        interaction->paused = !interaction->paused;
        queue_event(&interaction->to_layout, EVENT_LAYOUT_PAUSE)->on = interaction->paused;
    } else if (!strcmp(key, "d") || !strcmp(key, "2") || !strcmp(key, "3")) {
        set_flat(interaction, *key == 'd' ? !camera->flat : *key == '2');
    } else if (!strcmp(key, "t")) {
        interaction->theme = theme_other(interaction->theme);
    } else if (!strcmp(key, "h") || !strcmp(key, "?")) {
        interaction->help = !interaction->help;
    } else if (!strcmp(key, "Escape")) {
        select_node(interaction, SCENE_NONE, event->viewer);
        interaction->help = false;
    } else if (!strcmp(key, "+") || !strcmp(key, "=") || !strcmp(key, "-")) {
        camera_zoom(camera, camera->width / 2, camera->height / 2, *key == '-' ? 1.25f : 0.8f,
                    bounds);
    } else if (!strncmp(key, "Arrow", 5)) {
        handle_arrow(interaction, key);
    } else {
        return false;
    }
    return true;
}

static bool handle_pointer(struct interaction *interaction, const struct event *event)
{
    float x = event->x * interaction->camera.width, y = event->y * interaction->camera.height;
    float dx = x - interaction->x, dy = y - interaction->y;
    if (interaction->drag != INTERACTION_IDLE && !is_dragging(interaction, event))
        return false; /* one drag at a time */
    interaction->x = x;
    interaction->y = y;
    interaction->inside = event->type != EVENT_POINTER_LEAVE;
    switch (event->type) {
    case EVENT_POINTER_DOWN:
        handle_press(interaction, event);
        return true;
    case EVENT_POINTER_MOVE:
        if (interaction->drag == INTERACTION_IDLE)
            return interaction_hover(interaction);
        return handle_move(interaction, event, dx, dy);
    case EVENT_POINTER_UP:
        handle_release(interaction, event);
        return true;
    case EVENT_DOUBLE_CLICK:
        handle_double_click(interaction, event);
        return true;
    default:
        return interaction_hover(interaction);
    }
}

bool interaction_event(struct interaction *interaction, const struct event *event)
{
    switch (event->type) {
    case EVENT_WHEEL:
        interaction->x = event->x * interaction->camera.width;
        interaction->y = event->y * interaction->camera.height;
        camera_zoom(&interaction->camera, interaction->x, interaction->y, expf(event->dy / 1000),
                    &interaction->scene->bounds);
        return true;
    case EVENT_KEY_DOWN:
        return handle_key(interaction, event);
    case EVENT_KEY_UP:
        return false;
    case EVENT_RESIZE:
        interaction->width = event->width;
        interaction->height = event->height;
        interaction->ratio = event->ratio;
        return true;
    case EVENT_NODE_SELECT: /* our own, too; the next image carries its number */
        if (interaction->scene->net && event->node < interaction->scene->net->nodes)
            interaction->selected = event->node;
        return true;
    case EVENT_NODE_CLEAR:
        interaction->selected = SCENE_NONE;
        return true;
    case EVENT_NODE_FIND:
        find_node(interaction, event->key, event->viewer);
        return true;
    default:
        return event->type <= EVENT_DOUBLE_CLICK && handle_pointer(interaction, event);
    }
}
