/* A message or body that arrives in pieces. */
#ifndef SERVER_TEXTBUF_H
#define SERVER_TEXTBUF_H

#include <stddef.h>

/* Starts zeroed. */
struct textbuf {
    char *text;
    size_t bytes, room;
};

/* Appends data, up to MESSAGE_BYTES in all, which the caller checks. -1: no memory. */
int textbuf_add(struct textbuf *buffer, const char *data, size_t bytes);
void textbuf_free(struct textbuf *buffer);

#endif
