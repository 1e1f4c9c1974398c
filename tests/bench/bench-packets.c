/*
 * bench-packets NAME RATE <PACKET: publishes the bytes on stdin as the stream's newest packet, RATE
 * times per second, until it is ended: an encoder that takes no time. Exit: 1 with a message.
 */
#include "bench.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "ring.h"
#include "stream.h"

int main(int argc, char **argv)
{
    errno = EINVAL;
    if (argc != 3)
        bench_die("NAME RATE");
    double rate = atof(argv[2]);
    struct stream *stream = stream_attach(argv[1], STREAM_WRITE);
    struct ring *ring = stream ? ring_open_writer(stream, RING_PACKETS) : NULL;
    if (!ring)
        bench_die(argv[1]);
    const struct shmfmt_header *h = stream_header(stream);
    size_t bytes;
    uint8_t *packet = bench_input(&bytes);
    errno = ENOSPC;
    if (bytes > ring_capacity(ring) || rate <= 0)
        bench_die(argv[1]);
    struct ring_meta meta = {.frame = 1, .bytes = bytes, .width = h->width, .height = h->height};
    for (uint64_t at = monotonic_ns();; at += (uint64_t)(1e9 / rate)) {
        uint64_t now = monotonic_ns();
        if (at < now) /* late packets are not made up for */
            at = now;
        cli_sleep_until(at);
        void *slot = ring_begin(ring);
        if (!slot && errno == EAGAIN)
            continue;
        if (!slot)
            bench_die(argv[1]);
        memcpy(slot, packet, bytes);
        ring_commit(ring, &meta);
    }
}
