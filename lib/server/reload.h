/* SIGHUP: certificate, key and tokens are read again. A file with errors is reported, and the old
 * contents stay in use. */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

struct server;

/* Takes over SIGHUP if there is anything to reload. Must be called before threads start. */
void reload_open(const struct server *server);

/* Adds the signal to lws' loop. -1: lws refuses. */
int reload_adopt(struct server *server);

/* Handles the signal. */
void reload_take(struct server *server);

#endif
