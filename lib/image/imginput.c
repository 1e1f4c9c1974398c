#include "image/imginput.h"
#include "fdio.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int imginput_fail(struct imginput *in, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(in->why, sizeof in->why, format, args);
    va_end(args);
    errno = err;
    return -1;
}

uint64_t imginput_offset(const struct imginput *in)
{
    return in->taken - (in->end - in->at);
}

/* Reads at least one byte: first into data, the rest after the bytes in ahead. Returns the number
 * of bytes, 0 at the end, or -1. */
static ssize_t take(struct imginput *in, void *data, size_t bytes)
{
    struct iovec to[2] = {{data, bytes}, {in->ahead + in->end, sizeof in->ahead - in->end}};
    ssize_t n = fdio_readv(in->fd, to, 2);
    if (n < 0)
        return imginput_fail(in, errno, "%s", strerror(errno));
    in->taken += (uint64_t)n;
    if ((size_t)n > bytes)
        in->end += (size_t)n - bytes;
    return n;
}

ssize_t imginput_more(struct imginput *in)
{
    memmove(in->ahead, in->ahead + in->at, in->end - in->at);
    in->end -= in->at;
    in->at = 0;
    return take(in, NULL, 0);
}

int imginput_await(struct imginput *in)
{
    if (in->at < in->end)
        return 1;
    ssize_t n = imginput_more(in);
    return n > 0 ? 1 : (int)n;
}

ssize_t imginput_read(struct imginput *in, void *data, size_t bytes)
{
    size_t got = 0;
    while (got < bytes) {
        size_t want = bytes - got, have = in->end - in->at;
        if (have) {
            size_t n = have < want ? have : want;
            if (data)
                memcpy((uint8_t *)data + got, in->ahead + in->at, n);
            in->at += n;
            got += n;
            continue;
        }
        in->at = in->end = 0;
        if (!data && want > sizeof in->waste)
            want = sizeof in->waste;
        ssize_t n = take(in, data ? (uint8_t *)data + got : in->waste, want);
        if (n <= 0)
            return n < 0 ? -1 : (ssize_t)got;
        got += (size_t)n < want ? (size_t)n : want;
    }
    return (ssize_t)got;
}

ssize_t imginput_some(struct imginput *in, void *data, size_t bytes)
{
    size_t have = in->end - in->at;
    if (have)
        return imginput_read(in, data, bytes < have ? bytes : have);
    in->at = in->end = 0;
    ssize_t n = take(in, data, bytes);
    return n > (ssize_t)bytes ? (ssize_t)bytes : n;
}

int imginput_header_byte(struct imginput *in)
{
    if (in->header_left == 0)
        return imginput_fail(in, EILSEQ,
                             "byte %" PRIu64 ": the header of frame %" PRIu64 " has no end",
                             imginput_offset(in), in->frame);
    int more = imginput_await(in);
    if (more < 0)
        return -1;
    if (more == 0)
        return imginput_fail(
            in, ENODATA, "cut off: ends after %" PRIu64 " bytes, in the header of frame %" PRIu64,
            in->taken, in->frame);
    in->header_left--;
    return in->ahead[in->at++];
}

static int read_line(struct imginput *in, char line[IMGINPUT_LINE], bool comment)
{
    uint64_t begin = imginput_offset(in);
    bool cut = false;
    for (int n = 0;;) {
        int c = imginput_header_byte(in);
        if (c < 0)
            return -1;
        if (c == '\n') {
            n -= n && line[n - 1] == '\r';
            while (cut && n && !strchr(" \t", line[n - 1])) /* the last word is incomplete */
                n--;
            line[n] = 0;
            return n;
        }
        comment = comment || (n == 0 && c == '#');
        if (c == 0 || (n == IMGINPUT_LINE - 1 && !comment))
            return imginput_fail(in, EILSEQ, "byte %" PRIu64 ": not a header line", begin);
        cut = n == IMGINPUT_LINE - 1;
        if (!cut)
            line[n++] = (char)c;
    }
}

int imginput_header_line(struct imginput *in, char line[IMGINPUT_LINE])
{
    return read_line(in, line, false);
}

int imginput_comment(struct imginput *in, char line[IMGINPUT_LINE])
{
    return read_line(in, line, true);
}
