/* All served streams with their viewers, for the server's other floors. */
#ifndef SERVER_STREAMS_H
#define SERVER_STREAMS_H

#include "viewer.h"

/* Allocates count streams, all to be attached by streams_attach in order. -1 with errno. */
int streams_alloc(struct streams *streams, size_t count);

/* Attaches one more. -1 with errno. */
int streams_attach(struct streams *streams, const char *name);

/* Starts the threads, once streams->context is set. -1 with errno. */
int streams_start(struct streams *streams);

/* The loop was woken: takes new packets, retries queued events. */
void streams_update(struct streams *streams);

/* Makes a connection a viewer; the caller has checked that streams->viewers < viewers_max. NULL: no
 * memory. */
struct viewer *streams_join(struct served *served, const struct viewer_transport *transport,
                            void *link, enum role role);

/* Whether events are queued for an event log. */
bool streams_have_backlog(const struct streams *streams);

/* Closes all viewers: the server is shutting down. */
void streams_close_viewers(struct streams *streams);

/*
 * Reaps ended streams and viewers: closes the viewers of removed streams; releases the input of
 * viewers that have left, passes their control on and frees them. Runs by itself at the end of a
 * round of the loop in which anything has ended.
 */
void streams_reap(struct streams *streams);

/* Reaps, ends the threads and detaches the streams, while streams->context is still there. */
void streams_close(struct streams *streams);

/* Frees the rest, once no connection uses a packet any more. */
void streams_free(struct streams *streams);

#endif
