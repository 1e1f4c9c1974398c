/* The newest packet as one image: /NAME/snapshot.jpg. */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include <stdbool.h>

struct conn;
struct response;
struct served;
struct snapshot;

/* Starts to wait for a fresh packet if the newest may be old; conn_want_write is called when the
 * wait is over. NULL: no need to wait, or no memory. */
struct snapshot *snapshot_await(struct conn *conn, struct served *served);

/* The stream that it waits for, or NULL: the wait is not over. */
struct served *snapshot_ready(const struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot); /* NULL is allowed */

/* Sends the newest packet. As response_text. */
int snapshot_send(struct conn *conn, struct response *response, struct served *served);

#endif
