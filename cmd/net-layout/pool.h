/* A thread pool that works on one job at a time, in units. Units are assigned to threads in no
 * particular order, so the result of a unit must not depend on its thread. */
#ifndef NET_LAYOUT_POOL_H
#define NET_LAYOUT_POOL_H

struct pool;

/* threads ≥ 1, including the caller's. NULL with errno. The caller ends with pool_free. */
struct pool *pool_new(unsigned threads);
void pool_free(struct pool *pool); /* NULL is allowed */

/* Calls work(user, 0) … work(user, units - 1), and returns after all of them. */
void pool_run(struct pool *pool, void (*work)(void *user, unsigned unit), void *user,
              unsigned units);

#endif
