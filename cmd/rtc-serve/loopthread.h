/*
 * The transport thread: the one thread with a GLib main loop, which all streams and all their peers
 * share. ICE, DTLS, SCTP and RTP run on it.
 */
#ifndef LOOPTHREAD_H
#define LOOPTHREAD_H

#include <glib.h>

struct loopthread;

/* Starts the thread, or counts one more user of it. NULL with errno. The main thread calls this and
 * loopthread_put, which ends the thread with its last user. */
struct loopthread *loopthread_get(void);
void loopthread_put(struct loopthread *thread);

/* For sources that run on the thread. */
GMainContext *loopthread_context(const struct loopthread *thread);

/* Any thread: calls work(user) on the thread soon, in the order of the calls; then release(user),
 * also when the thread ends before. release may be NULL. */
void loopthread_invoke(struct loopthread *thread, void (*work)(gpointer user), gpointer user,
                       GDestroyNotify release);

/* Another thread: calls work(user) on the thread, after all earlier calls, and waits for it. */
void loopthread_call(struct loopthread *thread, void (*work)(gpointer user), gpointer user);

/* Calls work(user) on the thread after a delay, and again while it returns TRUE; release as in
 * loopthread_invoke. Ends with loopthread_end. */
GSource *loopthread_timer(struct loopthread *thread, unsigned ms, GSourceFunc work, gpointer user,
                          GDestroyNotify release);

/* Ends the timer or other source, and sets it to NULL, which is allowed too. */
void loopthread_end(GSource **source);

#endif
