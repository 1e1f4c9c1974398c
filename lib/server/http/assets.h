/* The built-in page's files, and the page that lists the streams. */
#ifndef SERVER_ASSETS_H
#define SERVER_ASSETS_H

#include <stddef.h>

struct streams;

struct asset {
    const char *name, *type;
    const char *data, *end;
};

/* "" is the page itself. NULL: no such file. */
const struct asset *assets_find(const char *name);

/* The list of streams as HTML, in malloc'ed memory, or NULL. */
char *assets_list(const struct streams *streams, size_t *bytes);

/* The page that asks for a token, after a line for its reader; in malloc'ed memory, or NULL. */
char *assets_token_form(const char *line, size_t *bytes);

#endif
