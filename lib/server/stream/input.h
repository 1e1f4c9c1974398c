/* A viewer's input on its way to the event log: rate limits, back-pressure, release. */
#ifndef SERVER_INPUT_H
#define SERVER_INPUT_H

#include "viewer.h"

/* Whether the rate limit has room for one more event, or another costly message, of the viewer.
 * droppable: an event that is dropped otherwise. Other events have twice the room; a viewer that
 * exceeds that misbehaves. */
bool input_admit(struct viewer *viewer, uint64_t now, bool droppable);

/* Appends events of the viewer to its stream's event log. */
void input_append(struct viewer *viewer, struct event *events, size_t count);

/* Appends events that release all buttons and keys that the viewer holds down. */
void input_release(struct viewer *viewer);

/* The event log may have become free for queued events. */
void input_retry(struct served *served);

#endif
