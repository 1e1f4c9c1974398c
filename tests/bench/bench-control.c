/*
 * bench-control VIEW SECONDS: scrolls in a stream whose renderer answers events with frames, one
 * step after each frame that shows the last one. Prints frames per second, and the median and the
 * 99th percentile of the delay from event to frame, in µs. Exit: 0, or 1 with a message.
 */
#include "bench.h"
#include "evlog.h"
#include "monotonic.h"
#include "ring.h"
#include "stream.h"

enum { MOST = 1 << 16, WARM_UP = 5 };

/* Appends an event and waits for the first frame that shows it. Returns the delay in ns. */
static int64_t step(struct stream *stream, struct ring *frames, float dy)
{
    struct event event;
    struct ring_view view = {0};
    uint64_t seen = 0;
    event_init(&event, EVENT_WHEEL);
    event.x = event.y = 0.5f;
    event.dy = dy;
    if (evlog_append(stream, &event, 1))
        bench_die("event");
    do {
        if (ring_wait(frames, seen, NULL) < 0 || ring_pin(frames, seen, &view) < 0)
            bench_die("frame");
        seen = view.meta.number;
        ring_unpin(frames);
    } while (view.meta.event < event.number);
    return (int64_t)(monotonic_ns() - event.time_ns);
}

int main(int argc, char **argv)
{
    static int64_t delay[MOST];
    size_t count = 0;
    struct stream *stream = argc == 3 ? stream_attach(argv[1], STREAM_WRITE) : NULL;
    struct ring *frames = stream ? ring_open_reader(stream, RING_FRAMES) : NULL;
    if (!frames)
        bench_die(argc == 3 ? argv[1] : "usage");
    uint64_t whole = (uint64_t)bench_number(argv[2]) * 1000000000u, start = 0, now = 0;
    for (int n = 0; n < WARM_UP || (now - start < whole && count < MOST); n++) {
        int64_t ns = step(stream, frames, n % 2 ? 40 : -40);
        now = monotonic_ns();
        if (n < WARM_UP)
            start = now;
        else
            delay[count++] = ns;
    }
    printf("%.2f ", (double)count * 1e9 / (double)(now - start));
    bench_percentiles(delay, count);
    ring_close(frames);
    stream_close(stream);
    return 0;
}
