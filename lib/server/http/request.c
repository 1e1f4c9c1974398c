#include "request.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *request_header(struct lws *wsi, enum lws_token_indexes token, char *out, int room)
{
    if (lws_hdr_total_length(wsi, token) <= 0 || lws_hdr_copy(wsi, out, room, token) < 0)
        *out = 0;
    return out;
}

const char *request_named_header(struct lws *wsi, const char *name, char *out, int room)
{
    if (lws_hdr_custom_copy(wsi, out, room, name, (int)strlen(name)) < 0)
        *out = 0;
    return out;
}

const char *request_path(struct lws *wsi, int *method)
{
    char *path = NULL;
    int bytes = 0;
    *method = lws_http_get_uri_and_method(wsi, &path, &bytes);
    /* A NUL, or what lws took for an argument, makes it shorter than it was. */
    return *method >= 0 && path && path[0] == '/' && strlen(path) == (size_t)bytes ? path : NULL;
}

bool request_argument(struct lws *wsi, int i, char *out, int room)
{
    int bytes = lws_hdr_copy_fragment(wsi, out, room, WSI_TOKEN_HTTP_URI_ARGS, i);
    if (bytes >= 0 && strlen(out) == (size_t)bytes)
        return true;
    *out = 0;
    return lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
}

/* lws ends the request line at a percent-encoded newline and takes the rest for a header, so that
 * the version is part of the path's remainder. */
bool request_version_known(struct lws *wsi)
{
    char version[16];
    return strncmp(request_header(wsi, WSI_TOKEN_HTTP, version, sizeof version), "HTTP/1.", 7) == 0;
}

bool request_has_body(struct lws *wsi)
{
    char length[2];
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
           (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
            (lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) != 1 ||
             length[0] != '0'));
}

int64_t request_body_length(struct lws *wsi)
{
    char text[20];
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        !*request_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
        strspn(text, "0123456789") != strlen(text))
        return -1;
    return strtoll(text, NULL, 10);
}

bool request_is_type(struct lws *wsi, const char *type)
{
    char text[128];
    size_t bytes = strlen(type);
    request_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, text, sizeof text);
    return strncasecmp(text, type, bytes) == 0 && strchr("; \t", text[bytes]);
}

bool request_is_cached(struct lws *wsi, const char *tag)
{
    char known[1024];
    return *request_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof known) &&
           (strstr(known, tag) || strcmp(known, "*") == 0);
}

bool request_wants_page(struct lws *wsi)
{
    char accept[512];
    return strstr(request_header(wsi, WSI_TOKEN_HTTP_ACCEPT, accept, sizeof accept), "text/html");
}

/* The number at *at, which moves to its end; -1: there is none, or it is too large. */
static int64_t take_number(const char **at)
{
    size_t digits = strspn(*at, "0123456789");
    int64_t number = digits > 0 && digits < 19 ? strtoll(*at, NULL, 10) : -1;
    *at += digits;
    return number;
}

enum range request_range(struct lws *wsi, const char *tag, uint64_t bytes, uint64_t *first,
                         uint64_t *length)
{
    static const char unit[] = "bytes=";
    char text[64], version[64];
    request_header(wsi, WSI_TOKEN_HTTP_RANGE, text, sizeof text);
    if (strncmp(text, unit, sizeof unit - 1) ||
        (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_IF_RANGE) > 0 &&
         strcmp(request_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, version, sizeof version), tag)))
        return RANGE_ALL;
    const char *at = text + sizeof unit - 1;
    bool suffix = *at == '-';
    int64_t from = suffix ? 0 : take_number(&at);
    if (*at++ != '-')
        return RANGE_ALL;
    int64_t to = *at || suffix ? take_number(&at) : INT64_MAX;
    if (*at || from < 0 || to < 0 || (!suffix && to < from))
        return RANGE_ALL; /* such a header is ignored, by RFC 9110 */
    *first = !suffix ? (uint64_t)from : (uint64_t)to < bytes ? bytes - (uint64_t)to : 0;
    if (*first >= bytes)
        return RANGE_NONE;
    *length = (suffix || (uint64_t)to >= bytes ? bytes : (uint64_t)to + 1) - *first;
    return RANGE_PART;
}
