#include "control.h"
#include "input.h"
#include "tool/cli.h"
#include "tool/json.h"
#include "viewer.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const modes[] = {"any", "first", "token", "none"};

enum {
    NAME_JSON = JSON_QUOTED_MAX(250),
    VIEWER_JSON = JSON_QUOTED_MAX(EVJSON_NAME_MAX) + 14, /* "4294967295":"name", */
    STATE_BYTES = 768 + (1 + LADDER_RUNGS) * (NAME_JSON + 1) + (1 + CONTROL_WAITERS) * VIEWER_JSON
};

int control_mode(const char *name)
{
    for (unsigned i = CONTROL_ANY; i < CONTROL_NONE; i++)
        if (strcmp(name, modes[i]) == 0)
            return (int)i;
    return -1;
}

const char *control_mode_name(enum control_mode mode)
{
    return modes[mode];
}

/* Whether only one viewer at a time may have control. */
static bool is_exclusive(const struct served *served)
{
    enum control_mode mode = served->streams->control;
    return mode == CONTROL_FIRST || mode == CONTROL_TOKEN;
}

/* Whether this viewer could ever have control. */
static bool is_eligible(const struct viewer *viewer)
{
    return viewer->has_messages && viewer->role == ROLE_CONTROL &&
           viewer->served->streams->control != CONTROL_NONE;
}

bool control_has(const struct viewer *viewer)
{
    return is_exclusive(viewer->served) ? viewer->served->control.controller == viewer
                                        : is_eligible(viewer);
}

void control_changed(struct viewer *viewer)
{
    if (!viewer->hello || viewer->state_pending)
        return;
    viewer->state_pending = true;
    viewer_want_write(viewer);
}

/* Changes are not reported while all viewers are about to be closed. */
static bool is_ending(const struct served *served)
{
    return !served->reader.stream || served->streams->ending;
}

static void notify_all(struct served *served)
{
    if (is_ending(served))
        return;
    for (struct viewer *viewer = served->viewers; viewer; viewer = viewer->next)
        control_changed(viewer);
}

/* --- waiters --- */

static unsigned find_waiter(const struct control *control, const struct viewer *viewer)
{
    unsigned i = 0;
    while (i < control->waiter_count && control->waiters[i] != viewer)
        i++;
    return i;
}

/* False: it was not waiting. */
static bool remove_waiter(struct control *control, const struct viewer *viewer)
{
    unsigned i = find_waiter(control, viewer);
    if (i == control->waiter_count)
        return false;
    control->waiter_count--;
    memmove(&control->waiters[i], &control->waiters[i + 1],
            (control->waiter_count - i) * sizeof control->waiters[0]);
    return true;
}

static struct viewer *first_waiter(struct control *control)
{
    while (control->waiter_count && !control->waiters[0]->link) /* it has ended */
        remove_waiter(control, control->waiters[0]);
    return control->waiter_count ? control->waiters[0] : NULL;
}

/* Gives control to next or, for NULL, to the first waiter, if any. */
static void pass_control(struct served *served, struct viewer *next)
{
    struct control *control = &served->control;
    struct viewer *last = control->controller;
    if (!next && !is_ending(served))
        next = first_waiter(control);
    remove_waiter(control, next);
    control->controller = next;
    notify_all(served);
    if (served->streams->verbose && !is_ending(served)) {
        if (next)
            cli_warn("%s: viewer %" PRIu32 " has control", served->name, next->id);
        else
            cli_warn("%s: no viewer has control", served->name);
    }
    if (last)
        input_release(last);
}

void control_join(struct viewer *viewer)
{
    struct served *served = viewer->served;
    if (is_exclusive(served) && is_eligible(viewer) && !served->control.controller)
        pass_control(served, viewer);
    else
        notify_all(served);
}

void control_leave(struct viewer *viewer)
{
    struct served *served = viewer->served;
    remove_waiter(&served->control, viewer);
    if (served->control.controller == viewer)
        pass_control(served, NULL);
    else
        notify_all(served);
}

/* --- requests: 0, or -1 for one that is refused --- */

static int ask_for_control(struct viewer *viewer)
{
    struct served *served = viewer->served;
    struct control *control = &served->control;
    if (control->controller == viewer || find_waiter(control, viewer) < control->waiter_count)
        return 0;
    if (control->controller && control->waiter_count == CONTROL_WAITERS)
        return -1;
    if (control->controller) {
        control->waiters[control->waiter_count++] = viewer;
        notify_all(served);
    } else {
        pass_control(served, viewer);
    }
    return 0;
}

