/* The stream that net-draw draws into: image size, events, pixels. */
#ifndef NET_DRAW_VIEW_H
#define NET_DRAW_VIEW_H

#include <stdint.h>
#include "gl.h"
#include "interaction.h"
#include "tool/scratch.h"
#include "tool/streamwriter.h"

struct view {
    struct streamwriter out;
    unsigned opened;        /* out.opened when the event log was last replayed */
    uint64_t cursor;        /* in the event log */
    uint32_t width, height; /* fixed size; 0: the shape of the viewer's window */
    struct scratch pixels;  /* for slots without room for 4 bytes per pixel */
};

/* Attaches the stream. Returns 0, or -1 with streamwriter_open's errno. The caller ends with
 * view_close either way. */
int view_open(struct view *view, const char *name);
void view_close(struct view *view);

/* If another stream was attached since the last call: takes the window size from its event log,
 * skips its other events, and returns true. */
bool view_replay(struct view *view, struct interaction *interaction);

enum { VIEW_ATTACHED = 1, VIEW_INPUT = 2 };

/*
 * Passes new events to interaction, after shm-create --replace from the new stream. Returns the
 * changes: VIEW_ATTACHED (another stream), VIEW_INPUT (an event changes the image); or -1 with
 * EIDRM, or streamwriter_open's errno.
 */
int view_take(struct view *view, struct interaction *interaction);

/* Writes events to the view's own log. Returns false if another writer holds its lock: try again.
 */
bool view_send(struct view *view, struct event *events, unsigned count);

/* Chooses the image size, and sets interaction's scale: as large as the window, if the stream and
 * OpenGL have room for that. */
void view_size(const struct view *view, const struct gl *gl, struct interaction *interaction,
               uint32_t *width, uint32_t *height);

/* Copies the image of meta's size into a slot and completes meta. Returns 0, or -1 with ENOMEM. */
int view_read(struct view *view, struct gl *gl, void *slot, struct ring_meta *meta);

#endif
