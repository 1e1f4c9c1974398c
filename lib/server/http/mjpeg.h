/* Viewers over MJPEG: a response without end, a part for each packet. */
#ifndef SERVER_MJPEG_H
#define SERVER_MJPEG_H

#include "auth.h"

struct conn;
struct mjpeg;
struct served;

/* Joins a viewer after the header of the response was sent. NULL: no memory. */
struct mjpeg *mjpeg_new(struct conn *conn, struct served *served,
                        const struct credentials *credentials);
void mjpeg_free(struct mjpeg *mjpeg); /* NULL is allowed */

/* Sends the next packet, now that the socket has room. 0 or -1: hang up. */
int mjpeg_write(struct mjpeg *mjpeg);

#endif
