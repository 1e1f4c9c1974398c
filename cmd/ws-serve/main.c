/*
 * ws-serve: the pictures of streams over HTTP, MJPEG and WebSockets, and the viewers' input back.
 *
 * stdout: one line, the address, once it listens. Reads the packets of each NAME, writes its
 * events; follows --replace. SIGINT, SIGTERM and SIGHUP close every viewer and end it; with TLS or
 * tokens SIGHUP reads those again.
 * Exit: 0 every stream was removed, 2 usage, 3 no such stream, port in use, stdout not writable.
 */
#include "server/servermain.h"

static const struct program ws_serve = {
    .name = "ws-serve",
    .usage = "ws-serve" PROGRAM_USAGE " NAME ...\n",
};

int main(int argc, char **argv)
{
    program_run(&ws_serve, argc, argv);
}
