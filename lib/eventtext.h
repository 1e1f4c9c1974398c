/* Events as text. events.h reads it, but for the forms of FURY and renderview. */
#ifndef SHMCAST_EVENTTEXT_H
#define SHMCAST_EVENTTEXT_H

#include "events.h"

/*
 * Write one event as a line with its newline, NUL-terminated; a size of EVENT_LINE_MAX always
 * suffices. event_text: the line that event_parse reads as the same event. event_json: the object
 * that a WebSocket client sends. event_fury: the eight numbers of FURY 0.12's circular queue.
 * Return the length without the NUL, or 0 if the event is not event_valid, does not fit, or has no
 * equivalent in FURY.
 */
size_t event_text(const struct event *ev, char *out, size_t size);
size_t event_json(const struct event *ev, char *out, size_t size);
size_t event_fury(const struct event *ev, char *out, size_t size);

/* The surface that a viewer sees: its size in physical pixels, of which ratio are a logical one. */
struct event_canvas {
    uint32_t width, height;
    float ratio;
};

/*
 * The same as an object of the renderview specification of 2026-04: x and y in logical pixels of
 * canvas, and the event's number in n, which that specification lacks. 0 also if it has no such
 * event.
 */
size_t event_renderview(const struct event *ev, const struct event_canvas *canvas, char *out,
                        size_t size);

/* Writes a line of the table of types and keys, for people: line 0, 1, … with its newline,
 * NUL-terminated; size ≥ EVENT_LINE_MAX. Returns its length, 0 after the last line. */
size_t event_list(size_t line, char *out, size_t size);

#endif
