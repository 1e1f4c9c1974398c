#include "pool.h"
#include "tool/thread.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t go, done;
    unsigned long job; /* number of the current job */
    unsigned busy;     /* threads that work on it */
    bool end;
    void (*work)(void *user, unsigned unit);
    void *user;
    unsigned units;
    _Atomic unsigned next; /* next unit to work on */
    unsigned count;
    pthread_t threads[];
};

static void work_on_units(struct pool *pool)
{
    for (unsigned unit; (unit = atomic_fetch_add(&pool->next, 1)) < pool->units;)
        pool->work(pool->user, unit);
}

static void *thread_main(void *arg)
{
    struct pool *pool = arg;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->job == seen && !pool->end)
            pthread_cond_wait(&pool->go, &pool->lock);
        if (pool->end)
            break;
        seen = pool->job;
        pthread_mutex_unlock(&pool->lock);
        work_on_units(pool);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = calloc(1, sizeof *pool + (threads - 1) * sizeof pool->threads[0]);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->go, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (; pool->count < threads - 1; pool->count++)
        if (thread_start(&pool->threads[pool->count], thread_main, pool)) {
            int err = errno;
            pool_free(pool);
            errno = err;
            return NULL;
        }
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->end = true;
    pthread_cond_broadcast(&pool->go);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->go);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void pool_run(struct pool *pool, void (*work)(void *user, unsigned unit), void *user,
              unsigned units)
{
    if (units < 2 || !pool->count) {
        for (unsigned unit = 0; unit < units; unit++)
            work(user, unit);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->user = user;
    pool->units = units;
    atomic_store(&pool->next, 0);
    pool->busy = pool->count;
    pool->job++;
    pthread_cond_broadcast(&pool->go);
    pthread_mutex_unlock(&pool->lock);
    work_on_units(pool);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
