/* Paths of the server: a new one goes into the tables of router.c. */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include <stdbool.h>
#include "site.h"

struct asset;
struct served;

enum endpoint {
    AT_NOTHING,
    AT_GONE,   /* the stream was removed */
    AT_FOLDER, /* /NAME without its slash */
    AT_LIST,   /* the list of streams */
    AT_FILE,   /* of the built-in page */
    AT_WEBSOCKET,
    AT_MJPEG,
    AT_SNAPSHOT,
    AT_STATS,
    AT_WHEP,    /* takes offers */
    AT_OFFER,   /* takes offers of FURY's kind */
    AT_SESSION, /* the result of an offer: its id follows the last slash */
    AT_STREAMS,
    AT_METRICS,
    AT_HEALTH
};

struct route {
    enum endpoint at;
    bool root; /* not in a stream's folder: a file of --www takes precedence over AT_LIST, AT_FILE
                  and AT_NOTHING */
    struct served *served;
    const struct asset *asset; /* AT_FILE */
    const char *id;            /* AT_SESSION: part of path */
};

/* The route of a percent-decoded path. */
struct route router_find(const struct site *site, const char *path);

/* Whether pages of --cors may use this endpoint. */
bool router_is_shared(enum endpoint at);

#endif
