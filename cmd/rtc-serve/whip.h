/*
 * Publishes the first stream to an SFU by WHIP (RFC 9725), as one more peer of its pipeline, and
 * again whenever the SFU was away. All of this runs on the server's main thread.
 */
#ifndef WHIP_H
#define WHIP_H

#include <libwebsockets.h>
#include <stdbool.h>

struct pipeline;
struct served;

/* Reads the URL of --whip and the file of --whip-token; NULL: not given. Exits with a message on
 * invalid ones. */
void whip_read(const char *url, const char *token_file);

/* As in server_extension. */
void whip_prepare(struct lws_context *context);
const char *whip_file(void);
bool whip_ending(void);

void whip_open(struct pipeline *pipeline, const struct served *served);
void whip_update(void);
void whip_close(void);

/* The state, for statistics; NULL: not in use. */
const char *whip_state(void);

#endif
