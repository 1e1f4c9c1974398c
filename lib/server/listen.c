#include "listen.h"
#include "http/connlimit.h"
#include "http/protocol.h"
#include "notify.h"
#include "server.h"
#include "tool/cli.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 512,
    ACCEPT_AT_ONCE = 64,
    UNSENT_BYTES = 1 << 16 /* a socket with less than half of this unsent is writable */
};

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void format_url(int fd, const char *scheme, char *url, size_t size)
{
    struct sockaddr_storage bound;
    socklen_t bytes = sizeof bound;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&bound, &bytes) ||
        getnameinfo((struct sockaddr *)&bound, bytes, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        cli_die(CLI_FAIL, "getsockname: %s", strerror(errno));
    bool six = bound.ss_family == AF_INET6;
    snprintf(url, size, "%s://%s%s%s:%s/", scheme, six ? "[" : "", host, six ? "]" : "", port);
}

/* --- a socket in the file system --- */

/* The socket file, to be removed at the end; path "": none. */
static struct {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    dev_t dev;
    ino_t ino;
} local;

/* Removes an existing socket of this path on which no server listens. Exits with a message if the
 * path is in use otherwise. */
static void local_clear(const char *path, const struct sockaddr_un *address)
{
    struct stat there;
    if (lstat(path, &there)) {
        if (errno != ENOENT)
            cli_die(CLI_FAIL, "-b unix:%s: %s", path, strerror(errno));
        return;
    }
    if (!S_ISSOCK(there.st_mode))
        cli_die(CLI_FAIL, "-b unix:%s: exists and is not a socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err = fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (err == 0 || err == EAGAIN)
        cli_die(CLI_FAIL, "-b unix:%s: %s: another server listens there", path,
                strerror(EADDRINUSE));
    if (err != ECONNREFUSED || unlink(path))
        cli_die(CLI_FAIL, "-b unix:%s: %s", path, strerror(err == ECONNREFUSED ? errno : err));
}

/* Locks the folder, so that no other server interferes between the check of the path and the
 * creation of the socket. */
static int local_lock(const char *path)
{
    char copy[sizeof local.path];
    strcpy(copy, path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX))
        cli_die(CLI_FAIL, "-b unix:%s: %s", path, strerror(errno));
    return fd;
}

static int local_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat made;
    if (!*path || strlen(path) >= sizeof address.sun_path)
        cli_die(CLI_USAGE, "-b unix:%s: must be a path of 1 to %zu bytes", path,
                sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int lock = local_lock(path);
    local_clear(path, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0117); /* mode 0660 from the start */
    int err = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
                      lstat(path, &made) || listen(fd, BACKLOG)
                  ? errno
                  : 0;
    umask(mask);
    if (err)
        cli_die(CLI_FAIL, "-b unix:%s: %s", path, strerror(err));
    close(lock);
    strcpy(local.path, path);
    local.dev = made.st_dev;
    local.ino = made.st_ino;
    atexit(listen_close); /* errors from here on may exit anywhere */
    return fd;
}

const char *listen_path(void)
{
    return *local.path ? local.path : NULL;
}

void listen_close(void)
{
    struct stat there;
    if (*local.path && lstat(local.path, &there) == 0 && there.st_dev == local.dev &&
        there.st_ino == local.ino)
        unlink(local.path);
    *local.path = 0;
}

/* --- a TCP port --- */

static int port_open(const char *address, uint16_t port, bool share, const char *scheme, char *url,
                     size_t url_size, bool *loopback)
{
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int err = getaddrinfo(address, service, &hints, &found);
    if (err)
        cli_die(CLI_USAGE, "-b %s: not an address: %s", address, gai_strerror(err));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) ||
        (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int))) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG))
        cli_die(CLI_FAIL, "%s port %u: %s%s", address, port, strerror(errno),
                errno == EADDRINUSE ? "; choose another with -p; -p 0 takes a free one" : "");
    *loopback = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    format_url(fd, scheme, url, url_size);
    return fd;
}

/* A socket that the service manager has passed. */
static int passed_open(int fd, const char *scheme, char *url, size_t url_size, bool *loopback)
{
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_storage largest;
    } bound = {0};
    socklen_t bytes = sizeof bound.largest - 1;
    if (getsockname(fd, &bound.any, &bytes))
        cli_die(CLI_FAIL, "LISTEN_FDS: %s", strerror(errno));
    *loopback = bound.any.sa_family == AF_UNIX || is_loopback(&bound.any);
    if (bound.any.sa_family == AF_UNIX)
        snprintf(url, url_size, "unix:%s", bound.local.sun_path);
    else
        format_url(fd, scheme, url, url_size);
    return fd;
}

int listen_open(const char *address, uint16_t port, bool share, const char *scheme, char *url,
                size_t url_size, bool *loopback)
{
    static const char unix_[] = "unix:";
    if (notify_socket() >= 0)
        return passed_open(notify_socket(), scheme, url, url_size, loopback);
    if (strncmp(address, unix_, sizeof unix_ - 1))
        return port_open(address, port, share, scheme, url, url_size, loopback);
    if (share)
        cli_die(CLI_USAGE, "--share-port applies to TCP ports, not to -b %s", address);
    *loopback = true;
    snprintf(url, url_size, "%s", address);
    return local_open(address + sizeof unix_ - 1);
}

void listen_accept(struct server *server)
{
    struct site *site = &server->site;
    int listener = lws_get_socket_fd(server->listener);
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        struct connlimit *limit;
        int fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (server->streams.ending || site->connections >= site->connections_max ||
            !connlimit_take(site->per_address, site->per_address_local, (struct sockaddr *)&from,
                            &limit)) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT_BYTES}, sizeof(int));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
        struct client *client = protocol_client_new(site, limit);
        lws_adopt_desc_t adopt = {.vh = server->vhost,
                                  .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
                                  .fd = {.sockfd = fd},
                                  .opaque = client};
        if (client)
            lws_adopt_descriptor_vhost_via_info(&adopt); /* lws owns client and fd from now on */
        else
            close(fd);
    }
}
