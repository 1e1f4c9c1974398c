/* UTF-8 text from other programs. */
#ifndef SHMCAST_UTF8_H
#define SHMCAST_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether text is well-formed UTF-8: no overlong forms, surrogates, code points above U+10FFFF or
 * NUL bytes. */
bool utf8_valid(const char *text, size_t bytes);

/* Whether text is safe to print on most terminals: utf8_valid, and without control characters below
 * U+0080. */
bool utf8_printable(const char *text, size_t bytes);

/* Whether the character at this place of a utf8_valid text is one of U+0080 to U+009F, which xterm
 * takes for control characters. */
bool utf8_is_c1(const char *at);

/* Length of a text, cut to at most `most` bytes at the end of a character. */
size_t utf8_cut(const char *text, size_t bytes, size_t most);

#endif
