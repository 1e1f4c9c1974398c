/*
 * ICE (RFC 8445) of one peer, by libnice, with one component. The transport thread makes all calls
 * and gets all callbacks.
 */
#ifndef ICEAGENT_H
#define ICEAGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loopthread.h"
#include "rtp.h"

struct iceagent;
struct iceserver;

/* user is that of iceagent_new. No callback may free the agent. */
struct iceagent_ops {
    void (*gathered)(void *user); /* all local candidates are known; again after more servers */
    void (*connected)(void *user);
    void (*failed)(void *user);
    void (*received)(void *user, const uint8_t *data, size_t bytes);
};

/* controlling: this side has made the offer. servers: STUN and TURN servers, up to one without a
 * host. NULL: failed. */
struct iceagent *iceagent_new(struct loopthread *thread, bool controlling,
                              const struct iceserver *servers, const struct iceagent_ops *ops,
                              void *user);
void iceagent_free(struct iceagent *agent); /* NULL is allowed */

/* Gathers candidates of further TURN servers. */
void iceagent_add_servers(struct iceagent *agent, const struct iceserver *servers);

/* The peer's user name fragment, password and candidates (SDP values, up to NULL). */
void iceagent_set_remote(struct iceagent *agent, const char *user, const char *password,
                         char *const *candidates);

/* Begins to gather candidates. False: failed. */
bool iceagent_gather(struct iceagent *agent);

/* Ours, for the answer; by g_malloc, the list up to NULL. */
void iceagent_local(struct iceagent *agent, char **user, char **password, char ***candidates);

/* Sends a datagram, which may get lost. */
void iceagent_send(struct iceagent *agent, const void *data, size_t bytes);

/* Sends at most PACKET_BATCH packets. False: not all, or not connected. */
bool iceagent_send_packets(struct iceagent *agent, const struct packet *packets, unsigned count);

#endif
