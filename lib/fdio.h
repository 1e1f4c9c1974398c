/*
 * Reading and writing descriptors as if they were blocking. O_NONBLOCK belongs to the open file
 * description, so a process that shares standard input or output with us may set it at any time.
 */
#ifndef SHMCAST_FDIO_H
#define SHMCAST_FDIO_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* As read(2), readv(2) and write(2) on a blocking descriptor: wait (poll) instead of failing with
 * EAGAIN. A signal ends the wait with EINTR. */
ssize_t fdio_read(int fd, void *data, size_t bytes);
ssize_t fdio_readv(int fd, const struct iovec *parts, int count);
ssize_t fdio_write(int fd, const void *data, size_t bytes);

#endif
