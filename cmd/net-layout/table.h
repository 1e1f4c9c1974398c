/*
 * Reads the attributes of nodes or edges from a table: CSV with a header, a row for each node or
 * edge. A pipe may go on growing; a later row replaces the values of an earlier one.
 */
#ifndef NET_LAYOUT_TABLE_H
#define NET_LAYOUT_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "graph.h"

struct table;

/* When there is more to read, word changes and its waiters wake up. If the file cannot be opened,
 * the program ends with a message. The caller ends with table_close. */
struct table *table_open(const char *file, struct graph *graph, _Atomic uint32_t *word);
void table_close(struct table *table); /* NULL is allowed */

/* Waits for the end of the table, or of a FIFO for its first rows. */
void table_start(struct table *table);

/* Takes the rows that have arrived since. If they are no table, the program ends with a message. */
void table_update(struct table *table);

/* Whether the table has ended, and whether its end is still to come; a FIFO has none. */
bool table_ended(const struct table *table);
bool table_unfinished(const struct table *table);

#endif
