/*
 * Who steers a stream: whose events go into its log, who waits for its turn, and who is told.
 *
 * A change of hands is finished before what it releases is put into the log, as that may end the
 * stream and with it all viewers.
 */
#include "serve.h"
#include "tool/cli.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const modes[] = {"any", "first", "token", "none"};

enum { SECOND = 1000000000, STATE_BYTES = 512 + (1 + LADDER_RUNGS) * (JSON_NAME + 1) };

int control_mode(const char *text)
{
    for (unsigned i = CONTROL_ANY; i < CONTROL_NONE; i++)
        if (strcmp(text, modes[i]) == 0)
            return (int)i;
    return -1;
}

const char *control_name(enum control_mode mode)
{
    return modes[mode];
}

/* Is there one who steers, and others who don't? */
static bool control_single(const struct source *source)
{
    return source->server->control == CONTROL_FIRST || source->server->control == CONTROL_TOKEN;
}

/* Could this viewer steer, now or ever? */
static bool control_able(const struct viewer *viewer)
{
    return viewer->speaks && viewer->role == ROLE_CONTROL &&
           viewer->source->server->control != CONTROL_NONE;
}

bool control_steers(const struct viewer *viewer)
{
    return control_single(viewer->source) ? viewer->source->control.steerer == viewer
                                          : control_able(viewer);
}

void control_notify(struct viewer *viewer)
{
    if (!viewer->hello || viewer->state_due)
        return;
    viewer->state_due = true;
    conn_want(viewer->conn);
}

/* Nobody is told of changes while everybody is on the way out. */
static bool control_ends(const struct source *source)
{
    return !source->stream || source->server->ending;
}

static void control_changed(struct source *source)
{
    if (control_ends(source))
        return;
    for (struct viewer *viewer = source->viewers; viewer; viewer = viewer->next)
        control_notify(viewer);
}

static unsigned asker_find(const struct control *control, const struct viewer *viewer)
{
    unsigned i = 0;
    while (i < control->asking_count && control->asking[i] != viewer)
        i++;
    return i;
}

/* Returns whether it was among them. */
static bool asker_forget(struct control *control, const struct viewer *viewer)
{
    unsigned i = asker_find(control, viewer);
    if (i == control->asking_count)
        return false;
    control->asking_count--;
    memmove(&control->asking[i], &control->asking[i + 1],
            (control->asking_count - i) * sizeof control->asking[0]);
    return true;
}

/* next steers from now on; NULL: whoever asked first, or nobody. May end the stream, and with it
 * all its viewers. */
static void control_pass(struct source *source, struct viewer *next)
{
    struct control *control = &source->control;
    struct viewer *last = control->steerer;
    if (!next && control->asking_count && !control_ends(source))
        next = control->asking[0];
    asker_forget(control, next);
    control->steerer = next;
    control_changed(source);
    if (source->server->verbose && !control_ends(source)) {
        if (next)
            cli_warn("%s: viewer %" PRIu32 " steers", source->name, next->id);
        else
            cli_warn("%s: nobody steers", source->name);
    }
    if (last)
        viewer_release(last);
}

void control_join(struct viewer *viewer)
{
    struct source *source = viewer->source;
    if (control_single(source) && control_able(viewer) && !source->control.steerer)
        control_pass(source, viewer);
    else
        control_changed(source);
}

void control_leave(struct viewer *viewer)
{
    struct source *source = viewer->source;
    asker_forget(&source->control, viewer);
    if (source->control.steerer == viewer)
        control_pass(source, NULL);
    else
        control_changed(source);
}

void control_hello(struct viewer *viewer)
{
    viewer->hello = true;
    control_notify(viewer);
}

/* 0, or -1: it may not. */
static int control_ask(struct viewer *viewer)
{
    struct source *source = viewer->source;
    struct control *control = &source->control;
    if (control->steerer == viewer || asker_find(control, viewer) < control->asking_count)
        return 0;
    if (control->steerer && control->asking_count == ASKERS)
        return -1;
    if (control->steerer) {
        control->asking[control->asking_count++] = viewer;
        control_changed(source);
    } else {
        control_pass(source, viewer);
    }
    return 0;
}

