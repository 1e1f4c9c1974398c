/* Calls: what becomes of offers. */
#ifndef CALLS_H
#define CALLS_H

#include "ice.h"
#include "pipeline.h"
#include "server/rtc.h"

/* To be filled in before the server runs, but for wake. Of several streams each has an RTP port two
 * above the one before. */
extern struct pipeline_options calls_media;
extern struct ice calls_ice;

extern const struct rtc calls;

#endif
