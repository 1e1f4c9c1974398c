/*
 * One stream: a named POSIX shared-memory object, created, attached, validated, replaced, removed.
 *
 * Functions that fail return NULL or -1 with errno:
 *   EINVAL           not a name, or sizes out of range
 *   ENOENT           no such stream
 *   EEXIST           a stream (or something else) of that name exists
 *   EACCES, EPERM    somebody else's
 *   ENOSPC           no room in /dev/shm
 *   ENODATA          half-created: its creator died, or isn't done
 *   EMEDIUMTYPE      not a shmcast stream
 *   ENOMSG           holds something else than pictures (ring_pin)
 *   EPROTONOSUPPORT  a stream of another version of the layout
 *   EPROTO           corrupt: truncated, or its header contradicts itself
 *   EBUSY            held by somebody
 *   ESTALE           superseded: attach again by name
 *   EIDRM            removed
 */
#ifndef SHMCAST_STREAM_H
#define SHMCAST_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "shmfmt.h"

struct stream;
struct stat;

/* What a creator chooses; 0 takes the default in brackets. */
struct stream_spec {
    uint32_t width, height; /* largest picture [1280x720] */
    uint32_t format;        /* enum pixfmt [PIXFMT_RGB24] */
    uint32_t slots;         /* of each ring, 2 … SHMFMT_SLOTS_MAX [4] */
    uint32_t events;        /* records in the event log, rounded up to a power of two [65536] */
    uint64_t packet_bytes;  /* room for an encoded picture [that of a yuv420p picture + 64 KiB] */
    mode_t mode;            /* permissions [0600] */
    bool owned;             /* lives as long as its creator, who takes the owner claim */
};

enum stream_access {
    STREAM_READ,  /* attached; mapped read-only when the permissions allow no more */
    STREAM_WRITE, /* attached, mapped for writing */
    STREAM_PEEK   /* not attached: nobody can tell that we look, and only stream_remove may write */
};

/* A name as for shm_open: one leading slash may stand or not. Returns it without, or NULL, EINVAL.
 */
const char *stream_name(const char *name);

/*
 * Makes a stream and attaches it for writing. Its name appears only when it is whole: a creator
 * that dies leaves nothing. Memory is reserved, so a full /dev/shm shows here and never later.
 * With replace a stream that has the name is superseded in the same step; its programs re-attach.
 * The caller ends with stream_close.
 */
struct stream *stream_create(const char *name, const struct stream_spec *spec, bool replace);

/* Bytes that stream_create would reserve, or 0 with EINVAL. */
uint64_t stream_bytes(const struct stream_spec *spec);

/* Attaches and validates. The caller ends with stream_close. */
struct stream *stream_attach(const char *name, enum stream_access access);

/* The same for STREAM_PEEK, by any path that leads to the object, as /proc/PID/fd/N to one that has
 * lost its name; name is what stream_own_name will say. The caller ends with stream_close. */
struct stream *stream_peek(const char *path, const char *name);

/* Lets go of all claims and the mapping. NULL is allowed. errno survives. */
void stream_close(struct stream *stream);

/* The validated copy of the header; lives as long as stream. */
const struct shmfmt_header *stream_header(const struct stream *stream);

const char *stream_own_name(const struct stream *stream);
int stream_fd(const struct stream *stream);
bool stream_writable(const struct stream *stream);

/* SHMFMT_CLAIMS flags: the claims held through this stream. For claim.c. */
uint8_t *stream_mine(struct stream *stream);

/* The mapping at a validated offset. */
void *stream_at(const struct stream *stream, uint64_t offset);

/* 0 while the stream lives; -1 with ESTALE when superseded, EIDRM when removed. */
int stream_alive(const struct stream *stream);

/* Wakes everybody who waits on any channel. */
void stream_wake(struct stream *stream);

/* Has the stream outlived its use? An orphan's owner is dead and nobody else holds it; a superseded
 * one is what a killed shm-create --replace leaves, under a name of its own; programs may still
 * have it, who were not told. */
enum stream_leak { STREAM_FINE, STREAM_ORPHAN, STREAM_SUPERSEDED };
enum stream_leak stream_leak(const struct stream *stream);

/*
 * Removes the stream: its programs see EIDRM and end. Without force only when nobody holds it
 * (EBUSY). The programs of one that stream_leak finds superseded are told so, and turn to the
 * stream that has its name. With a name that no longer leads to this very object: nothing is
 * unlinked, ESTALE. stream must have been attached for STREAM_PEEK or created by us.
 */
int stream_remove(struct stream *stream, bool force);

/* Tells the programs of a stream that has lost its name to another to attach again by name. stream
 * as for stream_remove. 0, or -1 with EACCES. */
int stream_supersede(struct stream *stream);

/* lstat of whatever has this name. 0 or -1. */
int stream_stat(const char *name, struct stat *out);

/* Removes whatever has this name, unseen: for objects that aren't streams. */
int stream_unlink(const char *name);

/*
 * Calls each for every object in /dev/shm, sorted by name; stops when it returns other than 0 and
 * returns that. stream: attached by STREAM_PEEK, or NULL when that failed with err. size, owner,
 * mode in st. Returns -1 with errno when /dev/shm can't be read.
 */
typedef int stream_each(const char *name, const struct stat *st, struct stream *stream, int err,
                        void *user);
int stream_list(stream_each *each, void *user);

/* One line for an errno of these functions: what is wrong and what to do. Static storage. */
const char *stream_problem(int err);

#endif
