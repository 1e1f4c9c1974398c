/*
 * User events: their fields, and reading them from text. eventtable.h has the names of types and
 * keys, the one table for text lines, JSON, the web page and the man page.
 */
#ifndef SHMCAST_EVENTS_H
#define SHMCAST_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Named as in rendercanvas. The numbers are in shared memory and never change. */
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
    EVENT_EXTENSION, /* first of the types that net/netevents.h names */
    EVENT_EXTENSION_END = EVENT_EXTENSION + 6,
    EVENT_CHAR = EVENT_EXTENSION_END,
    EVENT_CURSOR, /* from the drawing program to the viewers */
    EVENT_TYPES
};

enum { EVENT_SHIFT = 1, EVENT_CTRL = 2, EVENT_ALT = 4, EVENT_META = 8 };

enum { EVENT_KEY_MAX = 32, EVENT_NAME_MAX = 28, EVENT_LINE_MAX = 512 };

struct event {
    uint64_t number;    /* position in the event log, from 1; 0: not in the log */
    uint64_t time_ns;   /* CLOCK_MONOTONIC; 0: evlog_append sets the current time */
    uint32_t type;      /* enum event_type */
    uint32_t modifiers; /* EVENT_SHIFT | … */
    uint32_t button;    /* changed button: 1 left, 2 right, 3 middle, 4, 5; 0 none */
    uint32_t buttons;   /* buttons held after the event: bit button - 1 */
    uint32_t viewer;    /* number of the viewer that sent the event; 0: not a viewer */
    uint32_t pointer;   /* number of the finger or pen; 0: the mouse */
    float x;            /* 0 … 1 from the left edge, beyond it while a drag leaves the image; of a
                           node the coordinate in the units of the positions */
    float y;            /* 0 … 1 from the top edge; of a node as x */
    float dx;           /* wheel: pixels, positive to the right */
    float dy;           /* wheel: pixels, positive towards the user */
    uint32_t width;     /* resize: requested width in pixels */
    uint32_t height;    /* resize: requested height in pixels */
    float ratio;        /* resize: device pixels per CSS pixel */
    float z;            /* of a node as x */
    uint32_t node;      /* row of a node in the positions */
    uint32_t on;        /* layout_pause: 1 pauses, 0 resumes */
    char key[EVENT_KEY_MAX + 1]; /* UTF-8. key_down, key_up: DOM KeyboardEvent.key; char: text;
                                    cursor: its name in CSS; node_select, node_find: the name of a
                                    node, up to EVENT_NAME_MAX bytes */
};

/* "pointer_down" …, or NULL if there is no such type. Static storage. */
const char *event_name(uint32_t type);

/* Type of that name, or 0. */
uint32_t event_type(const char *name);

/* Makes *ev an event of that type with the default of every key. */
void event_init(struct event *ev, uint32_t type);

/*
 * Sets one key of an event from text, e.g. "x", "0.25". Unknown keys, keys that do not belong to
 * ev->type and values out of range are refused: false, with the reason in *why, one line in static
 * storage of the thread, valid until its next call that fails.
 */
bool event_set(struct event *ev, const char *key, const char *value, const char **why);

/* The same from "key=value" with a percent-encoded value; bytes is the length of word. *set holds a
 * bit for each key set so far, 0 before the first; a repeated key is refused. */
bool event_set_word(struct event *ev, const char *word, size_t bytes, uint32_t *set,
                    const char **why);

/* Whether set has all required keys of ev->type; if not, false with the reason in *why. */
bool event_complete(const struct event *ev, uint32_t set, const char **why);

/* The key's bit in set, or 0 if the type has no such key. */
uint32_t event_key_bit(uint32_t type, const char *key);

/* Whether event_parse could have produced this event. Events in shared memory may be anything. */
bool event_valid(const struct event *ev);

/* Reads "NAME key=value …" without its newline; the bytes may be anything. false with the reason in
 * *why, as event_set. */
bool event_parse(const char *line, size_t bytes, struct event *ev, const char **why);

/* Merges a into b, which directly follows it: pointer moves and wheel steps of the same viewer,
 * pointer, buttons and modifiers; wheel steps are added up in *b. false: a and b must both be
 * kept. */
bool event_coalesce(const struct event *a, struct event *b);

#endif
