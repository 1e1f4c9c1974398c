/* The number of connections of each client address. IPv6 addresses count per /64: one subscriber.
 */
#ifndef SERVER_CONNLIMIT_H
#define SERVER_CONNLIMIT_H

#include <stdbool.h>
#include <sys/socket.h>

struct connlimit;

/* Counts a connection against max (0: unlimited). local: count those of this machine too. False:
 * too many. *limit goes to connlimit_drop later; NULL: not counted. */
bool connlimit_take(unsigned max, bool local, const struct sockaddr *from,
                    struct connlimit **limit);

/* Counts one more connection of the same address. False: too many. */
bool connlimit_share(unsigned max, struct connlimit *limit);

void connlimit_drop(struct connlimit *limit); /* NULL is allowed */

#endif
