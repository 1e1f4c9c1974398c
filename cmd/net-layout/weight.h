/* Weights of edges, as text and as numbers. */
#ifndef NET_LAYOUT_WEIGHT_H
#define NET_LAYOUT_WEIGHT_H

#include <stddef.h>
#include <stdint.h>
#include "report.h"

/* The treatment of edges with a negative weight. */
enum negative { NEGATIVE_REFUSE, NEGATIVE_ABS, NEGATIVE_SKIP };

enum weight_result {
    WEIGHT_OK,
    WEIGHT_SKIP,     /* negative, and the edge is to be left out */
    WEIGHT_NEGATIVE, /* negative, and refused */
    WEIGHT_BAD       /* not a finite number, or beyond 1e30 */
};

/* Checks a weight, and makes it a positive one if so chosen. */
enum weight_result weight_check(double *weight, enum negative negative);

/* Converts a whole text to a number and checks it. */
enum weight_result weight_parse(const char *text, size_t bytes, enum negative negative,
                                double *weight);

/* Sets the error for the weight of an edge, which is counted from 1. Returns -1. */
int weight_error(struct report *report, uint64_t edge, double weight);

#endif
