/* Positions as NumPy arrays on stdout, one behind the other: numpy.load reads them by turns. */
#ifndef NET_LAYOUT_RECORD_H
#define NET_LAYOUT_RECORD_H

#include <stdint.h>
#include "tree.h"

/* 0, or -1 with errno. */
int record_places(const struct place *at, uint32_t nodes, unsigned dimensions);

#endif
