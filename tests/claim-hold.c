/*
 * claim-hold NAME: takes the turn of those who write events, says so, and stops: a writer that was
 * stopped at the worst moment. Goes on and ends when it is continued.
 * claim-hold NAME again: takes it again and again until it is ended, and has it half the time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "seg.h"
#include "turn.h"

/* Not asleep: a processor of our own is what makes it hard for others. */
static void spend_a_moment(void)
{
    uint64_t end = cli_now() + 20000;
    while (cli_now() < end)
        ;
}

int main(int argc, char **argv)
{
    struct seg *seg = argc > 1 ? seg_attach(argv[1], SEG_WRITE) : NULL;
    if (!seg || turn_take(seg)) {
        fprintf(stderr, "claim-hold: %s\n", strerror(errno));
        return 1;
    }
    puts("held");
    fflush(stdout);
    while (argc > 2) {
        spend_a_moment();
        turn_leave(seg);
        spend_a_moment();
        if (turn_take(seg))
            return 1;
    }
    raise(SIGSTOP);
    seg_close(seg);
    return 0;
}
