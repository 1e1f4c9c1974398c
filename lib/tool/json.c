#include "tool/json.h"
#include "utf8.h"
#include <string.h>

/* One byte of a string, escaped if need be. Returns the length of the text in out. */
static int quote_byte(unsigned char c, bool utf8, char out[8])
{
    if (c < ' ' || c == 127 || (c > 127 && !utf8))
        return sprintf(out, "\\u%04x", c);
    return sprintf(out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
}

void json_quote(const char *text, char *out)
{
    bool utf8 = utf8_valid(text, strlen(text));
    *out++ = '"';
    for (; *text; text++)
        out += quote_byte((unsigned char)*text, utf8, out);
    strcpy(out, "\"");
}

void json_string(FILE *to, const char *text)
{
    bool utf8 = utf8_valid(text, strlen(text));
    char quoted[8];
    putc('"', to);
    for (; *text; text++) {
        int bytes = quote_byte((unsigned char)*text, utf8, quoted);
        fwrite(quoted, 1, (size_t)bytes, to);
    }
    putc('"', to);
}
