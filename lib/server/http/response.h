/*
 * The answer to a request: its header, and its body while that is being sent. One for each
 * connection, used for one request after another.
 *
 * extra, in all of these, is NULL or further header lines as "name:\0value\0…\0". All return 0, or
 * -1: hang up.
 */
#ifndef SERVER_RESPONSE_H
#define SERVER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "site.h"

struct conn;
struct packet;
struct packet_pool;
struct response;

struct response *response_new(struct conn *conn); /* NULL: no memory */
void response_free(struct response *response);    /* NULL is allowed */

/* Starts over for another request. head: its method is HEAD. */
void response_reset(struct response *response, bool head);

/* Choose the header lines for pages of --cors (allowed: as cors_find returns), for pages of other
 * sites, and of a policy. */
void response_set_cors(struct response *response, const char *allowed, bool preflight);
void response_set_shared(struct response *response, bool shared);
void response_set_policy(struct response *response, enum policy policy);

/* A short text and a newline. */
int response_text(struct response *response, unsigned status, const char *extra, const char *text);

/* The same, and then hangs up: always -1. */
int response_text_last(struct response *response, unsigned status, const char *extra,
                       const char *text);

/* The same for a handshake: does not complete the transaction. */
int response_text_raw(struct response *response, unsigned status, const char *extra,
                      const char *text);

/* A header without a body. */
int response_head(struct response *response, unsigned status, const char *extra);

/* The header before a body without end, which the caller sends. */
int response_endless(struct response *response, const char *type);

/* Status 200 with a body in static storage. */
int response_static(struct response *response, const char *type, const char *body, size_t bytes);

/* A body in malloc'ed memory, which is freed; NULL: hang up. */
int response_owned(struct response *response, unsigned status, const char *type, const char *extra,
                   char *body, size_t bytes);

/* Status 200 with an image: takes a reference to the packet, of that pool. */
int response_packet(struct response *response, struct packet_pool *pool, struct packet *packet,
                    const char *extra);

/* Part of a file, which is closed. */
int response_file(struct response *response, unsigned status, int fd, uint64_t first,
                  uint64_t bytes, const char *type, const char *extra);

/* Whether a body is still being sent. */
bool response_is_busy(const struct response *response);
/* Sends the next part of the body, now that the socket has room. */
int response_write(struct response *response);

/* Drops the rest of the body. */
void response_drop(struct response *response);

/* An answer to bytes that are no HTTP request at all; then hang up. */
void response_to_garbage(struct conn *conn, const char *data, size_t bytes);

#endif
