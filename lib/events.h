/*
 * User events and their text. One table of names (event_types and event_keys in events.c) serves C,
 * text lines, JSON, the page and the man page.
 */
#ifndef SHMCAST_EVENTS_H
#define SHMCAST_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names as in rendercanvas. The numbers stand in shared memory and never change. */
enum event_type {
    EVENT_POINTER_DOWN = 1,
    EVENT_POINTER_UP,
    EVENT_POINTER_MOVE,
    EVENT_POINTER_ENTER,
    EVENT_POINTER_LEAVE,
    EVENT_DOUBLE_CLICK,
    EVENT_WHEEL,
    EVENT_KEY_DOWN,
    EVENT_KEY_UP,
    EVENT_RESIZE,
    EVENT_NODE_DRAG, /* this and those below: from who draws a network to who lays it out */
    EVENT_NODE_DROP,
    EVENT_LAYOUT_PAUSE,
    EVENT_TYPES
};

enum { EVENT_SHIFT = 1, EVENT_CTRL = 2, EVENT_ALT = 4, EVENT_META = 8 };

enum { EVENT_KEY_MAX = 32, EVENT_LINE_MAX = 512 };

struct event {
    uint64_t number;        /* in the log; 0: not in it yet */
    uint64_t time_ns;       /* CLOCK_MONOTONIC; 0: the log takes now */
    uint32_t type;          /* enum event_type */
    uint32_t modifiers;     /* EVENT_SHIFT | … */
    uint32_t button;        /* that changed: 1 left, 2 right, 3 middle, 4, 5; 0 none */
    uint32_t buttons;       /* held after the event: bit button - 1 */
    uint32_t viewer;        /* who made it; 0: not a viewer */
    uint32_t pointer;       /* which finger or pen; 0: the mouse */
    float x, y;             /* 0 … 1 from the top left; beyond while a drag leaves the picture;
                               node_drag: in the layout's units */
    float dx, dy;           /* wheel, pixels; dy > 0 is towards the user */
    uint32_t width, height; /* resize: pixels that the viewer would like */
    float ratio;            /* resize: device pixels per CSS pixel */
    float z;                /* node_drag: likewise */
    uint32_t node;          /* node_drag, node_drop: its row in the positions */
    uint32_t on;            /* layout_pause: 1 rests, 0 goes on */
    char key[EVENT_KEY_MAX + 1]; /* key_down, key_up: DOM KeyboardEvent.key, UTF-8 */
};

/* "pointer_down" …, or NULL for no type. */
const char *event_name(uint32_t type);

/* 0 for no such name. */
uint32_t event_type(const char *name);

/* An event of that type, every key at its default. */
void event_init(struct event *ev, uint32_t type);

/*
 * Sets one key of an event from text, e.g. "x", "0.25". Keys that don't belong to ev->type, unknown
 * keys and values out of range are refused: false, and why in one line (static storage, one a
 * thread, until the next call that fails).
 */
bool event_set(struct event *ev, const char *key, const char *value, const char **why);

/* The same from "key=value", bytes long, the value percent-encoded where it has to be. A bit for
 * each key that was set is added to *set (0 before the first); a second time is refused. */
bool event_set_word(struct event *ev, const char *word, size_t bytes, uint32_t *set,
                    const char **why);

/* Are the keys that the type can't do without there? set: a bit for each key set, as event_key_bit.
 */
bool event_complete(const struct event *ev, uint32_t set, const char **why);
uint32_t event_key_bit(uint32_t type, const char *key); /* 0 for none of that type */

/* Could event_parse have made it? What stands in shared memory may be anything. */
bool event_valid(const struct event *ev);

/* Reads "NAME key=value …", without its newline, any bytes. false and why. */
bool event_parse(const char *line, size_t bytes, struct event *ev, const char **why);

/* The table of types and keys as text, for people: line 0, 1, … with its newline in out (size ≥
 * EVENT_LINE_MAX); returns its length, 0 behind the last. */
size_t event_list(size_t line, char *out, size_t size);

/*
 * Writes one event as a line with its newline, NUL-terminated; size ≥ EVENT_LINE_MAX always
 * suffices. text: what event_parse reads, and gives the same event. json: what the WebSocket takes.
 * fury: the eight numbers of FURY 0.12's circular queue. Returns the length; 0 for one that isn't
 * event_valid, doesn't fit, or where FURY has no such event.
 */
size_t event_text(const struct event *ev, char *out, size_t size);
size_t event_json(const struct event *ev, char *out, size_t size);
size_t event_fury(const struct event *ev, char *out, size_t size);

/* May b, that directly follows a, stand for both? Adds up wheel steps in *b. Only pointer moves and
 * wheel steps of the same viewer, pointer, buttons and modifiers. */
bool event_coalesce(const struct event *a, struct event *b);

#endif
