/*
 * A served stream: attached, followed through shm-create --replace, its newest packet copied once
 * for all viewers.
 *
 * One thread runs the libwebsockets loop and does everything else. Each served stream also has a
 * waiter thread, which sleeps until a packet arrives and then wakes the loop.
 */
#ifndef SERVER_SERVED_H
#define SERVER_SERVED_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control.h"
#include "packet.h"
#include "tool/streamreader.h"

struct backlog;
struct served;
struct viewer;

enum { LADDER_RUNGS = 8 /* most streams of one ladder */ };

enum viewer_kind { VIEWER_WEBSOCKET, VIEWER_MJPEG, VIEWER_WEBRTC, VIEWER_KINDS };

/* Events of served streams, reported to streams.c. */
struct served_ops {
    void (*packet)(struct served *served);    /* newest is a new packet */
    void (*pending)(struct served *served);   /* a packet may be pending that was held back */
    void (*detaching)(struct served *served); /* the stream is about to be detached */
    void (*replaced)(struct served *served);  /* another stream has taken its place */
    void (*cursor)(struct served *served);    /* the drawing program has chosen another cursor */
    void (*reap)(lws_sorted_usec_list_t *reaper);
};

/* All served streams, and the settings that viewers share. */
struct streams {
    char id[17]; /* of this process, of several that share a port */
    const struct served_ops *ops;
    struct lws_context *context;
    struct served *list;
    size_t count;
    size_t listed; /* number of streams, from the first, that the list of streams shows; the others
                      are only rungs of ladders */
    size_t live;   /* number of streams that were not removed */
    enum control_mode control;
    unsigned events_max; /* per second and viewer */
    unsigned viewers, viewers_max;
    uint32_t viewers_ever; /* id of the latest viewer */
    bool verbose;
    bool ending;          /* the server is shutting down */
    struct viewer *ended; /* viewers to be reaped */
    bool stream_ended;    /* a served stream has ended, and is to be reaped */
    lws_sorted_usec_list_t reaper;
};

/* A request for a fresh snapshot, queued until the encoder has woken up. */
struct snapshot_waiter {
    struct snapshot_waiter *next, **link; /* link NULL: not queued */
    void (*ready)(struct snapshot_waiter *waiter);
};

struct served {
    struct streams *streams;
    const char *name;
    struct streamreader reader; /* of packets; its stream is NULL once the stream was removed */
    uint64_t generation;
    struct packet *newest; /* NULL: none yet */
    struct packet *base;   /* the packet that a sharp newest one only sharpens, or NULL */
    struct packet_pool packets;
    struct served *upper, *lower; /* neighbours on the ladder */

    _Atomic uint64_t cursor_event;  /* the drawing program's latest event of type cursor, 0: none */
    uint64_t cursor_taken;          /* number of the one whose name is the next member */
    char cursor[EVENT_KEY_MAX + 1]; /* "": the viewers' own */

    struct viewer *viewers; /* those that requested this stream: their input goes here */
    unsigned viewer_count, kinds[VIEWER_KINDS];
    struct viewer *watchers; /* those that are shown this stream, usually the same */
    unsigned watcher_count;
    struct control control;
    struct backlog *backlog;

    uint64_t sent, sent_bytes; /* packets, to all viewers so far */
    uint64_t sent_parts;       /* packets sent as parts */
    uint64_t skipped;          /* packets, by all viewers so far */
    uint64_t events;           /* appended to the event log */

    bool ended;       /* the stream was removed; viewers are closed when it is reaped */
    bool idle;        /* no new packet for a while: the last MJPEG part is sent twice */
    unsigned repeats; /* number of repetitions of that part, after those two */
    bool stale;       /* the encoder has just been woken: packets are held back */
    bool lease;       /* a snapshot was requested, and the encoder has not delivered yet */
    lws_sorted_usec_list_t idle_timer, want_timer, stale_timer, lease_timer;
    struct snapshot_waiter *snapshot_waiters;
    pthread_t waiter;
    bool waiter_runs;
    _Atomic bool wanted; /* packets are wanted: the waiter wakes the loop for each */
};

/* Attaches the stream. -1 with errno. */
int served_open(struct served *served, struct streams *streams, const char *name);
void served_close(struct served *served); /* all but its packets */

/* Starts the waiter thread, once streams->context is set. -1 with errno. */
int served_start(struct served *served);

/* Checks the stream for news: takes the newest packet if any viewer wants it, follows --replace,
 * notices removal. */
void served_update(struct served *served);

/* After a call on the stream failed with ESTALE or EIDRM: 0 when another stream has taken its
 * place. Otherwise the stream has ended and is reaped in this round of the loop: -1. */
int served_follow(struct served *served, int err);

/* The newest packet at this moment, or NULL. Valid until the next call that may take a packet, or
 * until packet_release after packet_hold. */
struct packet *served_newest(struct served *served);

/* The number of watchers has changed. */
void served_watchers_changed(struct served *served);

/* Queues the waiter, and wakes the encoder, if the newest packet may be old. False: it is up
 * to date. */
bool served_await_fresh(struct served *served, struct snapshot_waiter *waiter);
void served_forget_waiter(struct snapshot_waiter *waiter); /* one that isn't queued is allowed */

/* Schedules the reaping of ended viewers and streams for this round of the loop. */
void served_schedule_reap(struct streams *streams);

#endif
