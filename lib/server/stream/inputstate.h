/* The buttons and keys that a viewer holds down, so that they can be released when it leaves or
 * loses control. */
#ifndef SERVER_INPUTSTATE_H
#define SERVER_INPUTSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "events.h"

enum {
    INPUTSTATE_POINTERS = 16, /* pointers of one viewer that may be down */
    INPUTSTATE_KEYS = 32,
    INPUTSTATE_EVENTS = 16 /* buttons of one pointer: most releases that one event may cause */
};

struct inputstate {
    struct {
        uint32_t pointer, buttons;
        float x, y;
    } pointers[INPUTSTATE_POINTERS];
    char keys[INPUTSTATE_KEYS][EVENT_KEY_MAX + 1];
    unsigned pointer_count, key_count;
};

/* Applies an event, and fills in its buttons if fill. When the state has no room for another
 * pointer or key, the oldest is released: writes the events for that, at most INPUTSTATE_EVENTS, to
 * out and returns their number. */
size_t inputstate_apply(struct inputstate *state, struct event *event, bool fill,
                        struct event *out);

/* Releases everything, up to max events to out; returns their number, 0 when nothing is held. */
size_t inputstate_release(struct inputstate *state, struct event *out, size_t max);

#endif
