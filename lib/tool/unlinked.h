/*
 * Unlinked objects of /dev/shm, which processes still have mapped or open: they use memory, but no
 * directory shows them.
 */
#ifndef SHMCAST_UNLINKED_H
#define SHMCAST_UNLINKED_H

#include "tool/procscan.h"
#include "stream.h"

/*
 * As stream_list, for every unlinked object in the scan, with its last name. Without permission to
 * inspect it stream is NULL, err is EACCES, and only st_ino of st is set. An object that never had
 * a name (O_TMPFILE, or a stream that stream_create has not finished) is not unlinked.
 */
int unlinked_list(const struct procscan *scan, stream_each *each, void *user);

/*
 * Marks every unlinked stream that had this name as superseded, so that its programs attach the new
 * stream of the name. Skips streams that we have no permission to write to, and those that were
 * superseded or removed by shmcast. Returns the number of streams marked, or -1 with errno when
 * /proc cannot be read.
 */
int unlinked_recall(const char *name);

/*
 * stream_inherit from the newest of the caller's live unlinked streams that had this name. 1; 0:
 * there is none, or none that we may inspect; -1 with errno when /proc cannot be read.
 */
int unlinked_inherit(const char *name, struct stream_spec *spec);

#endif
