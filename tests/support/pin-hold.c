/*
 * pin-hold NAME: pins the newest frame, prints its number, and keeps the pin until it is ended: a
 * reader that stopped at the worst moment.
 * pin-hold NAME fork: before that it forks a child, which closes its descriptors and stays.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ring.h"
#include "stream.h"

int main(int argc, char **argv)
{
    struct ring_view view;
    struct stream *stream = argc >= 2 ? stream_attach(argv[1], STREAM_READ) : NULL;
    struct ring *ring = stream ? ring_open_reader(stream, RING_FRAMES) : NULL;
    if (!ring || ring_wait(ring, 0, NULL) != 1 || ring_pin(ring, 0, &view) != 1) {
        fprintf(stderr, "pin-hold: %s\n", strerror(errno));
        return 1;
    }
    pid_t child = argc > 2 ? fork() : -1;
    if (child == 0) {
        close_range(0, ~0u, 0);
        pause();
    }
    printf("%" PRIu64 "\n", view.meta.number);
    fflush(stdout);
    pause();
    return 0;
}
