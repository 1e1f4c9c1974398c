#include "loopthread.h"
#include "tool/thread.h"
#include <errno.h>

struct loopthread {
    pthread_t thread;
    GMainContext *context;
    GMainLoop *loop;
    void (*first)(void *arg);
    void (*last)(void *arg);
    void *first_arg, *last_arg;
};

static void *run(void *arg)
{
    struct loopthread *thread = arg;
    if (thread->first)
        thread->first(thread->first_arg);
    g_main_context_push_thread_default(thread->context);
    g_main_loop_run(thread->loop);
    g_main_context_pop_thread_default(thread->context);
    return NULL;
}

static void loopthread_free(struct loopthread *thread)
{
    g_main_loop_unref(thread->loop);
    g_main_context_unref(thread->context);
    g_free(thread);
}

struct loopthread *loopthread_start(void (*first)(void *arg), void *arg)
{
    struct loopthread *thread = g_new0(struct loopthread, 1);
    thread->context = g_main_context_new();
    thread->loop = g_main_loop_new(thread->context, FALSE);
    thread->first = first;
    thread->first_arg = arg;
    if (thread_start(&thread->thread, run, thread) == 0)
        return thread;
    int err = errno;
    loopthread_free(thread);
    errno = err;
    return NULL;
}

static void attach(struct loopthread *thread, GSource *source, GSourceFunc work, gpointer user,
                   GDestroyNotify release)
{
    g_source_set_callback(source, work, user, release);
    g_source_attach(source, thread->context);
}

void loopthread_invoke(struct loopthread *thread, GSourceFunc work, gpointer user,
                       GDestroyNotify release)
{
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    attach(thread, source, work, user, release);
    g_source_unref(source);
}

GSource *loopthread_timer(struct loopthread *thread, unsigned ms, GSourceFunc work, gpointer user,
                          GDestroyNotify release)
{
    GSource *source = g_timeout_source_new(ms);
    attach(thread, source, work, user, release);
    return source;
}

static gboolean finish(gpointer user)
{
    struct loopthread *thread = user;
    thread->last(thread->last_arg);
    g_main_loop_quit(thread->loop);
    return G_SOURCE_REMOVE;
}

void loopthread_stop(struct loopthread *thread, void (*last)(void *arg), void *arg)
{
    thread->last = last;
    thread->last_arg = arg;
    loopthread_invoke(thread, finish, thread, NULL);
    pthread_join(thread->thread, NULL);
    loopthread_free(thread);
}
