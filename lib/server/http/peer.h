/* The program at the other end of a connection. */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <stdbool.h>
#include <stdint.h>

enum { PEER_FOREIGN = UINT32_MAX };

/* The user that runs it, if it is on this machine; else PEER_FOREIGN, as for other machines, or if
 * the kernel doesn't tell. */
uint32_t peer_user(int fd);

/* Whether the connection is over a Unix socket. */
bool peer_is_unix(int fd);

#endif
