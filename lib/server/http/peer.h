/* The program at the other end of a connection. */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <stdbool.h>
#include <stdint.h>

enum { PEER_FOREIGN = UINT32_MAX };

/* The user that runs it; PEER_FOREIGN if it is on another machine, or if the kernel does not report
 * the user. */
uint32_t peer_user(int fd);

/* Whether the connection is over a Unix socket. */
bool peer_is_unix(int fd);

#endif
