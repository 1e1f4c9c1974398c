#include "utf8.h"

bool utf8_valid(const char *text, size_t bytes)
{
    const unsigned char *s = (const unsigned char *)text, *end = s + bytes;
    while (s < end) {
        unsigned c = *s++, low = 0x80, high = 0xbf, more;
        if (c && c < 0x80)
            continue;
        if (c < 0xc2 || c > 0xf4)
            return false;
        more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        /* The range of the second byte excludes overlong forms, surrogates and > U+10FFFF. */
        if (c == 0xe0)
            low = 0xa0;
        else if (c == 0xed)
            high = 0x9f;
        else if (c == 0xf0)
            low = 0x90;
        else if (c == 0xf4)
            high = 0x8f;
        if ((size_t)(end - s) < more)
            return false;
        for (; more; more--, low = 0x80, high = 0xbf) {
            if (*s < low || *s > high)
                return false;
            s++;
        }
    }
    return true;
}

bool utf8_printable(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return utf8_valid(text, bytes);
}

bool utf8_is_c1(const char *at)
{
    return (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
}

size_t utf8_cut(const char *text, size_t bytes, size_t most)
{
    if (bytes <= most)
        return bytes;
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}
