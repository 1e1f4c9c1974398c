/*
 * Confines the process to the files and system calls that serving streams needs, so that a flaw in
 * the code that reads requests reaches nothing else: by Landlock (Linux 5.13 and later) and
 * seccomp.
 */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

struct server;

/* To be called when everything is open, and before there are threads. socket_path: of the server's
 * own socket file, or NULL. Exits with a message if the kernel has Landlock and refuses it. */
void confine(const struct server *server, const char *socket_path);

#endif
