/* The listening socket. It is not left to lws, so that its errors can be reported precisely, and so
 * that lws need not poll for its address. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

/* Binds and listens, on a TCP port or on "unix:PATH"; or takes the service manager's socket.
 * Returns the socket, or exits with a message. share: other servers may share the port. url: the
 * address to print. *loopback: the socket can be reached from this machine only. */
int listen_open(const char *address, uint16_t port, bool share, const char *scheme, char *url,
                size_t url_size, bool *loopback);

/* The socket file that listen_close removes, or NULL. */
const char *listen_path(void);

/* Removes the socket file, if there is one; exit() does so too. */
void listen_close(void);

/* Accepts connections. */
void listen_accept(struct server *server);

#endif
