/*
 * The pipeline thread: a thread with a GLib main loop. GStreamer pipelines are built, negotiated
 * and torn down on it.
 */
#ifndef LOOPTHREAD_H
#define LOOPTHREAD_H

#include <glib.h>

struct loopthread;

/* Starts the thread, which calls first(arg) before its loop. first may be NULL. NULL with errno. */
struct loopthread *loopthread_start(void (*first)(void *arg), void *arg);

/* Any thread: calls work(user) on the thread soon, in the order of the calls; then release(user),
 * also when the thread ends before. release may be NULL. */
void loopthread_invoke(struct loopthread *thread, GSourceFunc work, gpointer user,
                       GDestroyNotify release);

/* Calls work(user) on the thread after a delay, and again while it returns TRUE; release as in
 * loopthread_invoke. The caller ends it with g_source_destroy and g_source_unref. */
GSource *loopthread_timer(struct loopthread *thread, unsigned ms, GSourceFunc work, gpointer user,
                          GDestroyNotify release);

/* Calls last(arg) on the thread, ends the thread and frees it. Not to be called on it. */
void loopthread_stop(struct loopthread *thread, void (*last)(void *arg), void *arg);

#endif
