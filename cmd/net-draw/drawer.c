#include "drawer.h"
#include "evlog.h"
#include "monotonic.h"
#include "stream.h"
#include "tool/cli.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The longest time that another writer holds the lock of an event log. */
#define LOCK_NS UINT64_C(5000000)

/* Without changes for this time, the image is completed with all edges. */
#define REST_NS UINT64_C(150000000)

/* For this time after an image that shows input, motion of the layout starts no image: it would
 * delay the answer to the next input. */
#define INPUT_NS UINT64_C(25000000)

enum result { GO_ON, END, FAILED };

static enum result fail(const char *name, const char *why)
{
    cli_warn("%s: %s", name, why);
    return FAILED;
}

/* Handles a failure to write the view: it was removed, or errno has the reason. */
static enum result lose_view(const struct drawer *d)
{
    if (errno == EIDRM)
        return END;
    return fail(d->view.out.name, streamwriter_problem(&d->view.out, errno));
}

static enum result take_events(struct drawer *d)
{
    int changes = view_take(&d->view, &d->interaction);
    if (changes < 0)
        return lose_view(d);
    d->input = d->input || changes & VIEW_INPUT;
    d->dirty = d->dirty || changes;
    struct interaction *interaction = &d->interaction;
    bool layout =
        netreader_send(&d->reader, interaction->to_layout.events, interaction->to_layout.pending);
    bool view = view_send(&d->view, interaction->to_view.events, interaction->to_view.pending);
    if (layout)
        interaction->to_layout.pending = 0;
    if (view)
        interaction->to_view.pending = 0;
    d->sending = !layout || !view;
    return GO_ON;
}

static enum result take_network(struct drawer *d)
{
    int changes = netreader_take(&d->reader, &d->scene, d->limit.period_ns);
    if (changes < 0)
        return fail(d->reader.name,
                    errno == ENOMSG ? "holds images, not a network" : stream_problem(errno));
    if (changes & NETREADER_NET) {
        if (renderer_network(&d->renderer, d->scene.net))
            return fail(d->reader.name, strerror(errno));
        interaction_network(&d->interaction);
    }
    d->dirty = d->dirty || changes;
    return GO_ON;
}

static enum result take_all(struct drawer *d)
{
    enum result result = take_events(d);
    return result == GO_ON ? take_network(d) : result;
}

/* Moves the camera and the nodes to a time, and projects them. input: for the answer to a viewer.
 * Returns the detail of the image. */
static enum renderer_detail step(struct drawer *d, uint64_t now, bool input)
{
    struct interaction *interaction = &d->interaction;
    double seconds = d->step_ns ? fmin((double)(now - d->step_ns) / 1e9, 0.1) : 0.02;
    scene_advance(&d->scene, now);
    bool flying = camera_step(&interaction->camera, (float)seconds, &d->scene.bounds);
    d->moving = flying || d->scene.moving;
    d->step_ns = d->moving ? now : 0;
    bool few =
        !d->full && (flying || input) && renderer_wants_few(&d->renderer, &d->scene, interaction);
    const uint32_t also[2] = {interaction->selected, interaction->hover};
    scene_project(&d->scene, &interaction->camera, interaction->scale, few, also);
    interaction_hover(interaction);
    return d->full ? RENDERER_ALL : few ? RENDERER_FEW : RENDERER_MOST;
}

static void report(struct drawer *d)
{
    uint64_t now = monotonic_ns();
    if (!d->verbose || now - d->report_ns < 1000000000u)
        return;
    cli_warn("%s: %.1f fps, %.2f ms per frame, %" PRIu32 " nodes, %" PRIu32 " edges, %s",
             d->view.out.name, d->images * 1e9 / (double)(now - d->report_ns),
             (double)d->draw_ns / 1e6 / (d->images ? d->images : 1),
             d->scene.net ? d->scene.net->nodes : 0, d->scene.net ? d->scene.net->edges : 0,
             gl_renderer(d->renderer.gl));
    d->report_ns = now;
    d->draw_ns = 0;
    d->images = 0;
}

