/* Which other sites' pages may read pictures and numbers. */
#include "serve.h"
#include <stdio.h>
#include <string.h>

enum { ORIGIN_BYTES = 256 };

const char *cors_find(const struct server *server, const char *origin)
{
    for (size_t i = 0; i < server->cors_count; i++)
        if (strcmp(server->cors[i], "*") == 0)
            return "*";
    for (size_t i = 0; i < server->cors_count; i++)
        if (strcmp(server->cors[i], origin) == 0)
            return server->cors[i];
    return NULL;
}

const char *cors_allowed(const struct conn *conn)
{
    char origin[ORIGIN_BYTES]; /* a longer one is none that is allowed */
    return cors_find(conn->server, http_header(conn->wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin));
}

const char *cors_headers(const struct conn *conn)
{
    const char *allowed = conn->cors;
    bool offers = conn->server->rtc;
    static char lines[512 + ORIGIN_BYTES];
    int at = snprintf(lines, sizeof lines, "vary:%corigin%c", 0, 0);
    if (allowed)
        at += snprintf(lines + at, sizeof lines - (size_t)at,
                       "access-control-allow-origin:%c%s%caccess-control-expose-headers:%cetag%s%c",
                       0, allowed, 0, 0, offers ? ", location, link, retry-after" : "", 0);
    if (allowed && conn->is_preflight)
        at += snprintf(lines + at, sizeof lines - (size_t)at,
                       "access-control-allow-methods:%cGET, HEAD%s%c"
                       "access-control-allow-headers:%cauthorization, if-none-match%s%c"
                       "access-control-max-age:%c600%c",
                       0, offers ? ", POST, DELETE" : "", 0, 0, offers ? ", content-type" : "", 0,
                       0, 0);
    lines[at] = 0;
    return lines;
}
