/*
 * The listening socket. It is ours and not lws's, so that what goes wrong can be told apart, and
 * lws need not look for its address every now and then.
 */
#include "serve.h"
#include "cli.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 512, ACCEPT_AT_ONCE = 64 };

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void tell_url(int fd, char *url, size_t size)
{
    struct sockaddr_storage bound;
    socklen_t bytes = sizeof bound;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&bound, &bytes) ||
        getnameinfo((struct sockaddr *)&bound, bytes, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        cli_die(CLI_FAIL, "getsockname: %s", strerror(errno));
    bool six = bound.ss_family == AF_INET6;
    snprintf(url, size, "http://%s%s%s:%s/", six ? "[" : "", host, six ? "]" : "", port);
}

int listen_open(const char *address, uint16_t port, char *url, size_t url_size, bool *loopback)
{
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int err = getaddrinfo(address, service, &hints, &found);
    if (err)
        cli_die(CLI_USAGE, "-b %s: not an address: %s", address, gai_strerror(err));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG))
        cli_die(CLI_FAIL, "%s port %u: %s%s", address, port, strerror(errno),
                errno == EADDRINUSE ? "; choose another with -p, -p 0 finds a free one" : "");
    *loopback = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    tell_url(fd, url, url_size);
    return fd;
}

void listen_accept(struct server *server)
{
    int listener = lws_get_socket_fd(server->listener);
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (server->ending || server->connections >= server->connections_max) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
        struct conn *conn = conn_new(server);
        lws_adopt_desc_t adopt = {.vh = server->vhost,
                                  .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
                                  .fd = {.sockfd = fd},
                                  .opaque = conn};
        if (!conn) {
            close(fd);
            continue;
        }
        server->connections++;
        lws_adopt_descriptor_vhost_via_info(&adopt); /* conn is lws's now, as fd is */
    }
}
