/*
 * Routes of any path among streams of any names, the encoding of names in URLs, and the texts that
 * contain names. Input: the names and then the path, separated by newlines.
 */
#include "fuzz.h"
#include "server/http/assets.h"
#include "server/http/router.h"
#include "server/http/stats.h"
#include "server/http/url.h"
#include "server/stream/served.h"
#include "stream.h"
#include "utf8.h"
#include <unistd.h>

enum { STREAMS = 4, TEXT_MAX = 300 };

static struct stream *stream(void)
{
    static struct stream *stream;
    if (!stream) {
        char name[64];
        struct stream_spec tiny = {
            .width = 1, .height = 1, .slots = 2, .events = 16, .packet_bytes = 1};
        snprintf(name, sizeof name, "fuzz-route-%d", (int)getpid());
        CHECK(stream = stream_create(name, &tiny, false));
        CHECK(stream_remove(stream, true) == 0); /* only its memory is needed */
    }
    return stream;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* An encoded name has only plain characters, and decodes to the name. */
static void check_encoding(const char *name)
{
    char out[3 * TEXT_MAX + 1], back[TEXT_MAX + 1];
    url_encode(name, out);
    size_t n = 0;
    for (const char *p = out; *p; p++) {
        CHECK(*p > ' ' && *p < 127 && !strchr("/?#\"<>&'", *p));
        back[n] = *p;
        if (*p == '%') {
            CHECK(hex(p[1]) >= 0 && hex(p[2]) >= 0);
            back[n] = (char)(hex(p[1]) << 4 | hex(p[2]));
            p += 2;
        }
        n++;
    }
    back[n] = 0;
    CHECK(!strcmp(name, back));
}

/* Every stream's own paths lead to it. */
static void check_own_paths(const struct site *site, const struct served *served)
{
    char path[TEXT_MAX + 16];
    struct route route;
    snprintf(path, sizeof path, "/%s/ws", served->name);
    route = router_find(site, path);
    CHECK(route.served == served && route.at == (served->reader.stream ? AT_WEBSOCKET : AT_GONE));
    snprintf(path, sizeof path, "/%s/", served->name);
    route = router_find(site, path);
    CHECK(route.served == served && route.at == (served->reader.stream ? AT_FILE : AT_GONE));
}

static void check_route(const struct streams *streams, const struct route *route)
{
    const struct served *first = streams->list, *end = first + streams->count;
    switch (route->at) {
    case AT_NOTHING:
        return;
    case AT_LIST:
        CHECK(streams->count != 1);
        return;
    case AT_STREAMS:
    case AT_METRICS:
    case AT_HEALTH:
        CHECK(!route->served);
        return;
    case AT_FILE:
        CHECK(route->asset && route->asset->data < route->asset->end);
        break;
    case AT_GONE:
    case AT_FOLDER:
    case AT_WEBSOCKET:
    case AT_MJPEG:
    case AT_SNAPSHOT:
    case AT_STATS:
    case AT_WHEP:
    case AT_OFFER:
    case AT_SESSION:
        CHECK(route->served);
        break;
    }
    if (route->served)
        CHECK(route->served >= first && route->served < end &&
              (route->at == AT_GONE) == !route->served->reader.stream);
}

static size_t count(const char *text, size_t bytes, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += text[i] == c;
    return n;
}

/* A name adds no markup to the list of streams, and no quote or control byte to JSON. */
static void check_texts(const struct site *site)
{
    const struct streams *streams = site->streams;
    size_t bytes, live = 0;
    char *page = assets_list(streams, &bytes);
    CHECK(page && bytes == strlen(page));
    for (size_t i = 0; i < streams->count; i++)
        live += streams->list[i].reader.stream != NULL;
    struct streams none = {.list = NULL};
    size_t bare_bytes;
    char *bare = assets_list(&none, &bare_bytes);
    CHECK(bare && count(page, bytes, '<') == count(bare, bare_bytes, '<') + 13 * live);
    free(bare);
    free(page);
    for (size_t i = 0; i < streams->count; i++) {
        if (!streams->list[i].reader.stream)
            continue;
        char *json = stats_json(site, &streams->list[i], "localhost", i == 0, &bytes);
        CHECK(json && bytes == strlen(json) && json[bytes - 1] == '\n');
        CHECK(!strncmp(json, "{\"name\":\"", 9) && utf8_valid(json, bytes));
        const char *p = json + 9;
        for (; *p != '"'; p++) {
            CHECK((unsigned char)*p >= ' ' && *p != 127);
            p += *p == '\\';
            CHECK(*p);
        }
        CHECK(!strncmp(p, "\",\"server\":\"", 12));
        free(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_MAX + 1], *words[STREAMS + 1], *rest = text;
    struct served list[STREAMS];
    struct streams streams = {.list = list};
    struct site site = {.streams = &streams};
    if (bytes > TEXT_MAX)
        return 0;
    memcpy(text, data, bytes);
    text[bytes] = 0;
    size_t n = 0;
    while (n < STREAMS + 1 && (words[n] = strsep(&rest, "\n")))
        n++;
    for (size_t i = 0; i + 1 < n; i++) { /* as ws-serve reads them */
        const char *name = stream_name(words[i]);
        for (size_t k = 0; name && k < streams.count; k++)
            if (!strcmp(list[k].name, name))
                name = NULL;
        if (name)
            list[streams.count++] =
                (struct served){.streams = &streams,
                                .name = name,
                                .reader.stream = name[0] == '-' ? NULL : stream()};
    }
    streams.listed = streams.count;
    struct route route = router_find(&site, words[n - 1]);
    check_route(&streams, &route);
    for (size_t i = 0; i < streams.count; i++) {
        check_encoding(list[i].name);
        check_own_paths(&site, &list[i]);
    }
    check_texts(&site);
    return 0;
}
