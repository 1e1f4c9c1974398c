#include "tool/lejptext.h"
#include "utf8.h"
#include <string.h>

#define WORDS(text)  #text
#define TEXT(number) WORDS(number)

enum { DIGITS = 19 /* of a number with a fraction, before its exponent */ };

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -1;
}

int lejptext_clean(const char *json, size_t bytes, char *clean, const char **why)
{
    char open[LEJPTEXT_DEPTH], last = 0;
    int depth = 0, length = 0, digits = 0;
    bool fraction = false, nested_name = false;
    const char *string = NULL;
    if (bytes > LEJPTEXT_BYTES)
        return refuse(why, "longer than " TEXT(LEJPTEXT_BYTES) " bytes");
    if (!utf8_valid(json, bytes))
        return refuse(why, "not UTF-8");
    for (const char *p = json, *end = json + bytes; p < end; p++) {
        bool digit = !string && *p >= '0' && *p <= '9';
        digits = digit || (!string && *p == '.') ? digits + digit : 0;
        fraction = *p == '.' || (digit && fraction);
        if (digit && fraction && digits > DIGITS)
            continue;
        if (nested_name && string && *p == '\\')
            return refuse(why, "an escaped name in a nested object");
        if (nested_name && string && p > string && *p >= ' ' && *p != '"')
            continue;
        clean[length++] = *p;
        if (string) {
            if (p - string > LEJPTEXT_STRING)
                return refuse(why, "a string longer than " TEXT(LEJPTEXT_STRING) " bytes");
            if (*p == '\\' && p + 1 < end)
                clean[length++] = *++p;
            else if (*p == '"')
                string = NULL;
            continue;
        }
        switch (*p) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            continue;
        case '#':
            return refuse(why, "not JSON");
        case '"':
            string = p + 1;
            nested_name = depth > (open[0] == '[' ? 2 : 1) && open[depth - 1] == '{' &&
                          (last == '{' || last == ',');
            break;
        case '[':
        case '{':
            if (depth == LEJPTEXT_DEPTH)
                return refuse(why, "nested deeper than " TEXT(LEJPTEXT_DEPTH));
            open[depth++] = *p;
            break;
        case ']':
        case '}':
            if (!depth || open[--depth] != *p - 2 || last == ',') /* '[' + 2 == ']' */
                return refuse(why, "not JSON");
            break;
        }
        last = *p;
    }
    return string || depth || !last ? refuse(why, "cut off") : length;
}

void lejptext_join_surrogates(char *text)
{
    unsigned char *in = (unsigned char *)text, *out = in;
    while (*in) {
        if (in[0] == 0xed && (in[1] & 0xf0) == 0xa0 && in[2] && in[3] == 0xed &&
            (in[4] & 0xf0) == 0xb0 && in[5]) {
            unsigned high = (in[1] & 0x0fu) << 6 | (in[2] & 0x3fu);
            unsigned low = (in[4] & 0x0fu) << 6 | (in[5] & 0x3fu);
            unsigned c = 0x10000 + (high << 10) + low;
            *out++ = (unsigned char)(0xf0 | c >> 18);
            *out++ = (unsigned char)(0x80 | (c >> 12 & 0x3f));
            *out++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            *out++ = (unsigned char)(0x80 | (c & 0x3f));
            in += 6;
        } else {
            *out++ = *in++;
        }
    }
    *out = 0;
}

bool lejptext_is_number(const char *text)
{
    static const char digits[] = "0123456789";
    const char *p = text + (*text == '-');
    size_t whole = strspn(p, digits), more = 1;
    if (!whole || (*p == '0' && whole > 1))
        return false;
    p += whole;
    if (*p == '.')
        p += 1 + (more = strspn(p + 1, digits));
    if (more && (*p == 'e' || *p == 'E')) {
        p += 1 + (p[1] == '+' || p[1] == '-');
        p += more = strspn(p, digits);
    }
    return more && !*p;
}
