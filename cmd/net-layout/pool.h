/* Threads that work off the parts of one job at a time. Which thread takes which part is left to
 * chance, so a part's result must not depend on it. */
#ifndef NET_LAYOUT_POOL_H
#define NET_LAYOUT_POOL_H

struct pool;

/* threads ≥ 1, the caller's own included. NULL with errno. The caller ends with pool_free. */
struct pool *pool_new(unsigned threads);
void pool_free(struct pool *pool); /* NULL is allowed */

/* Calls work(user, 0) … work(user, parts - 1), and returns when all have returned. */
void pool_run(struct pool *pool, void (*work)(void *user, unsigned part), void *user,
              unsigned parts);

#endif
