/*
 * Ladders: streams with the same content at falling bit rates. A viewer whose acknowledgements show
 * that it can't keep up moves one rung down, and up again after a calm period. Its connection
 * stays, and its input still goes to the stream that it requested.
 */
#ifndef SERVER_LADDER_H
#define SERVER_LADDER_H

#include "viewer.h"

/* Count a new packet of the stream that the viewer is shown: when it is published, and when it was
 * sent. */
void ladder_count_packet(struct viewer *viewer);
void ladder_count_sent(struct viewer *viewer);

/* The stream that the viewer is shown has ended: the viewer moves up, or is closed. */
void ladder_leave_ended(struct viewer *viewer);

#endif
