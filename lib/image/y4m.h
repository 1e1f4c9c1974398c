/* YUV4MPEG2: a header line for the whole stream, and a line for each frame. */
#ifndef SHMCAST_Y4M_H
#define SHMCAST_Y4M_H

#include "image/imgconvert.h"
#include "image/imghead.h"
#include "image/imginput.h"

#define Y4M_MAGIC "YUV4MPEG2 "

/* Reads the header, after Y4M_MAGIC. head has the matrix for a header without one. 0, or -1 with a
 * message. */
int y4m_header(struct imginput *in, struct imgreader_head *head, struct imgconvert *c);

/* Reads the line before a frame. 1, or -1 with a message. */
int y4m_frame(struct imginput *in, struct imgreader_head *head);

#endif
