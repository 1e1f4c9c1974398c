/* Decides an object's state: fills in state, reason, leak and held. */
#ifndef SHM_LS_VERDICT_H
#define SHM_LS_VERDICT_H

#include "scan.h"

struct stream;

void verdict_stream(struct scan_object *ob, const struct stream *stream);

/* A named object that is foreign, corrupt or unreadable; err: errno of stream_attach. */
void verdict_other(struct scan_object *ob, int err);

/* An object without a name; stream is NULL when attaching failed with err. */
void verdict_unlinked(struct scan_object *ob, const struct stream *stream, int err);

#endif
