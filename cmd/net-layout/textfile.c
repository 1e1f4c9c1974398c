#include "textfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "utf8.h"

static const size_t size_max = (size_t)1 << 34; /* bytes of a decompressed file */

static bool is_gzip(const char *text, size_t bytes)
{
    return bytes >= 2 && !memcmp(text, "\x1f\x8b", 2);
}

static bool is_utf16(const char *text, size_t bytes)
{
    return bytes >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2));
}

bool textfile_encoded(const char *text, size_t bytes)
{
    return is_gzip(text, bytes) || is_utf16(text, bytes);
}

size_t textfile_mark(const char *text, size_t bytes)
{
    return bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

/* Decompresses all members of a gzip file into new memory. */
static int gunzip(char **text, size_t *bytes)
{
    z_stream z = {.next_in = (Bytef *)*text, .avail_in = 0};
    size_t left = *bytes, room = 0, used = 0;
    char *out = NULL;
    int status = inflateInit2(&z, 15 + 16), error = status == Z_OK ? 0 : ENOMEM;
    if (error) {
        errno = error;
        return -1;
    }
    while (!error) {
        if (room - used < 65536) {
            room = 2 * room + 1048576;
            char *grown = room > size_max ? NULL : realloc(out, room);
            if (!grown) {
                error = room > size_max ? EFBIG : ENOMEM;
                break;
            }
            out = grown;
        }
        if (!z.avail_in) {
            z.avail_in = left > 1 << 30 ? 1 << 30 : (uInt)left;
            left -= z.avail_in;
        }
        z.next_out = (Bytef *)out + used;
        z.avail_out = room - used > 1 << 30 ? 1 << 30 : (uInt)(room - used);
        size_t offered = z.avail_out;
        status = inflate(&z, Z_NO_FLUSH);
        used += offered - z.avail_out;
        if (status == Z_STREAM_END && !z.avail_in && !left)
            break;
        if (status == Z_STREAM_END)
            status = inflateReset(&z);
        if (status != Z_OK)
            error = status == Z_MEM_ERROR ? ENOMEM : EILSEQ;
    }
    inflateEnd(&z);
    if (error) {
        free(out);
        errno = error;
        return -1;
    }
    free(*text);
    *text = out;
    *bytes = used;
    return 0;
}

void textfile_printable(char *out, const char *text, size_t bytes)
{
    memcpy(out, text, bytes);
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = '?';
    if (utf8_printable(out, bytes))
        return;
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)out[i] >= 0x80)
            out[i] = '?';
}

char *textfile_put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* Converts UTF-16 with a byte order mark. */
static int decode_utf16(char **text, size_t *bytes)
{
    const unsigned char *in = (const unsigned char *)*text;
    size_t units = *bytes / 2;
    unsigned big = in[0] == 0xfe;
    char *out = malloc(3 * units + 1), *p = out;
    if (!out)
        return -1;
    for (size_t i = 1; i < units; i++) {
        unsigned c = (unsigned)in[2 * i + !big] << 8 | in[2 * i + big];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units) {
            unsigned low = (unsigned)in[2 * i + 2 + !big] << 8 | in[2 * i + 2 + big];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i++;
            }
        }
        p = textfile_put_utf8(p, c);
    }
    free(*text);
    *text = out;
    *bytes = (size_t)(p - out);
    return 0;
}

int textfile_decode(char **text, size_t *bytes)
{
    if (is_gzip(*text, *bytes) && gunzip(text, bytes))
        return -1;
    if (is_utf16(*text, *bytes) && decode_utf16(text, bytes))
        return -1;
    size_t mark = textfile_mark(*text, *bytes);
    *bytes -= mark;
    if (mark)
        memmove(*text, *text + mark, *bytes);
    /* Lines may end in a carriage return alone. */
    if (!memchr(*text, '\n', *bytes))
        for (size_t i = 0; i < *bytes; i++)
            if ((*text)[i] == '\r')
                (*text)[i] = '\n';
    return 0;
}
