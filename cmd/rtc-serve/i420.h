/* Frames as video encoders take them: I420, BT.601, 16 to 235, the top row first. */
#ifndef I420_H
#define I420_H

#include <gst/video/video.h>
#include "ring.h"

/*
 * Writes the view's picture, of any format and order, to out, where info says that planes are. info
 * is I420 of the picture's size or a larger one: then what is to the right of it and below it is
 * like its edge. False: it isn't a picture that there is.
 */
bool i420_from(const struct ring_view *view, const GstVideoInfo *info, uint8_t *out);

#endif
