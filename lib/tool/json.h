/*
 * Strings in JSON text. Control characters are escaped. UTF-8 is copied as it is; in text that is
 * not valid UTF-8, as a stream's name may be, each byte above 127 is escaped by its value.
 */
#ifndef SHMCAST_JSON_H
#define SHMCAST_JSON_H

#include <stdio.h>

/* Size of a buffer for a quoted string of at most `bytes` bytes: quotes and NUL included. */
#define JSON_QUOTED_MAX(bytes) (6 * (bytes) + 3)

/* Writes text as a JSON string, with its quotes, to a buffer of at least
 * JSON_QUOTED_MAX(strlen(text)) bytes, NUL-terminated. */
void json_quote(const char *text, char *out);

/* The same to a file. */
void json_string(FILE *to, const char *text);

#endif
