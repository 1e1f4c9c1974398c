/* Whether the programs that write a stream are alive, as /NAME/stats and /streams report it. */
#ifndef SHMCAST_WRITERSTATE_H
#define SHMCAST_WRITERSTATE_H

#include "ring.h"

/* "live"; "stopped": by a signal or a debugger; "gone": it left images behind; NULL: there is no
 * writer and no image. A writer in another pid namespace is never "stopped". Static storage. */
const char *writerstate(const struct stream *stream, enum ring_channel channel);

#endif
