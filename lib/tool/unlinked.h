/*
 * Objects of /dev/shm that have lost their name, and live on in the processes that have them mapped
 * or open: their memory is in use and no directory shows it.
 */
#ifndef SHMCAST_UNLINKED_H
#define SHMCAST_UNLINKED_H

#include "tool/procscan.h"
#include "stream.h"

/*
 * As stream_list, for every such object that holders saw, called by the name it had. stream is NULL
 * with err EACCES, and of st only st_ino is set, when we may not look into it. What never had a
 * name (O_TMPFILE, and so what stream_create is still making) has lost none.
 */
int unlinked_list(const struct procscan *holders, stream_each *each, void *user);

/*
 * Tells the programs of every stream that was called name and lost it to attach again by name: for
 * when there is a new stream of that name. Streams that we may not write to are left alone, and so
 * are those that were superseded or removed in good order. Returns how many streams were told, or
 * -1 with errno when /proc can't be read.
 */
int unlinked_recall(const char *name);

#endif