static int control_release(struct viewer *viewer)
{
    struct source *source = viewer->source;
    if (source->control.steerer == viewer)
        control_pass(source, NULL);
    else if (asker_forget(&source->control, viewer))
        control_changed(source);
    return 0;
}

static int control_give(struct viewer *viewer, uint32_t to)
{
    struct source *source = viewer->source;
    struct viewer *next = source->viewers;
    while (next && next->id != to)
        next = next->next;
    if (source->control.steerer != viewer || !next || !control_able(next))
        return -1;
    if (next != viewer)
        control_pass(source, next);
    return 0;
}

static int control_take(struct viewer *viewer)
{
    struct source *source = viewer->source;
    if (source->server->control != CONTROL_TOKEN)
        return -1;
    if (source->control.steerer != viewer)
        control_pass(source, viewer);
    return 0;
}

void control_want(struct viewer *viewer, enum evjson_want want, uint32_t to)
{
    struct conn *conn = viewer->conn;
    int result = -1;
    control_notify(viewer); /* the answer, also where nothing changes */
    if (control_single(viewer->source) && control_able(viewer))
        switch (want) {
        case EVJSON_ASK:
            result = control_ask(viewer);
            break;
        case EVJSON_RELEASE:
            result = control_release(viewer);
            break;
        case EVJSON_GIVE:
            result = control_give(viewer, to);
            break;
        case EVJSON_TAKE:
            result = control_take(viewer);
            break;
        }
    if (result && conn->viewer)
        viewer->refused++;
}

bool control_admit(struct viewer *viewer, uint64_t now, bool loses)
{
    uint64_t cost = SECOND / viewer->source->server->events_max;
    if (viewer->paid_until < now)
        viewer->paid_until = now;
    if (viewer->paid_until + cost > now + (loses ? 1 : 2) * (uint64_t)SECOND ||
        !inbox_admits(viewer, loses))
        return false;
    viewer->paid_until += cost;
    return true;
}

/* Text that is made in place. */
struct text {
    char *at, *end;
};

static void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = (size_t)(text->end - text->at);
    int bytes = vsnprintf(text->at, room, format, args);
    text->at += bytes < 0 ? 0 : (size_t)bytes < room ? (size_t)bytes : room;
    va_end(args);
}

int control_write(struct viewer *viewer)
{
    static unsigned char out[LWS_PRE + STATE_BYTES];
    const struct source *source = viewer->source;
    const struct control *control = &source->control;
    char *start = (char *)out + LWS_PRE, name[JSON_NAME];
    struct text text = {start, (char *)out + sizeof out};
    viewer->state_due = false;
    text_add(&text,
             "{\"type\":\"state\",\"viewer\":%" PRIu32 ",\"viewers\":%u,\"role\":\"%s\""
             ",\"control\":\"%s\",\"steering\":%s,\"steerer\":",
             viewer->id, source->viewer_count, viewer->role == ROLE_CONTROL ? "control" : "view",
             modes[source->server->control], control_steers(viewer) ? "true" : "false");
    if (control->steerer)
        text_add(&text, "%" PRIu32, control->steerer->id);
    else
        text_add(&text, "null");
    text_add(&text, ",\"asking\":[");
    for (unsigned i = 0; i < control->asking_count; i++)
        text_add(&text, "%s%" PRIu32, i ? "," : "", control->asking[i]->id);
    json_quote(viewer->shown->name, name);
    text_add(&text, "],\"stream\":%s,\"ladder\":[", name);
    for (const struct source *rung = source->lower ? source : NULL; rung; rung = rung->lower) {
        if (!rung->stream)
            continue;
        json_quote(rung->name, name);
        text_add(&text, "%s%s", rung == source ? "" : ",", name);
    }
    text_add(&text, "]}");
    size_t bytes = (size_t)(text.at - start);
    int result = conn_text(viewer->conn, out + LWS_PRE, bytes);
    viewer->state_due = result != 0;
    viewer->moved = viewer->moved && result != 0;
    return result;
}
