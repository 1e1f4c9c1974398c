/* The output for people. */
#ifndef SHM_LS_TABLE_H
#define SHM_LS_TABLE_H

#include "options.h"
#include "scan.h"

void table_print(const struct scan *scan, const struct options *o);  /* a line per object */
void table_blocks(const struct scan *scan, const struct options *o); /* -l */

#endif
