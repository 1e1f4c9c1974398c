/*
 * bench-pipe feed BYTES WARM COUNT: writes one fixed buffer of BYTES to stdout as fast as possible,
 * WARM times and then COUNT times; prints the rate of the latter per second on stderr.
 * bench-pipe drain BYTES [BUFFERS]: enlarges the pipe on stdin to its maximum and reads it to its
 * end into one fixed buffer of BYTES, the fastest possible reader; with BUFFERS, cycling through
 * that many buffers in shared memory.
 * bench-pipe markers BYTES [SHARED]: the same, and looks for the markers of the JPEGs in the pipe;
 * prints the number of JPEGs; with SHARED, also copies all into so much shared memory, in a cycle.
 * Exit: 0, or 1 with a message.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench.h"
#include "monotonic.h"
#include "tool/cli.h"

static void feed(const char *buffer, size_t bytes, long count)
{
    for (; count > 0; count--)
        for (size_t done = 0; done < bytes;) {
            ssize_t n = write(STDOUT_FILENO, buffer + done, bytes - done);
            if (n < 0)
                bench_die("standard output");
            done += (size_t)n;
        }
}

static void widen(void)
{
    int largest = 1 << 20;
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "r");
    if (f && fscanf(f, "%d", &largest) != 1)
        largest = 1 << 20;
    if (f)
        fclose(f);
    if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, largest) < 0)
        bench_die("pipe");
}

/* Counts EOI markers; one that is cut in two by the end of the data is not seen. */
static long count_ends(const char *data, size_t bytes)
{
    const char *end = data + bytes - 1;
    long count = 0;
    for (const char *p = data; p < end && (p = memchr(p, 0xff, (size_t)(end - p))); p += 2)
        count += (unsigned char)p[1] == 0xd9;
    return count;
}

/* copy: NULL, or memory of at least bytes. */
static void markers(char *room, size_t bytes, char *copy, size_t copy_bytes)
{
    long count = 0;
    size_t at = 0;
    widen();
    for (ssize_t n; (n = read(STDIN_FILENO, room, bytes)); count += count_ends(room, (size_t)n)) {
        if (n < 0)
            bench_die("standard input");
        if (!copy)
            continue;
        at = copy_bytes - at < (size_t)n ? 0 : at;
        memcpy(copy + at, room, (size_t)n);
        at += (size_t)n;
    }
    printf("%ld\n", count);
}

static void drain(char *room, size_t bytes, size_t buffers)
{
    widen();
    for (size_t done = 0, at = 0;;) {
        ssize_t n = read(STDIN_FILENO, room + at * bytes + done, bytes - done);
        if (n < 0)
            bench_die("standard input");
        if (n == 0)
            return;
        done += (size_t)n;
        if (done == bytes) {
            done = 0;
            at = (at + 1) % buffers;
        }
    }
}

/* Like a stream's slots: shared, and reserved from the start. */
static char *shared(size_t bytes)
{
    void *room =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (room == MAP_FAILED)
        bench_die("memory");
    return room;
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 2 ? (size_t)bench_number(argv[2]) : 1;
    char *buffer = bench_alloc(bytes);
    memset(buffer, 0x5a, bytes);
    if (argc == 5 && !strcmp(argv[1], "feed")) {
        feed(buffer, bytes, bench_number(argv[3]));
        uint64_t start = monotonic_ns();
        feed(buffer, bytes, bench_number(argv[4]));
        fprintf(stderr, "%.3f\n",
                (double)bench_number(argv[4]) * 1e9 / (double)(monotonic_ns() - start));
    } else if (argc == 3 && !strcmp(argv[1], "markers")) {
        markers(buffer, bytes, NULL, 0);
    } else if (argc == 4 && !strcmp(argv[1], "markers")) {
        size_t room = (size_t)bench_number(argv[3]);
        if (room < bytes)
            bench_die("SHARED must be at least BYTES");
        markers(buffer, bytes, shared(room), room);
    } else if (argc == 3 && !strcmp(argv[1], "drain")) {
        drain(buffer, bytes, 1);
    } else if (argc == 4 && !strcmp(argv[1], "drain")) {
        size_t buffers = (size_t)bench_number(argv[3]);
        drain(shared(bytes * buffers), bytes, buffers);
    } else {
        errno = EINVAL;
        bench_die("feed BYTES WARM COUNT, drain BYTES [BUFFERS], or markers BYTES [SHARED]");
    }
    free(buffer);
    return 0;
}
