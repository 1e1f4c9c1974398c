/* Splits a line of text into fields, and finds out how they are separated. */
#ifndef NET_LAYOUT_FIELDS_H
#define NET_LAYOUT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum { FIELDS_MAX = 64 };

struct field {
    const char *text; /* without the quotes around it */
    size_t bytes;
};

/* Separator of fields: blanks and tabs, or one of , ; and tab. */
enum { FIELDS_BLANK = ' ' };

/* Splits a line. Blanks around a field, and double quotes, do not belong to it; doubled quotes
 * within them become single ones, in place. Returns the number of fields; those after FIELDS_MAX
 * are left out. */
unsigned fields_split(char *line, size_t bytes, char separator, struct field fields[FIELDS_MAX]);

/* The separator that fits the first lines of a text, without comments. */
char fields_detect(const char *text, size_t bytes);

/* Whether a line is empty or a comment: its first character is # or %. */
bool fields_comment(const char *line, size_t bytes);

#endif
