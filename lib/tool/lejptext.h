/* JSON for lejp, the reader of libwebsockets, without what lejp accepts or does not survive. */
#ifndef SHMCAST_LEJPTEXT_H
#define SHMCAST_LEJPTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define LEJPTEXT_BYTES  65536 /* of one text, at most */
#define LEJPTEXT_DEPTH  4     /* of objects and arrays in each other */
#define LEJPTEXT_STRING 100   /* bytes of a string: lejp copies names to a path of 128 */

/*
 * Refuses bytes that are not UTF-8, comments, mismatched brackets, commas before a closing bracket,
 * long strings. lejp also fails on a number of more than 20 digits, and browsers send
 * 0.00026028110359187923: clean, of LEJPTEXT_BYTES, gets the text without the excess digits of
 * fractions, and with only the first byte of names in objects inside of a message, as lejp adds
 * names to its path. Returns the length of clean; or -1 with *why, static text.
 */
int lejptext_clean(const char *json, size_t bytes, char *clean, const char **why);

/* lejp encodes each half of a surrogate pair \uD83D\uDE00 in three bytes: joins the halves. */
void lejptext_join_surrogates(char *text);

/* Whether a number of lejp's is one of JSON: lejp also accepts 007 and 1e2.5. */
bool lejptext_is_number(const char *text);

#endif
