/*
 * ws-serve: serves streams over WebSockets, MJPEG and HTTP, and takes the viewers' input.
 *
 * stdout: one line, the address, once it listens. Reads the packets of each stream, writes its
 * events; follows --replace. SIGINT, SIGTERM and SIGHUP close every viewer and end the program;
 * with TLS or tokens SIGHUP reloads those instead. Exit: 0 every stream was removed, 2 usage, 3 no
 * such stream, port in use, stdout not writable.
 */
#include "server/servermain.h"

static const struct server_program ws_serve = {
    .name = "ws-serve",
    .usage = "ws-serve" SERVERMAIN_USAGE " NAME ...\n",
};

int main(int argc, char **argv)
{
    servermain_run(&ws_serve, argc, argv);
}
