/* The part that rtc-serve adds to the server: a pipeline for each stream, the sessions of their
 * viewers, and publishing to an SFU. */
#ifndef SERVICE_H
#define SERVICE_H

#include "ice.h"
#include "pipeline.h"
#include "server/server.h"

/* Set before the server runs, except for notify. Of several streams each has an RTP port two above
 * that of the one before. */
extern struct pipeline_options service_options;
extern struct ice service_ice;

/* The pipeline of a stream. */
struct pipeline *service_pipeline(const struct served *served);

extern const struct server_extension service_extension;

#endif
