/*
 * bench-pipe feed BYTES WARM COUNT: writes one fixed buffer of BYTES to stdout as fast as possible,
 * WARM times and then COUNT times; prints the rate of the latter per second on stderr.
 * bench-pipe drain BYTES [BUFFERS]: enlarges the pipe on stdin to its maximum and reads it to its
 * end into one fixed buffer of BYTES, the fastest possible reader; with BUFFERS, cycling through
 * that many buffers in shared memory. Exit: 0, or 1 with a message.
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

static void drain(char *room, size_t bytes, size_t buffers)
{
    int largest = 1 << 20;
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "r");
    if (f && fscanf(f, "%d", &largest) != 1)
        largest = 1 << 20;
    if (f)
        fclose(f);
    if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, largest) < 0)
        bench_die("pipe");
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
    } else if (argc == 3 && !strcmp(argv[1], "drain")) {
        drain(buffer, bytes, 1);
    } else if (argc == 4 && !strcmp(argv[1], "drain")) {
        size_t buffers = (size_t)bench_number(argv[3]);
        drain(shared(bytes * buffers), bytes, buffers);
    } else {
        errno = EINVAL;
        bench_die("feed BYTES WARM COUNT, or drain BYTES [BUFFERS]");
    }
    free(buffer);
    return 0;
}
