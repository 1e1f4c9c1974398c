/*
 * Connections to a server in this process, which receives any bytes as requests, WebSocket
 * handshakes, frames and messages, in pieces, alternately from two clients. It answers in HTTP or
 * not at all, and keeps nothing of the clients when they have gone.
 * Input: the bytes that a client sends. 0xff and a further byte mark a pause, in which the server
 * runs: if that byte is 0xff, it is then sent; otherwise, if it is odd, the other client continues.
 */
#include "fuzz.h"
#include "server/http/staticfiles.h"
#include "server/listen.h"
#include "server/names.h"
#include "server/server.h"
#include "stream.h"
#include "evlog.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PICTURE = 5000, ROUNDS = 200 };

static struct server server;
static struct sockaddr_in address;

static void make_server(void)
{
    static char one[64], other[64], *names[] = {one, other};
    static const char *origin = "https://allowed.example";
    struct stream_spec tiny = {
        .width = 8, .height = 8, .slots = 4, .events = 64, .packet_bytes = 2 * PICTURE};
    static size_t lower[2] = {NAMES_NO_RUNG, NAMES_NO_RUNG};
    const struct names all = {.list = names, .lower = lower, .listed = 2, .count = 2};
    char url[128];
    bool loopback;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        snprintf(names[i], sizeof one, "fuzz-http-%d-%d", (int)getpid(), i);
        struct stream *stream = stream_create(names[i], &tiny, false);
        CHECK(stream);
        struct ring *ring = ring_open_writer(stream, RING_PACKETS);
        struct ring_meta meta = {.bytes = PICTURE, .width = 8, .height = 8};
        memset(ring_begin(ring), 0x41, PICTURE);
        ring_commit(ring, &meta);
        ring_close(ring);
        stream_close(stream);
    }
    server.streams = (struct streams){.viewers_max = 4, .events_max = 1000};
    server.site = (struct site){.origins = &origin,
                                .origin_count = 1,
                                .cors = &origin,
                                .cors_count = 1,
                                .www = staticfiles_open_folder("/usr/share"),
                                .any_host = true};
    server_open(&server, &all);
    for (int i = 0; i < 2; i++) { /* they have no names any more, so that none can be left over */
        CHECK(stream_unlink(names[i]) == 0);
        server.streams.list[i].name = i ? "b" : "a";
    }
    server_set_limits(&server);
    int listener = listen_open("127.0.0.1", 0, false, "http", url, sizeof url, &loopback);
    socklen_t size = sizeof address;
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    server_listen(&server, listener);
}

static void serve(void)
{
    CHECK(lws_service(server.context, -1) >= 0);
}

/* Reads the answers so far. */
static size_t receive(int fd, char *out, size_t have, size_t room)
{
    char more[65536];
    ssize_t n;
    while ((n = recv(fd, more, sizeof more, MSG_DONTWAIT)) > 0) {
        size_t keep = (size_t)n < room - have ? (size_t)n : room - have;
        memcpy(out + have, more, keep);
        have += keep;
    }
    return have;
}

/* A client's socket, or -1: interrupted by libFuzzer's timer. */
static int join(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        CHECK(errno == EINTR);
        close(fd);
        return -1;
    }
    /* Closing resets the connection: otherwise thousands per second would use up all ports. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    serve();
    return fd;
}

static void check_idle(void)
{
    CHECK(server.site.connections == 0 && server.site.closing == 0 && server.streams.viewers == 0 &&
          !server.streams.ended);
    for (size_t i = 0; i < server.streams.count; i++) {
        const struct served *served = &server.streams.list[i];
        CHECK(!served->viewers && !served->viewer_count && !served->watchers &&
              !served->watcher_count && !served->kinds[VIEWER_MJPEG]);
        CHECK(!served->newest || served->newest->refs == 1);
    }
}

static void check_events(uint64_t cursor)
{
    struct event events[64];
    uint64_t lost;
    size_t count;
    while ((count = evlog_read(server.streams.list[0].reader.stream, &cursor, events, 64, &lost)))
        for (size_t i = 0; i < count; i++)
            CHECK(event_valid(&events[i]) && events[i].viewer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool made;
    int fd[2] = {-1, -1}, at = 0;
    char answer[2][64];
    size_t got[2] = {0, 0};
    if (!made)
        make_server();
    made = true;
    uint64_t head = evlog_head(server.streams.list[0].reader.stream);
    for (const uint8_t *p = data, *end = data + bytes; p < end;) {
        const uint8_t *stop = memchr(p, 0xff, (size_t)(end - p));
        if (!stop)
            stop = end;
        if (fd[at] < 0 && (fd[at] = join()) < 0)
            break;
        /* Bytes that can't be sent now are dropped; the server may have hung up. */
        if (stop > p && send(fd[at], p, (size_t)(stop - p), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        serve();
        serve();
        got[at] = receive(fd[at], answer[at], got[at], sizeof answer[at]);
        if (end - stop > 1 && stop[1] == 0xff && send(fd[at], "\xff", 1, MSG_NOSIGNAL) < 0)
            break;
        if (end - stop > 1 && stop[1] != 0xff)
            at ^= stop[1] & 1;
        p = stop + 2 < end ? stop + 2 : end;
    }
    for (int i = 0; i < 4; i++)
        serve();
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0) {
            got[i] = receive(fd[i], answer[i], got[i], sizeof answer[i]);
            CHECK(got[i] < 7 || !memcmp(answer[i], "HTTP/1.", 7));
            close(fd[i]);
            serve();
        }
    for (int i = 0; (server.site.connections || server.streams.ended) && i < ROUNDS; i++)
        serve();
    check_idle();
    check_events(head);
    return 0;
}
