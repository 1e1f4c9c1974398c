/* Cross-origin resource sharing: the pages of other sites that may read images and statistics. */
#ifndef SERVER_CORS_H
#define SERVER_CORS_H

#include <stdbool.h>
#include "site.h"

struct lws;

/* The value that allows pages of this origin to read them: "*" or the origin; NULL: not allowed. */
const char *cors_find(const struct site *site, const char *origin);

/* The same for the page that makes a request. */
const char *cors_of_request(const struct site *site, struct lws *wsi);

/* Header lines, as response_text takes them, for a value that cors_find returned. Valid until the
 * next call. preflight: for the request that a browser sends before the actual one. */
const char *cors_headers(const struct site *site, const char *allowed, bool preflight);

#endif
