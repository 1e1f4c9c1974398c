/*
 * claim-hold NAME: takes the event-log lock, prints "held", and stops itself: a writer that was
 * stopped at the worst moment. Ends when it is continued.
 * claim-hold NAME again: takes and releases the lock until it is ended, and holds it half the time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "tool/cli.h"
#include "monotonic.h"
#include "stream.h"
#include "evlock.h"

/* Busy, so that other processes find the processor taken. */
static void spend_a_moment(void)
{
    uint64_t end = monotonic_ns() + 20000;
    while (monotonic_ns() < end)
        ;
}

int main(int argc, char **argv)
{
    struct stream *stream = argc > 1 ? stream_attach(argv[1], STREAM_WRITE) : NULL;
    if (!stream || evlock_lock(stream)) {
        fprintf(stderr, "claim-hold: %s\n", strerror(errno));
        return 1;
    }
    puts("held");
    fflush(stdout);
    while (argc > 2) {
        spend_a_moment();
        evlock_unlock(stream);
        spend_a_moment();
        if (evlock_lock(stream))
            return 1;
    }
    raise(SIGSTOP);
    stream_close(stream);
    return 0;
}
