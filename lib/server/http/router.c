#include "router.h"
#include "assets.h"
#include "server/stream/served.h"
#include <string.h>

struct path {
    const char *path;
    enum endpoint at;
};

/* Paths of the server itself. */
static const struct path at_root[] = {
    {"streams", AT_STREAMS},
    {"metrics", AT_METRICS},
    {"healthz", AT_HEALTH},
};

/* Paths in each stream's folder, and at the root too if there is only one stream. */
static const struct path in_folder[] = {
    {"ws", AT_WEBSOCKET},
    {"stream.mjpg", AT_MJPEG},
    {"snapshot.jpg", AT_SNAPSHOT},
    {"stats", AT_STATS},
};

/* The same, with WebRTC. */
static const struct path for_offers[] = {
    {"whep", AT_WHEP},
    {"offer", AT_OFFER},
};

static enum endpoint find(const struct path *paths, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i].path, path) == 0)
            return paths[i].at;
    return AT_NOTHING;
}

#define FIND(paths, path) find(paths, sizeof paths / sizeof paths[0], path)

static void find_offer(struct route *route, const char *path)
{
    static const char session[] = "whep/";
    enum endpoint at = FIND(for_offers, path);
    if (at)
        route->at = at;
    if (strncmp(path, session, sizeof session - 1))
        return;
    route->at = AT_SESSION;
    route->id = path + sizeof session - 1;
}

static struct route find_in_folder(const struct site *site, struct served *served, const char *path)
{
    struct route route = {.served = served, .asset = assets_find(path)};
    enum endpoint at = FIND(in_folder, path);
    route.at = at ? at : route.asset ? AT_FILE : AT_NOTHING;
    if (site->whep)
        find_offer(&route, path);
    if (route.at != AT_NOTHING && !served->reader.stream)
        route.at = AT_GONE;
    return route;
}

/* path without its leading slash. */
static struct route find_at_root(const struct site *site, const char *path)
{
    const struct streams *streams = site->streams;
    enum endpoint at = FIND(at_root, path);
    if (at)
        return (struct route){.at = at};
    if (streams->listed == 1)
        /* video/mjpeg is FURY's path. */
        return find_in_folder(site, &streams->list[0],
                              strcmp(path, "video/mjpeg") ? path : "stream.mjpg");
    if (!*path)
        return (struct route){.at = AT_LIST};
    const struct asset *asset = assets_find(path);
    return (struct route){.at = asset ? AT_FILE : AT_NOTHING, .asset = asset};
}

struct route router_find(const struct site *site, const char *path)
{
    const struct streams *streams = site->streams;
    if (*path++ != '/')
        return (struct route){.at = AT_NOTHING};
    struct route route = find_at_root(site, path);
    route.root = true;
    size_t name_bytes = strcspn(path, "/");
    for (size_t i = 0; route.at == AT_NOTHING && i < streams->count; i++) {
        struct served *served = &streams->list[i];
        if (strncmp(served->name, path, name_bytes) || served->name[name_bytes])
            continue;
        if (path[name_bytes])
            return find_in_folder(site, served, path + name_bytes + 1);
        route = (struct route){.at = served->reader.stream ? AT_FOLDER : AT_GONE, .served = served};
    }
    return route;
}

bool router_is_shared(enum endpoint at)
{
    return at == AT_MJPEG || at == AT_SNAPSHOT || at == AT_STATS || at == AT_STREAMS ||
           at == AT_WHEP || at == AT_SESSION;
}
