/* The packet sinks of a stream: all get each encoded frame, on the transport thread. */
#ifndef FANOUT_H
#define FANOUT_H

#include "loopthread.h"
#include "packetsink.h"

struct fanout;

struct fanout *fanout_new(struct loopthread *thread);
void fanout_free(struct fanout *fanout); /* empty, with no frame on its way; NULL is allowed */

/* --- the transport thread's --- */

/* The sink gets every frame from the next keyframe on, which is requested. */
void fanout_add(struct fanout *fanout, struct packetsink *sink);

/* The sink gets nothing more from the moment this returns. One that was not added is allowed. */
void fanout_remove(struct fanout *fanout, struct packetsink *sink);

/* --- any thread's --- */

/* The futex word that changes with the set of sinks and with their requests; for
 * packetsink_options, and for the encoder thread to wait on. */
_Atomic uint32_t *fanout_word(struct fanout *fanout);

unsigned fanout_count(const struct fanout *fanout);

/* True if a sink wants a keyframe. *kbit: the lowest bitrate of all sinks, at most max. */
bool fanout_demand(struct fanout *fanout, uint32_t max, uint32_t *kbit);

/* Sends the frame soon. If the transport thread is behind, all sinks skip the frame, and go on from
 * the next keyframe. */
void fanout_push(struct fanout *fanout, const struct encoded_frame *frame);

/* Sums over all sinks, removed ones included. */
void fanout_stats(struct fanout *fanout, struct packetsink_stats *out);

#endif
