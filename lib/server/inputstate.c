/* What a viewer holds down, so that it can be let go when the viewer goes away. */
#include "serve.h"
#include <string.h>

static uint32_t button_bit(uint32_t button)
{
    return button >= 1 && button <= 16 ? UINT32_C(1) << (button - 1) : 0;
}

static unsigned pointer_find(const struct held *held, uint32_t pointer)
{
    unsigned i = 0;
    while (i < held->pointer_count && held->pointers[i].pointer != pointer)
        i++;
    return i;
}

static void pointer_forget(struct held *held, unsigned i)
{
    held->pointer_count--;
    memmove(&held->pointers[i], &held->pointers[i + 1],
            (held->pointer_count - i) * sizeof held->pointers[0]);
}

static unsigned key_find(const struct held *held, const char *key)
{
    unsigned i = 0;
    while (i < held->key_count && strcmp(held->keys[i], key) != 0)
        i++;
    return i;
}

static void key_forget(struct held *held, unsigned i)
{
    held->key_count--;
    memmove(held->keys[i], held->keys[i + 1], (held->key_count - i) * sizeof held->keys[0]);
}

/* Lets go of one button of the pointer that has been down the longest. */
static void pointer_release(struct held *held, struct event *out)
{
    uint32_t buttons = held->pointers[0].buttons, button = 1;
    while (!(buttons & button_bit(button)))
        button++;
    event_init(out, EVENT_POINTER_UP);
    out->pointer = held->pointers[0].pointer;
    out->x = held->pointers[0].x;
    out->y = held->pointers[0].y;
    out->button = button;
    out->buttons = held->pointers[0].buttons = buttons & ~button_bit(button);
    if (!out->buttons)
        pointer_forget(held, 0);
}

static void key_release(struct held *held, struct event *out)
{
    event_init(out, EVENT_KEY_UP);
    strcpy(out->key, held->keys[0]);
    key_forget(held, 0);
}

static size_t note_down(struct held *held, const struct event *event, struct event *out)
{
    size_t due = 0;
    unsigned i = pointer_find(held, event->pointer);
    if (!button_bit(event->button))
        return 0;
    if (i == held->pointer_count) {
        while (held->pointer_count == HELD_POINTERS)
            pointer_release(held, &out[due++]);
        i = held->pointer_count++;
        held->pointers[i].pointer = event->pointer;
        held->pointers[i].buttons = 0;
    }
    held->pointers[i].buttons |= button_bit(event->button);
    return due;
}

static size_t note_key(struct held *held, const struct event *event, struct event *out)
{
    size_t due = 0;
    if (key_find(held, event->key) < held->key_count)
        return 0; /* a key that repeats */
    if (held->key_count == HELD_KEYS)
        key_release(held, &out[due++]);
    strcpy(held->keys[held->key_count++], event->key);
    return due;
}

static uint32_t note_pointer(struct held *held, const struct event *event)
{
    unsigned i = pointer_find(held, event->pointer);
    if (i == held->pointer_count)
        return 0;
    if (event->type == EVENT_POINTER_DOWN || event->type == EVENT_POINTER_UP ||
        event->type == EVENT_POINTER_MOVE) { /* FURY's wheel has no place */
        held->pointers[i].x = event->x;
        held->pointers[i].y = event->y;
    }
    if (event->type == EVENT_POINTER_UP)
        held->pointers[i].buttons &= ~button_bit(event->button);
    uint32_t buttons = held->pointers[i].buttons;
    if (!buttons)
        pointer_forget(held, i);
    return buttons;
}

size_t held_note(struct held *held, struct event *event, bool fill, struct event *out)
{
    size_t due = 0;
    unsigned i;
    switch (event->type) {
    case EVENT_KEY_DOWN:
        return note_key(held, event, out);
    case EVENT_KEY_UP:
        if ((i = key_find(held, event->key)) < held->key_count)
            key_forget(held, i);
        return 0;
    case EVENT_RESIZE:
        return 0;
    case EVENT_POINTER_DOWN:
        due = note_down(held, event, out);
    }
    uint32_t buttons = note_pointer(held, event);
    if (fill)
        event->buttons = buttons;
    return due;
}

size_t held_release(struct held *held, struct event *out, size_t max)
{
    size_t count = 0;
    while (count < max && held->pointer_count)
        pointer_release(held, &out[count++]);
    while (count < max && held->key_count)
        key_release(held, &out[count++]);
    return count;
}
