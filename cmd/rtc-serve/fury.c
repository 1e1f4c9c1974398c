/*
 * One flat object with strings is all that is read. lejp is no choice: it is for text that was
 * checked before (lib/tool/evjson.c), and delivers strings in pieces of 255 bytes.
 */
#include "fury.h"
#include "tool/json.h"
#include "utf8.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
};

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4))
        reader->at++;
}

/* Skips blanks, and c if it follows them. False: it does not. */
static bool take(struct reader *reader, char c)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

/* \uXXXX as UTF-8; SDP has no code points beyond the first plane. NULL: invalid. */
static char *take_code(struct reader *reader, char *out)
{
    unsigned code = 0;
    if (reader->end - reader->at < 4)
        return NULL;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = memchr(digits, *reader->at++ | 0x20, 16);
        if (!digit)
            return NULL;
        code = code << 4 | (unsigned)(digit - digits);
    }
    if (!code || (code >= 0xd800 && code < 0xe000))
        return NULL;
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* The next string, to out, which has room for the whole text: no string is longer than its source.
 */
static bool take_string(struct reader *reader, char *out)
{
    static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (!take(reader, '"'))
        return false;
    while (out && reader->at < reader->end) {
        char c = *reader->at++;
        if (c == '"') {
            *out = 0;
            return true;
        }
        if ((unsigned char)c < ' ')
            return false;
        if (c != '\\') {
            *out++ = c;
            continue;
        }
        c = reader->at < reader->end ? *reader->at++ : 0;
        const char *escape = memchr(escapes, c, sizeof escapes - 1);
        if (escape)
            *out++ = means[escape - escapes];
        else
            out = c == 'u' ? take_code(reader, out) : NULL;
    }
    return false;
}

/* A number, true, false, null. */
static bool skip_word(struct reader *reader)
{
    const char *start = reader->at;
    static const char of_words[] = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
    while (reader->at < reader->end && memchr(of_words, *reader->at, sizeof of_words - 1))
        reader->at++;
    return reader->at > start;
}

/* Reads the object. value: scratch space for names, and for values of unknown members. */
static bool read_object(struct reader *reader, char *sdp, char *type, char *value)
{
    char *name = value;
    if (!take(reader, '{'))
        return false;
    do {
        if (!take_string(reader, name) || !take(reader, ':'))
            return false;
        char *into = strcmp(name, "sdp") == 0 ? sdp : strcmp(name, "type") == 0 ? type : value;
        if (into != value && *into) /* duplicate member */
            return false;
        skip_space(reader);
        bool word = into == value && reader->at < reader->end && *reader->at != '"';
        if (!(word ? skip_word(reader) : take_string(reader, into)))
            return false;
    } while (take(reader, ','));
    if (!take(reader, '}'))
        return false;
    skip_space(reader);
    return reader->at == reader->end;
}

char *fury_read_offer(const char *text, size_t bytes)
{
    struct reader reader = {text, text + bytes};
    char *sdp = calloc(3, bytes + 1);
    if (!sdp)
        return NULL;
    char *type = sdp + bytes + 1, *value = type + bytes + 1;
    if (utf8_valid(text, bytes) && read_object(&reader, sdp, type, value) && *sdp &&
        strcmp(type, "offer") == 0)
        return sdp;
    free(sdp);
    return NULL;
}

char *fury_write_answer(const char *sdp)
{
    char *quoted = malloc(6 * strlen(sdp) + 3), *out = NULL;
    if (!quoted)
        return NULL;
    json_quote(sdp, quoted);
    if (asprintf(&out, "{\"sdp\":%s,\"type\":\"answer\"}\n", quoted) < 0)
        out = NULL;
    free(quoted);
    return out;
}
