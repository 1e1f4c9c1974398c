/* Reports of file readers: errors, and counts of skipped input. */
#ifndef NET_LAYOUT_REPORT_H
#define NET_LAYOUT_REPORT_H

#include <stdint.h>

/* A struct of zeros is empty. */
struct report {
    char error[240];
    char left_out[240]; /* separated by commas */
};

/* Sets the error. Returns -1. */
int report_error(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets the error of graph_add_node or graph_add_edge from errno. Returns -1. */
int report_graph_error(struct report *report);

void report_left_out(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports a number of edges that were left out for their weight; nothing if it is 0. */
void report_negatives(struct report *report, uint64_t edges);

#endif
