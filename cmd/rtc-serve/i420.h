/* Conversion of frames to the input of video encoders: I420, BT.601, limited range, top row first.
 */
#ifndef I420_H
#define I420_H

#include <gst/video/video.h>
#include "ring.h"

/*
 * Converts the view's frame, of any pixel format, matrix and row order, into the planes of out,
 * laid out by info: I420 of the frame's size or larger. The area beyond the frame repeats its edge.
 * False: not a format of images.
 */
bool i420_convert(const struct ring_view *view, const GstVideoInfo *info, uint8_t *out);

#endif
