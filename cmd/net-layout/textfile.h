/* Brings text files to UTF-8 with newlines. */
#ifndef NET_LAYOUT_TEXTFILE_H
#define NET_LAYOUT_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the beginning of a file shows that the whole file must be decoded at once: it is
 * compressed by gzip, or it is UTF-16. */
bool textfile_encoded(const char *text, size_t bytes);

/*
 * Decodes a whole file: gzip, UTF-16, a byte order mark, and carriage returns without newlines.
 * *text is replaced, and the caller frees it. 0; -1 with ENOMEM, EILSEQ (damaged) or EFBIG.
 */
int textfile_decode(char **text, size_t *bytes);

/* The length of a byte order mark at the beginning of UTF-8, or 0. */
size_t textfile_mark(const char *text, size_t bytes);

/* Writes a character as UTF-8, in at most 4 bytes. Returns the end. */
char *textfile_put_utf8(char *out, unsigned character);

/* Copies a text, with '?' for control characters and, if it is not UTF-8, for all bytes beyond
 * ASCII. */
void textfile_printable(char *out, const char *text, size_t bytes);

#endif