static int release_control(struct viewer *viewer)
{
    struct served *served = viewer->served;
    if (served->control.controller == viewer)
        pass_control(served, NULL);
    else if (remove_waiter(&served->control, viewer))
        notify_all(served);
    return 0;
}

static int give_control(struct viewer *viewer, uint32_t to)
{
    struct served *served = viewer->served;
    struct viewer *next = served->viewers;
    while (next && next->id != to)
        next = next->next;
    if (served->control.controller != viewer || !next || !is_eligible(next))
        return -1;
    if (next != viewer)
        pass_control(served, next);
    return 0;
}

static int take_control(struct viewer *viewer)
{
    struct served *served = viewer->served;
    if (served->streams->control != CONTROL_TOKEN)
        return -1;
    if (served->control.controller != viewer)
        pass_control(served, viewer);
    return 0;
}

void control_request(struct viewer *viewer, enum evjson_want want, uint32_t to)
{
    int result = -1;
    control_changed(viewer); /* the reply, even if nothing changes */
    if (is_exclusive(viewer->served) && is_eligible(viewer))
        switch (want) {
        case EVJSON_ASK:
            result = ask_for_control(viewer);
            break;
        case EVJSON_RELEASE:
            result = release_control(viewer);
            break;
        case EVJSON_GIVE:
            result = give_control(viewer, to);
            break;
        case EVJSON_TAKE:
            result = take_control(viewer);
            break;
        }
    if (result)
        viewer->refused++;
}

/* --- state messages --- */

void control_hello(struct viewer *viewer, const char *name)
{
    const struct control *control = &viewer->served->control;
    viewer->hello = true;
    control_changed(viewer);
    if (!name || strcmp(name, viewer->name) == 0)
        return;
    memcpy(viewer->name, name, strlen(name) + 1);
    if (control->controller == viewer || find_waiter(control, viewer) < control->waiter_count)
        notify_all(viewer->served);
}

/* Text built in a buffer. */
struct text {
    char *at, *end;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = (size_t)(text->end - text->at);
    int bytes = vsnprintf(text->at, room, format, args);
    text->at += bytes < 0 ? 0 : (size_t)bytes < room ? (size_t)bytes : room;
    va_end(args);
}

/* The names of viewers that have control or wait for it. */
static void add_names(struct text *text, const struct control *control)
{
    char name[JSON_QUOTED_MAX(EVJSON_NAME_MAX)];
    const char *between = "";
    add(text, ",\"names\":{");
    for (unsigned i = 0; i <= control->waiter_count; i++) {
        const struct viewer *viewer = i ? control->waiters[i - 1] : control->controller;
        if (!viewer || !viewer->name[0])
            continue;
        json_quote(viewer->name, name);
        add(text, "%s\"%" PRIu32 "\":%s", between, viewer->id, name);
        between = ",";
    }
    add(text, "}");
}

int control_send_state(struct viewer *viewer)
{
    static unsigned char out[LWS_PRE + STATE_BYTES];
    const struct served *served = viewer->served;
    const struct control *control = &served->control;
    char *start = (char *)out + LWS_PRE, name[NAME_JSON];
    struct text text = {start, (char *)out + sizeof out};
    viewer->state_pending = false;
    add(&text,
        "{\"type\":\"state\",\"viewer\":%" PRIu32 ",\"viewers\":%u,\"role\":\"%s\""
        ",\"control\":\"%s\",\"steering\":%s,\"steerer\":",
        viewer->id, served->viewer_count, viewer->role == ROLE_CONTROL ? "control" : "view",
        modes[served->streams->control], control_has(viewer) ? "true" : "false");
    if (control->controller)
        add(&text, "%" PRIu32, control->controller->id);
    else
        add(&text, "null");
    add(&text, ",\"asking\":[");
    for (unsigned i = 0; i < control->waiter_count; i++)
        add(&text, "%s%" PRIu32, i ? "," : "", control->waiters[i]->id);
    add(&text, "]");
    add_names(&text, control);
    json_quote(served->cursor, name);
    add(&text, ",\"cursor\":%s", name);
    json_quote(viewer->shown->name, name);
    add(&text, ",\"stream\":%s,\"ladder\":[", name);
    for (const struct served *rung = served->lower ? served : NULL; rung; rung = rung->lower) {
        if (!rung->reader.stream)
            continue;
        json_quote(rung->name, name);
        add(&text, "%s%s", rung == served ? "" : ",", name);
    }
    add(&text, "],\"server\":\"%s\"}", served->streams->id);
    size_t bytes = (size_t)(text.at - start);
    int result = viewer->transport->send_text(viewer->link, out + LWS_PRE, bytes);
    viewer->state_pending = result != 0;
    viewer->moved = viewer->moved && result != 0;
    return result;
}
