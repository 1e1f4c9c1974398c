/*
 * Sessions: what offers of WebRTC clients lead to. While pipeline.c makes the answer, the client's
 * HTTP request waits for it. With the answer the session has a viewer, until the peer goes, a
 * DELETE request or the end of the stream.
 */
#ifndef SESSION_H
#define SESSION_H

#include "ice.h"
#include "pipeline.h"
#include "server/server.h"

/* Set before the server runs, except for wake. Of several streams each has an RTP port two above
 * that of the one before. */
extern struct pipeline_options session_options;
extern struct ice session_ice;

extern const struct server_extension session_extension;

#endif
