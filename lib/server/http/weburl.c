#include "weburl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, DIGITS = 5 };

static bool is_plain(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}", text[i]))
            return false;
    return true;
}

/* HOST[:PORT], bytes long: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool read_authority(struct weburl *url, const char *text, size_t bytes)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._",
                      address[] = "0123456789abcdefABCDEF:.";
    bool brackets = bytes && *text == '[';
    const char *host = text + brackets;
    size_t length = strspn(host, brackets ? address : name);
    const char *rest = host + length + brackets, *end = text + bytes;
    if (length < 1 || length >= sizeof url->host || rest > end || (brackets && host[length] != ']'))
        return false;
    memcpy(url->host, host, length);
    url->host[length] = 0;
    url->port = url->tls ? HTTPS_PORT : HTTP_PORT;
    if (rest == end)
        return true;
    size_t digits = strspn(rest + 1, "0123456789");
    long port = atol(rest + 1);
    if (*rest != ':' || digits < 1 || digits > DIGITS || rest + 1 + digits != end || port < 1 ||
        port > UINT16_MAX)
        return false;
    url->port = (uint16_t)port;
    return true;
}

/* A path, a query or nothing, up to a fragment. */
static bool read_path(struct weburl *url, const char *text)
{
    size_t bytes = strcspn(text, "#"), slash = *text != '/';
    if (slash + bytes >= sizeof url->path || !is_plain(text, bytes))
        return false;
    url->path[0] = '/';
    memcpy(url->path + slash, text, bytes);
    url->path[slash + bytes] = 0;
    return true;
}

/* The part after "//". */
static bool read_rest(struct weburl *url, const char *text)
{
    size_t bytes = strcspn(text, "/?#");
    return read_authority(url, text, bytes) && read_path(url, text + bytes);
}

bool weburl_read(struct weburl *out, const char *text)
{
    struct weburl url = {.tls = strncasecmp(text, "https://", 8) == 0};
    if (!url.tls && strncasecmp(text, "http://", 7))
        return false;
    if (!read_rest(&url, text + 7 + url.tls))
        return false;
    *out = url;
    return true;
}

/* Removes "." and ".." of a path in place (RFC 3986, section 5.2.4), up to its query. */
static void remove_dots(char *path)
{
    char *end = path + strcspn(path, "?"), *to = path;
    for (char *at = path; at < end;) {
        size_t bytes = 1 + strcspn(at + 1, "/?");
        bool last = at + bytes == end, one = bytes == 2 && at[1] == '.';
        bool two = bytes == 3 && at[1] == '.' && at[2] == '.';
        while (two && to > path && *--to != '/')
            ;
        if (!one && !two) {
            memmove(to, at, bytes);
            to += bytes;
        } else if (last) {
            *to++ = '/';
        }
        at += bytes;
    }
    if (to == path)
        *to++ = '/';
    memmove(to, end, strlen(end) + 1);
}

/* A relative reference: replaces the path's last part, or the query. */
static bool merge(struct weburl *url, const char *text)
{
    char path[2 * WEBURL_PATH];
    size_t kept = strcspn(url->path, "?"), bytes = strcspn(text, "#");
    if (!is_plain(text, bytes) || bytes >= WEBURL_PATH)
        return false;
    if (!bytes)
        return true;
    while (*text != '?' && url->path[kept - 1] != '/')
        kept--;
    int length = snprintf(path, sizeof path, "%.*s%.*s", (int)kept, url->path, (int)bytes, text);
    if (length >= WEBURL_PATH)
        return false;
    memcpy(url->path, path, (size_t)length + 1);
    return true;
}

bool weburl_resolve(struct weburl *out, const struct weburl *base, const char *text)
{
    struct weburl url = *base;
    bool valid;
    if (text[strcspn(text, ":/?#")] == ':')
        valid = weburl_read(&url, text);
    else if (strncmp(text, "//", 2) == 0)
        valid = read_rest(&url, text + 2);
    else
        valid = *text == '/' ? read_path(&url, text) : merge(&url, text);
    if (!valid || (base->tls && !url.tls))
        return false;
    remove_dots(url.path);
    *out = url;
    return true;
}

void weburl_authority(const struct weburl *url, char out[WEBURL_HOST + 9])
{
    bool brackets = strchr(url->host, ':');
    int at = snprintf(out, WEBURL_HOST + 9, "%s%s%s", brackets ? "[" : "", url->host,
                      brackets ? "]" : "");
    if (url->port != (url->tls ? HTTPS_PORT : HTTP_PORT))
        snprintf(out + at, (size_t)(WEBURL_HOST + 9 - at), ":%u", url->port);
}
