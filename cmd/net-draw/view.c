#include "view.h"
#include "evlog.h"
#include "pixfmt.h"
#include "stream.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 64 };

int view_open(struct view *view, const char *name)
{
    return streamwriter_open(&view->out, name, RING_FRAMES);
}

void view_close(struct view *view)
{
    streamwriter_close(&view->out);
    free(view->pixels.data);
    view->pixels = (struct scratch){0};
}

bool view_replay(struct view *view, struct interaction *interaction)
{
    struct event events[BATCH];
    uint64_t lost, cursor = 0;
    size_t n;
    if (view->opened == view->out.opened)
        return false;
    view->opened = view->out.opened;
    while ((n = evlog_read(view->out.stream, &cursor, events, BATCH, &lost)) > 0)
        for (size_t i = 0; i < n; i++)
            if (events[i].type == EVENT_RESIZE)
                interaction_event(interaction, &events[i]);
    view->cursor = cursor;
    return true;
}

int view_take(struct view *view, struct interaction *interaction)
{
    struct event events[BATCH];
    uint64_t lost;
    size_t n;
    while (stream_alive(view->out.stream)) {
        if (errno != ESTALE)
            return -1;
        streamwriter_close(&view->out);
        if (view_open(view, view->out.name)) {
            errno = errno == ENOENT ? EIDRM : errno;
            return -1;
        }
    }
    int changes = view_replay(view, interaction) ? VIEW_ATTACHED : 0;
    while ((n = evlog_read(view->out.stream, &view->cursor, events, BATCH, &lost)) > 0)
        for (size_t i = 0; i < n; i++)
            if (interaction_event(interaction, &events[i]))
                changes |= VIEW_INPUT;
    return changes;
}

bool view_send(struct view *view, struct event *events, unsigned count)
{
    return !count || !evlog_try(view->out.stream, events, count) || errno != EBUSY;
}

void view_size(const struct view *view, const struct gl *gl, struct interaction *interaction,
               uint32_t *width, uint32_t *height)
{
    const struct shmfmt_header *h = stream_header(view->out.stream);
    uint32_t side = gl_side_max(gl);
    bool fixed = view->width, window = interaction->width;
    double w = fixed ? view->width : window ? interaction->width : h->width;
    double hh = fixed ? view->height : interaction->height ? interaction->height : h->height;
    double shrink = 1, ratio = window ? (double)interaction->ratio : 1;
    if (!fixed)
        shrink = fmin(1, fmin(h->width / w, h->height / hh));
    shrink = fmin(shrink, fmin(side / w, side / hh));
    *width = (uint32_t)fmax(w * shrink, 1);
    *height = (uint32_t)fmax(hh * shrink, 1);
    interaction->scale = fixed ? 1 : (float)fmin(fmax(ratio * shrink, 0.6), 4);
}

/* Drops the fourth byte of each pixel. */
static void pack(uint8_t *to, const uint8_t *from, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, to += 3, from += 4) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
    }
}

int view_read(struct view *view, struct gl *gl, void *slot, struct ring_meta *meta)
{
    size_t pixels = (size_t)meta->width * meta->height;
    meta->flags = PIXFMT_BOTTOM_UP;
    if (pixels * 4 <= ring_capacity(view->out.ring)) {
        meta->format = PIXFMT_RGBA;
        meta->bytes = pixels * 4;
        gl_read(gl, slot);
        return 0;
    }
    void *rgba = scratch_get(&view->pixels, pixels * 4);
    if (!rgba)
        return -1;
    meta->format = PIXFMT_RGB24;
    meta->bytes = pixels * 3;
    gl_read(gl, rgba);
    pack(slot, rgba, pixels);
    return 0;
}
