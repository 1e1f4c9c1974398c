/* Statistics as JSON; man/shmcast-web.7 describes the members. */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include "site.h"

struct served;

/* The statistics of one attached stream, and a summary of all streams, removed ones included. Both
 * in malloc'ed memory, or NULL. host: the Host of the request. root: it was not made in the
 * stream's folder. */
char *stats_json(const struct site *site, const struct served *served, const char *host, bool root,
                 size_t *bytes);
char *stats_list_json(const struct streams *streams, size_t *bytes);

#endif
