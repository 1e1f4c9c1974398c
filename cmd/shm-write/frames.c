/* Raw frames, read directly into the slots of the stream. */
#include "writer.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "pixfmt.h"
#include "stream.h"
#include "tool/cli.h"
#include "tool/scratch.h"

struct frames {
    struct writer *w;
    struct scratch spare; /* for a frame without a slot */
    const void *last;     /* newest frame, in its slot: not reused before the next is published */
    struct image last_image;
    unsigned last_opened;   /* the stream of last, as out.opened */
    struct image too_large; /* the last frame reported as too large */
};

static bool drop_too_large(struct frames *f, const struct imgreader_head *head)
{
    struct writer *w = f->w;
    const struct image *image = &head->image;
    struct image *last = &f->too_large;
    if (image->stride[0]) { /* a smaller stream replaced the one with room for the padding */
        writer_drop(w);
        return true;
    }
    if (image->width != last->width || image->height != last->height ||
        image->format != last->format)
        cli_warn("%s: too small for a %" PRIu32 "x%" PRIu32 " %s frame; make it larger: "
                 "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f %s %s",
                 w->out.name, image->width, image->height, pixfmt_name(image->format), image->width,
                 image->height, pixfmt_name(image->format), w->out.name);
    *last = *image;
    w->code = CLI_FAIL;
    writer_drop(w);
    return true;
}

static void *spare(struct frames *f, size_t bytes)
{
    void *room = scratch_get(&f->spare, bytes);
    if (!room)
        cli_die(CLI_FAIL, "%s: %s", f->w->out.name, strerror(errno));
    return room;
}

static bool unchanged(const struct frames *f, const struct imgreader_head *head, const void *data)
{
    return f->last && f->last_opened == f->w->out.opened &&
           pixfmt_alike(&f->last_image, &head->image) && !memcmp(f->last, data, head->bytes);
}

static void publish(struct frames *f, const struct imgreader_head *head, void *slot)
{
    struct writer *w = f->w;
    struct ring_meta meta = {.event = head->event, .bytes = head->bytes};
    ring_describe(&meta, &head->image);
    if (w->skip_unchanged && unchanged(f, head, slot)) {
        writer_skip(w);
        return;
    }
    writer_commit(w, &meta);
    f->last = slot;
    f->last_image = head->image;
    f->last_opened = w->out.opened;
}

/* Reads the frame that follows head and publishes it when the rate limit allows. false: time to
 * end. */
static bool take_frame(struct frames *f, struct imgreader_head *head)
{
    struct writer *w = f->w;
    void *slot;
    if (!writer_begin(w, &slot))
        return false;
    imgreader_pad(w->in, ring_capacity(w->out.ring), head);
    if (head->bytes > ring_capacity(w->out.ring)) {
        if (slot)
            ring_abort(w->out.ring);
        return imgreader_data(w->in, NULL) ? writer_read_failed(w) : drop_too_large(f, head);
    }
    void *data = slot ? slot : spare(f, ring_capacity(w->out.ring));
    if (imgreader_data(w->in, data))
        return writer_read_failed(w);
    if (!writer_pace(w))
        return false;

    if (slot && stream_alive(w->out.stream)) { /* superseded: the frame goes to the new stream */
        data = memcpy(spare(f, ring_capacity(w->out.ring)), slot, head->bytes);
        slot = NULL;
    }
    if (!slot) {
        if (!writer_begin(w, &slot))
            return false;
        if (head->bytes > ring_capacity(w->out.ring))
            return drop_too_large(f, head);
        if (!slot) {
            writer_drop(w);
            return true;
        }
        memcpy(slot, data, head->bytes);
    }
    publish(f, head, slot);
    return true;
}

void write_frames(struct writer *w, struct imgreader_head *head, int got)
{
    struct frames f = {.w = w};
    if (!writer_claim(w, RING_FRAMES))
        return;
    for (; got == 1; got = imgreader_next(w->in, head)) {
        if (!take_frame(&f, head) || cli_stopped())
            break;
        writer_report(w);
    }
    free(f.spare.data);
    if (got < 0)
        writer_read_failed(w);
    else if (got == 0)
        writer_ended(w);
}
