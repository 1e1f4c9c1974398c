/*
 * bench-pipe feed BYTES COUNT: writes one fixed buffer of BYTES to stdout COUNT times, as fast as
 * it goes. bench-pipe drain BYTES: raises the pipe on stdin to its maximum and reads it into one
 * fixed buffer of BYTES until its end: what no reader of a pipe can beat. Exit: 0, 1 with what went
 * wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int feed(char *buffer, size_t bytes, long count)
{
    memset(buffer, 0x5a, bytes);
    for (; count > 0; count--)
        for (size_t done = 0; done < bytes;) {
            ssize_t n = write(STDOUT_FILENO, buffer + done, bytes - done);
            if (n < 0)
                return -1;
            done += (size_t)n;
        }
    return 0;
}

static int drain(char *buffer, size_t bytes)
{
    int largest = 1 << 20;
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "r");
    if (f && fscanf(f, "%d", &largest) != 1)
        largest = 1 << 20;
    if (f)
        fclose(f);
    if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, largest) < 0)
        return -1;
    for (size_t done = 0;;) {
        ssize_t n = read(STDIN_FILENO, buffer + done, bytes - done);
        if (n <= 0)
            return (int)n;
        done = (done + (size_t)n) % bytes;
    }
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    char *buffer = bytes ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : NULL;
    int result = -1;
    errno = EINVAL;
    if (buffer && argc == 4 && !strcmp(argv[1], "feed"))
        result = feed(buffer, bytes, atol(argv[3]));
    else if (buffer && argc == 3 && !strcmp(argv[1], "drain"))
        result = drain(buffer, bytes);
    if (result)
        fprintf(stderr, "bench-pipe: %s\n", strerror(errno));
    free(buffer);
    return result ? 1 : 0;
}
