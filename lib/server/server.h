/* The server as a whole: streams, connections, the loop. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <libwebsockets.h>
#include "http/site.h"
#include "stream/streams.h"

struct names;

/* A further transport, of the program's own. All of it is called on the main thread. */
struct server_extension {
    /* Descriptors that it needs for this many viewers. */
    unsigned (*descriptors)(unsigned viewers);
    /* Streams and context are there. Exits with a message if it fails. reserved: the number of
     * descriptors that it has to leave to the server. */
    void (*open)(struct streams *streams, unsigned reserved);
    /* The loop was woken. */
    void (*look)(struct streams *streams);
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
    const char *tls_cert, *tls_key, *token_file; /* NULL: not used */
};

/* These exit with a message if they fail. */

/* Attaches the streams. */
void server_open(struct server *server, const struct names *names);
/* Sets the limits on connections and files, by the limit on viewers and that on descriptors. */
void server_set_limits(struct server *server);
/* Serves the connections that come to listener, once server_run runs. */
void server_listen(struct server *server, int listener);

/* Prints url, serves until all streams are removed or a stop signal comes, and takes everything
 * down again. Returns the exit code for cli_finish. */
int server_run(struct server *server, const char *url);

#endif
