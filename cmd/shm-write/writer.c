#include "writer.h"
#include <errno.h>
#include <inttypes.h>
#include "monotonic.h"
#include "stream.h"
#include "tool/cli.h"

static bool fail(struct writer *w, int err)
{
    bool packets = err == EBUSY && w->out.channel == RING_PACKETS;
    if (err != EIDRM && err != ENOENT) { /* else removed */
        cli_warn("%s: %s%s%s", w->out.name, packets ? "packets are " : "",
                 streamwriter_problem(&w->out, err),
                 packets ? "; end it, or choose another stream" : "");
        w->code = CLI_FAIL;
    }
    return false;
}

bool writer_claim(struct writer *w, enum ring_channel channel)
{
    if (w->out.ring && w->out.channel == channel)
        return true;
    streamwriter_close(&w->out);
    if (streamwriter_open(&w->out, w->out.name, channel) == 0)
        return true;
    return fail(w, errno);
}

bool writer_begin(struct writer *w, void **slot)
{
    *slot = streamwriter_begin(&w->out);
    return *slot || errno == EAGAIN || fail(w, errno);
}

bool writer_pace(struct writer *w)
{
    uint64_t now = monotonic_ns(), due = ratelimit_next(&w->rate, now);
    return due <= now || cli_sleep_until(due);
}

void writer_commit(struct writer *w, struct ring_meta *meta)
{
    ring_commit(w->out.ring, meta);
    w->now.published++;
    w->now.bytes += meta->bytes;
}

void writer_skip(struct writer *w)
{
    ring_abort(w->out.ring);
    ring_skip(w->out.ring);
    w->now.unchanged++;
}

void writer_drop(struct writer *w)
{
    ring_drop(w->out.ring);
    w->now.dropped++;
}

bool writer_read_failed(struct writer *w)
{
    int err = errno;
    if (!cli_stopped()) {
        if (err == EFAULT) /* from read(2) into a truncated stream, instead of SIGBUS */
            cli_warn("%s: %s", w->out.name, stream_problem(err));
        else
            cli_warn("standard input: %s", imgreader_why(w->in));
        w->code = CLI_FAIL;
    }
    return false;
}

void writer_ended(struct writer *w)
{
    if (*imgreader_why(w->in))
        cli_warn("standard input: %s", imgreader_why(w->in));
}

/* Reports the work since `then` on stderr. */
static void report(struct writer *w, const char *what, const struct tally *then)
{
    const struct tally *now = &w->now;
    double seconds = (double)(now->at_ns - then->at_ns) / 1e9;
    uint64_t images = now->published - then->published;
    cli_warn("%s: %s%" PRIu64 " %s in %.1f s, %.1f fps, %.1f MB/s, %" PRIu64 " dropped, %" PRIu64
             " unchanged",
             w->out.name, what, images, w->out.channel == RING_FRAMES ? "frames" : "JPEGs", seconds,
             seconds > 0 ? (double)images / seconds : 0,
             seconds > 0 ? (double)(now->bytes - then->bytes) / seconds / 1e6 : 0,
             now->dropped - then->dropped, now->unchanged - then->unchanged);
}

void writer_report(struct writer *w)
{
    w->now.at_ns = monotonic_ns();
    if (!w->verbose || w->now.at_ns - w->second.at_ns < 1000000000u)
        return;
    report(w, "", &w->second);
    w->second = w->now;
}

void writer_sum(struct writer *w)
{
    w->now.at_ns = monotonic_ns();
    if (w->verbose)
        report(w, "in all ", &w->begun);
}
