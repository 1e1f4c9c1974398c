/* GStreamer's elements: present and loaded. */
#ifndef PLUGINS_H
#define PLUGINS_H

/* Starts GStreamer. NULL, or one line that names the missing elements for this codec ("vp8" or
 * "h264"), in static storage. Server's thread only. */
const char *plugins_missing(const char *codec);

/* Loads the elements and makes GStreamer's one-time objects, so that no viewer has to wait for
 * it. */
void plugins_preload(const char *codec);

#endif
