/* Control of a stream: only a viewer that has control sends input to the stream's event log. */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include "tool/evjson.h"

struct viewer;

enum { CONTROL_WAITERS = 8 /* viewers that may wait for control of a stream */ };

/* The rights of a client, by its credentials. */
enum role { ROLE_NONE, ROLE_VIEW, ROLE_CONTROL };

enum control_mode {
    CONTROL_ANY,   /* every viewer with the role has control */
    CONTROL_FIRST, /* one viewer at a time, which may pass it on */
    CONTROL_TOKEN, /* the same, and others may take it */
    CONTROL_NONE   /* no viewer */
};

/* Control of one stream. */
struct control {
    struct viewer *controller;               /* NULL: none, or all that may */
    struct viewer *waiters[CONTROL_WAITERS]; /* first in, first out */
    unsigned waiter_count;
};

/* The mode of that name ("any", "first" or "token"), or -1. */
int control_mode(const char *name);
const char *control_mode_name(enum control_mode mode);

/* Whether input of this viewer is accepted. */
bool control_has(const struct viewer *viewer);

/* The viewer has joined its stream, or has a message channel now. */
void control_join(struct viewer *viewer);

/* The viewer has left: its control goes to the first waiter. */
void control_leave(struct viewer *viewer);

/* Handle messages of the viewer: a subscription to state messages, and a request for a change of
 * control. */
void control_hello(struct viewer *viewer, const char *name); /* NULL: it keeps its name */
void control_request(struct viewer *viewer, enum evjson_want want, uint32_t to);

/* Sends the viewer's state message again, if the viewer wants it: something in it has changed. */
void control_changed(struct viewer *viewer);

/* Sends the state message. -1: close the connection. */
int control_send_state(struct viewer *viewer);

#endif
