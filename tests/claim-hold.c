/* claim-hold NAME: takes the turn of those who write events, says so, and stops: a writer that was
 * stopped at the worst moment. Goes on and ends when it is continued. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "claim.h"
#include "seg.h"

int main(int argc, char **argv)
{
    struct seg *seg = argc == 2 ? seg_attach(argv[1], SEG_WRITE) : NULL;
    if (!seg || claim_take(seg, LAYOUT_CLAIM_EVENTS)) {
        fprintf(stderr, "claim-hold: %s\n", strerror(errno));
        return 1;
    }
    puts("held");
    fflush(stdout);
    raise(SIGSTOP);
    seg_close(seg);
    return 0;
}
