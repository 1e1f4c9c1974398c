/*
 * Reads a network and its positions from a stream, by name. The stream may appear, disappear and
 * return at any time; no call blocks on it.
 */
#ifndef NET_DRAW_NETREADER_H
#define NET_DRAW_NETREADER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "futex.h"
#include "scene.h"
#include "tool/streamreader.h"

struct event;

struct netreader {
    const char *name;
    struct streamreader in; /* its stream is NULL while there is none of that name */
    unsigned attached;      /* number of streams attached so far */

    _Atomic uint32_t appeared; /* changes when a stream of that name may have appeared */
    int inotify;
    int watch; /* of inotify on /dev/shm; -1: not watching */
    int stop;  /* eventfd that ends the thread */
    bool started;
    pthread_t thread;
};

/*
 * Attaches the stream if it exists, and watches for it otherwise. Returns 0, or -1 with errno when
 * the name belongs to something else or can't be watched. The caller ends with netreader_close
 * either way.
 */
int netreader_open(struct netreader *reader, const char *name);
void netreader_close(struct netreader *reader);

/* Stores the words to wait on and returns their number, at most 3. The caller takes them before
 * netreader_take, so that it misses no change. */
unsigned netreader_seen(const struct netreader *reader, struct futex_word *out);

enum { NETREADER_NET = 1, NETREADER_POSITIONS = 2 };

/*
 * Attaches or detaches the stream as needed, and passes new networks and positions to the scene.
 * Returns the changes, NETREADER_NET | NETREADER_POSITIONS, or -1 with errno when the stream holds
 * no network.
 */
int netreader_take(struct netreader *reader, struct scene *scene, uint64_t frame_ns);

/*
 * Appends events to the stream's log and fills in their numbers and times; drops them when the log
 * isn't writable. Returns false when another writer holds the lock: the caller tries again.
 */
bool netreader_send(struct netreader *reader, struct event *events, unsigned count);

#endif
