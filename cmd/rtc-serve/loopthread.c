#include "loopthread.h"
#include "tool/thread.h"
#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>

struct work {
    struct work *next;
    void (*run)(gpointer user);
    gpointer user;
    GDestroyNotify release;
};

struct loopthread {
    pthread_t thread;
    GMainContext *context;
    GMainLoop *loop;
    unsigned users;       /* the main thread's */
    pthread_mutex_t lock; /* protects the list */
    struct work *first, **end;
};

static struct loopthread *shared; /* the main thread's; NULL: it does not run */

static void *run(void *arg)
{
    struct loopthread *thread = arg;
    g_main_context_push_thread_default(thread->context);
    g_main_loop_run(thread->loop);
    g_main_context_pop_thread_default(thread->context);
    return NULL;
}

static struct work *take_all(struct loopthread *thread)
{
    pthread_mutex_lock(&thread->lock);
    struct work *all = thread->first;
    thread->first = NULL;
    thread->end = &thread->first;
    pthread_mutex_unlock(&thread->lock);
    return all;
}

static void finish(struct loopthread *thread, bool run_them)
{
    for (struct work *work = take_all(thread), *next; work; work = next) {
        next = work->next;
        if (run_them)
            work->run(work->user);
        if (work->release)
            work->release(work->user);
        g_free(work);
    }
}

static gboolean run_all(gpointer user)
{
    finish(user, true);
    return G_SOURCE_REMOVE;
}

static void loopthread_free(struct loopthread *thread)
{
    finish(thread, false);
    g_main_loop_unref(thread->loop);
    g_main_context_unref(thread->context);
    pthread_mutex_destroy(&thread->lock);
    g_free(thread);
}

struct loopthread *loopthread_get(void)
{
    if (shared) {
        shared->users++;
        return shared;
    }
    struct loopthread *thread = g_new0(struct loopthread, 1);
    thread->context = g_main_context_new();
    thread->loop = g_main_loop_new(thread->context, FALSE);
    thread->users = 1;
    thread->end = &thread->first;
    pthread_mutex_init(&thread->lock, NULL);
    if (thread_start(&thread->thread, run, thread) == 0)
        return shared = thread;
    int err = errno;
    loopthread_free(thread);
    errno = err;
    return NULL;
}

static void quit(gpointer user)
{
    g_main_loop_quit(((struct loopthread *)user)->loop);
}

void loopthread_put(struct loopthread *thread)
{
    if (--thread->users)
        return;
    shared = NULL;
    loopthread_invoke(thread, quit, thread, NULL);
    pthread_join(thread->thread, NULL);
    loopthread_free(thread);
}

GMainContext *loopthread_context(const struct loopthread *thread)
{
    return thread->context;
}

static void attach(struct loopthread *thread, GSource *source, GSourceFunc work, gpointer user,
                   GDestroyNotify release)
{
    g_source_set_callback(source, work, user, release);
    g_source_attach(source, thread->context);
}

void loopthread_invoke(struct loopthread *thread, void (*work)(gpointer user), gpointer user,
                       GDestroyNotify release)
{
    struct work *added = g_new(struct work, 1);
    *added = (struct work){.run = work, .user = user, .release = release};
    pthread_mutex_lock(&thread->lock);
    bool first = !thread->first;
    *thread->end = added;
    thread->end = &added->next;
    pthread_mutex_unlock(&thread->lock);
    if (!first)
        return;
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    attach(thread, source, run_all, thread, NULL);
    g_source_unref(source);
}

struct call {
    void (*work)(gpointer user);
    gpointer user;
    sem_t done;
};

static void make_call(gpointer user)
{
    struct call *call = user;
    call->work(call->user);
    sem_post(&call->done);
}

void loopthread_call(struct loopthread *thread, void (*work)(gpointer user), gpointer user)
{
    struct call call = {.work = work, .user = user};
    sem_init(&call.done, 0, 0);
    loopthread_invoke(thread, make_call, &call, NULL);
    while (sem_wait(&call.done))
        ;
    sem_destroy(&call.done);
}

GSource *loopthread_timer(struct loopthread *thread, unsigned ms, GSourceFunc work, gpointer user,
                          GDestroyNotify release)
{
    GSource *source = g_timeout_source_new(ms);
    attach(thread, source, work, user, release);
    return source;
}

void loopthread_end(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_source_unref(*source);
    *source = NULL;
}
