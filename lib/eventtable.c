#include "eventtable.h"
#include <string.h>

const struct event_key event_own_keys[KEYS] = {
    [KEY_X] = {"x", KEY_REAL, offsetof(struct event, x), -16, 17, 0, "-16..17",
               "0 is the left edge, 1 the right edge"},
    [KEY_Y] = {"y", KEY_REAL, offsetof(struct event, y), -16, 17, 0, "-16..17",
               "0 is the top edge, 1 the bottom edge"},
    [KEY_DX] = {"dx", KEY_REAL, offsetof(struct event, dx), -1e6, 1e6, 0, "+-1000000",
                "wheel movement in pixels, positive to the right"},
    [KEY_DY] = {"dy", KEY_REAL, offsetof(struct event, dy), -1e6, 1e6, 0, "+-1000000",
                "wheel movement in pixels, positive towards the user"},
    [KEY_WIDTH] = {"width", KEY_COUNT, offsetof(struct event, width), 1, 65500, 0, "1..65500",
                   "requested width in pixels"},
    [KEY_HEIGHT] = {"height", KEY_COUNT, offsetof(struct event, height), 1, 65500, 0, "1..65500",
                    "requested height in pixels"},
    [KEY_RATIO] = {"ratio", KEY_REAL, offsetof(struct event, ratio), 0.1, 10, 1, "0.1..10",
                   "device pixels per CSS pixel; 1 if omitted"},
    [KEY_KEY] = {"key", KEY_TEXT, offsetof(struct event, key), 1, EVENT_KEY_MAX, 0, "1..32 bytes",
                 "KeyboardEvent.key of the DOM, UTF-8"},
    [KEY_DATA] = {"data", KEY_TEXT, offsetof(struct event, key), 1, EVENT_KEY_MAX, 0, "1..32 bytes",
                  "text that was typed or pasted, UTF-8"},
    [KEY_SHAPE] = {"name", KEY_TEXT, offsetof(struct event, key), 1, EVENT_KEY_MAX, 0,
                   "1..32 bytes", "name of a cursor in CSS, e.g. wait"},
    [KEY_BUTTON] = {"button", KEY_COUNT, offsetof(struct event, button), 0, 5, 0, "0..5",
                    "button that changed: 1 left, 2 right, 3 middle, 0 none"},
    [KEY_BUTTONS] = {"buttons", KEY_COUNT, offsetof(struct event, buttons), 0, 31, 0, "0..31",
                     "sum of buttons held after it: 1 left, 2 right, 4 middle"},
    [KEY_MODIFIERS] = {"modifiers", KEY_NAMES, offsetof(struct event, modifiers), 0, 15, 0, "names",
                       "any of shift,ctrl,alt,meta, separated by commas"},
    [KEY_POINTER] = {"pointer", KEY_COUNT, offsetof(struct event, pointer), 0, UINT32_MAX, 0,
                     "0..4294967295", "number of a finger or pen; 0 is the mouse"},
    [KEY_VIEWER] = {"viewer", KEY_COUNT, offsetof(struct event, viewer), 0, UINT32_MAX, 0,
                    "0..4294967295", "number of the viewer that sent it; 0 is not a viewer"},
    [KEY_T] = {"t", KEY_TIME, offsetof(struct event, time_ns), 0, 9999999999, 0, "seconds",
               "CLOCK_MONOTONIC, to the nanosecond; now if omitted"},
    [KEY_N] = {"n", KEY_NUMBER, offsetof(struct event, number), 0, 9007199254740991, 0,
               "whole number", "number in the event log, from 1; input's is ignored"},
};

enum {
    POSITION = KEY_BIT(KEY_X) | KEY_BIT(KEY_Y),
    HAND = KEY_BIT(KEY_BUTTON) | KEY_BIT(KEY_BUTTONS) | KEY_BIT(KEY_POINTER) |
           KEY_BIT(KEY_MODIFIERS) | KEY_BITS_ALL
};

const struct event_row event_own_types[EVENT_TYPES] = {
    [EVENT_POINTER_DOWN] = {"pointer_down", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_POINTER_UP] = {"pointer_up", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_POINTER_MOVE] = {"pointer_move", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_POINTER_ENTER] = {"pointer_enter", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_POINTER_LEAVE] = {"pointer_leave", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_DOUBLE_CLICK] = {"double_click", POSITION, 0, HAND, PAYLOAD_AT},
    [EVENT_WHEEL] = {"wheel", 0, KEY_BIT(KEY_DX) | KEY_BIT(KEY_DY),
                     POSITION | (HAND & ~KEY_BIT(KEY_BUTTON)), PAYLOAD_AT},
    [EVENT_KEY_DOWN] = {"key_down", KEY_BIT(KEY_KEY), 0, KEY_BIT(KEY_MODIFIERS) | KEY_BITS_ALL,
                        PAYLOAD_KEY},
    [EVENT_KEY_UP] = {"key_up", KEY_BIT(KEY_KEY), 0, KEY_BIT(KEY_MODIFIERS) | KEY_BITS_ALL,
                      PAYLOAD_KEY},
    [EVENT_RESIZE] = {"resize", KEY_BIT(KEY_WIDTH) | KEY_BIT(KEY_HEIGHT), 0,
                      KEY_BIT(KEY_RATIO) | KEY_BITS_ALL, PAYLOAD_SIZE},
    [EVENT_CHAR] = {"char", KEY_BIT(KEY_DATA), 0, KEY_BITS_ALL, PAYLOAD_KEY},
    [EVENT_CURSOR] = {"cursor", KEY_BIT(KEY_SHAPE), 0, KEY_BITS_ALL, PAYLOAD_KEY},
};

const struct event_modifier event_modifiers[EVENT_MODIFIER_NAMES] = {
    {"shift", EVENT_SHIFT}, {"ctrl", EVENT_CTRL},    {"alt", EVENT_ALT}, {"meta", EVENT_META},
    {"Shift", EVENT_SHIFT}, {"Control", EVENT_CTRL}, {"Alt", EVENT_ALT}, {"Meta", EVENT_META}};

const double event_powers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

const char *event_name(uint32_t type)
{
    return event_type_row(type)->name;
}

uint32_t event_type(const char *name)
{
    for (uint32_t type = 1; type < EVENT_TYPES; type++)
        if (!strcmp(event_type_row(type)->name, name))
            return type;
    return 0;
}
