/* The main loop: loads the network, lays it out step by step, and publishes each step. */
#ifndef NET_LAYOUT_LAYOUT_H
#define NET_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include "fileformat.h"
#include "weight.h"

struct layout_options {
    unsigned dimensions, threads;
    bool igraph; /* true for igraph's own algorithm */
    bool fr;     /* true for the repulsion of Fruchterman and Reingold */
    bool once, record;
    bool start; /* true to start at the attributes x, y and z */
    bool fixed; /* true for no steps at all */
    enum file_format format;
    enum negative negative;
    uint64_t iterations; /* 0: no limit */
    uint64_t seed;
    const char *file; /* NULL: standard input */
    const char *stream;
    const char *attributes; /* table of attributes, or NULL */
};

/* Returns the exit status; errors before the first step end the program with a message. */
int layout_run(const struct layout_options *options);

#endif
