/* The streams of a command line: NAME operands and ladders. */
#ifndef SERVER_NAMES_H
#define SERVER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct streams;

struct names {
    char **list;
    size_t *lower; /* index of the next rung down, or NAMES_NO_RUNG */
    bool *rung;    /* part of a ladder */
    size_t named;  /* number of operands; the other names are allocated */
    size_t listed; /* number of operands and first rungs: those that viewers find in the list */
    size_t count;
};

#define NAMES_NO_RUNG ((size_t)-1)

/* Reads NAME operands and the texts of --ladder, in which slashes are optional. Exits with a
 * message if they are invalid. */
void names_read(struct names *names, char **words, size_t word_count, const char **ladders,
                size_t ladder_count);
void names_free(struct names *names);

/* Links the rungs of ladders, of streams that were attached in the order of names. */
void names_link(const struct names *names, struct streams *streams);

#endif
