/* A viewer's input on its way to the event log: rate limits, back-pressure, release. */
#ifndef SERVER_INPUT_H
#define SERVER_INPUT_H

#include "viewer.h"

/* May the viewer send one more event, or another costly message, now? droppable: an event that may
 * be dropped otherwise. For the others there is twice the room, and beyond it the viewer has
 * misbehaved. */
bool input_admit(struct viewer *viewer, uint64_t now, bool droppable);

/* Appends events of the viewer to its stream's event log. */
void input_append(struct viewer *viewer, struct event *events, size_t count);

/* Appends events that release all buttons and keys that the viewer holds down. */
void input_release(struct viewer *viewer);

/* The event log may have become free for queued events. */
void input_retry(struct served *served);

#endif
