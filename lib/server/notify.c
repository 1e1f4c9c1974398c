#include "notify.h"
#include "tool/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3 };

static int manager = -1;
static uint64_t interval;
static int passed = -1;

/* The number in a variable, or 0. */
static uint64_t variable(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* Whether a variable names this process: it may be left from one of our ancestors. */
static bool is_ours(const char *name)
{
    return variable(name) == (uint64_t)getpid();
}

static void connect_manager(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(path);
    if ((*path != '/' && *path != '@') || bytes >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, bytes);
    if (*path == '@')
        address.sun_path[0] = 0;
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (manager >= 0 && connect(manager, (const struct sockaddr *)&address,
                                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes))) {
        close(manager);
        manager = -1;
    }
}

/* Checks the first of count sockets. */
static void take_socket(uint64_t count)
{
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (count != 1)
        cli_die(CLI_FAIL, "LISTEN_FDS is %llu: only one socket can be served",
                (unsigned long long)count);
    if (getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_STREAM ||
        getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens)
        cli_die(CLI_FAIL, "LISTEN_FDS: not a stream socket that listens; use ListenStream=");
    if (fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC) || fcntl(FIRST_SOCKET, F_SETFL, O_NONBLOCK))
        cli_die(CLI_FAIL, "LISTEN_FDS: %s", strerror(errno));
    passed = FIRST_SOCKET;
}

void notify_open(void)
{
    static const char *const variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                            "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path)
        connect_manager(path);
    if (manager >= 0 && (!getenv("WATCHDOG_PID") || is_ours("WATCHDOG_PID")))
        interval = variable("WATCHDOG_USEC") / 2;
    if (is_ours("LISTEN_PID") && variable("LISTEN_FDS"))
        take_socket(variable("LISTEN_FDS"));
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
}

void notify_send(const char *lines)
{
    if (manager >= 0)
        send(manager, lines, strlen(lines), MSG_NOSIGNAL);
}

uint64_t notify_interval(void)
{
    return interval;
}

int notify_socket(void)
{
    return passed;
}
