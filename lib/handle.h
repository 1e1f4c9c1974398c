/*
 * The handle behind shmcast.h: an attached stream and what the caller uses of it. handle.c makes,
 * follows and ends handles; images.c, input.c and waiting.c have the functions of their parts.
 */
#ifndef SHMCAST_HANDLE_H
#define SHMCAST_HANDLE_H

#include <stdbool.h>
#include "ring.h"
#include "shmcast.h"
#include "streamobj.h"

enum { CHANNELS = 2 };

struct shmcast_stream {
    struct stream *stream; /* NULL: lost */
    int lost;              /* not 0: the errno of every call: follow failed, or we are a child */
    bool owned;
    int inotify, watch;              /* shmcast_fd; -1: not asked for */
    struct ring *writer[CHANNELS];   /* by enum ring_channel; NULL: not opened */
    struct ring *reader[CHANNELS];   /* the same */
    struct ring *observer[CHANNELS]; /* the same: for demand alone */
    bool begun[CHANNELS];
    bool wants[CHANNELS];    /* the reader, if there is one, wants new images */
    uint64_t seen[CHANNELS]; /* number of the image pinned last */
    uint64_t cursor;         /* in the event log */
    uint64_t answered;       /* number of the last event returned */
    struct shmcast_stream *next;
    char name[STREAM_NAME_MAX + 1];
};

/* 0, or -1 with the errno of a handle that is lost. */
int handle_check(const struct shmcast_stream *handle);

/* The reading end of a channel, which wants new images unless shmcast_want said no. NULL with
 * errno. */
struct ring *handle_reader(struct shmcast_stream *handle, enum ring_channel channel);

/* A ring for ring_watched and ring_demand. NULL with errno. */
struct ring *handle_observer(struct shmcast_stream *handle, enum ring_channel channel);

/* The channel of a part that has images. false with EINVAL. */
bool handle_channel(unsigned part, enum ring_channel *out);

/* Has the descriptor of shmcast_fd watch the stream, if there is one. 0 or -1. */
int handle_watch(struct shmcast_stream *handle);

/*
 * A caller's structure, which begins with its size. sized_get copies it to out, of known bytes; the
 * fields that the caller does not have become 0. -1 with EINVAL: smaller than least, the size in
 * the first version; E2BIG: has fields that we do not know. sized_put copies back what fits.
 */
int sized_get(void *out, size_t known, const void *from, size_t size, size_t least);
void sized_put(void *to, size_t size, const void *from, size_t known);

/* Sizes of the structures in the first version. */
enum { SPEC_BYTES = 40, INFO_BYTES = 56, IMAGE_BYTES = 136, EVENT_BYTES = 120 };

#endif
