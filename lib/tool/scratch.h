/* A buffer that is used again and again, and replaced by a larger one when it is too small. */
#ifndef SHMCAST_SCRATCH_H
#define SHMCAST_SCRATCH_H

#include <stddef.h>

/* Starts zeroed. The owner frees data. */
struct scratch {
    void *data;
    size_t room; /* size of data */
};

/* Memory of at least `bytes` bytes, with undefined contents, until the next call. NULL with ENOMEM.
 */
void *scratch_get(struct scratch *scratch, size_t bytes);

#endif
