/*
 * Sessions of WebRTC clients, each begun by an offer. While pipeline.c makes the answer, the
 * client's HTTP request waits for it. From the answer on the session has a viewer, until the peer
 * leaves, the client deletes the session, or the stream ends.
 */
#ifndef SESSION_H
#define SESSION_H

#include "ice.h"
#include "pipeline.h"
#include "server/server.h"

/* Set before the server runs, except for notify. Of several streams each has an RTP port two above
 * that of the one before. */
extern struct pipeline_options session_options;
extern struct ice session_ice;

extern const struct server_extension session_extension;

#endif
