/* Buffered reading of images from a descriptor: bytes and lines of headers, data, and a message
 * about the last failure. */
#ifndef SHMCAST_IMGINPUT_H
#define SHMCAST_IMGINPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { IMGINPUT_HEADER_MAX = 65536, IMGINPUT_LINE = 512 };

struct imginput {
    int fd;
    uint64_t frame;      /* number of the current image, from 1 */
    uint64_t taken;      /* bytes read from fd in all */
    size_t header_left;  /* bytes that the current header may still have */
    size_t at, end;      /* unread part of ahead */
    uint8_t ahead[4096]; /* bytes read after the last image */
    uint8_t waste[65536];
    char why[256]; /* the last failure */
};

/* Sets why and errno. Returns -1. */
int imginput_fail(struct imginput *in, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Offset in the input of the next byte. */
uint64_t imginput_offset(const struct imginput *in);

/* Reads more into ahead, which must have room. Returns the number of bytes, 0 at the end, or -1. */
ssize_t imginput_more(struct imginput *in);

/* Waits for the next byte. 1; 0 at the end; -1. */
int imginput_await(struct imginput *in);

/* Reads bytes into data, or skips them if data is NULL. Returns their number, less than bytes only
 * at the end of the input, or -1. */
ssize_t imginput_read(struct imginput *in, void *data, size_t bytes);

/* Reads at least one and at most bytes bytes. Returns their number, 0 at the end, or -1. */
ssize_t imginput_some(struct imginput *in, void *data, size_t bytes);

/* The next byte of a header, or -1. */
int imginput_header_byte(struct imginput *in);

/* The rest of a header line, without its line end, NUL-terminated. A long comment (from '#') is
 * cut; other long lines fail. Its length, or -1. */
int imginput_header_line(struct imginput *in, char line[IMGINPUT_LINE]);

/* The same for the rest of a comment, after its '#'. */
int imginput_comment(struct imginput *in, char line[IMGINPUT_LINE]);

#endif
