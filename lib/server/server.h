/* The server as a whole: streams, connections, the loop. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <libwebsockets.h>
#include "http/site.h"
#include "stream/streams.h"

struct names;

/* An additional transport of the program. The main thread makes all calls. */
struct server_extension {
    /* The number of descriptors that it needs for this many viewers. */
    unsigned (*descriptors)(unsigned viewers);
    /* Called once the context exists, before the process is confined. */
    void (*prepare)(struct lws_context *context);
    /* A file that it reads again later, or NULL. */
    const char *(*file)(void);
    /* Called once streams and context exist. Exits with a message on failure. reserved: number of
     * descriptors to leave to the server. */
    void (*open)(struct streams *streams, unsigned reserved);
    /* Called when the loop was woken. */
    void (*update)(struct streams *streams);
    /* Called, often, when the server ends: whether something is still to be sent before close. */
    bool (*ending)(void);
    void (*close)(struct streams *streams);
    const struct whep_ops *whep;
};

struct server {
    struct streams streams;
    struct site site;
    const struct server_extension *extension; /* NULL: none */
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws *listener;
    struct lws *reloader;
    lws_sorted_usec_list_t watchdog;
    const char *tls_cert, *tls_key, *token_file; /* NULL: not used */
};

/* All of these functions exit with a message on failure. */

/* Attaches the streams. */
void server_open(struct server *server, const struct names *names);
/* Sets the limits on connections and files from the limits on viewers and descriptors. */
void server_set_limits(struct server *server);
/* Serves the connections to listener, once server_run runs. */
void server_listen(struct server *server, int listener);

/* Prints url, serves until all streams are removed or a stop signal arrives, and shuts everything
 * down. Returns the exit code for cli_finish. */
int server_run(struct server *server, const char *url);

#endif
