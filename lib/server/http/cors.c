#include "cors.h"
#include "request.h"
#include <stdio.h>
#include <string.h>

enum { ORIGIN_BYTES = 256 };

const char *cors_find(const struct site *site, const char *origin)
{
    for (size_t i = 0; i < site->cors_count; i++)
        if (strcmp(site->cors[i], "*") == 0)
            return "*";
    for (size_t i = 0; i < site->cors_count; i++)
        if (strcmp(site->cors[i], origin) == 0)
            return site->cors[i];
    return NULL;
}

const char *cors_of_request(const struct site *site, struct lws *wsi)
{
    char origin[ORIGIN_BYTES]; /* a longer one is not allowed in any case */
    return cors_find(site, request_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin));
}

const char *cors_headers(const struct site *site, const char *allowed, bool preflight)
{
    bool offers = site->whep;
    static char lines[512 + ORIGIN_BYTES];
    int at = snprintf(lines, sizeof lines, "vary:%corigin%c", 0, 0);
    if (allowed)
        at += snprintf(lines + at, sizeof lines - (size_t)at,
                       "access-control-allow-origin:%c%s%caccess-control-expose-headers:%cetag%s%c",
                       0, allowed, 0, 0, offers ? ", location, link, retry-after" : "", 0);
    if (allowed && preflight)
        at += snprintf(lines + at, sizeof lines - (size_t)at,
                       "access-control-allow-methods:%cGET, HEAD%s%c"
                       "access-control-allow-headers:%cauthorization, if-none-match%s%c"
                       "access-control-max-age:%c600%c",
                       0, offers ? ", POST, PATCH, DELETE" : "", 0, 0,
                       offers ? ", content-type" : "", 0, 0, 0);
    lines[at] = 0;
    return lines;
}
