/*
 * bench-view NAME PORT COUNT <RAW: publishes the frame on stdin, sleeps until the first byte of its
 * JPEG arrives from shm-encode and the WebSocket of ws-serve at PORT, and repeats. Prints the
 * median and the 99th percentile of that time in µs, less the median time of the same encoding done
 * here, which it prints as well. Exit: 0, or 1 with a message.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"
#include "image/jpeg.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"

enum { WARM_UP = 30, ENCODINGS = 200, PATIENCE_MS = 20000, COMMENT = 150 };

static void receive(int fd, uint8_t *data, size_t bytes)
{
    for (size_t have = 0; have < bytes;) {
        ssize_t n = recv(fd, data + have, bytes - have, 0);
        if (n < 1)
            bench_die("server");
        have += (size_t)n;
    }
}

static int open_viewer(long port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[512], answer[4096];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int length = snprintf(request, sizeof request,
                          "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: c2htY2FzdCBzaG1jYXN0IQ==\r\n\r\n",
                          port);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) ||
        send(fd, request, (size_t)length, 0) != length)
        bench_die("connect");
    for (size_t have = 0; have < 4 || memcmp(answer + have - 4, "\r\n\r\n", 4); have++) {
        errno = EPROTO;
        if (have == sizeof answer)
            bench_die("answer");
        receive(fd, (uint8_t *)answer + have, 1);
    }
    if (strncmp(answer, "HTTP/1.1 101", 12))
        bench_die("answer");
    return fd;
}

/* Reads whole messages up to the next image. Returns the arrival time of its first byte. */
static uint64_t read_image(int fd, uint8_t *room, size_t room_bytes)
{
    for (;;) {
        struct pollfd ready = {fd, POLLIN, 0};
        uint8_t head[10];
        errno = ETIMEDOUT;
        if (poll(&ready, 1, PATIENCE_MS) != 1)
            bench_die("no image");
        uint64_t now = monotonic_ns();
        receive(fd, head, 2);
        size_t more = head[1] == 127 ? 8 : head[1] == 126 ? 2 : 0, bytes = more ? 0 : head[1];
        receive(fd, head + 2, more);
        for (size_t i = 0; i < more; i++)
            bytes = bytes << 8 | head[2 + i];
        errno = EPROTO;
        if (bytes > room_bytes)
            bench_die("a message is too long");
        receive(fd, room, bytes);
        if ((head[0] & 15) == 2)
            return now;
    }
}

/* Returns the time of publication. */
static uint64_t publish(struct ring *ring, struct ring_meta meta, const void *pixels)
{
    void *slot = ring_begin(ring);
    if (!slot)
        bench_die("frames");
    memcpy(slot, pixels, meta.bytes);
    ring_commit(ring, &meta);
    return meta.published_ns;
}

static int64_t encode_ns(const struct ring_meta *meta, const void *pixels, void *room, size_t bytes)
{
    static int64_t ns[ENCODINGS];
    struct jpeg *jpeg = jpeg_new(1);
    char comment[COMMENT + 1];
    memset(comment, 'x', COMMENT);
    comment[COMMENT] = 0;
    const struct image image = {
        .data = pixels, .width = meta->width, .height = meta->height, .format = meta->format};
    for (int i = 0; i < ENCODINGS; i++) {
        uint64_t start = monotonic_ns();
        if (!jpeg_encode(jpeg, &image, 80, JPEG_420, comment, room, bytes))
            bench_die("encode");
        ns[i] = (int64_t)(monotonic_ns() - start);
    }
    jpeg_free(jpeg);
    qsort(ns, ENCODINGS, sizeof *ns, bench_order);
    return ns[ENCODINGS / 2];
}

int main(int argc, char **argv)
{
    errno = EINVAL;
    if (argc != 4)
        bench_die("NAME PORT COUNT");
    size_t bytes, count = (size_t)bench_number(argv[3]);
    struct stream *stream = stream_attach(argv[1], STREAM_WRITE);
    struct ring *ring = stream ? ring_open_writer(stream, RING_FRAMES) : NULL;
    if (!ring)
        bench_die(argv[1]);
    const struct shmfmt_header *h = stream_header(stream);
    struct ring_meta meta = {.width = h->width, .height = h->height, .format = h->format};
    uint8_t *pixels = bench_input(&bytes);
    meta.bytes = pixfmt_bytes(meta.format, meta.width, meta.height);
    errno = EINVAL;
    if (meta.bytes != bytes)
        bench_die("the frame does not have the stream's size");
    size_t room_bytes = jpeg_bound(meta.width, meta.height);
    uint8_t *room = bench_alloc(room_bytes);
    int64_t *ns = bench_alloc(count * sizeof *ns);
    int64_t encoding = encode_ns(&meta, pixels, room, room_bytes);
    uint8_t *twice = bench_alloc(2 * bytes); /* shifted frames differ, so that all is encoded */
    memcpy(twice, pixels, bytes);
    memcpy(twice + bytes, pixels, bytes);
    int fd = open_viewer(bench_number(argv[2]));
    for (size_t i = 0; i < count + WARM_UP; i++) {
        bench_gap();
        uint64_t start = publish(ring, meta, twice + i * 16 % (bytes / 64) * 48);
        int64_t took = (int64_t)(read_image(fd, room, room_bytes) - start);
        if (i >= WARM_UP)
            ns[i - WARM_UP] = took - encoding;
    }
    bench_percentiles(ns, count);
    printf("%.2f\n", (double)encoding / 1000);
    close(fd);
    free(ns);
    free(room);
    free(twice);
    free(pixels);
    ring_close(ring);
    stream_close(stream);
    return 0;
}
