#include "inputstate.h"
#include <string.h>

static uint32_t button_bit(uint32_t button)
{
    return button >= 1 && button <= 16 ? UINT32_C(1) << (button - 1) : 0;
}

static unsigned pointer_find(const struct inputstate *state, uint32_t pointer)
{
    unsigned i = 0;
    while (i < state->pointer_count && state->pointers[i].pointer != pointer)
        i++;
    return i;
}

static void pointer_forget(struct inputstate *state, unsigned i)
{
    state->pointer_count--;
    memmove(&state->pointers[i], &state->pointers[i + 1],
            (state->pointer_count - i) * sizeof state->pointers[0]);
}

static unsigned key_find(const struct inputstate *state, const char *key)
{
    unsigned i = 0;
    while (i < state->key_count && strcmp(state->keys[i], key) != 0)
        i++;
    return i;
}

static void key_forget(struct inputstate *state, unsigned i)
{
    state->key_count--;
    memmove(state->keys[i], state->keys[i + 1], (state->key_count - i) * sizeof state->keys[0]);
}

/* Releases one button of the pointer that has been down longest. */
static void pointer_release(struct inputstate *state, struct event *out)
{
    uint32_t buttons = state->pointers[0].buttons, button = 1;
    while (!(buttons & button_bit(button)))
        button++;
    event_init(out, EVENT_POINTER_UP);
    out->pointer = state->pointers[0].pointer;
    out->x = state->pointers[0].x;
    out->y = state->pointers[0].y;
    out->button = button;
    out->buttons = state->pointers[0].buttons = buttons & ~button_bit(button);
    if (!out->buttons)
        pointer_forget(state, 0);
}

static void key_release(struct inputstate *state, struct event *out)
{
    event_init(out, EVENT_KEY_UP);
    strcpy(out->key, state->keys[0]);
    key_forget(state, 0);
}

static size_t apply_down(struct inputstate *state, const struct event *event, struct event *out)
{
    size_t count = 0;
    unsigned i = pointer_find(state, event->pointer);
    if (!button_bit(event->button))
        return 0;
    if (i == state->pointer_count) {
        while (state->pointer_count == INPUTSTATE_POINTERS)
            pointer_release(state, &out[count++]);
        i = state->pointer_count++;
        state->pointers[i].pointer = event->pointer;
        state->pointers[i].buttons = 0;
    }
    state->pointers[i].buttons |= button_bit(event->button);
    return count;
}

static size_t apply_key(struct inputstate *state, const struct event *event, struct event *out)
{
    size_t count = 0;
    if (key_find(state, event->key) < state->key_count)
        return 0; /* a key that repeats */
    if (state->key_count == INPUTSTATE_KEYS)
        key_release(state, &out[count++]);
    strcpy(state->keys[state->key_count++], event->key);
    return count;
}

static uint32_t apply_pointer(struct inputstate *state, const struct event *event)
{
    unsigned i = pointer_find(state, event->pointer);
    if (i == state->pointer_count)
        return 0;
    if (event->type == EVENT_POINTER_DOWN || event->type == EVENT_POINTER_UP ||
        event->type == EVENT_POINTER_MOVE) { /* FURY's wheel has no position */
        state->pointers[i].x = event->x;
        state->pointers[i].y = event->y;
    }
    if (event->type == EVENT_POINTER_UP)
        state->pointers[i].buttons &= ~button_bit(event->button);
    uint32_t buttons = state->pointers[i].buttons;
    if (!buttons)
        pointer_forget(state, i);
    return buttons;
}

size_t inputstate_apply(struct inputstate *state, struct event *event, bool fill, struct event *out)
{
    size_t count = 0;
    unsigned i;
    switch (event->type) {
    case EVENT_KEY_DOWN:
        return apply_key(state, event, out);
    case EVENT_KEY_UP:
        if ((i = key_find(state, event->key)) < state->key_count)
            key_forget(state, i);
        return 0;
    case EVENT_RESIZE:
        return 0;
    case EVENT_POINTER_DOWN:
        count = apply_down(state, event, out);
    }
    uint32_t buttons = apply_pointer(state, event);
    if (fill)
        event->buttons = buttons;
    return count;
}

size_t inputstate_release(struct inputstate *state, struct event *out, size_t max)
{
    size_t count = 0;
    while (count < max && state->pointer_count)
        pointer_release(state, &out[count++]);
    while (count < max && state->key_count)
        key_release(state, &out[count++]);
    return count;
}
