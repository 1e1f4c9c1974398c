#include "fdio.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

/* After a failed call: whether the descriptor is ready now, so that the call is repeated. */
static bool retry(int fd, short events)
{
    struct pollfd ready = {fd, events, 0};
    return errno == EAGAIN && poll(&ready, 1, -1) > 0;
}

ssize_t fdio_read(int fd, void *data, size_t bytes)
{
    ssize_t n;
    do
        n = read(fd, data, bytes);
    while (n < 0 && retry(fd, POLLIN));
    return n;
}

ssize_t fdio_readv(int fd, const struct iovec *parts, int count)
{
    ssize_t n;
    do
        n = readv(fd, parts, count);
    while (n < 0 && retry(fd, POLLIN));
    return n;
}

ssize_t fdio_write(int fd, const void *data, size_t bytes)
{
    ssize_t n;
    do
        n = write(fd, data, bytes);
    while (n < 0 && retry(fd, POLLOUT));
    return n;
}
