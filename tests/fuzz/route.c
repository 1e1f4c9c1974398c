/*
 * Paths to answers: http_route for any path among streams of any names, page_encode, and the texts
 * that carry a name. Input: the names and then the path, with newlines between.
 */
#include "fuzz.h"
#include "serve.h"
#include "stream.h"
#include "utf8.h"
#include <unistd.h>

enum { SOURCES = 4, TEXT_MAX = 300 };

static struct stream *stream(void)
{
    static struct stream *stream;
    if (!stream) {
        char name[64];
        struct stream_spec tiny = {
            .width = 1, .height = 1, .slots = 2, .events = 16, .packet_bytes = 1};
        snprintf(name, sizeof name, "fuzz-route-%d", (int)getpid());
        CHECK(stream = stream_create(name, &tiny, false));
        CHECK(stream_remove(stream, true) == 0); /* its memory is all that is needed */
    }
    return stream;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What is encoded is a path's plain characters, and comes back. */
static void check_encoding(const char *name)
{
    char out[3 * TEXT_MAX + 1], back[TEXT_MAX + 1];
    page_encode(name, out);
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
static void check_own_paths(struct server *server, struct source *source)
{
    char path[TEXT_MAX + 16];
    struct route route;
    snprintf(path, sizeof path, "/%s/ws", source->name);
    route = http_route(server, path);
    CHECK(route.source == source && route.at == (source->stream ? AT_WEBSOCKET : AT_GONE));
    snprintf(path, sizeof path, "/%s/", source->name);
    route = http_route(server, path);
    CHECK(route.source == source && route.at == (source->stream ? AT_FILE : AT_GONE));
}

static void check_route(const struct server *server, const struct route *route)
{
    const struct source *first = server->sources, *end = first + server->source_count;
    switch (route->at) {
    case AT_NOTHING:
        return;
    case AT_LIST:
        CHECK(server->source_count != 1);
        return;
    case AT_STREAMS:
    case AT_METRICS:
    case AT_HEALTH:
        CHECK(!route->source);
        return;
    case AT_FILE:
        CHECK(route->file && route->file->data < route->file->end);
        break;
    case AT_GONE:
    case AT_FOLDER:
    case AT_WEBSOCKET:
    case AT_MJPEG:
    case AT_SNAPSHOT:
    case AT_STATS:
        CHECK(route->source);
        break;
    }
    if (route->source)
        CHECK(route->source >= first && route->source < end &&
              (route->at == AT_GONE) == !route->source->stream);
}

static size_t count(const char *text, size_t bytes, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += text[i] == c;
    return n;
}

/* A name adds no markup to the page that lists it, and no quote or control byte to its JSON. */
static void check_texts(const struct server *server)
{
    size_t bytes, live = 0;
    char *page = page_list(server, &bytes);
    CHECK(page && bytes == strlen(page));
    for (size_t i = 0; i < server->source_count; i++)
        live += server->sources[i].stream != NULL;
    struct server none = {.sources = NULL};
    size_t bare_bytes;
    char *bare = page_list(&none, &bare_bytes);
    CHECK(bare && count(page, bytes, '<') == count(bare, bare_bytes, '<') + 13 * live);
    free(bare);
    free(page);
    for (size_t i = 0; i < server->source_count; i++) {
        if (!server->sources[i].stream)
            continue;
        char *json = stats_json(&server->sources[i], &bytes);
        CHECK(json && bytes == strlen(json) && json[bytes - 1] == '\n');
        CHECK(!strncmp(json, "{\"name\":\"", 9) && utf8_valid(json, bytes));
        const char *p = json + 9;
        for (; *p != '"'; p++) {
            CHECK((unsigned char)*p >= ' ' && *p != 127);
            p += *p == '\\';
            CHECK(*p);
        }
        CHECK(!strncmp(p, "\",\"generation\":\"", 16));
        free(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_MAX + 1], *words[SOURCES + 1], *rest = text;
    struct source sources[SOURCES];
    struct server server = {.sources = sources};
    if (bytes > TEXT_MAX)
        return 0;
    memcpy(text, data, bytes);
    text[bytes] = 0;
    size_t n = 0;
    while (n < SOURCES + 1 && (words[n] = strsep(&rest, "\n")))
        n++;
    for (size_t i = 0; i + 1 < n; i++) { /* as ws-serve takes them */
        const char *name = stream_name(words[i]);
        for (size_t k = 0; name && k < server.source_count; k++)
            if (!strcmp(sources[k].name, name))
                name = NULL;
        if (name)
            sources[server.source_count++] = (struct source){
                .server = &server, .name = name, .stream = name[0] == '-' ? NULL : stream()};
    }
    server.listed = server.source_count;
    struct route route = http_route(&server, words[n - 1]);
    check_route(&server, &route);
    for (size_t i = 0; i < server.source_count; i++) {
        check_encoding(sources[i].name);
        check_own_paths(&server, &sources[i]);
    }
    check_texts(&server);
    return 0;
}
