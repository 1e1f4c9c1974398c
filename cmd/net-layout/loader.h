/*
 * Loads the network into a graph: a file, or standard input, which may go on growing if it is an
 * edge list. If there is no memory, or the input is not a network, the program ends with a message.
 */
#ifndef NET_LAYOUT_LOADER_H
#define NET_LAYOUT_LOADER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "fileformat.h"
#include "graph.h"
#include "weight.h"

struct loader;

/* file: NULL for standard input. When there is more to load, word changes and its waiters wake up.
 * The caller ends with loader_close. */
struct loader *loader_open(const char *file, enum file_format format, enum negative negative,
                           struct graph *graph, _Atomic uint32_t *word);
void loader_close(struct loader *loader);

/* Waits for the network: a whole file, or the part of a list that has arrived. false: a signal
 * interrupted it. */
bool loader_start(struct loader *loader);

/* Loads the input that has arrived since. Returns whether the graph has grown. */
bool loader_update(struct loader *loader);

/* Whether the input has ended. */
bool loader_ended(const struct loader *loader);

/* Whether lines of standard input were left out. */
bool loader_failed(const struct loader *loader);

/* Prints a line with the format, the size of the network, and the parts of the input that were left
 * out; unless always is set, only if there are such parts. */
void loader_summary(const struct loader *loader, uint32_t components, bool always);

#endif
