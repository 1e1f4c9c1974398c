/*
 * The names in the answers of a WHIP endpoint: URLs, references, and Link headers. Input: a URL, a
 * reference and a header, separated by newlines.
 */
#include "fuzz.h"
#include "server/http/linkheader.h"
#include "server/http/weburl.h"

enum { TEXT_MAX = 300 };

static void check_url(const struct weburl *url)
{
    char authority[WEBURL_HOST + 9], text[WEBURL_HOST + WEBURL_PATH + 32];
    struct weburl again;
    CHECK(*url->host && url->port && *url->path == '/');
    for (const char *c = url->path; *c; c++)
        CHECK(*c > ' ' && *c < 127 && *c != '#' && *c != '"' && *c != '\\');
    weburl_authority(url, authority);
    snprintf(text, sizeof text, "%s://%s%s", url->tls ? "https" : "http", authority, url->path);
    CHECK(weburl_read(&again, text));
    CHECK(again.tls == url->tls && again.port == url->port && !strcmp(again.host, url->host) &&
          !strcmp(again.path, url->path));
}

static bool has_dots(const char *path)
{
    char text[WEBURL_PATH + 2];
    snprintf(text, sizeof text, "%.*s/", (int)strcspn(path, "?"), path);
    return strstr(text, "/./") || strstr(text, "/../");
}

/* Examples of RFC 3986, section 5.4. */
static void check_examples(void)
{
    static const char *const examples[][2] = {
        {"g", "/b/c/g"},
        {"./g", "/b/c/g"},
        {"g/", "/b/c/g/"},
        {"/g", "/g"},
        {"?y", "/b/c/d;p?y"},
        {"g?y", "/b/c/g?y"},
        {"#s", "/b/c/d;p?q"},
        {"g#s", "/b/c/g"},
        {".", "/b/c/"},
        {"./", "/b/c/"},
        {"..", "/b/"},
        {"../g", "/b/g"},
        {"../..", "/"},
        {"../../../g", "/g"},
        {"/./g", "/g"},
        {"g;x=1/../y", "/b/c/y"},
        {"g?y/../x", "/b/c/g?y/../x"},
    };
    struct weburl base, url;
    CHECK(weburl_read(&base, "http://a/b/c/d;p?q"));
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        CHECK(weburl_resolve(&url, &base, examples[i][0]));
        CHECK(!strcmp(url.path, examples[i][1]) && !strcmp(url.host, "a"));
    }
    CHECK(weburl_resolve(&url, &base, "//[::1]:8443/x") && !strcmp(url.host, "::1") &&
          url.port == 8443);
    CHECK(weburl_read(&base, "https://a") && !strcmp(base.path, "/") && base.port == 443);
    CHECK(!weburl_resolve(&url, &base, "http://a/") && !weburl_resolve(&url, &base, "turn:a"));
}

static void check_links(const char *links)
{
    const char *at = links, *before = links;
    struct linkheader link;
    for (; linkheader_next(&at, &link); before = at)
        CHECK(at > before && at <= links + strlen(links) && (!*at || *at == ','));
    CHECK(!*at);
}

static void check_link_examples(void)
{
    const char *at =
        "<https://b>; rel=next, <stun:a>; rel=\"ice-server\" ,<x, <turn:c?transport=udp>;"
        " rel=ice-server; username=\"u,\\\"\"; credential=p; credential-type=\"password\"";
    struct linkheader link;
    CHECK(linkheader_next(&at, &link) && !strcmp(link.url, "stun:a") && !*link.user);
    CHECK(linkheader_next(&at, &link) && !strcmp(link.url, "turn:c?transport=udp"));
    CHECK(!strcmp(link.user, "u,\"") && !strcmp(link.credential, "p"));
    CHECK(!strcmp(link.kind, "password") && !linkheader_next(&at, &link));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_MAX + 1];
    struct weburl base, url;
    check_examples();
    check_link_examples();
    if (bytes > TEXT_MAX || memchr(data, 0, bytes))
        return 0;
    memcpy(text, data, bytes);
    text[bytes] = 0;
    char *reference = text + strcspn(text, "\n"), *links;
    reference += *reference ? (*reference = 0, 1) : 0;
    links = reference + strcspn(reference, "\n");
    links += *links ? (*links = 0, 1) : 0;
    check_links(links);
    if (!weburl_read(&base, text))
        return 0;
    check_url(&base);
    if (!weburl_resolve(&url, &base, reference))
        return 0;
    check_url(&url);
    CHECK(!has_dots(url.path) && (url.tls || !base.tls));
    return 0;
}
