/* Events from a program that draws a network to the program that lays it out, and to the programs
 * that use its view. Their names and keys extend the table of lib/eventtable.h, so events.h reads
 * and writes them as any other. */
#ifndef SHMCAST_NETEVENTS_H
#define SHMCAST_NETEVENTS_H

#include "events.h"

/* The numbers are in shared memory and never change. */
enum {
    EVENT_NODE_DRAG = EVENT_EXTENSION,
    EVENT_NODE_DROP,
    EVENT_LAYOUT_PAUSE,
    EVENT_NODE_SELECT, /* in the log of a view, as the next ones */
    EVENT_NODE_CLEAR,
    EVENT_NODE_FIND
};

#endif
