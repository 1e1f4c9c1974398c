/*
 * The stream that the network comes from. It may come later, go, and come again; nothing of it is
 * waited for here.
 */
#ifndef NET_DRAW_SOURCE_H
#define NET_DRAW_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "ring.h"
#include "scene.h"
#include "steer.h"
#include "futex.h"

struct source {
    const char *name;
    struct stream *stream; /* NULL: there is none at the moment */
    unsigned opened;       /* counts them: another stream has other words to wait on */
    struct ring *frames, *nets;
    uint64_t frame, net; /* numbers of the last ones that were looked at */

    _Atomic uint32_t appeared; /* changes when a stream of that name may have come */
    int watch, place;          /* inotify; what it watches, -1: nothing */
    int stop;                  /* eventfd: the watcher's end */
    bool watching;
    pthread_t watcher;
};

/* Attaches it if it is there, and watches for it to appear. -1 with errno: something else is there,
 * or it can't be watched. The caller ends with source_close either way. */
int source_open(struct source *source, const char *name);
void source_close(struct source *source);

/* Words to wait on, taken before anything is looked at. Returns how many, at most 3. */
unsigned source_seen(const struct source *source, struct futex_word *out);

enum { SOURCE_NET = 1, SOURCE_POSITIONS = 2 };

/*
 * Attaches it when it has come, forgets it when it has gone, and takes what is new. Returns
 * SOURCE_NET | SOURCE_POSITIONS, what has changed in the scene; -1 with errno: it holds no network.
 */
int source_take(struct source *source, struct scene *scene, uint64_t frame_ns);

/* Events into its log, as many as can be. true: some have to wait, it is another's turn. */
bool source_tell(struct source *source, struct steer *steer);

#endif
