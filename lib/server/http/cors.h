/* Cross-origin resource sharing: the pages of other sites that may read images and statistics. */
#ifndef SERVER_CORS_H
#define SERVER_CORS_H

#include <stdbool.h>
#include "site.h"

struct lws;

/* May pages of this origin read them? "*", the origin, or NULL. */
const char *cors_find(const struct site *site, const char *origin);

/* The same for the page that makes a request. */
const char *cors_of_request(const struct site *site, struct lws *wsi);

/* Header lines for pages of allowed, one of the above, as response_text takes them. Valid until the
 * next call. preflight: for the request by which a browser asks first. */
const char *cors_headers(const struct site *site, const char *allowed, bool preflight);

#endif
