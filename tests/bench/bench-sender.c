/*
 * bench-sender ws|mjpeg RATE <PACKET: a minimal server, as the limit for ws-serve. One thread, one
 * epoll loop; answers every request with the packet on stdin, RATE times per second, framed as
 * WebSocket message or MJPEG part, one send() per viewer; skips viewers that have not taken the
 * previous one. RATE 0: sends the next one as soon as the previous one is sent. Prints its port.
 * Exit: 1 with a message.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "bench.h"

enum { VIEWERS_MAX = 4096, EVENTS = 256, HEAD_ROOM = 256 };

struct sender {
    int epoll, listener, timer;
    bool mjpeg, always;
    uint8_t *message;
    size_t bytes;
    size_t left[VIEWERS_MAX]; /* by descriptor: of the message being sent */
    bool asked[VIEWERS_MAX];  /* its request has arrived */
    bool waits[VIEWERS_MAX];  /* for room in its socket */
    int highest;
};

static const char ws_answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\n\r\n";
static const char mjpeg_answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n";

static void make_message(struct sender *s)
{
    size_t bytes, head;
    uint8_t *packet = bench_input(&bytes);
    s->message = bench_alloc(bytes + HEAD_ROOM);
    if (s->mjpeg) {
        head = (size_t)snprintf((char *)s->message, HEAD_ROOM,
                                "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n",
                                bytes);
    } else {
        s->message[0] = 0x82;
        s->message[1] = 127;
        for (int i = 0; i < 8; i++)
            s->message[2 + i] = (uint8_t)((uint64_t)bytes >> (56 - 8 * i));
        head = 10;
    }
    memcpy(s->message + head, packet, bytes);
    s->bytes = head + bytes;
    if (s->mjpeg) {
        memcpy(s->message + s->bytes, "\r\n", 2);
        s->bytes += 2;
    }
    free(packet);
}

static void watch(const struct sender *s, int fd, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(s->epoll, how, fd, &event))
        bench_die("epoll");
}

static void hang_up(struct sender *s, int fd)
{
    s->asked[fd] = s->waits[fd] = false;
    s->left[fd] = 0;
    close(fd);
}

/* Sends the rest of its message, or the next one. */
static void push(struct sender *s, int fd)
{
    if (!s->left[fd])
        s->left[fd] = s->bytes;
    ssize_t n = send(fd, s->message + s->bytes - s->left[fd], s->left[fd], MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        hang_up(s, fd);
        return;
    }
    s->left[fd] -= n > 0 ? (size_t)n : 0;
    bool wait = s->left[fd] || s->always;
    if (wait != s->waits[fd])
        watch(s, fd, EPOLL_CTL_MOD, wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
    s->waits[fd] = wait;
}

static void take_request(struct sender *s, int fd)
{
    char request[4096];
    const char *answer = s->mjpeg ? mjpeg_answer : ws_answer;
    ssize_t n = recv(fd, request, sizeof request, 0);
    if (n <= 0) {
        hang_up(s, fd);
    } else if (!s->asked[fd]) {
        send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        s->asked[fd] = true;
        push(s, fd);
    }
}

static void take_connection(struct sender *s)
{
    int one = 1, room = (int)s->bytes * 2, fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 || fd >= VIEWERS_MAX)
        bench_die("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    watch(s, fd, EPOLL_CTL_ADD, EPOLLIN);
    if (fd > s->highest)
        s->highest = fd;
}

static void tick(struct sender *s)
{
    uint64_t ticks;
    if (read(s->timer, &ticks, sizeof ticks) != sizeof ticks)
        return;
    for (int fd = 0; fd <= s->highest; fd++)
        if (s->asked[fd] && !s->waits[fd])
            push(s, fd);
}

static void open_all(struct sender *s, double rate)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    s->epoll = epoll_create1(0);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (bind(s->listener, (struct sockaddr *)&at, size) || listen(s->listener, VIEWERS_MAX) ||
        getsockname(s->listener, (struct sockaddr *)&at, &size))
        bench_die("listen");
    watch(s, s->listener, EPOLL_CTL_ADD, EPOLLIN);
    if (!s->always) {
        struct timespec period = {rate <= 1, rate > 1 ? (long)(1e9 / rate) : 0};
        struct itimerspec spec = {period, period};
        if (timerfd_settime(s->timer, 0, &spec, NULL))
            bench_die("timer");
        watch(s, s->timer, EPOLL_CTL_ADD, EPOLLIN);
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct sender s;
    errno = EINVAL;
    if (argc != 3)
        bench_die("ws|mjpeg RATE");
    s.mjpeg = !strcmp(argv[1], "mjpeg");
    s.always = atof(argv[2]) <= 0;
    make_message(&s);
    open_all(&s, atof(argv[2]));
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(s.epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == s.listener)
                take_connection(&s);
            else if (fd == s.timer)
                tick(&s);
            else if (events[i].events & ~(uint32_t)EPOLLOUT)
                take_request(&s, fd);
            else
                push(&s, fd);
        }
    }
}
