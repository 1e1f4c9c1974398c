/* The service manager that started the server: systemd's protocol, sd_notify(3). Without one, these
 * do nothing. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

/* Connects to it, and removes its variables from the environment. */
void notify_open(void);

/* Sends lines like "READY=1". */
void notify_send(const char *lines);

/* The time between two reports that the server lives, in microseconds; 0: none are wanted. */
uint64_t notify_interval(void);

/* The listening socket that it has passed, or -1. Exits with a message if that can't be served. */
int notify_socket(void);

#endif
