/* Writes positions as NumPy arrays to standard output, one after another, for repeated calls of
 * numpy.load. */
#ifndef NET_LAYOUT_NPY_H
#define NET_LAYOUT_NPY_H

#include <stdint.h>
#include "body.h"

/* Writes one array of the shape (nodes, dimensions). 0, or -1 with errno. */
int npy_write(const struct body *bodies, uint32_t nodes, unsigned dimensions);

#endif
