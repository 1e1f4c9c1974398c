/*
 * A stream: a named POSIX shared-memory object that is created, attached, validated, replaced and
 * removed here.
 *
 * Functions that fail return NULL or -1 with errno:
 *   EINVAL           not a stream name, or sizes out of range
 *   ENOENT           no such stream
 *   EEXIST           a stream or another object of that name exists
 *   EACCES, EPERM    the stream belongs to another user
 *   ENOSPC           no space, or no inodes, in /dev/shm
 *   EFBIG            larger than the limit on file sizes (RLIMIT_FSIZE)
 *   ENOSYS           /proc is not mounted, and the kernel cannot create a stream without it
 *   ENODATA          half-created: the creator exited, or has not finished
 *   EMEDIUMTYPE      not a shmcast stream
 *   ENOMSG           a packet of another kind (ring_pin)
 *   EPROTONOSUPPORT  another shm format version, or features that this program does not know
 *   EPROTO           corrupt: truncated, or with an inconsistent header
 *   EUSERS           no permission to give a new stream to this user or group
 *   EBUSY            another process holds a claim
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

/* Choices of a creator; 0 selects the default in brackets. */
struct stream_spec {
    uint32_t width;        /* largest width of a frame [1280] */
    uint32_t height;       /* largest height of a frame [720] */
    uint32_t format;       /* enum pixfmt [PIXFMT_RGB24] */
    uint32_t slots;        /* number of slots in each ring, 2 … SHMFMT_SLOTS_MAX [4] */
    uint32_t events;       /* records in the event log, rounded up to a power of two [65536] */
    uint64_t packet_bytes; /* room for one packet [a yuv420p frame + 64 KiB] */
    mode_t mode;           /* permissions [0600] */
    bool has_user;         /* the stream is given to user, for which the creator must be root */
    bool has_group;        /* the stream is given to group, one of the creator's */
    uid_t user;
    gid_t group;
    bool owned; /* bound to the life of the creator, which takes the owner claim */
};

enum stream_access {
    STREAM_READ,  /* attached; mapped read-only if the permissions allow no more */
    STREAM_WRITE, /* attached and mapped for writing */
    STREAM_PEEK   /* not attached: invisible to others; only stream_remove may write */
};

/* Checks a name as for shm_open. Returns it without its leading slash, if any; it lives as long as
 * name. NULL with EINVAL if it is not valid. */
const char *stream_name(const char *name);

/*
 * Creates a stream and attaches it for writing. Its name appears only when the stream is complete,
 * so a creator that exits early leaves nothing. Memory is reserved: a full /dev/shm is reported
 * here and never later. With replace, a stream of that name is superseded in the same step, and its
 * programs attach again. If there is no room for both, the new one gets the memory of the old one's
 * images, once all programs have left the old one; EBUSY: one did not within 5 s, and the old one
 * stays. The caller ends with stream_close.
 */
struct stream *stream_create(const char *name, const struct stream_spec *spec, bool replace);

/*
 * Replaces what spec does not choose by what the stream has: sizes, format, mode and group; for
 * root the user too. A packet size that is the default for the stream's image size remains the
 * default. stream must be mapped for writing (EACCES). 0 or -1.
 */
int stream_inherit(struct stream_spec *spec, const struct stream *stream);

/* Bytes that stream_create would reserve, or 0 with EINVAL. */
uint64_t stream_bytes(const struct stream_spec *spec);

/* Attaches and validates a stream. The caller ends with stream_close. */
struct stream *stream_attach(const char *name, enum stream_access access);

/* As stream_attach with STREAM_PEEK, by any path to the object, e.g. /proc/PID/fd/N for an unlinked
 * one. stream_own_name returns name. The caller ends with stream_close. */
struct stream *stream_peek(const char *path, const char *name);

/* Drops all claims and unmaps the stream. NULL is allowed. errno survives. A forked child does not
 * inherit the mapping; it keeps the claims until it closes the descriptor, as execve does. */
void stream_close(struct stream *stream);

/* In a child of fork: closes the descriptors, so that it keeps no claim. The stream must not be
 * used any more, nor closed. */
void stream_forget(const struct stream *stream);

/* The validated copy of the header. Lives as long as stream. */
const struct shmfmt_header *stream_header(const struct stream *stream);

/* Name without a leading slash. Lives as long as stream. */
const char *stream_own_name(const struct stream *stream);

/* The stream's own descriptor, open as long as stream lives. */
int stream_fd(const struct stream *stream);

/* Whether the stream is mapped for writing. */
bool stream_writable(const struct stream *stream);

/* Address of a validated offset in the mapping. Lives as long as stream. */
void *stream_at(const struct stream *stream, uint64_t offset);

/* 0 while the stream is live; -1 with ESTALE (superseded) or EIDRM (removed). */
int stream_alive(const struct stream *stream);

/* Wakes all waiters on both rings and the event log. */
void stream_wake(struct stream *stream);

/*
 * Changes the wake word of a ring or of the event log and wakes all its waiters: by the futex, and
 * those that wait in a poll loop by a change of the object's times, which inotify(7) shows them as
 * IN_ATTRIB. Such a reader stores the time in notify, then looks for news, then polls. The writer
 * publishes news, loads notify, changes the object's times, and clears notify if no reader has
 * stored another time meanwhile. So the reader sees the news, or the writer sees notify, also when
 * a writer was killed at any of these steps (tests/model/notify.pml). errno survives.
 */
void stream_notify(const struct stream *stream, _Atomic uint32_t *wake, _Atomic uint64_t *notify);

/* The part of stream_notify for those in a poll loop, after a change of another word. */
void stream_announce(const struct stream *stream, _Atomic uint64_t *notify);

/* Whether a stream should have been removed. Orphan: its owner was killed; other processes may
 * still have it attached, and end once it is removed with force. Superseded: left by a killed
 * shm-create --replace under a temporary name; its programs may not know that. */
enum stream_leak { STREAM_FINE, STREAM_ORPHAN, STREAM_SUPERSEDED };
enum stream_leak stream_leak(const struct stream *stream);

/*
 * Removes the stream; its programs see EIDRM and end. Without force only if no process holds a
 * claim (EBUSY). The programs of a stream that stream_leak reports as superseded see ESTALE instead
 * and attach the stream that has the name. If the name belongs to another object meanwhile, nothing
 * is unlinked (ESTALE). stream must be attached with STREAM_PEEK or created by us. 0 or -1.
 */
int stream_remove(struct stream *stream, bool force);

/* Makes the programs of a stream that has lost its name attach again by name. stream as for
 * stream_remove. 0, or -1 with EACCES. */
int stream_supersede(struct stream *stream);

/* lstat of the object of this name, whatever it is. 0 or -1. */
int stream_stat(const char *name, struct stat *out);

/* Unlinks the object of this name without opening it: for objects that are not streams. 0 or -1. */
int stream_unlink(const char *name);

/*
 * Calls each for every object in /dev/shm, sorted by name, until it returns other than 0, and
 * returns that. stream: attached with STREAM_PEEK during the call, or NULL if that failed with err.
 * st: size, owner and mode. -1 with errno if /dev/shm cannot be read.
 */
typedef int stream_each(const char *name, const struct stat *st, struct stream *stream, int err,
                        void *user);
int stream_list(stream_each *each, void *user);

/* One line about an errno of these functions: the problem, then the fix. It lives until this thread
 * attaches a stream again. */
const char *stream_problem(int err);

#endif
