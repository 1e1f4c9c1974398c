/*
 * bench-drain ws|parts|mjpeg PORT PATH COUNT: COUNT viewers of one server on this machine, in one
 * process that discards their data without copying it. parts: WebSockets that ask for parts. Prints
 * "ready" once every viewer has received bytes after its response header, and then, for each line
 * on stdin, the total number of bytes received and the time in ns. Ends at the end of stdin. Exit:
 * 0, 1 with what went wrong; a connection that ends included.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"
#include "monotonic.h"

enum { EVENTS = 256, ANSWER_MAX = 4096, GULP = 1 << 20 };

struct drain {
    int epoll;
    struct sockaddr_in server;
    char request[1024];
    bool parts;
    size_t viewers, watching;
    bool *got; /* by descriptor: data arrived after the response header */
    uint64_t bytes;
};

static void open_viewer(struct drain *d)
{
    static const char hello[] = "\x81\x9d\0\0\0\0{\"type\":\"hello\",\"parts\":true}";
    struct epoll_event event = {.events = EPOLLIN};
    char answer[ANSWER_MAX];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&d->server, sizeof d->server))
        bench_die("connect");
    size_t length = strlen(d->request), have = 0;
    if (send(fd, d->request, length, MSG_NOSIGNAL) != (ssize_t)length)
        bench_die("send");
    do { /* exactly up to the end of the header */
        ssize_t n = recv(fd, answer + have, 1, 0);
        if (n < 1)
            bench_die("answer");
        have += (size_t)n;
        answer[have] = 0;
    } while (have < ANSWER_MAX - 1 && !strstr(have < 4 ? answer : answer + have - 4, "\r\n\r\n"));
    errno = EPROTO;
    if (strncmp(answer, "HTTP/1.1 101", 12) && strncmp(answer, "HTTP/1.1 200", 12) &&
        strncmp(answer, "HTTP/1.0 200", 12))
        bench_die("answer");
    if (d->parts && send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) != sizeof hello - 1)
        bench_die("send");
    event.data.fd = fd;
    if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event))
        bench_die("epoll");
}

static void take(struct drain *d, int fd)
{
    ssize_t n = recv(fd, NULL, GULP, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    errno = n ? errno : ECONNRESET;
    if (n <= 0)
        bench_die("a viewer");
    d->bytes += (uint64_t)n;
    if (!d->got[fd]) {
        d->got[fd] = true;
        d->watching++;
    }
}

/* Answers a line on stdin. */
static void report(const struct drain *d)
{
    char line[64];
    if (read(STDIN_FILENO, line, sizeof line) < 1)
        exit(0);
    printf("%" PRIu64 " %" PRIu64 "\n", d->bytes, monotonic_ns());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct drain d = {.server = {.sin_family = AF_INET}};
    struct epoll_event events[EVENTS], input = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
    struct rlimit limit;
    errno = EINVAL;
    if (argc != 5)
        bench_die("ws|parts|mjpeg PORT PATH COUNT");
    d.parts = !strcmp(argv[1], "parts");
    d.server.sin_port = htons((uint16_t)bench_number(argv[2]));
    d.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d.viewers = (size_t)bench_number(argv[4]);
    snprintf(d.request, sizeof d.request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n%s\r\n",
             argv[3], argv[2],
             strcmp(argv[1], "mjpeg") == 0 ? ""
                                           : "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                             "Sec-WebSocket-Version: 13\r\n"
                                             "Sec-WebSocket-Key: c2htY2FzdCBzaG1jYXN0IQ==\r\n");
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    d.got = calloc(d.viewers + 64, sizeof *d.got);
    d.epoll = epoll_create1(0);
    if (!d.got || epoll_ctl(d.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input))
        bench_die("epoll");
    for (size_t i = 0; i < d.viewers; i++)
        open_viewer(&d);
    for (bool ready = false;;) {
        int count = epoll_wait(d.epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == STDIN_FILENO)
                report(&d);
            else
                take(&d, events[i].data.fd);
        if (!ready && d.watching == d.viewers) {
            puts("ready");
            fflush(stdout);
            ready = true;
        }
    }
}
