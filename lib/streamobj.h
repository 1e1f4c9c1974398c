/* The fields of an attached stream, for stream.c and claim.c only: opaque to all others. */
#ifndef SHMCAST_STREAMOBJ_H
#define SHMCAST_STREAMOBJ_H

#include <stdbool.h>
#include "shmfmt.h"

enum { STREAM_NAME_MAX = 250 };

struct stream {
    char name[STREAM_NAME_MAX + 1];
    int fd;
    int name_fd;                 /* creator: O_PATH descriptor of the name; otherwise -1 */
    bool writable;               /* mapped for writing */
    uint8_t *base;               /* the mapping; NULL: none */
    struct shmfmt_header header; /* validated copy, the only source of offsets and sizes */
    uint8_t own[SHMFMT_CLAIMS];  /* not 0: this claim is held through this stream */
};

#endif