/* Draws an image into a slot and completes its meta. */
static enum result draw_into(struct drawer *d, void *slot, struct ring_meta *meta, uint64_t now,
                             bool input)
{
    struct view *view = &d->view;
    const char *name = view->out.name;
    view_size(view, d->renderer.gl, &d->interaction, &meta->width, &meta->height);
    if ((uint64_t)meta->width * meta->height * 3 > ring_capacity(view->out.ring)) {
        cli_warn("%s: an image of %" PRIu32 "x%" PRIu32 " is too large for this stream; "
                 "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f rgba %s makes it larger",
                 name, meta->width, meta->height, meta->width, meta->height, name);
        return FAILED;
    }
    camera_size(&d->interaction.camera, (float)meta->width, (float)meta->height);
    enum renderer_detail detail = step(d, now, input);
    if (renderer_draw(&d->renderer, &d->scene, &d->interaction, meta->width, meta->height,
                      detail) ||
        view_read(view, d->renderer.gl, slot, meta))
        return fail(name, "out of memory");
    return GO_ON;
}

static enum result draw(struct drawer *d)
{
    uint64_t start = monotonic_ns();
    void *slot = streamwriter_begin(&d->view.out);
    if (!slot && errno == EAGAIN) { /* readers hold all slots: the caller tries again */
        ring_drop(d->view.out.ring);
        return GO_ON;
    }
    if (!slot)
        return lose_view(d);
    view_replay(&d->view, &d->interaction);
    struct ring_meta meta = {.event = d->view.cursor};
    bool input = d->input;
    d->dirty = d->input = false;
    enum result result = draw_into(d, slot, &meta, start, input);
    if (result != GO_ON) {
        ring_abort(d->view.out.ring);
        return result;
    }
    meta.captured_ns = monotonic_ns();
    ring_commit(d->view.out.ring, &meta);
    d->input_until_ns = input ? meta.captured_ns + INPUT_NS : 0;
    d->draw_ns += meta.captured_ns - start;
    d->images++;
    report(d);
    return GO_ON;
}

static struct timespec time_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

/* Sleeps until something changes or is pending. */
static void wait_for_change(struct drawer *d, const struct futex_word *words, unsigned count)
{
    struct timespec at = time_of(monotonic_ns() + (d->sending ? LOCK_NS : REST_NS));
    bool limited = d->sending || d->renderer.coarse;
    if (futex_wait_any(words, count, limited ? &at : NULL) && errno == ETIMEDOUT && !d->sending)
        d->dirty = d->full = true;
}

/* Sleeps until there is more input, or the time reserved for it is over. */
static void wait_for_input(struct drawer *d, const struct futex_word *words, unsigned count)
{
    struct timespec at = time_of(d->input_until_ns);
    if (futex_wait_any(words, count, &at) && errno == ETIMEDOUT)
        d->input_until_ns = 0;
}

/* One round of the loop: takes changes, then sleeps or draws. */
static enum result run_once(struct drawer *d)
{
    struct futex_word words[4] = {evlog_seen(d->view.out.stream)}; /* before the changes */
    unsigned count = 1 + netreader_seen(&d->reader, words + 1), attached = d->reader.attached;
    enum result result = take_all(d);
    if (result != GO_ON)
        return result;
    if (!d->dirty && !d->moving) {
        if (attached == d->reader.attached) /* else the words are those of another stream */
            wait_for_change(d, words, count);
        if (!d->full)
            return GO_ON;
    }
    uint64_t now = monotonic_ns();
    if (!d->input && !d->full && now < d->input_until_ns) {
        wait_for_input(d, words, count);
        return GO_ON;
    }
    uint64_t due = ratelimit_next(&d->limit, now);
    if (due > now) {
        if (!cli_sleep_until(due))
            return END;
        result = take_all(d);
    }
    if (result == GO_ON)
        result = draw(d);
    d->full = false;
    return result;
}

int drawer_run(struct drawer *d)
{
    enum result result = GO_ON;
    d->report_ns = monotonic_ns();
    while (result == GO_ON && !cli_stopped())
        result = run_once(d);
    return result == FAILED ? CLI_FAIL : CLI_OK;
}
