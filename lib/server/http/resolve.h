/* The addresses of a host's name, looked up by a thread of its own, as that may take seconds. */
#ifndef SERVER_RESOLVE_H
#define SERVER_RESOLVE_H

#include <stddef.h>

enum { RESOLVE_MAX = 8, RESOLVE_TEXT = 64 };

struct resolve;

/* Starts a lookup. notify(arg) is called once, on any thread, when it is done, unless resolve_free
 * was called before. NULL with errno. */
struct resolve *resolve_start(const char *host, void (*notify)(void *arg), void *arg);

/* The number of addresses, at most RESOLVE_MAX, or -1: still looking. */
int resolve_count(struct resolve *resolve);

/* An address as text; valid until resolve_free. */
const char *resolve_address(const struct resolve *resolve, int i);

/* Ends the lookup, or lets it end by itself. NULL is allowed. */
void resolve_free(struct resolve *resolve);

#endif
