#include "fields.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 20 }; /* lines from which the separator is detected */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool fields_comment(const char *line, size_t bytes)
{
    while (bytes && is_blank(*line))
        line++, bytes--;
    return !bytes || *line == '#' || *line == '%';
}

/* The end of a quoted text that begins at p: its closing quote, or NULL. Doubled quotes are part of
 * the text. */
static const char *closing_quote(const char *p, const char *end)
{
    for (p++; p < end; p++)
        if (*p == '"') {
            if (p + 1 == end || p[1] != '"')
                return p;
            p++;
        }
    return NULL;
}

/* As fields_split, but doubled quotes stay. */
static unsigned split(const char *line, size_t bytes, char separator,
                      struct field fields[FIELDS_MAX])
{
    const char *p = line, *end = line + bytes;
    unsigned count = 0;
    bool blank = separator == FIELDS_BLANK;
    for (;; p++) { /* after each separator */
        while (p < end && is_blank(*p) && *p != separator)
            p++;
        if (blank)
            while (p < end && is_blank(*p))
                p++;
        if (p == end && (blank || !count))
            return count;
        const char *start = p, *quote = p < end && *p == '"' ? closing_quote(p, end) : NULL;
        const char *after = quote ? quote + 1 : p;
        while (after < end && (blank ? !is_blank(*after) : *after != separator))
            after++;
        const char *last = after;
        while (last > start && is_blank(last[-1]))
            last--;
        if (quote && last == quote + 1)
            start++, last--;
        if (count < FIELDS_MAX)
            fields[count++] = (struct field){start, (size_t)(last - start)};
        if (after == end)
            return count;
        p = after;
    }
}

unsigned fields_split(char *line, size_t bytes, char separator, struct field fields[FIELDS_MAX])
{
    unsigned count = split(line, bytes, separator, fields);
    for (unsigned i = 0; i < count; i++) {
        struct field *f = &fields[i];
        char *out = line + (f->text - line);
        size_t kept = 0;
        if (f->text == line || f->text[-1] != '"') /* not in quotes */
            continue;
        for (size_t k = 0; k < f->bytes; k++) {
            out[kept++] = f->text[k];
            k += f->text[k] == '"';
        }
        f->bytes = kept;
    }
    return count;
}

/* Whether blanks separate the fields of a line: there are two words, or three of which the last is
 * a number, and the separator is in none or in both of the first two. */
static bool blanks_fit(const char *line, size_t bytes, char separator)
{
    struct field f[FIELDS_MAX];
    unsigned n = split(line, bytes, FIELDS_BLANK, f);
    if (n < 2)
        return !memchr(line, separator, bytes);
    bool in[2];
    for (unsigned i = 0; i < 2; i++) {
        const char *at = memchr(f[i].text, separator, f[i].bytes);
        in[i] = at != NULL;
        if (f[i].bytes && f[i].text[f[i].bytes - 1] == separator)
            return false;
    }
    return in[0] == in[1];
}

/* Whether a tab separates the fields of a line, one of which contains blanks. */
static bool tabs_fit(const char *line, size_t bytes, bool *needed)
{
    struct field f[FIELDS_MAX];
    unsigned n = split(line, bytes, '\t', f);
    for (unsigned i = 0; i < n; i++)
        if (memchr(f[i].text, ' ', f[i].bytes))
            *needed = true;
    return n >= 2;
}

char fields_detect(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    bool blank[2] = {true, true}, tabs = true, tabs_needed = false;
    unsigned lines = 0, with[2] = {0, 0};
    for (const char *line = text; line < end && lines < SAMPLE;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = newline ? (size_t)(newline - line) : (size_t)(end - line);
        if (!fields_comment(line, length)) {
            lines++;
            for (unsigned i = 0; i < 2; i++) {
                with[i] += memchr(line, ",;"[i], length) != NULL;
                blank[i] = blank[i] && blanks_fit(line, length, ",;"[i]);
            }
            tabs = tabs_fit(line, length, &tabs_needed) && tabs;
        }
        line += length + 1;
    }
    if (lines && tabs && tabs_needed)
        return '\t';
    for (unsigned i = 2; i-- > 0;)
        if (2 * with[i] > lines && !blank[i])
            return ",;"[i];
    return FIELDS_BLANK;
}
