#ifndef SERVER_MEMSTREAM_H
#define SERVER_MEMSTREAM_H

#include <stdio.h>

/* Closes a stream of open_memstream. If memory ran out, frees *text and sets it to NULL. Returns
 * *text. */
char *memstream_end(FILE *to, char **text);

#endif
